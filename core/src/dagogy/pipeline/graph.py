"""The prerequisite graph as plain lists of positions: all that the built-in rules, the
plan and the diff need of it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import ValidationFailed

if TYPE_CHECKING:
    from dagogy.contracts.types import Curriculum


def total_minutes(curriculum: Curriculum) -> float:
    """What the estimates add up to, without rounding on the way. Raises `ValidationFailed`
    when no number can hold it.
    """
    try:
        return math.fsum(node.estimate_minutes for node in curriculum.nodes)
    except OverflowError:
        raise ValidationFailed(
            "the estimates add up to more minutes than a number can hold",
            hint="correct estimate_minutes; nobody studies so long",
        ) from None


class GraphIndex:
    """See `dagogy.api.rules.GraphIndex`. Everything is linear in nodes and edges, and
    built when first asked for.
    """

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.ids: list[str] = [node.id for node in nodes]
        position: dict[str, int] = {}
        for i, node_id in enumerate(self.ids):
            position.setdefault(node_id, i)
        self.position = position
        find = position.get
        prerequisites: list[list[int]] = []
        for i, node in enumerate(nodes):
            known = [p for p in map(find, node.prerequisites) if p is not None and p != i]
            prerequisites.append(known if len(known) < 2 else list(dict.fromkeys(known)))
        self.prerequisites = prerequisites

    @cached_property
    def dependents(self) -> list[list[int]]:
        out: list[list[int]] = [[] for _ in self.ids]
        for i, before in enumerate(self.prerequisites):
            for p in before:
                out[p].append(i)
        return out

    @cached_property
    def _kahn(self) -> tuple[list[int], list[int], list[int]]:
        """Kahn's algorithm (1962), first in first out from document order: order, depth,
        and what no order reaches.
        """
        waiting = [len(before) for before in self.prerequisites]
        depth = [0 if not n else -1 for n in waiting]
        queue = deque(i for i, n in enumerate(waiting) if not n)
        order: list[int] = []
        dependents = self.dependents
        while queue:
            i = queue.popleft()
            order.append(i)
            below = depth[i] + 1
            for j in dependents[i]:
                waiting[j] -= 1
                if not waiting[j]:
                    # First in, first out: the last prerequisite to be placed is a deepest one.
                    depth[j] = below
                    queue.append(j)
        cyclic = [] if len(order) == len(waiting) else [i for i, n in enumerate(waiting) if n]
        return order, depth, cyclic

    @property
    def order(self) -> list[int]:
        return self._kahn[0]

    @property
    def depth(self) -> list[int]:
        return self._kahn[1]

    @property
    def cyclic(self) -> list[int]:
        return self._kahn[2]

    def critical_path(self, minutes: Sequence[float]) -> list[int]:
        """The chain of prerequisites with the most minutes, in order of study; empty when there is none.

        The longest path in a DAG by dynamic programming over the topological order; of equal ones the earlier
        node is taken, in whatever order the prerequisites stand.
        """
        best = [0.0] * len(self.ids)
        came: list[int] = [-1] * len(self.ids)
        for i in self.order:
            longest, before = 0.0, -1
            for p in self.prerequisites[i]:
                if best[p] > longest or (best[p] == longest and p < before):
                    longest, before = best[p], p
            best[i], came[i] = longest + minutes[i], before
        at = max(self.order, key=best.__getitem__, default=-1)
        path = []
        while at >= 0:
            path.append(at)
            at = came[at]
        return path[::-1]
