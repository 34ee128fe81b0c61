"""Failures as facts, and what classifiers make of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar

from dagogy.api._bodies import parses
from dagogy.api.dialects import LogDialect
from dagogy.api.plugins import ClassifierInfo
from dagogy.api.remedies import Advice, Remedy, first_advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is known of a command that failed. Only facts: nothing here is a guess.

    `code` and `message`: ours, empty where the failure is only known from `text`, the tails of what was
    printed. `folder`: where `command` was run. `provider`, `endpoint` and `model`: who was asked.
    `exception_chain`: type and message of each exception, outermost first. `exit_status` (negative: ended by
    that signal) or `signal`, and `killed_by` where it is known who sent it: `timeout` (ours), `user` or
    `system`; `unknown` of a process that is just gone.
    `machine_code`: the innermost code a service or the system gave. `artifacts`: by path, `current`,
    `missing` or why it is stale. `source`: where this was read, for people. `at_utc`: when it
    failed, where that is known.
    """

    code: str = ""
    message: str = ""
    command: Sequence[str] = ()
    run_id: str = ""
    stage: str = ""
    provider: str = ""
    endpoint: str = ""
    model: str = ""
    folder: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    exception_chain: Sequence[tuple[str, str]] = ()
    errno: int | None = None
    exit_status: int | None = None
    signal: int | None = None
    killed_by: str = ""
    http_status: int | None = None
    machine_code: str = ""
    request_id: str = ""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    text: str = ""
    at_utc: str = ""


class Rank(IntEnum):
    """How strong a piece of evidence is; a lower rank wins (the precedence of DESIGN.md).

    `GENERIC` is one of our own codes or phrases that says only where it failed: it holds
    when nothing inside says why.
    """

    TYPED_CODE = 1
    KILLED_BY = 2
    MACHINE_CODE = 3
    HTTP_STATUS = 4
    EXCEPTION = 5
    PROSE = 6
    GENERIC = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a classifier says: the incident, on which rank of evidence, how sure (0 to 1), and
    the very lines that decided.

    `weight` orders answers of one rank: an answer that more facts agree on (the code and what the message
    beside it says, the error and the file it is about) beats one that fewer do. Two incidents of equal rank
    and weight are ambiguous.
    `retry_after_seconds`: how long the service said, at the time of the failure, that it will not answer;
    None where it did not say.
    """

    incident_id: str
    rank: Rank
    confidence: float
    evidence: Sequence[str]
    weight: int = 0
    retry_after_seconds: float | None = None


class Classifier:
    """Base of all classifiers. `dialects`: the installed log dialects, for
    `FailureEvidence.of`; the host sets them.
    """

    dialects: Sequence[LogDialect] = ()
    #: What helps against the causes of its incidents, the narrower ones first.
    remedies: ClassVar[tuple[Remedy, ...]] = ()

    def __init__(self, info: ClassifierInfo) -> None:
        self.info = info

    def advice(self, failure: Failure, diagnosis: Diagnosis) -> Advice | None:
        """What helps against this very failure; None where no remedy is for it. `diagnosis` may be another
        classifier's that names one of its incidents.
        """
        return advice_for(self.remedies, failure, diagnosis)

    def classify(self, failure: Failure) -> Diagnosis | None:
        """The diagnosis, or None when this is none of its incidents. Guesses only where its
        `ClassifierInfo` says that it is `tentative`.
        """
        raise NotImplementedError

    def disowns(self, failure: Failure) -> str:
        """Why this is the failure of a service or program that no provider asks, in a line; empty where that
        is not known. Of a classifier that answered, its own answer does not hold then; of a tentative one,
        no answer of a classifier of a `service`.
        """
        return ""

    @staticmethod
    def parses(text: str) -> bool:
        """Whether `text`, such as a reply, is one JSON object or array."""
        return parses(text)


def advice_for(remedies: Iterable[Remedy], failure: Failure, diagnosis: Diagnosis) -> Advice | None:
    """What the first remedy that fits says to a failure; None where none of the incident's does."""
    evidence = "\n".join([*diagnosis.evidence, failure.message])
    return first_advice(remedies, diagnosis.incident_id, evidence, failure.text)
