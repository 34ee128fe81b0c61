"""The rule `graph.redundant_prerequisites`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagogy.api import Finding, Fix, GraphIndex, Rule, Subject

# Edges that a search may follow: forwards and backwards for one node, and for all nodes. What that does not settle, the bit sets do.
_FORWARD = 40
_BACKWARD = 400
_IN_ALL = 600_000
# Bits in one block: 100,000 nodes hold at most 100,000 different sets of this many bits at a time, 100 MB.
_BLOCK = 8192


class RedundantPrerequisites(Rule):
    """If `bread` requires `dough` and `dough` requires `yeast`, then `bread` needs no prerequisite `yeast`: it is implied. Such extra
    edges clutter the graph, inflate the number of prerequisites and hide which ones matter. Removing all of them at once changes
    nothing about what comes before what: the result is the transitive reduction, which a DAG has exactly one of (Aho, Garey and Ullman
    1972, "The transitive reduction of a directed graph").

    Bad:
        `dough` requires `yeast`, and `bread` requires `dough` and `yeast`.

    Good:
        `dough` requires `yeast`, and `bread` requires `dough`.

    How to fix:
        Remove the prerequisite that the finding names; the safe fix does. If it was meant as a hint that the concept is used
        directly, say so in a core idea.
    """

    def check(self, subject: Subject, options: Any) -> Iterator[Finding]:
        index = subject.index
        implied = _implied(index)
        for i in sorted(implied):
            node = subject.nodes[i]
            places = sorted((node.prerequisites.index(index.ids[p]), index.ids[p], index.ids[via]) for p, via in implied[i].items())
            for at, name, via_name in places:
                pointer = f"/nodes/{i}/prerequisites/{at}"
                yield Finding(
                    message=f"prerequisite '{name:.60}' of '{node.id:.60}' is implied by its prerequisite '{via_name:.60}', which builds on it; remove it",
                    pointer=pointer,
                    node_id=node.id,
                    fix=Fix("safe", f"remove '{name:.60}'", [{"op": "test", "path": pointer, "value": name}, {"op": "remove", "path": pointer}]),
                    data={"implied_by": via_name},
                )


def _implied(index: GraphIndex) -> dict[int, dict[int, int]]:
    """For each node its implied prerequisites, each with another prerequisite that builds on it.

    What builds on a prerequisite is deeper than it, and later in every topological order. So only a prerequisite that has another both
    deeper and later can be implied, and a short search between the two decides: forwards from the prerequisite, then backwards from the
    node. Nodes for which it is not short are left to the bit sets, so that the whole stays far from quadratic.
    """
    depth, prerequisites, dependents = index.depth, index.prerequisites, index.dependents
    rank = _rank(index)
    found: dict[int, dict[int, int]] = {}
    hard: list[int] = []
    budget = _IN_ALL
    for v, before in enumerate(prerequisites):
        if len(before) < 2:
            continue
        top = max([depth[p] for p in before])
        last = max([rank[p] for p in before])
        # What only `v` builds on cannot be implied by something else that `v` builds on.
        low = [p for p in before if depth[p] < top and rank[p] < last and len(dependents[p]) > 1]
        if not low:
            continue
        if budget <= 0:
            hard.append(v)
            continue
        result: dict[int, int] | None = {}
        for p in low:
            via, steps = _forward(p, before, top, last, index, rank)
            budget -= steps
            if via is None:
                result, steps = _backward(v, low, index, rank)
                budget -= steps
                break
            if via >= 0 and result is not None:
                result[p] = via
        if result is None:
            hard.append(v)
        elif result:
            found[v] = result
    if hard:
        _by_bits(hard, found, index)
    return found


def _rank(index: GraphIndex) -> list[int]:
    """The place of each node in a topological order: the document's own, where it is one, since it differs most from the order of depth."""
    if all(p < v for v, before in enumerate(index.prerequisites) for p in before):
        return list(range(len(index.prerequisites)))
    rank = [0] * len(index.prerequisites)
    for place, v in enumerate(index.order):
        rank[v] = place
    return rank


def _forward(start: int, goals: list[int], top: int, last: int, index: GraphIndex, rank: list[int]) -> tuple[int | None, int]:
    """One of `goals` that builds on `start`, -1 if there is none, None if too many edges had to be followed; and how many were."""
    depth, dependents = index.depth, index.dependents
    stack, seen, steps = [start], {start}, 0
    while stack:
        after = dependents[stack.pop()]
        steps += len(after)
        if steps > _FORWARD:
            return None, steps
        for y in after:
            if depth[y] > top or rank[y] > last or y in seen:
                continue
            if y in goals:
                return y, steps
            seen.add(y)
            stack.append(y)
    return -1, steps


def _backward(v: int, low: list[int], index: GraphIndex, rank: list[int]) -> tuple[dict[int, int] | None, int]:
    """The implied prerequisites of `v`, or None if too many edges had to be followed; and how many were."""
    depth, prerequisites = index.depth, index.prerequisites
    floor, first = min([depth[p] for p in low]), min([rank[p] for p in low])
    origin = {p: p for p in prerequisites[v]}
    stack = [p for p in origin if depth[p] > floor and rank[p] > first]
    implied: dict[int, int] = {}
    steps = 0
    while stack:
        x = stack.pop()
        before = prerequisites[x]
        steps += len(before)
        if steps > _BACKWARD:
            return None, steps
        for y in before:
            if y not in origin:
                if depth[y] > floor and rank[y] > first:
                    origin[y] = origin[x]
                    stack.append(y)
            elif y in low:
                implied.setdefault(y, origin[x])
    return implied, steps


def _by_bits(hard: list[int], found: dict[int, dict[int, int]], index: GraphIndex) -> None:
    """Settles the nodes in `hard` and puts what is implied into `found`.

    Each prerequisite in question gets one bit, `_BLOCK` of them at a time; in topological order every node's set of bits is the union of its
    prerequisites' sets and its own bit. Big integers make a union as cheap as a memory copy. Edges that are known to be implied are left
    out, since the sets are the same without them.
    """
    order = index.order
    edges = [before if v not in found else [p for p in before if p not in found[v]] for v, before in enumerate(index.prerequisites)]
    asked = _not_on_one_chain(hard, edges, found, index)
    place = [0] * len(order)
    for t, v in enumerate(order):
        place[v] = t
    targets = sorted(asked, key=place.__getitem__)
    # The last block first: it has the shortest way to go, and what it finds makes the way shorter for those before it.
    for start in range((len(targets) - 1) // _BLOCK * _BLOCK, -1, -_BLOCK):
        block = targets[start : start + _BLOCK]
        questions: dict[int, list[int]] = {}
        for p in block:
            for v in asked[p]:
                questions.setdefault(v, []).append(p)
        first, last = place[block[0]], max(map(place.__getitem__, questions))
        _one_block(block, questions, order[first : last + 1], edges, found)


def _not_on_one_chain(hard: list[int], edges: list[list[int]], found: dict[int, dict[int, int]], index: GraphIndex) -> dict[int, list[int]]:
    """The prerequisites in question, each with the nodes that have it, after the easy answers have gone into `found`.

    The graph is cut into chains: each node continues the chain of its deepest prerequisite if it is the first to do so. Of two nodes
    on one chain the later builds on the earlier.
    """
    depth = index.depth
    chain = list(range(len(edges)))
    taken = bytearray(len(edges))
    for v in index.order:
        before = edges[v]
        if before:
            deepest = before[0] if len(before) == 1 else max(before, key=depth.__getitem__)
            if not taken[deepest]:
                taken[deepest] = 1
                chain[v] = chain[deepest]
    asked: dict[int, list[int]] = {}
    for v in hard:
        before = edges[v]
        top = max([depth[p] for p in before])
        for p in before:
            if depth[p] < top:
                via = next((q for q in before if chain[q] == chain[p] and depth[q] > depth[p]), None)
                if via is None:
                    asked.setdefault(p, []).append(v)
                else:
                    found.setdefault(v, {})[p] = via
        if v in found:
            edges[v] = [p for p in before if p not in found[v]]
    return asked


def _one_block(block: list[int], questions: dict[int, list[int]], stretch: list[int], edges: list[list[int]], found: dict[int, dict[int, int]]) -> None:
    own = [0] * len(edges)
    for b, p in enumerate(block):
        own[p] = 1 << b
    reach = [0] * len(edges)
    last_use = list(range(len(edges)))
    for v in stretch:
        for q in edges[v]:
            last_use[q] = v
    for v in stretch:
        before = edges[v]
        if len(before) == 1:
            bits = reach[before[0]]
        else:
            bits = 0
            for q in before:
                bits |= reach[q]
            for p in questions.get(v, ()):
                via = next((q for q in before if q != p and reach[q] & own[p]), None)
                if via is not None:
                    found.setdefault(v, {})[p] = via
                    edges[v] = [q for q in edges[v] if q != p]
        reach[v] = bits | own[v]
        for q in before:
            if last_use[q] == v:
                reach[q] = 0  # few sets alive at a time stay in the processor's cache
