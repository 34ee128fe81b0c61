"""`dagogy status` and `dagogy next`."""

from __future__ import annotations

from typing import Any

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.stages import ARTIFACTS, FAILURES, VALID


def _artifacts(opened: OpenRun) -> list[dict[str, Any]]:
    rows = []
    for path, stage in ARTIFACTS.items():
        exists = opened.run.exists(path)
        reason = "" if opened.state.current[path] else opened.state.reasons.get(path, "not current")
        rows.append({"path": path, "makes_stage": stage, "exists": exists, "current": opened.state.current[path], "reason": reason})
    return rows


def _last_failure(opened: OpenRun) -> str:
    folder = opened.run.path / FAILURES
    names = sorted(p.name for p in folder.glob("*.json")) if folder.is_dir() else []
    # A record's name begins with its time. What succeeded since stands in the history.
    since = max((str(entry.get("at_utc", "")) for entry in opened.metadata.history), default="")
    compact = since.replace("-", "").replace(":", "").replace(".", "-")
    return f"{FAILURES}/{names[-1]}" if names and names[-1] > compact else ""


@click.command("status", epilog="\b\nExample:\n  dagogy status latest")
@run_argument
@common
def status(app: App, reference: str) -> None:
    """Shows the stage of a run, as inferred from its artifacts, and which of them are current."""
    with app.reading(reference) as opened:
        facts = opened.facts()
        artifacts = _artifacts(opened)
        document = {
            **facts,
            "created_at_utc": opened.metadata.created_at_utc,
            "validation_ok": opened.run.exists(VALID),
            "artifacts": artifacts,
            "last_failure": _last_failure(opened),
        }
    lines = [f"run {facts['run_id']}: {facts['stage']}", f"  {facts['path']}"]
    for row in artifacts:
        mark = "current" if row["current"] else "stale  " if row["exists"] else "missing"
        lines.append(f"  {mark}  {row['path']}" + (f"  ({row['reason']})" if row["reason"] else ""))
    if document["last_failure"]:
        lines.append(f"  last failure: {document['last_failure']}")
    app.emit(document, *lines, f"next: {facts['next']['command']}  ({facts['next']['reason']})")


@click.command("next", epilog="\b\nExample:\n  dagogy next latest")
@run_argument
@common
def next_command(app: App, reference: str) -> None:
    """Shows the next command for a run, and why."""
    with app.reading(reference) as opened:
        facts = opened.facts()
    step = facts["next"]
    app.emit(facts, step["command"], f"  {step['reason']}", *(f"  or: {other}" for other in step["alternatives"]))


COMMANDS = {"status": status, "next": next_command}
