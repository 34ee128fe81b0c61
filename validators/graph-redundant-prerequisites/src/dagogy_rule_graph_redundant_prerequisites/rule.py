"""The rule `graph.redundant_prerequisites`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagogy.api.rules import Finding, Fix, Rule, RuleContext

# Bits in one block: 100,000 nodes hold at most 100,000 different sets of this many bits at a time, 100 MB.
_BLOCK = 8192


class RedundantPrerequisites(Rule):
    """If `bread` requires `dough` and `dough` requires `yeast`, then `bread` needs no prerequisite `yeast`:
    it is implied. Such extra edges clutter the graph, inflate the number of prerequisites and hide which ones
    matter. Removing all of them at once changes nothing about what comes before what: the result is the
    transitive reduction, which a DAG has exactly one of (Aho, Garey and Ullman 1972, "The transitive
    reduction of a directed graph").

    Bad:
        `dough` requires `yeast`, and `bread` requires `dough` and `yeast`.

    Good:
        `dough` requires `yeast`, and `bread` requires `dough`.

    How to fix:
        Remove the prerequisite that the finding names; the safe fix does. If it was meant as a hint that the
        concept is used directly, say so in a core idea.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        index = context.index
        implied = _implied(context)
        for i in sorted(implied):
            node = context.nodes[i]
            places = sorted(
                (node.prerequisites.index(index.ids[p]), index.ids[p], index.ids[via])
                for p, via in implied[i].items()
            )
            for at, name, via_name in places:
                pointer = f"/nodes/{i}/prerequisites/{at}"
                yield Finding(
                    message=(
                        f"prerequisite '{name:.60}' of '{node.id:.60}' is implied by its prerequisite "
                        f"'{via_name:.60}', which builds on it; remove it"
                    ),
                    pointer=pointer,
                    node_id=node.id,
                    fix=Fix(
                        "safe",
                        f"remove '{name:.60}'",
                        [{"op": "test", "path": pointer, "value": name}, {"op": "remove", "path": pointer}],
                    ),
                    data={"implied_by": via_name},
                )


def _implied(context: RuleContext) -> dict[int, dict[int, int]]:
    """For each node its implied prerequisites, each with another prerequisite that builds on it.

    What builds on a prerequisite is deeper than it and has it as a prerequisite too, so only one that is not
    among the deepest and has other dependents is in question.
    Each of those gets one bit, `_BLOCK` of them at a time. In topological order, the set of a node is the
    union of its prerequisites' sets and its own bit; big integers make a union as cheap as a copy.
    """
    index = context.index
    depth, dependents = index.depth, index.dependents
    place = {v: t for t, v in enumerate(index.order)}
    asked: dict[int, list[int]] = {}
    for v in index.order:
        before = index.prerequisites[v]
        top = max([depth[p] for p in before]) if len(before) > 1 else 0
        for p in before:
            if depth[p] < top and len(dependents[p]) > 1:
                asked.setdefault(p, []).append(v)
    targets = sorted(asked, key=place.__getitem__)
    found: dict[int, dict[int, int]] = {}
    for start in range(0, len(targets), _BLOCK):
        block = targets[start : start + _BLOCK]
        last = max(place[v] for p in block for v in asked[p])
        _mark(block, asked, index.prerequisites, index.order[place[block[0]] : last + 1], found)
    return found


def _mark(
    block: list[int],
    asked: dict[int, list[int]],
    prerequisites: Sequence[Sequence[int]],
    stretch: list[int],
    found: dict[int, dict[int, int]],
) -> None:
    """Puts into `found` what is implied of the prerequisites in `block`; no path between them and who has
    them leaves `stretch`.
    """
    own = {p: 1 << bit for bit, p in enumerate(block)}
    questions: dict[int, list[int]] = {}
    for p in block:
        for v in asked[p]:
            questions.setdefault(v, []).append(p)
    reach: dict[int, int] = {}
    for v in stretch:
        before = prerequisites[v]
        bits = 0
        for q in before:
            bits |= reach.get(q, 0)
        for p in questions.get(v, ()):
            via = next((q for q in before if q != p and reach.get(q, 0) & own[p]), None)
            if via is not None:
                found.setdefault(v, {})[p] = via
        if bits or v in own:
            reach[v] = bits | own.get(v, 0)
