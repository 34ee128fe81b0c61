"""Where a source treats something says nothing once it calls itself unordered: the same sections, items and
rows in another order give the same concepts and edges. Without such a remark the order of a document is its
author's, and is kept unless what is known of the concepts contradicts it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from dagogy_reader_markdown.reader import read_markdown

pytest.importorskip("dagogy_provider_internal")
from dagogy_provider_internal.reading.concepts import find_concepts
from dagogy_provider_internal.study import Studied, study
from support import some_fast

ROOT = Path(__file__).resolve().parents[1]
SCOPE, ORDERING = ROOT / "tests/data/scope", ROOT / "tests/data/ordering"
DOCUMENTS = [
    *sorted((ROOT / "examples").glob("*.md")),
    *(
        ORDERING / name / "scope.md"
        for name in (
            "hand-chemistry",
            "hand-music-theory",
            "hand-sailing",
            "pkg-metamath-topology",
            "pkg-sympy-tutorial",
        )
    ),
    *(
        SCOPE / f"{name}.md"
        for name in (
            "api-abbreviations",
            "bread-table-without-header",
            "geology-chapters",
            "cell-biology-outline",
            "music-mixed",
            "cuisine-fr",
            "ethics-prose-headings",
            "fermentation-levels",
            "finance-glossary",
            "glaciology-weeks",
            "guitarra-es",
            "ikebana-ja",
            "nahw-ar",
            "onboarding-tasks",
            "photography-duplicates",
            "strafrecht-de",
            "statistika-ru",
            "suanfa-zh",
            "welding-table",
        )
    ),
]
_ITEM, _ROW, _RULE = re.compile(r"[-*+] "), re.compile(r"\|"), re.compile(r"\|[\s:|-]*-[\s:|-]*$")
Line = tuple[int, str]


UNORDERED = "What follows is in no particular order."


def studied(text: str) -> Studied:
    document = read_markdown(text, source="notes.md")
    return study(find_concepts(document).concepts, 4, document.title)


def unordered(text: str) -> str:
    """The document with a remark under its title that its order means nothing."""
    title, newline, rest = text.partition("\n")
    return f"{title}\n\n{UNORDERED}\n{newline}{rest}" if title.startswith("#") else f"{UNORDERED}\n\n{text}"


def listed(result: Studied) -> list[str]:
    return [result.concepts[i].title for i in result.listed]


def in_study(result: Studied) -> list[str]:
    return [result.concepts[i].title for i in result.arrangement.order]


def edges(result: Studied) -> set[tuple[str, str]]:
    return {
        (result.concepts[e.before].title, result.concepts[e.after].title) for e in result.arrangement.edges
    }


def shuffled(text: str, result: Studied, seed: int) -> str:
    """`text` with the sections under each heading, and the items and rows of lists and tables that name
    concepts, in another order. What is said of one concept stays as it is."""
    lines = list(enumerate(text.split("\n"), 1))
    named = {concept.lines[0] for concept in result.concepts}
    return "\n".join(line for _, line in _sections(lines, 1, named, random.Random(seed)))


def _sections(lines: Sequence[Line], level: int, named: set[int], chance: random.Random) -> list[Line]:
    if level > 6:
        return list(_items(lines, named, chance))
    starts = [i for i, (_, line) in enumerate(lines) if line.startswith("#" * level + " ")]
    first = starts[0] if starts else len(lines)
    parts = [
        [lines[a], *_sections(lines[a + 1 : b], level + 1, named, chance), (0, "")]
        for a, b in zip(starts, [*starts[1:], len(lines)], strict=False)
    ]
    chance.shuffle(parts)
    return [*_sections(lines[:first], level + 1, named, chance), *(line for part in parts for line in part)]


def _items(lines: Sequence[Line], named: set[int], chance: random.Random) -> Iterator[Line]:
    run: list[list[Line]] = []
    kind: re.Pattern[str] | None = None
    for line in [*lines, (0, "")]:
        starts = next((k for k in (_ITEM, _ROW) if k.match(line[1])), None)
        if starts and starts is kind and not _RULE.match(line[1]):
            run.append([line])
        elif run and kind is _ITEM and re.match(r"\s+\S", line[1]):
            run[-1].append(line)
        else:
            if any(number in named for part in run for number, _ in part):
                chance.shuffle(run)
            yield from (each for part in run for each in part)
            # The row over the rule is the header.
            kind, run = (_ROW, []) if _RULE.match(line[1]) else (starts if starts is _ITEM else None, [])
            if kind is _ITEM:
                run = [[line]]
            else:
                yield line


@pytest.mark.parametrize(
    "path",
    some_fast(DOCUMENTS, *DOCUMENTS[::3]),
    ids=lambda p: p.stem if p.stem != "scope" else p.parent.name,
)
def test_another_order_of_sections_items_and_rows_of_an_unordered_document_changes_nothing(
    path: Path,
) -> None:
    text = unordered(path.read_text(encoding="utf-8"))
    before = studied(text)
    for seed in (1, 2):
        after = studied(shuffled(text, before, seed))
        assert listed(after) != listed(before), "the documents are such that there is something to shuffle"
        assert sorted(listed(after)) == sorted(listed(before))
        assert edges(after) == edges(before)
        assert in_study(after) == in_study(before)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Week", "1 2 3 4 5"),
        ("#", "01 02 03 04 05"),
        ("No.", "1. 2. 3. 4. 5."),
        ("Session", "I II III IV V"),
        ("Lecture", "L1 L2 L3 L4 L10"),
        ("Day", "1 2 2 3 3"),
        ("Woche", "1–2 3 4–5 6 7"),
        ("Semaine", "1 2 3 4 5"),
        ("Semana", "1 2 3 4 5"),
        ("周次", "第一周 第二周 第三周 第四周 第十周"),
    ],
)
def test_a_column_of_weeks_or_numbers_states_the_order_of_its_rows_wherever_they_stand(
    header: str, cells: str
) -> None:
    topics = ["Metaclasses", "Introduction to integers", "Decorators", "Booleans", "Variables"]
    rows = [f"| {cell} | {topic} |" for cell, topic in zip(cells.split(), topics, strict=True)]
    head = f"# Course\n\n| {header} | Topic |\n|---|---|\n"
    before = studied(head + "\n".join(rows))
    places = {c.title: c.number for c in before.concepts}
    assert all(places.values())
    assert [places[t] for t in in_study(before)] == sorted(places[t] for t in topics)
    # Of two topics of one day what is known of them may still say which comes first.
    assert all(places[a] <= places[b] for a, b in edges(before))
    after = studied(head + "\n".join(reversed(rows)))
    assert (in_study(after), edges(after)) == (in_study(before), edges(before))


def test_rows_of_the_same_week_are_one_group_and_an_empty_cell_goes_on_with_the_week_above() -> None:
    text = (
        "# Course\n\n| Week | Topic |\n|---|---|\n| 2 | Counterpoint |\n| | Harmony |\n| 1 | Rhythm |\n| |"
        " Pitch |\n"
    )
    found = in_study(studied(text))
    assert (set(found[:2]), set(found[2:])) == ({"Rhythm", "Pitch"}, {"Counterpoint", "Harmony"})


@pytest.mark.parametrize(
    ("header", "cells"),
    [("Week", "3 September|10 September|1 October"), ("Day", "Monday|Tuesday|Friday"), ("Weight", "1|2|3")],
)
def test_dates_and_amounts_are_no_numbers_of_a_course(header: str, cells: str) -> None:
    rows = "".join(
        f"| {cell} | {topic} |\n"
        for cell, topic in zip(cells.split("|"), ("Torque", "Levers", "Pulleys"), strict=True)
    )
    found = studied(f"# Course\n\n| {header} | Topic |\n|---|---|\n{rows}")
    assert not any(c.number for c in found.concepts)
    assert not any(p.kind == "order" for e in found.arrangement.edges for p in e.pieces)


def test_a_list_that_says_nothing_of_its_order_is_kept_as_it_stands() -> None:
    topics = ["Warp and weft", "Plain weave", "Twill", "Satin", "Selvedge", "Finishing"]
    for listed_so in (topics, topics[::-1]):
        assert in_study(studied("# Weaving\n\n" + "".join(f"- {t}\n" for t in listed_so))) == listed_so


def test_an_order_that_what_is_known_of_the_concepts_contradicts_is_not_kept() -> None:
    sections = [
        (
            "## Twill\n\nA twill is a plain weave whose weft floats over two threads of the warp, each row "
            "shifted by one.\n"
        ),
        (
            "## Satin\n\nA satin is a twill whose floats are long; the plain weave shows nowhere, and the "
            "weft hides the warp.\n"
        ),
        "## Plain weave\n\nIn a plain weave the weft goes over and under each thread of the warp.\n",
        "## Weft\n\nThe weft is the thread that crosses the warp.\n",
        "## Warp\n\nThe warp is what is stretched on the loom.\n",
    ]
    found = in_study(studied("# Weaving\n\n" + "\n".join(sections)))
    assert found.index("Warp") < found.index("Plain weave") < found.index("Satin")


def test_what_has_no_number_stays_behind_the_number_before_it_or_last_where_numbers_do_not_rise() -> None:
    parts = [
        "## 1. Rhythm\n\nBeats.\n",
        "## Interlude on pitch\n\nHigh and low.\n",
        "## 2. Harmony\n\nChords.\n",
        "## 3. Counterpoint\n\nVoices.\n",
    ]
    assert in_study(studied("# Music\n\n" + "\n".join(parts))) == [
        "Rhythm",
        "Interlude on pitch",
        "Harmony",
        "Counterpoint",
    ]
    assert in_study(studied("# Music\n\n" + "\n".join(parts[::-1]))) == [
        "Rhythm",
        "Harmony",
        "Counterpoint",
        "Interlude on pitch",
    ]
