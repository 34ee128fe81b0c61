"""`show`, `known`, `ready`, `path`, `plan --for`, `check`: a curriculum as readers and learners see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.errors import ValidationFailed
from dagogy.contracts.documents import decode_curriculum
from dagogy.contracts.types import Node
from dagogy.pipeline.learner import Progress
from hypothesis import given
from hypothesis import strategies as st
from support import CommandRunner, curriculum_of, failed, make_run, valid_curriculum

LATEST = "latest"


@pytest.fixture
def course(runner: CommandRunner) -> Path:
    """A validated and planned run of alpha -> beta -> gamma."""
    run = runner.runs / make_run(runner.folder, valid_curriculum(), {"scope_in": ["Alpha"]})
    runner.ok("validate", LATEST)
    runner.ok("plan", LATEST)
    return run


def nodes_of(edges: list[tuple[int, int]], count: int) -> list[Node]:
    course = curriculum_of(
        *(
            {"id": f"n{i}", "title": f"N{i}", "prerequisites": sorted({f"n{a}" for a, b in edges if b == i})}
            for i in range(count)
        )
    )
    decoded = decode_curriculum(json.dumps(course).encode())
    assert decoded.value is not None, decoded.problems
    return decoded.value.nodes


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    count = draw(st.integers(1, 9))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = [(min(p), max(p)) for p in draw(st.lists(pairs, max_size=14)) if p[0] != p[1]]
    return nodes_of(edges, count)


@given(graphs(), st.data())
def test_what_is_known_is_closed_and_what_is_ready_builds_on_it_alone(
    nodes: list[Node], data: st.DataObject
) -> None:
    progress = Progress(nodes, data.draw(st.sets(st.sampled_from([n.id for n in nodes]))))
    for _ in range(data.draw(st.integers(0, 3))):
        change = data.draw(st.sampled_from([progress.learned, progress.forgotten]))
        change(data.draw(st.sampled_from(nodes)))
        known = set(progress.document()["known"])
        assert all(set(n.prerequisites) <= known for n in nodes if n.id in known)
    known = set(progress.document()["known"])
    ready = {n.id for n in progress.ready()}
    assert ready == {n.id for n in nodes if n.id not in known and set(n.prerequisites) <= known}
    assert ready or known == {n.id for n in nodes}


@given(graphs(), st.data())
def test_a_path_is_closed_in_order_and_has_nothing_that_could_be_left_out(
    nodes: list[Node], data: st.DataObject
) -> None:
    progress = Progress(nodes, data.draw(st.sets(st.sampled_from([n.id for n in nodes]))))
    known, target = set(progress.document()["known"]), data.draw(st.sampled_from(nodes))
    path = progress.path(target)
    learned = set(known)
    for node in path:
        assert node.id not in learned
        assert set(node.prerequisites) <= learned
        learned.add(node.id)
    assert target.id in learned
    needed_by = {p for node in path for p in node.prerequisites}
    assert all(node.id in needed_by for node in path[:-1])


def test_a_path_through_a_cycle_is_refused() -> None:
    nodes = nodes_of([(0, 1), (1, 0), (1, 2)], 3)
    with pytest.raises(ValidationFailed, match="cycle"):
        Progress(nodes).path(nodes[2])
    assert Progress(nodes).ready() == []


def test_status_has_a_line_of_figures(runner: CommandRunner, course: Path) -> None:
    document = runner.ok("status", LATEST, "--json").json
    assert document["figures"].startswith("3 concepts, score ")
    assert document["figures"].endswith("; 1 week, 3 hours")
    assert f"  {document['figures']}\n" in runner.ok("status", LATEST).out
    (course / "outputs/curriculum/curriculum.json").write_text(json.dumps(curriculum_of()))
    assert runner.ok("status", LATEST, "--json").json["figures"] == ""


def test_show_is_a_tree_of_weeks_where_there_is_a_plan_and_of_layers_where_there_is_none(
    runner: CommandRunner, course: Path
) -> None:
    shown = runner.ok("show", LATEST)
    assert "Week 1" in shown.out
    assert [line.split("  ")[0] for line in shown.out.split("\n")[2:5]] == [
        "├── Alpha",
        "├── Beta",
        "└── Gamma",
    ]
    document = runner.ok("show", LATEST, "--json").json
    assert (document["by"], document["concepts"], document["edges"]) == ("week", 3, 2)
    assert [c["id"] for c in document["sections"][0]["concepts"]] == ["alpha", "beta", "gamma"]
    (course / "outputs/plan/plan.json").unlink()
    document = runner.ok("show", LATEST, "--json").json
    assert [(s["name"], [c["id"] for c in s["concepts"]]) for s in document["sections"]] == [
        ("Layer 1", ["alpha"]),
        ("Layer 2", ["beta"]),
        ("Layer 3", ["gamma"]),
    ]


def test_show_has_groups_optional_concepts_gaps_and_cycles(runner: CommandRunner) -> None:
    parts: list[dict[str, Any]] = [
        {"id": "a", "title": "A", "group": "One", "optional": True},
        {"id": "b", "title": "B", "pitfalls": [], "gaps": [{"field": "pitfalls", "reason": "Nobody says."}]},
        {"id": "c", "title": "C", "group": "One", "prerequisites": ["d"]},
        {"id": "d", "title": "D", "prerequisites": ["c"]},
    ]
    make_run(runner.folder, curriculum_of(*parts))
    shown = runner.ok("show", LATEST).out
    assert "A  60 min (optional)" in shown
    assert "B  60 min ?1" in shown
    assert [s["name"] for s in runner.ok("show", LATEST, "--json").json["sections"]] == ["One", "no group"]
    for part in parts:
        part.pop("group", None)
    make_run(runner.folder, curriculum_of(*parts))
    names = [s["name"] for s in runner.ok("show", LATEST, "--json").json["sections"]]
    assert names == ["Layer 1", "In a cycle"]


def test_show_of_one_concept_has_all_of_it(runner: CommandRunner, course: Path) -> None:
    shown = runner.ok("show", LATEST, "bet").out
    assert shown.startswith("Beta (beta)\n")
    for text in (
        "after Alpha",
        "before Gamma",
        "Capability:",
        "Core ideas:",
        "Pitfalls:",
        "Task:",
        "Passed when:",
    ):
        assert text in shown
    assert runner.ok("show", LATEST, "Beta", "--json").json["node"]["id"] == "beta"
    assert "no node 'delta'" in failed(runner("show", LATEST, "delta"), "not_found").err


@pytest.mark.parametrize("width", ["20", "80"])
def test_show_breaks_within_its_columns(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    title = "机器人的连杆参数及坐标变换 and the transformation of coordinates \u202e\x1b[31m"
    make_run(runner.folder, curriculum_of({"id": "a", "title": title}, topic="T" * 50))
    for command in (["show", LATEST], ["show", LATEST, "a"]):
        shown = runner.ok(*command).out
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert max(sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in shown.split("\n")) <= int(width)


def test_a_learner_knows_learns_forgets_and_is_led_on(runner: CommandRunner, course: Path) -> None:
    artifacts = {p: p.read_bytes() for part in ("inputs", "outputs") for p in (course / part).rglob("*.*")}
    assert runner.ok("ready", LATEST).out == "Alpha  60 min\n"
    assert runner.ok("known", LATEST, "Beta", "--for", "ada").out.startswith("ada knows 2 of 3 concepts\n")
    assert runner.ok("ready", LATEST, "--for", "ada", "--json").json["ready"][0]["id"] == "gamma"
    path = runner.ok("path", LATEST, "gamma", "--for", "ada", "--json").json
    assert ([step["id"] for step in path["path"]], path["minutes"]) == (["gamma"], 60)
    assert len(runner.ok("path", LATEST, "gamma", "--json").json["path"]) == 3
    plan = runner.ok("plan", LATEST, "--for", "ada", "--json").json
    assert [node for week in plan["weeks"] for node in week["nodes"]] == ["gamma"]
    assert runner.ok("known", LATEST, "alpha", "--for", "ada", "--forget", "--json").json["known"] == []
    runner.ok("known", LATEST, "gamma", "--for", "ada")
    assert runner.ok("ready", LATEST, "--for", "ada").out == "all is known\n"
    assert runner.ok("plan", LATEST, "--for", "ada").out == "ada knows all of it\n"
    assert runner.ok("path", LATEST, "gamma", "--for", "ada").out == "ada knows “Gamma”\n"
    for file, data in artifacts.items():
        assert file.read_bytes() == data
    assert runner.stage() == "planned"


@pytest.mark.parametrize("name", ["../x", "", "a/b", "a b", "x" * 65, "-x"])
def test_a_learner_s_name_cannot_leave_the_run(runner: CommandRunner, course: Path, name: str) -> None:
    assert (
        "is no name of a learner"
        in failed(runner("known", LATEST, "Beta", f"--for={name}"), "invalid_argument").err
    )


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"known": [1]}', b'{"known": "x"}'])
def test_a_learner_s_file_that_is_none_is_a_typed_error(
    runner: CommandRunner, course: Path, content: bytes
) -> None:
    (course / "learners").mkdir()
    (course / "learners/me.json").write_bytes(content)
    assert "learners/me.json" in failed(runner("ready", LATEST), "validation_failed").err


def test_what_the_curriculum_has_no_more_is_left_out(runner: CommandRunner, course: Path) -> None:
    (course / "learners").mkdir()
    (course / "learners/me.json").write_text('{"known": ["alpha", "gone"]}')
    assert [n["id"] for n in runner.ok("known", LATEST, "--json").json["known"]] == ["alpha"]


def test_no_learner_is_in_an_escalation_bundle(runner: CommandRunner, course: Path) -> None:
    import tarfile

    runner.ok("known", LATEST, "Beta", "--for", "ada-lovelace")
    (course / "outputs/curriculum/curriculum.json").write_text("{")
    failed(runner("validate", LATEST), "validation_failed")
    bundle = runner.ok("escalate", LATEST, "--json").json
    with tarfile.open(bundle["bundle"]) as packed:
        assert not [m.name for m in packed if "learners" in m.name]


def test_a_file_in_no_run_is_checked_like_one_in_a_run(runner: CommandRunner) -> None:
    file = runner.folder / "mine.json"
    file.write_text(json.dumps(valid_curriculum()))
    report = runner.ok("check", "mine.json", "--json").json
    assert report["passed"] is True
    assert "mine.json passed" in runner.ok("check", "mine.json").out
    file.write_text(json.dumps(curriculum_of({"id": "a", "title": "A", "prerequisites": ["b"]})))
    done = failed(runner("check", "mine.json"), "validation_failed")
    assert "graph.prerequisite_integrity" in done.err
    assert file.read_text() == json.dumps(curriculum_of({"id": "a", "title": "A", "prerequisites": ["b"]}))
    assert not list(runner.runs.glob("2*"))


def test_a_topic_spec_that_is_given_has_to_be_met(runner: CommandRunner, course: Path) -> None:
    spec = json.loads((course / "inputs/topic_spec.json").read_bytes())
    (runner.folder / "spec.json").write_text(json.dumps({**spec, "scope_in": ["Quantum chromodynamics"]}))
    file = str(course / "outputs/curriculum/curriculum.json")
    runner.ok("check", file)
    assert (
        "quality.scope_coverage"
        in failed(runner("check", file, "--spec", "spec.json"), "validation_failed").err
    )


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_what_cannot_be_read_is_a_typed_error(runner: CommandRunner, name: str) -> None:
    assert f"cannot read {name}" in failed(runner("check", name), "invalid_argument").err


@pytest.mark.parametrize("command", ["status", "next", "gaps", "diff", "ready"])
def test_what_only_looks_takes_the_latest_run_and_says_so(
    runner: CommandRunner, course: Path, command: str
) -> None:
    done = runner.ok(command, "--json")
    assert done.err == "no RUN was given: this is the latest\n"
    named = runner.ok(command, LATEST, "--json")
    assert (named.json, named.err) == (done.json, "")
