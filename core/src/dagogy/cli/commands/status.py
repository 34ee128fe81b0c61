"""`dagogy status` and `dagogy next`."""

from __future__ import annotations

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, run_or_latest


@click.command("status", epilog="\b\nExample:\n  dagogy status latest")
@run_or_latest
@common
def status(app: App, reference: str) -> None:
    """Shows the stage of a run, as inferred from its artifacts, and which of them are current."""
    document = app.open(reference).status()
    lines = [f"run {document['run_id']}: {document['stage']}", f"  {document['path']}"]
    for row in document["artifacts"]:
        mark = "current" if row["current"] else "stale  " if row["exists"] else "missing"
        lines.append(f"  {mark}  {row['path']}" + (f"  ({row['reason']})" if row["reason"] else ""))
    if document["figures"]:
        lines.append(f"  {document['figures']}")
    if document["gaps"]:
        lines.append(f"  {document['gaps']}")
    if document["last_failure"]:
        lines.append(f"  last failure: {document['last_failure']}")
    step = document["next"]
    app.emit(document, *lines, f"next: {step['command']}  ({step['reason']})")


@click.command("next", epilog="\b\nExample:\n  dagogy next latest")
@run_or_latest
@common
def next_command(app: App, reference: str) -> None:
    """Shows the next command for a run, and why."""
    facts = app.open(reference).facts()
    step = facts["next"]
    app.emit(
        facts, step["command"], f"  {step['reason']}", *(f"  or: {other}" for other in step["alternatives"])
    )


COMMANDS = {"status": status, "next": next_command}
