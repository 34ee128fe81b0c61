"""`dagogy run`: the whole pipeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dagogy.api.errors import InvalidArgument
from dagogy.api.text import shorten
from dagogy.cli.app import App
from dagogy.cli.commands.init import template_bytes
from dagogy.cli.options import common, complete_plugins, run_argument, wait_option
from dagogy.cli.progress import display
from dagogy.cli.scope import counts, given_corrections, given_scope, scope_options, summary_lines, terminal_width
from dagogy.pipeline import operations
from dagogy.pipeline.corrections import Corrections
from dagogy.pipeline.given import STDIN
from dagogy.pipeline.reading import Entry, entries
from dagogy.pipeline.report import cost_lines, hours, plural, summary_line
from dagogy.pipeline.stages import inputs
from dagogy.pipeline.stages.generate import generate, preview
from dagogy.workspace.stages import CONCEPTS, TRACE


@click.command(
    "run",
    epilog="\b\nExamples:\n  dagogy run my-course --scope-file notes.md\n  dagogy run my-course --scope-file book.md --scope-section 'Chapter 2'",
)
@run_argument
@click.option(
    "--scope-file",
    "scope_files",
    type=click.Path(path_type=Path, allow_dash=True),
    multiple=True,
    metavar="FILE",
    help="Document to read concepts from; it is copied into the run. A folder of lessons, '-' for standard input; may be repeated.",
)
@scope_options
@click.option("--provider", metavar="ID", help="Instead of AGENT_PROVIDER.", shell_complete=complete_plugins("provider"))
@click.option("--model", help="Instead of AGENT_MODEL.")
@click.option("--max-iterations", metavar="N", help="Instead of AGENT_MAX_ITERATIONS.")
@click.option("--target-score", metavar="SCORE", help="Instead of AGENT_TARGET_SCORE.")
@click.option("--no-cache", is_flag=True, help="Ask the provider again instead of reusing its cached answers.")
@click.option("--show-prompt", is_flag=True, help="Print what a language model would be asked, and do nothing else.")
@click.option("--self-heal", is_flag=True, help="When it fails, recover from the failure as 'recover' does, within limits; else leave an escalation bundle.")
@click.option("--unsafe", is_flag=True, help="With --self-heal: carry out the actions as well that overwrite, cost money or change the provider.")
@click.option("--heal-attempts", metavar="N", help="With --self-heal: instead of AGENT_HEAL_ATTEMPTS, how often it is run again at most.")
@click.option("--heal-seconds", metavar="SECONDS", help="With --self-heal: instead of AGENT_HEAL_SECONDS, how long recovering may take.")
@click.option("--heal-calls", metavar="N", help="With --self-heal: instead of AGENT_HEAL_CALLS, most requests to a service while recovering.")
@wait_option
@common
def run(
    app: App,
    reference: str,
    scope_files: tuple[Path, ...],
    scope_format: str | None,
    scope_mode: str | None,
    sections: tuple[str, ...],
    concepts_from: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    provider: str | None,
    model: str | None,
    max_iterations: str | None,
    target_score: str | None,
    no_cache: bool,
    show_prompt: bool,
    self_heal: bool,
    unsafe: bool,
    heal_attempts: str | None,
    heal_seconds: str | None,
    heal_calls: str | None,
    wait_seconds: float,
) -> int:
    """Compiles a run: reads the scope document or topic spec, generates a curriculum, validates it, plans it, and says what changed."""
    app.flags = {"AGENT_PROVIDER": provider, "AGENT_MODEL": model, "AGENT_MAX_ITERATIONS": max_iterations, "AGENT_TARGET_SCORE": target_score}
    healing = {"AGENT_HEAL_ATTEMPTS": heal_attempts, "AGENT_HEAL_SECONDS": heal_seconds, "AGENT_HEAL_CALLS": heal_calls}
    if not self_heal and (unsafe or any(healing.values())):
        raise InvalidArgument("--unsafe and the --heal- options need --self-heal", hint=f"dagogy run {reference} --self-heal")
    if self_heal and show_prompt:
        raise InvalidArgument("--show-prompt asks nobody, so there is nothing to heal", hint="leave one of the two out")
    if self_heal and STDIN in scope_files:
        raise InvalidArgument("--self-heal runs the command again, and standard input can be read once", hint="give --scope-file a file")
    app.flags |= healing
    given = given_corrections(concepts_from, only, skip)

    def compiled() -> None:
        if provider:  # before the run is worked on: that it is not installed is no fault of the run
            app.session.provider_plugin(provider)
        _compile(app, reference, _scope(app, scope_files, scope_mode, sections, scope_format), given, wait_seconds, fresh=no_cache)

    if show_prompt:
        _show_prompt(app, reference, _scope(app, scope_files, scope_mode, sections, scope_format), given)
    elif self_heal:
        from dagogy.cli.heal import self_healing

        return self_healing(app, compiled, unsafe=unsafe)
    else:
        compiled()
    return 0


def _compile(app: App, reference: str, scope: inputs.ScopeRequest | None, given: Corrections, wait_seconds: float, *, fresh: bool) -> None:
    """The whole pipeline on one run, and its result on stdout."""
    with app.writing(reference, wait_seconds) as opened:
        opened.given = given
        inputs.require_inputs(opened, scope)
        # What the configuration says of the rules has to be right before a provider is asked, which may cost money.
        app.session.judge.prepare()
        with display(app) as progress:
            template = template_bytes(app.settings)
            chosen = app.session.provider()
            with app.session.asking(chosen, lambda line: progress("generate", line)) as answered:
                material = inputs.prepare_inputs(opened, scope, chosen, template, progress)
                result = generate(opened, chosen, material.reading if material else None, progress, fresh=fresh)
                if result.trace["usage"].get("calls", 1):  # an answer that was kept says nothing of the service
                    answered()
            progress("validate", "checking the best draft")
            report = operations.validate(opened, result.best.context, result.best.validation)
            progress("validate", summary_line(report))
            if not report["passed"]:
                operations.close_round(opened)
                raise operations.validation_failure(opened, report)
            plan = operations.plan(opened, result.best.context)
            progress("plan", _weeks(plan))
            diff = operations.iterate(opened, result.best.context)
            progress("iterate", _changes(diff))
        facts = opened.facts()
    told = entries(material.whole, material.reading) if material else []
    document = {
        **facts,
        "provider": chosen.info.id,
        "nodes": report["nodes"],
        "passed": report["passed"],
        "score": report["score"],
        "summary": report["summary"],
        "stop_reason": result.stop_reason,
        "model": result.model,
        "usage": result.trace["usage"],
        "duration_weeks": plan["duration_weeks"],
        "total_estimated_minutes": plan["total_estimated_minutes"],
        "diff": {name: len(diff[f"{name}_nodes"]) for name in ("added", "removed", "changed", "renamed")},
        "reading": counts(told) if material else None,
    }
    app.emit(
        document,
        *_reading_lines(app, told),
        f"run {opened.run.id}: {facts['stage']}",
        f"  curriculum  {plural(report['nodes'], 'node')} by {chosen.info.id}; {result.stop_reason}",
        *_notes(result.trace),
        *cost_lines(result.trace["usage"], result.model),
        f"  validation  {summary_line(report)}",
        f"  plan        {_weeks(plan)}; critical path {plural(len(plan['critical_path']), 'node')}",
        f"  diff        {_changes(diff)}",
        f"  {opened.run.path}",
    )


def _reading_lines(app: App, told: Sequence[Entry]) -> list[str]:
    """The table of what was read, where there was a document; `--json` takes its counts alone."""
    if app.json or not told:
        return []
    return [*(str(line) for line in app.clean(summary_lines(told, terminal_width()))), f"each with its place and the reason: {CONCEPTS}", ""]


_SHOWN_NOTES = 5


def _notes(trace: dict[str, Any]) -> list[str]:
    """The first of what the provider has to say of its answer, such as what it merged or left out, and where the rest stands."""
    notes: list[str] = next((r["notes"] for r in reversed(trace["iterations"]) if r["action"] == "propose"), [])
    lines = [f"  note        {shorten(note, 200)}" for note in notes[:_SHOWN_NOTES]]
    if len(notes) > _SHOWN_NOTES or any(len(note) > 200 for note in notes):
        lines.append(f"  notes       {plural(len(notes), 'note')} in full in {TRACE}")
    return lines


def _show_prompt(app: App, reference: str, scope: inputs.ScopeRequest | None, given: Corrections) -> None:
    """What would be sent; nothing is, and nothing is written."""
    with app.reading(reference) as opened:
        opened.given = given
        question = preview(opened, scope, app.session.provider(), template_bytes(app.settings))
    document = app.clean({"instructions": question.instructions, "text": question.text, "schema_name": question.schema_name, "schema": question.schema})
    schema = json.dumps(document["schema"], indent=2, ensure_ascii=False)
    text = f"{document['instructions']}\n{document['text']}\n\n{document['schema_name']}: {schema}"
    app.emit(document, *text.split("\n"))


def _scope(app: App, paths: Sequence[Path], mode: str | None, sections: tuple[str, ...], format_id: str | None) -> inputs.ScopeRequest | None:
    if not paths:
        if mode or sections or format_id:
            raise InvalidArgument("--scope-mode, --scope-section and --scope-format need --scope-file", hint="add --scope-file FILE")
        return None
    return given_scope(app, paths, mode, sections, format_id)


def _weeks(plan: dict[str, Any]) -> str:
    return f"{plural(plan['duration_weeks'], 'week')}, {hours(plan['total_estimated_minutes'])}"


def _changes(diff: dict[str, Any]) -> str:
    counts = {name: len(diff[f"{name}_nodes"]) for name in ("added", "removed", "changed", "renamed")}
    if not any(counts.values()):
        return "nothing changed"
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n) + f"; {hours(diff['time_delta_minutes'], '+')}"


COMMANDS = {"run": run}
