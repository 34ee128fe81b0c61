"""Curricula that leave fields open for an author: what rules, plan, report and commands make of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from dagogy.api.gaps import count_gaps, gap_question
from dagogy.api.rules import Finding
from dagogy.contracts.documents import decode_curriculum
from dagogy.contracts.types import GAP_FIELDS, Node
from dagogy.pipeline.diff import make_diff
from dagogy.pipeline.gaps import emptied
from support import CommandRunner, curriculum_of, make_run

CONTENT = ("core_ideas", "pitfalls", "mastery_check")
EMPTY: dict[str, Any] = {
    "capability": "",
    "core_ideas": [],
    "pitfalls": [],
    "mastery_check": {"task": "", "pass_criteria": ""},
    "resources": [],
}


def opened(*fields: str, **part: Any) -> dict[str, Any]:
    """A node in which `fields` are open."""
    gaps = [{"field": name, "reason": f"The source says nothing of {name}."} for name in fields]
    return {**{name: EMPTY[name] for name in fields}, "gaps": gaps, **part}


def nodes_of(*parts: dict[str, Any]) -> list[Node]:
    decoded = decode_curriculum(json.dumps(curriculum_of(*parts)).encode())
    assert decoded.value is not None, decoded.problems
    return decoded.value.nodes


def skeleton(capability: bool = True) -> dict[str, Any]:
    """Three nodes of which nothing is written but, with `capability`, what the learner can do."""
    names = ("Basics", "Loaves", "Ovens")
    fields = CONTENT if capability else GAP_FIELDS
    return curriculum_of(
        *(
            {
                "id": name.lower(),
                "title": name,
                "prerequisites": [names[i - 1].lower()] if i else [],
                "estimate_minutes": 40 + 10 * i,
                **opened(*fields),
            }
            for i, name in enumerate(names)
        )
    )


def skeleton_of_whole_resources() -> dict[str, Any]:
    """A skeleton in which only gaps are errors in `strict` mode."""
    course = skeleton()
    for node in course["nodes"]:
        node["estimate_confidence"] = 0.8
        for resource in node["resources"]:
            resource["citation"] = "section 1"
    course["open_questions"] = [{"question": "What is bread?", "related_nodes": ["basics"], "status": "open"}]
    return course


def test_gaps_are_counted_in_words() -> None:
    nodes = nodes_of(
        {"id": "a"},
        opened("pitfalls", id="b"),
        opened("pitfalls", "mastery_check", id="c"),
        opened("capability", id="d"),
    )
    assert str(count_gaps(nodes)) == "3 of 4 concepts need an author: 1 capability, 2 pitfalls, 1 task"
    assert str(count_gaps(nodes[:2])) == "1 of 2 concepts needs an author: 1 pitfall"
    assert str(count_gaps(nodes[:1])) == ""
    assert not count_gaps([])


def test_nearly_all_gaps_are_a_skeleton() -> None:
    whole, bare = {"id": "w"}, [opened(*CONTENT, id=f"n{i}") for i in range(9)]
    assert count_gaps(nodes_of(whole, *bare)).skeleton
    assert not count_gaps(nodes_of(whole, *bare[:8])).skeleton
    assert not count_gaps(
        nodes_of(*(opened("pitfalls", "core_ideas", id=f"n{i}") for i in range(3)))
    ).skeleton


def test_a_task_without_a_criterion_is_asked_for_the_criterion() -> None:
    check = {"task": "Bake a loaf.", "pass_criteria": ""}
    part = opened("mastery_check", id="a", title="Loaves") | {"mastery_check": check}
    (node,) = nodes_of(part)
    assert gap_question(node, "mastery_check") == (
        "How can another person tell whether the task for “Loaves” was done well?"
    )


@pytest.mark.parametrize("capability", [True, False])
@pytest.mark.parametrize(
    ("mode", "severity", "status"),
    [("minimal", "info", 0), ("standard", "warning", 0), ("strict", "error", 4)],
)
def test_a_skeleton_passes_where_gaps_are_no_errors_and_is_called_one(
    runner: CommandRunner, mode: str, severity: str, status: int, capability: bool
) -> None:
    make_run(runner.folder, skeleton(capability), {"evidence_mode": mode})
    result = runner("validate", "latest", "--json")
    assert result.status == status
    report = json.loads(result.out)
    of_gaps = [f for f in report["findings"] if f["rule_id"] == "quality.gaps"]
    assert [(f["severity"], f["pointer"]) for f in of_gaps] == [
        (severity, f"/nodes/{i}/gaps") for i in range(3)
    ]
    # No other rule objects to what is declared to be open.
    other = [f for f in report["findings"] if f["rule_id"] != "quality.gaps" and f["severity"] != "info"]
    assert mode == "strict" or other == []
    assert report["gaps"]["skeleton"]
    assert report["gaps"]["summary"].startswith("skeleton: 3 of 3 concepts need an author: ")


def test_a_skeleton_scores_less_than_what_is_written_in_every_mode(runner: CommandRunner) -> None:
    scores = {}
    for mode in ("minimal", "standard"):
        run_id = make_run(runner.folder, skeleton(), {"evidence_mode": mode})
        scores[mode] = runner.ok("validate", run_id, "--json").json["score"]
    assert 60 <= scores["standard"] < scores["minimal"] < 90


def test_status_plan_and_report_say_how_much_needs_an_author(runner: CommandRunner) -> None:
    course = skeleton()
    course["nodes"][1] |= {"optional": True, "group": "Week 2"}
    run_id = make_run(runner.folder, course, {"evidence_mode": "standard"})
    told = "skeleton: 3 of 3 concepts need an author: 3 core ideas, 3 pitfalls, 3 tasks"
    assert told in runner.ok("validate", "latest").out
    shown = runner.ok("plan", "latest").out
    assert told in shown
    assert "Loaves (optional)" in shown
    assert told in runner.ok("status", "latest").out
    run = runner.runs / run_id
    assert told in (run / "outputs/reviews/validation_report.md").read_text()
    plan = json.loads((run / "outputs/plan/plan.json").read_text())
    deliverables = [d for week in plan["weeks"] for d in week["deliverables"]]
    assert all(d["task"].startswith("[needs an author: ") for d in deliverables)
    assert {d["gap"] for d in deliverables} == {"The source says nothing of mastery_check."}
    assert [week["optional"] for week in plan["weeks"]] == [["loaves"]]
    assert [week["groups"] for week in plan["weeks"]] == [["Week 2"]]


def test_gaps_lists_each_gap_with_its_place_and_a_question(runner: CommandRunner) -> None:
    run_id = make_run(runner.folder, skeleton())
    evidence = {
        "schema_version": 1,
        "provider": "internal",
        "concepts": [
            {
                "id": "loaves",
                "title": "Loaves",
                "heading_path": [],
                "lines": [4, 6],
                "evidence": "A loaf is shaped.",
            }
        ],
        "edges": [],
        "dropped": [],
    }
    (runner.runs / run_id / "outputs/curriculum/evidence.json").write_text(json.dumps(evidence))
    document = runner.ok("gaps", "latest", "--json").json
    assert len(document["gaps"]) == 9
    (gap,) = [g for g in document["gaps"] if (g["node_id"], g["field"]) == ("loaves", "pitfalls")]
    assert gap == {
        "node_id": "loaves",
        "title": "Loaves",
        "field": "pitfalls",
        "reason": "The source says nothing of pitfalls.",
        "question": "What mistake do learners make with “Loaves”?",
        "source": {"location": "inputs/scope.md", "lines": [4, 6], "quote": "A loaf is shaped."},
    }
    text = runner.ok("gaps", "latest").out
    assert "Loaves (loaves), inputs/scope.md lines 4 to 6" in text
    assert "  pitfalls: What mistake do learners make with “Loaves”?" in text


def test_gaps_of_a_whole_curriculum_says_that_there_are_none(runner: CommandRunner) -> None:
    make_run(runner.folder, curriculum_of({"id": "a"}))
    assert "no gaps: 1 concept written in full" in runner.ok("gaps", "latest").out


def test_all_errors_are_told_and_the_advice_is_to_edit(runner: CommandRunner) -> None:
    make_run(runner.folder, skeleton(), {"evidence_mode": "strict"})
    result = runner("validate", "latest")
    assert result.status == 4
    assert all(f"/nodes/{i}/gaps" in result.out for i in range(3))
    failure = next(line for line in result.err.splitlines() if line.startswith("[validation_failed]"))
    assert "which the report lists" in failure
    assert len(failure) < 3_000
    assert "set `evidence_mode: minimal`" in result.out
    step = runner.ok("next", "latest").out
    assert "dagogy gaps" in step
    assert not step.startswith("dagogy recover")


def test_where_gaps_are_the_failure_recover_asks_for_an_author_and_generates_nothing(
    runner: CommandRunner,
) -> None:
    make_run(runner.folder, skeleton_of_whole_resources(), {"evidence_mode": "strict"})
    assert runner("validate", "latest").status == 4
    before = sorted(p.name for p in runner.folder.rglob("curriculum*"))
    report = runner("recover", "latest", "--unsafe")
    said = report.out + report.err
    assert "which a generation from the same sources leaves open again" in said
    assert "dagogy gaps" in said
    assert sorted(p.name for p in runner.folder.rglob("curriculum*")) == before


def test_no_advice_of_a_mode_where_it_is_the_mode(runner: CommandRunner) -> None:
    node = opened("resources", id="a")
    make_run(runner.folder, curriculum_of({**node, "gaps": []}), {"evidence_mode": "minimal"})
    result = runner("validate", "latest")
    assert "evidence_mode: minimal" not in result.out + result.err
    assert "minimal" not in runner("recover", "latest", "--dry-run").out.replace("evidence mode minimal", "")
    assert "set evidence_mode" not in runner.ok("next", "latest").out


def test_a_repair_may_turn_into_a_gap_what_a_rule_refused_and_nothing_else() -> None:
    before = nodes_of({"id": "a"}, {"id": "b"})
    now = nodes_of({"id": "a"}, opened("pitfalls", id="b"))
    assert emptied(now, before, []) == "it turns pitfalls of 'b' into a gap, and no rule had objected to it"
    elsewhere = Finding("m", "/nodes/0/pitfalls/0", "a", severity="error")
    assert emptied(now, before, [elsewhere])
    refused = Finding("m", "/nodes/1/pitfalls/0", "b", severity="warning")
    assert emptied(now, before, [refused]) == ""
    # One finding may be about the texts of many nodes.
    assert emptied(now, before, [replace(elsewhere, others=("/nodes/1/pitfalls/0",))]) == ""
    assert emptied(now, now, []) == ""
    assert emptied(before, now, []) == ""


def test_diff_names_group_optional_and_gaps() -> None:
    def course(part: dict[str, Any]) -> Any:
        return decode_curriculum(json.dumps(curriculum_of({"id": "a", **part})).encode()).value

    diff = make_diff(course({}), course({"group": "Week 1", "optional": True, **opened("pitfalls")}))
    assert diff["changed_nodes"] == [{"id": "a", "changed_fields": ["gaps", "group", "optional", "pitfalls"]}]


def test_mermaid_shows_group_optional_and_gaps(runner: CommandRunner) -> None:
    part = opened("pitfalls", id="a", title="Loaves", group="Week 1", optional=True)
    make_run(runner.folder, curriculum_of(part))
    shown = runner.ok("export", "latest", "--format", "mermaid").out
    assert 'n0["Loaves<br/>Week 1<br/>optional<br/>needs an author: pitfalls"]' in shown
