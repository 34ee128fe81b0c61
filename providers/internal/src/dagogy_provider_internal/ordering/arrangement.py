"""From the evidence for pairs to ranks, edges and an order of study.

`arrange` turns the differences into one rank per concept (least squares), which settles cycles in
favour of the weightier evidence, and keeps for each concept its best-supported lower ones.
Without evidence there is no edge.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from dagogy_provider_internal.ordering.evidence import (
    Dropped,
    Edge,
    Evidence,
    Piece,
    Reason,
    Support,
    is_free,
)
from dagogy_provider_internal.ordering.stated import place_in_text
from dagogy_provider_internal.ordering.texts import anchor_lines, sentence_with, words_of
from dagogy_provider_internal.reading.concept import Concept

_PRIOR = 1.0
_ROUNDS = 60
#: How many times as strong evidence has to be to turn a pair of it round.
_AGAINST_AUTHOR = 2.0
_LEVEL_TOLD = 0.5  # difference of levels from which an edge tells of it
_COMMON_SHOWN = 4  # words in common that are named
_DROPPED = 8  # pairs without an edge that are remembered for a concept, those with most evidence


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The order of study (positions of concepts), the edges kept, transitively reduced, and for each concept
    the best-supported pairs without an edge.
    """

    order: list[int]
    edges: list[Edge]
    dropped: list[Dropped]


def arrange(concepts: Sequence[Concept], evidence: Evidence, limit: int) -> Arrangement:
    """Heights, then edges from lower to higher concepts, at most `limit` into each."""
    rank = ranks(evidence, [c.title for c in concepts])
    by_rank = _by_place(concepts, evidence, rank)
    strong = _strong(evidence)
    ranked = study_order(strong, by_rank)
    place = {c: k for k, c in enumerate(ranked)}
    chosen = [
        _edge(concepts, evidence, a, b, support)
        for b in ranked
        for support, a in _best(b, evidence, place, limit)
        if not is_free(evidence, concepts, b, a)
    ]
    kept = reduced(chosen, len(concepts))
    dropped = _dropped(concepts, evidence, place, {(e.before, e.after) for e in chosen}, kept)
    return Arrangement(study_order([(e.before, e.after) for e in kept], ranked), kept, dropped)


def _by_place(concepts: Sequence[Concept], evidence: Evidence, rank: Sequence[float]) -> list[int]:
    """By the places that the document states, and by rank within one; the lines of one cell, which share a
    place, stay together in the order of their text."""
    places = evidence.stated
    if not places:
        return sorted(range(len(concepts)), key=lambda i: (round(rank[i], 6), i))
    at = [place_in_text(c) for c in concepts]
    first: dict[tuple[int, int], tuple[float, int]] = {}
    for i in range(len(concepts)):
        key = places[i], at[i][0]
        first[key] = min(first.get(key, (math.inf, 0)), (round(rank[i], 6), i))
    return sorted(range(len(concepts)), key=lambda i: (places[i], first[places[i], at[i][0]], at[i][1], i))


def _edge(concepts: Sequence[Concept], evidence: Evidence, a: int, b: int, support: Support) -> Edge:
    """The pair as an edge. Where words in common are all there is, the sentence to show is looked for now,
    for the few pairs that need it.
    """
    direct = evidence.dependencies[b].get(a)
    pieces = [
        *support.pieces,
        *(direct.pieces if direct and direct is not support else []),
        *_level_piece(evidence, a, b),
    ]
    if not all(p.quote or p.note for p in pieces):
        shared = words_of(concepts[a], evidence.texts[a])
        shown = sentence_with(evidence.texts[b], shared)
        common = sorted(shared & words_of(concepts[b], evidence.texts[b]))
        note = f"words in common: {', '.join(common[:_COMMON_SHOWN])}" if common else "much the same words"
        lines, quote = shown or (anchor_lines(concepts[b]), "")
        pieces = [
            p if p.quote or p.note else p._replace(lines=lines, quote=quote, note="" if quote else note)
            for p in pieces
        ]
    pieces.sort(key=lambda p: -p.value)
    return Edge(a, b, round(1 - math.exp(-support.total), 3), tuple(pieces))


def _dropped(
    concepts: Sequence[Concept],
    evidence: Evidence,
    place: Mapping[int, int],
    chosen: Container[tuple[int, int]],
    kept: Iterable[Edge],
) -> list[Dropped]:
    """For each concept the pairs with most evidence that are no edges, and why not."""
    edges = {(e.before, e.after) for e in kept}
    out = []
    for b, dependencies in enumerate(evidence.dependencies):
        rest = [(s, a) for a, s in dependencies.items() if (a, b) not in edges]
        for support, a in heapq.nsmallest(_DROPPED, rest, key=lambda e: (-e[0].total, place[e[1]])):
            back = evidence.dependencies[a].get(b)
            net = support.total - (back.total if back else 0.0)
            reason: Reason
            if (a, b) in chosen:
                reason = "implied"
            elif place[a] > place[b]:
                reason = "opposed" if net < 0 else "cycle" if net >= evidence.weights.strong else "rank"
            elif b in evidence.closed and support.kind != "declared":
                reason = "complete"
            else:
                reason = "weak" if support.total < evidence.weights.keep else "limit"
            out.append(Dropped(_edge(concepts, evidence, a, b, support), reason))
    return out


def _strong(evidence: Evidence) -> list[tuple[int, int]]:
    """Pairs whose net evidence is so strong that no rank may turn them round, without cycles.

    In each strongly connected component of such pairs the weakest are dropped, a tenth at a time, until it is
    none (a greedy feedback arc set).
    """
    net: dict[tuple[int, int], float] = {}
    stated = evidence.stated
    for b, dependencies in enumerate(evidence.dependencies):
        for a, support in dependencies.items():
            back = evidence.dependencies[a].get(b)
            value = support.total - (back.total if back else 0.0)
            # Against the order that the document states only what it declares counts, and against that of its
            # author twice as much.
            against = (
                stated and stated[a] > stated[b] and not any(p.kind == "declared" for p in support.pieces)
            )
            if value >= evidence.weights.strong * (
                (_AGAINST_AUTHOR if evidence.unsaid else math.inf) if against else 1
            ):
                net[a, b] = value
    while True:
        component = _components(len(evidence.dependencies), net)
        inside = sorted(
            (e for e in net if component[e[0]] == component[e[1]] >= 0), key=lambda e: (net[e], e)
        )
        if not inside:
            return list(net)
        for pair in inside[: max(1, len(inside) // 10)]:
            del net[pair]


def _components(count: int, pairs: Collection[tuple[int, int]]) -> list[int]:
    """For each concept a concept of the strongly connected component it is in, -1
    where that is itself alone.
    """
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for a, b in pairs:
        sorter.add(b, a)
    component = [-1] * count
    try:
        sorter.prepare()
    except CycleError:
        import networkx

        for members in networkx.strongly_connected_components(networkx.DiGraph(list(pairs))):
            for member in members if len(members) > 1 else ():
                component[member] = min(members)
    return component


def _best(b: int, evidence: Evidence, place: dict[int, int], limit: int) -> list[tuple[Support, int]]:
    """The lower concepts that `b` depends on, best first: direct evidence, then related vocabulary, then what
    opens the subject.
    """
    weights = evidence.weights
    scale = 1 / max(1, len(place))
    direct = [(s, a) for a, s in evidence.dependencies[b].items() if place[a] < place[b]]
    if b in evidence.closed:
        declared = [(s, a) for s, a in direct if s.kind == "declared"]
        return sorted(declared, key=lambda e: (-e[0].total, place[e[1]]))[:limit]
    weak = {a: s.total for s, a in direct}
    best = [(s, a) for s, a in direct if s.total >= evidence.weights.keep]
    best = sorted(
        best, key=lambda e: (-e[0].total - evidence.weights.near * scale * place[e[1]], place[e[1]])
    )[:limit]
    if len(best) < min(evidence.weights.extra, limit):
        have = {a for _, a in best}
        least = evidence.weights.related_more if best else evidence.weights.related_least
        near = [
            (s, a)
            for a, s in evidence.related[b].items()
            if place[a] < place[b] and a not in have and s.total >= least
        ]
        near.sort(
            key=lambda e: (
                -e[0].total - weak.get(e[1], 0.0) - evidence.weights.near_related * scale * place[e[1]],
                place[e[1]],
            )
        )
        best += near[: min(evidence.weights.extra, limit) - len(best)]
    if len(best) < min(weights.level_edges, limit):
        best += _by_level(b, evidence, place, {a for _, a in best})[
            : min(weights.level_edges, limit) - len(best)
        ]
    if not best:
        opening = [a for a in evidence.foundations if place[a] < place[b]][-1:]
        best = [
            (
                Support(
                    evidence.weights.foundation,
                    [
                        Piece(
                            evidence.weights.foundation,
                            "foundation",
                            evidence.named_at[a][0],
                            evidence.named_at[a][1],
                        )
                    ],
                ),
                a,
            )
            for a in opening
        ]
    return best


def _by_level(
    b: int, evidence: Evidence, place: Mapping[int, int], without: Container[int]
) -> list[tuple[Support, int]]:
    """The relatives of `b` at a clearly lower level, those with most in common first,
    of equals the nearest below.
    """
    own, weights = evidence.levels[b], evidence.weights
    found = []
    for a, related in evidence.related[b].items():
        level = evidence.levels[a]
        if (
            own is not None
            and level is not None
            and a not in without
            and place[a] < place[b]
            and own - level >= weights.level_gap
        ):
            found.append((related.total + weights.level_near * level, place[a], a))
    found.sort(reverse=True)
    return [(Support(weights.level_edge), a) for _, _, a in found]


def _level_piece(evidence: Evidence, a: int, b: int) -> list[Piece]:
    """What the graded vocabulary says of the pair, where it puts `a` clearly before `b`."""
    low, high = evidence.levels[a], evidence.levels[b]
    if low is None or high is None or high - low < _LEVEL_TOLD:
        return []
    (lines, after), (_, before) = evidence.named_at[b], evidence.named_at[a]
    note = (
        f"general knowledge: “{before}” is usually met about level {low:.0f} of 9, “{after}” about level "
        f"{high:.0f}"
    )
    return [
        Piece(
            evidence.weights.level_edge,
            "level",
            lines,
            note=note
            if round(low) < round(high)
            else f"general knowledge: “{before}” is usually met a little before “{after}”",
        )
    ]


def ranks(evidence: Evidence, titles: Sequence[str]) -> list[float]:
    """One rank per concept so that a dependent stands about one step above what it depends on; least squares
    with the priors, by relaxation.
    """
    pairs: list[list[tuple[int, float]]] = [[] for _ in titles]
    for b, dependencies in enumerate(evidence.dependencies):
        for a, support in dependencies.items():
            back = evidence.dependencies[a].get(b)
            net = support.total - (back.total if back else 0.0)
            if net > 0:
                pairs[b].append((a, net))
                pairs[a].append((b, -net))
    h = list(evidence.prior)
    # What does not change from round to round: where a concept is drawn to by its prior and by one step from
    # each of its neighbours, and their weights.
    fixed = [
        _PRIOR * prior + sum(net for _, net in around)
        for prior, around in zip(evidence.prior, pairs, strict=True)
    ]
    share = [0.5 / (_PRIOR + sum(abs(net) for _, net in around)) for around in pairs]
    pulls = [[(j, abs(net)) for j, net in around] for around in pairs]
    for _ in range(_ROUNDS):
        new = [
            0.5 * h[i] + share[i] * (fixed[i] + sum([size * h[j] for j, size in around]))
            for i, around in enumerate(pulls)
        ]
        moved = max((abs(x - y) for x, y in zip(h, new, strict=True)), default=0.0)
        h = new
        if moved < 1e-4:
            break
    return h


def reduced(edges: Iterable[Edge], count: int) -> list[Edge]:
    """The edges that no path through others implies (transitive reduction of a DAG), by sets of ancestors."""
    into: list[list[Edge]] = [[] for _ in range(count)]
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for edge in edges:
        into[edge.after].append(edge)
        sorter.add(edge.after, edge.before)
    above = [0] * count
    kept: list[Edge] = []
    for b in sorter.static_order():
        direct = 0
        for edge in into[b]:
            direct |= above[edge.before]
        for edge in into[b]:
            if not direct >> edge.before & 1:
                kept.append(edge)
            above[b] |= above[edge.before] | 1 << edge.before
    return sorted(kept, key=lambda e: (e.after, -e.weight, e.before))


def study_order(pairs: Iterable[tuple[int, int]], ranked: Sequence[int]) -> list[int]:
    """A topological order that keeps to `ranked` wherever the edges allow."""
    place = {c: k for k, c in enumerate(ranked)}
    waiting: Counter[int] = Counter()
    out: dict[int, list[int]] = defaultdict(list)
    for before, after in pairs:
        waiting[after] += 1
        out[before].append(after)
    ready = [place[c] for c in ranked if not waiting[c]]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        c = ranked[heapq.heappop(ready)]
        order.append(c)
        for after in out[c]:
            waiting[after] -= 1
            if not waiting[after]:
                heapq.heappush(ready, place[after])
    return order
