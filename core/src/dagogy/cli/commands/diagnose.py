"""`dagogy diagnose`: which incident a failure is."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from dagogy.api.errors import DagogyError, InvalidArgument, NotFound
from dagogy.api.incidents import Failure
from dagogy.api.remedies import Advice
from dagogy.api.secrets import redacted
from dagogy.cli.app import App
from dagogy.cli.commands.export import slow_plugins
from dagogy.cli.options import common
from dagogy.incidents import help as incident_help
from dagogy.incidents.diagnose import ClassifierAnswer, Verdict, examine
from dagogy.incidents.diagnose import diagnose as ask
from dagogy.incidents.parsing import find_record, from_text, last_record, read_document, read_record
from dagogy.incidents.recovery.incident import stale_incident
from dagogy.workspace.files import read_stream
from dagogy.workspace.provenance import foreign
from dagogy.workspace.runs import Run

_SHOWN = 4


@click.command(
    "diagnose",
    epilog="\b\nExamples:\n  dagogy diagnose latest\n  make 2>&1 | dagogy diagnose - --exit-code 2",
)
@click.argument("subject", metavar="[RUN|FAILURE|-]", default="latest")
@click.option(
    "--exit-code",
    default="",
    metavar="CODE",
    help="With '-': how it ended: a number, a signal's name, or TimeoutExpired.",
)
@click.option(
    "--http-status",
    type=click.IntRange(100, 599),
    metavar="STATUS",
    help="With '-': the HTTP status, where the text lacks it.",
)
@click.option(
    "--probe/--no-probe",
    default=None,
    help="Look at the machine, or do not. Without it: yes, where the failure happened in this runs dir.",
)
@common
def diagnose(app: App, subject: str, exit_code: str, http_status: int | None, probe: bool | None) -> None:
    """Says which incident a failure is: that of a run's last failure record, of one record, or of
    any text on standard input.
    """
    if subject != "-" and (exit_code or http_status is not None):
        raise InvalidArgument(
            "--exit-code and --http-status go with '-'; a failure record has its own",
            hint="dagogy diagnose - --exit-code 1 < log.txt",
        )
    failure = (
        from_text(read_stream(sys.stdin.buffer).decode("utf-8", "replace"), exit_code, http_status)
        if subject == "-"
        else _of(app, subject)
    )
    run = _run_of(app, failure) if subject != "-" else None
    wanted = run is not None if probe is None else probe
    verdict = examined(app, failure, run) if wanted else ask(app.host, failure)
    secrets = app.workspace.secrets()
    document = redacted(
        {
            **verdict.as_dict(),
            **slow_plugins(app),
            "source": failure.source,
            "pages": [_page(app, a).as_dict() for a in verdict.best],
            "advice": _told(_advice(app, verdict, failure)),
        },
        secrets,
    )
    app.emit(document, *(redacted(line, secrets) for line in _lines(app, verdict, failure)))


def _of(app: App, subject: str) -> Failure:
    """The failure of a record, or of a run; a run without a record gives the states of its artifacts."""
    record = find_record(subject)
    if record is not None:
        return read_record(record)
    run = app.find(subject)
    app.record_lost(run)
    record = last_record(Path(run.path))
    if record is not None:
        return read_record(record)
    with app.session.reading(subject) as opened:
        incident = stale_incident(opened)
    if incident is None:
        raise NotFound(
            f"run {run.id} has no failure record",
            hint="'dagogy diagnose -' reads any text from standard input",
        )
    return incident.failure


def _run_of(app: App, failure: Failure) -> Run | None:
    """The run of this runs dir that the failure happened in; None for a record that came from elsewhere."""
    path = app.settings.runs_dir / failure.run_id
    ours = bool(failure.run_id) and "/" not in failure.run_id and path.is_dir()
    record = Path(failure.source)
    return (
        Run(path)
        if ours and (record.suffix != ".json" or record.resolve().is_relative_to(path.resolve()))
        else None
    )


def examined(app: App, failure: Failure, run: Run | None) -> Verdict:
    """The verdict with what probes find. The run's log keeps it: an escalation tells what the machine was
    like at the time.
    """
    own = run is not None and _is_own(app, failure, run)
    verdict = examine(app.host, app.settings, failure, None if run is None else run.path, own=own)
    if run is not None and verdict.observations and failure.source.endswith(".json"):
        with suppress(DagogyError):  # a full disk, or one that cannot be written to, is what some look for
            run.event("probed", **app.workspace.clean(verdict.seen(failure)))
    return verdict


def _is_own(app: App, failure: Failure, run: Run) -> bool:
    """Whether the failure is that of a command which this user ran on the run, or one that was found in its
    artifacts just now.
    """
    record = Path(failure.source)
    return record.suffix != ".json" or not foreign(read_document(record), run.path, app.settings.environ)


def _page(app: App, answer: ClassifierAnswer) -> incident_help.Page:
    return incident_help.page(app.host, answer.plugin, answer.diagnosis.incident_id)


def _advice(app: App, verdict: Verdict, failure: Failure) -> Advice | None:
    return (
        incident_help.advice(app.host, verdict.best[0], failure) if verdict.outcome == "diagnosed" else None
    )


def _told(advice: Advice | None) -> dict[str, Any] | None:
    return None if advice is None else advice.as_dict()


def _next(page: incident_help.Page, advice: Advice | None, failure: Failure) -> list[str]:
    if advice is None:
        return [f"  next: {page.next_step_of(failure.run_id)}"]
    return [
        f"  cause: {advice.cause}",
        f"  next: {advice.steps}",
        *(f"    $ {command}" for command in advice.commands),
        *([f"  prevention: {advice.prevention}"] if advice.prevention else []),
    ]


def _lines(app: App, verdict: Verdict, failure: Failure) -> list[str]:
    probably = "probably " if verdict.outcome == "probable" else ""
    lines = [f"{probably}{verdict.told}  ({failure.source})"]
    if verdict.reason:
        passive = "" if verdict.outcome == "diagnosed" else "; nothing is to be done about it automatically"
        lines.append(f"  {verdict.outcome}: {verdict.reason}{passive}")
    for answer in verdict.best:
        found, page = answer.diagnosis, _page(app, answer)
        lines.append(f"  {found.incident_id}: {page.summary}")
        lines.append(
            f"  confidence {found.confidence:.2f}, by {found.rank.name.lower().replace('_', ' ')}, "
            f"classifier {answer.plugin.id}"
        )
        lines += [f"    | {line.strip()[:300]}" for line in found.evidence[:_SHOWN]]
        if verdict.outcome == "diagnosed":
            lines += _next(page, _advice(app, verdict, failure), failure)
    lines += [f"  {observation.line()}" for observation in verdict.observations]
    lines += [f"  not asked: {reason}" for reason in verdict.broken]
    if verdict.best:
        lines.append(f"  more: dagogy explain {verdict.best[0].diagnosis.incident_id}")
    return lines


COMMANDS = {"diagnose": diagnose}
