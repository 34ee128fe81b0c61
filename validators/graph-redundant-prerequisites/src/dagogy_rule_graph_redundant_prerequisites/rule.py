"""The rule `graph.redundant_prerequisites`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagogy.api import Finding, Fix, GraphIndex, Rule, Subject

# Steps of the search for one node and for all of them; what they do not settle, the bit sets do.
_STEPS_A_NODE = 400
_STEPS_IN_ALL = 1_000_000
# Bits in one block: 100,000 nodes hold at most 100,000 sets of this many bits at a time, 50 MB.
_BLOCK = 4096


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

    A prerequisite can only be implied by one of greater depth, so nodes whose prerequisites have all the same depth are done at once.
    For the others the graph is searched backwards, but never above the shallowest prerequisite; that is short where prerequisites are
    near each other. Nodes for which it is not are left to the bit sets, so that the whole stays far from quadratic.
    """
    depth, prerequisites, dependents = index.depth, index.prerequisites, index.dependents
    found: dict[int, dict[int, int]] = {}
    hard: list[int] = []
    steps_left = _STEPS_IN_ALL
    for v, before in enumerate(prerequisites):
        if len(before) < 2:
            continue
        levels = [depth[p] for p in before]
        top = max(levels)
        # What only `v` builds on cannot be implied by something else that `v` builds on.
        low = [level for p, level in zip(before, levels, strict=True) if level < top and len(dependents[p]) > 1]
        if not low:
            continue
        limit = min(_STEPS_A_NODE, steps_left)
        result, steps = _search(v, min(low), prerequisites, depth, limit)
        steps_left -= steps
        if result is None:
            hard.append(v)
        elif result:
            found[v] = result
    for v, p, via in _by_bits(hard, index):
        found.setdefault(v, {})[p] = via
    return found


def _search(v: int, floor: int, prerequisites: list[list[int]], depth: list[int], limit: int) -> tuple[dict[int, int] | None, int]:
    """The implied prerequisites of `v`, or None if more than `limit` edges had to be followed; and how many were."""
    wanted = prerequisites[v]
    origin = {p: p for p in wanted}
    stack = [p for p in wanted if depth[p] > floor]
    implied: dict[int, int] = {}
    steps = 0
    while stack:
        x = stack.pop()
        before = prerequisites[x]
        steps += len(before)
        if steps > limit:
            return None, steps
        for y in before:
            if y not in origin:
                if depth[y] > floor:
                    origin[y] = origin[x]
                    stack.append(y)
            elif y in wanted:
                implied.setdefault(y, origin[x])
    return implied, steps


def _by_bits(hard: list[int], index: GraphIndex) -> Iterator[tuple[int, int, int]]:
    """The same for the nodes in `hard`: (node, implied prerequisite, the one that builds on it).

    Each prerequisite in question gets one bit, `_BLOCK` of them at a time; in topological order every node's set of bits is the union of its
    prerequisites' sets and own bits. Big integers make a union as cheap as a memory copy.
    """
    depth, prerequisites, order = index.depth, index.prerequisites, index.order
    place = {v: t for t, v in enumerate(order)}
    asked: dict[int, list[int]] = {}
    for v in hard:
        top = max(depth[p] for p in prerequisites[v])
        for p in prerequisites[v]:
            if depth[p] < top:
                asked.setdefault(p, []).append(v)
    targets = sorted(asked, key=place.__getitem__)
    for start in range(0, len(targets), _BLOCK):
        block = targets[start : start + _BLOCK]
        questions: dict[int, list[int]] = {}
        for p in block:
            for v in asked[p]:
                questions.setdefault(v, []).append(p)
        first, last = place[block[0]], max(map(place.__getitem__, questions))
        yield from _one_block(block, questions, order[first : last + 1], prerequisites)


def _one_block(block: list[int], questions: dict[int, list[int]], stretch: list[int], prerequisites: list[list[int]]) -> Iterator[tuple[int, int, int]]:
    bit = {p: 1 << b for b, p in enumerate(block)}
    reach = [0] * len(prerequisites)
    for v in stretch:
        bits = 0
        for q in prerequisites[v]:
            bits |= reach[q]
        if v in questions:
            for p in questions[v]:
                mask = bit[p]
                via = next((q for q in prerequisites[v] if q != p and reach[q] & mask), None)
                if via is not None:
                    yield v, p, via
        reach[v] = bits | bit[v] if v in bit else bits
