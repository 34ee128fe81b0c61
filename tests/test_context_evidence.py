"""The evidence that is kept with a curriculum, as rules see it: `RuleContext.evidence`, and
the validation that goes by it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.scope import EdgeEvidence, ScopeConcept, ScopeEdge, ScopeReading
from dagogy.pipeline.evidence import kept_reading, reading_parts
from dagogy.pipeline.rule_context import RunContext
from dagogy.workspace.runs import Runs
from dagogy.workspace.stages import CONCEPTS, CURRICULUM, DAG, EVIDENCE, VALID
from support import ROOT, CommandRunner, curriculum_of, failed

RULE = "evidence.prerequisite_order"


def edge(before: str, after: str, weight: float, dropped: Any = "") -> ScopeEdge:
    piece = EdgeEvidence("mention", weight, (3, 3), f"{after} uses {before}.", "inputs/scope.md")
    return ScopeEdge(before, after, "mention", weight, (3, 3), piece.quote, (piece,), dropped)


def concepts(**titles: str) -> tuple[ScopeConcept, ...]:
    return tuple(
        ScopeConcept(name, title, ("Course",), (1, 2), f"{title} is.", "inputs/scope.md")
        for name, title in titles.items()
    )


def context(reading: ScopeReading | None, *nodes: dict[str, Any]) -> RunContext:
    return RunContext(json.dumps(curriculum_of(*nodes)).encode(), b"", evidence=lambda: reading)


def test_a_concepts_node_is_the_one_with_its_id_else_with_its_title() -> None:
    reading = ScopeReading(
        concepts(a="Alpha", b="Beta", x="Gone"), (edge("a", "b", 0.9), edge("x", "b", 0.9))
    )
    found = context(
        reading, {"id": "n7", "title": "BETA"}, {"id": "a", "title": "First"}, {"id": "n8", "title": "Alpha"}
    ).evidence
    assert found == {(1, 0): reading.edges[0]}


def test_of_two_concepts_that_are_one_node_the_edge_and_the_weightier_evidence_tell() -> None:
    reading = ScopeReading(
        concepts(a="Alpha", a2="alpha", b="Beta"),
        (edge("a", "b", 0.2), edge("a2", "b", 0.6)),
        dropped=(edge("b", "a", 0.9, "opposed"), edge("a", "a2", 0.9, "weak")),
    )
    found = context(reading, {"id": "n1", "title": "Alpha"}, {"id": "n2", "title": "Beta"}).evidence
    assert {pair: (e.weight, e.dropped) for pair, e in found.items()} == {
        (0, 1): (0.6, ""),
        (1, 0): (0.9, "opposed"),
    }


def test_without_a_reading_there_is_no_evidence() -> None:
    assert context(None, {"id": "a"}).evidence == {}


@pytest.fixture
def bread(runner: CommandRunner) -> Path:
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", str(ROOT / "examples" / "sourdough-baking.md"))
    return run


def turn_round(run: Path) -> tuple[str, str]:
    """Turns the best supported edge of the curriculum round; returns what was its
    prerequisite and its dependent.
    """
    reading = kept_reading(Runs(run.parent, os.environ).find(run.name))
    assert reading is not None
    pairs = {(e.prerequisite, e.dependent) for e in (*reading.edges, *reading.dropped)}
    best = max(
        (e for e in reading.edges if e.quoted and (e.dependent, e.prerequisite) not in pairs),
        key=lambda e: e.weight,
    )
    document = json.loads((run / CURRICULUM).read_bytes())
    nodes = {n["id"]: n for n in document["nodes"]}
    nodes[best.dependent]["prerequisites"].remove(best.prerequisite)
    nodes[best.prerequisite]["prerequisites"].append(best.dependent)
    (run / CURRICULUM).write_text(json.dumps(document))
    return best.prerequisite, best.dependent


def findings(runner: CommandRunner) -> list[dict[str, Any]]:
    return [f for f in runner("validate", "latest", "--json").json["findings"] if f["rule_id"] == RULE]


def test_what_is_kept_is_read_back_as_the_provider_told_it(runner: CommandRunner, bread: Path) -> None:
    reading = kept_reading(Runs(bread.parent, os.environ).find(bread.name))
    assert reading is not None
    assert reading.edges
    assert reading.dropped
    kept = json.loads((bread / EVIDENCE).read_bytes())
    assert json.loads(json.dumps(reading_parts(reading))) == {
        key: kept[key] for key in ("concepts", "edges", "dropped")
    }


def test_a_validation_goes_by_the_evidence_that_is_kept_with_the_curriculum(
    runner: CommandRunner, bread: Path
) -> None:
    assert findings(runner) == []
    before, after = turn_round(bread)
    [found] = findings(runner)
    place = next(n for n in json.loads((bread / CURRICULUM).read_bytes())["nodes"] if n["id"] == before)[
        "prerequisites"
    ].index(after)
    assert (found["node_id"], found["severity"], found["pointer"].rpartition("/")[2]) == (
        before,
        "warning",
        str(place),
    )


def test_of_a_chain_that_its_document_states_every_edge_that_is_turned_round_is_found(
    runner: CommandRunner, tmp_path: Path
) -> None:
    names = ["Anvil", "Bellows", "Copper", "Dowel", "Easel", "Funnel"]
    (tmp_path / "chain.md").write_text(
        "# Workshop\n\nThe topics stand in teaching order.\n\n" + "".join(f"- {name}\n" for name in names)
    )
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", str(tmp_path / "chain.md"))
    document = json.loads((run / CURRICULUM).read_bytes())
    assert [n["prerequisites"] for n in document["nodes"]] == [[], *([name.lower()] for name in names[:-1])]
    for node, after in zip(document["nodes"], [*names[1:], None], strict=True):
        node["prerequisites"] = [after.lower()] if after else []
    (run / CURRICULUM).write_text(json.dumps(document))
    assert [f["node_id"] for f in findings(runner)] == [name.lower() for name in names[:-1]]


@pytest.mark.slow
def test_without_it_the_reading_of_the_scope_document_counts_and_without_both_the_rule_is_silent(
    runner: CommandRunner, bread: Path
) -> None:
    turn_round(bread)
    (bread / EVIDENCE).unlink()
    assert len(findings(runner)) == 1
    (bread / DAG).unlink()
    assert findings(runner) == []


@pytest.mark.parametrize("path", [EVIDENCE, DAG])
def test_a_validation_is_current_as_long_as_the_evidence_that_it_went_by_is_the_same(
    runner: CommandRunner, bread: Path, path: str
) -> None:
    if path == DAG:
        (bread / EVIDENCE).unlink()
        runner.ok("validate", "latest")
    assert (bread / VALID).exists()
    whole = (bread / path).read_bytes()
    (bread / path).write_bytes(whole.replace(b'"weight": 0', b'"weight": 1', 1))
    assert runner.stage() == "generated"
    assert not (bread / VALID).exists()
    (bread / path).write_bytes(whole)
    assert runner.stage() != "generated"


@pytest.mark.parametrize("path", [EVIDENCE, CONCEPTS])
def test_evidence_that_cannot_be_read_fails_the_validation_and_names_the_file(
    runner: CommandRunner, bread: Path, path: str
) -> None:
    if path == CONCEPTS:
        (bread / EVIDENCE).unlink()
    (bread / path).write_text("{")
    result = failed(runner("validate", "latest"), "validation_failed")
    assert f"rule {RULE} could not run" in result.err
    assert f"{bread / path} cannot be read" in result.err
    assert f"; 'dagogy run {bread.name}' makes it again" in result.err


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("path", [EVIDENCE, CONCEPTS])
def test_evidence_that_is_no_file_of_the_run_leaves_the_run_to_be_read_and_is_reported_by_the_rule(
    runner: CommandRunner, bread: Path, tmp_path: Path, path: str, outside: bool
) -> None:
    if path == CONCEPTS:
        (bread / EVIDENCE).unlink()
    (bread / path).rename(tmp_path / "kept.json")
    if outside:
        (bread / path).symlink_to(tmp_path / "kept.json")
    else:
        (bread / path).mkdir()
    assert runner.stage() == "generated"
    result = failed(runner("validate", "latest"), "validation_failed").err.splitlines()[0]
    assert f"rule {RULE} could not run: rule of" in result
    assert ("leads out of" if outside else "Is a directory") in result
    assert str(bread / path) in result


def test_a_validation_from_before_the_evidence_counted_is_out_of_date_and_says_why(
    runner: CommandRunner, bread: Path
) -> None:
    document = json.loads((bread / "run.json").read_bytes())
    del document["stamps"]["validation"]["evidence"]
    (bread / "run.json").write_text(json.dumps(document))
    shown = runner.ok("status", "latest")
    assert "it was validated before the evidence of its edges counted" in shown.out
    assert runner.stage() == "generated"
    runner.ok("validate", "latest")
    assert "before the evidence" not in runner.ok("status", "latest").out
