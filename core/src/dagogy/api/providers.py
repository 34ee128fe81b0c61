"""Providers: who proposes a curriculum and repairs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from dagogy.api.plugins import ProviderInfo
from dagogy.api.rules import Finding
from dagogy.api.scope import ScopeDocument, ScopeReading

if TYPE_CHECKING:
    from dagogy.api.errors import ProviderError
    from dagogy.contracts.types import Curriculum, GapField, Node, TopicSpec

__all__ = [
    "FillPlan",
    "FillRequest",
    "Filled",
    "ModelCall",
    "OpenNode",
    "Passage",
    "PlannedCall",
    "Proposal",
    "ProposeRequest",
    "Provider",
    "ProviderSettings",
    "Readiness",
    "RepairInvalidRequest",
    "RepairRequest",
]

#: The most that AGENT_TIMEOUT_SECONDS may be.
_LONGEST_TIMEOUT = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What a provider may know of the environment: the common settings and its own
    (`ProviderInfo.settings`), by name.

    `timeout_seconds` bounds one answer; `retry_budget` is how often a call may be tried again;
    `scope_text_max_chars` is how much source text one call may hold; at most `concurrency` calls are under
    way at the same time.
    """

    model: str = ""
    timeout_seconds: float = 30.0
    retry_budget: int = 1
    scope_text_max_chars: int = 12000
    concurrency: int = 4
    values: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def longer_timeout(seconds: float) -> float:
        """What to set AGENT_TIMEOUT_SECONDS to when `seconds` were too few: twice as many, a day at most."""
        return min(2 * seconds, _LONGEST_TIMEOUT)

    @classmethod
    def timeout_advice(cls, seconds: float) -> str:
        """The way out of a call that our clock ended after `seconds`, computed from the limit in effect."""
        longer = cls.longer_timeout(seconds)
        if longer <= seconds:
            return f"AGENT_TIMEOUT_SECONDS is {seconds:g}, the most that it may be"
        return f"give the whole answer more than {seconds:g} s: export AGENT_TIMEOUT_SECONDS={longer:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A rule that the answer will be checked against: its id, what it wants, the effective options, and by
    their names what they mean. `groups`: what the rule is about (`graph`, `quality`, ...).
    """

    rule_id: str
    summary: str
    severity: str
    options: Mapping[str, Any]
    meanings: Mapping[str, str] = field(default_factory=dict)
    groups: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may still be spent in this command; None is no limit."""

    calls: float | None = None
    tokens: float | None = None


class ResponseCache:
    """Where answers that cost something are kept. This one keeps nothing; the host hands in one
    that keeps them in the run.

    `memory` holds what a provider learned of a service and wants to know next time, as text by name; it
    outlives the run.
    """

    def __init__(self) -> None:
        self.memory: MutableMapping[str, str] = {}

    def find(self, key: str) -> Mapping[str, Any] | None:
        """What was kept under `key`, or None."""
        return None

    def keep(self, key: str, answer: Mapping[str, Any]) -> None:
        """Keeps JSON values under `key`, the hash of what was asked."""

    def reject(self, text: str, cause: str) -> str:
        """Keeps an answer that could not be used, for whoever looks into it; where, relative to
        the run ("" where nowhere).
        """
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeRequest:
    """What is to be taught, and from which sources.

    `reading` is None where there is no scope document. `requirements` are the effective rules.
    `judged` asks those rules: it takes a curriculum as plain JSON values, with what it was made from, and
    returns their findings; without rules there are none.
    `progress` takes one line to show to the user. `seed_draft` makes the draft of the default provider
    (None where it has none, or where it is the one that is asked). `budget` and `answers` are for
    providers whose answers cost something.
    """

    spec: TopicSpec
    sources: Sequence[ScopeDocument] = ()
    reading: ScopeReading | None = None
    requirements: Sequence[Requirement] = ()
    judged: Callable[[Any, ScopeReading | None], Sequence[Finding]] = lambda curriculum, reading: ()
    progress: Callable[[str], None] = lambda line: None
    seed_draft: Callable[[], Any] = lambda: None
    budget: Budget = field(default_factory=Budget)
    answers: ResponseCache = field(default_factory=ResponseCache)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairRequest(ProposeRequest):
    """A draft and the findings to repair, worst first, at most `AGENT_MAX_ACTIONS_PER_ITERATION` of them."""

    draft: Curriculum
    findings: Sequence[Finding]

    @property
    def document(self) -> Any:
        """The draft as plain JSON values, for the caller to change; made anew each time."""
        from dagogy.contracts.documents import json_values

        return json_values(self.draft)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairInvalidRequest(ProposeRequest):
    """A draft that does not meet the schema, as plain JSON values whatever they are (a text, a list, an
    object with keys missing; with `?` for half a character in a text, and None where it is nested too
    deeply), and the findings that say where, worst first, at most `AGENT_MAX_ACTIONS_PER_ITERATION` of them.
    """

    document: Any
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of a source, for one question. `text` is theirs; `left_out`: how many characters of the section
    were too many for the question.
    """

    location: str
    lines: tuple[int, int]
    text: str
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNode:
    """A node with the gaps that are to be filled, and all that a question about it holds: the passages of the
    sources that speak of it, the titles of its direct prerequisites and dependents, and, where an earlier
    answer was refused, the reasons.
    """

    node: Node
    fields: Sequence[GapField]
    passages: Sequence[Passage] = ()
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    objections: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One call of a model, for whoever keeps the books. `stage`: what it was for; `nodes`: the ids that it
    was about; `usage` as in `Proposal`; `cached`: it was answered from what was kept and cost nothing;
    `cause`: of a failure, as in `ProviderError`.
    """

    stage: str
    nodes: Sequence[str]
    outcome: Literal["ok", "failed"]
    model: str = ""
    usage: Mapping[str, float] = field(default_factory=dict)
    cached: bool = False
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRequest(ProposeRequest):
    """Nodes of a curriculum whose gaps are to be filled; their ids differ. `called` is told of each call as
    soon as it has ended, one at a time.
    """

    topic: str
    nodes: Sequence[OpenNode]
    called: Callable[[ModelCall], None] = lambda call: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What came of a `FillRequest`: by node id and field the new value, whole (what the field held before is
    still in it), and by node id and field why a gap stays.

    `stopped`: the failure for which nobody was asked any more; None where all were asked.
    """

    fields: Mapping[str, Mapping[GapField, Any]]
    left: Mapping[str, Mapping[GapField, str]]
    usage: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    notes: Sequence[str] = ()
    stopped: ProviderError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """A call that `Provider.fill` would make: the ids it is about, and an estimate of its tokens."""

    nodes: Sequence[str]
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FillPlan:
    """What `Provider.fill` would do: the calls, and the ids of the nodes whose answers were kept."""

    calls: Sequence[PlannedCall]
    kept: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A provider's answer: a curriculum document as plain JSON values, not yet judged, and
    what it has to say about it.

    `usage` holds what the answer cost, by name and number (`calls`, `input_tokens`, `output_tokens`,
    `seconds`). `model`: which one answered.
    `reading`: the concepts and edges that the curriculum was made from, ids as in the curriculum,
    each with its evidence; None where the provider cannot tell (then `dagogy why` goes by the
    reading of the scope document).
    """

    curriculum: Any
    notes: Sequence[str] = ()
    usage: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    reading: ScopeReading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the provider could work now: `message` says what was found, `hint`
    the way out. Never a secret.
    """

    ready: bool
    message: str
    hint: str = ""


class Provider:
    """Base of all providers. Failures are raised as `ProviderError` or `ConfigError`,
    with every secret out of them.
    """

    def __init__(self, info: ProviderInfo, settings: ProviderSettings) -> None:
        self.info = info
        self.settings = settings

    @property
    def endpoint(self) -> str:
        """Who answers (an address with scheme, host, port and path; a command). With provider, model and the
        settings that the provider declares it names the circuit breaker. Empty where nobody else does."""
        return ""

    def ready(self) -> Readiness:
        """Looks, without changing anything and within seconds, whether `propose` could work."""
        raise NotImplementedError

    def read_scope(self, document: ScopeDocument) -> ScopeReading | None:
        """Reads concepts and prerequisite edges out of a document. None: leave
        that to the default provider.
        """
        return None

    def propose(self, request: ProposeRequest) -> Proposal:
        """A first curriculum for the request."""
        raise NotImplementedError

    def repair(self, request: RepairRequest) -> Proposal | None:
        """A better draft, or None when there is nothing it could do about these findings. A draft
        that the loop refuses, since it scores no higher or covers or orders less, is asked for
        again with fewer findings."""
        return None

    def repair_invalid(self, request: RepairInvalidRequest) -> Proposal | None:
        """The same for a draft that does not meet the schema, which `repair` therefore is never handed: one
        that meets it, or None, which leaves the draft as it is and ends the loop. Any draft that can be read
        is better than one that cannot."""
        return None

    def fill(self, request: FillRequest) -> Filled | None:
        """Content for the gaps of some nodes, and for nothing else. A gap that cannot be filled is left, with
        the reason; only where nothing at all could be asked a failure is raised. None: this provider fills no
        gap."""
        return None

    def fill_plan(self, request: FillRequest) -> FillPlan | None:
        """What `fill` would ask; asks nothing and writes nothing. None where `fill` gives None."""
        return None
