"""Which incident is it? Every installed classifier is asked by itself; the strongest evidence
wins, and a tie is no answer.

A look at the machine settles some ties, and keeps an answer from being acted on that it shows to be wrong.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dagogy.api.dialects import LogDialect
from dagogy.api.errors import InternalError, PluginError
from dagogy.api.failure_evidence import FailureEvidence
from dagogy.api.incidents import Diagnosis, Failure, Rank
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.incidents.dialects import installed

if TYPE_CHECKING:
    from dagogy.incidents.probing import ProbeObservation
    from dagogy.workspace.settings import Settings

UNKNOWN = "unknown"
_SUCCEEDED = "exit status 0 and an answer that parses: this is no failure"
_NOBODY = "no classifier knows this failure"


@dataclass(frozen=True, slots=True)
class ClassifierAnswer:
    """A diagnosis and the classifier that gave it."""

    diagnosis: Diagnosis
    plugin: Plugin

    @property
    def tentative(self) -> bool:
        """Whether it is a guess."""
        return bool(getattr(self.plugin.info, "tentative", False))

    def as_dict(self) -> dict[str, Any]:
        found = self.diagnosis
        return {
            "incident": found.incident_id,
            "rank": found.rank.name.lower(),
            "confidence": found.confidence,
            "tentative": self.tentative,
            "evidence": list(found.evidence),
            "classifier": self.plugin.id,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the classifiers make of a failure.

    `best`: one answer when it is `diagnosed` or `probable`, all equally strong ones when it is `ambiguous`,
    none when it is `unknown`, or when a service speaks that no provider asks (`foreign_service`; `reason`
    names it). Only what is `diagnosed` may be acted on; `probable` is the guess of a tentative classifier
    where no other one answers. `others`: the weaker ones. `broken`: the classifiers
    that could not be asked, and why. `looks`: what probes found. `refuted`: the incident that the text told
    of and a probe found not to be there.
    """

    outcome: Literal["diagnosed", "probable", "ambiguous", "unknown", "foreign_service"]
    best: Sequence[ClassifierAnswer] = ()
    others: Sequence[ClassifierAnswer] = ()
    broken: Sequence[str] = ()
    reason: str = ""
    observations: Sequence[ProbeObservation] = ()
    refuted: str = ""

    @property
    def incident_id(self) -> str:
        """The incident to act on: `unknown` unless there is exactly one."""
        return self.best[0].diagnosis.incident_id if self.outcome == "diagnosed" else UNKNOWN

    @property
    def told(self) -> str:
        """The incident to tell people of: also one that is only probable."""
        return self.best[0].diagnosis.incident_id if self.outcome == "probable" else self.incident_id

    def seen(self, failure: Failure) -> dict[str, Any]:
        """The facts of the event `probed`."""
        probes = [observation.as_dict() for observation in self.observations]
        return {
            "record": Path(failure.source).name,
            "incident": self.incident_id,
            "outcome": self.outcome,
            "probes": probes,
        }

    def as_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "incident": self.told,
            "reason": self.reason,
            "diagnoses": [a.as_dict() for a in self.best],
            "others": [a.as_dict() for a in self.others],
            "broken_classifiers": list(self.broken),
            "refuted": self.refuted,
            "probes": [observation.as_dict() for observation in self.observations],
        }


def diagnose(host: Host, failure: Failure) -> Verdict:
    """Asks all classifiers. One that raises, or answers with what it must not, is named and left out."""
    dialects, broken = installed(host)
    if FailureEvidence.of(failure, dialects).succeeded:
        return Verdict("unknown", reason=_SUCCEEDED)
    verdict = _heard(host, failure, dialects, broken)
    silent = [p.error().message for p in host.all("dialect") if p.state == "failed"]
    named = dict.fromkeys([*verdict.broken, *silent])
    return replace(verdict, broken=tuple(named))


def _heard(host: Host, failure: Failure, dialects: Sequence[LogDialect], broken: list[str]) -> Verdict:
    """The verdict of those that know, without answers about a service where another's speaks; else of those
    that guess.
    """
    crashed = asked_nobody(failure)
    asked = [p for p in host.load("classifier") if not (crashed and getattr(p.info, "service", False))]
    guessing = [p for p in asked if getattr(p.info, "tentative", False)]
    answers = _answers(host, [p for p in asked if p not in guessing], failure, dialects, broken)

    def disowned(by: Sequence[Plugin]) -> str:
        return _disowned(host, by, failure, dialects, broken)

    kept, reason = _owned(answers, guessing, disowned)
    if kept or not reason:
        return judge(kept or _answers(host, guessing, failure, dialects, broken), broken)
    return Verdict("foreign_service", (), (), tuple(broken), reason)


def _owned(
    answers: Sequence[ClassifierAnswer],
    guessing: Sequence[Plugin],
    disowned: Callable[[Sequence[Plugin]], str],
) -> tuple[list[ClassifierAnswer], str]:
    """The answers without those about a service that are made of another's failure, and why that is one: each
    classifier disowns its own, one that guesses all of them.
    """
    reason = ""
    kept = [answer for answer in answers if not _serves(answer)]
    for answer in filter(_serves, answers):
        why = disowned([answer.plugin])
        reason = reason or why
        kept += [] if why else [answer]
    if any(map(_serves, kept)):
        why = disowned(guessing)
        if why:
            return [answer for answer in kept if not _serves(answer)], reason or why
    return kept, reason


def _answers(
    host: Host,
    plugins: Sequence[Plugin],
    failure: Failure,
    dialects: Sequence[LogDialect],
    broken: list[str],
) -> list[ClassifierAnswer]:
    """What these classifiers answer; why one could not be asked is added to `broken`."""
    answers = []
    for plugin in plugins:
        try:
            found = _ask(host, plugin, failure, dialects)
        except PluginError as error:
            broken.append(error.message)
            continue
        if found is not None:
            answers.append(ClassifierAnswer(found, plugin))
    return answers


def _serves(answer: ClassifierAnswer) -> bool:
    return bool(getattr(answer.plugin.info, "service", False))


def _disowned(
    host: Host,
    plugins: Sequence[Plugin],
    failure: Failure,
    dialects: Sequence[LogDialect],
    broken: list[str],
) -> str:
    """Why it is the failure of a service or program that no provider asks; empty where no classifier says
    so.
    """
    for plugin in plugins:
        try:
            reason = _called(host, plugin, failure, dialects, "disowns")
        except PluginError as error:
            broken.append(error.message)
            continue
        if reason:
            return str(reason)
    return ""


def asked_nobody(failure: Failure) -> bool:
    """Whether it was code that failed, and none that asks a service: dagogy's own, a rule, an exporter, or a
    provider that has no endpoint.
    """
    if failure.code == InternalError.code:
        return True
    return failure.code == PluginError.code and not (
        failure.endpoint and failure.details.get("kind") in (None, "provider")
    )


def examine(
    host: Host, settings: Settings, failure: Failure, run: Path | None = None, *, own: bool
) -> Verdict:
    """Asks the classifiers, then the probes of the incidents in question; all probes where it is unknown, as
    evidence for whoever takes it up.

    `own`: whether the failure is this user's own. Of any other one probes do not get the addresses: they look
    where the settings point, and a record out of an archive makes this machine connect to nothing.
    """
    from dagogy.incidents.probing import ask

    verdict = diagnose(host, failure)
    if verdict.reason == _SUCCEEDED:
        return verdict
    shown = failure if own else replace(failure, endpoint="", details={})
    return settled(
        verdict,
        ask(host, settings, shown, run, about={a.diagnosis.incident_id for a in verdict.best} or None),
    )


def settled(verdict: Verdict, observations: Sequence[ProbeObservation]) -> Verdict:
    """The verdict with what the probes found.

    Of equally strong answers the one that alone is confirmed holds. One that is refuted is not acted on, and
    nothing takes its place: that a fault cannot be there does not say which one is. What is unknown stays so.
    A probe against another's word counts for nothing.
    """
    verdict = replace(verdict, observations=tuple(observations))
    confirming = {i: observation for observation in observations for i in observation.result.confirms}
    refuting = {
        i: observation
        for observation in observations
        for i in observation.result.refutes
        if i not in confirming
    }
    ids = {a.diagnosis.incident_id for a in verdict.best}
    if verdict.told in refuting:
        return _refuted(verdict, refuting[verdict.told])
    confirmed = {
        i
        for i in ids & set(confirming)
        if not any(i in observation.result.refutes for observation in observations)
    }
    if verdict.outcome == "ambiguous" and len(confirmed) == 1:
        (incident,) = confirmed
        return _chosen(verdict, incident, confirming[incident])
    return verdict


def _refuted(verdict: Verdict, observation: ProbeObservation) -> Verdict:
    """A verdict whose incident a probe found not to be there. Of a guess nothing is left."""
    incident = verdict.told
    if verdict.outcome == "probable":
        return replace(verdict, outcome="unknown", best=(), others=(), reason=_NOBODY)
    seen = f"{observation.result.subject}: {observation.result.message}"
    reason = (
        f"the failure points to {incident}, but probe {observation.probe} finds that it is not there "
        f"now: {seen}"
    )
    return replace(verdict, outcome="ambiguous", reason=reason, refuted=incident)


def _chosen(verdict: Verdict, incident: str, observation: ProbeObservation) -> Verdict:
    """An ambiguous verdict of which a probe confirmed one answer."""
    chosen = next(a for a in verdict.best if a.diagnosis.incident_id == incident)
    rest = [a for a in verdict.best if a is not chosen]
    reason = (
        f"{verdict.reason}; probe {observation.probe} settles it: {observation.result.subject}: "
        f"{observation.result.message}"
    )
    return replace(
        verdict, outcome="diagnosed", best=(chosen,), others=(*rest, *verdict.others), reason=reason
    )


def judge(answers: Sequence[ClassifierAnswer], broken: Sequence[str] = ()) -> Verdict:
    """Orders the answers by rank and weight."""
    ordered = sorted(answers, key=lambda a: (a.diagnosis.rank, -a.diagnosis.weight, a.plugin.id))
    if not ordered:
        return Verdict("unknown", broken=tuple(broken), reason=_NOBODY)
    top = _strength(ordered[0].diagnosis)
    best = [a for a in ordered if _strength(a.diagnosis) == top]
    others = [a for a in ordered if _strength(a.diagnosis) != top]
    ids = sorted({a.diagnosis.incident_id for a in best})
    if len(ids) > 1:
        return Verdict(
            "ambiguous",
            tuple(best),
            tuple(others),
            tuple(broken),
            f"equally strong evidence for {' and '.join(ids)}",
        )
    rest = (*best[1:], *others)
    if best[0].tentative:
        reason = f"probably {ids[0]}, by the wording alone: {_NOBODY}"
        return Verdict("probable", (best[0],), rest, tuple(broken), reason)
    return Verdict("diagnosed", (best[0],), rest, tuple(broken))


def _strength(diagnosis: Diagnosis) -> tuple[Rank, int]:
    return diagnosis.rank, diagnosis.weight


def _ask(host: Host, plugin: Plugin, failure: Failure, dialects: Sequence[LogDialect]) -> Diagnosis | None:
    """One classifier's answer. Whatever goes wrong in it is its own `PluginError`."""
    found = _called(host, plugin, failure, dialects, "classify")
    if found is None:
        return None
    if not isinstance(found, Diagnosis):
        plugin.fail(f"it answered with {type(found).__name__}, not with a Diagnosis")
        raise plugin.error()
    if found.incident_id not in plugin.info.incidents:
        plugin.fail(f"it answered '{found.incident_id}', which is not one of its incidents")
        raise plugin.error()
    if not found.evidence or not isinstance(found.rank, Rank):
        plugin.fail(f"its answer '{found.incident_id}' comes without evidence or rank")
        raise plugin.error()
    return found


def _called(
    host: Host,
    plugin: Plugin,
    failure: Failure,
    dialects: Sequence[LogDialect],
    method: Literal["classify", "disowns"],
) -> Any:
    kind = host.implementation(plugin)
    # A third party's cannot change what the next one is shown.
    shown = failure if plugin.ours else copy.deepcopy(failure)

    def called() -> Any:
        classifier = kind(plugin.info)
        classifier.dialects = dialects
        return getattr(classifier, method)(shown)

    return plugin.call(called, typed=False, timed=True)
