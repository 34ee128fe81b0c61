"""`dagogy plan`."""

from __future__ import annotations

from typing import Any

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument, wait_option
from dagogy.pipeline.report import gaps_line, hours, plural
from dagogy.workspace.stages import PLAN

#: Weeks that the text output shows; the artifact has all.
_SHOWN = 60


@click.command("plan", epilog="\b\nExample:\n  dagogy plan latest")
@run_argument
@wait_option
@common
def plan(app: App, reference: str, wait_seconds: float) -> None:
    """Makes the week plan of a validated curriculum: outputs/plan/plan.json."""
    run = app.open(reference, wait_seconds)
    document = run.plan()
    app.emit(document, *plan_lines(document), f"{run.path / PLAN}")


def plan_lines(document: dict[str, Any]) -> list[str]:
    """The plan as text, a line a week."""
    budget = document["weekly_budget_minutes"]
    lines = [
        (
            f"{document['topic']}: {plural(document['duration_weeks'], 'week')} of {hours(budget)}, "
            f"{hours(document['total_estimated_minutes'])} in all"
        )
    ]
    for week in document["weeks"][:_SHOWN]:
        note = "  (one node larger than the weekly budget)" if week["over_budget"] else ""
        review = f"  review: {', '.join(r['node_id'] for r in week['review'])}" if week["review"] else ""
        optional = set(week.get("optional", ()))
        nodes = ", ".join(f"{node} (optional)" if node in optional else node for node in week["nodes"])
        groups = f"  [{'; '.join(week['groups'])}]" if week.get("groups") else ""
        lines.append(f"  week {week['week']:>3}  {week['minutes']:>5g} min  {nodes}{groups}{note}{review}")
    if len(document["weeks"]) > _SHOWN:
        lines.append(f"  … and {len(document['weeks']) - _SHOWN} more weeks")
    path = document["critical_path"]
    shown = path if len(path) <= 20 else [*path[:10], f"… {len(path) - 20} more …", *path[-10:]]
    if gaps_line(document):
        lines.append(f"  {gaps_line(document)}")
    lines.append(f"  critical path ({hours(document['critical_path_minutes'])}): {' -> '.join(shown)}")
    return lines


COMMANDS = {"plan": plan}
