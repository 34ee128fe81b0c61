"""Which failure a recovery sets out from: the newest one recorded that still stands, or artifacts that no
longer fit together.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dagogy.api.errors import EXIT_STATUSES, DagogyError, InternalError, StageConflict
from dagogy.api.incidents import Failure
from dagogy.incidents.commands import plain
from dagogy.incidents.parsing import about_failures, command_name, from_record, read_document, record_paths
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.events import read_events
from dagogy.workspace.provenance import objection, sealed_at
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import EVENTS, SPEC

#: Events that say that a failure is over, or that it was one of a recovery's action.
TELLING = frozenset({"recovered", "command_ended", "recovery_action"})


@dataclass(frozen=True, slots=True)
class Incident:
    """A failure to recover from: the command to run again (without the leading `dagogy`), and
    the exit status it ended with.

    `barred`: why the command is never run again and nothing that was recorded of it is acted on: its record
    may be a stranger's. `way_out`: what to type then, where there is something to type. `consent`: why it is
    not run again without `--unsafe`.
    """

    failure: Failure
    command: tuple[str, ...]
    exit_status: int
    barred: str = ""
    way_out: str = ""
    consent: str = ""

    @property
    def line(self) -> str:
        """The whole command line, as it is typed."""
        return shlex.join(["dagogy", *self.command])

    @classmethod
    def of(cls, failure: Failure, exit_status: Any, run_id: str) -> Incident:
        """The incident of a recorded failure. A status that no failing command ends with is
        that of an internal error.
        """
        words = failure.command[1:] if failure.command[:1] == ("dagogy",) else ()
        known = isinstance(exit_status, int) and not isinstance(exit_status, bool) and 0 < exit_status < 256
        # The code decides: a record is a file that anybody may have written.
        status = EXIT_STATUSES.get(failure.code, exit_status if known else InternalError.exit_status)
        return cls(failure, on_run(plain(words), run_id, run_id), status)


def last_incident(run: Run, environ: Mapping[str, str]) -> Incident | None:
    """The run's newest failure that still stands, or the one that a recovery was cut off
    from. None that was fixed since.

    A record that cannot be read is passed over, and so is one of a command that a recovery's action ran;
    without a log nothing tells that a failure was fixed. One that may be a stranger's is barred, whatever its
    time says it comes after the user's own; `environ` says where the user's key is. Only an event that the
    user sealed hides a record that they sealed: anybody can write into a log.
    """
    events: list[dict[str, Any]] = []
    with contextlib.suppress(DagogyError):
        events += read_events(run.path / EVENTS)
    # Those that could hide a record, each with the time by its seal; "" where it has none of this user.
    telling = [(e, sealed_at(e, run.path, environ)) for e in events if e["event"] in TELLING]
    strangers: Incident | None = None
    for path, document, failure in _candidates(run, _begun(events)):
        barred, way_out = objection(document, run.path, environ)
        believed = [(e, at or str(e.get("at_utc"))) for e, at in telling if at or barred]
        if _is_of_an_action(path.name, believed):
            continue
        if any(at > failure.at_utc and _ended_well(e, failure.command) for e, at in believed):
            return strangers
        incident = replace(
            Incident.of(failure, document.get("exit_status"), run.id), barred=barred, way_out=way_out
        )
        if not incident.barred:
            return incident
        strangers = strangers or incident
    return strangers


def _candidates(run: Run, begun: str) -> Iterator[tuple[Path, Mapping[str, Any], Failure]]:
    """The records of failures of ours, newest first, but for those of commands that an action ran. The one
    named `begun` comes before all others.
    """
    newest = record_paths(run.path)[::-1]
    for path in sorted(newest, key=lambda path: path.name != begun):
        try:
            document = read_document(path)
        except DagogyError:
            continue
        failure, account = from_record(document, str(path)), document.get("recovery")
        by_action = isinstance(account, dict) and account.get("role") == "action"
        if failure.code in EXIT_STATUSES and not by_action and not about_failures(failure.command):
            yield path, document, failure


def is_begun(run: Run) -> bool:
    """Whether a recovery of the run was killed before its end."""
    with contextlib.suppress(DagogyError):
        return bool(_begun(list(read_events(run.path / EVENTS))))
    return False


def _begun(events: Sequence[Mapping[str, Any]]) -> str:
    """The name of the record that the last recovery was about, where that one was
    killed before its end; else "".
    """
    last = next(
        (e for e in reversed(events) if e["event"] in ("recovery_started", "recovery_stopped", "recovered")),
        None,
    )
    return (
        Path(str(last.get("failure"))).name
        if last is not None and last["event"] == "recovery_started"
        else ""
    )


def _is_of_an_action(record: str, events: Sequence[tuple[Mapping[str, Any], str]]) -> bool:
    """Whether the events say that the command which failed was run by a recovery's action."""
    return any(e["event"] == "recovery_action" and record in e.get("records", ()) for e, _ in events)


def _ended_well(event: Mapping[str, Any], command: Sequence[str]) -> bool:
    """Whether the event says that `command` came to its end, with whatever options: what
    it was to make is there then.
    """
    words = event.get("command")
    if event["event"] == "recovered" and isinstance(words, list):
        words = " ".join(["dagogy", *map(str, words)])
    return (
        event["event"] in ("recovered", "command_ended")
        and isinstance(words, str)
        and command_name(words.split()) == command_name(command)
    )


def stale_incident(opened: OpenRun) -> Incident | None:
    """Artifacts that no longer fit together, which no command complained about; `iterate` ends well only when
    all of them do again.

    The topic spec is made from nothing: one that is not filled in yet is no artifact
    that another one left behind.
    """
    failure = artifact_failure(opened)
    if not any(
        state not in ("current", "missing") for path, state in failure.artifacts.items() if path != SPEC
    ):
        return None
    return Incident(failure, ("iterate", opened.run.id), StageConflict.exit_status)


def artifact_failure(opened: OpenRun) -> Failure:
    """The states of the run's artifacts, as a classifier gets them when there is no record."""
    states = {
        path: "current"
        if current
        else opened.state.reasons.get(path, "stale")
        if opened.run.exists(path)
        else "missing"
        for path, current in opened.state.current.items()
    }
    return Failure(
        run_id=opened.run.id,
        stage=opened.state.stage,
        artifacts=states,
        source=f"the artifacts of {opened.run.id}",
    )


def on_run(command: Sequence[str], run_id: str, wanted: str) -> tuple[str, ...]:
    """`command` on the run `wanted`: whatever named the run `run_id` may mean another one by now."""
    words = list(command)
    names = [i for i, word in enumerate(words) if not word.startswith("-")][1:]
    slug = run_id.split("-", 2)[2] if run_id.count("-") >= 2 else ""
    prefixes = sorted((i for i in names if run_id.startswith(words[i])), key=lambda i: -len(words[i]))
    exact = [i for i in names if words[i] == run_id]
    for i in (exact or [i for i in names if words[i] in ("latest", slug or run_id)] or prefixes)[:1]:
        words[i] = wanted
    return tuple(words)
