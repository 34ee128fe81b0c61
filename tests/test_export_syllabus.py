"""The exporter `syllabus`, read back by an independent Markdown parser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dagogy.testing import check_plugin
from markdown_it import MarkdownIt
from support import CommandRunner, curriculum_of, failed, make_run, valid_curriculum

TEXT = "outputs/curriculum/curriculum.json"


def exported(runner: CommandRunner, *more: str) -> str:
    return runner.ok("export", "latest", "--format", "syllabus", *more).out


def headings(text: str) -> list[str]:
    tokens = MarkdownIt().parse(text)
    return [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]


def test_the_kit_finds_nothing_wrong() -> None:
    check_plugin("exporter", "syllabus")


def test_a_syllabus_has_weeks_and_what_follows_from_them_and_no_ids(runner: CommandRunner) -> None:
    spec = {"scope_in": ["Alpha"], "goal": "Bake bread.", "audience": "Bakers.", "prerequisites": ["Fire"]}
    make_run(runner.folder, valid_curriculum(topic="Bread"), spec)
    runner.ok("validate", "latest")
    runner.ok("plan", "latest")
    text = exported(runner)
    assert headings(text)[:3] == ["Bread", "Week 1", "Afterwards you can"]
    for part in ("Bake bread.", "**For**: Bakers.", "**Known before**: Fire", "- **Alpha** (60 min)"):
        assert part in text
    assert "| Week 1 | Alpha; Beta; Gamma | 3 |" in text
    for word in ("alpha", "node", "local://"):
        assert word not in text
    assert headings(exported(runner, "--set", "language=de"))[1:3] == ["Woche 1", "Danach kann man"]


def test_without_a_plan_the_parts_are_groups_and_what_nobody_wrote_is_left_out(runner: CommandRunner) -> None:
    empty = {"task": "", "pass_criteria": ""}
    gap = [{"field": "mastery_check", "reason": "Nobody says."}]
    parts = (
        {"id": "a", "title": "A", "group": "Dough", "optional": True},
        {"id": "b", "title": "B", "group": "Oven", "mastery_check": empty, "gaps": gap},
    )
    make_run(runner.folder, curriculum_of(*parts))
    text = exported(runner)
    assert "- **A** (60 min, optional)" in text
    assert [h for h in headings(text) if h in ("Dough", "Oven")] == ["Dough", "Oven"]
    assert text.count("### Tasks") == 1
    assert "author" not in text


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "[x](javascript:alert(1))", "# no heading", "a | b", "1. one", "\x1b[31m"],
)
def test_text_of_a_stranger_stays_text(runner: CommandRunner, hostile: str) -> None:
    node = {"id": "a", "title": hostile, "capability": hostile}
    node["resources"] = [
        {"title": hostile, "url": "javascript:alert(1)", "kind": "doc", "role": "definition"},
        {"title": hostile, "url": "https://example.org/a", "kind": "doc", "role": "example"},
    ]
    make_run(runner.folder, curriculum_of(node, topic=hostile))
    text = exported(runner)
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<script" not in page
    assert page.count("<h1>") == 1
    assert "\x1b" not in text
    assert page.count('href="') == page.count('href="https://example.org/a"') == 1
    assert page.count("<tr>") == 2


def test_an_unknown_language_is_a_typed_error(runner: CommandRunner) -> None:
    make_run(runner.folder, curriculum_of())
    done = failed(
        runner("export", "latest", "--format", "syllabus", "--set", "language=xx"), "invalid_argument"
    )
    assert "language" in done.err


@pytest.mark.slow
def test_a_real_document_gives_a_syllabus(runner: CommandRunner) -> None:
    runner.ok("run", str(Path(__file__).parents[1] / "examples/intro-statistics.md"))
    nodes = json.loads(next(runner.runs.glob("2*")).joinpath(TEXT).read_bytes())["nodes"]
    text = exported(runner)
    assert "  Passed when: " in text
    assert "•" not in text
    assert all(f"**{node['title']}**" in text.replace("\\", "") for node in nodes)
