"""The rule `graph.acyclic`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagogy.api import Finding, Rule, Subject

# How many edges the search for shortest circles may look at in one document, about half a second; small knots have their turn first.
_BUDGET = 1_000_000


class Acyclic(Rule):
    """A circle of prerequisites cannot be studied: every node in it waits for another. One circle is named for each separate knot of
    nodes: a shortest one, since that is the one to cut first. Only in knots too large and tangled to be searched through it is the
    shortest of those found, and the message calls it a short circle.

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
        # One circle of all nodes is seen at a glance.
        whole = len(_only_circle(index.prerequisites, index.cyclic)) == len(index.cyclic)
        knots = [index.cyclic] if whole else _knots(index.prerequisites, index.cyclic)
        circles: dict[int, tuple[list[int], bool]] = {}
        budget = _BUDGET
        for knot in sorted(knots, key=len):
            circle, exact, visits = _circle(index.prerequisites, knot, budget)
            circles[knot[0]] = circle, exact
            budget -= visits
        for knot in knots:
            circle, exact = circles[knot[0]]
            ids = [index.ids[i] for i in circle]
            first, second = circle[0], circle[1]
            at = subject.nodes[first].prerequisites.index(index.ids[second])
            shown = ids if len(ids) <= 12 else [*ids[:6], f"… {len(ids) - 11} more …", *ids[-5:]]
            kind = "a shortest circle" if exact else "a short circle, perhaps not the shortest,"
            yield Finding(
                message=f"circle of prerequisites: {' -> '.join([*shown, ids[0]])} (an arrow reads 'requires'; {kind} in a knot of {len(knot)} nodes)",
                pointer=f"/nodes/{first}/prerequisites/{at}",
                node_id=ids[0],
                data={"circle": ids, "shortest": exact},
            )


def _knots(prerequisites: Sequence[Sequence[int]], among: Sequence[int]) -> list[list[int]]:
    """The strongly connected components with more than one node, in document order (Tarjan 1972, without recursion).

    A node outside of `among` is on no circle, so it counts as done with.
    """
    done = len(prerequisites) + 1
    # The number of a node in the order of visits, from 1; 0 before its visit, `done` when its component is complete.
    number = [done] * len(prerequisites)
    for i in among:
        number[i] = 0
    low = [0] * len(prerequisites)
    stack: list[int] = []
    knots: list[list[int]] = []
    visited = 0
    for root in among:
        if number[root]:
            continue
        visited += 1
        number[root] = low[root] = visited
        stack.append(root)
        work = [(root, iter(prerequisites[root]))]
        while work:
            node, rest = work[-1]
            for other in rest:
                if not number[other]:
                    visited += 1
                    number[other] = low[other] = visited
                    stack.append(other)
                    work.append((other, iter(prerequisites[other])))
                    break
                if number[other] < low[node]:
                    low[node] = number[other]
            else:
                work.pop()
                if work and low[node] < low[work[-1][0]]:
                    low[work[-1][0]] = low[node]
                if low[node] == number[node]:
                    knot = _taken(stack, node)
                    for member in knot:
                        number[member] = done
                    if len(knot) > 1:
                        knots.append(sorted(knot))
    return sorted(knots)


def _taken(stack: list[int], node: int) -> list[int]:
    """Takes `node` and all above it from the stack."""
    taken = [stack.pop()]
    while taken[-1] != node:
        taken.append(stack.pop())
    return taken


def _circle(prerequisites: Sequence[Sequence[int]], knot: Sequence[int], budget: int) -> tuple[list[int], bool, int]:
    """A circle in the knot from its first node on, whether it is surely a shortest one, and how many edges were looked at for it."""
    circle = _only_circle(prerequisites, knot)
    if circle:
        return circle, True, 0
    at = {node: i for i, node in enumerate(knot)}
    before = [[at[p] for p in prerequisites[node] if p in at] for node in knot]
    circle, exact, visits = _pair(before), True, 0
    if not circle:
        circle, exact, visits = _shortest(before, budget)
    turn = circle.index(min(circle))
    return [knot[i] for i in circle[turn:] + circle[:turn]], exact, visits


def _only_circle(prerequisites: Sequence[Sequence[int]], knot: Sequence[int]) -> list[int]:
    """The way from the first node along prerequisites in the knot, as long as there is just one, until it closes; empty where there is
    a choice. If it closes, the whole knot is this circle: no other way leads out of it."""
    members = set(knot)
    circle = [knot[0]]
    for _ in knot:
        own = prerequisites[circle[-1]]
        inside = own if len(own) == 1 else [p for p in own if p in members]
        if len(inside) != 1:
            return []
        if inside[0] == knot[0]:
            break
        circle.append(inside[0])
    return circle


def _pair(before: Sequence[Sequence[int]]) -> list[int]:
    """The first two nodes that require each other."""
    size = len(before)
    edges = {i * size + p for i, own in enumerate(before) for p in own}
    return next(([i, p] for i, own in enumerate(before) for p in own if p * size + i in edges), [])


def _shortest(before: Sequence[Sequence[int]], budget: int) -> tuple[list[int], bool, int]:
    """A shortest circle of a knot that has none of two nodes, found breadth first from one node after the other.

    A node that has been searched from is taken out, with all that is on no circle without it; the search is over when nothing is
    left, or beyond the budget.
    """
    after: list[list[int]] = [[] for _ in before]
    for i, own in enumerate(before):
        for p in own:
            after[p].append(i)
    counts = [len(own) for own in before], [len(own) for own in after]
    # A node counts as seen in a search when it has the number of the search or a higher one, which those taken out have.
    seen, came = [-1] * len(before), [0] * len(before)
    best: list[int] = []
    visits = 0
    for turn, start in enumerate(_starts(before, after)):
        if seen[start] >= len(before):
            continue
        if best and visits >= budget:
            return best, False, visits
        circle, cost = _circle_through(start, before, seen, came, turn, len(best) or len(before) + 1)
        visits += cost
        best = circle or best
        if len(best) == 3:
            break
        _take_out(start, before, after, counts, seen)
    return best, True, visits


def _starts(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[int]:
    """Nodes of which every circle has one, in a good order to search from.

    A circle without a node that has a second prerequisite could not be left, and one without a node that has a second dependent could
    not be entered. Neighbours follow each other from the busiest node on: once they are taken out, a long ring falls apart.
    """
    forks = {i for i, own in enumerate(before) if len(own) > 1}
    joins = {i for i, own in enumerate(after) if len(own) > 1}
    wanted = min(forks, joins, key=len)
    first = max(wanted, key=lambda i: (len(before[i]) * len(after[i]), -i))
    order, known = [first], {first}
    for node in order:
        for other in before[node]:
            if other not in known:
                known.add(other)
                order.append(other)
    return [i for i in order if i in wanted]


def _circle_through(start: int, before: Sequence[Sequence[int]], seen: list[int], came: list[int], turn: int, shorter_than: int) -> tuple[list[int], int]:
    """A shortest circle through `start` if it has fewer than `shorter_than` nodes, and the number of edges looked at."""
    seen[start] = turn
    level, length, visits = [start], 1, 0
    while level and length < shorter_than:
        following = []
        for node in level:
            visits += len(before[node])
            for other in before[node]:
                if seen[other] < turn:
                    seen[other], came[other] = turn, node
                    following.append(other)
                elif other == start:
                    path = [node]
                    while path[-1] != start:
                        path.append(came[path[-1]])
                    return path[::-1], visits
        level, length = following, length + 1
    return [], visits


def _take_out(start: int, before: Sequence[Sequence[int]], after: Sequence[Sequence[int]], counts: tuple[list[int], list[int]], seen: list[int]) -> None:
    """Takes out `start`, and then what has no prerequisite or no dependent left; `counts` are the numbers of those left."""
    befores, afters = counts
    gone = len(before)
    seen[start] = gone
    leaving = [start]
    for node in leaving:
        for others, left in ((before[node], afters), (after[node], befores)):
            for other in others:
                left[other] -= 1
                if not left[other] and seen[other] < gone:
                    seen[other] = gone
                    leaving.append(other)
