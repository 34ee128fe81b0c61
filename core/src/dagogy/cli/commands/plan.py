"""`dagogy plan`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument, wait_option
from dagogy.pipeline.report import gaps_line, hours, plural
from dagogy.workspace.stages import PLAN

#: Characters of the bar of a full week.
_BAR = 10
#: Weeks that the text output shows; the artifact has all.
_SHOWN = 60


@click.command("plan", epilog="\b\nExample:\n  dagogy plan latest")
@run_argument
@click.option(
    "--for", "learner", metavar="LEARNER", help="Only print a plan of what LEARNER does not know ('known')."
)
@wait_option
@common
def plan(app: App, reference: str, learner: str | None, wait_seconds: float) -> None:
    """Makes the week plan of a validated curriculum: outputs/plan/plan.json."""
    run = app.open(reference, wait_seconds)
    if learner is not None:
        rest = run.plan_for(learner)
        app.emit(
            rest,
            *(plan_lines(rest) if rest is not None else [f"{learner} knows all of it"]),
        )
        return
    document = run.plan()
    app.emit(document, *plan_lines(document), f"{run.path / PLAN}")


def plan_lines(document: dict[str, Any]) -> list[str]:
    """The plan as text: two lines a week, with a bar of its hours, and titles in place of ids."""
    budget = document["weekly_budget_minutes"]
    titles = {d["node_id"]: d["title"] for week in document["weeks"] for d in week["deliverables"]}
    lines = [
        (
            f"{document['topic']}: {plural(document['duration_weeks'], 'week')} of {hours(budget)}, "
            f"{hours(document['total_estimated_minutes'])} in all"
        )
    ]
    for week in document["weeks"][:_SHOWN]:
        lines += _week_lines(week, budget, titles)
    if len(document["weeks"]) > _SHOWN:
        lines.append(f"  … and {len(document['weeks']) - _SHOWN} more weeks")
    path = [titles.get(node, node) for node in document["critical_path"]]
    shown = path if len(path) <= 20 else [*path[:10], f"… {len(path) - 20} more …", *path[-10:]]
    if gaps_line(document):
        lines.append(f"  {gaps_line(document)}")
    lines.append(f"  critical path ({hours(document['critical_path_minutes'])}): {' -> '.join(shown)}")
    return lines


def _week_lines(week: Mapping[str, Any], budget: float, titles: Mapping[str, str]) -> Iterator[str]:
    bar = "#" * min(_BAR, math.ceil(_BAR * week["minutes"] / budget))
    note = "  (one node larger than the weekly budget)" if week["over_budget"] else ""
    groups = f"  [{'; '.join(week['groups'])}]" if week.get("groups") else ""
    yield f"  week {week['week']:>3}  {bar:<{_BAR}} {hours(week['minutes'])}{groups}{note}"
    optional = set(week.get("optional", ()))
    names = ((titles.get(node, node), " (optional)" if node in optional else "") for node in week["nodes"])
    if week["nodes"]:
        yield f"            {'; '.join(f'{title}{mark}' for title, mark in names)}"
    if week["review"]:
        again = (titles.get(r["node_id"], r["node_id"]) for r in week["review"])
        yield f"            review: {'; '.join(again)}"


COMMANDS = {"plan": plan}
