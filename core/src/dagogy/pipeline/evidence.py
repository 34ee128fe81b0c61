"""The evidence of a curriculum's edges as it is kept in a run: written with a curriculum or a reading, and read back to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from dagogy.api.errors import ValidationFailed
from dagogy.api.scope import EdgeEvidence, ScopeEdge, ScopeReading
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import CONCEPTS, DAG, EVIDENCE


def reading_parts(reading: ScopeReading, location: str = "inputs/scope.md") -> dict[str, Any]:
    """Concepts, edges and dropped pairs as JSON values. `location` stands where the reading names no document."""
    concepts = [
        {
            "id": c.id,
            "title": c.title,
            "heading_path": list(c.path),
            "lines": list(c.lines),
            "evidence": c.evidence,
            "location": c.location or location,
            "merged": list(c.merged),
        }
        for c in reading.concepts
    ]
    edges = [_edge(e, location) for e in reading.edges]
    return {"concepts": concepts, "edges": edges, "dropped": [{**_edge(e, location), "reason": e.dropped} for e in reading.dropped]}


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
    first = {"prerequisite": edge.prerequisite, "dependent": edge.dependent, "kind": edge.kind, "weight": edge.weight}
    return {**first, "lines": list(edge.lines), "evidence": edge.evidence, "pieces": pieces}


class Piece(msgspec.Struct):
    kind: str
    weight: float
    lines: tuple[int, int]
    quote: str
    location: str = "inputs/scope.md"
    note: str = ""


class Edge(msgspec.Struct):
    """An edge with evidence, or with a `reason` a pair that is none in spite of it."""

    prerequisite: str
    dependent: str
    kind: str
    weight: float
    lines: tuple[int, int]
    evidence: str
    pieces: list[Piece] = []
    reason: str = ""


class Concept(msgspec.Struct):
    id: str
    title: str
    heading_path: list[str]
    lines: tuple[int, int]
    evidence: str
    location: str = "inputs/scope.md"
    merged: list[str] = []


class _Concepts(msgspec.Struct):
    concepts: list[Concept]


class _Edges(msgspec.Struct):
    edges: list[Edge]
    dropped: list[Edge] = []


class Known(NamedTuple):
    """What is kept of the evidence, ids as the provider gave them. `artifact`: the file it stands in, "" where there is none."""

    artifact: str
    concepts: Sequence[Concept] = ()
    edges: Mapping[tuple[str, str], Edge] = {}
    dropped: Mapping[tuple[str, str], Edge] = {}


def kept_evidence(run: Run) -> Known:
    """The evidence of the curriculum; where its provider told none, that of the reading of the scope document. Raises `ValidationFailed`."""
    files = next(((a, b) for a, b in ((EVIDENCE, EVIDENCE), (CONCEPTS, DAG)) if run.exists(a) and run.exists(b)), None)
    if files is None:
        return Known("")
    concepts, edges = _read(run, files[0], _Concepts).concepts, _read(run, files[1], _Edges)
    for edge in (*edges.edges, *edges.dropped):
        edge.pieces = edge.pieces or [Piece(edge.kind, edge.weight, edge.lines, edge.evidence)]
    kept, dropped = ({(e.prerequisite, e.dependent): e for e in part} for part in (edges.edges, edges.dropped))
    return Known(files[1], concepts, kept, dropped)


def _read(run: Run, relative: str, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(run.read(relative), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise ValidationFailed(f"{run.path / relative} cannot be read: {told}", hint=f"'dagogy run {run.id}' makes it again") from None
