"""The failed command once more, after an action or as it was: which failure stands then,
and what the report says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dagogy.api.incidents import Failure
from dagogy.api.recoveries import CommandResult
from dagogy.incidents.diagnose import Verdict
from dagogy.incidents.parsing import from_text, read_record
from dagogy.incidents.recovery.report import (
    TYPED,
    Journal,
    RecoveryReport,
    RecoveryStep,
    failing_status,
    message_of,
)
from dagogy.incidents.recovery.rerun import Rerun
from dagogy.workspace.stages import FAILURES


class Attempts:
    """The attempts of one recovery. `diagnosed` says which incident a failure is."""

    def __init__(self, rerun: Rerun, journal: Journal, diagnosed: Callable[[Failure], Verdict]) -> None:
        self.rerun, self.journal, self._diagnosed = rerun, journal, diagnosed

    def again(
        self, report: RecoveryReport, step: RecoveryStep, command: Sequence[str], failure: Failure
    ) -> Failure:
        """The failed command after an action. Returns the failure that stands then.

        One that the attempt did not come to before keeps its settings for the next attempt; of one that did
        not change they are forgotten.
        """
        step.settings = {**self.rerun.base, **step.environment}
        self.rerun.make_way(failure)
        known = self.rerun.records()
        step.retry = self.rerun.retry(
            command, step.settings, failure, step.action.id, report.verdict.incident_id
        )
        if step.retry.ok:
            self._resolve(report, command)
            return failure
        before = report.verdict.incident_id, failure.provider
        failure = self._accepted(report, failure, step.retry, known)
        if (report.verdict.incident_id, failure.provider) != before:
            self.rerun.base = step.settings
        return failure

    def unaided(self, report: RecoveryReport, command: Sequence[str], failure: Failure) -> Failure:
        """The failed command as it was. Returns the failure that stands then."""
        report.reason = self.rerun.spent() or self.rerun.unfit(command)
        if report.reason:
            return failure
        known = self.rerun.records()
        report.unaided = self.rerun.retry(command, {}, failure, "", report.verdict.incident_id)
        if report.unaided.ok:
            self._resolve(report, command)
            return failure
        return self._accepted(report, failure, report.unaided, known)

    def _accepted(
        self, report: RecoveryReport, before: Failure, result: CommandResult, known: set[str]
    ) -> Failure:
        """What the command that was run again failed with. One that our own budget brought about says
        nothing: then `before` stands.
        """
        new = sorted(self.rerun.records() - known)
        if new:
            failure = read_record(self.rerun.at.path / FAILURES / new[-1])
        else:  # it could write none: it was killed, or the disk is full
            failure = from_text(
                result.text, str(result.exit_status), source="the output of the command that was run again"
            )
            failure = replace(failure, command=before.command, run_id=self.rerun.at.id)
        cut_short = self.rerun.limits.seconds_left == 0 and (failure.killed_by == "timeout" or not new)
        if cut_short or (self.rerun.spent() and failure.details.get("cause") == "calls_spent"):
            return before
        report.exit_status = failing_status(result)
        report.line = message_of(result) if TYPED.match(message_of(result)) else report.line
        report.verdict = self._diagnosed(failure)
        self.journal.saw(report.verdict, failure)
        if report.verdict.outcome != "diagnosed":
            report.reason = passive(report.verdict)
        return failure

    def deeper(self, report: RecoveryReport, failure: Failure, step: RecoveryStep) -> Failure:
        """When an action met another failure on its way, that is what has to be recovered from first."""
        if not step.records or step.run_id:
            return failure
        found = read_record(self.rerun.at.path / FAILURES / step.records[-1])
        verdict = self._diagnosed(found)
        if verdict.outcome != "diagnosed" or verdict.incident_id == report.verdict.incident_id:
            return failure
        report.verdict = verdict
        self.journal.progress(f"  which meets another incident: {verdict.incident_id}")
        return found

    def _resolve(self, report: RecoveryReport, command: Sequence[str]) -> None:
        report.resolved, report.exit_status, report.reason = (
            True,
            0,
            f"'dagogy {' '.join(command)}' ended with exit status 0",
        )


def passive(verdict: Verdict) -> str:
    """Why nothing is done: what is unknown, probable or ambiguous leads to no action."""
    return f"{verdict.reason}; no action is taken"
