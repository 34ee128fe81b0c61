"""The provider `internal`: which concepts it finds, in which order, and that all a learner
reads comes from the source.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.documents import Curriculum, TopicSpec
from dagogy.api.providers import ProposeRequest, Provider, ProviderSettings, RepairRequest
from dagogy.api.rules import Finding
from dagogy.api.scope import ScopeDocument, ScopeReading
from dagogy.pipeline.spec import synthesise_spec
from dagogy_reader_markdown.reader import read_markdown
from pydantic import TypeAdapter
from support import some_fast

pytest.importorskip("dagogy_provider_internal")
from dagogy.api.text import Words
from dagogy_provider_internal import dagogy_providers
from dagogy_provider_internal.provider import Internal
from dagogy_provider_internal.reading.estimates import stated_minutes

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.md"))
NODE_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")


def provider() -> Provider:
    return Internal(next(iter(dagogy_providers())), ProviderSettings())


def document(text: str, mode: Any = "full") -> ScopeDocument:
    return replace(read_markdown(text, source="notes.md"), mode=mode)


def reading(text: str, mode: Any = "full") -> ScopeReading:
    found = provider().read_scope(document(text, mode))
    assert found is not None
    return found


def titles(text: str, mode: Any = "full") -> list[str]:
    return [c.title for c in reading(text, mode).concepts]


def spec(scope_in: list[str], *, evidence_mode: str = "standard", **changes: Any) -> TopicSpec:
    limits = {
        "hours_per_week": 5,
        "total_hours_min": len(scope_in),
        "total_hours_max": 3 * len(scope_in),
        "depth": "practical",
        **changes.pop("constraints", {}),
    }
    values = {
        "spec_version": "1.0",
        "goal": "A goal",
        "audience": "Somebody",
        "prerequisites": [],
        "scope_in": scope_in,
        "scope_out": [],
        "constraints": limits,
        "domain_mode": "mature",
        "evidence_mode": evidence_mode,
        **changes,
    }
    return TypeAdapter(TopicSpec).validate_python(values)


def proposed(text: str, **changes: Any) -> dict[str, Any]:
    source = document(text)
    read = provider().read_scope(source)
    assert read is not None
    request = ProposeRequest(
        spec=spec([c.title for c in read.concepts], **changes), sources=(source,), reading=read
    )
    curriculum: dict[str, Any] = provider().propose(request).curriculum
    return curriculum


# --------------------------------------------------------------------------------------------------- concepts


@pytest.mark.slow
def test_each_example_gives_its_concepts_and_none_of_its_structure() -> None:
    counts = {path.stem: len(titles(path.read_text(encoding="utf-8"))) for path in EXAMPLES}
    assert counts == {"container-networking": 15, "intro-statistics": 18, "sourdough-baking": 18}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "# T\n\n## Introduction\n\nHello.\n\n## Loops\n\nA loop repeats.\n\n## Further reading\n\n"
                "Books.\n"
            ),
            ["Loops"],
        ),
        (
            "# T\n\n## Part\n\n### Loops\n\nA loop repeats.\n\n### Sets\n\nA set has no order.\n",
            ["Loops", "Sets"],
        ),
        (
            (
                "# T\n\n- **Loops**: a loop repeats.\n  - Note: it may never end.\n"
                "- **Sets**: a set has no order.\n"
            ),
            ["Loops", "Sets"],
        ),
        ("# T\n\n| Topic | Builds on |\n|---|---|\n| Loops | None |\n| Sets | Loops |\n", ["Loops", "Sets"]),
        (
            "# T\n\n- Sorting\n  - Bubble sort\n  - Merge sort\n- Searching\n",
            ["Bubble sort", "Merge sort", "Searching"],
        ),
        (
            (
                "# T\n\n## Loops\n\nA loop repeats.\n\n| Kind | Times |\n|---|---|\n| for | n |"
                "\n\n### Example\n\nCount to ten.\n\n## Sets\n\nA set.\n"
            ),
            ["Loops", "Sets"],
        ),
        (
            (
                "# T\n\n## Loop\n\nA loop repeats.\n\n## Loops\n\nAlso called cycles.\n\n## RDF\n\n"
                "A model.\n\n## RDFS\n\nA schema.\n"
            ),
            ["Loop", "RDF", "RDFS"],
        ),
        ("Stack\n: A last-in first-out store.\n\nQueue\n: A first-in first-out store.\n", ["Stack", "Queue"]),
        ("# T\n\n1. `Chapter 1:` Loops\n2. **Sets**\n3. Maps\n", ["Loops", "Sets", "Maps"]),
    ],
)
def test_structure_decides_what_is_a_concept(text: str, expected: list[str]) -> None:
    assert titles(text) == expected


def test_every_item_of_a_seed_list_is_a_concept() -> None:
    assert titles("# T\n\n- Loops\n- Introduction\n- Sets\n", "seed-list") == [
        "Loops",
        "Introduction",
        "Sets",
    ]


def test_what_is_left_out_is_reported_with_the_reason() -> None:
    skipped = reading(
        "# Tides\n\n## Overview\n\nHello.\n\n## Loops\n\nA loop repeats.\n\n## Out of scope\n\n- Threads\n"
    ).skipped
    told = {one.text: (one.role, one.lines) for one in skipped}
    assert told["Overview"] == ("structure", (3, 3))
    assert told["Out of scope"] == ("excluded", (11, 11))
    assert told["Tides"] == ("group", (1, 1))
    assert "Threads" in told
    assert all(one.reason and one.role for one in skipped)


def test_the_document_says_for_whom_and_what_is_excluded() -> None:
    read = reading(
        "# T\n\nThis guide is for cooks who own an oven. It assumes basic knife work and a scale.\n\n"
        "## Dough\n\nDough is flour and water.\n\n"
        "## Rye dough\n\nMade of rye.\n\n## Out of scope\n\n- Rye\n"
    )
    assert read.audience.startswith("This guide is for cooks")
    assert read.prerequisites == ("basic knife work", "a scale")
    assert read.scope_out == ("Rye",)
    assert [c.title for c in read.concepts] == ["Dough"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# Only a title\n", "it has no text but headings"),
        ("# T\n\n## Introduction\n\nHello.\n", "“Introduction” is a structural heading"),
        (
            "# T\n\n## FAQ\n\n## Preface\n\n## Credits\n\n## Contact\n",
            "“Credits” is a structural heading; and 1 more",
        ),
        ("Some words without any structure.\n", "its text has no heading, list or table that names one"),
    ],
)
def test_a_document_without_concepts_is_a_typed_error_that_says_why(text: str, why: str) -> None:
    refusal = reading(text).refusal
    assert refusal is not None
    assert refusal.message.startswith("no concept found in 'notes.md': ")
    assert refusal.message.endswith(why)
    assert refusal.hint
    assert refusal.details["concepts"] == 0


# ------------------------------------------------------------------------------------------------------ edges


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_each_edge_quotes_the_lines_that_it_names(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    for edge in reading(text).edges:
        first, last = edge.lines
        there = Words.form(re.sub(r"\]\([^)]*\)", "", "\n".join(lines[first - 1 : last])))
        assert Words.form(edge.evidence) in there, edge
        assert 0 < edge.weight <= 1


def pairs(text: str) -> set[tuple[str, str]]:
    return {(e.prerequisite, e.dependent) for e in reading(text).edges}


def test_a_declared_column_is_believed_and_closed() -> None:
    text = (
        "| Topic | What it is | Builds on |\n|---|---|---|\n| Mean | The mean uses the sum. | Sum |\n"
        "| Sum | A sum adds; see the mean and the spread. | None |\n"
        "| Spread | It uses the mean and the sum. | Mean |\n"
    )
    assert pairs(text) == {("sum", "mean"), ("mean", "spread")}


def test_a_definition_that_uses_a_name_comes_after_it() -> None:
    text = (
        "# T\n\n## Overlay\n\nAn overlay is a tunnel between two bridges.\n\n## Tunnel\n\n"
        "A tunnel wraps frames.\n"
    )
    assert pairs(text) == {("tunnel", "overlay")}


def test_declared_prerequisites_come_first_along_a_long_chain() -> None:
    text = EXAMPLES[[p.stem for p in EXAMPLES].index("sourdough-baking")].read_text(encoding="utf-8")
    assert {
        ("bulk-fermentation", "preshape-and-bench-rest"),
        ("scoring", "steam-baking"),
        ("final-shaping", "cold-retard"),
    } <= pairs(text)


def test_without_evidence_there_is_no_edge() -> None:
    assert pairs("# T\n\n## Apples\n\nRed fruit grows high.\n\n## Violins\n\nStrings sound well.\n") == set()


def test_a_numbered_list_states_an_order_and_a_plain_one_does_not() -> None:
    assert pairs("# T\n\n1. Apples\n2. Violins\n3. Clouds\n") == {
        ("apples", "violins"),
        ("violins", "clouds"),
    }
    assert pairs("# T\n\n- Apples\n- Violins\n- Clouds\n") == set()


def test_a_cycle_of_mentions_is_cut_and_the_limit_holds() -> None:
    names = ["alpha", "beta", "gamma", "delta", "omega"]
    text = "# T\n\n" + "".join(
        f"## {n.capitalize()}\n\nThe {n} needs {', '.join(o for o in names if o != n)}.\n\n" for n in names
    )
    nodes = proposed(text, constraints={"max_prerequisites_per_node": 2})["nodes"]
    seen: set[str] = set()
    for node in nodes:
        assert set(node["prerequisites"]) <= seen
        assert len(node["prerequisites"]) <= 2
        seen.add(node["id"])


# ---------------------------------------------------------------------------------------------------- content


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_core_ideas_and_pitfalls_stand_in_the_source(path: Path) -> None:
    source = document(path.read_text(encoding="utf-8"))
    text = Words.form(" ".join(b.text for b in source.blocks))
    for node in proposed(source.text)["nodes"]:
        for found in [*node["core_ideas"], *node["pitfalls"]]:
            assert Words.form(found) in text, (node["title"], found)


def test_scope_out_of_the_spec_is_respected_and_scope_in_is_covered() -> None:
    source = document("# T\n\n## Loops\n\nA loop repeats.\n\n## Threads\n\nA thread runs beside others.\n")
    read = provider().read_scope(source)
    wanted = spec(["Loops", "Recursion"], scope_out=["Threads"])
    nodes = (
        provider().propose(ProposeRequest(spec=wanted, sources=(source,), reading=read)).curriculum["nodes"]
    )
    assert sorted(n["title"] for n in nodes) == ["Loops", "Recursion"]


def test_too_many_concepts_are_merged_by_section_and_the_merge_is_reported() -> None:
    text = "# T\n\n" + "".join(
        f"## Group {g}\n\n" + "".join(f"### Thing {g}{i}\n\nThing {g}{i} is a part.\n\n" for i in "xyz")
        for g in "abc"
    )
    source = document(text)
    read = provider().read_scope(source)
    answer = provider().propose(
        ProposeRequest(
            spec=spec(["Group a"], constraints={"node_count_max": 7, "total_hours_max": 20}),
            sources=(source,),
            reading=read,
        )
    )
    assert len(answer.curriculum["nodes"]) == 7
    assert any("merged into" in note and "Thing" in note for note in answer.notes)
    assert not any("not treated" in note for note in answer.notes), (
        "the group is treated by what was merged into it"
    )


def test_a_merged_item_of_the_spec_is_reported_with_its_node_and_one_without_text_as_such() -> None:
    source = document(
        "# T\n\n"
        + "".join(
            f"## {x} loop\n\nThe {x} loop repeats what stands in it, and {x} times at that.\n\n"
            for x in ("Counted", "Endless", "Nested")
        )
    )
    wanted = [
        "Counted loop",
        "Endless loop",
        "Nested loop",
        "Nested loop unrolled by the compiler",
        "Recursion",
    ]

    def described(most: int) -> list[str]:
        request = ProposeRequest(
            spec=spec(wanted, constraints={"node_count_max": most}),
            sources=(source,),
            reading=provider().read_scope(source),
        )
        return [note for note in provider().propose(request).notes if "of the spec" in note]

    assert described(9) == [
        "“Nested loop unrolled by the compiler” of the spec is not treated as a concept in 'notes.md'",
        "“Recursion” of the spec is not treated as a concept in 'notes.md'",
    ]
    assert described(4) == [
        "“Nested loop unrolled by the compiler” of the spec is treated in “Nested loop”",
        "“Recursion” of the spec is not treated as a concept in 'notes.md'",
    ]


def test_strict_evidence_has_citations_confidence_and_questions() -> None:
    curriculum = proposed("# T\n\n- Loops\n- Sets\n- Maps\n", evidence_mode="strict")
    assert curriculum["open_questions"]
    for node in curriculum["nodes"]:
        assert node["estimate_confidence"] < 0.6
        # a bare label holds no example to cite
        assert {r["role"] for r in node["resources"]} == {"reference"}
        assert "resources" in {gap["field"] for gap in node["gaps"]}
        assert all(r["citation"] for r in node["resources"])


def test_a_spec_alone_gives_a_curriculum() -> None:
    nodes = (
        provider()
        .propose(ProposeRequest(spec=spec(["Basics", "Sets", "Set operations"])))
        .curriculum["nodes"]
    )
    assert nodes[0]["title"] == "Basics"
    assert next(n for n in nodes if n["id"] == "set-operations")["prerequisites"] == ["sets"]
    assert all(r["url"].startswith("local://inputs/topic_spec.json#") for n in nodes for r in n["resources"])


def test_titles_of_other_scripts_keep_their_characters() -> None:
    nodes = proposed(
        "# 統計\n\n## 平均\n\n平均とは、合計を個数で割った値である。外れ値に弱い。\n\n## 標準偏差\n\n"
        "標準偏差は平均からのずれを表す。単位は同じである。\n"
    )["nodes"]
    assert [n["title"] for n in nodes] == ["平均", "標準偏差"]
    assert nodes[1]["prerequisites"] == [nodes[0]["id"]]
    assert all(NODE_ID.match(n["id"]) for n in nodes)
    assert "標準偏差は平均からのずれを表す。" in nodes[1]["core_ideas"]


def test_ids_do_not_depend_on_the_order_of_the_document() -> None:
    parts = [
        "## C\n\nOne.\n\n",
        "## C++\n\nTwo.\n\n",
        "## C#\n\nThree.\n\n",
        "## Größe\n\nFour.\n\n",
        "## 平均\n\nFive.\n\n",
    ]
    there, back = (reading("# T\n\n" + "".join(p)).concepts for p in (parts, parts[::-1]))
    assert {c.title: c.id for c in there} == {c.title: c.id for c in back}
    assert len({c.id for c in there}) == 5


def test_the_spec_alone_cites_no_invented_example_and_leaves_it_open() -> None:
    answer = provider().propose(ProposeRequest(spec=spec(["Sets", "Maps"])))
    nodes = answer.curriculum["nodes"]
    found = {r["url"]: r["role"] for n in nodes for r in n["resources"]}
    assert found == {f"local://inputs/topic_spec.json#/scope_in/{k}": "reference" for k in (0, 1)}
    assert all("resources" in {gap["field"] for gap in n["gaps"]} for n in nodes)
    assert any("2 resources" in note for note in answer.notes)
    minimal = provider().propose(ProposeRequest(spec=spec(["Sets", "Maps"], evidence_mode="minimal")))
    assert not any("resources" in note for note in minimal.notes)


def test_gloss_and_cue_of_a_plain_label_are_cut_off() -> None:
    text = (
        "# T\n\n- Baker's percentages\n- Sourdough starter: flour and water fermented\n"
        "- Hydration (needs baker's percentages)\n- C++: templates\n"
        "- Bayes P(A|B)\n- Hypertext (HTTP)\n- Newton - Raphson method\n- SQL: joins and unions\n"
        "- SQL: window functions here\n"
    )
    assert titles(text) == [
        "Baker's percentages",
        "Sourdough starter",
        "Hydration",
        "C++: templates",
        "Bayes P(A|B)",
        "Hypertext (HTTP)",
        "Newton - Raphson method",
        "SQL: joins and unions",
        "SQL: window functions here",
    ]
    assert ("baker-s-percentages", "hydration") in pairs(text)
    starter = next(n for n in proposed(text)["nodes"] if n["id"] == "sourdough-starter")
    assert starter["core_ideas"] == ["Flour and water fermented"]


def test_a_column_of_hours_is_the_estimate() -> None:
    text = (
        "# T\n\n| Topic | What it is | Hours |\n|---|---|---|\n| Mean | A mean is a middle. | 1.5 |\n| Sum |"
        " A sum adds. | 45 min |\n"
    )
    times = {n["id"]: n["estimate_minutes"] for n in proposed(text)["nodes"]}
    assert times == {"mean": 90, "sum": 45}
    assert stated_minutes("Time complexity", "2") is None
    assert stated_minutes("Time", "2") is None
    assert stated_minutes("Time (h)", "1-2") == 90


def test_one_is_singular() -> None:
    found: list[str] = []
    source = document("# T\n\n- Loops\n- Nested loops (needs loops)\n")
    provider().propose(
        ProposeRequest(
            spec=spec(["Loops", "Nested loops"]),
            sources=(source,),
            reading=provider().read_scope(source),
            progress=found.append,
        )
    )
    assert "1 prerequisite edge with evidence" in found


# ----------------------------------------------------------------------------------------------------- repair


def repair(finding: Finding, change: Any) -> tuple[dict[str, Any], Any]:
    text = EXAMPLES[0].read_text(encoding="utf-8")
    source, draft = document(text), proposed(text)
    change(draft)
    read = provider().read_scope(source)
    assert read is not None
    request = RepairRequest(
        spec=spec([c.title for c in read.concepts]),
        sources=(source,),
        reading=read,
        draft=TypeAdapter(Curriculum).validate_python(draft),
        findings=[finding],
    )
    return draft, provider().repair(request)


def test_repair_takes_out_the_prerequisite_that_a_finding_points_at() -> None:
    finding = Finding("too much", pointer="/nodes/5/prerequisites/0", rule_id="graph.redundant_prerequisites")
    draft, answer = repair(finding, lambda d: None)
    assert answer.curriculum["nodes"][5]["prerequisites"] == draft["nodes"][5]["prerequisites"][1:]


def test_repair_reads_a_broken_field_from_the_source_again() -> None:
    finding = Finding("says nothing", pointer="/nodes/0/capability", rule_id="quality.node_content")
    _, answer = repair(finding, lambda d: d["nodes"][0].update(capability="TODO"))
    assert answer.curriculum["nodes"][0]["capability"] != "TODO"


def test_repair_goes_by_pointer_and_data_whatever_the_rule() -> None:
    def inflate(draft: dict[str, Any]) -> None:
        for node in draft["nodes"]:
            node["estimate_minutes"] = 480

    finding = Finding("long", pointer="/nodes", rule_id="house.hours", data={"hours": 120})
    draft, answer = repair(finding, inflate)
    assert sum(n["estimate_minutes"] for n in answer.curriculum["nodes"]) < 15 * 480
    needy = next(i for i, node in enumerate(draft["nodes"]) if len(node["prerequisites"]) > 1)
    pointer = f"/nodes/{needy}/prerequisites"
    _, answer = repair(
        Finding("many", pointer=pointer, rule_id="house.many", data={"limit": 1}), lambda d: None
    )
    assert len(answer.curriculum["nodes"][needy]["prerequisites"]) == 1


def test_repair_has_no_answer_to_what_it_cannot_change() -> None:
    assert repair(Finding("odd", pointer="/topic", rule_id="house.topic"), lambda d: None)[1] is None


# -------------------------------------------------------------------------------------- determinism and speed

_SCRIPT = """
import json, sys
sys.path.insert(0, {tests!r})
from test_provider_internal import EXAMPLES, proposed
print(json.dumps([proposed(p.read_text(encoding="utf-8")) for p in EXAMPLES], ensure_ascii=False))
"""


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _SCRIPT.format(tests=str(Path(__file__).parent))],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    }
    assert len(outputs) == 1
    assert len(json.loads(outputs.pop())) == len(EXAMPLES)


@pytest.mark.parametrize("count", some_fast((500, 2000), 500))
def test_more_concepts_than_are_kept_are_found_once_and_each_is_kept_or_listed_as_merged(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    from dagogy_provider_internal.reading import concepts

    text = "# T\n\n" + "".join(
        f"## Item {i} of kind {i % 50}\n\nItem {i} builds on item {i // 2}. It weighs {i} grams.\n\n"
        for i in range(count)
    )
    # as many items of one kind are no course to the model, which is not asked of so much
    monkeypatch.setattr(concepts, "_MOST_BLOCKS", count)
    readings: list[object] = []
    reader = concepts.SectionReader
    monkeypatch.setattr(concepts, "SectionReader", lambda d: readings.append(d) or reader(d))
    source = document(text)
    read = provider().read_scope(source)
    assert read is not None
    assert len(read.concepts) == 400
    message = {c.title for c in read.concepts} | {m for c in read.concepts for m in c.merged}
    assert {f"Item {i} of kind {i % 50}" for i in range(count)} <= message
    request = ProposeRequest(
        spec=spec([c.title for c in read.concepts], constraints={"node_count_max": 400}),
        sources=(source,),
        reading=read,
    )
    nodes = provider().propose(request).curriculum["nodes"]
    assert {n["title"] for n in nodes} == {c.title for c in read.concepts}
    assert len(readings) == 1


def test_a_list_beside_a_table_of_topics_is_not_lost() -> None:
    table = "| Topic | Requires |\n|---|---|\n| Proofing | Dough |\n| Baking | Proofing |\n"
    assert titles(
        f"# Bread\n\n## Steps\n\n1. Flour: ground grain.\n2. Dough: flour with water.\n\n{table}"
    ) == ["Flour", "Dough", "Proofing", "Baking"]
    found = reading(
        f"# Bread\n\n## Steps\n\n- Take your time over all of it.\n- Keep the kitchen warm.\n\n{table}"
    )
    assert [c.title for c in found.concepts] == ["Proofing", "Baking"]
    assert ("Keep the kitchen warm.", "is text beside the table of topics of “Steps”") in {
        (one.text, one.reason) for one in found.skipped
    }


def test_the_basics_of_what_is_known_are_not_taught_again() -> None:
    text = (
        "# Data\n\n## Prerequisites\n\n- Spreadsheets\n\n## Spreadsheet basics\n\nCells and formulas.\n\n"
        "## Joins\n\nA join matches rows.\n"
    )
    assert titles(text) == ["Joins"]


def test_what_a_manual_says_of_several_concepts_alike_is_said_once() -> None:
    alike = "If the parameter is undefined, a default message is assigned to the error."
    found = {
        "Equality": "Equality compares two values. It converts both first.",
        "Truth": "Truth looks at one value. Nothing is compared.",
        "Rejection": "Rejection waits for a promise to fail. A promise that holds makes it fail.",
    }
    text = "# Assertions\n\n" + "".join(
        f"## {name}\n\n{message} {alike}\n\n" for name, message in found.items()
    )
    nodes = proposed(text)["nodes"]
    message = [
        " ".join([n["capability"], *n["core_ideas"], *n["pitfalls"], *n["mastery_check"].values()])
        for n in nodes
    ]
    assert sum("default message" in s for s in message) == 1
    assert [n["title"] for n, s in zip(nodes, message, strict=True) if "default message" in s] == [
        nodes[0]["title"]
    ]


def test_a_heading_that_reads_like_a_note_of_work_does_not_stop_the_run() -> None:
    text = (
        "# Tests\n\n## TODO tests\n\nA TODO test may fail without failing the suite.\n\n## Skipped tests\n\n"
        "A skipped test is not run at all.\n"
    )
    read = reading(text)
    made = json.loads(synthesise_spec(document(text), read, b"", b"{}"))
    assert {c.title for c in read.concepts} == {"TODO tests", "Skipped tests"}
    assert made["scope_in"] == ["Skipped tests"]
