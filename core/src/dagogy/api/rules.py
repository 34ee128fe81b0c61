"""Validation rules: what a rule is, what it is given and what it says.

A rule's docstring is its page (`dagogy explain ID` and the reference are made from it) and has four parts:
why, then the headings `Bad:`, `Good:` and `How to fix:`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from dagogy.api._lazy import lazily
from dagogy.api.plugins import RuleInfo, Severity

if TYPE_CHECKING:
    import networkx

    from dagogy.api.options import Field, Options
    from dagogy.api.scope import ScopeDocument, ScopeEdge, ScopeReading
    from dagogy.contracts.check import Problem
    from dagogy.contracts.types import Curriculum, Node, TopicSpec
else:
    __getattr__ = lazily(__name__, {"dagogy.api.options": "Field Options"})

__all__ = ["Field", "Finding", "Fix", "Measure", "Options", "Rule", "RuleContext"]


@dataclass(slots=True)
class Fix:
    """What a machine can do about a finding: an RFC 6902 patch of the curriculum document.

    `safe`: the meaning of the curriculum stays as it is. `unsafe`: it changes, so the user must ask for it.
    Start a patch with a `test` operation for whatever it replaces or removes: fixes are applied together, and
    one whose test no longer holds is left for the next round instead of hitting a neighbour.
    """

    safety: Literal["safe", "unsafe"]
    description: str
    patch: list[dict[str, Any]]


@dataclass(slots=True)
class Finding:
    """One thing that is wrong, where, and if possible what would fix it.

    `pointer` is an RFC 6901 JSON Pointer into `document` (`curriculum` or `topic_spec`). `node_id` is set
    where the finding is about one node. A rule leaves `rule_id` empty; the host fills it in. `severity` is
    the rule's own where it is left empty; a rule that is less sure of one finding gives a milder one, and
    none is ever severer than the effective severity of the rule. `nodes` is the number of nodes that one
    finding is about; the score counts it as that many findings. `others` points at the other places that have
    the same fault, where one finding is about several; a repair may change these too. Reports leave it out.
    """

    message: str
    pointer: str = ""
    node_id: str | None = None
    fix: Fix | None = None
    document: Literal["curriculum", "topic_spec"] = "curriculum"
    rule_id: str = ""
    severity: Severity | str = ""
    data: dict[str, Any] = field(default_factory=dict)
    nodes: int = 1
    others: tuple[str, ...] = ()


@dataclass(slots=True)
class Measure:
    """How much of something a curriculum has; more is better. A rule yields it beside its findings, and also
    where it has none.

    `name` is unique within the rule. `met` maps each thing that was looked at to the share, 0 to 1, to which
    it is as it should be (True and False will do). Its keys stay the same from draft to draft: a node's id or
    the text of an item, never a position. `total` is the number of things that could be met, where some could
    not be looked at; by default the size of `met`. `weight`: the points of the score, 0 to 100, that are lost
    where nothing is met; where a part is, so much less. A repair that lowers a `protected` measure is
    rejected; two drafts are compared by the things that both have. A rule leaves `rule_id` empty; the host
    fills it in.
    """

    name: str
    met: Mapping[str, float]
    total: int | None = None
    protected: bool = False
    rule_id: str = ""
    weight: float = 0.0

    @property
    def value(self) -> float | None:
        """The share that is met, 0 to 1, rounded to four places; None where there is nothing to be met."""
        count = len(self.met) if self.total is None else self.total
        return round(sum(self.met.values()) / count, 4) if count else None


class GraphIndex(Protocol):
    """The prerequisite graph as plain lists of node positions, for rules that must be fast.

    Position `i` is `curriculum.nodes[i]`. Unknown ids and self references are left out; where an id occurs
    twice, the first node has it.
    """

    @property
    def ids(self) -> list[str]:
        """The id of each node."""

    @property
    def position(self) -> dict[str, int]:
        """The position of each id."""

    @property
    def prerequisites(self) -> list[list[int]]:
        """The positions of each node's prerequisites, each once, in the order given."""

    @property
    def dependents(self) -> list[list[int]]:
        """The positions of the nodes that name each node as a prerequisite."""

    @property
    def order(self) -> list[int]:
        """A topological order of all nodes that are neither on a cycle nor behind
        one, stable in document order.
        """

    @property
    def cyclic(self) -> list[int]:
        """Nodes on a cycle or behind one, in document order; empty for a DAG."""

    @property
    def depth(self) -> list[int]:
        """Longest number of edges from a root; -1 for nodes in `cyclic`."""


class RuleContext(Protocol):
    """What a rule may look at. Every attribute is built once, when first asked
    for, and shared by all rules.
    """

    @property
    def document(self) -> Any:
        """The curriculum as parsed JSON, whatever it holds. Costly for a large one; prefer `curriculum`."""

    @property
    def curriculum(self) -> Curriculum:
        """The typed curriculum. Raises `ValidationFailed` when the document does not meet its schema, so a
        rule that reads it requires the schema rules."""

    @property
    def nodes(self) -> list[Node]:
        """`curriculum.nodes`."""

    @property
    def spec(self) -> TopicSpec:
        """The typed topic spec. Raises `ValidationFailed` when it does not meet its contract."""

    @property
    def scope(self) -> ScopeDocument | None:
        """The scope document of the run, or None."""

    @property
    def sources(self) -> Sequence[ScopeDocument]:
        """The scope document and those of the spec's `local_paths`."""

    @property
    def index(self) -> GraphIndex:
        """The prerequisite graph as plain lists."""

    @property
    def evidence(self) -> Mapping[tuple[int, int], ScopeEdge]:
        """What the sources were found to say of which node comes first, by the positions of the prerequisite
        and of its dependent: the edges with evidence, and the pairs that are no edges in spite of it
        (`ScopeEdge.dropped` says why). It is the provider's reading that is kept with the curriculum
        (`outputs/curriculum/evidence.json`), else that of the scope document (`scope_dag.json`); empty where
        neither is there. A concept's node is the one with its id, else with its title. Raises
        `ValidationFailed` when a file cannot be read."""

    @property
    def tentative(self) -> frozenset[int]:
        """The positions of the nodes that say of themselves that nothing supports them: an
        `estimate_confidence` of 0.3 or less, and in `strict` mode an open question that names them too. What
        is thin in them is a warning at most, for nobody is deceived."""

    @property
    def authored(self) -> frozenset[tuple[str, str]]:
        """The fields that an author wrote by hand, each as the id of the node and the name of the field: they
        need no source."""

    @property
    def reading(self) -> ScopeReading | None:
        """What the provider read out of the sources, concepts and edges by its own ids: that of `evidence`;
        None where none is kept. Raises as `evidence` does."""

    @property
    def concept_positions(self) -> Mapping[str, int]:
        """The position of the node that stands for each concept of `reading`, by the concept's id; a concept
        without a node is not in it.
        """

    @property
    def graph(self) -> networkx.DiGraph:
        """The prerequisite graph as a `networkx.DiGraph` of node ids, an edge from a prerequisite to its
        dependent; each node has its typed `node` as an attribute. Built from `index` when first asked for;
        the built-in rules do not."""

    def schema_problems(self, name: Literal["curriculum", "topic_spec"]) -> Sequence[Problem]:
        """All the places where a raw document departs from its JSON Schema (or why it is not JSON at all)."""

    def stems(self, text: str) -> frozenset[str]:
        """The content words of `text`, lower case, stemmed, without stop words;
        remembered for repeated texts.
        """

    def resolve_local(self, url: str) -> Path | None:
        """The file behind a `local://path#…` URL: an existing file inside the run or the
        workspace root, else None.
        """


class Rule:
    """Base of all rules. Subclass it, write the docstring, override `check`.

    A rule with numbers or word lists has a nested `class Options(dagogy.api.rules.Options)`; the host builds
    it from the configuration and hands it to `check`. A rule has no state between calls.
    """

    Options: ClassVar[type[Any] | None] = None

    def __init__(self, info: RuleInfo) -> None:
        self.info = info

    @property
    def id(self) -> str:
        return self.info.id

    @property
    def summary(self) -> str:
        return self.info.summary

    @property
    def severity(self) -> Severity:
        return self.info.severity

    def check(self, context: RuleContext, options: Any) -> Iterable[Finding | Measure]:
        """Yields what is wrong with `context`, nothing when all is well, and what the rule measures.
        `options` is an instance of `Options`, or None.
        """
        raise NotImplementedError
