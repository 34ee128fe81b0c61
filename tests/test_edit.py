"""`dagogy edit`: a curriculum as one Markdown page, and what an author wrote kept by later generations."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagogy.contracts.documents import decode_curriculum, json_values
from dagogy.pipeline.authoring.changes import changed
from dagogy.pipeline.authoring.page import page_of
from dagogy.pipeline.authoring.parse import PageError, parse_page
from dagogy.pipeline.authoring.pins import PINS, with_pins
from dagogy.workspace.runs import Run as RunFolder
from hypothesis import given
from hypothesis import strategies as st
from support import HANGS, CommandRunner, curriculum_of, failed

TEA = """# Tea

## Leaves

Leaves are dried parts of the plant. Green leaves are not oxidised.

## Water

Water for tea is hot. Water that boils burns green leaves.

## Brewing

Brewing needs leaves and water. Brewing takes three minutes.
"""
CURRICULUM = "outputs/curriculum/curriculum.json"


@pytest.fixture
def tea(runner: CommandRunner) -> Path:
    (runner.folder / "tea.md").write_text(TEA)
    runner.ok("run", "tea.md")
    return next(runner.runs.glob("2*"))


def nodes(run: Path) -> dict[str, dict[str, Any]]:
    """The nodes of a run by title, in their order."""
    return {node["title"]: node for node in json.loads((run / CURRICULUM).read_bytes())["nodes"]}


def edited(runner: CommandRunner, change: Callable[[str], str], *more: str) -> Any:
    """Takes over the page of the latest run with a change in it."""
    page = runner.folder / "page.md"
    page.unlink(missing_ok=True)
    runner.ok("edit", "latest", "-o", str(page))
    before = page.read_text()
    after = change(before)
    assert after != before
    page.write_text(after)
    return runner("edit", "latest", "--from", str(page), *more)


def put(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def section(text: str, title: str) -> str:
    """The section of a concept in a page."""
    start = text.index(f"## {title} ")
    end = text.find("\n## ", start)
    return text[start:] if end < 0 else text[start : end + 1]


texts = st.text(
    st.one_of(st.sampled_from("ab ;#>-\\<!\n\t*`{}é水ا|:"), st.characters(codec="utf-8")),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip("\x1c\x1d\x1e\x1f\x85\ufeff \t\n\r\v\f") != "" and text.strip() != "")
part = st.fixed_dictionaries(
    {
        "title": texts,
        "capability": texts,
        "core_ideas": st.lists(texts, min_size=2, max_size=3),
        "pitfalls": st.lists(texts, min_size=1, max_size=2),
        "mastery_check": st.fixed_dictionaries({"task": texts, "pass_criteria": texts}),
        "estimate_minutes": st.one_of(st.integers(1, 10**9), st.floats(0.001, 1e9)),
        "group": texts,
    }
)


@given(st.lists(part, min_size=1, max_size=4), texts)
def test_a_page_that_nobody_touched_changes_nothing(parts: list[dict[str, Any]], topic: str) -> None:
    course = curriculum_of(
        *(
            {"id": f"n{i}", "prerequisites": [f"n{i - 1}"] if i else [], **values}
            for i, values in enumerate(parts)
        ),
        topic=topic,
    )
    decoded = decode_curriculum(json.dumps(course).encode())
    assert decoded.value is not None, decoded.problems
    document = json_values(decoded.value)
    page = parse_page(page_of(document, "0" * 64, decoded.value.nodes), "page")
    assert page.sha256 == "0" * 64
    again, changes = changed(document, page, page, "page")
    assert not changes
    assert again == document


def test_titles_texts_groups_minutes_and_prerequisites_are_taken_over(
    runner: CommandRunner, tea: Path
) -> None:
    before = nodes(tea)

    def change(text: str) -> str:
        water = section(text, "Water")
        new = water.replace("## Water {", "## Hot water {").replace(
            "### Pitfalls\n", "### Pitfalls\n\n- Boiling it.\n", 1
        )
        new = new.replace(
            "- minutes:", "- group: Basics\n- optional: yes\n- minutes: 55\n- dropped:"
        ).replace("- dropped: 30\n", "")
        return text.replace(water, new)

    done = edited(runner, change)
    assert done.status == 0, done.err
    after = nodes(tea)
    assert [*after] == ["Leaves", "Hot water", "Brewing"]
    made = after["Hot water"]
    assert made["id"] == before["Water"]["id"]
    assert (made["group"], made["optional"], made["estimate_minutes"]) == ("Basics", True, 55)
    assert "Boiling it." in made["pitfalls"]
    assert "pitfalls" not in {gap["field"] for gap in made.get("gaps", [])}
    # The line of another concept still says the old title, and means the same concept.
    assert after["Brewing"]["prerequisites"] == before["Brewing"]["prerequisites"]
    assert after["Leaves"] == before["Leaves"]
    assert "edited" in done.out
    assert runner.stage() == "validated"


def test_an_answered_question_closes_its_gap_and_an_emptied_field_opens_one(
    runner: CommandRunner, tea: Path
) -> None:
    assert runner.ok("gaps", "latest", "--json").json["gaps"]
    mistakes = ["Old leaves are bought.", "Nobody waits for the kettle.", "Nobody should hurry."]

    def change(text: str) -> str:
        asked = "> To write: What mistake"
        lines = text.split("\n")
        return "\n".join(f"- {mistakes.pop()}" if line.startswith(asked) else line for line in lines)

    assert edited(runner, change).status == 0
    assert "pitfalls" not in {gap["field"] for gap in runner.ok("gaps", "latest", "--json").json["gaps"]}
    done = edited(runner, lambda text: text.replace("- Nobody should hurry.\n", "", 1))
    assert done.status == 0, done.err
    (gap,) = [g for g in runner.ok("gaps", "latest", "--json").json["gaps"] if g["field"] == "pitfalls"]
    assert gap["reason"] == "its author left it open"


@pytest.mark.parametrize(
    ("heading", "text", "field"),
    [
        ("Core ideas", "- One idea alone.\n", "core_ideas"),
        ("Pitfalls", "", "pitfalls"),
        ("Capability", "", "capability"),
    ],
)
def test_a_field_that_its_author_left_half_open_stays_so_in_later_generations(
    runner: CommandRunner, tea: Path, heading: str, text: str, field: str
) -> None:
    def change(page: str) -> str:
        old = section(page, "Brewing")
        start = old.index(f"### {heading}\n")
        end = old.index("\n### ", start)
        return page.replace(old, f"{old[:start]}### {heading}\n\n{text}{old[end:]}")

    page = runner.folder / "page.md"
    runner.ok("edit", "latest", "-o", str(page))
    after = change(page.read_text())
    if after == page.read_text():  # the gap is there already
        after = after.replace("## Brewing {", "## Brewing tea {")
    page.write_text(after)
    done = runner("edit", "latest", "--from", str(page))
    assert done.status == 0, done.err
    runner.ok("run", "latest")
    (node,) = [n for title, n in nodes(tea).items() if title.startswith("Brewing")]
    assert field in {gap["field"] for gap in node["gaps"]}
    assert len(node[field]) < 2 if text else not node[field]


def test_of_many_mistakes_the_first_are_told_and_the_others_counted(runner: CommandRunner, tea: Path) -> None:
    page = runner.folder / "page.md"
    page.write_text("x\n" * 20_000)
    done = failed(runner("edit", "latest", "--from", str(page)), "invalid_argument")
    assert "; in all 20002" in done.err
    assert len(done.err) < 5_000
    assert "incident cli_usage_error" in done.err


def test_what_an_author_wrote_needs_no_source_until_it_is_let_go_of(runner: CommandRunner, tea: Path) -> None:
    def ungrounded() -> list[str]:
        report = json.loads((tea / "outputs/reviews/validation_report.json").read_bytes())
        return [f["node_id"] for f in report["findings"] if f["rule_id"] == "quality.grounding"]

    idea = "- Samovars dignify every provincial railway compartment.\n"
    done = edited(runner, put("### Core ideas\n\n", f"### Core ideas\n\n{idea}"))
    assert done.status == 0, done.err
    assert ungrounded() == []
    runner.ok("run", "latest")
    assert idea.strip("- \n") in (tea / CURRICULUM).read_text()
    assert ungrounded() == []
    runner.ok("edit", "latest", "--unpin")
    assert runner.stage() == "generated"
    runner("validate", "latest")
    assert ungrounded()


def test_concepts_are_added_split_merged_removed_and_moved(runner: CommandRunner, tea: Path) -> None:
    def change(text: str) -> str:
        leaves, water = section(text, "Leaves"), section(text, "Water")
        black = "## Black leaves\n\n- minutes: 20\n- after: Leaves\n\n### Capability\n\nTell them.\n\n"
        black += leaves[leaves.index("### Resources") :]
        text = text.replace(leaves, leaves + black)
        text = text.replace(water, "")
        return text.replace("- minutes:", "- replaces: Water\n- minutes:", 1)

    done = edited(runner, change, "--json")
    assert done.status == 0, done.err
    after = nodes(tea)
    assert [*after] == ["Leaves", "Black leaves", "Brewing"]
    assert after["Black leaves"]["prerequisites"] == [after["Leaves"]["id"]]
    assert after["Leaves"]["id"] in after["Brewing"]["prerequisites"]
    assert done.json["added"] == [after["Black leaves"]["id"]]
    assert [(r["title"], r["replaced_by"]) for r in done.json["removed"]] == [
        ("Water", after["Leaves"]["id"])
    ]


def test_what_was_edited_survives_every_later_generation(runner: CommandRunner, tea: Path) -> None:
    assert (
        edited(
            runner,
            lambda text: (
                text.replace("## Water {", "## Hot water {")
                .replace(section(text, "Leaves"), "")
                .replace("- after: Leaves; Water", "- after: Water")
                .replace("- after: Leaves\n", "- after:\n")
            ),
        ).status
        == 0
    )
    first = nodes(tea)
    for source in (TEA, TEA + "\n## Cups\n\nCups hold what brewing makes. Cups need brewing.\n"):
        (runner.folder / "tea.md").write_text(source)
        done = runner.ok("run", tea.name, "--scope-file", "tea.md")
        after = nodes(tea)
        assert "Hot water" in after
        assert "Water" not in after
        assert "Leaves" not in after
        assert first["Hot water"]["id"] == after["Hot water"]["id"]
    assert "Cups" in after
    assert done.status == 0
    assert runner.ok("edit", "latest", "--unpin").out.startswith("3 edits let go of")
    runner.ok("run", "latest")
    assert {"Water", "Leaves"} <= {*nodes(tea)}
    assert runner.ok("edit", "latest", "--unpin").out == "nothing is pinned\n"


def test_a_change_by_hand_is_not_replaced_in_silence(runner: CommandRunner, tea: Path) -> None:
    document = json.loads((tea / CURRICULUM).read_bytes())
    document["nodes"][0]["title"] = "Tea leaves"
    (tea / CURRICULUM).write_text(json.dumps(document))
    done = runner.ok("run", "latest")
    assert "changed by hand: kept as outputs/curriculum/previous_curriculum.json" in done.err + done.out
    assert "Tea leaves" in (tea / "outputs/curriculum/previous_curriculum.json").read_text()
    again = runner.ok("run", "latest")
    assert "changed by hand" not in again.err + again.out


def test_an_order_of_the_author_is_kept(runner: CommandRunner, tea: Path) -> None:
    def change(text: str) -> str:
        water = section(text, "Water").replace(
            section(text, "Water").split("- after:")[1].split("\n")[0], "", 1
        )
        rest = text.replace(section(text, "Water"), "")
        return rest.replace("## Leaves {", f"{water}## Leaves {{", 1)

    assert edited(runner, change).status == 0
    assert [*nodes(tea)] == ["Water", "Leaves", "Brewing"]
    runner.ok("run", "latest")
    assert [*nodes(tea)] == ["Water", "Leaves", "Brewing"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("### Pitfalls", "### Pitfall"), "did you mean 'Pitfalls'?"),
        (put("- minutes:", "- minuets:"), "did you mean 'minutes'?"),
        (put("- minutes: ", "- minutes: about "), "needs '- minutes: N'"),
        (put("- after: ", "- after: Milk; "), "'after' names “Milk”, which is no concept of the page"),
        (lambda t: t.replace(section(t, "Water"), ""), "'after' names “Water”, which was deleted"),
        (lambda t: t + section(t, "Leaves"), "stands twice"),
        (put("## Leaves {#", "## Leaves {#x"), "there is no concept #x"),
        (lambda t: "", "the page has no '# Topic'"),
        (put("## Leaves ", "loose words\n\n## Leaves "), "stands before the first concept"),
        (put("  url: ", "  uri: "), "is none of url, kind, role, citation"),
        (put("kind: doc", "kind: scroll"), "kind"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_nothing_is_written(
    runner: CommandRunner, tea: Path, change: Callable[[str], str], message: str
) -> None:
    before = (tea / CURRICULUM).read_bytes()
    done = failed(edited(runner, change), "invalid_argument")
    assert message in done.err
    assert "line " in done.err
    assert (tea / CURRICULUM).read_bytes() == before
    assert not (tea / PINS).exists()


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(PageError) as caught:
        parse_page("# T\n\n## A\n\n- odd: 1\n\n### Nope\n\n## B\n\n### Pitfalls\n\nno item\n", "p.md")
    assert [p["line"] for p in caught.value.details["problems"]] == [5, 7, 13]


def test_a_page_of_another_curriculum_is_a_conflict(runner: CommandRunner, tea: Path) -> None:
    page = runner.folder / "old.md"
    runner.ok("edit", "latest", "-o", str(page))
    assert edited(runner, put("## Leaves {", "## Tea leaves {")).status == 0
    page.write_text(page.read_text().replace("## Water {", "## Hot water {"))
    assert (
        "made of another curriculum"
        in failed(runner("edit", "latest", "--from", str(page)), "stage_conflict").err
    )
    assert "Hot water" not in nodes(tea)


@pytest.mark.parametrize(
    "stop", [PINS, "inputs/topic_spec.json", CURRICULUM, "outputs/reviews/validation_report.md"]
)
def test_an_edit_that_was_stopped_at_any_write_can_be_repeated(
    runner: CommandRunner, tea: Path, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    page = runner.folder / "page.md"
    runner.ok("edit", "latest", "-o", str(page))
    page.write_text(page.read_text().replace("## Water {", "## Hot water {"))
    write = RunFolder.write

    def stopped(self: RunFolder, relative: str, data: bytes) -> None:
        write(self, relative, data)
        if relative == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write", stopped)
        assert runner("edit", "latest", "--from", str(page)).status == 130
    runner.ok("edit", "latest", "--from", str(page))
    runner.ok("run", "latest")
    assert "Hot water" in nodes(tea)


def test_an_edit_that_breaks_a_rule_is_kept_and_fails(runner: CommandRunner, tea: Path) -> None:
    done = failed(edited(runner, put("\n- after:", "\n- after: Brewing")), "validation_failed")
    assert "graph.acyclic" in done.err
    assert nodes(tea)["Leaves"]["prerequisites"] == [nodes(tea)["Brewing"]["id"]]


@pytest.mark.parametrize(
    "content",
    [b"[", b"[]", b'{"fields": []}', b'{"added": [1]}', b'{"removed": [{}]}', b'{"order": [1]}', b"\xff"],
)
def test_pins_that_are_none_are_a_typed_error_and_can_be_let_go_of(
    runner: CommandRunner, tea: Path, content: bytes
) -> None:
    (tea / PINS).write_bytes(content)
    assert f"{PINS} of {tea.name} cannot be used" in failed(runner("run", "latest"), "validation_failed").err
    runner.ok("edit", "latest", "--unpin")
    runner.ok("run", "latest")


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"nodes": 1},
        {"nodes": [1, {"id": []}, {"id": {}, "prerequisites": [[], {}]}]},
        {"nodes": [{"id": "a", "title": "A", "gaps": 7}]},
        {"nodes": [{"id": "a", "title": "A", "gaps": [7, {}], "mastery_check": []}]},
    ],
)
def test_pins_leave_what_is_no_curriculum_to_the_rules(document: Any) -> None:
    pins: dict[str, Any] = {
        "fields": {"a": {"title": "A"}},
        "added": [],
        "removed": [{"id": "b"}],
        "order": ["a"],
        "topic": "",
    }
    assert with_pins(document, pins) == document


def test_a_page_is_never_written_over(runner: CommandRunner, tea: Path) -> None:
    page = runner.folder / "page.md"
    page.write_text("mine")
    assert "is there already" in failed(runner("edit", "latest", "-o", str(page)), "invalid_argument").err
    assert page.read_text() == "mine"


def test_without_an_editor_the_way_is_named(
    runner: CommandRunner, tea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    done = failed(runner("edit", "latest"), "invalid_argument")
    assert "EDITOR is not set" in done.err
    assert "--from FILE" in done.err


@pytest.mark.slow
def test_an_editor_is_opened_and_a_mistake_costs_no_work(runner: CommandRunner, tea: Path) -> None:
    editor = runner.folder / "editor.py"

    def session(old: str, new: str) -> int:
        editor.write_text(
            "import pathlib, sys\n"
            "page = pathlib.Path(sys.argv[1])\n"
            f"page.write_text(page.read_text().replace({old!r}, {new!r}, 1))\n"
        )
        ours, theirs = pty.openpty()
        try:
            return subprocess.run(
                [sys.executable, "-m", "dagogy", "edit", "latest"],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "EDITOR": f"{sys.executable} {editor}"},
                timeout=HANGS,
                check=False,
            ).returncode
        finally:
            os.close(ours)
            os.close(theirs)

    page = tea / "outputs/curriculum/curriculum.md"
    assert session("### Pitfalls", "### Oops") == 2
    assert "### Oops" in page.read_text()
    assert session("### Oops", "### Pitfalls") == 0
    assert not page.exists()
    assert session("## Water {", "## Hot water {") == 0
    assert "Hot water" in nodes(tea)
    assert not page.exists()
