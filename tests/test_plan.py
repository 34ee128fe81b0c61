"""The week plan: what it promises for every acyclic curriculum there can be."""

from __future__ import annotations

import heapq
import math
from itertools import pairwise
from typing import Any

import networkx
import pytest
from dagogy.api.errors import ValidationFailed
from dagogy.contracts.check import schema_problems
from dagogy.contracts.documents import decode_curriculum, decode_topic_spec
from dagogy.contracts.types import Curriculum, TopicSpec
from dagogy.kit.cases import complete_spec
from dagogy.pipeline import plan as planning
from dagogy.pipeline.plan import REVIEW_GAPS, REVIEWS_A_WEEK, make_plan
from dagogy.workspace.files import to_json
from hypothesis import given
from hypothesis import strategies as st
from support import curriculum_of

#: What adding up fractions may leave over.
HAIR = 1e-6


def spec_of(hours: float) -> TopicSpec:
    spec = decode_topic_spec(to_json(complete_spec({"constraints": {"hours_per_week": hours}}))).value
    assert spec is not None
    return spec


def typed(*nodes: dict[str, Any]) -> Curriculum:
    decoded = decode_curriculum(to_json(curriculum_of(*nodes)))
    assert decoded.value is not None, decoded.problems
    return decoded.value


@st.composite
def cases(draw: st.DrawFn) -> tuple[Curriculum, float]:
    """A random DAG, whose nodes do not stand in an order of study, and a weekly budget in hours."""
    size = draw(st.integers(1, 40))
    place = draw(st.permutations(range(size)))
    minutes = st.one_of(st.integers(1, 600), st.floats(0.1, 600, allow_nan=False))
    nodes: list[dict[str, Any]] = [{} for _ in range(size)]
    for rank in range(size):
        before = draw(st.lists(st.integers(0, rank - 1), max_size=4, unique=True)) if rank else []
        nodes[place[rank]] = {
            "id": f"n{rank}",
            "prerequisites": [f"n{b}" for b in before],
            "estimate_minutes": draw(minutes),
        }
    return typed(*nodes), draw(st.sampled_from([0.5, 1, 2.5, 5, 10]))


def weeks_of(plan: dict[str, Any]) -> list[list[str]]:
    return [week["nodes"] for week in plan["weeks"]]


@given(cases())
@pytest.mark.slow
def test_every_node_is_taught_once_and_after_its_prerequisites(case: tuple[Curriculum, float]) -> None:
    curriculum, hours = case
    order = [node_id for week in weeks_of(make_plan(curriculum, spec_of(hours))) for node_id in week]
    assert sorted(order) == sorted(node.id for node in curriculum.nodes)
    place = {node_id: i for i, node_id in enumerate(order)}
    assert all(place[p] < place[node.id] for node in curriculum.nodes for p in node.prerequisites)


@given(cases())
@pytest.mark.slow
def test_no_week_is_empty_or_holds_more_than_the_budget_but_for_a_single_larger_node_which_is_said(
    case: tuple[Curriculum, float],
) -> None:
    curriculum, hours = case
    minutes = {node.id: node.estimate_minutes for node in curriculum.nodes}
    plan = make_plan(curriculum, spec_of(hours))
    budget = hours * 60
    for number, week in enumerate(plan["weeks"], 1):
        total = math.fsum(minutes[i] for i in week["nodes"])
        assert week["week"] == number
        assert week["nodes"]
        assert week["minutes"] == pytest.approx(total, abs=HAIR)
        assert week["over_budget"] == (total > budget + HAIR)
        assert total <= budget + HAIR or len(week["nodes"]) == 1
        assert [d["node_id"] for d in week["deliverables"]] == week["nodes"]


@given(cases())
def test_a_week_ends_only_when_the_next_one_begins_with_what_no_longer_fitted(
    case: tuple[Curriculum, float],
) -> None:
    """So two weeks in a row always hold more than one budget, and there are fewer than twice as many weeks as
    the hours fill, plus one.
    """
    curriculum, hours = case
    minutes = {node.id: node.estimate_minutes for node in curriculum.nodes}
    plan = make_plan(curriculum, spec_of(hours))
    budget = hours * 60
    for week, following in pairwise(plan["weeks"]):
        assert (
            math.fsum(minutes[i] for i in week["nodes"]) + minutes[following["nodes"][0]] > budget - HAIR
            or week["minutes"] >= budget - HAIR
        )
    assert plan["duration_weeks"] == len(plan["weeks"]) <= 2 * plan["total_estimated_minutes"] / budget + 1


@given(cases())
@pytest.mark.slow
def test_reviews_go_over_nodes_of_earlier_weeks_in_the_order_they_were_taught(
    case: tuple[Curriculum, float],
) -> None:
    curriculum, hours = case
    plan = make_plan(curriculum, spec_of(hours))
    taught = {node_id: number for number, week in enumerate(weeks_of(plan), 1) for node_id in week}
    for week in plan["weeks"]:
        review = week["review"]
        assert len(review) <= REVIEWS_A_WEEK
        assert len({r["node_id"] for r in review}) == len(review)
        assert all(
            r["taught_in_week"] == taught[r["node_id"]] and week["week"] - r["taught_in_week"] in REVIEW_GAPS
            for r in review
        )
        assert [r["taught_in_week"] for r in review] == sorted(r["taught_in_week"] for r in review)
        due = [i for i in taught if week["week"] - taught[i] in REVIEW_GAPS]
        assert len(review) == min(REVIEWS_A_WEEK, len(due))


@given(cases())
@pytest.mark.slow
def test_the_critical_path_is_a_longest_chain(case: tuple[Curriculum, float]) -> None:
    curriculum, hours = case
    plan = make_plan(curriculum, spec_of(hours))
    nodes = {node.id: node for node in curriculum.nodes}
    path = plan["critical_path"]
    assert not nodes[path[0]].prerequisites
    assert all(before in nodes[after].prerequisites for before, after in pairwise(path))
    graph = networkx.DiGraph()
    graph.add_node("start")
    for node in curriculum.nodes:
        for p in node.prerequisites or ["start"]:
            graph.add_edge(p, node.id, weight=node.estimate_minutes)
    longest = networkx.dag_longest_path_length(graph)
    assert plan["critical_path_minutes"] == pytest.approx(longest, rel=1e-9, abs=HAIR)
    assert math.fsum(nodes[i].estimate_minutes for i in path) == pytest.approx(longest, rel=1e-9)


@given(cases())
@pytest.mark.slow
def test_the_plan_is_deterministic_right_in_total_and_meets_its_schema(
    case: tuple[Curriculum, float],
) -> None:
    curriculum, hours = case
    plan = make_plan(curriculum, spec_of(hours))
    assert plan["total_estimated_minutes"] == pytest.approx(
        math.fsum(n.estimate_minutes for n in curriculum.nodes), abs=HAIR
    )
    assert plan["weekly_budget_minutes"] == hours * 60
    for node in curriculum.nodes:
        node.prerequisites.reverse()
    assert to_json(make_plan(curriculum, spec_of(hours))) == to_json(plan)
    assert schema_problems("plan", plan) == []


def test_a_node_larger_than_the_budget_has_a_week_of_its_own() -> None:
    plan = make_plan(
        typed(
            {"id": "a", "estimate_minutes": 30},
            {"id": "b", "estimate_minutes": 200},
            {"id": "c", "estimate_minutes": 30},
        ),
        spec_of(1),
    )
    assert weeks_of(plan) == [["a", "c"], ["b"]]
    assert [week["over_budget"] for week in plan["weeks"]] == [False, True]


def test_fractions_that_add_up_to_the_budget_fit_into_one_week() -> None:
    plan = make_plan(typed(*({"id": f"n{i}", "estimate_minutes": 0.1} for i in range(600))), spec_of(1))
    assert plan["duration_weeks"] == 1


def test_an_empty_curriculum_has_a_plan_of_no_weeks() -> None:
    plan = make_plan(Curriculum(topic="Nothing", nodes=[]), spec_of(1))
    assert (
        plan["duration_weeks"],
        plan["weeks"],
        plan["critical_path"],
        plan["total_estimated_minutes"],
    ) == (0, [], [], 0)


def test_a_cycle_has_no_plan() -> None:
    with pytest.raises(ValidationFailed, match="cycle near node 'a'"):
        make_plan(typed({"id": "a", "prerequisites": ["b"]}, {"id": "b", "prerequisites": ["a"]}), spec_of(1))


def test_estimates_that_no_number_can_add_up_are_reported() -> None:
    with pytest.raises(ValidationFailed, match="more minutes than a number can hold"):
        make_plan(typed(*({"id": f"n{i}", "estimate_minutes": 1.5e308} for i in range(2))), spec_of(1))


class CountedHeap:
    """`heapq` that counts what is taken out."""

    heapify, heappush = staticmethod(heapq.heapify), staticmethod(heapq.heappush)

    def __init__(self) -> None:
        self.taken = 0

    def heappop(self, heap: list[Any]) -> Any:
        self.taken += 1
        return heapq.heappop(heap)


def chain(size: int) -> Curriculum:
    return typed(
        *(
            {"id": f"n{i}", "prerequisites": [f"n{i - 1}"] if i else [], "estimate_minutes": 45}
            for i in range(size)
        )
    )


def star(size: int) -> Curriculum:
    """One root; leaves of sizes that do not fill a week together, so that many are set aside."""
    return typed(
        {"id": "root"},
        *(
            {"id": f"n{i}", "prerequisites": ["root"], "estimate_minutes": 40 + 15 * (i % 3)}
            for i in range(size - 1)
        ),
    )


@pytest.mark.parametrize("shape", [chain, star])
def test_the_work_grows_with_the_nodes_and_no_faster(shape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    for size in (750, 3_000):
        heap = CountedHeap()
        monkeypatch.setattr(planning, "heapq", heap)
        plan = make_plan(shape(size), spec_of(2))
        assert sum(len(week["nodes"]) for week in plan["weeks"]) == size
        taken.append(heap.taken)
    # Each week sets aside at most `_LOOK_AHEAD` nodes, and there is at least one node in each.
    assert taken[1] <= 3_000 * (1 + planning._LOOK_AHEAD)
    assert taken[1] <= 4.4 * taken[0]


def test_of_equally_long_chains_the_earlier_nodes_make_the_critical_path() -> None:
    for order in (["a", "b"], ["b", "a"]):
        plan = make_plan(typed({"id": "a"}, {"id": "b"}, {"id": "c", "prerequisites": order}), spec_of(5))
        assert plan["critical_path"] == ["a", "c"]


def test_what_was_set_aside_comes_back_in_document_order() -> None:
    """More large nodes than a week looks ahead over: the small ones at the end wait for their turn."""
    size = 2 * planning._LOOK_AHEAD
    nodes = [
        {"id": "first", "estimate_minutes": 30},
        *({"id": f"large{i}", "estimate_minutes": 60} for i in range(size)),
        {"id": "last", "estimate_minutes": 30},
    ]
    weeks = weeks_of(make_plan(typed(*nodes), spec_of(1)))
    alone = [week[0] for week in weeks if week[0].startswith("large")]
    assert weeks[0] == ["first"]
    assert alone == [f"large{i}" for i in range(size)]
    assert weeks[-1] == ["last"]
