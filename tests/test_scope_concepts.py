"""Which concepts the provider `internal` finds in scope documents of many kinds, measured against what a
reader finds in them.

`python tests/test_scope_concepts.py` prints precision and recall per document of `tests/data/scope`.
"""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from dagogy.api.scope import ScopeDocument
from dagogy_reader_markdown.reader import read_markdown

pytest.importorskip("dagogy_provider_internal")
from dagogy.api.text import Words
from dagogy_provider_internal import dagogy_providers  # noqa: F401
from dagogy_provider_internal.language.headings import heading_kind
from dagogy_provider_internal.language.naming import tidy_title
from dagogy_provider_internal.reading.concepts import find_concepts, structural_reading
from dagogy_provider_internal.reading.limits import fit
from dagogy_provider_internal.reading.recognition.units import titled
from dagogy_provider_internal.study import read

DATA = Path(__file__).parent / "data" / "scope"


class Score(NamedTuple):
    """What was found of the concepts that a document teaches, what was missed, and what was found besides."""

    found: list[str]
    missed: list[str]
    extra: list[str]

    @property
    def precision(self) -> float:
        return len(self.found) / max(len(self.found) + len(self.extra), 1)

    @property
    def recall(self) -> float:
        return len(self.found) / max(len(self.found) + len(self.missed), 1)


@cache
def gold() -> dict[str, dict[str, Any]]:
    documents: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "gold.yaml").read_text(encoding="utf-8"))
    return documents


def document(text: str, source: str = "notes.md") -> ScopeDocument:
    return read_markdown(text, source=source)


def score(name: str) -> Score:
    titles = [c.title for c in read(document((DATA / name).read_text(encoding="utf-8"), name)).concepts]
    wanted = [{Words.form(v) for v in c.split("|")} for c in gold()[name]["concepts"]]
    allowed = {Words.form(v) for c in gold()[name].get("optional", ()) for v in c.split("|")}
    keys = [Words.form(t) for t in titles]
    # Two titles for one concept: the second is one too many.
    first = [next((i for i, k in enumerate(keys) if k in names), -1) for names in wanted]
    extra = [t for i, t in enumerate(titles) if i not in first and keys[i] not in allowed]
    return Score(
        [titles[i] for i in first if i >= 0],
        [c for c, i in zip(gold()[name]["concepts"], first, strict=True) if i < 0],
        extra,
    )


@pytest.mark.parametrize("name", gold())
def test_each_document_gives_the_concepts_that_a_reader_finds(name: str) -> None:
    result = score(name)
    assert result.missed == gold()[name].get("misses", [])
    assert result.extra == gold()[name].get("extras", [])


# --------------------------------------------------------------------------------- titles kept whole and once

ODD_TITLES = [
    "Shifts, stretches, and reflections",
    "Limits: one-sided",
    "Errors & recovery",
    "`async` / `await`",
    "`Option<T>` and `None`",
    "What is a proof?",
    "Sequences 1",
    "Sequences 2",
    "Sequences (finite)",
    "Sequences (infinite)",
    "Numbers 11-19",
    "C",
    "C++",
    "F#",
    "Set",
    "Sets of sets",
    "Further applications of integrals",
    "Introduction to vectors",
    "Summary statistics",
    "Review of trigonometry",
    "Test-driven development",
    "Break and continue",
    "Class variables",
    "Part-whole relations",
    "Unit rates",
    "Unit circle",
    "Day-night cycle",
    "Final objects",
    "Section formulas",
    "Understand congruence and similarity using physical models, transparencies, or geometry software",
    "Know that there are numbers that are not rational, and approximate them by rational numbers",
    "Use functions to model relationships between quantities",
    "Apply and extend previous understandings of division to divide fractions by fractions",
    "Work with radicals and integer exponents",
    "P(A|B)",
    "2D arrays",
    "Node.js",
    "L'Hôpital's rule",
    "Do it yourself: loops",
    "Index structures",
    "a^2 + b^2 = c^2",
    "Peer review",
    "Reading graphs",
    "Homework-free proofs",
    "Strings",
    "String formatting",
    "Nil",
    "Time",
    "Times of day",
    "Trees (binary)",
    "Trees (balanced, AVL)",
]


@pytest.mark.parametrize("shape", ["sections", "bold list", "plain list"])
def test_odd_titles_are_kept_whole_and_once(shape: str) -> None:
    filled = {
        "sections": "".join(
            f"## {t}\n\nHere {i} grams of something are weighed and put aside. It is never empty.\n\n"
            for i, t in enumerate(ODD_TITLES)
        ),
        "bold list": "".join(
            f"- **{t}**: Here {i} grams of something are weighed and put aside.\n"
            for i, t in enumerate(ODD_TITLES)
        ),
        "plain list": "".join(f"- {t}\n" for t in ODD_TITLES),
    }[shape]
    found = [Words.form(c.title) for c in read(document(f"# Anything\n\nIn no order.\n\n{filled}")).concepts]
    wanted = [Words.form(t.replace("`", "")) for t in ODD_TITLES]
    if shape == "plain list":  # nothing tells the two parts apart but their numbers
        wanted = ["sequences", *(t for t in wanted if t not in ("sequences 1", "sequences 2"))]
    assert [t for t in wanted if t not in found] == []
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize(
    ("items", "concepts"),
    [
        (["Semantics I", "Semantics II", "Syntax"], ["Semantics", "Syntax"]),
        (["Joins", "Joins (cont.)", "Indexes"], ["Joins", "Indexes"]),
        (
            ["Begin insect morphology", "Finish insect morphology", "Fossils"],
            ["insect morphology", "Fossils"],
        ),
        (["随机过程基础1", "随机过程基础2", "测度论"], ["随机过程基础", "测度论"]),
        (["World War I", "World War II", "Cold War"], ["World War I", "World War II", "Cold War"]),
        (["Algebra II", "Calculus"], ["Algebra II", "Calculus"]),
    ],
)
def test_parts_of_one_topic_are_one_concept(items: list[str], concepts: list[str]) -> None:
    text = "# Anything\n\n| Week | Topic |\n|---|---|\n"
    text += "".join(f"| {k} | {item} |\n" for k, item in enumerate(items, 1))
    assert [c.title for c in read(document(text)).concepts] == concepts


def test_parts_that_an_author_explains_stay_apart() -> None:
    text = "# T\n\n## Recursion I\n\nA function calls itself. Each call has its own frame.\n\n"
    text += "## Recursion II\n\nA tail call needs no frame. Compilers make a loop of it.\n"
    assert [c.title for c in read(document(text)).concepts] == ["Recursion I", "Recursion II"]


def test_a_title_loses_the_words_that_show_where_it_was_cut_off() -> None:
    assert titled("Messen von Werkstücken sowie") == "Messen von Werkstücken"
    assert titled("Harassment and") == "Harassment"
    assert titled("Vitamin A") == "Vitamin A"
    assert titled("the") == "the"


def test_a_word_of_structure_that_is_defined_is_a_concept() -> None:
    text = (
        "# T\n\n## Introduction\n\nThis book is short.\n\n## Index\n\n"
        "An index is a structure that finds rows.\n\n"
        "## Joins\n\nA join pairs rows.\n\n## References\n\n- A book\n"
    )
    assert [c.title for c in read(document(text)).concepts] == ["Index", "Joins"]


def test_names_in_a_list_of_bold_names_are_concepts_whatever_they_are() -> None:
    text = "# T\n\n" + "".join(
        f"- **{t}**: It is used every day by all of us.\n"
        for t in [
            "Summary",
            "Definitions",
            "Loops",
            "Sets",
            "Maps",
            "Trees",
            "Graphs",
            "Heaps",
            "Queues",
            "Stacks",
        ]
    )
    assert [c.title for c in read(document(text)).concepts][:2] == ["Summary", "Definitions"]


# ---------------------------------------------------------------------------------- the order of the document


def sections_of(text: str) -> tuple[str, list[str]]:
    """What stands in front of the first section of the lowest number of marks that comes more
    than once, and these sections.
    """
    head, *rest = re.split(r"(?m)^(?=## )", text)
    return head, rest


SHUFFLED = [
    "html-mixed.md",
    "api-abbreviations.md",
    "strafrecht-de.md",
    "music-mixed.md",
    "ethics-prose-headings.md",
    "security-mixed.md",
    "sado-ja.md",
    "finance-glossary.md",
]


@pytest.mark.parametrize("name", SHUFFLED)
def test_the_order_of_the_sections_changes_nothing(name: str) -> None:
    head, sections = sections_of((DATA / name).read_text(encoding="utf-8"))
    assert len(sections) > 2
    read_as = set()
    for seed in range(4):
        mixed = list(sections)
        random.Random(seed).shuffle(mixed)
        text = head + "".join(s if s.endswith("\n\n") else s.rstrip("\n") + "\n\n" for s in mixed)
        read_as.add(frozenset((c.id, c.title) for c in read(document(text)).concepts))
    assert len(read_as) == 1


# ----------------------------------------------------------------------------------------- limits and scripts


def test_what_is_merged_and_split_is_listed_in_full() -> None:
    text = "# T\n\n" + "".join(
        f"## Group {g}\n\n" + "".join(f"### {g}{i} thing\n\nIt is there.\n\n" for i in range(12))
        for g in "abcdefgh"
    )
    concepts = structural_reading(document(text)).concepts
    fitted, notes = fit(concepts, 0, 8)
    assert [c.title for c in fitted] == [f"Group {g}" for g in "abcdefgh"]
    listed = " ".join(notes)
    assert all(c.title in listed for c in concepts)


def test_a_flat_list_that_is_too_long_is_merged_by_name_first() -> None:
    concepts = find_concepts(
        document(
            "# T\n\n" + "".join(f"- {t}\n" for t in ["Loops", "Nested loops", "Sets", "Ordered sets", "Maps"])
        )
    ).concepts
    fitted, notes = fit(concepts, 0, 3)
    assert [c.title for c in fitted] == ["Loops", "Sets", "Maps"]
    assert notes == ["merged into “Loops”: Nested loops", "merged into “Sets”: Ordered sets"]


@pytest.mark.parametrize("heading", ["Glossary", "Week 3", "Chemistry"])
def test_a_glossary_that_is_too_long_does_not_become_one_concept(heading: str) -> None:
    text = f"# T\n\n## {heading}\n\n" + "".join(
        f"**Term {w}** is a thing. It is there.\n\n" for w in map("x{:03}y".format, range(90))
    )
    fitted, _ = fit(find_concepts(document(text)).concepts, 0, 30)
    assert len(fitted) == 30
    assert heading not in {c.title for c in fitted}


def test_titles_of_any_script_keep_their_characters_and_have_ids_of_their_own() -> None:
    titles = [
        "平均",
        "標準偏差",
        "الفاعل",
        "גמירת דעת",
        "Größe",
        "Grösse",
        "Cafe\u0301",
        "naïve Bayes",
        "नमस्ते",
        "👩‍🚀 Raumfahrt",
        "e\u0301tale",
        "Ελλάδα",
        "Ёлка",
    ]
    concepts = read(
        document(
            "# T\n\n" + "".join(f"## {t}\n\nText number {i} stands here.\n\n" for i, t in enumerate(titles))
        )
    ).concepts
    assert [c.title for c in concepts] == [t.replace("👩‍🚀 ", "") for t in titles]
    assert len({c.id for c in concepts}) == len(concepts)


def main() -> None:
    """Prints the table of all documents."""
    totals = []
    for name in gold():
        try:
            result = score(name)
        except Exception as error:
            print(f"{name:34} {error}")
            result = Score([], gold()[name]["concepts"], [])
        totals.append(result)
        print(
            f"{name:34} {result.precision:5.2f} {result.recall:5.2f}  missed {result.missed}  extra "
            f"{result.extra}"
        )
    found, missed, extra = (sum(len(r[i]) for r in totals) for i in range(3))
    exact = sum(not r.missed and not r.extra for r in totals)
    print(
        f"{len(totals)} documents, {exact} exact; precision {found / (found + extra):.3f}, recall "
        f"{found / (found + missed):.3f} over all concepts"
    )


if __name__ == "__main__":
    main()


# ------------------------------------------------------------------------------ notes that come with software


def titles(text: str) -> list[str]:
    return [c.title for c in find_concepts(document(text)).concepts]


def test_what_any_project_page_has_is_no_concept_where_something_is_taught() -> None:
    text = (
        "# Cask\n\n## Synopsis\n\n`cask FILE`\n\n## Description\n\nIt packs files into an archive.\n\n"
        "## Archive formats\n\nAn archive has a table.\n\n"
        "## Compression levels\n\nA level trades time for size.\n\n## Usage\n\nRun it.\n\n"
        "## Documentation\n\nOn the site.\n\n## Others\n\nAsk us.\n"
    )
    found = find_concepts(document(text))
    assert [c.title for c in found.concepts] == ["Archive formats", "Compression levels"]
    assert {"Synopsis", "Description", "Usage", "Documentation", "Others"} <= {
        one.text for one in found.skipped
    }


def test_a_text_about_one_thing_has_its_title_as_the_concept() -> None:
    text = (
        "# Requirement specifiers\n\n## Overview\n\n"
        + "A requirement specifier names a project and the versions of it that will do. " * 4
        + "\n"
    )
    found = find_concepts(document(text)).concepts
    assert [c.title for c in found] == ["Requirement specifiers"]
    assert found[0].blocks


def test_dates_numbers_and_addresses_are_no_concepts_and_are_listed() -> None:
    text = (
        "# Log\n\n## 2.31.0 (2024-05-20)\n\nNew.\n\n## See https://example.org/a\n\nThere.\n\n## Tides\n\n"
        "The moon pulls the water.\n"
    )
    found = find_concepts(document(text))
    assert [c.title for c in found.concepts] == ["Tides"]
    assert {"has no word in it", "is an address, not the name of a concept"} <= {
        one.reason for one in found.skipped
    }


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("`--quiet`", "--quiet"),
        ("-x, --exclude", "-x, --exclude"),
        ("- Tides -", "Tides"),
        ("`> team.create(team) -> Promise`", "team.create(team) -> Promise"),
    ],
)
def test_an_option_keeps_its_dashes_and_a_title_loses_those_of_its_markup(heading: str, title: str) -> None:
    assert tidy_title(heading) == title


def test_the_types_of_a_parameter_are_no_part_of_its_name() -> None:
    items = "".join(
        f"* **{n}** `string | Buffer | null` (optional) - Default: `null`. What is sent as the {n}.\n"
        for n in ("body", "path", "method")
    )
    assert titles(f"# Requests\n\n## Parameters of a request\n\n{items}") == ["body", "path", "method"]


@pytest.mark.parametrize(
    "title",
    (
        "What you should know|Assumed knowledge|Required skills|Expected knowledge|Prior knowledge|"
        "Background knowledge|By the end of the course|After this course you can|Who this course is for|"
        "Who should attend this|Is this course for me|Topics not covered|Things we will not cover|"
        "What this course does not cover|Not covered here|Out of scope for now|Left out|Appendix A|Anhang B|"
        "Contents|Voraussetzungen|Ejercicios|Final exam"
    ).split("|"),
)
def test_headings_of_structure_are_known_by_their_first_word_too(title: str) -> None:
    """Names that begin like none of them are looked up in no list."""
    assert heading_kind(title) != "concept"
