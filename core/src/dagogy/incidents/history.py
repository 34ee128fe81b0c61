"""What happened to a run: its failures in order, each with the incident it is, and what
was known of it at the time.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError
from dagogy.api.plugins import Escalation
from dagogy.contracts.documents import decode_curriculum, decode_topic_spec
from dagogy.host.manager import Host
from dagogy.incidents.diagnose import UNKNOWN, Verdict, diagnose, settled
from dagogy.incidents.parsing import about_failures, command_name, from_record, record_document, record_paths
from dagogy.incidents.probing import ProbeObservation
from dagogy.pipeline.report import plural
from dagogy.workspace.events import read_events
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import CURRICULUM, EVENTS, SPEC

#: What is escalated whichever classifiers are installed.
CRITERIA = (_CONTRACT, _UNKNOWN) = (
    "a core contract cannot be parsed",
    "the last failure is unknown to every classifier",
)


@dataclass(frozen=True, slots=True)
class Happened:
    """One failure of a run. `then`: the incident as it was diagnosed when it failed, empty when it was not;
    `verdict`: as it is now.
    """

    record: Path
    document: Mapping[str, Any]
    verdict: Verdict
    then: str = ""

    @property
    def at_utc(self) -> str:
        return str(self.document.get("at_utc") or "")

    @property
    def code(self) -> str:
        return str(self.document.get("code") or "")

    @property
    def message(self) -> str:
        return str(self.document.get("message") or "")

    @property
    def words(self) -> Sequence[str]:
        command = self.document.get("command")
        return tuple(map(str, command)) if isinstance(command, list) else ()

    @property
    def command(self) -> str:
        """As one types it."""
        return shlex.join(self.words)

    @property
    def recovery(self) -> Mapping[str, Any]:
        """The recovery that ran the command; empty for one that was typed."""
        account = self.document.get("recovery")
        return account if isinstance(account, dict) else {}

    def as_dict(self) -> dict[str, Any]:
        return {
            "at_utc": self.at_utc,
            "command": self.command,
            "code": self.code,
            "message": self.message,
            "incident": self.verdict.incident_id,
            "incident_then": self.then,
            "record": self.record.name,
        }


@dataclass(frozen=True, slots=True)
class History:
    """The failures and the events of a run, oldest first, and the names of the records, or of
    the log, that cannot be read.
    """

    run: Run
    failures: Sequence[Happened] = ()
    events: Sequence[Mapping[str, Any]] = ()
    unreadable: Sequence[str] = field(default_factory=tuple)

    @property
    def last(self) -> Happened | None:
        """The run's last failure; one of a command about failures, or of one that a recovery's action ran,
        only where there is no other.
        """
        failed = (
            f
            for f in reversed(self.failures)
            if not about_failures(f.words) and f.recovery.get("role") != "action"
        )
        return next(failed, next(reversed(self.failures), None))

    @property
    def faults(self) -> Sequence[Happened]:
        """The failures that are incidents of their own. Of a failure and what was tried to recover from it
        each incident counts once.
        """
        seen: set[tuple[str, str]] = set()
        roots: dict[str, str] = {}
        found = []
        for failure in self.failures:
            before = str(failure.recovery.get("record") or "")
            root = roots[failure.record.name] = roots.get(before, before) or failure.record.name
            fault = root, failure.verdict.incident_id
            # The attempt of a recovery whose own failure has no record stands for that one.
            if fault not in seen:
                found.append(failure)
            seen.add(fault)
        return found

    def first_of(self, failure: Happened) -> Happened:
        """The first failure of the incident that `failure` belongs to: of the same kind, and not over before
        it.
        """
        incident = failure.verdict.incident_id
        for earlier in self.failures:
            if earlier.at_utc > failure.at_utc or earlier.verdict.incident_id != incident:
                continue
            over = self.resolved(earlier)
            if over is None or str(over.get("at_utc") or "") > failure.at_utc:
                return earlier
        return failure

    def resolved(self, failure: Happened) -> Mapping[str, Any] | None:
        """The event that shows that a failure is over: a recovery of it, or the same command
        that came to its end later.

        That a recovery ran the command is the recovery's merit.
        """
        name, incidents = command_name(failure.words), {failure.verdict.incident_id, failure.then}
        ended: Mapping[str, Any] | None = None
        for event in self.events:
            if str(event.get("at_utc") or "") <= failure.at_utc:
                continue
            if event.get("event") == "recovery_started" and ended is not None:
                return ended
            if event.get("event") == "recovered" and (
                incidents & {event.get("incident"), *(event.get("incidents") or ())}
                or _recovered_name(event) == name
            ):
                return event
            if (
                event.get("event") == "command_ended"
                and command_name(str(event.get("command") or "").split()) == name
            ):
                ended = ended or event
        return ended


def history(host: Host, run: Run) -> History:
    """Reads a run's history, as much of it as can be read; needs no valid `run.json`. Raises `NotFound` when
    it is removed meanwhile.
    """
    with run.standing():
        return _history(host, run)


def _history(host: Host, run: Run) -> History:
    failures, unreadable = [], []
    events: list[Mapping[str, Any]] = []
    try:
        events += read_events(run.file(EVENTS))
    except DagogyError:
        unreadable.append(EVENTS)
    then = {
        str(e.get("record")): str(e.get("incident") or "")
        for e in events
        if e.get("event") == "command_failed"
    }
    observations = {str(e.get("record")): _observations(e) for e in events if e.get("event") == "probed"}
    for path in record_paths(run.path):
        try:
            document = record_document(path)
        except DagogyError:
            unreadable.append(path.name)
            continue
        verdict = settled(diagnose(host, from_record(document, str(path))), observations.get(path.name, ()))
        failures.append(Happened(path, document, verdict, then.get(path.name, "")))
    return History(run, failures, events, unreadable)


def _recovered_name(event: Mapping[str, Any]) -> str:
    """The name of the command that a recovery was about."""
    words = event.get("command")
    return command_name(["dagogy", *map(str, words)]) if isinstance(words, list) else ""


def _observations(event: Mapping[str, Any]) -> list[ProbeObservation]:
    """What probes saw at the time."""
    with contextlib.suppress(KeyError, TypeError):
        return [ProbeObservation.from_dict(document) for document in event["probes"]]
    return []


def criteria(host: Host, past: History) -> list[str]:
    """The escalation criteria that are met: those that classifiers declare, and core
    contracts that cannot be parsed.
    """
    met = []
    for plugin in host.load("classifier"):
        for escalation in getattr(plugin.info, "escalations", ()):
            count = _count(past, escalation)
            if count >= escalation.times:
                met.append(f"{escalation.summary} ({plural(count, 'time')})")
    met += [f"{_CONTRACT}: {problem}" for problem in _unparsable(past.run)]
    if past.last is not None and past.last.verdict.incident_id == UNKNOWN:
        met.append(_UNKNOWN)
    return met


def _count(past: History, escalation: Escalation) -> int:
    # That an attempt to recover met the fault again does not show that it is deterministic; that no attempt
    # helped is what the others count.
    messages = [
        f.message
        for f in (past.faults if escalation.same else past.failures)
        if f.verdict.incident_id in escalation.incidents
    ]
    return max((messages.count(m) for m in messages), default=0) if escalation.same else len(messages)


def _unparsable(run: Run) -> list[str]:
    problems = []
    try:
        run.metadata()
    except DagogyError as error:
        problems.append(error.message)
    for name, decode in ((SPEC, decode_topic_spec), (CURRICULUM, decode_curriculum)):
        with contextlib.suppress(DagogyError):
            if run.exists(name):
                problems += [
                    f"{name}: {p.message}" for p in decode(run.read(name)).problems if p.keyword == "json"
                ][:1]
    return problems
