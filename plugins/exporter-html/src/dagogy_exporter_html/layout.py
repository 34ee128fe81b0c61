"""Where each node of a graph of prerequisites is drawn: layers from top to bottom, in linear time."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: Between the centres of two nodes of a row, two rows of a layer, and two layers; in pixels at zoom 1.
COLUMN, ROW, LAYER = 190, 60, 92
#: Passes of the barycentre method over all layers; further ones hardly change the order.
_PASSES = 4


def ranks(prerequisites: Sequence[Sequence[int]]) -> list[int]:
    """For each node the edges of the longest path that ends in it. What is in a cycle, or behind one, is put
    below what it needs as far as that has a rank.
    """
    dependents = _dependents(prerequisites)
    waiting = [len(before) for before in prerequisites]
    rank = [0] * len(prerequisites)
    done = [False] * len(prerequisites)
    rest = iter(range(len(prerequisites)))
    ready = [i for i, n in enumerate(waiting) if not n]
    while True:
        while ready:
            node = ready.pop()
            done[node] = True
            for after in dependents[node]:
                rank[after] = max(rank[after], rank[node] + 1)
                waiting[after] -= 1
                if not waiting[after] and not done[after]:
                    ready.append(after)
        # Only cycles are left: the first of their nodes opens one.
        node = next((i for i in rest if not done[i]), -1)
        if node < 0:
            return rank
        ready.append(node)


def _dependents(prerequisites: Sequence[Sequence[int]]) -> list[list[int]]:
    dependents: list[list[int]] = [[] for _ in prerequisites]
    for node, before in enumerate(prerequisites):
        for p in before:
            dependents[p].append(node)
    return dependents


def layout(prerequisites: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """The centre (x, y) of each node, by position; a prerequisite stands above what needs it."""
    rank = ranks(prerequisites)
    layers: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for node, r in enumerate(rank):
        layers[r].append(node)
    # An edge of a cycle that leads upwards does not count.
    above = [[p for p in before if rank[p] < rank[node]] for node, before in enumerate(prerequisites)]
    below = _dependents(above)
    _order(layers, above, below)
    x, y, rows = _rows(layers, len(prerequisites))
    for neighbours, order in ((above, rows), (below, rows[::-1]), (above, rows)):
        for row in order:
            wanted = [_mean(x, neighbours[node], node) for node in row]
            for node, place in zip(row, _apart(wanted), strict=True):
                x[node] = place
    return [(round(a), b) for a, b in zip(x, y, strict=True)]


def _rows(layers: Sequence[list[int]], count: int) -> tuple[list[float], list[int], list[list[int]]]:
    """First coordinates of all `count` nodes, and the rows that each layer is broken into."""
    widest = max(6, math.ceil(1.2 * math.sqrt(count)))
    x, y, rows, top = [0.0] * count, [0] * count, list[list[int]](), 0
    for layer in layers:
        lines = math.ceil(len(layer) / widest)
        for r in range(lines):
            # Neighbours in the order stay neighbours: a layer of several rows is filled column by column.
            row = layer[r::lines]
            rows.append(row)
            for i, node in enumerate(row):
                x[node], y[node] = (i - (len(row) - 1) / 2) * COLUMN, top + r * ROW
        top += (lines - 1) * ROW + LAYER
    return x, y, rows


def _mean(place: Sequence[float], neighbours: Sequence[int], node: int) -> float:
    """The mean place of the neighbours of a node, or its own where it has none."""
    return sum(place[n] for n in neighbours) / len(neighbours) if neighbours else place[node]


def _order(
    layers: Sequence[list[int]], above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]
) -> None:
    """Orders the nodes of each layer by the mean place of their neighbours, which leaves few crossings."""
    place = [0.0] * len(above)
    for layer in layers:
        _settle(layer, place)
    for step in range(_PASSES):
        neighbours = below if step % 2 else above
        for layer in reversed(layers) if step % 2 else layers:
            mean = {n: _mean(place, neighbours[n], n) for n in layer}
            layer.sort(key=lambda n: (mean[n], n))
            _settle(layer, place)


def _settle(layer: Sequence[int], place: list[float]) -> None:
    """Places of a layer from 0 to 1, so that layers of any width can be compared."""
    for i, node in enumerate(layer):
        place[node] = (i + 0.5) / len(layer)


def _apart(wanted: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones, in the same order and a column apart (isotonic regression)."""
    blocks: list[tuple[float, int]] = []
    for i, place in enumerate(wanted):
        total, count = place - i * COLUMN, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before, more = blocks.pop()
            total, count = total + before, count + more
        blocks.append((total, count))
    means = [total / count for total, count in blocks for _ in range(count)]
    return [mean + i * COLUMN for i, mean in enumerate(means)]
