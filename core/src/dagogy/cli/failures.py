"""The one place where failures become text, a record and an exit status."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dagogy.api.errors import (
    ConfigError,
    DagogyError,
    InternalError,
    Interrupted,
    InvalidArgument,
    NotFound,
    PluginError,
    ProviderError,
    StorageError,
)
from dagogy.cli.app import App
from dagogy.cli.streams import abandon, stdout_is_gone
from dagogy.host.calls import own_stdout

if TYPE_CHECKING:
    from pathlib import Path

    from dagogy.incidents.diagnose import Verdict
    from dagogy.incidents.record import FailureContext

#: How long a failing command may take to record its failure, and then to find out which incident it is.
_RECORD_SECONDS = 5.0
_DIAGNOSIS_SECONDS = 3.0


def typed(app: App, error: BaseException) -> DagogyError | None:
    """The failure that an exception means; None when only whoever read our stdout went away."""
    failure: DagogyError
    if (
        app.found is not None
        and not app.found.is_there()
        and not isinstance(error, KeyboardInterrupt | click.Abort | Interrupted)
    ):
        from dagogy.workspace.runs import gone

        # Whichever file of the run was missed first, and whatever came of it.
        failure = gone(app.found.path)
    elif _ran_out_of_memory(error):
        # Whoever's code it was: that is no defect to be reported to its author.
        where = "".join(f" {note}" for note in getattr(error, "__notes__", ())[:1])
        if isinstance(error, PluginError):
            where = f" ({error.details.get('kind')} '{error.details.get('plugin')}')"
        failure = StorageError(f"out of memory{where}", hint="a smaller document, or a machine with more")
    elif isinstance(error, DagogyError):
        return error
    elif isinstance(error, KeyboardInterrupt | click.Abort):
        failure = Interrupted(
            "stopped by a signal; what was written is whole", hint="run the same command again to go on"
        )
    elif isinstance(error, OSError):
        if isinstance(error, BrokenPipeError) and stdout_is_gone():
            return None
        from dagogy.workspace.files import storage_error

        failure = storage_error("use", error.filename or "standard output", error)
    else:
        failure = _unexpected(app, error)
    failure.__cause__ = error
    return failure


def _ran_out_of_memory(error: BaseException) -> bool:
    """Whether a `MemoryError` is anywhere in what led to a crash. A failure that we
    foresaw says itself what it is.
    """
    if isinstance(error, DagogyError) and not isinstance(error, PluginError | InternalError):
        return False
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, MemoryError):
            return True
        seen.add(id(cause))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return False


def _unexpected(app: App, error: BaseException) -> DagogyError:
    """Whose fault it is: that of the plugin whose command was running, or our own."""
    if app.plugin is None:
        message = f"{type(error).__name__}: {error}".rstrip(": ")
        return InternalError(
            f"a bug in dagogy: {message}", hint="run again with --debug and report what it shows"
        )
    app.plugin.fail(f"it raised {app.plugin.account(error)}")
    return app.plugin.error()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Holds off the signals that stop a command, so that it can say that it failed."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = []
    with contextlib.suppress(ValueError):  # signals are the main thread's
        before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


def report(app: App, error: DagogyError) -> int:
    """`[code] message` first, then the way out; a record; with `--json` the failure as a document; last,
    which incident it is.
    """
    with _undisturbed():
        from dagogy.api.secrets import redacted

        secrets = _secrets(app)
        app.report(
            redacted(f"[{error.code}] {error.message}", secrets),
            *([redacted(f"hint: {error.hint}", secrets)] if error.hint else []),
        )
        app.report_ignored()
        app.report_heard()
        recorded = None if is_typo(app, error) else _record(app, error, secrets)
        lines = [f"record: {recorded.path}"] if recorded is not None and recorded.path is not None else []
        if app.debug:
            import traceback

            for each in (error, *_other_faults(app, error)):
                lines += (
                    str(redacted("".join(traceback.format_exception(each)), secrets)).rstrip("\n").split("\n")
                )
        app.report(*lines)
        if (app.json or "--json" in app.arguments) and not app.emitted:
            with contextlib.suppress(OSError):
                app.emit_json({"error": redacted(error.as_dict(), secrets)})
        # A call into a plugin that was interrupted may have left another stream in the place of ours.
        for stdout in (own_stdout(), sys.stdout):
            if stdout is not None:
                try:
                    stdout.flush()
                except (OSError, ValueError):
                    abandon(stdout)
        if recorded is not None:
            app.report_heard()  # what classifiers printed: the incident is the last line
            app.report(redacted(recorded.line, secrets))
    return error.exit_status


def _other_faults(app: App, error: DagogyError) -> list[BaseException]:
    """What plugins raised that is not in the chain of the failure: a validation tells of a rule that could
    not run, and is not caused by it.
    """
    chain: list[BaseException | None] = [error]
    while chain[-1] is not None:
        chain.append(chain[-1].__cause__ or chain[-1].__context__)
    return [fault for fault in app.heard.faults if fault not in chain]


def is_typo(app: App, error: DagogyError) -> bool:
    """Whether it is what was typed that is wrong: a word, an option, a name of something that is not there.
    Nothing is recorded then.

    What a command meets once it works on a run or an archive is a failure of it, and so is a setting that
    nobody typed just now.
    """
    if isinstance(error, ConfigError):
        return not app.at_work and error.details.get("source") == "flag"
    return not app.at_work and isinstance(error, InvalidArgument | NotFound)


class Recorded(NamedTuple):
    """A failure that was recorded: the record, where it is, the incident, and the line that
    a failing command ends with.
    """

    document: dict[str, Any]
    path: Path | None
    verdict: Verdict
    line: str


def record_failure(app: App, error: DagogyError) -> Recorded:
    """Records a failure that the command does not end with, as one is recorded that it does end with."""
    with _undisturbed():
        return _record(app, error, _secrets(app))


def _secrets(app: App) -> dict[str, str]:
    from dagogy.api.secrets import secrets_of
    from dagogy.incidents.budget import within

    secrets = secrets_of(os.environ)
    within(_DIAGNOSIS_SECONDS, lambda: secrets.update(app.workspace.secrets()))
    return secrets


def _record(app: App, error: DagogyError, secrets: Mapping[str, str]) -> Recorded:
    """The record goes into the run that the command was about, else into the runs dir if there
    is one; then it is diagnosed.

    Nothing that a classifier does can take longer or break it. The run's log tells of it, and the circuit
    breaker of whoever was asked opens.
    """
    from dagogy.incidents.brief import last_line
    from dagogy.incidents.budget import within
    from dagogy.incidents.diagnose import Verdict, diagnose
    from dagogy.incidents.parsing import from_record
    from dagogy.incidents.record import FAILURES_WITHOUT_RUN, failure_document, write_failure
    from dagogy.workspace.stages import FAILURES

    document: dict[str, Any] = {**error.as_dict(), "command": ["dagogy", *app.arguments]}
    path: Path | None = None
    verdict = Verdict("unknown", reason="it could not be diagnosed")
    line = ""

    def written() -> None:
        nonlocal document, path
        at = _failure_context(app, error)
        folder = at.run / FAILURES if at.run else app.settings.runs_dir / FAILURES_WITHOUT_RUN
        document = failure_document(error, ["dagogy", *app.arguments], os.environ, at, secrets)
        if at.run:
            from dagogy.workspace.provenance import sealed

            document = sealed(document, at.run, os.environ)
        path = write_failure(folder, document)

    def diagnosed() -> None:
        nonlocal verdict, line
        verdict = diagnose(app.host, from_record(document, str(path or "this command")))
        line = last_line(app.host, verdict, document, str(path or ""))

    within(_RECORD_SECONDS, written)
    if not within(_DIAGNOSIS_SECONDS, diagnosed):
        verdict = Verdict("unknown", reason="it could not be diagnosed")
        line = last_line(None, verdict, document, str(path or ""))
    with contextlib.suppress(Exception):
        _note(app, verdict, document, path)
    return Recorded(document, path, verdict, line)


def _note(app: App, verdict: Verdict, document: Mapping[str, Any], path: Path | None) -> None:
    """The failure in the run's log, and in the circuit breaker of whoever was asked."""
    from dagogy.incidents.breaker_trigger import trip
    from dagogy.workspace.circuits import Breakers

    run = (
        app.opened.run
        if app.opened is not None
        else app.session.runs.find(app.reference)
        if app.reference
        else None
    )
    asked, trigger = (
        app.session.asked,
        trip(verdict, document["details"]) if document["code"] == ProviderError.code else None,
    )
    if asked is not None and trigger is not None and asked.endpoint:
        Breakers(app.session.runs.base).open(
            asked, verdict.incident_id, trigger.seconds, stated=trigger.stated
        )
    if path is not None and run is not None:
        facts = {
            "code": document["code"],
            "message": document["message"],
            "incident": verdict.incident_id,
            "record": path.name,
        }
        run.event("command_failed", command=app.command_line(), pid=os.getpid(), **facts)


def _failure_context(app: App, error: DagogyError) -> FailureContext:
    from dagogy.incidents.record import FailureContext

    run, stage, provider, endpoint, model, folder = None, "", "", "", "", ""
    plugins: dict[str, str] = {}
    if app.opened is not None:
        run, stage = app.opened.run.path, app.opened.state.stage
    elif app.reference:
        # It did not come so far as to open the run: locked, invalid metadata, a
        # setting that cannot be parsed.
        with contextlib.suppress(Exception):
            from dagogy.workspace.runs import Runs

            found = Runs(app.loaded_settings.runs_dir, app.loaded_settings.environ).find(app.reference)
            run = found.path
            stage = found.metadata()[1].stage
    with contextlib.suppress(Exception):
        provider = str(app.loaded_settings.get("AGENT_PROVIDER", peek=True))
        model = str(app.loaded_settings.get("AGENT_MODEL", peek=True))
    with contextlib.suppress(Exception):
        if app.session.asked is not None:
            provider, endpoint, model, _ = app.session.asked
        endpoint = str(error.details.get("endpoint") or endpoint)
    with contextlib.suppress(Exception):
        folder = str(app.loaded_settings.folder)
        plugins = {p.entry.distribution: p.entry.version for p in app.host.all()}
    return FailureContext(
        run, stage, provider, endpoint, model, folder, app.workspace.declared(), dict(sorted(plugins.items()))
    )
