"""What rules look at: the documents of a run, each read and parsed once, when first asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from dagogy.api.errors import ValidationFailed
from dagogy.contracts.check import Problem
from dagogy.host.calls import processor_seconds
from dagogy.pipeline.graph import GraphIndex

if TYPE_CHECKING:
    import networkx

    from dagogy.api.scope import ScopeDocument, ScopeEdge, ScopeReading
    from dagogy.contracts.documents import Decoded
    from dagogy.contracts.types import Curriculum, Node, TopicSpec

#: The highest `estimate_confidence` of a node that says that nothing supports it.
_DOUBTFUL = 0.3
T = TypeVar("T")


if TYPE_CHECKING:
    _Shared = cached_property
else:

    class _Shared(cached_property):
        """A `cached_property` of a subject whose time to build counts for no rule: the first
        that asks builds it for all.
        """

        def __get__(self, context: Any, owner: Any = None) -> Any:
            if context is None or context._building:
                return super().__get__(context, owner)
            context._building, began = True, processor_seconds()
            try:
                return super().__get__(context, owner)
            finally:
                context._building = False
                context.built_seconds += processor_seconds() - began


class RunContext:
    """See `dagogy.api.rules.RuleContext`.

    `curriculum` and `topic_spec` are the bytes of the two documents. `sources` and `evidence` are called when
    a rule first asks. `folders` are where `local://` URLs may lead, the run first.
    """

    def __init__(
        self,
        curriculum: bytes,
        topic_spec: bytes,
        *,
        sources: Callable[[], Sequence[ScopeDocument]] = tuple,
        evidence: Callable[[], ScopeReading | None] = lambda: None,
        folders: Sequence[Path] = (),
    ) -> None:
        self.curriculum_bytes = curriculum
        self.topic_spec_bytes = topic_spec
        self._read_sources = sources
        self._read_evidence = evidence
        self._read_authored: Callable[[], Iterable[tuple[str, str]]] = tuple
        self._folders = folders
        self._local: dict[str, Path | None] = {}
        self._stems: dict[str, frozenset[str]] = {}
        #: How long it took so far to build what rules share.
        self.built_seconds = 0.0
        self._building = False

    def authored_by(self, read: Callable[[], Iterable[tuple[str, str]]]) -> RunContext:
        """This context; `read` gives the fields that an author wrote, when a rule first asks."""
        self._read_authored = read
        return self

    def view(self) -> View:
        """A subject of its own for a rule that might change what it is given: what it
        changes there nobody else sees.
        """
        return View(self)

    @_Shared
    def document(self) -> Any:
        from dagogy.contracts.documents import MalformedJson, parse_json

        try:
            return parse_json(self.curriculum_bytes)
        except MalformedJson as error:
            raise ValidationFailed(f"the curriculum is not JSON: {error}", hint=error.problem.hint) from None

    @_Shared
    def _decoded(self) -> Decoded[Curriculum]:
        from dagogy.contracts.documents import decode_curriculum

        return decode_curriculum(self.curriculum_bytes)

    @_Shared
    def _decoded_spec(self) -> Decoded[TopicSpec]:
        from dagogy.contracts.documents import decode_topic_spec

        return decode_topic_spec(self.topic_spec_bytes)

    @_Shared
    def curriculum(self) -> Curriculum:
        if self._decoded.value is None:
            raise ValidationFailed(
                f"the curriculum does not meet its schema: {self._decoded.problems[0]}",
                hint="'dagogy schema curriculum' prints it",
            )
        return self._decoded.value

    @_Shared
    def nodes(self) -> list[Node]:
        return self.curriculum.nodes

    @_Shared
    def spec(self) -> TopicSpec:
        if self._decoded_spec.value is None:
            raise ValidationFailed(
                f"the topic spec does not meet its contract: {self._decoded_spec.problems[0]}",
                hint="'dagogy schema topic_spec' prints it",
            )
        return self._decoded_spec.value

    def schema_problems(self, name: Literal["curriculum", "topic_spec"]) -> Sequence[Problem]:
        return self._decoded.problems if name == "curriculum" else self._decoded_spec.problems

    @_Shared
    def sources(self) -> Sequence[ScopeDocument]:
        return tuple(self._read_sources())

    @property
    def scope(self) -> ScopeDocument | None:
        return next((s for s in self.sources if s.location == "inputs/scope.md"), None)

    @_Shared
    def index(self) -> GraphIndex:
        return GraphIndex(self.nodes)

    @_Shared
    def authored(self) -> frozenset[tuple[str, str]]:
        return frozenset(self._read_authored())

    @_Shared
    def reading(self) -> ScopeReading | None:
        return self._read_evidence()

    @_Shared
    def concept_positions(self) -> Mapping[str, int]:
        if self.reading is None:
            return {}
        from dagogy.pipeline.evidence import positions

        return positions(self.reading.concepts, self.nodes)

    @_Shared
    def evidence(self) -> Mapping[tuple[int, int], ScopeEdge]:
        reading, node_of = self.reading, self.concept_positions
        if reading is None:
            return {}
        found: dict[tuple[int, int], ScopeEdge] = {}
        # Where two concepts are one node, the edge tells more than the dropped pair, and the
        # weightier than the lighter.
        for edge in sorted((*reading.edges, *reading.dropped), key=lambda e: (bool(e.dropped), -e.weight)):
            a, b = node_of.get(edge.prerequisite), node_of.get(edge.dependent)
            if a is not None and b is not None and a != b:
                found.setdefault((a, b), edge)
        return found

    @_Shared
    def tentative(self) -> frozenset[int]:
        doubtful = frozenset(
            i
            for i, node in enumerate(self.nodes)
            if node.estimate_confidence is not None and node.estimate_confidence <= _DOUBTFUL
        )
        if not doubtful or self.schema_problems("topic_spec") or self.spec.evidence_mode != "strict":
            return doubtful
        questions = self.curriculum.open_questions
        named = (
            {node_id for q in questions if q.status == "open" for node_id in q.related_nodes}
            if questions is not None
            else set()
        )
        return frozenset(i for i in doubtful if self.nodes[i].id in named)

    @_Shared
    def graph(self) -> networkx.DiGraph:
        import networkx

        graph = networkx.DiGraph()
        for i, node in enumerate(self.nodes):
            if self.index.position[node.id] == i:
                graph.add_node(node.id, node=node)
        ids = self.index.ids
        graph.add_edges_from(
            (ids[p], ids[i]) for i, before in enumerate(self.index.prerequisites) for p in before
        )
        return graph

    def stems(self, text: str) -> frozenset[str]:
        known = self._stems.get(text)
        if known is None:
            from dagogy.api.text import Words

            known = self._stems[text] = frozenset(Words.stems(text))
        return known

    def resolve_local(self, url: str) -> Path | None:
        key = url.partition("#")[0]
        if key not in self._local:
            self._local[key] = self._find(key)
        return self._local[key]

    def _find(self, url: str) -> Path | None:
        from urllib.parse import unquote

        relative = unquote(url.removeprefix("local://"))
        if not url.startswith("local://") or not relative or "\x00" in relative:
            return None
        for folder in self._folders:
            try:
                root = folder.resolve()
                path = (root / relative).resolve()
                if path.is_relative_to(root) and path.is_file():
                    return path
            except OSError:
                continue
        return None


#: What `View.altered` compares, in this order.
_COMPARED = (
    "document",
    "curriculum",
    "nodes",
    "spec",
    "sources",
    "index",
    "reading",
    "concept_positions",
    "evidence",
    "authored",
    "tentative",
    "graph",
)


class View(RunContext):
    """The same subject once more, each part built when first asked for, out of the same bytes.

    A built-in rule looks at the subject itself; a test holds all of them to changing nothing.
    """

    def __init__(self, original: RunContext) -> None:
        super().__init__(original.curriculum_bytes, original.topic_spec_bytes, folders=original._folders)
        self._original = original
        # Only ever filled, and with what cannot be changed.
        self._local, self._stems = original._local, original._stems
        self._own = frozenset(
            (*vars(self), "_own", "_decoded", "_decoded_spec", "_read_evidence", *_COMPARED)
        )

    @_Shared
    def _decoded(self) -> Decoded[Curriculum]:
        from dagogy.contracts.documents import decode_curriculum

        return _again(self._original._decoded, decode_curriculum, self.curriculum_bytes)

    @_Shared
    def _decoded_spec(self) -> Decoded[TopicSpec]:
        from dagogy.contracts.documents import decode_topic_spec

        return _again(self._original._decoded_spec, decode_topic_spec, self.topic_spec_bytes)

    @_Shared
    def sources(self) -> Sequence[ScopeDocument]:
        return tuple(replace(s, front_matter=copy.deepcopy(s.front_matter)) for s in self._original.sources)

    @_Shared
    def authored(self) -> frozenset[tuple[str, str]]:
        return self._original.authored

    @_Shared
    def reading(self) -> ScopeReading | None:
        return self._original.reading

    @_Shared
    def concept_positions(self) -> Mapping[str, int]:
        return dict(self._original.concept_positions)

    @_Shared
    def evidence(self) -> Mapping[tuple[int, int], ScopeEdge]:
        return dict(self._original.evidence)

    def altered(self) -> list[str]:
        """The names of the parts that are no longer what they were. Linear in the
        parts that were asked for.
        """
        added = sorted(set(vars(self)) - self._own)
        return [
            *(name for name in _COMPARED if name in self.__dict__ and not self._is_as_it_was(name)),
            *added,
        ]

    def _is_as_it_was(self, name: str) -> bool:
        mine, original = self.__dict__[name], getattr(self._original, name)
        try:
            if name == "nodes" and mine is self.__dict__["curriculum"].nodes:
                return True  # compared with the curriculum
            if name == "index":
                return bool(vars(mine) == {part: getattr(original, part) for part in vars(mine)})
            if name == "graph":
                return bool(mine._node == original._node and mine._adj == original._adj)
            return bool(mine == original)
        except Exception:  # what was put in its place cannot even be compared
            return False


def _again(decoded: Decoded[T], decode: Callable[[bytes], Decoded[T]], data: bytes) -> Decoded[T]:
    """The document decoded anew, so that it shares nothing with `decoded` that could be changed. What is
    broken is not explained twice.
    """
    return decode(data) if decoded.value is not None else replace(decoded, problems=list(decoded.problems))
