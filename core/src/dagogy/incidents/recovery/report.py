"""What a recovery did: its steps, what is left to a person, and what it tells while it is at work."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagogy.api.errors import DagogyError, InternalError, StageConflict
from dagogy.api.incidents import Failure
from dagogy.api.recoveries import CommandResult
from dagogy.api.secrets import redacted, secrets_of
from dagogy.host.plugin import Plugin
from dagogy.incidents.commands import flag_of, under
from dagogy.incidents.diagnose import Verdict
from dagogy.incidents.probing import ProbeObservation
from dagogy.incidents.recovery.incident import TELLING, Incident
from dagogy.workspace.provenance import sealed_event
from dagogy.workspace.runs import Run

#: The first line of a command that failed.
TYPED = re.compile(r"\[[a-z_]+\] .")


@dataclass(slots=True)
class RecoveryStep:
    """One action: what it did, and how the failed command ended after it. `settings`: all that held for that
    attempt, the action's own included.
    """

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
        retry = (
            None
            if self.retry is None
            else {"exit_status": self.retry.exit_status, "told": message_of(self.retry)}
        )
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

    `began_with`: the incident that it set out to recover from; `verdict`: of the failure met last; `failure`:
    the one that stands; `line`: how it was told, where that was another time.
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
        return self.line or (
            f"[{failure.code or StageConflict.code}] {failure.message or f'{failure.run_id}: {self.reason}'}"
        )

    @property
    def named(self) -> str:
        """The incident to speak of: the one that was recovered from, whichever were met on the
        way; else the one that stands.
        """
        return self.began_with if self.resolved else self.verdict.incident_id

    @property
    def next_command(self) -> str:
        """What to type where it was not resolved: what was only shown, what needs consent, what is to be done
        by hand, or whom to ask.
        """
        if self.kept:
            consented = f"dagogy recover {self.run_id} --unsafe"
            return (
                (self.incident.way_out or f"dagogy status {self.run_id}")
                if self.incident.barred
                else consented
            )
        if self.planned:
            return f"dagogy recover {self.run_id}"
        if self.hidden and self.failure.source:
            return f"dagogy recover {self.run_id} --unsafe"
        return (
            next((step.commands[0] for step in self.manual if step.commands), "")
            or f"dagogy escalate {self.run_id}"
        )

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
            return [
                f"export {name}={shlex.quote(value)}" if value else f"unset {name}"
                for name, value in settings.items()
            ]
        words = [word for name, value in settings.items() if value for word in (flag_of(name), value)]
        return [shlex.join(["dagogy", *command, *words])]

    def as_dict(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "incident": self.named,
            "resolved": self.resolved,
            "reason": self.reason,
            "exit_status": self.exit_status,
            "failure": {
                "code": self.incident.failure.code,
                "message": self.incident.failure.message,
                "source": self.incident.failure.source,
            },
            "command": ["dagogy", *self.incident.command],
            "not_run_again": (self.incident.barred or self.incident.consent) if self.kept else "",
            "diagnosis": self.verdict.as_dict(),
            "steps": [s.as_dict() for s in self.steps],
            "unaided_retry": None
            if self.unaided is None
            else {"exit_status": self.unaided.exit_status, "told": message_of(self.unaided)},
            "planned": [
                {"action": p.id, "safety": p.info.safety, "summary": p.info.summary} for p in self.planned
            ],
            "nothing_to_do": dict(self.idle),
            "manual": [
                {"action": s.action.id, "message": s.message, "commands": list(s.commands)}
                for s in self.manual
            ],
            "hidden": [
                {"action": p.id, "summary": p.info.summary, "reason": p.info.reason} for p in self.hidden
            ],
            "permanent": self.permanent,
            "next": "" if self.resolved else self.next_command,
            "broken_recoveries": self.broken,
        }


def message_of(result: CommandResult) -> str:
    """The line that says how a command ended: its error, or else its last."""
    lines = result.text.splitlines()
    return next((line for line in lines if TYPED.match(line)), lines[-1] if lines else "")[:2000]


def failing_status(result: CommandResult) -> int:
    """Its exit status; where a signal ended it, that of a command that did not get to say why."""
    return result.exit_status if result.exit_status > 0 else InternalError.exit_status


class Journal:
    """What a recovery tells while it is at work: `say` gets a line for people, the log of the failed run an
    event, without secrets.
    """

    def __init__(self, run: Run, environ: Mapping[str, str], progress: Callable[[str], None]) -> None:
        self.progress, self._run, self._environ = progress, run, environ
        self.secrets = secrets_of(environ)
        self._reported: dict[tuple[str, str], str] = {}

    def report_observations(self, observations: Sequence[ProbeObservation]) -> None:
        """A line for each thing that a probe saw, unless it is as it was the last time, or was sound from the
        beginning and so says nothing.
        """
        for observation in observations:
            line, about = observation.line(), (observation.probe, observation.result.subject)
            telling = (
                about in self._reported
                or observation.result.state != "ok"
                or observation.result.confirms
                or observation.result.refutes
            )
            if telling and self._reported.get(about) != line:
                self.progress(f"  {line}")
                self._reported[about] = line

    def saw(self, verdict: Verdict, failure: Failure) -> None:
        """What probes saw, kept for an escalation."""
        if verdict.observations:
            self.event("probed", **verdict.seen(failure))

    def ended(self, report: RecoveryReport, seen: Mapping[str, str], run_id: str) -> None:
        """The end of a recovery: what it met and did. `run_id`: the run in which it ended well."""
        facts = {
            "incident": report.named,
            "incidents": dict(seen),
            "actions": [s.action.id for s in report.steps],
            "command": list(report.incident.command),
        }
        if report.resolved:
            by = report.helped.action.id if report.helped else ""
            self.event("recovered", by=by, run_id=run_id, **facts)
        else:
            self.event("recovery_stopped", reason=report.reason, exit_status=report.exit_status, **facts)

    def event(self, event: str, **facts: Any) -> None:
        """In the log of the failed run. That it cannot be written is no reason not to recover."""
        with contextlib.suppress(DagogyError):
            message = redacted(facts, self.secrets)
            self._run.event(
                event,
                **(
                    sealed_event(event, message, self._run.path, self._environ)
                    if event in TELLING
                    else message
                ),
            )
