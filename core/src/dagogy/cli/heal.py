"""`run --self-heal`: the command, and when it fails, what `recover` does about it, within limits; at the end
a result or an escalation bundle.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from dagogy.api.errors import DagogyError, Interrupted
from dagogy.api.secrets import redacted
from dagogy.cli.app import App
from dagogy.cli.commands.recover import report_lines
from dagogy.cli.failures import Recorded, is_typo, record_failure, typed
from dagogy.incidents.brief import brief, closing
from dagogy.incidents.escalation import escalate
from dagogy.incidents.limits import Limits
from dagogy.incidents.parsing import from_record
from dagogy.incidents.recovery.actions import RecoveryOptions
from dagogy.incidents.recovery.incident import Incident
from dagogy.incidents.recovery.loop import Recovery
from dagogy.incidents.recovery.report import RecoveryReport
from dagogy.workspace.runs import Run

_TYPED = re.compile(r"\[([a-z_]+)\] (.*)")


def self_healing(app: App, command: Callable[[], None], *, unsafe: bool) -> int:
    """Carries `command` out; its failure is recovered from. Returns the exit status: 0, or that of the
    failure that stands.
    """
    limits = Limits.of(app.settings)
    app.session.check_fallbacks()
    try:
        command()
        return 0
    except BaseException as error:
        failure = typed(app, error)
        run = _run_of(app)
        # Whoever stopped it does not want it to go on; without a run nothing is there to recover; and what
        # was typed wrong is to be typed right.
        if failure is None or run is None or isinstance(failure, Interrupted) or is_typo(app, failure):
            raise
    recorded = record_failure(app, failure)
    del failure  # and with it all that the command had in its hands
    return _recovered(
        app, run, recorded, unsafe=unsafe, limits=Limits(limits.attempts, limits.seconds, limits.calls)
    )


def _run_of(app: App) -> Run | None:
    if app.opened is not None:
        return app.opened.run
    try:
        return app.session.runs.find(app.reference)
    except DagogyError:
        return None


def _recovered(app: App, run: Run, recorded: Recorded, *, unsafe: bool, limits: Limits) -> int:
    secrets = app.workspace.secrets()

    def progress(line: str) -> None:
        if not app.json:
            app.write(str(redacted(line, secrets)))

    document = recorded.document
    progress(f"failed: [{document['code']}] {document['message']}")
    if recorded.path is not None:
        progress(f"record: {recorded.path}")
    incident = Incident.of(
        from_record(document, str(recorded.path or "")), document.get("exit_status"), run.id
    )
    extra = () if app.third_party else ("--no-third-party",)
    recovery = Recovery(
        app.host,
        app.settings,
        run,
        RecoveryOptions(unsafe=unsafe, unaided=False, limits=limits, extra=extra),
        progress,
    )
    report = recovery.recover(incident)
    if report.resolved:
        _report_resolved(app, report, secrets)
    else:
        _report_escalated(app, report, recorded, secrets)
    return report.exit_status


def _report_resolved(app: App, report: RecoveryReport, secrets: dict[str, str]) -> None:
    """The result of the command that ended well, and what was wrong, what helped and
    what would make it permanent.
    """
    helped = report.helped
    ended = helped.retry if helped is not None else report.unaided
    text = ended.text if ended is not None else ""
    failure = report.incident.failure
    by = f"{helped.action.id}: {helped.message}" if helped is not None else "running it again"
    lines = [
        *text.split("\n"),
        "",
        f"healed: {failure.code}: {failure.message}",
        f"  what helped: {by}",
        *report_lines(report),
    ]
    app.emit(
        redacted({**_object(text), "healing": report.as_dict()}, secrets),
        *(str(redacted(line, secrets)) for line in lines),
    )


def _object(text: str) -> dict[str, Any]:
    """The JSON object that a command run with `--json` printed."""
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _bundled(
    app: App, report: RecoveryReport, recorded: Recorded, secrets: dict[str, str]
) -> tuple[str, str]:
    """The path of the bundle, "" where there is none, and the line that tells it."""
    run = Run(app.session.runs.base / report.run_id)
    unwritten = recorded.document if recorded.path is None else None
    note = f"dagogy run --self-heal could not recover from it: {report.reason}"
    try:
        bundle = escalate(
            app.host,
            run,
            app.settings.archive_dir,
            secrets,
            note=str(redacted(note, secrets)),
            standing=report.failure,
            unwritten=unwritten,
        )
    except DagogyError as error:
        return "", f"no bundle: {error.message}"
    with suppress(DagogyError):  # a run that cannot be written to is escalated all the same
        run.event("escalated", command=app.command_line(), incident=bundle.incident, bundle=bundle.path.name)
    return str(bundle.path), f"bundle: {bundle.path}"


def _report_escalated(app: App, report: RecoveryReport, recorded: Recorded, secrets: dict[str, str]) -> None:
    """What is left to a person, and the bundle for whoever takes it up; last, as every failing command,
    incident and next step.
    """
    path, message = _bundled(app, report, recorded, secrets)
    found = _TYPED.match(report.first_line)
    assert found is not None
    error_document = {
        "code": found[1],
        "message": found[2],
        "details": dict(report.failure.details),
        "hint": report.failure.hint,
    }
    lines = [str(redacted(line, secrets)) for line in report_lines(report)]
    app.emit(
        redacted({"error": error_document, "healing": report.as_dict(), "bundle": path}, secrets), *lines
    )
    step = report.next_command
    if path and step.startswith("dagogy escalate "):  # which was done just now
        step = f"tar -xzOf {shlex.quote(path)} --wildcards '*/report.md'"
    last = closing(report.verdict, brief(app.host, report.verdict)[0], step)
    hint = [f"hint: {report.failure.hint}"] if report.failure.hint else []
    source = [f"record: {report.failure.source}"] if report.failure.source.endswith(".json") else []
    app.report(*(str(redacted(line, secrets)) for line in (report.first_line, *hint, *source, message, last)))
