"""`dagogy triage`: section 1 of the runbook, from `status` to its end."""

from __future__ import annotations

import json
from typing import Any

import click

from dagogy.api.incidents import CommandResult
from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument
from dagogy.incidents import pages
from dagogy.incidents.commands import run_command
from dagogy.incidents.diagnose import Verdict
from dagogy.incidents.diagnose import diagnose as ask
from dagogy.incidents.intake import from_text, last_record, read_record
from dagogy.incidents.recover import failing_status, told
from dagogy.incidents.redact import redacted
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import REPORT_MD

#: The steps of the flow, in order.
FLOW = ("status", "validate", "plan", "iterate")


@click.command("triage", epilog="\b\nExample:\n  dagogy triage latest")
@run_argument
@common
def triage(app: App, reference: str) -> int:
    """Walks a run through the runbook's first flow: status, validate, plan, iterate. Where one fails: the report, the diagnosis and the next command."""
    run = app.session.runs.find(reference)
    secrets = app.secrets()
    extra = () if app.third_party else ("--no-third-party",)
    steps: list[dict[str, Any]] = []
    known = _newest(run)
    for command in FLOW:
        result = run_command([command, run.id, *extra], app.settings.environ, app.settings.folder)
        line = told(result) if not result.ok else _summary(command, result)
        steps.append({"command": ["dagogy", command, run.id], "exit_status": result.exit_status, "told": line})
        if not app.json:
            app.write(f"{'ok    ' if result.ok else 'failed'}  dagogy {command} {run.id}: {line}")
        if not result.ok:
            return _failed(app, run, steps, result, known, secrets)
    document = {"run_id": run.id, "resolved": True, "steps": steps, "diagnosis": None, "report": "", "next": f"dagogy diff {run.id}", "exit_status": 0}
    app.emit(document, f"{run.id}: stage and outputs are current")
    return 0


def _summary(command: str, result: CommandResult) -> str:
    lines = result.text.splitlines()
    return (lines[-1] if command == "validate" else lines[0] if lines else "").strip()


def _newest(run: Run) -> str:
    record = last_record(run.path)
    return record.name if record else ""


def _failed(app: App, run: Run, steps: list[dict[str, Any]], result: CommandResult, known: str, secrets: dict[str, str]) -> int:
    """What the failing step left: its record is diagnosed, or its output where it could write none."""
    status = failing_status(result)
    record = last_record(run.path)
    new = record is not None and record.name != known
    verdict = ask(app.host, read_record(record) if record is not None and new else from_text(result.text, str(result.exit_status)))
    report = str(run.path / REPORT_MD) if result.exit_status == 4 and run.exists(REPORT_MD) else ""
    step = f"dagogy recover {run.id}" if verdict.outcome == "diagnosed" else f"dagogy diagnose {run.id}"
    document = {
        "run_id": run.id,
        "resolved": False,
        "steps": steps,
        "diagnosis": verdict.as_dict(),
        "report": report,
        "next": step,
        "exit_status": status,
    }
    lines = [f"report: {report}"] if report else []
    lines += [f"incident: {verdict.incident_id}" + (f" ({verdict.reason})" if verdict.reason else ""), *_advice(app, verdict)]
    app.emit(redacted(json.loads(json.dumps(document, default=str)), secrets), *(str(redacted(line, secrets)) for line in lines), f"next: {step}")
    app.tell(str(redacted(steps[-1]["told"], secrets)))
    return status


def _advice(app: App, verdict: Verdict) -> list[str]:
    if verdict.outcome != "diagnosed":
        return []
    best = verdict.best[0]
    shown = pages.page(app.host, best.plugin, best.diagnosis.incident_id)
    return [f"  {shown.summary}", *(f"    | {line.strip()[:300]}" for line in best.diagnosis.evidence[:3]), f"  what to do: {shown.next_step}"]


COMMANDS = {"triage": triage}
