"""The rule `graph.acyclic`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagogy.api.rules import Finding, Rule, RuleContext

if TYPE_CHECKING:
    import networkx

# How many edges the search for shortest cycles may look at in one document, about a second; small components
# have their turn first.
_BUDGET = 1_000_000


class Acyclic(Rule):
    """A cycle of prerequisites cannot be studied: every node in it waits for another. One cycle is named
    for each strongly connected component: a shortest one, since that is the one to cut first. Only in
    components too large and tangled to be searched through it is the shortest of those found, and the
    message calls it a short cycle.

    Bad:
        `a` requires `b`, `b` requires `c`, `c` requires `a`.

    Good:
        `a` requires nothing, `b` requires `a`, `c` requires `b`.

    How to fix:
        Decide which of the concepts can be understood alone, and take the cycle's prerequisite out of it. If
        none can, they are one concept: merge them.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        index = context.index
        if not index.cyclic:
            return
        import networkx

        graph = networkx.DiGraph((i, p) for i in index.cyclic for p in index.prerequisites[i])
        components = [sorted(c) for c in networkx.strongly_connected_components(graph) if len(c) > 1]
        found = []
        budget = _BUDGET
        for component in sorted(components, key=lambda c: (len(c), c)):
            cycle, exact, looked_at = _shortest_cycle(graph.subgraph(component).copy(), budget)
            budget -= looked_at
            found.append((component[0], len(component), cycle, exact))
        for _, size, cycle, exact in sorted(found):
            ids = [index.ids[i] for i in cycle]
            at = context.nodes[cycle[0]].prerequisites.index(ids[1])
            shown = ids if len(ids) <= 12 else [*ids[:6], f"… {len(ids) - 11} more …", *ids[-5:]]
            kind = "a shortest cycle" if exact else "a short cycle, perhaps not the shortest,"
            where = f"in a strongly connected component of {size} nodes"
            yield Finding(
                message=(
                    f"cycle of prerequisites: {' -> '.join([*shown, ids[0]])} (an arrow reads 'requires'; "
                    f"{kind} {where})"
                ),
                pointer=f"/nodes/{cycle[0]}/prerequisites/{at}",
                node_id=ids[0],
                data={"cycle": ids, "shortest": exact},
            )


def _shortest_cycle(graph: networkx.DiGraph, budget: int) -> tuple[list[int], bool, int]:
    """A cycle of a strongly connected graph, whether it is surely a shortest one, and how many edges were
    looked at for it.

    The busiest node is searched from first. A node that was searched from is taken out with all that is on no
    cycle without it; the search ends when nothing is left, or beyond the budget. `graph` is used up.
    """
    best: list[int] = []
    looked_at = 0
    for start in sorted(graph, key=lambda n: (-graph.in_degree(n) * graph.out_degree(n), n)):
        if start not in graph:
            continue
        if len(best) == 2 or (best and looked_at >= budget):
            break
        cycle, cost = _cycle_through(graph, start, len(best))
        looked_at += cost
        best = cycle or best
        leaving = [start]
        while leaving:
            node = leaving.pop()
            if node in graph:
                before, after = list(graph.pred[node]), list(graph.succ[node])
                graph.remove_node(node)
                leaving += [n for n in before if not graph.succ[n]] + [n for n in after if not graph.pred[n]]
    turn = best.index(min(best))
    return best[turn:] + best[:turn], len(best) == 2 or not graph, looked_at


def _cycle_through(graph: networkx.DiGraph, start: int, longest: int) -> tuple[list[int], int]:
    """A shortest cycle through `start` with fewer than `longest` nodes (0: any), and how many edges were
    looked at; breadth first.
    """
    from networkx import bfs_edges

    came: dict[int, int] = {}
    looked_at = 0
    for node, other in bfs_edges(graph, start, depth_limit=longest - 2 if longest else None):
        came[other] = node
        looked_at += graph.out_degree(other)
        if graph.has_edge(other, start):
            path = [other]
            while path[-1] != start:
                path.append(came[path[-1]])
            return path[::-1], looked_at
    return [], looked_at
