"""What rules look at: the documents of a run, each read and parsed once, when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET

from dagogy.api.errors import ValidationFailed
from dagogy.contracts.check import Problem
from dagogy.pipeline.graph import GraphIndex

if TYPE_CHECKING:
    import networkx

    from dagogy.api.scope import ScopeDocument, ScopeEdge, ScopeReading
    from dagogy.contracts.documents import Decoded
    from dagogy.contracts.types import Curriculum, Node, TopicSpec

#: The highest `estimate_confidence` of a node that says that nothing supports it.
_DOUBTFUL = 0.3


class RunSubject:
    """See `dagogy.api.Subject`.

    `curriculum` and `topic_spec` are the bytes of the two documents. `sources` and `evidence` are called when a rule first asks.
    `folders` are where `local://` URLs may lead, the run first.
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
        self._folders = folders
        self._local: dict[str, Path | None] = {}
        self._stems: dict[str, frozenset[str]] = {}

    @cached_property
    def document(self) -> Any:
        from dagogy.contracts.documents import MalformedJson, parse_json

        try:
            return parse_json(self.curriculum_bytes)
        except MalformedJson as error:
            raise ValidationFailed(f"the curriculum is not JSON: {error}", hint=error.problem.hint) from None

    @cached_property
    def _decoded(self) -> Decoded[Curriculum]:
        from dagogy.contracts.documents import decode_curriculum

        return decode_curriculum(self.curriculum_bytes)

    @cached_property
    def _decoded_spec(self) -> Decoded[TopicSpec]:
        from dagogy.contracts.documents import decode_topic_spec

        return decode_topic_spec(self.topic_spec_bytes)

    @cached_property
    def curriculum(self) -> Curriculum:
        if self._decoded.value is None:
            raise ValidationFailed(f"the curriculum does not meet its schema: {self._decoded.problems[0]}", hint="'dagogy schema curriculum' prints it")
        return self._decoded.value

    @cached_property
    def nodes(self) -> list[Node]:
        return self.curriculum.nodes

    @cached_property
    def spec(self) -> TopicSpec:
        if self._decoded_spec.value is None:
            raise ValidationFailed(f"the topic spec does not meet its contract: {self._decoded_spec.problems[0]}", hint="'dagogy schema topic_spec' prints it")
        return self._decoded_spec.value

    def schema_problems(self, name: Literal["curriculum", "topic_spec"]) -> Sequence[Problem]:
        return self._decoded.problems if name == "curriculum" else self._decoded_spec.problems

    @cached_property
    def sources(self) -> Sequence[ScopeDocument]:
        return tuple(self._read_sources())

    @property
    def scope(self) -> ScopeDocument | None:
        return next((s for s in self.sources if s.location == "inputs/scope.md"), None)

    @cached_property
    def index(self) -> GraphIndex:
        return GraphIndex(self.nodes)

    @cached_property
    def evidence(self) -> Mapping[tuple[int, int], ScopeEdge]:
        reading = self._read_evidence()
        if reading is None:
            return {}
        from dagogy.pipeline.evidence import positions

        node_of = positions(reading.concepts, self.nodes)
        found: dict[tuple[int, int], ScopeEdge] = {}
        # Where two concepts are one node, the edge tells more than the dropped pair, and the weightier than the lighter.
        for edge in sorted((*reading.edges, *reading.dropped), key=lambda e: (bool(e.dropped), -e.weight)):
            a, b = node_of.get(edge.prerequisite), node_of.get(edge.dependent)
            if a is not None and b is not None and a != b:
                found.setdefault((a, b), edge)
        return found

    @cached_property
    def tentative(self) -> frozenset[int]:
        doubtful = frozenset(i for i, node in enumerate(self.nodes) if node.estimate_confidence is not UNSET and node.estimate_confidence <= _DOUBTFUL)
        if not doubtful or self.schema_problems("topic_spec") or self.spec.evidence_mode != "strict":
            return doubtful
        questions = self.curriculum.open_questions
        named = {node_id for q in questions if q.status == "open" for node_id in q.related_nodes} if questions is not UNSET else set()
        return frozenset(i for i in doubtful if self.nodes[i].id in named)

    @cached_property
    def graph(self) -> networkx.DiGraph:
        import networkx

        graph = networkx.DiGraph()
        for i, node in enumerate(self.nodes):
            if self.index.position[node.id] == i:
                graph.add_node(node.id, node=node)
        ids = self.index.ids
        graph.add_edges_from((ids[p], ids[i]) for i, before in enumerate(self.index.prerequisites) for p in before)
        return graph

    def stems(self, text: str) -> frozenset[str]:
        known = self._stems.get(text)
        if known is None:
            from dagogy.api.text import content_words

            known = self._stems[text] = frozenset(content_words(text))
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
