"""What changed between two curricula; a renamed node is told from a removed and an added one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from dagogy.api.text import Words
from dagogy.contracts.types import Curriculum, Node
from dagogy.pipeline.graph import GraphIndex, total_minutes

#: Two nodes whose content words overlap this much (Jaccard) are one node under two names.
RENAMED_FROM = 0.6
#: Beyond this many pairs left over by the exact comparisons, the words are not compared one by one.
_MOST_PAIRS = 250_000
_FIELDS = tuple(f.name for f in fields(Node) if f.name not in ("id", "prerequisites"))


def make_diff(
    previous: Curriculum | None, current: Curriculum, index: GraphIndex | None = None
) -> dict[str, Any]:
    """The diff (`dagogy schema diff`). No previous curriculum counts as an empty one; times in minutes.

    `critical_path_changed` compares ids after renaming. A cycle of prerequisites has no
    critical path: the list is empty.
    """
    before = {node.id: node for node in previous.nodes} if previous else {}
    after = {node.id: node for node in current.nodes}
    removed, added = _only_in(before, after), _only_in(after, before)
    renamed = _renamed(removed, added) if removed and added else []
    new_name = {old: new for old, new, _ in renamed}
    names = set(new_name.values())
    old_path, old_minutes = (_critical_path(previous), total_minutes(previous)) if previous else ([], 0.0)
    path = _critical_path(current, index)
    old_edges, edges = _edges(before.values(), new_name), _edges(after.values(), {})
    return {
        "added_nodes": [node.id for node in added if node.id not in names],
        "removed_nodes": [node.id for node in removed if node.id not in new_name],
        "changed_nodes": _changed(before, after, new_name),
        "renamed_nodes": [
            {"previous_id": old, "current_id": new, "similarity": similarity}
            for old, new, similarity in renamed
        ],
        "added_edges": len(edges - old_edges),
        "removed_edges": len(old_edges - edges),
        "time_delta_minutes": round(total_minutes(current) - old_minutes, 6),
        "critical_path_changed": [new_name.get(i, i) for i in old_path] != path,
        "previous_critical_path": old_path,
        "current_critical_path": path,
    }


def _edges(nodes: Iterable[Node], new_name: Mapping[str, str]) -> set[tuple[str, str]]:
    """The prerequisite edges by the ids of today."""
    return {(new_name.get(p, p), new_name.get(n.id, n.id)) for n in nodes for p in n.prerequisites}


def _only_in(nodes: dict[str, Node], others: dict[str, Node]) -> list[Node]:
    return [node for node_id, node in nodes.items() if node_id not in others]


def _critical_path(curriculum: Curriculum, index: GraphIndex | None = None) -> list[str]:
    index = index or GraphIndex(curriculum.nodes)
    if index.cyclic:
        return []
    return [index.ids[i] for i in index.critical_path([float(n.estimate_minutes) for n in curriculum.nodes])]


def _changed(
    before: dict[str, Node], after: dict[str, Node], new_name: dict[str, str]
) -> list[dict[str, Any]]:
    old_of = {new: old for old, new in new_name.items()}
    out = []
    for node_id, node in after.items():
        was = before.get(old_of.get(node_id, node_id))
        if was is None or was == node:
            continue
        changed = [name for name in _FIELDS if getattr(was, name) != getattr(node, name)]
        # The order of prerequisites says nothing, and neither does a new name of the same one.
        if {new_name.get(p, p) for p in was.prerequisites} != set(node.prerequisites):
            changed.append("prerequisites")
        if changed:
            out.append({"id": node_id, "changed_fields": sorted(changed)})
    return out


def _renamed(removed: Sequence[Node], added: Sequence[Node]) -> list[tuple[str, str, float]]:
    """Pairs (old id, new id, similarity): the same content, else the same title,
    else the most words in common.
    """
    pairs: list[tuple[str, str, float]] = []
    rest_old, rest_new = list(removed), list(added)
    for key in (_content_key, _title_key):
        found = _by_key(rest_old, rest_new, key)
        pairs.extend((old.id, new.id, 1.0) for old, new in found)
        gone_old, gone_new = {o.id for o, _ in found}, {n.id for _, n in found}
        rest_old = [n for n in rest_old if n.id not in gone_old]
        rest_new = [n for n in rest_new if n.id not in gone_new]
    if len(rest_old) * len(rest_new) <= _MOST_PAIRS:
        pairs.extend(_by_words(rest_old, rest_new))
    place = {node.id: i for i, node in enumerate(removed)}
    return sorted(pairs, key=lambda p: place[p[0]])


def _content_key(node: Node) -> Any:
    return (node.capability, tuple(node.core_ideas), node.mastery_check.task)


def _title_key(node: Node) -> Any:
    return re.sub(r"[\W_]+", " ", Words.normalized(node.title).casefold()).strip() or node.title


def _by_key(old: Iterable[Node], new: Iterable[Node], key: Callable[[Node], Any]) -> list[tuple[Node, Node]]:
    """Nodes that share a key nobody else on their side has."""
    sides: list[dict[Any, list[Node]]] = [defaultdict(list), defaultdict(list)]
    for side, nodes in zip(sides, (old, new), strict=True):
        for node in nodes:
            side[key(node)].append(node)
    return [
        (nodes[0], sides[1][k][0])
        for k, nodes in sides[0].items()
        if len(nodes) == 1 and len(sides[1].get(k, ())) == 1
    ]


def _by_words(old: Sequence[Node], new: Sequence[Node]) -> list[tuple[str, str, float]]:
    """The best pairs by Jaccard overlap of title, capability and core ideas, greedily from the best down."""
    bags = [
        [frozenset(Words.stems(" ".join((n.title, n.capability, *n.core_ideas)))) for n in side]
        for side in (old, new)
    ]
    scored = []
    for i, a in enumerate(bags[0]):
        for j, b in enumerate(bags[1]):
            union = len(a | b)
            overlap = len(a & b) / union if union else 0.0
            if overlap >= RENAMED_FROM:
                scored.append((-overlap, i, j))
    taken_old: set[int] = set()
    taken_new: set[int] = set()
    pairs = []
    for negative, i, j in sorted(scored):
        if i not in taken_old and j not in taken_new:
            taken_old.add(i)
            taken_new.add(j)
            pairs.append((old[i].id, new[j].id, round(-negative, 3)))
    return pairs
