"""What helps against a failure: the installed recovery actions one after the other, and after each the failed command once more.

Only its exit status 0 means resolved. An answer that is unknown or ambiguous leads to no action.

A failed command is run again only where its record bears the seal of this user on this machine; one that came in with an archive, or from
another user or host, is shown in full and nothing is done. It is run in the current folder. A command that writes outside the run, removes
something, or names a provider or model needs `--unsafe`. Once it ended well, artifacts that are stale are made anew, up to `iterate`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from dagogy.api.errors import EXIT_STATUSES, DagogyError, InternalError, StageConflict, StorageError
from dagogy.api.incidents import CommandResult, Diagnosis, Failure, RecoveryContext, RecoveryOutcome
from dagogy.api.probes import ProbeResult
from dagogy.api.secrets import redacted, secrets_of
from dagogy.host.calls import OutOfTime
from dagogy.host.manager import Host, Plugin
from dagogy.incidents.budget import deadline
from dagogy.incidents.commands import GRACE_SECONDS, flag_of, overlaid, plain, run_command, under
from dagogy.incidents.diagnose import Verdict, diagnose, examine
from dagogy.incidents.limits import Limits
from dagogy.incidents.parsing import about_failures, command_name, from_record, from_text, read_document, read_record, record_paths
from dagogy.incidents.probing import ProbeObservation, ask
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.circuits import Breakers
from dagogy.workspace.events import read_events, utc_now
from dagogy.workspace.files import content_hash, hash_file, unlinked, walk
from dagogy.workspace.local_paths import is_made_here
from dagogy.workspace.provenance import objection, sealed_at, sealed_event
from dagogy.workspace.runs import REPLACED_BY, REPLACES, Run, Runs, is_run_id
from dagogy.workspace.settings import Settings
from dagogy.workspace.stages import EVENTS, FAILURES, SPEC

#: Actions in one recovery.
MOST_ACTIONS = 8
#: Seconds that an action may wait at a time.
_LONGEST_WAIT = 120.0
_KEPT = "logs/kept"
_TYPED = re.compile(r"\[[a-z_]+\] .")
_WITHHELD = re.compile(r"\[redacted\]|\[[A-Z][A-Z0-9_]*\]")


#: Events that say that a failure is over, or that it was one of a recovery's action.
_SEALED_EVENTS = frozenset({"recovered", "command_ended", "recovery_action"})


@dataclass(frozen=True, slots=True)
class Incident:
    """A failure to recover from: the command to run again (without the leading `dagogy`), and the exit status it ended with.

    `barred`: why the command is never run again and nothing that was recorded of it is acted on: its record may be a stranger's. `way_out`: what
    to type then, where there is something to type. `consent`: why it is not run again without `--unsafe`.
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
        """The incident of a recorded failure. A status that no failing command ends with is that of an internal error."""
        words = failure.command[1:] if failure.command[:1] == ("dagogy",) else ()
        known = isinstance(exit_status, int) and not isinstance(exit_status, bool) and 0 < exit_status < 256
        # The code decides: a record is a file that anybody may have written.
        status = EXIT_STATUSES.get(failure.code, exit_status if known else InternalError.exit_status)
        return cls(failure, on_run(plain(words), run_id, run_id), status)


def last_incident(run: Run, environ: Mapping[str, str]) -> Incident | None:
    """The run's newest failure that still stands, or the one that a recovery was cut off from. None that was fixed since.

    A record that cannot be read is passed over, and so is one of a command that a recovery's action ran; without a log nothing tells that a
    failure was fixed. One that may be a stranger's is barred, whatever its time says it comes after the user's own; `environ` says where the
    user's key is. Only an event that the user sealed hides a record that they sealed: anybody can write into a log.
    """
    events: list[dict[str, Any]] = []
    with contextlib.suppress(DagogyError):
        events += read_events(run.path / EVENTS)
    # Those that could hide a record, each with the time by its seal; "" where it has none of this user.
    sealed = [(e, sealed_at(e, run.path, environ)) for e in events if e["event"] in _SEALED_EVENTS]
    newest = record_paths(run.path)[::-1]
    begun = _begun(events)
    strangers: Incident | None = None
    for path in sorted(newest, key=lambda path: path.name != begun):
        try:
            document = read_document(path)
        except DagogyError:
            continue
        failure, account = from_record(document, str(path)), document.get("recovery")
        if failure.code not in EXIT_STATUSES:  # none of ours
            continue
        if about_failures(failure.command) or (isinstance(account, dict) and account.get("role") == "action"):
            continue
        barred, way_out = objection(document, run.path, environ)
        believed = [(e, at or str(e.get("at_utc"))) for e, at in sealed if at or barred]
        if any(e["event"] == "recovery_action" and path.name in e.get("records", ()) for e, _ in believed):
            continue
        if any(at > failure.at_utc and _ended_well(e, failure.command) for e, at in believed):
            return strangers
        incident = replace(Incident.of(failure, document.get("exit_status"), run.id), barred=barred, way_out=way_out)
        if not incident.barred:
            return incident
        strangers = strangers or incident
    return strangers


def is_begun(run: Run) -> bool:
    """Whether a recovery of the run was killed before its end."""
    with contextlib.suppress(DagogyError):
        return bool(_begun(list(read_events(run.path / EVENTS))))
    return False


def _begun(events: Sequence[Mapping[str, Any]]) -> str:
    """The name of the record that the last recovery was about, where that one was killed before its end; else ""."""
    last = next((e for e in reversed(events) if e["event"] in ("recovery_started", "recovery_stopped", "recovered")), None)
    return Path(str(last.get("failure"))).name if last is not None and last["event"] == "recovery_started" else ""


def _ended_well(event: Mapping[str, Any], command: Sequence[str]) -> bool:
    """Whether the event says that `command` came to its end, with whatever options: what it was to make is there then."""
    words = event.get("command")
    if event["event"] == "recovered" and isinstance(words, list):
        words = " ".join(["dagogy", *map(str, words)])
    return event["event"] in ("recovered", "command_ended") and isinstance(words, str) and command_name(words.split()) == command_name(command)


def stale_incident(opened: OpenRun) -> Incident | None:
    """Artifacts that no longer fit together, which no command complained about; `iterate` ends well only when all of them do again.

    The topic spec is made from nothing: one that is not filled in yet is no artifact that another one left behind.
    """
    failure = artifact_failure(opened)
    if not any(state not in ("current", "missing") for path, state in failure.artifacts.items() if path != SPEC):
        return None
    return Incident(failure, ("iterate", opened.run.id), StageConflict.exit_status)


def artifact_failure(opened: OpenRun) -> Failure:
    """The states of the run's artifacts, as a classifier gets them when there is no record."""
    states = {
        path: "current" if current else opened.state.reasons.get(path, "stale") if opened.run.exists(path) else "missing"
        for path, current in opened.state.current.items()
    }
    return Failure(run_id=opened.run.id, stage=opened.state.stage, artifacts=states, source=f"the artifacts of {opened.run.id}")


def on_run(command: Sequence[str], run_id: str, wanted: str) -> tuple[str, ...]:
    """`command` on the run `wanted`: whatever named the run `run_id` may mean another one by now."""
    words = list(command)
    names = [i for i, word in enumerate(words) if not word.startswith("-")][1:]
    slug = run_id.split("-", 2)[2] if run_id.count("-") >= 2 else ""
    prefixes = sorted((i for i in names if run_id.startswith(words[i])), key=lambda i: -len(words[i]))
    meant = [i for i in names if words[i] == run_id] or [i for i in names if words[i] == "latest" or (slug and words[i] == slug)] or prefixes
    for i in meant[:1]:
        words[i] = wanted
    return tuple(words)


@dataclass(slots=True)
class RecoveryStep:
    """One action: what it did, and how the failed command ended after it. `settings`: all that held for that attempt, the action's own included."""

    action: Plugin
    outcome: str
    message: str
    commands: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    ran: list[dict[str, Any]] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    run_id: str = ""
    retry: CommandResult | None = None

    def as_dict(self) -> dict[str, Any]:
        retry = None if self.retry is None else {"exit_status": self.retry.exit_status, "told": message_of(self.retry)}
        return {
            "action": self.action.id,
            "safety": self.action.info.safety,
            "outcome": self.outcome,
            "message": self.message,
            "commands": list(self.commands),
            "environment": dict(self.environment),
            "settings": dict(self.settings),
            "ran": self.ran,
            "retry": retry,
        }


@dataclass(slots=True)
class RecoveryReport:
    """What a recovery did, and what is left to a person.

    `began_with`: the incident that it set out to recover from; `verdict`: of the failure met last; `failure`: the one that stands; `line`: how
    it was told, where that was another time.
    """

    incident: Incident
    began_with: str
    verdict: Verdict
    failure: Failure
    steps: list[RecoveryStep] = field(default_factory=list)
    manual: list[RecoveryStep] = field(default_factory=list)
    hidden: list[Plugin] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    planned: list[Plugin] = field(default_factory=list)
    idle: dict[str, str] = field(default_factory=dict)
    unaided: CommandResult | None = None
    resolved: bool = False
    reason: str = ""
    exit_status: int = 0
    run_id: str = ""
    line: str = ""
    #: The failed command may not be run again, so nothing was done.
    kept: bool = False

    @property
    def first_line(self) -> str:
        """The failure that stands, as every failing command begins its stderr."""
        failure = self.incident.failure
        return self.line or f"[{failure.code or StageConflict.code}] {failure.message or f'{failure.run_id}: {self.reason}'}"

    @property
    def named(self) -> str:
        """The incident to speak of: the one that was recovered from, whichever were met on the way; else the one that stands."""
        return self.began_with if self.resolved else self.verdict.incident_id

    @property
    def next_command(self) -> str:
        """What to type where it was not resolved: what was only shown, what needs consent, what is to be done by hand, or whom to ask."""
        if self.kept:
            consented = f"dagogy recover {self.run_id} --unsafe"
            return (self.incident.way_out or f"dagogy status {self.run_id}") if self.incident.barred else consented
        if self.planned:
            return f"dagogy recover {self.run_id}"
        if self.hidden and self.failure.source:
            return f"dagogy recover {self.run_id} --unsafe"
        return next((step.commands[0] for step in self.manual if step.commands), "") or f"dagogy escalate {self.run_id}"

    @property
    def helped(self) -> RecoveryStep | None:
        """The action after which the failed command ended well."""
        return next((s for s in self.steps if s.retry is not None and s.retry.ok), None)

    @property
    def permanent(self) -> list[str]:
        """What a person would type so that the setting that helped holds from now on."""
        if self.helped is None:
            return []
        settings = self.helped.settings
        command = under(self.incident.command, settings)
        if command == self.incident.command:
            return [f"export {name}={shlex.quote(value)}" if value else f"unset {name}" for name, value in settings.items()]
        words = [word for name, value in settings.items() if value for word in (flag_of(name), value)]
        return [shlex.join(["dagogy", *command, *words])]

    def as_dict(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "incident": self.named,
            "resolved": self.resolved,
            "reason": self.reason,
            "exit_status": self.exit_status,
            "failure": {"code": self.incident.failure.code, "message": self.incident.failure.message, "source": self.incident.failure.source},
            "command": ["dagogy", *self.incident.command],
            "not_run_again": (self.incident.barred or self.incident.consent) if self.kept else "",
            "diagnosis": self.verdict.as_dict(),
            "steps": [s.as_dict() for s in self.steps],
            "unaided_retry": None if self.unaided is None else {"exit_status": self.unaided.exit_status, "told": message_of(self.unaided)},
            "planned": [{"action": p.id, "safety": p.info.safety, "summary": p.info.summary} for p in self.planned],
            "nothing_to_do": dict(self.idle),
            "manual": [{"action": s.action.id, "message": s.message, "commands": list(s.commands)} for s in self.manual],
            "hidden": [{"action": p.id, "summary": p.info.summary, "reason": p.info.reason} for p in self.hidden],
            "permanent": self.permanent,
            "next": "" if self.resolved else self.next_command,
            "broken_recoveries": self.broken,
        }


def message_of(result: CommandResult) -> str:
    """The line that says how a command ended: its error, or else its last."""
    lines = result.text.splitlines()
    return next((line for line in lines if _TYPED.match(line)), lines[-1] if lines else "")[:2000]


def failing_status(result: CommandResult) -> int:
    """Its exit status; where a signal ended it, that of a command that did not get to say why."""
    return result.exit_status if result.exit_status > 0 else InternalError.exit_status


class Recovery:
    """The loop over one run's failure. `say` gets a line for people at each step; `extra` goes before every command's arguments.

    `probes`: whether the machine is looked at. `unaided`: whether the failed command is run again where no action may be carried out, since a
    person may have fixed it meanwhile.
    """

    def __init__(
        self,
        host: Host,
        settings: Settings,
        run: Run,
        *,
        unsafe: bool = False,
        only: str = "",
        probes: bool = True,
        unaided: bool = True,
        limits: Limits | None = None,
        extra: Sequence[str] = (),
        progress: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.host, self.settings, self.run = host, settings, run
        self.unsafe, self.only, self.probes, self.unaided, self.progress = unsafe, only, probes, unaided, progress
        self.limits = limits or Limits()
        self.extra = tuple(extra)
        self.at = run  # the run at work on: a fresh one may take the place of the failed one
        self.failed_providers: list[str] = []
        self.base: Mapping[str, str] = {}  # the settings under which the failure at hand came about
        self._attempts = 0
        self._reported: dict[tuple[str, str], str] = {}
        self._began = utc_now()
        self._secrets = secrets_of(settings.environ)

    def plan(self, incident: Incident) -> RecoveryReport:
        """What `recover` would do first; changes nothing."""
        report = self._report(incident)
        if self._kept_from(report):
            return report
        if report.verdict.outcome == "diagnosed":
            chosen = self._actions(report)
            report.planned = [p for p in chosen if self._allowed(p) and not self._is_idle(p, incident.failure, report)]
            self._leave_to_people(report, incident.failure)
            report.hidden = [p for p in report.hidden if not self._is_idle(p, incident.failure, report)]
            report.reason = "nothing was done: --dry-run"
        return report

    def recover(self, incident: Incident, verdict: Verdict | None = None) -> RecoveryReport:
        """Carries out what may be done until the failed command ends with exit status 0, or nothing is left to try.

        `verdict`: what `plan` made of the incident a moment ago, so that the machine is not looked at twice.
        """
        report = self._report(incident, verdict)
        if self._kept_from(report):
            return report
        if incident.consent:
            self.progress(f"with your consent ({incident.consent}): {incident.line}")
        self._event("recovery_started", incident=report.verdict.incident_id, failure=incident.failure.source, command=list(incident.command))
        self._saw(report.verdict, incident.failure)
        self._report_another_provider(incident)
        seen: dict[str, str] = {}
        try:
            report.failure = self._loop(report, incident.failure, seen)
            if report.verdict.refuted and report.unaided is None and not report.steps:
                # The incident is not there now: it may be over. No action is taken on it, and the failed command decides.
                report.failure = self._loop(report, self._try_unaided(report, incident.command, report.failure), seen)
            if not report.resolved:
                self._leave_to_people(report, report.failure)
        except BaseException as error:
            report.reason = f"cut short: {type(error).__name__}"
            self._ended(report, seen)
            raise
        report.run_id = self.at.id
        self._ended(report, seen)
        return report

    def _kept_from(self, report: RecoveryReport) -> bool:
        """Whether the failed command may not be run again. Then nothing is done at all: nothing else could show that it helped."""
        incident = report.incident
        if incident.barred:
            report.reason = f"the failed command is not run again: {incident.barred}"
        elif incident.consent and not self.unsafe:
            report.reason = f"the failed command is not run again without --unsafe: {incident.consent}"
        else:
            return False
        report.kept = True
        return True

    def _report_another_provider(self, incident: Incident) -> None:
        """Whoever recovers may have other settings than whoever failed; what another provider answers is no merit of an action."""
        before, now = incident.failure.provider, self.settings.get("AGENT_PROVIDER")
        if before and before != now and "--provider" not in " ".join(incident.command):
            self.progress(f"  it failed with provider '{before}'; AGENT_PROVIDER is '{now}' here: export AGENT_PROVIDER={before} tries the same one again")

    def _ended(self, report: RecoveryReport, seen: Mapping[str, str]) -> None:
        """The end of a recovery, in the log."""
        incident = report.incident
        facts = {"incident": report.named, "incidents": dict(seen), "actions": [s.action.id for s in report.steps], "command": list(incident.command)}
        if report.resolved:
            self._event("recovered", by=report.helped.action.id if report.helped else "", run_id=self.at.id, **facts)
        else:
            self._event("recovery_stopped", reason=report.reason, exit_status=report.exit_status, **facts)

    def _verdict(self, failure: Failure, *, own: bool = True) -> Verdict:
        """Which incident it is. `own`: whether the failure is of a command that this user ran."""
        if not self.probes:
            return diagnose(self.host, failure)
        verdict = examine(self.host, self.settings, failure, self.at.path, own=own)
        self.report_observations(verdict.observations)
        return verdict

    def report_observations(self, observations: Sequence[ProbeObservation]) -> None:
        """A line for each thing that a probe saw, unless it is as it was the last time, or was sound from the beginning and so says nothing."""
        for observation in observations:
            line, about = observation.line(), (observation.probe, observation.result.subject)
            sealed = about in self._reported or observation.result.state != "ok" or observation.result.confirms or observation.result.refutes
            if sealed and self._reported.get(about) != line:
                self.progress(f"  {line}")
                self._reported[about] = line

    def _saw(self, verdict: Verdict, failure: Failure) -> None:
        """What probes saw, kept for an escalation."""
        if verdict.observations:
            self._event("probed", **verdict.seen(failure))

    def _report(self, incident: Incident, verdict: Verdict | None = None) -> RecoveryReport:
        verdict = verdict or self._verdict(incident.failure, own=not incident.barred)
        began_with = verdict.refuted or verdict.incident_id
        report = RecoveryReport(incident, began_with, verdict, incident.failure, exit_status=incident.exit_status, run_id=self.run.id)
        if verdict.outcome != "diagnosed":
            report.reason = _passive(verdict)
        return report

    def _loop(self, report: RecoveryReport, failure: Failure, seen: dict[str, str]) -> Failure:
        """Returns the failure that stands at the end; `seen` collects the incidents that were met, each with the action that led past it."""
        command = report.incident.command
        tried: set[tuple[str, ...]] = set()
        while report.verdict.outcome == "diagnosed" and not report.resolved:
            incident = report.verdict.incident_id
            seen.setdefault(incident, "")
            report.reason = f"{MOST_ACTIONS} actions did not help" if len(report.steps) == MOST_ACTIONS else self._spent()
            if report.reason:
                break
            if failure.provider and failure.provider not in self.failed_providers:
                self.failed_providers.append(failure.provider)
            mark = _fingerprint(report.verdict, failure)
            plugin = self._next(report, failure, mark, tried)
            if plugin is None:
                report.reason = "no action is left that may be carried out"
                if not self.unaided or report.unaided is not None or any(s.retry for s in report.steps) or not self._whole(command):
                    break
                failure = self._try_unaided(report, command, failure)
                if report.unaided is None:
                    break
                continue
            before = self._digest()
            step = self._act(plugin, failure, report.verdict, sum(s.action is plugin for s in report.steps))
            report.steps.append(step)
            if plugin.info.times == 1 and (step.environment or plugin.info.safety == "unsafe"):
                # Once is enough for what costs something, in whatever words the failure comes back.
                tried.add((plugin.id, incident, failure.provider))
            if step.outcome != "changed":
                failure = self._deeper(report, failure, step)
                continue
            if step.run_id:
                command = on_run(command, self.at.id, step.run_id)
                self.at = Run(self.run.path.parent / step.run_id)
            report.reason = self._spent() or self._cannot_run_again(command)
            if report.reason:
                break
            failure = self._again(report, step, command, failure)
            if report.resolved or report.verdict.incident_id != incident:
                seen[incident] = plugin.id
            same = _fingerprint(report.verdict, failure) == mark and plugin.info.times == 1
            if same and not report.resolved and not step.environment and not step.run_id and self._digest() == before and not self._spent():
                report.reason = "the same failure again with nothing changed"
                break
        return failure

    def _again(self, report: RecoveryReport, step: RecoveryStep, command: Sequence[str], failure: Failure) -> Failure:
        """The failed command after an action. Returns the failure that stands then.

        One that the attempt did not come to before keeps its settings for the next attempt; of one that did not change they are forgotten.
        """
        step.settings = {**self.base, **step.environment}
        self._make_way(failure)
        known = self._records()
        step.retry = self._retry(command, step.settings, failure, step.action.id, report.verdict.incident_id)
        if step.retry.ok:
            self._resolve(report, command)
            return failure
        before = report.verdict.incident_id, failure.provider
        failure = self._accepted(report, failure, step.retry, known)
        if (report.verdict.incident_id, failure.provider) != before:
            self.base = step.settings
        return failure

    def _try_unaided(self, report: RecoveryReport, command: Sequence[str], failure: Failure) -> Failure:
        """The failed command as it was. Returns the failure that stands then."""
        report.reason = self._spent() or self._cannot_run_again(command)
        if report.reason:
            return failure
        known = self._records()
        report.unaided = self._retry(command, {}, failure, "", report.verdict.incident_id)
        if report.unaided.ok:
            self._resolve(report, command)
            return failure
        return self._accepted(report, failure, report.unaided, known)

    def _accepted(self, report: RecoveryReport, before: Failure, result: CommandResult, known: set[str]) -> Failure:
        """What the command that was run again failed with. One that our own budget brought about says nothing: then `before` stands."""
        new = sorted(self._records() - known)
        if new:
            failure = read_record(self.at.path / FAILURES / new[-1])
        else:  # it could write none: it was killed, or the disk is full
            failure = from_text(result.text, str(result.exit_status), source="the output of the command that was run again")
            failure = replace(failure, command=before.command, run_id=self.at.id)
        cut_short = self.limits.seconds_left == 0 and (failure.killed_by == "timeout" or not new)
        if cut_short or (self._spent() and failure.details.get("cause") == "calls_spent"):
            return before
        report.exit_status = failing_status(result)
        report.line = message_of(result) if _TYPED.match(message_of(result)) else report.line
        report.verdict = self._verdict(failure)
        self._saw(report.verdict, failure)
        if report.verdict.outcome != "diagnosed":
            report.reason = _passive(report.verdict)
        return failure

    def _next(self, report: RecoveryReport, failure: Failure, mark: tuple[str, ...], tried: set[tuple[str, ...]]) -> Plugin | None:
        """The action to carry out now, marked as tried."""
        for plugin in self._actions(report):
            marks = {(plugin.id, report.verdict.incident_id, failure.provider), (plugin.id, *mark)}
            if self._allowed(plugin) and not marks & tried and (plugin.info.times == 1 or self._may_repeat(plugin, report)):
                if plugin.info.times == 1:
                    tried.add((plugin.id, *mark))
                return plugin
        return None

    def _spent(self) -> str:
        """Which limit is reached; "" while something may be done."""
        return self.limits.spent(self._attempts, self._calls())

    def _calls(self) -> float:
        """The requests to a service since this recovery began, as the logs of its runs tell."""
        total = 0.0
        for run in {self.run, self.at}:
            with contextlib.suppress(DagogyError):
                for event in read_events(run.path / EVENTS):
                    usage = event.get("usage")
                    if event.get("event") == "provider_asked" and str(event.get("at_utc")) >= self._began and isinstance(usage, dict):
                        calls = usage.get("calls")
                        total += calls if isinstance(calls, int | float) else 0
        return total

    def _cannot_run_again(self, command: Sequence[str]) -> str:
        """Why the failed command cannot be run again; "" when it can."""
        return "" if self._whole(command) else "the failed command is not recorded whole (it held a secret, or names another run): run it again yourself"

    def _may_repeat(self, plugin: Plugin, report: RecoveryReport) -> bool:
        """Whether an action that may be carried out several times may be now: it stops when there was nothing that it could do."""
        outcomes = [s.outcome for s in report.steps if s.action is plugin]
        return len(outcomes) < plugin.info.times and all(outcome == "changed" for outcome in outcomes)

    def _whole(self, command: Sequence[str]) -> bool:
        """Whether it can be run again as it was: recorded with all its words, and about this run."""
        return self.at.id in command and not any(_WITHHELD.search(word) for word in command)

    def _resolve(self, report: RecoveryReport, command: Sequence[str]) -> None:
        report.resolved, report.exit_status, report.reason = True, 0, f"'dagogy {' '.join(command)}' ended with exit status 0"

    def _actions(self, report: RecoveryReport) -> list[Plugin]:
        """The installed actions for the diagnosed incident, in order, but for those whose own setting is not set.

        One that cannot be described is named in the report.
        """
        found = []
        for plugin in self.host.load("recovery"):
            if plugin.state != "ready":
                message = plugin.error().message
                if message not in report.broken:
                    report.broken.append(message)
            elif plugin.info.consent and self.settings.raw(plugin.info.consent)[0] is None:
                continue
            elif report.verdict.incident_id in plugin.info.incidents and (not self.only or plugin.id == self.only):
                found.append(plugin)
        return sorted(found, key=lambda p: (p.info.order, p.id))

    def _allowed(self, plugin: Plugin) -> bool:
        """What is unsafe needs consent: for this recovery, or by the setting that the action names."""
        return plugin.info.safety == "safe" or (plugin.info.safety == "unsafe" and (bool(plugin.info.consent) or self.unsafe))

    def _leave_to_people(self, report: RecoveryReport, failure: Failure) -> None:
        """The commands of the manual actions, and the count of what needs consent."""
        if report.verdict.outcome != "diagnosed":
            return
        for plugin in self._actions(report):
            if plugin.info.safety == "manual":
                step = self._act(plugin, failure, report.verdict)
                if step.outcome == "failed":
                    report.broken.append(f"{plugin.id}: {step.message}")
                elif step.message or step.commands:
                    if not failure.source:  # no record could be written, so `recover` would find nothing
                        again = shlex.join(["dagogy", *report.incident.command])
                        step.commands = [again if c == f"dagogy recover {self.at.id}" else c for c in step.commands]
                    report.manual.append(step)
            elif not self._allowed(plugin):
                report.hidden.append(plugin)

    def _is_idle(self, plugin: Plugin, failure: Failure, report: RecoveryReport) -> bool:
        """Whether an action has nothing to do; asked of those that can be asked without being carried out."""
        context = _Rehearsal(self, plugin, failure, report.verdict, 0)
        try:
            if plugin.info.safety == "manual" or not self.host.implementation(plugin).rehearsable:
                return False
            outcome = _ask(self.host, plugin, failure, report.verdict.best[0].diagnosis, context)
        except (DagogyError, AttributeError):
            return False
        if outcome.changed or outcome.environment:
            return False
        report.idle[plugin.id] = outcome.message
        return True

    def _act(self, plugin: Plugin, failure: Failure, verdict: Verdict, attempt: int = 0) -> RecoveryStep:
        """One action carried out. Whatever goes wrong in it is reported as its outcome."""
        context = _Context(self, plugin, failure, verdict, attempt)
        before = self._records()
        step = RecoveryStep(plugin, "failed", "", ran=context.ran)
        if plugin.info.safety != "manual":
            self.progress(f"{plugin.info.safety} {plugin.id}: {plugin.info.summary}" + (f" ({plugin.info.reason})" if plugin.info.reason else ""))
        left = self.limits.seconds_left
        try:
            # What it runs and waits for keeps to the limit by itself; this ends one that hangs.
            with deadline(None if left is None else left + GRACE_SECONDS):
                outcome = _ask(self.host, plugin, failure, verdict.best[0].diagnosis, context)
            self._check(plugin, outcome)
        except OutOfTime as error:  # the second one: the first reached the action
            step.message = str(error)
        except DagogyError as error:
            step.message = error.message
        else:
            step.outcome = "manual" if plugin.info.safety == "manual" else "changed" if outcome.changed or outcome.environment else "nothing to do"
            step.message, step.commands, step.environment, step.run_id = outcome.message, tuple(outcome.commands), outcome.environment, outcome.run_id
        step.records = sorted(self._records() - before)
        if plugin.info.safety != "manual":
            self.progress(f"  {step.outcome}: {step.message}")
            self._event("recovery_action", action=plugin.id, safety=plugin.info.safety, outcome=step.outcome, message=step.message,
                        environment=dict(step.environment), ran=step.ran, records=step.records)  # fmt: skip
        return step

    def _check(self, plugin: Plugin, outcome: RecoveryOutcome) -> None:
        """Raises `PluginError` that blames the action for an outcome that cannot be worked with."""
        words = [outcome.message, outcome.run_id, *_flat(outcome.commands), *_flat(outcome.environment)]
        reason = "" if all(isinstance(w, str) and "\0" not in w for w in words) else "its outcome has other than texts where texts are wanted"
        if not reason and outcome.run_id and outcome.run_id not in Runs(self.run.path.parent).ids():
            reason = f"it names a run to go on with that is none: '{outcome.run_id}'"
        if reason:
            plugin.fail(reason)
            raise plugin.error()

    def _make_way(self, failure: Failure) -> None:
        """After an action the command run again is the trial of the circuit breaker that its failure may have opened."""
        if failure.endpoint and failure.details.get("cause") != "circuit_open":
            with contextlib.suppress(DagogyError):
                Breakers(self.at.path.parent).half_open(failure.provider, failure.endpoint)

    def _retry(self, command: Sequence[str], settings: Mapping[str, str], failure: Failure, action: str, incident: str) -> CommandResult:
        """The failed command once more. The settings of this attempt win over its options; on whose account it runs is in DAGOGY_RECOVERY."""
        words = under(command, settings)
        shown = "".join(f"{name}={shlex.quote(value)} " for name, value in settings.items())
        self.progress(f"  again: {shown}dagogy {' '.join(words)}")
        self._attempts += 1
        result = self.command(words, {**settings, **self.account(failure, action, incident, environment=dict(settings))})
        self.progress(f"  exit status {result.exit_status}: {message_of(result)}")
        self._event("recovery_retried", action=action, command=list(words), environment=dict(settings), exit_status=result.exit_status, told=message_of(result))
        return result

    def account(self, failure: Failure, action: str, incident: str, **more: Any) -> dict[str, str]:
        """The setting that tells a command on whose account it runs: for its trace, its record, and whoever counts incidents."""
        facts = {"action": action, "incident": incident, "record": Path(failure.source).name, **more}
        return {"DAGOGY_RECOVERY": json.dumps(redacted(facts, self._secrets))}

    def command(self, arguments: Sequence[str], environment: Mapping[str, str]) -> CommandResult:
        """Runs a command in the current folder, never in a recorded one, within what is left of the limits."""
        missing = [word for word in self.extra if word not in arguments]
        given = {**self.limits.as_settings(self._calls(), self.settings), **environment}
        return run_command([*missing, *arguments], overlaid(self.settings.environ, given), self.settings.folder, self.limits.seconds_left)

    def _deeper(self, report: RecoveryReport, failure: Failure, step: RecoveryStep) -> Failure:
        """When an action met another failure on its way, that is what has to be recovered from first."""
        if not step.records or step.run_id:
            return failure
        found = read_record(self.at.path / FAILURES / step.records[-1])
        verdict = self._verdict(found)
        if verdict.outcome != "diagnosed" or verdict.incident_id == report.verdict.incident_id:
            return failure
        report.verdict = verdict
        self.progress(f"  which meets another incident: {verdict.incident_id}")
        return found

    def _records(self) -> set[str]:
        folder = self.at.path / FAILURES
        return {p.name for p in folder.glob("*.json")} if folder.is_dir() else set()

    def _digest(self) -> str:
        """The content of the run but for its logs and its history."""
        total = hashlib.sha256()
        with contextlib.suppress(OSError):
            for path in (Path(e.path) for e in walk(self.at.path) if e.is_file(follow_symlinks=False)):
                name = path.relative_to(self.at.path).as_posix()
                if not name.startswith(("logs/", ".")) and name != "run.json":
                    with contextlib.suppress(DagogyError):
                        total.update(f"{name}\0{hash_file(path)}\0".encode(errors="backslashreplace"))
        return total.hexdigest()

    def _event(self, event: str, **facts: Any) -> None:
        """In the log of the failed run. That it cannot be written is no reason not to recover."""
        with contextlib.suppress(DagogyError):
            shown = redacted(facts, self._secrets)
            self.run.event(event, **(sealed_event(event, shown, self.run.path, self.settings.environ) if event in _SEALED_EVENTS else shown))


def _passive(verdict: Verdict) -> str:
    return f"{verdict.reason}; no action is taken"


def _fingerprint(verdict: Verdict, failure: Failure) -> tuple[str, ...]:
    return verdict.incident_id, failure.code, failure.message, failure.text[-2000:]


def _flat(value: Any) -> list[Any]:
    """The words of a list, or of a table, that a plugin gave; None for what is neither."""
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    return list(value) if isinstance(value, list | tuple) else [None]


def _ask(host: Host, plugin: Plugin, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
    """One action's outcome. Raises `DagogyError`: its own, or a `PluginError` that blames it."""
    kind = host.implementation(plugin)
    outcome = plugin.call(lambda: kind(plugin.info).recover(failure, diagnosis, context))
    if not isinstance(outcome, RecoveryOutcome):
        plugin.fail(f"it answered with {type(outcome).__name__}, not with a RecoveryOutcome")
        raise plugin.error()
    if plugin.info.safety == "manual" and (outcome.changed or outcome.environment or outcome.run_id):
        plugin.fail("it is manual but reports a change")
        raise plugin.error()
    return outcome


def plain_path(run: Run, relative: str) -> str:
    """`relative`, if it leads to a place in the run without a symlink on the way. Raises `StorageError`."""
    unlinked(run.path / relative, run.path)
    return relative


class _Would(DagogyError):
    """Raised in an action that is only asked, where it would begin to change something."""


class _Context(RecoveryContext):
    """What an action gets from us."""

    def __init__(self, recovery: Recovery, plugin: Plugin, failure: Failure, verdict: Verdict, attempt: int) -> None:
        self._action, self._incident = plugin.id, verdict.incident_id
        self.attempt, self.failed_providers = attempt, tuple(recovery.failed_providers)
        self._recovery, self._failure = recovery, failure
        self.probes = [observation.result for observation in verdict.observations]
        self.run, self.run_id = recovery.at.path, recovery.at.id
        self.ran: list[dict[str, Any]] = []

    @cached_property
    def providers(self) -> Sequence[str]:  # type: ignore[override]
        return [p.id for p in self._recovery.host.load("provider") if p.state == "ready"]

    def setting(self, name: str) -> str:
        if name in self._recovery.base:
            return self._recovery.base[name]
        value, _ = self._recovery.settings.raw(name)
        return "" if value is None else str(value)

    def in_file(self, name: str) -> bool:
        return self._recovery.settings.in_file(name)

    def dagogy(self, *arguments: str, environment: Mapping[str, str] | None = None) -> CommandResult:
        self._recovery.progress(f"  dagogy {' '.join(arguments)}")
        account = self._recovery.account(self._failure, self._action, self._incident, role="action")
        result = self._recovery.command(arguments, {**(environment or {}), **account})
        self.ran.append({"command": ["dagogy", *arguments], "exit_status": result.exit_status, "told": message_of(result)})
        return result

    def wait(self, seconds: float) -> None:
        left = self._recovery.limits.seconds_left
        seconds = min(max(seconds, 0.0), _LONGEST_WAIT if left is None else min(left, _LONGEST_WAIT))
        self._recovery.progress(f"  waiting {seconds:.0f} s")
        time.sleep(seconds)

    def probe(self, probe_id: str, environment: Mapping[str, str] | None = None) -> Sequence[ProbeResult]:
        recovery = self._recovery
        if not recovery.probes:
            return []
        observations = ask(recovery.host, recovery.settings, self._failure, self.run, only=probe_id, environment=environment)
        recovery.report_observations(observations)
        return [observation.result for observation in observations]

    def read(self, relative: str) -> bytes | None:
        run = self._recovery.at
        return run.read(plain_path(run, relative)) if run.exists(relative) else None

    def write(self, relative: str, data: bytes, run_id: str = "") -> None:
        run = self._recovery.at if not run_id or run_id == self.run_id else self._own(run_id)
        run.write(plain_path(run, relative), data)

    def replacement(self) -> str:
        fresh = Runs(self.run.parent).replacement(self.run_id)
        with contextlib.suppress(DagogyError):
            return self._own(fresh).id if fresh else ""
        return ""

    def replace_by(self, run_id: str) -> None:
        fresh, old = self._own(run_id), self._recovery.at
        for run, name, other in ((fresh, REPLACES, old.id), (old, REPLACED_BY, fresh.id)):
            run.write(plain_path(run, name), f"{other}\n".encode())

    def _own(self, run_id: str) -> Run:
        run = Run(self.run.parent / run_id)
        if not is_run_id(run_id) or run.path.is_symlink() or not is_made_here(run, self._recovery.settings.environ):
            raise StorageError(f"{run_id} is no run that you made here with 'dagogy init'", hint="'dagogy list' shows the runs")
        return run

    def keep(self, relative: str) -> Path | None:
        data, run = self.read(relative), self._recovery.at
        if data is None:
            return None
        path = Path(relative)
        kept = f"{_KEPT}/{path.stem}-{content_hash(data)[:12]}{path.suffix}"
        if not run.exists(plain_path(run, kept)):
            run.write(kept, data)
        return run.path / kept

    def spec_problems(self) -> Sequence[str]:
        run = self._recovery.at
        if not run.exists(SPEC):
            return [f"{SPEC} is missing"]
        from dagogy.contracts.documents import decode_topic_spec

        return [str(p) for p in decode_topic_spec(run.read(SPEC)).problems]


class _Rehearsal(_Context):
    """What an action gets that is only asked whether it has anything to do."""

    def dagogy(self, *arguments: str, environment: Mapping[str, str] | None = None) -> CommandResult:
        raise _Would("it would run a command")

    def keep(self, relative: str) -> Path | None:
        raise _Would("it would overwrite a file")

    def write(self, relative: str, data: bytes, run_id: str = "") -> None:
        raise _Would("it would write a file")

    def replace_by(self, run_id: str) -> None:
        raise _Would("it would note a fresh run")

    def wait(self, seconds: float) -> None:
        raise _Would("it would wait")
