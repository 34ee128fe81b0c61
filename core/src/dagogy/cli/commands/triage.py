"""`dagogy triage`: section 1 of the runbook, from `status` to its end."""

from __future__ import annotations

import json
from typing import Any

import click

from dagogy.api.recoveries import CommandResult
from dagogy.api.secrets import redacted
from dagogy.cli.app import App
from dagogy.cli.commands.recover import report_lines
from dagogy.cli.options import common, no_probe_option, run_argument
from dagogy.incidents import help as incident_help
from dagogy.incidents.commands import run_command
from dagogy.incidents.parsing import from_text, last_record, read_record
from dagogy.incidents.recovery.actions import RecoveryOptions
from dagogy.incidents.recovery.incident import Incident
from dagogy.incidents.recovery.loop import Recovery
from dagogy.incidents.recovery.report import RecoveryReport, failing_status, message_of
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import REPORT_MD

#: The steps of the flow, in order.
FLOW = ("status", "validate", "plan", "iterate")


@click.command("triage", epilog="\b\nExamples:\n  dagogy triage latest\n  dagogy triage latest --no-fix")
@run_argument
@click.option(
    "--unsafe",
    is_flag=True,
    help="Carry out the actions as well that overwrite, cost money or change the provider.",
)
@click.option("--no-fix", is_flag=True, help="Only walk and diagnose; carry out nothing.")
@no_probe_option
@common
def triage(app: App, reference: str, unsafe: bool, no_fix: bool, no_probe: bool) -> int:
    """Walks a run through the runbook's first flow: status, validate, plan, iterate.

    Where a step fails: the report and the diagnosis, then what may be done about it, as `recover` does, and
    on from there. Exit status 0 when the flow came to its end, else that of the step that failed.
    """
    run = app.find(reference)
    app.record_lost(run)
    walk = _Walk(app, run, unsafe=unsafe, fix=not no_fix, probes=not no_probe)
    failed = next((step for step in FLOW if not walk.passes(step)), "")
    document = {**walk.document(), "resolved": not failed}
    if not failed:
        app.emit(
            {**document, "next": f"dagogy diff {walk.run.id}", "exit_status": 0},
            f"{walk.run.id}: stage and outputs are current",
        )
        return 0
    step = walk.recoveries[-1].next_command
    app.emit(walk.clean({**document, "next": step, "exit_status": walk.exit_status}), f"next: {step}")
    app.report(walk.clean(walk.first_line))
    return walk.exit_status


class _Walk:
    """One way through the flow. `run` changes where a fresh run takes the place of the failed one."""

    def __init__(self, app: App, run: Run, *, unsafe: bool, fix: bool, probes: bool) -> None:
        self.app, self.run, self.unsafe, self.fix, self.probes = app, run, unsafe, fix, probes
        self.extra = () if app.third_party else ("--no-third-party",)
        self.secrets = app.workspace.secrets()
        self.steps: list[dict[str, Any]] = []
        self.recoveries: list[RecoveryReport] = []
        self.report_path = ""
        self.first_line = ""
        self.exit_status = 0

    def clean(self, value: Any) -> Any:
        return redacted(json.loads(json.dumps(value, default=str)), self.secrets)

    def progress(self, *lines: str) -> None:
        if not self.app.json:
            for line in lines:
                self.app.write(self.clean(line))

    def document(self) -> dict[str, Any]:
        last = self.recoveries[-1] if self.recoveries else None
        return {
            "run_id": self.run.id,
            "steps": self.steps,
            "diagnosis": last.verdict.as_dict() if last else None,
            "recoveries": [r.as_dict() for r in self.recoveries],
            "report": self.report_path,
        }

    def passes(self, command: str) -> bool:
        """Whether this step of the flow ended well, by itself or after a recovery."""
        known = _newest(self.run)
        result = run_command(
            [command, self.run.id, *self.extra], self.app.settings.environ, self.app.settings.folder
        )
        line = message_of(result) if not result.ok else _summary(command, result)
        self.steps.append(
            {"command": ["dagogy", command, self.run.id], "exit_status": result.exit_status, "told": line}
        )
        self.progress(f"{'ok    ' if result.ok else 'failed'}  dagogy {command} {self.run.id}: {line}")
        return result.ok or self._recovered(command, result, known)

    def _recovered(self, command: str, result: CommandResult, known: str) -> bool:
        """Inspect the report, apply what may be applied, and the failed step again: the
        loop of the runbook's figure.
        """
        record = last_record(self.run.path)
        failure = (
            read_record(record)
            if record is not None and record.name != known
            else from_text(result.text, str(result.exit_status), source="")
        )
        incident = Incident(failure, (command, self.run.id), failing_status(result))
        options = RecoveryOptions(unsafe=self.unsafe, probes=self.probes, extra=self.extra)
        recovery = Recovery(
            self.app.host, self.app.settings, self.run, options, lambda line: self.progress(f"  {line}")
        )
        found = recovery.plan(incident)
        if result.exit_status == 4 and self.run.exists(REPORT_MD):
            self.report_path = str(self.run.path / REPORT_MD)
            self.progress(f"report: {self.report_path}")
        self.progress(
            f"incident: {found.verdict.incident_id}"
            + (f" ({found.verdict.reason})" if found.verdict.reason else ""),
            *self._advice(found),
        )
        report = (
            recovery.recover(incident, found.verdict)
            if self.fix and found.verdict.outcome == "diagnosed"
            else found
        )
        self.recoveries.append(report)
        self.run = Run(self.run.path.parent / report.run_id)
        if report.resolved:
            self.steps[-1]["resolved_by"] = report.helped.action.id if report.helped else ""
            self.progress(f"ok      dagogy {command} {self.run.id}: {report.reason}")
            return True
        self.first_line, self.exit_status = report.first_line, report.exit_status
        # no record could be written
        if not report.line and not failure.code and message_of(result).startswith("["):
            self.first_line = message_of(result)
        self.progress(*report_lines(report))
        return False

    def _advice(self, report: RecoveryReport) -> list[str]:
        if report.verdict.outcome != "diagnosed":
            return []
        best = report.verdict.best[0]
        shown = incident_help.page(self.app.host, best.plugin, best.diagnosis.incident_id)
        return [
            f"  {shown.summary}",
            *(f"    | {line.strip()[:300]}" for line in best.diagnosis.evidence[:3]),
            f"  what to do: {shown.next_step_of(self.run.id)}",
        ]


def _summary(command: str, result: CommandResult) -> str:
    lines = result.text.splitlines()
    return (lines[-1] if command == "validate" else lines[0] if lines else "").strip()


def _newest(run: Run) -> str:
    record = last_record(run.path)
    return record.name if record else ""


COMMANDS = {"triage": triage}
