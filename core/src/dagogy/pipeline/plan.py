"""The week plan: nodes into weeks of a fixed budget, never before their prerequisites, with spaced review."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import Any

from dagogy.api.errors import ValidationFailed
from dagogy.api.gaps import count_gaps, gap_question
from dagogy.contracts.types import Curriculum, Node, TopicSpec
from dagogy.pipeline.graph import GraphIndex, total_minutes
from dagogy.pipeline.stated_weeks import stated_weeks

#: Weeks after which a node is gone over again. Growing gaps keep more for the same effort (Cepeda, Vul,
#: Rohrer, Wixted, Pashler 2008).
REVIEW_GAPS = (1, 3, 7, 15)
#: A week reviews at most this many nodes, those that most others build on first; review
#: time is not part of the budget.
REVIEWS_A_WEEK = 4
#: How many ready nodes are tried for the rest of a week before the next one begins.
_LOOK_AHEAD = 32


def make_plan(curriculum: Curriculum, spec: TopicSpec, index: GraphIndex | None = None) -> dict[str, Any]:
    """The plan (`dagogy schema plan`), minutes throughout. Deterministic.

    Each week takes ready nodes in document order as long as they fit, so there are as many weeks as the hours
    and the prerequisites need. Where most groups of the curriculum are weeks (`Week 3: Loops`), no node comes
    before its own. A node larger than the budget has a week of its own. Raises `ValidationFailed`
    for a cyclic graph.
    """
    index = index or GraphIndex(curriculum.nodes)
    if index.cyclic:
        raise ValidationFailed(
            f"the prerequisites have a cycle near node '{index.ids[index.cyclic[0]]}'; no order of study "
            "exists",
            hint="'dagogy validate' names it",
        )
    minutes = [float(node.estimate_minutes) for node in curriculum.nodes]
    budget = float(spec.constraints.hours_per_week) * 60.0
    weeks = _fill(index, minutes, budget, stated_weeks([node.group or "" for node in curriculum.nodes]))
    reviews = _reviews(index, weeks)
    path = index.critical_path(minutes)
    return {
        "topic": curriculum.topic,
        "duration_weeks": len(weeks),
        "weekly_budget_minutes": _tidy(budget),
        "total_estimated_minutes": _tidy(total_minutes(curriculum)),
        "critical_path": [index.ids[i] for i in path],
        "critical_path_minutes": _tidy(math.fsum(minutes[i] for i in path)),
        "weeks": [
            _week(number, nodes, reviews[number - 1], curriculum, minutes, budget)
            for number, nodes in enumerate(weeks, 1)
        ],
        "gaps": count_gaps(curriculum.nodes).as_dict(),
    }


def _tidy(value: float) -> float | int:
    rounded = round(value, 6)
    return int(rounded) if rounded.is_integer() else rounded


def _fill(
    index: GraphIndex, minutes: Sequence[float], budget: float, earliest: Sequence[int]
) -> list[list[int]]:
    """The nodes of each week, none before the week `earliest` that the source gives it; a week to which it
    gives none stays empty."""
    waiting = [len(before) for before in index.prerequisites]
    ready = [i for i, n in enumerate(waiting) if not n]
    weeks: list[list[int]] = []
    while ready:
        due = [i for i in ready if earliest[i] <= len(weeks) + 1]
        later = [i for i in ready if earliest[i] > len(weeks) + 1]
        week: list[int] = []
        for i in _fitting(due, minutes, budget):
            week.append(i)
            for j in index.dependents[i]:
                waiting[j] -= 1
                if not waiting[j]:
                    if earliest[j] <= len(weeks) + 1:
                        heapq.heappush(due, j)
                    else:
                        later.append(j)
        weeks.append(week)
        ready = due + later
    return weeks


def _fitting(ready: list[int], minutes: Sequence[float], budget: float) -> Iterator[int]:
    """Takes out of `ready` what fits into a week, in document order, and at least one node; what becomes
    ready meanwhile is put there."""
    heapq.heapify(ready)
    left, is_empty = budget, True
    aside: list[int] = []
    while ready and len(aside) < _LOOK_AHEAD and (is_empty or left > 1e-9):
        i = heapq.heappop(ready)
        # A hair of tolerance: 0.1 + 0.2 hours must fit into 0.3.
        if not is_empty and minutes[i] > left + 1e-9:
            aside.append(i)
            continue
        is_empty = False
        left -= minutes[i]
        yield i
    ready += aside


def _reviews(index: GraphIndex, weeks: Sequence[Sequence[int]]) -> list[list[tuple[int, int]]]:
    """For each week, (node, week it was taught in) to go over again."""
    due: list[list[tuple[int, int]]] = [[] for _ in weeks]
    for number, nodes in enumerate(weeks, 1):
        for gap in REVIEW_GAPS:
            if number + gap > len(weeks):
                break
            due[number + gap - 1].extend((i, number) for i in nodes)
    weight = index.dependents
    return [
        sorted(
            sorted(nodes, key=lambda n: (-len(weight[n[0]]), n))[:REVIEWS_A_WEEK], key=lambda n: (n[1], n[0])
        )
        for nodes in due
    ]


def _week(
    number: int,
    nodes: Sequence[int],
    review: Sequence[tuple[int, int]],
    curriculum: Curriculum,
    minutes: Sequence[float],
    budget: float,
) -> dict[str, Any]:
    all_nodes = curriculum.nodes
    total = math.fsum(minutes[i] for i in nodes)
    return {
        "week": number,
        "nodes": [all_nodes[i].id for i in nodes],
        "minutes": _tidy(total),
        "over_budget": total > budget + 1e-9,
        "deliverables": [_deliverable(all_nodes[i]) for i in nodes],
        "review": [{"node_id": all_nodes[i].id, "taught_in_week": taught} for i, taught in review],
        "groups": list(dict.fromkeys(group for i in nodes if (group := all_nodes[i].group))),
        "optional": [all_nodes[i].id for i in nodes if all_nodes[i].optional],
    }


def _deliverable(node: Node) -> dict[str, Any]:
    """What shows that `node` is mastered; where an author is still to say it, the question to them."""
    check = node.mastery_check
    gap = node.gap("mastery_check") if node.lacks("mastery_check") else None
    open_text = f"[needs an author: {gap_question(node, 'mastery_check')}]" if gap else ""
    return {
        "node_id": node.id,
        "title": node.title,
        "task": check.task or open_text,
        "pass_criteria": check.pass_criteria or open_text,
        "gap": gap.reason if gap else None,
    }
