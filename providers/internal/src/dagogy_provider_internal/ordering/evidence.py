"""What is noted of ordered pairs of concepts: pieces of evidence, their sums, the edges that come of them,
and the pairs that become none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from dagogy_provider_internal.ordering.weights import DEFAULT, Weights
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.passages import Passage

_PIECES = 4  # of evidence that are kept for a pair


class Piece(NamedTuple):
    """One piece of evidence: what it is worth, its kind, and where the source says it. `note`: what speaks
    for the pair where no sentence does.
    """

    value: float
    kind: str
    lines: tuple[int, int] = (1, 1)
    quote: str = ""
    note: str = ""


@dataclass(slots=True)
class Support:
    """The evidence that one concept depends on another: its sum, and its
    strongest pieces, strongest first.
    """

    total: float = 0.0
    pieces: list[Piece] = field(default_factory=list)

    def add(
        self, value: float, kind: str, lines: tuple[int, int] = (1, 1), quote: str = "", note: str = ""
    ) -> None:
        if not value:
            return
        self.total += value
        piece = Piece(value, kind, lines, quote, note)
        # The same words twice are one piece of evidence to show, and of equals the first stays the first.
        if all((p.kind, p.quote) != (kind, quote) for p in self.pieces):
            self.pieces = (
                sorted([*self.pieces, piece], key=lambda p: -p.value)[:_PIECES] if self.pieces else [piece]
            )

    @property
    def kind(self) -> str:
        return self.pieces[0].kind if self.pieces else ""


@dataclass(frozen=True, slots=True)
class Edge:
    """Concept `before` (a position) comes before concept `after`; `weight` in (0, 1], `pieces` with the
    strongest first, each with its quote.
    """

    before: int
    after: int
    weight: float
    pieces: tuple[Piece, ...]


#: Why a pair with evidence is no edge.
Reason = Literal["weak", "opposed", "cycle", "rank", "complete", "limit", "implied"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A pair with evidence that is no edge. `weak`: less evidence than an edge takes. `opposed`: there is
    more for the other direction. `cycle`: with stronger pairs it makes a cycle. `rank`: all evidence
    together puts `before` above `after`. `complete`: the source lists the prerequisites of `after` in full,
    without `before`. `limit`: others are better supported, and no more are allowed. `implied`: a path of
    other edges says the same.
    """

    edge: Edge
    reason: Reason


@dataclass(slots=True)
class Evidence:
    """All that was collected. `dependencies[b][a]`: B depends on A. `closed`: concepts whose prerequisites
    the source lists in full.
    """

    dependencies: list[dict[int, Support]]
    weights: Weights = DEFAULT
    closed: set[int] = field(default_factory=set)
    #: Pairs (B, A) of which A is one of several that are enough for B, or is learned beside it.
    beside: set[tuple[int, int]] = field(default_factory=set)
    prior: list[float] = field(default_factory=list)
    levels: list[float | None] = field(default_factory=list)
    #: For each concept its place in the order that the document states; empty when it states none. Concepts
    #: of one numbered group share a place.
    stated: list[int] = field(default_factory=list)
    #: Whether `stated` is only the order in which the document happens to say things.
    unsaid: bool = False
    related: list[dict[int, Support]] = field(default_factory=list)
    foundations: list[int] = field(default_factory=list)
    texts: Sequence[Sequence[Passage]] = ()
    named_at: list[tuple[tuple[int, int], str]] = field(default_factory=list)

    def support(self, after: int, before: int) -> Support:
        return self.dependencies[after].setdefault(before, Support())


def is_free(evidence: Evidence, concepts: Sequence[Concept], b: int, a: int) -> bool:
    """Whether the author leaves it open if `a` is learned before `b`: one of several alternatives, what is
    learned beside, and what may be left out, unless that is declared."""
    if (b, a) in evidence.beside:
        return True
    if not concepts[a].optional or b in evidence.closed:
        return False
    return not concepts[b].optional or concepts[b].choice == concepts[a].choice != ""
