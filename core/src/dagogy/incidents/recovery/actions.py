"""The recovery actions of a diagnosed incident: which may be carried out, what each of them gets
from us, and what came of it.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError, StorageError
from dagogy.api.incidents import Diagnosis, Failure
from dagogy.api.probes import ProbeResult
from dagogy.api.recoveries import CommandResult, RecoveryContext, RecoveryOutcome
from dagogy.host.calls import OutOfTime
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.incidents.budget import deadline
from dagogy.incidents.commands import GRACE_SECONDS
from dagogy.incidents.diagnose import Verdict
from dagogy.incidents.limits import Limits
from dagogy.incidents.probing import ask
from dagogy.incidents.recovery.report import Journal, RecoveryReport, RecoveryStep, message_of
from dagogy.incidents.recovery.rerun import Rerun
from dagogy.workspace.files import content_hash, unlinked
from dagogy.workspace.provenance import is_made_here
from dagogy.workspace.runs import REPLACED_BY, REPLACES, Run, Runs, is_run_id
from dagogy.workspace.stages import SPEC

#: Seconds that an action may wait at a time.
_LONGEST_WAIT = 120.0
_KEPT = "logs/kept"


@dataclass(frozen=True, slots=True)
class RecoveryOptions:
    """What a recovery may do. `unsafe`: consent to the actions that need it. `only`: the id of the one action
    that is meant. `probes`: whether the machine is looked at. `unaided`: whether the failed command is run
    again where no action may be carried out, since a person may have fixed it meanwhile. `extra` goes before
    every command's arguments.
    """

    unsafe: bool = False
    only: str = ""
    probes: bool = True
    unaided: bool = True
    limits: Limits = field(default_factory=Limits)
    extra: Sequence[str] = ()


class Actions:
    """The installed recovery actions: which of them may be carried out, and each of them carried out."""

    def __init__(self, host: Host, rerun: Rerun, journal: Journal, options: RecoveryOptions) -> None:
        self.host, self.rerun, self.journal, self.options = host, rerun, journal, options

    def next(
        self, report: RecoveryReport, failure: Failure, mark: tuple[str, ...], tried: set[tuple[str, ...]]
    ) -> Plugin | None:
        """The action to carry out now, marked as tried."""
        for plugin in self.of(report):
            marks = {(plugin.id, report.verdict.incident_id, failure.provider), (plugin.id, *mark)}
            if (
                self.allowed(plugin)
                and not marks & tried
                and (plugin.info.times == 1 or self._may_repeat(plugin, report))
            ):
                if plugin.info.times == 1:
                    tried.add((plugin.id, *mark))
                return plugin
        return None

    def _may_repeat(self, plugin: Plugin, report: RecoveryReport) -> bool:
        """Whether an action that may be carried out several times may be now: it stops when there was nothing
        that it could do.
        """
        outcomes = [s.outcome for s in report.steps if s.action is plugin]
        return len(outcomes) < plugin.info.times and all(outcome == "changed" for outcome in outcomes)

    def of(self, report: RecoveryReport) -> list[Plugin]:
        """The installed actions for the diagnosed incident, in order, but for those
        whose own setting is not set.

        One that cannot be described is named in the report.
        """
        found = []
        for plugin in self.host.load("recovery"):
            if plugin.state != "ready":
                message = plugin.error().message
                if message not in report.broken:
                    report.broken.append(message)
            elif plugin.info.consent and self.rerun.settings.raw(plugin.info.consent)[0] is None:
                continue
            elif report.verdict.incident_id in plugin.info.incidents and (
                self.options.only in ("", plugin.id)
            ):
                found.append(plugin)
        return sorted(found, key=lambda p: (p.info.order, p.id))

    def allowed(self, plugin: Plugin) -> bool:
        """What is unsafe needs consent: for this recovery, or by the setting that the action names."""
        return plugin.info.safety == "safe" or (
            plugin.info.safety == "unsafe" and (bool(plugin.info.consent) or self.options.unsafe)
        )

    def leave_to_people(self, report: RecoveryReport, failure: Failure) -> None:
        """The commands of the manual actions, and the count of what needs consent."""
        if report.verdict.outcome != "diagnosed":
            return
        for plugin in self.of(report):
            if plugin.info.safety == "manual":
                step = self.act(plugin, failure, report.verdict)
                if step.outcome == "failed":
                    report.broken.append(f"{plugin.id}: {step.message}")
                elif step.message or step.commands:
                    if not failure.source:  # no record could be written, so `recover` would find nothing
                        again = shlex.join(["dagogy", *report.incident.command])
                        step.commands = [
                            again if c == f"dagogy recover {self.rerun.at.id}" else c for c in step.commands
                        ]
                    report.manual.append(step)
            elif not self.allowed(plugin):
                report.hidden.append(plugin)

    def is_idle(self, plugin: Plugin, failure: Failure, report: RecoveryReport) -> bool:
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

    def act(self, plugin: Plugin, failure: Failure, verdict: Verdict, attempt: int = 0) -> RecoveryStep:
        """One action carried out. Whatever goes wrong in it is reported as its outcome."""
        context = _Context(self, plugin, failure, verdict, attempt)
        before = self.rerun.records()
        step = RecoveryStep(plugin, "failed", "", ran=context.ran)
        if plugin.info.safety != "manual":
            self.journal.progress(
                f"{plugin.info.safety} {plugin.id}: {plugin.info.summary}"
                + (f" ({plugin.info.reason})" if plugin.info.reason else "")
            )
        left = self.rerun.limits.seconds_left
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
            step.outcome = (
                "manual"
                if plugin.info.safety == "manual"
                else "changed"
                if outcome.changed or outcome.environment
                else "nothing to do"
            )
            step.message, step.commands, step.environment, step.run_id = (
                outcome.message,
                tuple(outcome.commands),
                outcome.environment,
                outcome.run_id,
            )
        step.records = sorted(self.rerun.records() - before)
        if plugin.info.safety != "manual":
            self.journal.progress(f"  {step.outcome}: {step.message}")
            self.journal.event(
                "recovery_action",
                action=plugin.id,
                safety=plugin.info.safety,
                outcome=step.outcome,
                message=step.message,
                environment=dict(step.environment),
                ran=step.ran,
                records=step.records,
            )
        return step

    def _check(self, plugin: Plugin, outcome: RecoveryOutcome) -> None:
        """Raises `PluginError` that blames the action for an outcome that cannot be worked with."""
        words = [outcome.message, outcome.run_id, *_flat(outcome.commands), *_flat(outcome.environment)]
        reason = (
            ""
            if all(isinstance(w, str) and "\0" not in w for w in words)
            else "its outcome has other than texts where texts are wanted"
        )
        if (
            not reason
            and outcome.run_id
            and outcome.run_id not in Runs(self.rerun.run.path.parent, self.rerun.settings.environ).ids()
        ):
            reason = f"it names a run to go on with that is none: '{outcome.run_id}'"
        if reason:
            plugin.fail(reason)
            raise plugin.error()


def _flat(value: Any) -> list[Any]:
    """The words of a list, or of a table, that a plugin gave; None for what is neither."""
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    return list(value) if isinstance(value, list | tuple) else [None]


def _ask(
    host: Host, plugin: Plugin, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext
) -> RecoveryOutcome:
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

    def __init__(
        self, actions: Actions, plugin: Plugin, failure: Failure, verdict: Verdict, attempt: int
    ) -> None:
        self._action, self._incident = plugin.id, verdict.incident_id
        self.attempt, self.failed_providers = attempt, tuple(actions.rerun.failed_providers)
        self._actions, self._rerun, self._failure = actions, actions.rerun, failure
        self.probes = [observation.result for observation in verdict.observations]
        self.run, self.run_id = self._rerun.at.path, self._rerun.at.id
        self.ran: list[dict[str, Any]] = []

    @cached_property
    def providers(self) -> Sequence[str]:  # type: ignore[override]
        return [p.id for p in self._actions.host.load("provider") if p.state == "ready"]

    def setting(self, name: str) -> str:
        if name in self._rerun.base:
            return self._rerun.base[name]
        value, _ = self._rerun.settings.raw(name)
        return "" if value is None else str(value)

    def in_file(self, name: str) -> bool:
        return self._rerun.settings.in_file(name)

    def dagogy(self, *arguments: str, environment: Mapping[str, str] | None = None) -> CommandResult:
        self._actions.journal.progress(f"  dagogy {' '.join(arguments)}")
        account = self._rerun.account(self._failure, self._action, self._incident, role="action")
        result = self._rerun.command(arguments, {**(environment or {}), **account})
        self.ran.append(
            {"command": ["dagogy", *arguments], "exit_status": result.exit_status, "told": message_of(result)}
        )
        return result

    def wait(self, seconds: float) -> None:
        left = self._rerun.limits.seconds_left
        seconds = min(max(seconds, 0.0), _LONGEST_WAIT if left is None else min(left, _LONGEST_WAIT))
        self._actions.journal.progress(f"  waiting {seconds:.0f} s")
        time.sleep(seconds)

    def probe(self, probe_id: str, environment: Mapping[str, str] | None = None) -> Sequence[ProbeResult]:
        actions = self._actions
        if not actions.options.probes:
            return []
        observations = ask(
            actions.host,
            self._rerun.settings,
            self._failure,
            self.run,
            only=probe_id,
            environment=environment,
        )
        actions.journal.report_observations(observations)
        return [observation.result for observation in observations]

    def read(self, relative: str) -> bytes | None:
        run = self._rerun.at
        return run.read(plain_path(run, relative)) if run.exists(relative) else None

    def write(self, relative: str, data: bytes, run_id: str = "") -> None:
        run = self._rerun.at if not run_id or run_id == self.run_id else self._own(run_id)
        run.write(plain_path(run, relative), data)

    def replacement(self) -> str:
        return Runs(self.run.parent, self._rerun.settings.environ).replacement(self.run_id)

    def replace_by(self, run_id: str) -> None:
        fresh, old = self._own(run_id), self._rerun.at
        for run, name, other in ((fresh, REPLACES, old.id), (old, REPLACED_BY, fresh.id)):
            run.write(plain_path(run, name), f"{other}\n".encode())

    def _own(self, run_id: str) -> Run:
        run = Run(self.run.parent / run_id)
        if not is_run_id(run_id) or not is_made_here(run.path, self._rerun.settings.environ):
            raise StorageError(
                f"{run_id} is no run that you made here with 'dagogy init'",
                hint="'dagogy list' shows the runs",
            )
        return run

    def keep(self, relative: str) -> Path | None:
        data, run = self.read(relative), self._rerun.at
        if data is None:
            return None
        path = Path(relative)
        kept = f"{_KEPT}/{path.stem}-{content_hash(data)[:12]}{path.suffix}"
        if not run.exists(plain_path(run, kept)):
            run.write(kept, data)
        return run.path / kept

    def spec_problems(self) -> Sequence[str]:
        run = self._rerun.at
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
