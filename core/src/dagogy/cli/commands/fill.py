"""`dagogy fill`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from dagogy.api.text import shorten
from dagogy.cli.app import App
from dagogy.cli.options import common, complete_plugins, run_argument, wait_option
from dagogy.cli.progress import display
from dagogy.pipeline.report import cost_lines, plural, summary_line
from dagogy.workspace.stages import FILL_TRACE

if TYPE_CHECKING:
    from dagogy.api.providers import FillPlan
    from dagogy.api.runs import Run

#: Gaps that stay, of which the text output gives the reason; the trace has all.
_SHOWN = 20


@click.command(
    "fill",
    epilog=(
        "\b\nExamples:\n  dagogy fill latest --dry-run\n"
        "  dagogy fill latest --only pitfalls --only loops.mastery_check"
    ),
)
@run_argument
@click.option(
    "--provider", metavar="ID", help="Instead of AGENT_PROVIDER.", shell_complete=complete_plugins("provider")
)
@click.option("--model", help="Instead of AGENT_MODEL.")
@click.option(
    "--only",
    metavar="GAP|NODE",
    multiple=True,
    help="Fill these gaps alone: a field (pitfalls), a node (id or title), or NODE.FIELD; may be repeated.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print what would be asked, and about how many tokens it takes."
)
@click.option("--no-cache", is_flag=True, help="Ask again instead of reusing answers that were kept.")
@wait_option
@common
def fill(
    app: App,
    reference: str,
    provider: str | None,
    model: str | None,
    only: tuple[str, ...],
    dry_run: bool,
    no_cache: bool,
    wait_seconds: float,
) -> None:
    """Fills the gaps of the curriculum, whoever made it, and nothing else: the provider's model is asked
    about a few nodes at a time, each with its passages of the source.

    An answer to which the rules object is refused, and its gap stays, as one does for which there is no
    answer; outputs/reviews/fill_trace.json says which and why. Then the curriculum is validated and planned.
    """
    app.flags = {"AGENT_PROVIDER": provider, "AGENT_MODEL": model}
    run = app.open(reference, wait_seconds)
    if dry_run:
        _show_plan(app, run, run.fill_plan(only, fresh=no_cache))
    else:
        _fill(app, run, only, fresh=no_cache)


def _fill(app: App, run: Run, only: Sequence[str], *, fresh: bool) -> None:
    with display(app) as progress:
        result = run.fill(only, fresh=fresh, progress=progress)
        result.report.raise_for_errors()
    trace, report = result.trace, result.report
    filled, left = trace["filled"], trace["left"]
    if not filled and not left:
        told = "no gap is open"
    else:
        told = f"{plural(len(filled), 'gap')} filled by {trace['provider']}, {len(left)} left"
    lines = [f"run {run.id}: {result.facts['stage']}", f"  gaps        {told}", *_left_lines(left)]
    lines += [*cost_lines(trace["usage"], trace["model"]), f"  validation  {summary_line(report)}"]
    lines += [] if result.plan is None else [f"  plan        {result.plan.summary()}"]
    lines += [] if result.diff is None else [f"  diff        {result.diff.summary()}"]
    app.emit(result.as_dict(), *lines, f"  {run.path}")


def _left_lines(left: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        f"  left        {gap['node_id']}.{gap['field']}: {shorten(gap['reason'], 200)}"
        for gap in left[:_SHOWN]
    ]
    return lines + ([f"  left        all {len(left)} with their reasons in {FILL_TRACE}"] if left else [])


def _show_plan(app: App, run: Run, plan: FillPlan) -> None:
    calls = [
        {"nodes": list(c.nodes), "input_tokens": c.input_tokens, "output_tokens": c.output_tokens}
        for c in plan.calls
    ]
    total = {
        "nodes": sum(len(c.nodes) for c in plan.calls),
        "calls": len(calls),
        "input_tokens": sum(c.input_tokens for c in plan.calls),
        "output_tokens": sum(c.output_tokens for c in plan.calls),
    }
    lines = [
        f"call {i}: about {c.input_tokens:,} tokens to read and {c.output_tokens:,} to write: "
        f"{', '.join(c.nodes)}"
        for i, c in enumerate(plan.calls, 1)
    ]
    lines += [f"answered before, at no cost: {', '.join(plan.kept)}"] if plan.kept else []
    lines.append(
        f"{plural(total['nodes'], 'node')} in {plural(len(calls), 'call')}, about {total['input_tokens']:,} "
        f"tokens to read and {total['output_tokens']:,} to write; nothing was asked"
        if calls or plan.kept
        else "no gap is open"
    )
    app.emit({"run_id": run.id, "calls": calls, "kept": list(plan.kept), "total": total}, *lines)


COMMANDS = {"fill": fill}
