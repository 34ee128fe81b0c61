"""`dagogy recover`: carries out what helps against a run's last failure, and
runs the failed command again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import click

from dagogy.api.errors import DagogyError, NotFound, StorageError
from dagogy.api.incidents import Failure
from dagogy.api.secrets import redacted
from dagogy.cli.app import App
from dagogy.cli.options import common, complete_plugins, no_probe_option, run_argument
from dagogy.cli.replays import reviewed
from dagogy.incidents.recovery.actions import RecoveryOptions
from dagogy.incidents.recovery.incident import Incident, is_begun, last_incident, stale_incident
from dagogy.incidents.recovery.loop import Recovery
from dagogy.incidents.recovery.report import RecoveryReport
from dagogy.pipeline.report import plural
from dagogy.workspace.runs import REPLACES, Run


@click.command(
    "recover", epilog="\b\nExamples:\n  dagogy recover latest --dry-run\n  dagogy recover latest --unsafe"
)
@run_argument
@click.option(
    "--unsafe",
    is_flag=True,
    help="Carry out the actions as well that overwrite, cost money or change the provider.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option(
    "--only", default="", metavar="ID", help="Only this action.", shell_complete=complete_plugins("recovery")
)
@no_probe_option
@common
def recover(app: App, reference: str, unsafe: bool, dry_run: bool, only: str, no_probe: bool) -> int:
    """Carries out what helps against a run's last failure; the failed command run again decides. Exit status
    0 when that ended well, else the failure's.
    """
    if only:
        app.host.get("recovery", only)
    app.session.check_fallbacks()
    run = app.find(reference)
    app.record_lost(run)
    run, incident = _incident(app, run)
    secrets = app.workspace.secrets()

    def progress(line: str) -> None:
        if not app.json:
            app.write(str(redacted(line, secrets)))

    progress(f"recovering {run.id}: {incident.line}")
    extra = () if app.third_party else ("--no-third-party",)
    options = RecoveryOptions(unsafe=unsafe, only=only, probes=not no_probe, extra=extra)
    recovery = Recovery(app.host, app.settings, run, options, progress)
    report = recovery.plan(incident) if dry_run else recovery.recover(incident)
    lines = report_lines(report)
    document = report.as_dict()
    # Where it took a setting that held for that attempt alone, the next command would meet the same failure.
    stale = _left_stale(app, report) if report.resolved and not report.permanent else None
    if stale is not None:
        # What was made again makes what was made from it stale: on to the end of the flow.
        for line in lines:
            progress(line)
        progress(f"{report.run_id}: later artifacts are stale; continuing with {stale.line}")
        followed = Recovery(
            app.host,
            app.settings,
            Run(app.session.runs.base / report.run_id),
            replace(options, only=""),
            progress,
        )
        report = followed.recover(stale)
        document |= {"then": report.as_dict(), "resolved": report.resolved, "exit_status": report.exit_status}
        lines = report_lines(report)
    lines += [] if report.resolved else [f"next: {report.next_command}"]
    app.emit(redacted(document, secrets), *(str(redacted(line, secrets)) for line in lines))
    if not report.resolved:
        app.report(str(redacted(report.first_line, secrets)))
    return report.exit_status


def _incident(app: App, run: Run) -> tuple[Run, Incident]:
    """What is to be recovered from: of this run, or of the one whose place it was about to take when a
    recovery was cut off.
    """
    incident = _standing(app, run)
    if incident is None and run.exists(REPLACES):
        before = next((i for i in app.session.runs.ids() if app.session.runs.replacement(i) == run.id), "")
        old = Run(app.session.runs.base / before)
        begun = last_incident(old, app.settings.environ) if before and is_begun(old) else None
        if begun is not None:
            return old, reviewed(app, begun, old.id)
    if incident is None:
        raise NotFound(f"run {run.id} has no open failure", hint=f"dagogy status {run.id}")
    return run, incident


def _standing(app: App, run: Run) -> Incident | None:
    incident = last_incident(run, app.settings.environ)
    if incident is not None:
        return reviewed(app, incident, run.id)
    try:
        with app.workspace.reading(run) as opened:
            return stale_incident(opened)
    except StorageError as error:  # most often invalid run metadata, which 'status' meets as well
        failure = Failure(
            code=error.code,
            message=error.message,
            run_id=run.id,
            details=error.details,
            hint=error.hint,
            source=f"status of {run.id}",
        )
        return Incident(failure, ("status", run.id), error.exit_status)


def _left_stale(app: App, report: RecoveryReport) -> Incident | None:
    """The artifacts that no longer fit together once the failed command ended well; it need not have been the
    last of the flow.
    """
    with suppress(DagogyError), app.session.reading(report.run_id) as opened:
        return stale_incident(opened)
    return None


def report_lines(report: RecoveryReport) -> list[str]:
    """A recovery for people: what came of it, what is left to do by hand or with consent, and what would make
    a setting permanent.
    """
    lines = [f"{report.named}: {'resolved' if report.resolved else 'not resolved'}: {report.reason}"]
    if report.kept:
        message = (
            "the recorded command (not shown to be yours; check it before you type it)"
            if report.incident.barred
            else "the recorded command"
        )
        lines.append(f"  {message}: {report.incident.line}")
    lines += [f"  would carry out {p.info.safety} {p.id}: {p.info.summary}" for p in report.planned]
    lines += [f"  nothing to do for {action}: {why}" for action, why in report.idle.items()]
    lines += [f"  to do: {command}" for step in report.steps for command in step.commands]
    lines += [] if report.resolved else _left_lines(report)
    lines += _closing_lines(report)
    return lines


def _closing_lines(report: RecoveryReport) -> list[str]:
    """What would make a setting permanent, what could not be asked, and where there is more to read."""
    lines = []
    if report.permanent:
        lines.append("  the setting held for this attempt alone; to make it permanent:")
        lines += [f"    {line}" for line in report.permanent]
    lines += [f"  not asked: {reason}" for reason in report.broken]
    if not report.resolved and report.verdict.outcome == "diagnosed":
        lines.append(f"  more: dagogy explain {report.verdict.incident_id}")
    if report.run_id != report.incident.failure.run_id and report.incident.failure.run_id:
        lines.append(f"  run {report.run_id} took the place of {report.incident.failure.run_id}")
    return lines


def _left_lines(report: RecoveryReport) -> list[str]:
    """What is left to a person: by hand, or with consent."""
    lines = []
    for step in report.manual:
        lines += [
            f"  by hand ({step.action.id}): {step.message}",
            *(f"    {command}" for command in step.commands),
        ]
    if report.hidden:
        lines.append(
            f"  {plural(len(report.hidden), 'action')} left out that "
            f"need{'s' if len(report.hidden) == 1 else ''} --unsafe:"
        )
        lines += [f"    {p.id}: {p.info.summary} ({p.info.reason})" for p in report.hidden]
    return lines


COMMANDS = {"recover": recover}
