"""Which incident is it? Every installed classifier is asked by itself; the strongest evidence wins, and a tie is no answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dagogy.api.errors import PluginError
from dagogy.api.evidence import Evidence
from dagogy.api.incidents import Diagnosis, Failure, Rank
from dagogy.host.manager import Host, Plugin

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """A diagnosis and the classifier that gave it."""

    diagnosis: Diagnosis
    plugin: Plugin

    def as_dict(self) -> dict[str, Any]:
        found = self.diagnosis
        return {
            "incident": found.incident_id,
            "rank": found.rank.name.lower(),
            "confidence": found.confidence,
            "evidence": list(found.evidence),
            "classifier": self.plugin.id,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the classifiers make of a failure.

    `best`: one answer when it is `diagnosed`, all equally strong ones when it is `ambiguous` (then nothing may be done about it),
    none when it is `unknown`. `others`: the weaker ones. `broken`: the classifiers that could not be asked, and why.
    """

    outcome: Literal["diagnosed", "ambiguous", "unknown"]
    best: Sequence[Answer] = ()
    others: Sequence[Answer] = ()
    broken: Sequence[str] = ()
    reason: str = ""

    @property
    def incident_id(self) -> str:
        """The incident to act on: `unknown` unless there is exactly one."""
        return self.best[0].diagnosis.incident_id if self.outcome == "diagnosed" else UNKNOWN

    def as_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "incident": self.incident_id,
            "reason": self.reason,
            "diagnoses": [a.as_dict() for a in self.best],
            "others": [a.as_dict() for a in self.others],
            "broken_classifiers": list(self.broken),
        }


def diagnose(host: Host, failure: Failure) -> Verdict:
    """Asks all classifiers. One that raises, or answers with what it must not, is named and left out."""
    if Evidence.of(failure).succeeded:
        return Verdict("unknown", reason="exit status 0 and an answer that parses: this is no failure")
    answers: list[Answer] = []
    broken: list[str] = []
    for plugin in host.load("classifier"):
        try:
            found = _ask(host, plugin, failure)
        except PluginError as error:
            broken.append(error.message)
            continue
        if found is not None:
            answers.append(Answer(found, plugin))
    return judge(answers, broken)


def judge(answers: Sequence[Answer], broken: Sequence[str] = ()) -> Verdict:
    """Orders the answers by rank and weight."""
    ordered = sorted(answers, key=lambda a: (a.diagnosis.rank, -a.diagnosis.weight, a.plugin.id))
    if not ordered:
        return Verdict("unknown", broken=tuple(broken), reason="no classifier knows this failure")
    top = _strength(ordered[0].diagnosis)
    best = [a for a in ordered if _strength(a.diagnosis) == top]
    others = [a for a in ordered if _strength(a.diagnosis) != top]
    ids = sorted({a.diagnosis.incident_id for a in best})
    if len(ids) > 1:
        return Verdict("ambiguous", tuple(best), tuple(others), tuple(broken), f"equally strong evidence for {' and '.join(ids)}")
    return Verdict("diagnosed", (best[0],), (*best[1:], *others), tuple(broken))


def _strength(diagnosis: Diagnosis) -> tuple[Rank, int]:
    return diagnosis.rank, diagnosis.weight


def _ask(host: Host, plugin: Plugin, failure: Failure) -> Diagnosis | None:
    """One classifier's answer. Whatever goes wrong in it is its own `PluginError`."""
    kind = host.implementation(plugin)
    try:
        found = kind(plugin.info).classify(failure)
    except Exception as error:
        plugin.fail(f"it raised {type(error).__name__}: {error}")
        raise plugin.error() from error
    if found is None:
        return None
    if not isinstance(found, Diagnosis):
        plugin.fail(f"it answered with {type(found).__name__}, not with a Diagnosis")
        raise plugin.error()
    if found.incident_id not in plugin.info.incidents:
        plugin.fail(f"it answered '{found.incident_id}', which is none of its incidents")
        raise plugin.error()
    if not found.evidence or not isinstance(found.rank, Rank):
        plugin.fail(f"its answer '{found.incident_id}' comes without evidence or rank")
        raise plugin.error()
    return found
