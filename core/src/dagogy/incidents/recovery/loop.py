"""What helps against a failure: the installed recovery actions one after the other, and after each the failed
command once more.

Only its exit status 0 means resolved. An answer that is unknown, probable or ambiguous leads to no action.

A failed command is run again only where its record bears the seal of this user on this machine; one that came
in with an archive, or from another user or host, is shown in full and nothing is done. It is run in the
current folder. A command that writes outside the run, removes something, or names a provider or model needs
`--unsafe`. Once it ended well, artifacts that are stale are made anew, up to `iterate`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dagogy.api.incidents import Failure
from dagogy.host.manager import Host
from dagogy.incidents.diagnose import Verdict, diagnose, examine
from dagogy.incidents.recovery.actions import Actions, RecoveryOptions
from dagogy.incidents.recovery.attempts import Attempts, passive
from dagogy.incidents.recovery.incident import Incident
from dagogy.incidents.recovery.report import Journal, RecoveryReport, RecoveryStep
from dagogy.incidents.recovery.rerun import Rerun
from dagogy.workspace.runs import Run
from dagogy.workspace.settings import Settings

#: Actions in one recovery.
MOST_ACTIONS = 8


class Recovery:
    """The loop over one run's failure. `say` gets a line for people at each step."""

    def __init__(
        self,
        host: Host,
        settings: Settings,
        run: Run,
        options: RecoveryOptions,
        progress: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.host, self.settings, self.run, self.options = host, settings, run, options
        self.journal = Journal(run, settings.environ, progress)
        self.rerun = Rerun(settings, run, options.limits, options.extra, self.journal)
        self.attempts = Attempts(self.rerun, self.journal, self._verdict)
        self.actions = Actions(host, self.rerun, self.journal, options)

    def plan(self, incident: Incident) -> RecoveryReport:
        """What `recover` would do first; changes nothing."""
        report = self._report(incident)
        if self._kept_from(report):
            return report
        if report.verdict.outcome == "diagnosed":
            chosen = self.actions.of(report)
            report.planned = [
                p
                for p in chosen
                if self.actions.allowed(p) and not self.actions.is_idle(p, incident.failure, report)
            ]
            self.actions.leave_to_people(report, incident.failure)
            report.hidden = [
                p for p in report.hidden if not self.actions.is_idle(p, incident.failure, report)
            ]
            report.reason = "nothing was done: --dry-run"
        return report

    def recover(self, incident: Incident, verdict: Verdict | None = None) -> RecoveryReport:
        """Carries out what may be done until the failed command ends with exit status 0,
        or nothing is left to try.

        `verdict`: what `plan` made of the incident a moment ago, so that the machine is not looked at twice.
        """
        report = self._report(incident, verdict)
        if self._kept_from(report):
            return report
        if incident.consent:
            self.journal.progress(f"with your consent ({incident.consent}): {incident.line}")
        self.journal.event(
            "recovery_started",
            incident=report.verdict.incident_id,
            failure=incident.failure.source,
            command=list(incident.command),
        )
        self.journal.saw(report.verdict, incident.failure)
        self._report_another_provider(incident)
        seen: dict[str, str] = {}
        try:
            report.failure = self._loop(report, incident.failure, seen)
            if report.verdict.refuted and report.unaided is None and not report.steps:
                # The incident is not there now: it may be over. No action is taken on it, and the failed
                # command decides.
                report.failure = self._loop(
                    report, self.attempts.unaided(report, incident.command, report.failure), seen
                )
            if not report.resolved:
                self.actions.leave_to_people(report, report.failure)
        except BaseException as error:
            report.reason = f"cut short: {type(error).__name__}"
            self.journal.ended(report, seen, self.rerun.at.id)
            raise
        report.run_id = self.rerun.at.id
        self.journal.ended(report, seen, self.rerun.at.id)
        return report

    def _kept_from(self, report: RecoveryReport) -> bool:
        """Whether the failed command may not be run again. Then nothing is done at all: nothing else could
        show that it helped.
        """
        incident = report.incident
        if incident.barred:
            report.reason = f"the failed command is not run again: {incident.barred}"
        elif incident.consent and not self.options.unsafe:
            report.reason = f"the failed command is not run again without --unsafe: {incident.consent}"
        else:
            return False
        report.kept = True
        return True

    def _report_another_provider(self, incident: Incident) -> None:
        """Whoever recovers may have other settings than whoever failed; what another provider answers is no
        merit of an action.
        """
        before, now = incident.failure.provider, self.settings.get("AGENT_PROVIDER")
        if before and before != now and "--provider" not in " ".join(incident.command):
            self.journal.progress(
                f"  it failed with provider '{before}'; AGENT_PROVIDER is '{now}' here: export "
                f"AGENT_PROVIDER={before} tries the same one again"
            )

    def _verdict(self, failure: Failure, *, own: bool = True) -> Verdict:
        """Which incident it is. `own`: whether the failure is of a command that this user ran."""
        if not self.options.probes:
            return diagnose(self.host, failure)
        verdict = examine(self.host, self.settings, failure, self.rerun.at.path, own=own)
        self.journal.report_observations(verdict.observations)
        return verdict

    def _report(self, incident: Incident, verdict: Verdict | None = None) -> RecoveryReport:
        verdict = verdict or self._verdict(incident.failure, own=not incident.barred)
        began_with = verdict.refuted or verdict.incident_id
        report = RecoveryReport(
            incident,
            began_with,
            verdict,
            incident.failure,
            exit_status=incident.exit_status,
            run_id=self.run.id,
        )
        if verdict.outcome != "diagnosed":
            report.reason = passive(verdict)
        return report

    def _loop(self, report: RecoveryReport, failure: Failure, seen: dict[str, str]) -> Failure:
        """Returns the failure that stands at the end; `seen` collects the incidents that were met, each with
        the action that led past it.
        """
        command: Sequence[str] = report.incident.command
        tried: set[tuple[str, ...]] = set()
        while self._goes_on(report, seen):
            incident = report.verdict.incident_id
            self.rerun.failed(failure)
            mark = _fingerprint(report.verdict, failure)
            plugin = self.actions.next(report, failure, mark, tried)
            if plugin is None:
                failure = self._without_action(report, command, failure)
                if report.reason:
                    break
                continue
            before = self.rerun.digest()
            step = self.actions.act(
                plugin, failure, report.verdict, sum(s.action is plugin for s in report.steps)
            )
            report.steps.append(step)
            tried |= _not_again(step, incident, failure)
            if step.outcome != "changed":
                failure = self.attempts.deeper(report, failure, step)
                continue
            command = self.rerun.moved(command, step)
            report.reason = self.rerun.spent() or self.rerun.unfit(command)
            if report.reason:
                break
            failure = self.attempts.again(report, step, command, failure)
            if report.resolved or report.verdict.incident_id != incident:  # it led past this one
                seen[incident] = plugin.id
            if (
                not report.resolved
                and _fingerprint(report.verdict, failure) == mark
                and self._is_idle(step, before)
            ):
                report.reason = "the same failure again with nothing changed"
                break
        return failure

    def _goes_on(self, report: RecoveryReport, seen: dict[str, str]) -> bool:
        """Whether something more may be tried against the incident that was met, which is noted; where a
        limit is reached, the report says which.
        """
        if report.verdict.outcome != "diagnosed" or report.resolved:
            return False
        seen.setdefault(report.verdict.incident_id, "")
        report.reason = (
            f"{MOST_ACTIONS} actions did not help"
            if len(report.steps) == MOST_ACTIONS
            else self.rerun.spent()
        )
        return not report.reason

    def _without_action(self, report: RecoveryReport, command: Sequence[str], failure: Failure) -> Failure:
        """The failed command as it was, once, where no action is left and none led to an attempt. Returns the
        failure that stands then.

        The report has a reason where the loop ends.
        """
        done = report.unaided is not None or any(s.retry for s in report.steps)
        if not self.options.unaided or done or not self.rerun.whole(command):
            report.reason = "no action is left that may be carried out"
            return failure
        return self.attempts.unaided(report, command, failure)

    def _is_idle(self, step: RecoveryStep, before: str) -> bool:
        """Whether a step led nowhere and is not to be repeated: the run is as it was `before`, by its digest,
        and so are settings and limits.
        """
        moved = step.environment or step.run_id or step.action.info.times != 1
        return not moved and self.rerun.digest() == before and not self.rerun.spent()


def _not_again(step: RecoveryStep, incident: str, failure: Failure) -> set[tuple[str, ...]]:
    """The mark of an action that changed a setting or needed consent: once is enough for what costs
    something, in whatever words the failure comes back.
    """
    costly = step.action.info.times == 1 and (step.environment or step.action.info.safety == "unsafe")
    return {(step.action.id, incident, failure.provider)} if costly else set()


def _fingerprint(verdict: Verdict, failure: Failure) -> tuple[str, ...]:
    return verdict.incident_id, failure.code, failure.message, failure.text[-2000:]
