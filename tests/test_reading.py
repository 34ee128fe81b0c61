"""What `read` and `run` tell of a document, that nothing of it is lost, and how the
user corrects what was read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.errors import InvalidArgument
from dagogy.api.scope import LeftOut, ScopeDocument
from dagogy.cli.replays import replayable
from dagogy.cli.scope import summary_lines, table_lines
from dagogy.pipeline.corrections import (
    NONE,
    Corrections,
    apply,
    as_yaml,
    from_file,
    from_flags,
    from_front_matter,
    merged,
)
from dagogy.pipeline.documents import combined
from dagogy.pipeline.results import Entry
from dagogy_provider_internal.study import read
from dagogy_reader_markdown.reader import read_markdown
from rich.cells import cell_len
from support import ROOT, CommandRunner, failed

COURSE = """# Einführung in die Netzwerktechnik

## Organisatorisches

Die Dozentin ist dienstags von 10 bis 12 Uhr zu sprechen.

- Anwesenheit: zwei Fehltermine sind erlaubt.
- Prüfung: Klausur am Ende des Semesters.

## Ablauf

| Woche | Datum | Thema | Literatur |
|---|---|---|---|
| 1 | 12.10. | Schichtenmodell | Kap. 1 |
| 2 | 19.10. | Ethernet und Switching | Kap. 2 |
| 3 | 26.10. | IP-Adressierung; Subnetze | Kap. 3 |
| 4 | 2.11. | Routing | Kap. 4 |
| 5 | 9.11. | Klausur | |

## Vertiefung

- Tunnel
  - IPsec
  - WireGuard
- Namensdienste

### Multicast

Multicast erreicht mehrere Empfänger.

### Anycast

Anycast erreicht den nächsten Empfänger.
"""
TOPICS = ["Schichtenmodell", "Ethernet und Switching", "IP-Adressierung", "Subnetze", "Routing"]
POLICY = """# Bicycle storage policy of the tenants' association

Approved by the board on 4 March. Replaces the version of last year.

1. Bicycles are kept in the cellar or in the yard, never in the stairwell. The caretaker removes what blocks an escape route.
2. Each household has two places. Further places are given out by the board on written application.
3. Electric bicycles are not charged in the cellar. The insurance does not cover a fire that starts there.
4. Lost keys cost 25 euros. The deposit is returned when the key comes back.
5. The association is not liable for theft or damage.

Questions go to the board. Members can object within fourteen days; the next general meeting decides.
"""  # noqa: E501


def document(text: str = COURSE, name: str = "notes.md") -> ScopeDocument:
    return read_markdown(text, source=name)


def flags(**given: Any) -> Corrections:
    keys = ("concepts_from", "only", "skip")
    return from_flags(*([value] if isinstance(value := given.get(key, ()), str) else value for key in keys))


def titles(text: str = COURSE, **given: Any) -> list[str]:
    return [c.title for c in read(apply(document(text), flags(**given))[0]).concepts]


@pytest.fixture
def notes(runner: CommandRunner) -> Path:
    path = runner.folder / "notes.md"
    path.write_text(COURSE, encoding="utf-8")
    return path


# ----------------------------------------------------------------------------------------------- what is told


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "examples").glob("*.md"), *(ROOT / "tests/data/scope").glob("*.md")]),
    ids=lambda p: p.stem,
)
def test_every_heading_item_and_label_is_a_concept_or_told_with_role_and_lines(path: Path) -> None:
    given = document(path.read_text(encoding="utf-8"), path.name)
    reading = read(given)
    told = {one.lines for one in reading.skipped}
    taken = [c.lines for c in reading.concepts]
    for block in given.blocks:
        if block.kind in ("heading", "list_item") and sum(map(str.isalpha, block.text)) > 1:
            assert block.lines in told or any(first <= block.lines[0] <= last for first, last in taken), block
    assert all(one.text and one.reason and one.role for one in reading.skipped)
    assert all(one.probability is None or 0 <= one.probability <= 1 for one in reading.skipped)
    names = {c.title for c in reading.concepts}
    assert not [
        one
        for one in reading.skipped
        if one.text in names and one.role not in ("merged", "excluded", "structure")
    ]


def test_what_is_no_concept_has_the_role_that_its_words_and_its_place_give_it() -> None:
    reading = read(document())
    roles = {one.text: one.role for one in reading.skipped}
    assert roles["Anwesenheit: zwei Fehltermine sind erlaubt."] == "administration"
    assert roles["Klausur"] == "assessment"
    assert roles["Kap. 1"] == "resource"
    assert roles["Ablauf"] == "group"
    assert all(c.probability is not None for c in reading.concepts)


def test_read_shows_a_document_as_a_table_and_makes_no_run(
    runner: CommandRunner, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    done = runner.ok("read", str(notes), "--concepts-from", "column: Thema")
    first, blank, head, *rows = done.out.splitlines()
    assert first.startswith(f"{notes}: 5 taken, 2 grouped, ")
    assert blank == ""
    assert head.split() == ["where", "what", "prob.", "text", "role", "why"]
    (routing,) = [row for row in rows if "Routing" in row]
    assert routing.split()[:2] == ["17", "taken"]
    assert any("Literatur" in row and "resource" in row for row in rows)
    assert not runner.runs.exists()


def test_read_tells_machines_the_same(runner: CommandRunner, notes: Path) -> None:
    told = runner.ok(
        "read", str(notes), "--concepts-from", "column: Thema", "--skip", "Vertiefung", "--json"
    ).json
    assert [c["title"] for c in told["concepts"]] == TOPICS
    assert told["concepts"][0]["lines"] == [14, 14]
    assert told["reading"] == {"concepts_from": ["column: Thema"], "skip": ["Vertiefung"]}
    assert told["refused"] is None
    assert told["counts"]["taken"] == len(TOPICS)
    assert told["counts"]["left_out"] + told["counts"]["grouped"] + told["counts"]["merged"] == len(
        told["skipped"]
    )
    (left,) = [one for one in told["skipped"] if one["text"] == "Tunnel"]
    assert (left["role"], left["lines"]) == ("excluded", [22, 22])
    assert "--skip 'Vertiefung'" in left["reason"]


def test_what_is_no_course_is_shown_and_said_to_be_none_while_run_refuses_it(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    (runner.folder / "bicycles.md").write_text(POLICY, encoding="utf-8")
    shown = runner.ok("read", "bicycles.md")
    assert shown.out.startswith("no run can be made of it: 'bicycles.md' is no course")
    assert "Electric bicycles are not charged" in shown.out
    told = runner.ok("read", "bicycles.md", "--json").json
    assert told["refused"]["code"] == "validation_failed"
    assert told["course"] < 0.35
    run = runner.init()
    failed(runner("run", "latest", "--scope-file", "bicycles.md"), "validation_failed")
    assert not (run / "inputs/scope.md").exists()
    # Who says where the concepts stand has said that it is a course.
    assert runner.ok("read", "bicycles.md", "--concepts-from", "list: 1", "--json").json["refused"] is None


def test_a_folder_and_a_word_document_are_shown_with_the_file_and_the_heading_of_each_text(
    runner: CommandRunner, notes: Path
) -> None:
    lessons = runner.folder / "lessons"
    lessons.mkdir()
    (lessons / "01.md").write_text(
        "---\nreading:\n  skip: Homework\n---\n# Loops\n\nA loop repeats a block.\n\n## Homework\n\n"
        "- Read on.\n"
    )
    (lessons / "02.md").write_text("# Functions\n\nA function has a name.\n\n## Homework\n\n- Rest.\n")
    told = runner.ok("read", "lessons", "--json").json
    assert [(c["title"], c["locator"]) for c in told["concepts"]] == [
        ("Loops", "lessons/01.md"),
        ("Functions", "lessons/02.md"),
    ]
    assert sum(one["role"] == "excluded" and one["text"] == "Homework" for one in told["skipped"]) == 2

    pypandoc = pytest.importorskip("pypandoc")
    word = runner.folder / "notes.docx"
    pypandoc.convert_file(str(notes), "docx", outputfile=str(word))
    told = runner.ok(
        "read", str(word), "--concepts-from", "column: thema", "--skip", "Organisatorisches", "--json"
    ).json
    assert [c["title"] for c in told["concepts"]] == TOPICS
    assert all("Ablauf" in c["locator"] for c in told["concepts"])


# -------------------------------------------------------------------------------------------- the corrections


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("column: Thema", TOPICS),
        ("COLUMN:  thema ", TOPICS),
        ("column: 3", TOPICS),
        ("heading: 3", ["Multicast", "Anycast"]),
        ("heading: Vertiefung", ["Multicast", "Anycast"]),
        ("list: 2", ["IPsec", "WireGuard"]),
        ("list: Vertiefung", ["Tunnel", "Namensdienste"]),
        (("column: Thema", "heading: 3"), [*TOPICS, "Multicast", "Anycast"]),
    ],
)
def test_the_concepts_are_those_of_the_place_that_the_user_names(selector: Any, wanted: list[str]) -> None:
    assert titles(concepts_from=selector) == wanted


def test_a_corrected_concept_has_the_text_the_numbers_and_the_times_of_its_place() -> None:
    rows = "| Week | Topic | Hours |\n|---|---|---|\n| 1 | Warp | 2 |\n| 2 | Weft | 3 |\n"
    given = document(
        f"# Weaving\n\n{rows}\n## Knots\n\n- Overhand knot (needs warp): a loop that is drawn tight.\n",
        "weaving.md",
    )
    found = {
        c.title: c for c in read(apply(given, flags(concepts_from=("column: topic", "list: 1")))[0]).concepts
    }
    assert list(found) == ["Warp", "Weft", "Overhand knot"]
    assert "drawn tight" in found["Overhand knot"].evidence
    edges = {
        (e.prerequisite, e.dependent)
        for e in read(apply(given, flags(concepts_from=("column: topic", "list: 1")))[0]).edges
    }
    assert ("warp", "overhand-knot") in edges


@pytest.mark.parametrize(
    ("given", "gone", "kept"),
    [
        ({"skip": "Vertiefung"}, ["Tunnel", "Multicast"], ["Anwesenheit", "Routing"]),
        ({"skip": "vertiefung > multicast"}, ["Multicast"], ["Anycast", "Tunnel"]),
        ({"skip": "Tunnel"}, ["Tunnel", "IPsec", "WireGuard"], ["Namensdienste"]),
        ({"only": "Vertiefung"}, ["Anwesenheit", "Routing"], ["Tunnel", "Multicast"]),
        (
            {"only": ("Ablauf", "Vertiefung"), "skip": "Tunnel"},
            ["Anwesenheit", "IPsec"],
            ["Routing", "Namensdienste"],
        ),
    ],
)
def test_what_is_not_to_be_read_is_neither_block_nor_text_and_is_told(
    given: dict[str, Any], gone: list[str], kept: list[str]
) -> None:
    before = document()
    after, left_out = apply(before, flags(**given))
    assert after.text.count("\n") == before.text.count("\n")
    told = " ".join(one.text for one in left_out)
    for word in gone:
        assert word not in after.text
        assert not any(word in block.text for block in after.blocks)
        assert word in told
    for word in kept:
        assert word in after.text
    lines = after.text.split("\n")
    for block in after.blocks:
        assert block.text.split()[0] in "\n".join(lines[block.lines[0] - 1 : block.lines[1]])
        assert block.parent < len(after.blocks)


def test_a_table_cell_can_be_left_out_by_its_text_and_the_rest_of_its_row_stays() -> None:
    assert titles(concepts_from="column: Thema", skip="Ethernet und Switching") == [
        t for t in TOPICS if t != "Ethernet und Switching"
    ]
    after, (told,) = apply(document(), flags(skip="Routing"))
    assert told == LeftOut("Routing", "is not to be read (--skip 'Routing')", "excluded", None, (17, 17))
    assert any(block.text == "4 | 2.11. | Kap. 4" for block in after.blocks)


@pytest.mark.parametrize(
    ("given", "says", "hint"),
    [
        (
            {"concepts_from": "column: Themma"},
            "'Woche', 'Datum', 'Thema', 'Literatur'",
            "did you mean 'column: Thema'?",
        ),
        ({"concepts_from": "column: 9"}, "has no column of that name or number", "accepted: "),
        (
            {"concepts_from": "heading: 5"},
            "the headings 'Einführung in die Netzwerktechnik', 'Organisatorisches'",
            "accepted: ",
        ),
        ({"concepts_from": "list: 4"}, "list items of depth 1 to 2", "accepted: "),
        (
            {"concepts_from": "Thema"},
            "--concepts-from 'Thema' does not say what it names",
            "did you mean 'column: Thema'?",
        ),
        ({"concepts_from": "nothing: at all"}, "accepted: 'column: NAME'", "the document has the columns"),
        (
            {"only": "Ablaufplan"},
            "its headings: 'Einführung in die Netzwerktechnik'",
            "did you mean 'Ablauf'?",
        ),
        (
            {"skip": "Vertiefun"},
            "--skip 'Vertiefun': scope file 'notes.md' has no heading",
            "did you mean 'Vertiefung'?",
        ),
        ({"skip": "Einführung in die Netzwerktechnik"}, "nothing of 'notes.md' is left", "leave out less"),
    ],
)
def test_a_name_that_matches_nothing_is_a_typed_error_that_lists_what_there_is(
    given: dict[str, Any], says: str, hint: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        apply(document(), flags(**given))
    assert says in caught.value.message
    assert "\n" not in caught.value.message
    assert hint in caught.value.hint


def test_a_document_without_tables_headings_or_lists_says_so() -> None:
    with pytest.raises(InvalidArgument, match="no table with named columns; no headings; no list"):
        apply(document("Warp is set up first.\n"), flags(concepts_from="column: Topic"))


# ---------------------------------------------------------------------------- where the corrections come from


def test_the_document_says_in_its_front_matter_how_it_is_to_be_read() -> None:
    text = (
        "---\nreading:\n  concepts_from: 'column: Thema'\n  skip: [Vertiefung, Organisatorisches]\n---\n"
        + COURSE
    )
    given = from_front_matter(document(text))
    assert given.as_dict() == {
        "concepts_from": ["column: Thema"],
        "skip": ["Vertiefung", "Organisatorisches"],
    }
    assert [c.title for c in read(apply(document(text), given)[0]).concepts] == TOPICS
    # A mapping, as YAML makes it of what is not in quotation marks.
    assert from_front_matter(
        document("---\nreading:\n  concepts_from:\n    - column: Thema\n    - heading: 3\n---\nx\n")
    ).as_dict() == {"concepts_from": ["column: Thema", "heading: 3"]}


@pytest.mark.parametrize("value", ["Chapter 3", "[Chapter 3, Chapter 4]", "{pages: 12-20}", ""])
def test_a_key_reading_of_another_meaning_is_none_of_ours(value: str) -> None:
    assert from_front_matter(document(f"---\nreading: {value}\n---\n{COURSE}")) == NONE


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("reading:\n  concept_from: x\n", "has no key 'concept_from'"),
        ("reading: [a]\n", "it must hold one section 'reading:'"),
        ("skip: [a]\n", "has no section 'reading:'"),
        ("reading:\n  skip: {a: {b: [c]}}\nmore: 1\n", "it must hold one section"),
        ("reading: {skip: [a\n", "cannot be read"),
        ("x" * 70_000, "is larger than 64 KiB"),
        ("a: &a [1]\nreading: *b\n", "cannot be read"),
        ("[" * 30_000, "cannot be read"),
        ("reading:\n  skip: [" + "a, " * 101 + "]\n", "has more than 100 texts"),
    ],
)
def test_a_file_that_cannot_be_meant_is_a_typed_error_that_names_it(data: str, says: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        from_file(data.encode(), "inputs/reading.yml")
    assert caught.value.message.startswith("inputs/reading.yml")
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_what_is_kept_reads_as_it_was_given_and_of_each_key_the_nearest_source_counts() -> None:
    given = flags(concepts_from="column: Ö: \n#x", skip=("- a", "'b'", "1", "null"))
    assert from_file(as_yaml(given), "f").as_dict() == {**given.as_dict(), "concepts_from": ["column: Ö: #x"]}
    both = merged(flags(skip="A"), flags(skip="B", only="C"))
    assert both.as_dict() == {"only": ["C"], "skip": ["A"]}
    assert from_file(b"", "f") == NONE


@pytest.mark.slow
def test_corrections_are_kept_with_the_run_and_used_by_whatever_follows(
    runner: CommandRunner, notes: Path
) -> None:
    run = runner.init()
    runner.ok(
        "run",
        "latest",
        "--scope-file",
        str(notes),
        "--concepts-from",
        "column: Thema",
        "--skip",
        "Organisatorisches",
    )
    assert from_file((run / "inputs/reading.yml").read_bytes(), "f").as_dict() == {
        "concepts_from": ["column: Thema"],
        "skip": ["Organisatorisches"],
    }
    assert (run / "inputs/scope.md").read_text(encoding="utf-8") == COURSE

    def taught() -> list[str]:
        return [
            n["title"] for n in json.loads((run / "outputs/curriculum/curriculum.json").read_text())["nodes"]
        ]

    assert sorted(taught()) == sorted(TOPICS)
    concepts = json.loads((run / "scope_concepts.json").read_text())
    assert concepts["reading"]["skip"] == ["Organisatorisches"]
    assert {one["role"] for one in concepts["skipped"]} >= {"excluded", "group", "resource"}
    runner.ok("validate", "latest")
    assert runner.stage() == "iterated"
    # Another correction, of the document that the run has; the other key stays.
    runner.ok("run", "latest", "--skip", "Routing")
    assert sorted(taught()) == sorted(set(TOPICS) - {"Routing"})
    assert from_file((run / "inputs/reading.yml").read_bytes(), "f").as_dict() == {
        "concepts_from": ["column: Thema"],
        "skip": ["Routing"],
    }
    assert runner.stage() == "iterated"
    (run / "inputs/reading.yml").write_text("reading:\n  concepts_from: 'heading: 3'\n")
    assert runner.stage() == "spec_ready"
    runner.ok("run", "latest")
    assert sorted(taught()) == ["Anycast", "Multicast"]
    (run / "inputs/reading.yml").unlink()
    assert runner.stage() == "spec_ready"


@pytest.mark.slow
def test_a_correction_that_names_nothing_writes_nothing_and_no_rule_is_blamed_for_it(
    runner: CommandRunner, notes: Path
) -> None:
    run = runner.init()
    done = failed(
        runner("run", "latest", "--scope-file", str(notes), "--only", "Nowhere"), "invalid_argument"
    )
    assert "'Ablauf'" in done.err.splitlines()[0]
    assert not (run / "inputs/scope.md").exists()
    assert not (run / "inputs/reading.yml").exists()
    runner.ok("run", "latest", "--scope-file", str(notes), "--only", "Ablauf")
    (run / "inputs/reading.yml").write_text("reading:\n  only: Nowhere\n")
    done = failed(runner("validate", "latest"), "invalid_argument")
    assert "inputs/reading.yml: only 'Nowhere'" in done.err
    (run / "inputs/reading.yml").unlink()
    scope = run / "inputs/scope.md"
    scope.write_text(
        f"---\nreading: {{skip: Nowhere}}\n---\n{scope.read_text(encoding='utf-8')}", encoding="utf-8"
    )
    done = failed(runner("validate", "latest"), "invalid_argument")
    assert "front matter of" in done.err


@pytest.mark.slow
def test_a_language_model_is_shown_neither_what_is_skipped_nor_other_concepts(
    runner: CommandRunner, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dagogy_provider_remote_llm")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    runner.init()
    words = (
        "run",
        "latest",
        "--scope-file",
        str(notes),
        "--provider",
        "remote_llm",
        "--show-prompt",
        "--json",
    )
    assert "Fehltermine" in runner.ok(*words).json["text"]
    text = runner.ok(*words, "--skip", "Organisatorisches", "--concepts-from", "column: Thema").json["text"]
    assert "Fehltermine" not in text
    assert json.dumps(TOPICS, ensure_ascii=False, separators=(",", ":")) in text


def test_a_correction_of_a_run_without_a_document_is_a_typed_error(
    runner: CommandRunner, notes: Path
) -> None:
    from support import make_run

    reference = make_run(runner.folder)
    done = failed(runner("run", reference, "--skip", "Ablauf"), "invalid_argument")
    assert "has no scope document" in done.err


def test_recover_runs_a_command_with_corrections_again_without_asking() -> None:
    words = [
        "run",
        "20260101-000000-a",
        "--scope-file",
        "notes.md",
        "--concepts-from",
        "column: Thema",
        "--only",
        "Ablauf",
        "--skip",
        "Übungen",
    ]
    assert replayable(words, "20260101-000000-a") == ("", ["notes.md"])


# ------------------------------------------------------------------------------------------ tables, any width


def entries() -> list[Entry]:
    names = [
        "回折と干渉の実験",
        "Überlagerungsempfänger" * 4,
        "\x1b[31mred\u202e",
        "A" * 200,
        "Loops",
        "x\ny",
    ]
    fates: Any = ("taken", "grouped", "left out", "merged", "left out", "left out")
    return [
        Entry(
            fate,
            name,
            role,
            chance,
            "stands in the column “Literatur” of the table",
            (k, k + 3),
            "slides > slide 3" if k % 2 else "",
        )
        for k, (fate, name, role, chance) in enumerate(
            zip(
                fates,
                names,
                ("concept", "group", "administration", "merged", "resource", "time"),
                (0.5, None, 0.013, None, 1.0, 0.0),
                strict=True,
            ),
            1,
        )
    ]


@pytest.mark.parametrize("width", [1, 7, 20, 39, 63, 64, 80, 100, 250])
def test_a_table_keeps_to_the_width_and_loses_no_text(width: int) -> None:
    for lines in (table_lines(entries(), width), summary_lines(entries(), width)):
        assert lines
        assert all(line.isprintable() for line in lines)
        if width > 1:
            assert max(map(cell_len, lines)) <= width
        together = "".join("".join(lines).split())
        assert together.count("A") >= 200
        for word in ("回", "験", "Loops") if width > 7 else ():
            assert word in together


@pytest.mark.slow
def test_run_ends_with_one_table_of_what_was_taken_grouped_left_out_and_merged(
    runner: CommandRunner, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.init()
    monkeypatch.setenv("COLUMNS", "70")
    done = runner.ok("run", "latest", "--scope-file", str(notes), "--concepts-from", "column: Thema")
    lines = done.out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.split() == ["what", "role", "text"])
    end = next(
        i
        for i, line in enumerate(lines)
        if line.startswith("each with its place and the reason: scope_concepts.json")
    )
    table = lines[start:end]
    assert max(map(len, table)) <= 70
    assert any(line.split()[:2] == ["taken", "5"] for line in table)
    assert any(line.split()[:2] == ["grouped", "2"] for line in table)
    assert any(line.startswith("left out") and "resource" in line for line in table)
    counts = runner.ok("run", "latest", "--json").json["reading"]
    assert (counts["taken"], counts["grouped"]) == (5, 2)


def test_of_several_files_what_each_says_of_the_reading_holds_for_all(runner: CommandRunner) -> None:
    (runner.folder / "a.md").write_text(
        "---\nreading: {skip: Notes}\n---\n# A\n\n## Warp\n\nWarp is taut.\n\n## Notes\n\nNone.\n"
    )
    (runner.folder / "b.md").write_text("# B\n\n## Weft\n\nWeft goes across.\n\n## Notes\n\nNone.\n")
    run = runner.init()
    runner.ok("run", "latest", "--scope-file", "a.md", "--scope-file", "b.md")
    skipped = json.loads((run / "scope_concepts.json").read_text())["skipped"]
    assert [one["locator"] for one in skipped if one["text"] == "Notes"] == ["a.md", "b.md"]
    assert combined([document()], "notes.md").front_matter == {}
