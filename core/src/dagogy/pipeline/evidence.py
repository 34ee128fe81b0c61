"""The evidence of a curriculum's edges as it is kept in a run: written with a curriculum or a reading, and
read back to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dagogy.api.errors import ValidationFailed
from dagogy.api.scope import EdgeEvidence, ScopeConcept, ScopeEdge, ScopeReading
from dagogy.api.text import Words
from dagogy.contracts.check import pointer_of
from dagogy.workspace.files import from_json
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import TRACE, evidence_files

if TYPE_CHECKING:
    from pydantic import ConfigDict

    from dagogy.contracts.types import Node


def reading_parts(reading: ScopeReading, location: str = "inputs/scope.md") -> dict[str, Any]:
    """Concepts, edges and dropped pairs as JSON values. `location` stands where
    the reading names no document.
    """
    concepts = [
        {
            "id": c.id,
            "title": c.title,
            "heading_path": list(c.path),
            "lines": list(c.lines),
            "evidence": c.evidence,
            "location": c.location or location,
            "merged": list(c.merged),
            "probability": c.probability,
        }
        for c in reading.concepts
    ]
    edges = [_edge(e, location) for e in reading.edges]
    return {
        "concepts": concepts,
        "edges": edges,
        "dropped": [{**_edge(e, location), "reason": e.dropped} for e in reading.dropped],
    }


def quotation_parts(reading: ScopeReading, location: str = "inputs/scope.md") -> list[dict[str, Any]]:
    """Where the texts of the nodes stand, as JSON values."""
    return [
        {
            "node": q.node,
            "place": q.place,
            "text": q.text,
            "location": q.location or location,
            "lines": list(q.lines),
        }
        for q in reading.quotations
    ]


def _edge(edge: ScopeEdge, location: str) -> dict[str, Any]:
    pieces = [
        {
            "kind": p.kind,
            "weight": p.weight,
            "location": "" if p.note else p.location or location,
            "lines": list(p.lines),
            "quote": p.quote,
            "note": p.note,
        }
        for p in edge.pieces or [EdgeEvidence(edge.kind, edge.weight, edge.lines, edge.evidence)]
    ]
    first = {
        "prerequisite": edge.prerequisite,
        "dependent": edge.dependent,
        "kind": edge.kind,
        "weight": edge.weight,
    }
    return {**first, "lines": list(edge.lines), "evidence": edge.evidence, "pieces": pieces}


class _Kept:
    """What is read of an artifact: keys that are not named here do not matter."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = {"strict": True, "allow_inf_nan": False}


@dataclass(slots=True)
class Piece(_Kept):
    kind: str
    weight: float
    lines: tuple[int, int]
    quote: str
    location: str = "inputs/scope.md"
    note: str = ""


#: Reasons by the names that they have in older runs.
_RENAMED = {"circle": "cycle", "height": "rank"}


@dataclass(slots=True)
class Edge(_Kept):
    """An edge with evidence, or with a `reason` a pair that is none in spite of it."""

    prerequisite: str
    dependent: str
    kind: str
    weight: float
    lines: tuple[int, int]
    evidence: str
    pieces: list[Piece] = field(default_factory=list)
    reason: str = ""

    def __post_init__(self) -> None:
        self.reason = _RENAMED.get(self.reason, self.reason)


@dataclass(slots=True)
class Concept(_Kept):
    id: str
    title: str
    heading_path: list[str]
    lines: tuple[int, int]
    evidence: str
    location: str = "inputs/scope.md"
    merged: list[str] = field(default_factory=list)
    probability: float | None = None


@dataclass(slots=True)
class _Concepts(_Kept):
    concepts: list[Concept]


@dataclass(slots=True)
class _Edges(_Kept):
    edges: list[Edge]
    dropped: list[Edge] = field(default_factory=list)


class Known(NamedTuple):
    """What is kept of the evidence, ids as the provider gave them. `artifact`: the file it stands in, ""
    where there is none.
    """

    artifact: str
    concepts: Sequence[Concept] = ()
    edges: Mapping[tuple[str, str], Edge] = {}
    dropped: Mapping[tuple[str, str], Edge] = {}


def kept_evidence(run: Run) -> Known:
    """The evidence of the curriculum; where its provider told none, that of the reading of the scope
    document. Raises `ValidationFailed`.
    """
    files = evidence_files(run)
    if not files:
        return Known("")
    concepts, edges = _read(run, files[0], _Concepts).concepts, _read(run, files[-1], _Edges)
    for edge in (*edges.edges, *edges.dropped):
        edge.pieces = edge.pieces or [Piece(edge.kind, edge.weight, edge.lines, edge.evidence)]
    kept, dropped = (
        {(e.prerequisite, e.dependent): e for e in part} for part in (edges.edges, edges.dropped)
    )
    return Known(files[-1], concepts, kept, dropped)


def kept_notes(run: Run) -> list[str]:
    """What the provider remarked when it proposed; nothing where the trace cannot be read."""
    if not run.exists(TRACE):
        return []
    try:
        rounds = from_json(run.read(TRACE))["iterations"]
        return [
            note for r in rounds if r["action"] == "propose" for note in r["notes"] if isinstance(note, str)
        ]
    except (ValueError, KeyError, TypeError):
        return []


def kept_reading(run: Run) -> ScopeReading | None:
    """The same as a provider told it; None where nothing is kept. Raises `ValidationFailed`."""
    known = kept_evidence(run)
    if not known.artifact:
        return None
    concepts = tuple(
        ScopeConcept(
            c.id,
            c.title,
            tuple(c.heading_path),
            c.lines,
            c.evidence,
            c.location,
            tuple(c.merged),
            c.probability,
        )
        for c in known.concepts
    )
    return ScopeReading(
        concepts,
        tuple(map(_scope_edge, known.edges.values())),
        dropped=tuple(map(_scope_edge, known.dropped.values())),
    )


def _scope_edge(edge: Edge) -> ScopeEdge:
    pieces = tuple(EdgeEvidence(p.kind, p.weight, p.lines, p.quote, p.location, p.note) for p in edge.pieces)
    return ScopeEdge(
        edge.prerequisite,
        edge.dependent,
        edge.kind,
        edge.weight,
        edge.lines,
        edge.evidence,
        pieces,
        edge.reason,  # type: ignore[arg-type]
    )


def positions(concepts: Iterable[ScopeConcept], nodes: Sequence[Node]) -> dict[str, int]:
    """The position of the node that stands for each concept, by the concept's id: the first with that id,
    else the first with that title.
    """
    by_id = {node.id: i for i, node in reversed(list(enumerate(nodes)))}
    by_title = {Words.form(node.title): i for i, node in reversed(list(enumerate(nodes)))}
    found = {c.id: by_id.get(c.id, by_title.get(Words.form(c.title), -1)) for c in concepts}
    return {name: i for name, i in found.items() if i >= 0}


def _read(run: Run, relative: str, kind: type[Any]) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_json(run.read(relative))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        message = f"{first['msg']}{' at ' + pointer_of(first['loc']) if first['loc'] else ''}"
        raise ValidationFailed(
            f"{run.path / relative} cannot be read: {message}", hint=f"'dagogy run {run.id}' makes it again"
        ) from None
