"""Signatures: how an incident is recognised, as data. A classifier is, as a rule, a table of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import ClassVar

from dagogy.api._clues import Clue
from dagogy.api.failure_evidence import FailureEvidence
from dagogy.api.incidents import Classifier, Diagnosis, Failure, Rank

#: Packages whose exceptions say of themselves nothing of a service: Python's, those of HTTP clients and of
#: readers of JSON, and our own.
_COMMON = (
    r"(?:builtins|socket|ssl|http|urllib3?|requests|httpx2?|httpcore2?|h11|h2|aiohttp|websockets?"
    r"|asyncio|anyio|trio|concurrent|tenacity|system"
    r"|json\w*|jinja2|pydantic\w*|dagogy\w*)\.|[\w.]*(?:llm|model|_ai\b|\bai\b)"
)
#: What addresses of models have in common.
_ADDRESSES = r"(?<!/api)/v1\b|/v\d+\w*/projects|completions|messages|models|chat|generate|embeddings|llm"
_CONFIDENCE = {
    Rank.TYPED_CODE: 0.99,
    Rank.KILLED_BY: 0.9,
    Rank.MACHINE_CODE: 0.97,
    Rank.HTTP_STATUS: 0.9,
    Rank.EXCEPTION: 0.9,
    Rank.PROSE: 0.8,
    Rank.GENERIC: 0.6,
}
#: What each criterion adds to the weight of an answer.
_WEIGHTS = {
    "cause": 6,
    "machine": 4,
    "message": 2,
    "status": 1,
    "exception": 1,
    "errno": 2,
    "where": 2,
    "within": 2,
    "path": 2,
    "param": 2,
    "typed": 2,
}
#: The leaf of a chain of exceptions decides; one that it caused speaks only when the leaf says nothing.
_OUTER = -10
#: A signature that asks for nothing but the end of the process gives way to all that was printed before.
_LAST = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One way to recognise an incident. All that is given must hold of one and the same clue.

    `typed`: our own codes. `cause`: what a provider knows (`ProviderError.CAUSES`).
    `machine`: codes of an error body. `status`: HTTP statuses (`5xx` for all of them). `errno`: names of
    system errors. `exit`: exit statuses. `killed`: who sent the signal. Each of these is a list of words.
    `exception`: a pattern for the whole dotted name. `message`, `unless`, `where`, `within`, `path`, `param`:
    patterns for what the clue says (and must not say), what stands before it, the frames that an exception
    was raised in (`folder/file.py function`), and the file or parameter it is about;
    they ignore case, and `.*` or `[^x]+` reaches at most 300 characters. `general`: the code is used for
    other incidents too, so what the message says counts more. `rank`: only where the usual rank of such a
    clue is not meant.
    """

    incident: str
    typed: str = ""
    cause: str = ""
    machine: str = ""
    status: str = ""
    exception: str = ""
    errno: str = ""
    exit: str = ""
    killed: str = ""
    message: str = ""
    unless: str = ""
    where: str = ""
    within: str = ""
    path: str = ""
    param: str = ""
    general: bool = False
    rank: Rank | None = None
    confidence: float = 0.0

    def matches(self, clue: Clue) -> bool:
        """Whether all that is asked for holds of `clue`."""
        kind_text = {clue.kind: clue.text}
        given = (
            (self.typed, clue.typed),
            (self.cause, clue.cause),
            (self.errno, clue.errno),
            (self.exit, kind_text.get("exit")),
            (self.killed, kind_text.get("killed")),
        )
        return (
            all(not wanted or value in wanted.split() for wanted, value in given)
            and (not self.machine or not clue.codes.isdisjoint(self.machine.lower().split()))
            and (not self.status or _status_in(clue.status, self.status))
            and (
                not self.exception
                or (
                    clue.exception != ""
                    and re.search(rf"(?:^|\.)(?:{self.exception})$", clue.exception) is not None
                )
            )
            and self._patterns_match(clue)
        )

    def _patterns_match(self, clue: Clue) -> bool:
        if self.message and not (
            _found(self.message, clue.text) or (clue.tight and _found(self.message, clue.tight))
        ):
            return False
        asked = (
            (self.where, clue.where or (clue.text if clue.kind == "line" else "")),
            (self.within, clue.within),
            (self.path, clue.path),
            (self.param, clue.param),
        )
        return all(not pattern or _found(pattern, text) for pattern, text in asked) and not (
            self.unless and _found(self.unless, f"{clue.where}: {clue.exception}: {clue.text}")
        )

    def strength(self, clue: Clue) -> tuple[Rank, int]:
        """The rank and the weight of a match with `clue`."""
        weight = sum(value for name, value in _WEIGHTS.items() if getattr(self, name)) - (
            3 if self.general else 0
        )
        if clue.outer:
            weight += _OUTER
        return self.rank or self._rank(clue), weight

    def _rank(self, clue: Clue) -> Rank:
        if self.typed or self.cause:
            return Rank.TYPED_CODE
        if self.killed:
            return Rank.KILLED_BY
        if self.machine or self.param or (clue.kind == "body" and self.message):
            return Rank.MACHINE_CODE
        if self.status or (clue.status is not None and self.message and clue.kind != "typed"):
            return Rank.HTTP_STATUS
        return Rank.EXCEPTION if clue.kind in ("exception", "exit") or self.errno else Rank.PROSE


class SignatureClassifier(Classifier):
    """A classifier that is a table of signatures. Its answer is the strongest match; of two incidents of its
    own that match equally well it answers with none, since it cannot tell.
    """

    signatures: ClassVar[tuple[Signature, ...]] = ()
    #: Whether the incidents are about the provider or the way to it: then what exceptions of other services
    #: say is no evidence.
    about_the_provider: ClassVar[bool] = False
    #: Whether any service says it in the same words (a status, a key that is not known, too many requests):
    #: then no answer holds where another one speaks.
    said_by_any_service: ClassVar[bool] = False

    @cached_property
    def _known(self) -> tuple[Signature, ...]:
        return self.signatures

    def classify(self, failure: Failure) -> Diagnosis | None:
        evidence = FailureEvidence.of(failure, self.dialects)
        return strongest([*self.answers(evidence), *self.more(evidence)])

    def disowns(self, failure: Failure) -> str:
        if not self.said_by_any_service:
            return ""
        speaker = FailureEvidence.of(failure, self.dialects).another_speaker
        return (
            f"who speaks is {speaker}, which is no service or program that a provider asks" if speaker else ""
        )

    def answers(self, evidence: FailureEvidence) -> Iterable[Diagnosis]:
        """A diagnosis for every signature that matches a clue."""
        foreign = _foreign(
            tuple(d.packages for d in self.dialects if d.packages),
            tuple(d.addresses for d in self.dialects if d.addresses),
        )
        for clue in evidence.clues:
            if self.about_the_provider and clue.kind != "typed" and _of_another_service(clue, foreign):
                continue
            for signature in self._known:
                if signature.matches(clue):
                    yield _diagnosis(signature, clue, evidence)

    def more(self, evidence: FailureEvidence) -> Iterable[Diagnosis]:
        """What a table cannot say; to be overridden."""
        return ()


def strongest(found: Iterable[Diagnosis]) -> Diagnosis | None:
    """The answer of the best rank and weight, or None when two different incidents share it."""
    ordered = sorted(found, key=lambda d: (d.rank, -d.weight))
    if not ordered:
        return None
    best = ordered[0]
    rivals = {d.incident_id for d in ordered if (d.rank, d.weight) == (best.rank, best.weight)}
    return best if len(rivals) == 1 else None


def _diagnosis(signature: Signature, clue: Clue, evidence: FailureEvidence) -> Diagnosis:
    rank, weight = signature.strength(clue)
    confidence = signature.confidence or _CONFIDENCE[rank]
    if evidence.killed_by and rank > Rank.KILLED_BY:
        # We ended it: what it had printed until then says more than that we did.
        rank, weight = Rank.KILLED_BY, weight + 20 * (len(Rank) - rank)
    elif signature.killed or (signature.exit and not signature.message):
        weight += _LAST
    return Diagnosis(
        incident_id=signature.incident,
        rank=rank,
        confidence=confidence,
        evidence=clue.lines,
        weight=weight,
        retry_after_seconds=evidence.retry_after_seconds,
    )


@cache
def _foreign(
    packages: tuple[str, ...], addresses: tuple[str, ...]
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """An exception of a package that is neither among the common ones nor one that speaks of models, and an
    answer to a request for an address that is no model's. A connection refused to a database, or a key that a
    code forge does not know, has another remedy than one of the provider.
    """
    known = "|".join((_COMMON, *packages))
    exception = rf"(?:^|: |\()(?!{known})[a-z_]\w*(?:\.\w+)*\.\w+(?:Error|Exception)\b"
    asked = "|".join((_ADDRESSES, *addresses))
    answer = rf"\b(?:for url:?|while getting) '?https?://(?![^\s'\"]*(?:{asked}))"
    return re.compile(exception, re.IGNORECASE), re.compile(answer, re.IGNORECASE)


def _of_another_service(clue: Clue, foreign: tuple[re.Pattern[str], re.Pattern[str]]) -> bool:
    exception, answer = foreign
    return (
        exception.search(f"{clue.where}: {clue.exception}: {clue.text}") is not None
        or answer.search(clue.text) is not None
    )


#: A repetition of any character or of a class (`.*`, `[^"]+`, `\S+`) reaches so far. Without an end
#: a line that says the first words again and again, and never the last, would take time that grows
#: with the square of its length.
_REACH = 300
_ENDLESS = re.compile(r"(?<!\\)([.\]]|\\[wWsSdD])([*+])")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    bounded = _ENDLESS.sub(lambda m: f"{m[1]}{{{int(m[2] == '+')},{_REACH}}}", pattern)
    return re.compile(bounded, re.IGNORECASE)


def _found(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(text) is not None


def _status_in(status: int | None, wanted: str) -> bool:
    return status is not None and any(
        word == str(status) or (word.endswith("xx") and word[0] == str(status)[0]) for word in wanted.split()
    )
