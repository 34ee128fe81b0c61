"""The rule `graph.acyclic`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from dagogy.api import Finding, Rule, Subject


class Acyclic(Rule):
    """A circle of prerequisites cannot be studied: every node in it waits for another. One shortest circle is named for each
    separate knot of nodes, since that is the one to cut first.

    Bad:
        `a` requires `b`, `b` requires `c`, `c` requires `a`.

    Good:
        `a` requires nothing, `b` requires `a`, `c` requires `b`.

    How to fix:
        Decide which of the concepts can be understood alone, and take the circle's prerequisite out of it. If none can, they
        are one concept: merge them.
    """

    def check(self, subject: Subject, options: Any) -> Iterator[Finding]:
        index = subject.index
        if not index.cyclic:
            return
        for knot in _knots(index.prerequisites, index.cyclic):
            circle = _shortest_circle(index.prerequisites, knot)
            ids = [index.ids[i] for i in circle]
            first, second = circle[0], circle[1 % len(circle)]
            at = subject.nodes[first].prerequisites.index(index.ids[second])
            shown = ids if len(ids) <= 12 else [*ids[:6], f"… {len(ids) - 11} more …", *ids[-5:]]
            yield Finding(
                message=f"circle of prerequisites: {' -> '.join([*shown, ids[0]])} (an arrow reads 'requires'; {len(knot)} nodes are in this knot)",
                pointer=f"/nodes/{first}/prerequisites/{at}",
                node_id=ids[0],
                data={"circle": ids},
            )


def _knots(prerequisites: Sequence[Sequence[int]], among: Sequence[int]) -> list[list[int]]:
    """The strongly connected components with more than one node, in document order (Tarjan 1972, without recursion)."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    knots: list[list[int]] = []
    members = set(among)
    for root in among:
        if root in number:
            continue
        work = [(root, iter(prerequisites[root]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in members:
                    continue
                if other not in number:
                    number[other] = low[other] = len(number)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(prerequisites[other])))
                    break
                if other in on_stack:
                    low[node] = min(low[node], number[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == number[node]:
                    cut = stack.index(node) if len(stack) < 64 else len(stack) - 1 - stack[::-1].index(node)
                    knot = stack[cut:]
                    del stack[cut:]
                    on_stack.difference_update(knot)
                    if len(knot) > 1:
                        knots.append(sorted(knot))
    return sorted(knots)


def _shortest_circle(prerequisites: Sequence[Sequence[int]], knot: Sequence[int]) -> list[int]:
    """A shortest circle through the knot, found breadth first. In a knot of more than 200 nodes only 200 starts are tried, those with
    the most prerequisites inside it first: then it is a short one, and still a real one."""
    members = set(knot)
    inside = {i: [p for p in prerequisites[i] if p in members] for i in knot}
    starts = knot if len(knot) <= 200 else sorted(knot, key=lambda i: -len(inside[i]))[:200]
    best: list[int] = []
    for start in starts:
        circle = _circle_through(start, inside, len(best) or len(knot) + 1)
        if circle and (not best or len(circle) < len(best)):
            best = circle
            if len(best) == 2:
                break
    turn = best.index(min(best))
    return best[turn:] + best[:turn]


def _circle_through(start: int, inside: dict[int, list[int]], shorter_than: int) -> list[int]:
    came = {start: -1}
    queue = deque([(start, 1)])
    while queue:
        node, length = queue.popleft()
        if length >= shorter_than:
            return []
        for other in inside[node]:
            if other == start:
                path = [node]
                while came[path[-1]] >= 0:
                    path.append(came[path[-1]])
                return path[::-1]
            if other not in came:
                came[other] = node
                queue.append((other, length + 1))
    return []
