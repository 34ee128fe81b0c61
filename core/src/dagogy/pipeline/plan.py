"""The week plan: nodes into weeks of a fixed budget, never before their prerequisites, with spaced review."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Any

from dagogy.api.errors import ValidationFailed
from dagogy.contracts.types import Curriculum, TopicSpec
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
    weeks = _fill(index, minutes, budget, stated_weeks([node.group for node in curriculum.nodes]))
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
    heapq.heapify(ready)
    weeks: list[list[int]] = []
    while ready:
        week: list[int] = []
        left = budget
        aside: list[int] = []
        later = [i for i in ready if earliest[i] > len(weeks) + 1]
        ready = [i for i in ready if earliest[i] <= len(weeks) + 1]
        heapq.heapify(ready)
        while ready and len(aside) < _LOOK_AHEAD:
            i = heapq.heappop(ready)
            # A hair of tolerance: 0.1 + 0.2 hours must fit into 0.3.
            if week and minutes[i] > left + 1e-9:
                aside.append(i)
                continue
            week.append(i)
            left -= minutes[i]
            for j in index.dependents[i]:
                waiting[j] -= 1
                if not waiting[j]:
                    heapq.heappush(ready if earliest[j] <= len(weeks) + 1 else later, j)
            if left <= 1e-9:
                break
        for i in (*aside, *later):
            heapq.heappush(ready, i)
        weeks.append(week)
    return weeks


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
        "deliverables": [
            {
                "node_id": all_nodes[i].id,
                "task": all_nodes[i].mastery_check.task,
                "pass_criteria": all_nodes[i].mastery_check.pass_criteria,
            }
            for i in nodes
        ],
        "review": [{"node_id": all_nodes[i].id, "taught_in_week": taught} for i, taught in review],
    }
