"""What helps against a failure: the installed recovery actions one after the other, and after each the failed command once more.

Only its exit status 0 means resolved. An answer that is unknown or ambiguous leads to no action.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError, InternalError, StageConflict
from dagogy.api.incidents import CommandResult, Diagnosis, Failure, RecoveryAction, RecoveryContext, RecoveryOutcome
from dagogy.host.manager import Host, Plugin, is_stop
from dagogy.incidents.commands import overlaid, run_command
from dagogy.incidents.diagnose import Verdict, diagnose
from dagogy.incidents.intake import read_record
from dagogy.incidents.redact import redacted, secrets_of
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.events import read_events
from dagogy.workspace.files import content_hash, hash_file, read_regular
from dagogy.workspace.runs import Run
from dagogy.workspace.settings import Settings
from dagogy.workspace.stages import EVENTS, FAILURES, SPEC

#: Commands about failures: that one of them fails is not the failure to recover from.
ABOUT_FAILURES = frozenset({"diagnose", "recover", "triage", "escalate", "postmortem"})
#: Actions in one recovery.
MOST_ACTIONS = 8
_KEPT = "logs/kept"
_TYPED = re.compile(r"\[[a-z_]+\] .")
_WITHHELD = re.compile(r"\[redacted\]|\[[A-Z][A-Z0-9_]*\]")


@dataclass(frozen=True, slots=True)
class Incident:
    """A failure to recover from: the command to run again (without the leading `dagogy`) and the exit status it ended with."""

    failure: Failure
    command: tuple[str, ...]
    exit_status: int


def last_incident(run: Run) -> Incident | None:
    """The run's newest failure that still stands. One of a recovery's own commands is none, nor one that was mended since."""
    events = [e for e in read_events(run.path / EVENTS) if isinstance(e.get("event"), str)]
    lists = [e.get("records") for e in events if e["event"] == "recovery_action"]
    ours = {str(name) for names in lists if isinstance(names, list) for name in names}
    folder = run.path / FAILURES
    for name in sorted((p.name for p in folder.glob("*.json")), reverse=True) if folder.is_dir() else []:
        if name in ours:
            continue
        incident, at = _read(folder / name, run.id)
        if _command_name(incident.command) in ABOUT_FAILURES:
            continue
        later = [e for e in events if str(e.get("at_utc")) > at]
        return None if any(_ended_well(e, incident.command, run.id) for e in later) else incident
    return None


def _ended_well(event: Mapping[str, Any], command: Sequence[str], run_id: str) -> bool:
    """Whether the event says that `command` succeeded, whatever words the run was named by."""
    line = event.get("command")
    if event["event"] == "recovered":
        return line == list(command)
    return event["event"] == "command_ended" and isinstance(line, str) and on_run(line.split(" ")[1:], run_id, run_id) == tuple(" ".join(command).split(" "))


def _read(path: Path, run_id: str) -> tuple[Incident, str]:
    failure = read_record(path)
    document = json.loads(read_regular(path))
    status = document.get("exit_status")
    command = tuple(failure.command[1:]) if failure.command[:1] == ("dagogy",) else ()
    known = status if isinstance(status, int) and not isinstance(status, bool) and 0 < status < 256 else InternalError.exit_status
    return Incident(failure, on_run(command, run_id, run_id), known), str(document.get("at_utc", ""))


def stale_incident(opened: OpenRun) -> Incident | None:
    """Artifacts that no longer fit together, which no command complained about; `iterate` ends well only when all of them do again."""
    failure = artifact_failure(opened)
    if not any(state not in ("current", "missing") for state in failure.artifacts.values()):
        return None
    return Incident(failure, ("iterate", opened.run.id), StageConflict.exit_status)


def artifact_failure(opened: OpenRun) -> Failure:
    """The states of the run's artifacts, as a classifier gets them when there is no record."""
    states = {
        path: "current" if current else opened.state.reasons.get(path, "stale") if opened.run.exists(path) else "missing"
        for path, current in opened.state.current.items()
    }
    return Failure(run_id=opened.run.id, stage=opened.state.stage, artifacts=states, source=f"the artifacts of {opened.run.id}")


def _command_name(command: Sequence[str]) -> str:
    return next((word for word in command if not word.startswith("-")), "")


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
class Step:
    """One action: what it did, and how the failed command ended after it."""

    action: Plugin
    outcome: str
    message: str
    commands: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ran: list[dict[str, Any]] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    run_id: str = ""
    retry: CommandResult | None = None

    def as_dict(self) -> dict[str, Any]:
        retry = None if self.retry is None else {"exit_status": self.retry.exit_status, "told": told(self.retry)}
        return {
            "action": self.action.id,
            "safety": self.action.info.safety,
            "outcome": self.outcome,
            "message": self.message,
            "commands": list(self.commands),
            "environment": dict(self.environment),
            "ran": self.ran,
            "retry": retry,
        }


@dataclass(slots=True)
class Report:
    """What a recovery did, and what is left to a person."""

    incident: Incident
    verdict: Verdict
    steps: list[Step] = field(default_factory=list)
    manual: list[Step] = field(default_factory=list)
    hidden: list[Plugin] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    planned: list[Plugin] = field(default_factory=list)
    unaided: CommandResult | None = None
    resolved: bool = False
    reason: str = ""
    exit_status: int = 0
    run_id: str = ""

    @property
    def first_line(self) -> str:
        """The failure that stands, as every failing command begins its stderr."""
        results = [*([self.unaided] if self.unaided else []), *(s.retry for s in self.steps if s.retry)]
        again = told(results[-1]) if results else ""
        failure = self.incident.failure
        return again if _TYPED.match(again) else f"[{failure.code or StageConflict.code}] {failure.message or f'{failure.run_id}: {self.reason}'}"

    @property
    def permanent(self) -> list[str]:
        """What a person would type so that the setting that helped holds from now on."""
        if not self.resolved or not self.steps:
            return []
        return [f"export {name}={shlex.quote(value)}" if value else f"unset {name}" for name, value in self.steps[-1].environment.items()]

    def as_dict(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "resolved": self.resolved,
            "reason": self.reason,
            "exit_status": self.exit_status,
            "failure": {"code": self.incident.failure.code, "message": self.incident.failure.message, "source": self.incident.failure.source},
            "command": ["dagogy", *self.incident.command],
            "diagnosis": self.verdict.as_dict(),
            "steps": [s.as_dict() for s in self.steps],
            "unaided_retry": None if self.unaided is None else {"exit_status": self.unaided.exit_status, "told": told(self.unaided)},
            "planned": [{"action": p.id, "safety": p.info.safety, "summary": p.info.summary} for p in self.planned],
            "manual": [{"action": s.action.id, "message": s.message, "commands": list(s.commands)} for s in self.manual],
            "hidden": [{"action": p.id, "summary": p.info.summary, "reason": p.info.reason} for p in self.hidden],
            "permanent": self.permanent,
            "broken_recoveries": self.broken,
        }


def told(result: CommandResult) -> str:
    """The line that says how a command ended: its error, or else its last."""
    lines = result.text.splitlines()
    return next((line for line in lines if _TYPED.match(line)), lines[-1] if lines else "")[:2000]


def failing_status(result: CommandResult) -> int:
    """Its exit status; where a signal ended it, that of a command that did not get to say why."""
    return result.exit_status if result.exit_status > 0 else InternalError.exit_status


class Recovery:
    """The loop over one run's failure. `say` gets a line for people at each step; `extra` goes before every command's arguments."""

    def __init__(
        self,
        host: Host,
        settings: Settings,
        run: Run,
        *,
        unsafe: bool = False,
        only: str = "",
        extra: Sequence[str] = (),
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.host, self.settings, self.run = host, settings, run
        self.unsafe, self.only, self.say = unsafe, only, say
        self.extra = tuple(extra)
        self.at = run  # the run at work on: a fresh one may take the place of the failed one
        self._secrets = secrets_of(settings.environ)

    def plan(self, incident: Incident) -> Report:
        """What `recover` would do first; changes nothing."""
        report = self._report(incident)
        if report.verdict.outcome == "diagnosed":
            chosen = self._actions(report)
            report.planned = [p for p in chosen if self._allowed(p)]
            self._leave_to_people(report, incident.failure)
            report.reason = "nothing was done: --dry-run"
        return report

    def recover(self, incident: Incident) -> Report:
        """Carries out what may be done until the failed command ends with exit status 0, or nothing is left to try."""
        report = self._report(incident)
        self._event("recovery_started", incident=report.verdict.incident_id, failure=incident.failure.source, command=list(incident.command))
        failure = self._loop(report)
        if not report.resolved:
            self._leave_to_people(report, failure)
        report.run_id = self.at.id
        facts = {"incident": report.verdict.incident_id, "actions": [s.action.id for s in report.steps], "command": list(incident.command)}
        if report.resolved:
            by = next((s.action.id for s in report.steps if s.retry is not None and s.retry.ok), "")
            self._event("recovered", by=by, run_id=self.at.id, **facts)
        else:
            self._event("recovery_stopped", reason=report.reason, exit_status=report.exit_status, **facts)
        return report

    def _report(self, incident: Incident) -> Report:
        verdict = diagnose(self.host, incident.failure)
        report = Report(incident, verdict, exit_status=incident.exit_status, run_id=self.run.id)
        if verdict.outcome != "diagnosed":
            report.reason = f"{verdict.outcome}: {verdict.reason}; no action is taken"
        return report

    def _loop(self, report: Report) -> Failure:
        """Returns the failure that stands at the end."""
        failure, command = report.incident.failure, report.incident.command
        tried: set[tuple[str, ...]] = set()
        while report.verdict.outcome == "diagnosed":
            mark = _fingerprint(report.verdict, failure)
            plugin = next((p for p in self._actions(report) if self._allowed(p) and not {(p.id, mark[0]), (p.id, *mark)} & tried), None)
            if plugin is None:
                report.reason = "no action is left that may be carried out"
                if report.unaided is None and not any(s.retry for s in report.steps) and self._whole(command):
                    # A person may have mended it meanwhile: the failed command decides, here as ever.
                    known, report.unaided = self._records(), self._retry(None, command)
                    if report.unaided.ok:
                        self._resolve(report, command)
                        break
                    report.exit_status, failure = failing_status(report.unaided), self._newest(known, failure)
                    report.verdict = diagnose(self.host, failure)
                    continue
                break
            if len(report.steps) == MOST_ACTIONS:
                report.reason = f"{MOST_ACTIONS} actions did not help"
                break
            tried.add((plugin.id, *mark))
            before = self._digest()
            step = self._act(plugin, failure, report.verdict)
            report.steps.append(step)
            if step.environment or plugin.info.safety == "unsafe":
                tried.add((plugin.id, mark[0]))  # once is enough for what costs something, in whatever words the failure comes back
            if step.outcome != "changed":
                failure = self._deeper(report, failure, step)
                continue
            if step.run_id:
                command = on_run(command, self.at.id, step.run_id)
                self.at = Run(self.run.path.parent / step.run_id)
            if not self._whole(command):
                report.reason = "the failed command is not recorded whole (it held a secret, or names another run): run it again yourself"
                break
            known = self._records()
            step.retry = self._retry(step, command)
            if step.retry.ok:
                self._resolve(report, command)
                break
            report.exit_status = failing_status(step.retry)
            failure = self._newest(known, failure)
            report.verdict = diagnose(self.host, failure)
            same = _fingerprint(report.verdict, failure) == mark
            if same and not step.environment and not step.run_id and self._digest() == before:
                report.reason = "the same failure again with nothing changed"
                break
            if report.verdict.outcome != "diagnosed":
                report.reason = f"{report.verdict.outcome}: {report.verdict.reason}; no action is taken"
        return failure

    def _whole(self, command: Sequence[str]) -> bool:
        """Whether it can be run again as it was: recorded with all its words, and about this run."""
        return self.at.id in command and not any(_WITHHELD.search(word) for word in command)

    def _resolve(self, report: Report, command: Sequence[str]) -> None:
        report.resolved, report.exit_status, report.reason = True, 0, f"'dagogy {' '.join(command)}' ended with exit status 0"

    def _actions(self, report: Report) -> list[Plugin]:
        """The installed actions for the diagnosed incident, in order. One that cannot be described is named in the report."""
        found = []
        for plugin in self.host.load("recovery"):
            if plugin.state != "ready":
                message = plugin.error().message
                if message not in report.broken:
                    report.broken.append(message)
            elif report.verdict.incident_id in plugin.info.incidents and (not self.only or plugin.id == self.only):
                found.append(plugin)
        return sorted(found, key=lambda p: (p.info.order, p.id))

    def _allowed(self, plugin: Plugin) -> bool:
        return plugin.info.safety == "safe" or (plugin.info.safety == "unsafe" and self.unsafe)

    def _leave_to_people(self, report: Report, failure: Failure) -> None:
        """The commands of the manual actions, and the count of what needs consent."""
        if report.verdict.outcome != "diagnosed":
            return
        for plugin in self._actions(report):
            if plugin.info.safety == "manual":
                step = self._act(plugin, failure, report.verdict)
                if step.outcome == "failed":
                    report.broken.append(f"{plugin.id}: {step.message}")
                elif step.message or step.commands:
                    report.manual.append(step)
            elif not self._allowed(plugin):
                report.hidden.append(plugin)

    def _act(self, plugin: Plugin, failure: Failure, verdict: Verdict) -> Step:
        """One action carried out. Whatever goes wrong in it is told as its outcome."""
        context = _Context(self, failure)
        before = self._records()
        step = Step(plugin, "failed", "", ran=context.ran)
        if plugin.info.safety != "manual":
            self.say(f"{plugin.info.safety} {plugin.id}: {plugin.info.summary}" + (f" ({plugin.info.reason})" if plugin.info.reason else ""))
        try:
            outcome = _ask(self.host, plugin, failure, verdict.best[0].diagnosis, context)
        except DagogyError as error:
            step.message = error.message
        else:
            step.outcome = "manual" if plugin.info.safety == "manual" else "changed" if outcome.changed or outcome.environment else "nothing to do"
            step.message, step.commands, step.environment, step.run_id = outcome.message, tuple(outcome.commands), outcome.environment, outcome.run_id
        step.records = sorted(self._records() - before)
        if plugin.info.safety != "manual":
            self.say(f"  {step.outcome}: {step.message}")
            self._event("recovery_action", action=plugin.id, safety=plugin.info.safety, outcome=step.outcome, message=step.message,
                        environment=dict(step.environment), ran=step.ran, records=step.records)  # fmt: skip
        return step

    def _retry(self, step: Step | None, command: Sequence[str]) -> CommandResult:
        environment = step.environment if step else {}
        settings = "".join(f"{name}={shlex.quote(value)} " for name, value in environment.items())
        self.say(f"  again: {settings}dagogy {' '.join(command)}")
        result = self.command(command, environment)
        self.say(f"  exit status {result.exit_status}: {told(result)}")
        self._event("recovery_retried", action=step.action.id if step else "", command=list(command), exit_status=result.exit_status, told=told(result))
        return result

    def command(self, arguments: Sequence[str], environment: Mapping[str, str]) -> CommandResult:
        missing = [word for word in self.extra if word not in arguments]
        return run_command([*missing, *arguments], overlaid(self.settings.environ, environment), self.settings.folder)

    def _deeper(self, report: Report, failure: Failure, step: Step) -> Failure:
        """When an action met another failure on its way, that is what has to be recovered from first."""
        if not step.records or step.run_id:
            return failure
        found = read_record(self.at.path / FAILURES / step.records[-1])
        verdict = diagnose(self.host, found)
        if verdict.outcome != "diagnosed" or verdict.incident_id == report.verdict.incident_id:
            return failure
        report.verdict = verdict
        self.say(f"  which meets another incident: {verdict.incident_id}")
        return found

    def _newest(self, known: set[str], before: Failure) -> Failure:
        """The failure that the command left behind this time; as before where it left none."""
        new = sorted(self._records() - known)
        return read_record(self.at.path / FAILURES / new[-1]) if new else before

    def _records(self) -> set[str]:
        folder = self.at.path / FAILURES
        return {p.name for p in folder.glob("*.json")} if folder.is_dir() else set()

    def _digest(self) -> str:
        """The content of the run but for its logs and its history."""
        total = hashlib.sha256()
        for path in sorted(p for p in self.at.path.rglob("*") if p.is_file() and not p.is_symlink()):
            name = path.relative_to(self.at.path).as_posix()
            if not name.startswith(("logs/", ".")) and name != "run.json":
                with contextlib.suppress(DagogyError):
                    total.update(f"{name}\0{hash_file(path)}\0".encode(errors="backslashreplace"))
        return total.hexdigest()

    def _event(self, event: str, **facts: Any) -> None:
        """In the log of the failed run. That it cannot be written is no reason not to recover."""
        with contextlib.suppress(DagogyError):
            self.run.event(event, **redacted(facts, self._secrets))


def _fingerprint(verdict: Verdict, failure: Failure) -> tuple[str, ...]:
    return verdict.incident_id, failure.code, failure.message, failure.text[-2000:]


def _ask(host: Host, plugin: Plugin, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
    """One action's outcome. Raises `DagogyError`: its own, or a `PluginError` that blames it."""
    kind = host.implementation(plugin)
    try:
        action: RecoveryAction = kind(plugin.info)
        outcome = action.recover(failure, diagnosis, context)
    except DagogyError:
        raise
    except BaseException as error:
        if is_stop(error):
            raise
        plugin.fail(f"it raised {type(error).__name__}: {error}")
        raise plugin.error() from error
    if not isinstance(outcome, RecoveryOutcome):
        plugin.fail(f"it answered with {type(outcome).__name__}, not with a RecoveryOutcome")
        raise plugin.error()
    if plugin.info.safety == "manual" and (outcome.changed or outcome.environment or outcome.run_id):
        plugin.fail("it is manual and says that it changed something")
        raise plugin.error()
    return outcome


class _Context(RecoveryContext):
    """What an action gets from us."""

    def __init__(self, recovery: Recovery, failure: Failure) -> None:
        self._recovery = recovery
        self.run, self.run_id = recovery.at.path, recovery.at.id
        self.ran: list[dict[str, Any]] = []

    @cached_property
    def providers(self) -> Sequence[str]:  # type: ignore[override]
        return [p.id for p in self._recovery.host.load("provider") if p.state == "ready"]

    def setting(self, name: str) -> str:
        value, _ = self._recovery.settings.raw(name)
        return "" if value is None else str(value)

    def in_file(self, name: str) -> bool:
        settings = self._recovery.settings
        return settings.file.get(name.lower()) not in (None, "")

    def dagogy(self, *arguments: str, environment: Mapping[str, str] | None = None) -> CommandResult:
        self._recovery.say(f"  dagogy {' '.join(arguments)}")
        result = self._recovery.command(arguments, environment or {})
        self.ran.append({"command": ["dagogy", *arguments], "exit_status": result.exit_status, "told": told(result)})
        return result

    def keep(self, relative: str) -> Path | None:
        run = self._recovery.at
        if not run.exists(relative):
            return None
        data = run.read(relative)
        path = Path(relative)
        kept = f"{_KEPT}/{path.stem}-{content_hash(data)[:12]}{path.suffix}"
        if not run.exists(kept):
            run.write(kept, data)
        return run.path / kept

    def spec_problems(self) -> Sequence[str]:
        run = self._recovery.at
        if not run.exists(SPEC):
            return [f"{SPEC} is missing"]
        from dagogy.contracts.documents import decode_topic_spec

        return [str(p) for p in decode_topic_spec(run.read(SPEC)).problems]
