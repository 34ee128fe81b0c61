"""A curriculum as its readers look at it: by weeks, groups or layers, and one concept in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagogy.api.gaps import count_gaps, gap_question
from dagogy.contracts.documents import json_values
from dagogy.contracts.types import Curriculum, Node
from dagogy.pipeline.graph import GraphIndex, total_minutes


def overview(curriculum: Curriculum, plan: dict[str, Any] | None) -> dict[str, Any]:
    """The concepts under `sections`, `by` week where there is a plan, by group where the concepts have some,
    else by layer: how many concepts, one after the other, come before them. Minutes throughout.
    """
    index = GraphIndex(curriculum.nodes)
    by, sections = _sections(curriculum, index, plan)
    return {
        "topic": curriculum.topic,
        "concepts": len(curriculum.nodes),
        "edges": sum(map(len, index.prerequisites)),
        "minutes": total_minutes(curriculum),
        "by": by,
        "sections": [
            {
                "name": name,
                "minutes": sum(curriculum.nodes[i].estimate_minutes for i in members),
                "concepts": [_brief(curriculum.nodes[i]) for i in members],
            }
            for name, members in sections
        ],
        "gaps": count_gaps(curriculum.nodes).as_dict(),
    }


def _sections(
    curriculum: Curriculum, index: GraphIndex, plan: dict[str, Any] | None
) -> tuple[str, list[tuple[str, list[int]]]]:
    nodes, found = curriculum.nodes, dict[str, list[int]]()
    if plan is not None:
        weeks = [(f"Week {w['week']}", w["nodes"]) for w in plan["weeks"]]
        return "week", [
            (name, [index.position[i] for i in ids if i in index.position]) for name, ids in weeks
        ]
    if any(node.group for node in nodes):
        for i, node in enumerate(nodes):
            found.setdefault(node.group or "", []).append(i)
        return "group", [(name or "no group", members) for name, members in found.items()]
    for i, depth in enumerate(index.depth):
        found.setdefault("In a cycle" if depth < 0 else f"Layer {depth + 1}", []).append(i)
    return "layer", sorted(found.items(), key=lambda layer: index.depth[layer[1][0]] % len(nodes))


def _brief(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "title": node.title,
        "minutes": node.estimate_minutes,
        "optional": bool(node.optional),
        "group": node.group,
        "prerequisites": list(node.prerequisites),
        "gaps": [gap.field for gap in node.open_gaps()],
    }


def concept(curriculum: Curriculum, node: Node, source: dict[str, Any] | None) -> dict[str, Any]:
    """One concept in full: the node itself, with `questions` (of its gaps), `before` and `after` (id and
    title), `chain`, how many concepts lead to it, and the `source` of it.
    """
    index = GraphIndex(curriculum.nodes)
    i = index.position[node.id]
    return {
        "node": json_values(node),
        "questions": [
            {"field": gap.field, "reason": gap.reason, "question": gap_question(node, gap.field)}
            for gap in node.open_gaps()
        ],
        "before": _named(curriculum.nodes, index.prerequisites[i]),
        "after": _named(curriculum.nodes, index.dependents[i]),
        "source": source,
    }


def _named(nodes: Sequence[Node], positions: Sequence[int]) -> list[dict[str, str]]:
    return [{"id": nodes[p].id, "title": nodes[p].title} for p in positions]
