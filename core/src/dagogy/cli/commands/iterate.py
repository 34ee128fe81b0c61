"""`dagogy iterate` and `dagogy diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument, run_or_latest, wait_option
from dagogy.pipeline.report import hours
from dagogy.workspace.stages import DIFF

if TYPE_CHECKING:
    from dagogy.api.runs import Diff

#: Nodes of each sort that the text output shows; the artifact has all.
_SHOWN = 40


@click.command("iterate", epilog="\b\nExample:\n  dagogy iterate latest")
@run_argument
@wait_option
@common
def iterate(app: App, reference: str, wait_seconds: float) -> None:
    """Records what changed since the previous curriculum in
    outputs/reviews/diff_report.json, and closes the round.
    """
    run = app.open(reference, wait_seconds)
    document = run.iterate()
    app.emit(document, *diff_lines(document), f"{run.path / DIFF}")


@click.command("diff", epilog="\b\nExample:\n  dagogy diff latest --json")
@run_or_latest
@common
def diff(app: App, reference: str) -> None:
    """Shows what changed since the previous curriculum, from the files as they are now; writes nothing."""
    document = app.open(reference).diff()
    app.emit(document, *diff_lines(document))


def diff_lines(document: Diff) -> list[str]:
    """The diff as text."""
    lines = [document.summary()] if document.first else []
    lines += _some("+", document["added_nodes"])
    lines += _some("-", document["removed_nodes"])
    lines += _some(">", [f"{r['previous_id']} is now {r['current_id']}" for r in document["renamed_nodes"]])
    lines += _some("~", [f"{c['id']}: {', '.join(c['changed_fields'])}" for c in document["changed_nodes"]])
    if not lines:
        lines.append("nothing changed")
    lines.append(
        f"time {hours(document['time_delta_minutes'], '+')}; critical path "
        f"{'changed' if document['critical_path_changed'] else 'as before'}"
    )
    return lines


def _some(mark: str, items: list[str]) -> list[str]:
    more = [f"{mark} … and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return [f"{mark} {item}" for item in items[:_SHOWN]] + more


COMMANDS = {"iterate": iterate, "diff": diff}
