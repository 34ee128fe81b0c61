"""The failed command run again, in a process of its own, and what the run is like before and after."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError
from dagogy.api.incidents import Failure
from dagogy.api.recoveries import CommandResult
from dagogy.api.secrets import redacted
from dagogy.incidents.commands import overlaid, run_command, under
from dagogy.incidents.limits import Limits
from dagogy.incidents.recovery.incident import on_run
from dagogy.incidents.recovery.report import Journal, RecoveryStep, message_of
from dagogy.workspace.circuits import Breakers
from dagogy.workspace.events import read_events, utc_now
from dagogy.workspace.files import hash_file, walk
from dagogy.workspace.runs import Run
from dagogy.workspace.settings import Settings
from dagogy.workspace.stages import EVENTS, FAILURES

_WITHHELD = re.compile(r"\[redacted\]|\[[A-Z][A-Z0-9_]*\]")


class Rerun:
    """The failed command, and whatever an action runs: in the current folder, within what is left of the
    limits, on the recovery's account.

    `extra` goes before every command's arguments.
    """

    def __init__(
        self, settings: Settings, run: Run, limits: Limits, extra: Sequence[str], journal: Journal
    ) -> None:
        self.settings, self.run, self.limits, self.extra, self.journal = (
            settings,
            run,
            limits,
            tuple(extra),
            journal,
        )
        self.at = run  # the run at work on: a fresh one may take the place of the failed one
        self.failed_providers: list[str] = []
        self.base: Mapping[str, str] = {}  # the settings under which the failure at hand came about
        self._attempts = 0
        self._began = utc_now()

    def failed(self, failure: Failure) -> None:
        """Notes the provider that failed, for the action that chooses another one."""
        if failure.provider and failure.provider not in self.failed_providers:
            self.failed_providers.append(failure.provider)

    def moved(self, command: Sequence[str], step: RecoveryStep) -> Sequence[str]:
        """`command` on the run that an action named to go on with, if it did."""
        if not step.run_id:
            return command
        command = on_run(command, self.at.id, step.run_id)
        self.at = Run(self.run.path.parent / step.run_id)
        return command

    def spent(self) -> str:
        """Which limit is reached; "" while something may be done."""
        return self.limits.spent(self._attempts, self._calls())

    def _calls(self) -> float:
        """The requests to a service since this recovery began, as the logs of its runs tell."""
        total = 0.0
        for run in {self.run, self.at}:
            with contextlib.suppress(DagogyError):
                for event in read_events(run.path / EVENTS):
                    usage = event.get("usage")
                    if (
                        event.get("event") == "provider_asked"
                        and str(event.get("at_utc")) >= self._began
                        and isinstance(usage, dict)
                    ):
                        calls = usage.get("calls")
                        total += calls if isinstance(calls, int | float) else 0
        return total

    def unfit(self, command: Sequence[str]) -> str:
        """Why the failed command cannot be run again; "" when it can."""
        return (
            ""
            if self.whole(command)
            else (
                "the failed command is not recorded whole (it held a secret, or names another run): run it "
                "again yourself"
            )
        )

    def whole(self, command: Sequence[str]) -> bool:
        """Whether it can be run again as it was: recorded with all its words, and about this run."""
        return self.at.id in command and not any(_WITHHELD.search(word) for word in command)

    def make_way(self, failure: Failure) -> None:
        """After an action the command run again is the trial of the circuit breaker that
        its failure may have opened.
        """
        if failure.endpoint and failure.details.get("cause") != "circuit_open":
            with contextlib.suppress(DagogyError):
                Breakers(self.at.path.parent).half_open(failure.provider, failure.endpoint)

    def retry(
        self,
        command: Sequence[str],
        settings: Mapping[str, str],
        failure: Failure,
        action: str,
        incident: str,
    ) -> CommandResult:
        """The failed command once more. The settings of this attempt win over its options; on whose account
        it runs is in DAGOGY_RECOVERY.
        """
        words = under(command, settings)
        shown = "".join(f"{name}={shlex.quote(value)} " for name, value in settings.items())
        self.journal.progress(f"  again: {shown}dagogy {' '.join(words)}")
        self._attempts += 1
        result = self.command(
            words, {**settings, **self.account(failure, action, incident, environment=dict(settings))}
        )
        self.journal.progress(f"  exit status {result.exit_status}: {message_of(result)}")
        self.journal.event(
            "recovery_retried",
            action=action,
            command=list(words),
            environment=dict(settings),
            exit_status=result.exit_status,
            told=message_of(result),
        )
        return result

    def account(self, failure: Failure, action: str, incident: str, **more: Any) -> dict[str, str]:
        """The setting that tells a command on whose account it runs: for its trace, its record, and whoever
        counts incidents.
        """
        facts = {"action": action, "incident": incident, "record": Path(failure.source).name, **more}
        return {"DAGOGY_RECOVERY": json.dumps(redacted(facts, self.journal.secrets))}

    def command(self, arguments: Sequence[str], environment: Mapping[str, str]) -> CommandResult:
        """Runs a command in the current folder, never in a recorded one, within
        what is left of the limits.
        """
        missing = [word for word in self.extra if word not in arguments]
        given = {**self.limits.as_settings(self._calls(), self.settings), **environment}
        return run_command(
            [*missing, *arguments],
            overlaid(self.settings.environ, given),
            self.settings.folder,
            self.limits.seconds_left,
        )

    def records(self) -> set[str]:
        folder = self.at.path / FAILURES
        return {p.name for p in folder.glob("*.json")} if folder.is_dir() else set()

    def digest(self) -> str:
        """The content of the run but for its logs, its history, and the reports, which tell of the rest and
        of how long that took.
        """
        total = hashlib.sha256()
        with contextlib.suppress(OSError):
            for path in (Path(e.path) for e in walk(self.at.path) if e.is_file(follow_symlinks=False)):
                name = path.relative_to(self.at.path).as_posix()
                if not name.startswith(("logs/", "outputs/reviews/", ".")) and name != "run.json":
                    with contextlib.suppress(DagogyError):
                        total.update(f"{name}\0{hash_file(path)}\0".encode(errors="backslashreplace"))
        return total.hexdigest()
