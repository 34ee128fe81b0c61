"""`dagogy why`: the evidence that is kept with a curriculum, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.scope import EdgeEvidence, ScopeConcept, ScopeEdge, ScopeReading
from dagogy.contracts.check import schema_problems
from dagogy.kit.cases import complete_spec
from dagogy.pipeline.evidence import reading_parts
from dagogy.pipeline.why import UNSUPPORTED
from dagogy.workspace.stages import CURRICULUM, DAG, EVIDENCE
from support import CommandRunner, SitePackages, failed, put

SCOPE = """# Course

## Streams
A stream is a sequence of bytes. A stream is read once.

## Filters
A filter takes a stream and gives another stream. Building a filter requires a stream.

## Pipelines
A pipeline is a chain of filters. A pipeline builds on filters and on a stream.

## Logging
Logging writes what happened. It needs nothing.

## Filter tests
A filter test runs a filter on a known stream and compares what comes out.
"""


@pytest.fixture
def compiled(runner: CommandRunner) -> Path:
    (runner.folder / "notes.md").write_text(SCOPE)
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", "notes.md")
    return run


def why(runner: CommandRunner, *names: str) -> Any:
    return runner.ok("why", "latest", *names, "--json").json


def edited(run: Path, change: Any) -> None:
    document = json.loads((run / CURRICULUM).read_bytes())
    change({n["id"]: n for n in document["nodes"]})
    (run / CURRICULUM).write_text(json.dumps(document))


def test_a_node_is_reported_with_its_place_its_source_and_the_evidence_of_its_edges(
    runner: CommandRunner, compiled: Path
) -> None:
    document = why(runner, "filters")
    assert document["source"] == {
        "location": "inputs/scope.md",
        "lines": [6, 7],
        "heading_path": ["Course"],
        "quote": document["source"]["quote"],
    }
    assert document["evidence_in"] == EVIDENCE
    [before] = document["prerequisites"]
    assert (before["id"], before["supported"]) == ("streams", True)
    first = before["evidence"][0]
    assert (first["kind"], first["location"], first["lines"]) == ("declared", "inputs/scope.md", [7, 7])
    assert first["quote"] in SCOPE
    assert [p["weight"] for p in before["evidence"]] == sorted(
        (p["weight"] for p in before["evidence"]), reverse=True
    )
    assert {d["id"] for d in document["dependents"]} >= {"pipelines"}
    assert [n["id"] for n in document["chain"]] == ["streams", "filters"]
    text = runner.ok("why", "latest", "filters").out
    assert f"declared {first['weight']:g}, inputs/scope.md line 7: “{first['quote']}”" in text


def test_a_pair_is_an_edge_implied_reversed_or_without_evidence(
    runner: CommandRunner, compiled: Path
) -> None:
    assert why(runner, "pipelines", "filters")["verdict"] == "edge"
    implied = why(runner, "pipelines", "streams")
    assert (implied["verdict"], implied["reason"]) == ("implied", "implied")
    assert [(s["prerequisite"]["id"], s["dependent"]["id"]) for s in implied["path"]] == [
        ("streams", "filters"),
        ("filters", "pipelines"),
    ]
    assert "stream" in implied["evidence"][0]["quote"]
    assert why(runner, "streams", "pipelines")["verdict"] == "reversed"
    nothing = why(runner, "logging", "filters")
    assert (nothing["verdict"], nothing["evidence"]) == ("none", [])


def test_a_pair_that_a_path_says_is_implied_whatever_the_reading_made_of_its_own_evidence(
    runner: CommandRunner, compiled: Path
) -> None:
    kept = json.loads((compiled / EVIDENCE).read_bytes())
    [pair] = [d for d in kept["dropped"] if (d["prerequisite"], d["dependent"]) == ("streams", "pipelines")]
    pair["reason"] = "weak"
    (compiled / EVIDENCE).write_text(json.dumps(kept))
    document = why(runner, "pipelines", "streams")
    assert (document["verdict"], document["reason"], document["reason_told"]) == (
        "implied",
        "implied",
        "other edges already imply it",
    )
    considered = {n["id"]: n for n in why(runner, "pipelines")["not_prerequisites"]}
    assert (considered["streams"]["reason"], considered["streams"]["told"]) == (
        "implied",
        "other edges already imply it",
    )
    edited(compiled, lambda nodes: nodes["filters"].update(prerequisites=[]))
    assert why(runner, "pipelines", "streams")["reason"] == "weak", "nothing says it any more"


def test_an_edge_without_evidence_is_reported_as_such_and_one_taken_out_by_hand_too(
    runner: CommandRunner, compiled: Path
) -> None:
    edited(
        compiled,
        lambda nodes: (
            nodes["logging"].update(prerequisites=["pipelines"]),
            nodes["filters"].update(prerequisites=[]),
        ),
    )
    assert why(runner, "logging", "pipelines")["told"] == UNSUPPORTED
    assert UNSUPPORTED in runner.ok("why", "latest", "logging").out
    gone = why(runner, "filters", "streams")
    assert (gone["verdict"], gone["reason"]) == ("no_edge", "")
    assert gone["evidence"]
    assert [n["reason"] for n in why(runner, "filters")["not_prerequisites"] if n["id"] == "streams"] == [
        "removed"
    ]


def test_a_node_can_be_named_by_title_or_part_and_an_ambiguous_name_lists_the_candidates(
    runner: CommandRunner, compiled: Path
) -> None:
    assert why(runner, "Filter tests")["node"]["id"] == why(runner, "tests")["node"]["id"] == "filter-tests"
    result = failed(runner("why", "latest", "filt"), "invalid_argument")
    assert "filters (Filters)" in result.err
    assert "filter-tests (Filter tests)" in result.err
    assert "did you mean 'Streams'?" in failed(runner("why", "latest", "strems"), "not_found").err
    assert (
        "did you mean 'Filter tests'?" in failed(runner("why", "latest", "how tets are run"), "not_found").err
    )
    assert (
        "did you mean 'Pipelines' or 'Logging'?"
        in failed(runner("why", "latest", "a pipelin, or logs of logging"), "not_found").err
    )
    assert "dagogy show RUN" in failed(runner("why", "latest", "zzz"), "not_found").err
    failed(runner("why", "latest", "filters", "filters"), "invalid_argument")


def test_a_run_from_a_spec_alone_keeps_its_evidence(runner: CommandRunner) -> None:
    run = runner.init()
    spec = json.loads((run / "inputs/topic_spec.json").read_bytes())
    spec.update(
        goal="Learn trees",
        audience="students",
        prerequisites=[],
        scope_in=["Tree", "Binary tree", "Search"],
        scope_out=[],
        evidence_mode="minimal",
    )
    (run / "inputs/topic_spec.json").write_text(json.dumps(spec))
    runner("run", run.name)
    assert not (run / DAG).exists()
    document = why(runner, "binary-tree", "tree")
    assert (document["verdict"], document["evidence_in"], document["evidence"][0]["kind"]) == (
        "edge",
        EVIDENCE,
        "name",
    )


def test_what_only_a_spec_names_is_cited_by_the_item_not_by_a_line(runner: CommandRunner) -> None:
    run = runner.init()
    put(
        run / "inputs/topic_spec.json",
        complete_spec({"scope_in": ["Tree", "Binary tree", "Search"], "evidence_mode": "minimal"}),
    )
    runner("run", run.name)
    document = why(runner, "binary-tree")
    item = "inputs/topic_spec.json#/scope_in/1"
    assert (document["source"]["location"], document["source"]["lines"]) == (item, [0, 0])
    first = document["prerequisites"][0]["evidence"][0]
    assert (first["location"], first["lines"], first["quote"]) == (item, [0, 0], "Binary tree")
    text = runner.ok("why", "latest", "binary-tree").out
    assert f"named in {item}: “Binary tree”" in text
    assert f"{item}: “Binary tree”" in text.split("Prerequisites:")[1]
    assert " line " not in text


def test_evidence_that_is_no_quotation_is_reported_without_quotation_marks_and_without_a_line(
    runner: CommandRunner, compiled: Path
) -> None:
    quoted = EdgeEvidence("mention", 0.2, (7, 7), "Building a filter requires a stream.")
    note = EdgeEvidence("level", 0.3, note="general knowledge: streams come before filters")
    concepts = tuple(ScopeConcept(i, i.title(), (), (1, 1), "x") for i in ("streams", "filters", "pipelines"))
    both = ScopeEdge("streams", "filters", "level", 0.4, quoted.lines, quoted.quote, (note, quoted))
    alone = ScopeEdge("filters", "pipelines", "level", 0.3, (0, 0), "", (note,))
    put(
        compiled / EVIDENCE,
        {"schema_version": 1, "provider": "p", **reading_parts(ScopeReading(concepts, (both, alone)))},
    )
    assert not schema_problems("evidence", json.loads((compiled / EVIDENCE).read_bytes()))
    document = why(runner, "filters", "streams")["evidence"]
    assert [(p["location"], p["lines"], p["quote"], p["note"]) for p in document] == [
        ("", [0, 0], "", note.note),
        ("inputs/scope.md", [7, 7], quoted.quote, ""),
    ]
    text = runner.ok("why", "latest", "filters").out
    assert f"    level 0.3: {note.note}\n    mention 0.2, inputs/scope.md line 7: “{quoted.quote}”" in text
    assert (
        why(runner, "pipelines", "filters")["told"]
        == "evidence of weight 0.3, which no statement of the source gives"
    )


def test_titles_that_differ_in_a_sign_alone_are_not_the_same_node(
    runner: CommandRunner, compiled: Path
) -> None:
    edited(
        compiled,
        lambda nodes: [
            nodes[i].update(title=t) for i, t in (("streams", "C"), ("filters", "C++"), ("pipelines", "C#"))
        ],
    )
    assert [why(runner, title)["node"]["id"] for title in ("c", "C++", "c#")] == [
        "streams",
        "filters",
        "pipelines",
    ]


@pytest.mark.parametrize("name", ["strems", "quaternions"])
def test_a_mistyped_node_is_a_typo_and_no_incident(runner: CommandRunner, compiled: Path, name: str) -> None:
    output = failed(runner("why", "latest", name), "not_found").err
    assert "try 'dagogy why --help'" in output
    assert "incident" not in output
    assert not list((compiled / "logs/failures").glob("*"))


def test_a_curriculum_of_a_provider_that_tells_nothing_is_held_against_the_reading_of_the_scope(
    runner: CommandRunner, compiled: Path, site: SitePackages
) -> None:
    module = '''
        import json
        from dagogy.api import ProviderInfo, hookimpl
        from dagogy.api.providers import Proposal, Provider, Readiness
        @hookimpl
        def dagogy_providers():
            yield ProviderInfo(id="mute", summary="s", api_version=1, impl="mute_provider:Mute")
        class Mute(Provider):
            """Hands in what lies beside."""
            def ready(self):
                return Readiness(ready=True, message="yes")
            def propose(self, request):
                return Proposal(curriculum=json.load(open("other.json")))
    '''
    site.plugin(
        "provider-mute",
        "1.0",
        entry_points={"provider": {"mute": "mute_provider"}},
        modules={"mute_provider": module},
    )
    document = json.loads((compiled / CURRICULUM).read_bytes())
    text = json.dumps(document).replace('"streams"', '"n1"').replace('"filters"', '"n2"')
    (runner.folder / "other.json").write_text(text)
    runner("run", compiled.name, "--provider", "mute")
    assert not (compiled / EVIDENCE).exists()
    message = why(runner, "n2", "n1")
    assert (message["verdict"], message["supported"], message["evidence_in"]) == ("edge", True, DAG)


@pytest.mark.slow
def test_what_was_merged_into_a_node_is_reported(runner: CommandRunner) -> None:
    parts = "".join(
        f"### Bridge {n}\nA bridge {n} joins two parts of a network by rule {n}.\n\n"
        for n in ("one", "two", "three")
    )
    (runner.folder / "notes.md").write_text(
        f"# Networks\n\n## Hosts\nA host sends packets.\n\n## Bridges\n\n{parts}## Routers\n"
        "A router joins networks.\n"
    )
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", "notes.md")
    spec = json.loads((run / "inputs/topic_spec.json").read_bytes())
    spec["constraints"].update(node_count_min=1, node_count_max=3)
    (run / "inputs/topic_spec.json").write_text(json.dumps(spec))
    runner("run", run.name)
    document = why(runner, "bridges")
    assert document["merged"] == ["Bridge one", "Bridge two", "Bridge three"]
    assert "merged into it: Bridge one, Bridge two, Bridge three" in runner.ok("why", "latest", "bridges").out


@pytest.mark.parametrize("content", ["{", "[]", '{"concepts": 3}'])
def test_evidence_that_cannot_be_read_is_a_typed_failure(
    runner: CommandRunner, compiled: Path, content: str
) -> None:
    (compiled / EVIDENCE).write_text(content)
    assert "makes it again" in failed(runner("why", "latest", "filters"), "validation_failed").err


def test_a_run_without_a_curriculum_has_nothing_to_tell(runner: CommandRunner) -> None:
    runner.init()
    failed(runner("why", "latest", "anything"), "stage_conflict")
