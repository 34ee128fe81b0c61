"""Fixes: what goes in, in which order, whole or not at all, and that `validate --fix` comes to an end."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.rules import Finding, Fix
from dagogy.pipeline.fixes import apply_fixes
from support import CommandRunner, SitePackages, failed, run_with, valid_curriculum

CURRICULUM = "outputs/curriculum/curriculum.json"


def finding(pointer: str, *patch: Any, safety: Any = "safe", document: Any = "curriculum") -> Finding:
    return Finding("m", pointer, fix=Fix(safety, "d", list(patch)), document=document)


def remove(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "test", "path": path, "value": value}, {"op": "remove", "path": path}]


def test_fixes_that_take_items_out_of_one_list_do_not_hit_their_neighbours() -> None:
    document = {"list": [str(i) for i in range(12)]}
    findings = [finding(f"/list/{i}", *remove(f"/list/{i}", str(i))) for i in (2, 10, 11, 0)]
    fixed, done = apply_fixes(document, findings, unsafe=False)
    assert fixed == {"list": ["1", "3", "4", "5", "6", "7", "8", "9"]}
    assert [f.pointer for f in done] == ["/list/0", "/list/2", "/list/10", "/list/11"]
    assert len(document["list"]) == 12


def test_a_fix_whose_test_no_longer_holds_is_left() -> None:
    fixed, done = apply_fixes({"a": 1}, [finding("/a", *remove("/a", 2))], unsafe=False)
    assert (fixed, done) == ({"a": 1}, [])


def test_a_fix_that_fails_halfway_leaves_nothing_behind_and_the_others_in() -> None:
    halfway = finding(
        "/a", {"op": "replace", "path": "/a", "value": "half"}, {"op": "remove", "path": "/missing"}
    )
    fixed, done = apply_fixes({"a": 1, "b": 2}, [halfway, finding("/b", *remove("/b", 2))], unsafe=False)
    assert fixed == {"a": 1}
    assert [f.pointer for f in done] == ["/b"]


@pytest.mark.parametrize(
    "operation",
    [
        "text",
        None,
        7,
        {},
        {"op": "fly", "path": "/a"},
        {"op": "remove"},
        {"op": "remove", "path": "a"},
        {"op": "add", "path": "/a"},
    ],
)
def test_a_patch_that_is_none_is_left(operation: Any) -> None:
    fixed, done = apply_fixes({"a": 1}, [finding("/a", operation)], unsafe=False)
    assert (fixed, done) == ({"a": 1}, [])


def test_what_two_fixes_put_in_is_not_shared_between_their_places() -> None:
    shared: list[str] = []
    fixed, _ = apply_fixes(
        {"a": 1, "b": 1},
        [finding(f"/{k}", {"op": "replace", "path": f"/{k}", "value": shared}) for k in "ab"],
        unsafe=False,
    )
    fixed["a"].append("x")
    assert (fixed["b"], shared) == ([], [])


def test_unsafe_fixes_go_in_only_when_asked_for_and_those_of_the_topic_spec_never() -> None:
    findings = [
        finding("/a", *remove("/a", 1), safety="unsafe"),
        finding("/b", *remove("/b", 2), document="topic_spec"),
    ]
    assert apply_fixes({"a": 1, "b": 2}, findings, unsafe=False)[0] == {"a": 1, "b": 2}
    assert apply_fixes({"a": 1, "b": 2}, findings, unsafe=True)[0] == {"b": 2}


def test_the_document_given_stays_as_it_is() -> None:
    document = valid_curriculum()
    before = copy.deepcopy(document)
    apply_fixes(document, [finding("/nodes/0", *remove("/nodes/0/title", "Alpha"))], unsafe=False)
    assert document == before


def implied() -> dict[str, Any]:
    """`gamma` names `alpha`, which `beta` implies: a safe fix takes it out."""
    document = valid_curriculum()
    document["nodes"][2]["prerequisites"] = ["beta", "alpha"]
    return document


def unknown() -> dict[str, Any]:
    """`gamma` names a node that does not exist: only an unsafe fix takes it out."""
    document = valid_curriculum()
    document["nodes"][2]["prerequisites"] = ["beta", "omega"]
    return document


def nodes_of(run: Path) -> Any:
    return json.loads((run / CURRICULUM).read_bytes())["nodes"]


def test_validate_counts_the_fixes_it_did_not_apply(runner: CommandRunner) -> None:
    run = run_with(runner, implied())
    shown = runner("validate", "latest")
    assert f"1 finding can be fixed safely: dagogy validate {run.name} --fix" in shown.out
    assert "[safe fix]" in shown.out
    run = run_with(runner, unknown())
    shown = failed(runner("validate", run.name), "validation_failed")
    assert "1 finding can be fixed with --unsafe-fixes" in shown.out
    report = json.loads((run / "outputs/reviews/validation_report.json").read_bytes())
    assert (report["summary"]["safe_fixes"], report["summary"]["unsafe_fixes"]) == (0, 1)
    assert (
        "shows 1 that would change the meaning" in (run / "outputs/reviews/validation_report.md").read_text()
    )


def test_fix_applies_safe_fixes_and_judges_what_comes_of_it(runner: CommandRunner) -> None:
    run = run_with(runner, implied())
    out = runner.ok("validate", "latest", "--fix").out
    assert "fixed graph.redundant_prerequisites /nodes/2/prerequisites/1: " in out
    assert "1 fixed" in out
    assert nodes_of(run)[2]["prerequisites"] == ["beta"]
    assert (run / "logs/validation.ok").exists()


def test_fix_leaves_unsafe_fixes_alone(runner: CommandRunner) -> None:
    run = run_with(runner, unknown())
    out = failed(runner("validate", "latest", "--fix"), "validation_failed").out
    assert "nothing that could be fixed" in out
    assert nodes_of(run)[2]["prerequisites"] == ["beta", "omega"]
    runner.ok("validate", "latest", "--unsafe-fixes")
    assert nodes_of(run)[2]["prerequisites"] == ["beta"]


def test_diff_shows_what_the_fixes_would_change_and_writes_nothing(runner: CommandRunner) -> None:
    run = run_with(runner, implied())
    runner.ok("status", "latest")
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.name != ".lock"}
    out = runner.ok("validate", "latest", "--fix", "--diff").out
    assert out.startswith(f"--- a/{CURRICULUM}\n+++ b/{CURRICULUM}\n")
    document = runner.ok("validate", "latest", "--diff", "--json").json
    assert document["fixes"] == [
        "graph.redundant_prerequisites /nodes/2/prerequisites/1: " + document["fixes"][0].split(": ", 1)[1]
    ]
    assert document["diff"].strip() == out.strip()
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.name != ".lock"} == before


def test_diff_of_a_curriculum_without_fixes_says_so(runner: CommandRunner) -> None:
    run_with(runner)
    assert runner.ok("validate", "latest", "--diff").out == "no fix of this kind would change anything\n"


RULE = """
    from dagogy.api.rules import Finding, Fix, Rule

    class Changer(Rule):
        '''Why.'''
        def check(self, context, options):
            topic = context.curriculum.topic
            patch = [{"op": "replace", "path": "/topic", "value": NEXT(topic)}]
            yield Finding("not that topic", "/topic", fix=Fix("safe", "another topic", patch))
"""
PLUGIN = """
    from dagogy.api import RuleInfo, hookimpl

    @hookimpl
    def dagogy_rules():
        yield RuleInfo(id="house.topic", summary="s", api_version=1, impl="changer_rule:Changer", severity="error", requires=("schema.curriculum",))
"""  # noqa: E501


@pytest.mark.parametrize(
    ("step", "fixes"),
    [
        ("lambda topic: 'A' if topic == 'B' else 'B'", 2),
        ("lambda topic: topic + '!'", 100),
        ("lambda topic: topic", 0),
    ],
)
def test_fixing_ends_with_a_rule_that_is_never_content(
    runner: CommandRunner, site: SitePackages, step: str, fixes: int
) -> None:
    site.plugin(
        "rule-topic",
        entry_points={"rule": {"house.topic": "changer"}},
        modules={"changer": PLUGIN, "changer_rule": RULE.replace("NEXT", f"({step})")},
    )
    run_with(runner, valid_curriculum(topic="A"))
    shown = failed(runner("validate", "latest", "--fix"), "validation_failed")
    applied = sum(line.startswith("fixed ") for line in shown.out.splitlines())
    assert applied <= fixes
    assert "house.topic at curriculum/topic" in shown.err
