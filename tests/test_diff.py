"""The diff between two curricula: exact on what did not change, symmetric, and able to
tell a new name from a new node.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from dagogy.api.errors import ValidationFailed
from dagogy.contracts.check import schema_problems
from dagogy.contracts.documents import decode_curriculum
from dagogy.contracts.types import Curriculum
from dagogy.pipeline.diff import make_diff
from dagogy.testing import complete_node
from dagogy.workspace.files import to_json
from hypothesis import given
from hypothesis import strategies as st
from support import CommandRunner, curriculum_of, failed, run_with, valid_curriculum

WORDS = (
    "anvil birch cobalt dynamo ember falcon garnet harbour icicle jasmine kelp lantern magnet nectar orchid "
    "pebble quartz raven saffron timber umber velvet walnut xylem yarrow zephyr almond beacon cedar drizzle"
).split()


def typed(document: dict[str, Any]) -> Curriculum:
    decoded = decode_curriculum(to_json(document))
    assert decoded.value is not None, decoded.problems
    return decoded.value


def node(word: str, **part: Any) -> dict[str, Any]:
    """A node all of whose words are of its own."""
    return {
        "id": word,
        "title": word.title(),
        "capability": f"{word}ise {word}er",
        "core_ideas": [f"{word}ment {word}ful", f"{word}less {word}wise"],
        "mastery_check": {"task": f"{word}ate", "pass_criteria": f"{word}ed"},
        **part,
    }


@st.composite
def documents(draw: st.DrawFn, least: int = 0) -> dict[str, Any]:
    words = draw(st.lists(st.sampled_from(WORDS), min_size=least, max_size=12, unique=True))
    nodes = []
    for i, word in enumerate(words):
        before = draw(st.lists(st.sampled_from(words[:i]), max_size=3, unique=True)) if i else []
        nodes.append(node(word, prerequisites=before, estimate_minutes=draw(st.integers(5, 300))))
    document = curriculum_of(*nodes)
    return {**document, "nodes": document["nodes"] if words else []}


def renamed(document: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """`document` with the ids of `names` exchanged, in prerequisites too."""
    out = copy.deepcopy(document)
    for each in out["nodes"]:
        each["id"] = names.get(each["id"], each["id"])
        each["prerequisites"] = [names.get(p, p) for p in each["prerequisites"]]
    return out


@given(documents())
def test_a_curriculum_does_not_differ_from_itself(document: dict[str, Any]) -> None:
    diff = make_diff(typed(document), typed(document))
    assert not any(diff[f"{sort}_nodes"] for sort in ("added", "removed", "changed", "renamed"))
    assert diff["time_delta_minutes"] == 0
    assert diff["critical_path_changed"] is False
    assert diff["previous_critical_path"] == diff["current_critical_path"]


@given(documents(), documents(), st.data())
@pytest.mark.slow
def test_forth_and_back_say_the_same(old: dict[str, Any], new: dict[str, Any], data: st.DataObject) -> None:
    if new["nodes"]:
        some = data.draw(st.sets(st.sampled_from([n["id"] for n in new["nodes"]])))
        new = renamed(new, {i: f"{i}-2" for i in some})
    forth, back = make_diff(typed(old), typed(new)), make_diff(typed(new), typed(old))
    assert sorted(forth["added_nodes"]) == sorted(back["removed_nodes"])
    assert sorted(forth["removed_nodes"]) == sorted(back["added_nodes"])
    pairs = {(r["previous_id"], r["current_id"]) for r in forth["renamed_nodes"]}
    assert pairs == {(r["current_id"], r["previous_id"]) for r in back["renamed_nodes"]}
    new_name = dict(pairs)
    fields = {c["id"]: c["changed_fields"] for c in forth["changed_nodes"]}
    assert fields == {new_name.get(c["id"], c["id"]): c["changed_fields"] for c in back["changed_nodes"]}
    assert forth["time_delta_minutes"] == -back["time_delta_minutes"]
    assert forth["critical_path_changed"] == back["critical_path_changed"]
    assert forth["previous_critical_path"] == back["current_critical_path"]
    assert schema_problems("diff", forth) == []


@given(documents(least=1), st.data())
def test_a_new_id_for_the_same_content_is_a_rename_and_changes_nothing_else(
    old: dict[str, Any], data: st.DataObject
) -> None:
    ids = data.draw(st.sets(st.sampled_from([n["id"] for n in old["nodes"]]), min_size=1))
    diff = make_diff(typed(old), typed(renamed(old, {i: f"{i}-2" for i in ids})))
    assert {(r["previous_id"], r["current_id"], r["similarity"]) for r in diff["renamed_nodes"]} == {
        (i, f"{i}-2", 1.0) for i in ids
    }
    assert (diff["added_nodes"], diff["removed_nodes"], diff["changed_nodes"]) == ([], [], [])
    assert diff["critical_path_changed"] is False


def diff_of(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return make_diff(typed(curriculum_of(old)), typed(curriculum_of(new)))


def test_the_same_title_under_a_new_id_is_a_rename_whatever_its_content() -> None:
    diff = diff_of(node("anvil", title="Binary  Search"), node("birch", title="binary search!"))
    assert [(r["previous_id"], r["current_id"]) for r in diff["renamed_nodes"]] == [("anvil", "birch")]
    assert diff["changed_nodes"][0]["id"] == "birch"
    assert {"title", "capability", "core_ideas"} <= set(diff["changed_nodes"][0]["changed_fields"])


def test_a_small_edit_under_a_new_id_and_title_is_a_rename() -> None:
    old = complete_node(node("anvil"))
    diff = diff_of(
        old, {**old, "id": "forge", "title": "Anvil forging", "capability": "anvilise anviler quickly"}
    )
    assert [r["current_id"] for r in diff["renamed_nodes"]] == ["forge"]
    assert 0.6 <= diff["renamed_nodes"][0]["similarity"] < 1
    assert diff["changed_nodes"] == [{"id": "forge", "changed_fields": ["capability", "title"]}]


def test_unrelated_nodes_are_one_removed_and_one_added() -> None:
    diff = diff_of(node("anvil"), node("birch"))
    assert (diff["removed_nodes"], diff["added_nodes"], diff["renamed_nodes"]) == (["anvil"], ["birch"], [])


def test_of_two_nodes_with_one_title_neither_is_taken_for_the_old_one_by_its_title() -> None:
    old = curriculum_of(node("anvil", title="Sorting"))
    new = curriculum_of(node("birch", title="Sorting"), node("cedar", title="Sorting"))
    assert make_diff(typed(old), typed(new))["renamed_nodes"] == []


def test_the_order_of_prerequisites_says_nothing_and_their_set_does() -> None:
    nodes = [node("anvil"), node("birch"), node("cedar", prerequisites=["anvil", "birch"])]
    turned = [*nodes[:2], node("cedar", prerequisites=["birch", "anvil"])]
    fewer = [*nodes[:2], node("cedar", prerequisites=["birch"])]
    assert make_diff(typed(curriculum_of(*nodes)), typed(curriculum_of(*turned)))["changed_nodes"] == []
    assert make_diff(typed(curriculum_of(*nodes)), typed(curriculum_of(*fewer)))["changed_nodes"] == [
        {"id": "cedar", "changed_fields": ["prerequisites"]}
    ]


def test_at_first_everything_is_new() -> None:
    diff = make_diff(
        None,
        typed(
            curriculum_of(
                node("anvil", estimate_minutes=40),
                node("birch", estimate_minutes=50.5, prerequisites=["anvil"]),
            )
        ),
    )
    assert diff["added_nodes"] == ["anvil", "birch"]
    assert diff["time_delta_minutes"] == 90.5
    assert (diff["previous_critical_path"], diff["current_critical_path"]) == ([], ["anvil", "birch"])
    assert diff["critical_path_changed"] is True


def test_the_critical_path_changes_when_another_chain_becomes_the_longest() -> None:
    short = [node("anvil", estimate_minutes=10), node("birch", estimate_minutes=20)]
    long = [node("anvil", estimate_minutes=30), node("birch", estimate_minutes=20)]
    diff = make_diff(typed(curriculum_of(*short)), typed(curriculum_of(*long)))
    assert (diff["previous_critical_path"], diff["current_critical_path"], diff["critical_path_changed"]) == (
        ["birch"],
        ["anvil"],
        True,
    )
    assert diff["time_delta_minutes"] == 20
    assert diff["changed_nodes"] == [{"id": "anvil", "changed_fields": ["estimate_minutes"]}]


def test_a_cycle_has_no_critical_path_and_still_a_diff() -> None:
    cycle = curriculum_of(node("anvil", prerequisites=["birch"]), node("birch", prerequisites=["anvil"]))
    diff = make_diff(typed(curriculum_of(node("anvil"), node("birch"))), typed(cycle))
    assert diff["current_critical_path"] == []
    assert [c["changed_fields"] for c in diff["changed_nodes"]] == [["prerequisites"], ["prerequisites"]]


def test_times_that_no_number_can_add_up_are_reported() -> None:
    huge = typed(curriculum_of(*(node(word, estimate_minutes=1.5e308) for word in WORDS[:3])))
    with pytest.raises(ValidationFailed, match="more minutes than a number can hold"):
        make_diff(None, huge)


@pytest.mark.slow
def test_thousands_of_new_nodes_are_not_compared_word_by_word() -> None:
    sides = [
        typed(
            curriculum_of(
                *(
                    {"id": f"{side}{i}", "title": f"{side} {i}", "core_ideas": ["same", "words"]}
                    for i in range(2_000)
                )
            )
        )
        for side in "ab"
    ]
    diff = make_diff(*sides)
    assert len(diff["added_nodes"]) == len(diff["removed_nodes"]) == 2_000


def test_diff_shows_an_edit_against_the_curriculum_before_and_writes_nothing(runner: CommandRunner) -> None:
    run = run_with(runner)
    curriculum = run / "outputs/curriculum"
    (curriculum / "previous_curriculum.json").write_bytes((curriculum / "curriculum.json").read_bytes())
    edited = valid_curriculum()
    edited["nodes"][1]["estimate_minutes"] = 90
    (curriculum / "curriculum.json").write_bytes(to_json(edited))
    runner.ok("status", "latest")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}
    assert "~ beta: estimate_minutes" in runner.ok("diff", "latest").out
    document = runner.ok("diff", "latest", "--json").json
    assert (document["changed_nodes"], document["time_delta_minutes"]) == (
        [{"id": "beta", "changed_fields": ["estimate_minutes"]}],
        30,
    )
    assert {
        path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"
    } == before


def test_a_broken_previous_curriculum_is_named_with_the_way_out(runner: CommandRunner) -> None:
    run = run_with(runner)
    (run / "outputs/curriculum/previous_curriculum.json").write_text('{"topic": "x"}')
    output = failed(runner("diff", "latest"), "validation_failed").err
    assert "previous_curriculum.json" in output
    assert "'nodes' is missing" in output
    assert "hint: restore it, or remove" in output
