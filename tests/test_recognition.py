"""The model of the provider `internal` that tells concepts from all else in a document,
and courses from other texts.
"""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import pytest
from dagogy.api.readers import Source
from dagogy.api.scope import Block
from dagogy.host.manager import Host
from dagogy.pipeline.documents import Readers
from dagogy_provider_internal.reading.account import left_out
from dagogy_provider_internal.reading.concept import Concept, Found
from dagogy_provider_internal.reading.concepts import find_concepts
from dagogy_provider_internal.reading.recognised import NO_COURSE, as_found, better, is_date
from dagogy_provider_internal.reading.recognition import agreement, is_course, recognise
from dagogy_provider_internal.reading.recognition.choice import Chosen
from dagogy_provider_internal.reading.recognition.features import FIRST, described, names
from dagogy_provider_internal.reading.recognition.roles import MOST, ROLES, roles
from dagogy_provider_internal.reading.recognition.trees import looks
from dagogy_provider_internal.reading.recognition.units import titled, units
from dagogy_provider_internal.reading.recognition.wording import unlike
from dagogy_provider_internal.study import read
from dagogy_provider_internal.writing.material import learned
from dagogy_reader_markdown.reader import read_markdown

TABLE_OF_PARTS = """Course of physics
=================

+-----------+-------------------------------------------------+
| Part      | Sequences                                       |
+===========+=================================================+
| Data      | 1. The basics of Python                         |
|           | 2. Intermediate Python                          |
+-----------+-------------------------------------------------+
| Modelling | 3. How physics makes a model                    |
|           | 4. Series and recurrence relations              |
|           | 5. Fitting a model to measured data             |
|           | 6. Numerical integration                        |
|           | 7. Systems of linear differential equations     |
|           | 8. Non-linear systems                           |
+-----------+-------------------------------------------------+
"""

SYLLABUS = """# GEOL 214: Sedimentary processes, spring term

Instructor: Dr. Jordan Smith, office 3.14, jsmith@example.edu

## Policies

- Attendance: two absences are excused without a note.
- Late work: ten percent off for each day.
- Academic integrity: see the student handbook of the university.

## Grading

| Part | Weight |
|---|---|
| Midterm exam | 25% |
| Final exam | 35% |
| Lab reports | 40% |

## Schedule

| Week | Date | Topic | Reading | Due |
|---|---|---|---|---|
| 1 | Jan 12 | Weathering and soils | Ch. 1 | |
| 2 | Jan 19 | Grain size and sorting | Ch. 2 | |
| 3 | Jan 26 | Sediment transport by water | Ch. 3 | Lab 1 |
| 4 | Feb 2 | Bedforms; cross-bedding | Ch. 4 | |
| 5 | Feb 9 | Turbidity currents | Ch. 5 | Lab 2 |
| 6 | Feb 16 | Midterm exam | | |
| 7 | Feb 23 | Deltas | Ch. 6 | |
| 8 | Mar 2 | Spring break, no class | | |
| 9 | Mar 9 | Carbonate platforms | Ch. 7 | Lab 3 |
| 10 | Mar 16 | Sequence stratigraphy | Ch. 8 | |
| 11 | Mar 23 | Final exam | | |
"""

POLICY = """# Bicycle storage policy of the tenants' association

Approved by the board on 4 March. Replaces the version of last year.

1. Bicycles are kept in the cellar or in the yard, never in the stairwell. The caretaker removes what blocks an escape route.
2. Each household has two places. Further places are given out by the board on written application.
3. Electric bicycles are not charged in the cellar. The insurance does not cover a fire that starts there.
4. Lost keys cost 25 euros. The deposit is returned when the key comes back.
5. The association is not liable for theft or damage.

Questions go to the board. Members can object within fourteen days; the next general meeting decides.
"""  # noqa: E501


def titles(text: str) -> list[str]:
    return [c.title for c in read(read_markdown(text, source="notes.md")).concepts]


def test_the_features_are_those_that_the_weights_were_made_for() -> None:
    trained = json.loads(
        (files("dagogy_provider_internal.reading.recognition") / "model.json").read_text(encoding="utf-8")
    )
    assert trained["first"]["features"] == names()
    assert trained["second"]["features"] == [*agreement.names(), *names()[:FIRST]]
    blocks = read_markdown(SYLLABUS, source="notes.md").blocks
    found = described(blocks)
    assert {len(t.features) for t in found.titles} == {len(names())}
    chances = [0.5] * len(found.titles)
    assert {len(row) for row in agreement.agreed(blocks, found, chances)} == {
        len(trained["second"]["features"])
    }
    judge = json.loads(
        (files("dagogy_provider_internal.reading.recognition") / "course.json").read_text(encoding="utf-8")
    )
    assert len(agreement.sureness(found, chances)) == len(judge["seen"])


def test_the_second_look_believes_a_title_more_among_likely_siblings() -> None:
    blocks = read_markdown(
        "# Knots\n\n" + "".join(f"- {k}\n" for k in ("Bowline", "Clove hitch", "Reef knot", "Sheet bend")),
        source="notes.md",
    ).blocks
    found = described(blocks)
    low, high = (
        agreement.agreed(blocks, found, [0.4 if t.text == "Reef knot" else p for t in found.titles])
        for p in (0.1, 0.9)
    )
    at = next(i for i, t in enumerate(found.titles) if t.text == "Reef knot")
    second = looks().second
    assert second.probability(low[at]) < second.probability(high[at])


@pytest.mark.parametrize(
    ("concept", "other"),
    [
        ("Photosynthesis", "Final exam"),
        ("Linear regression", "Office hours"),
        ("Fotosíntesis", "Evaluación final"),
        ("光合作用", "期末考试"),
        ("Die Zelle", "Prüfungstermine"),
    ],
)
def test_what_is_never_a_concept_is_worded_otherwise(concept: str, other: str) -> None:
    assert unlike(concept) < unlike(other)


def test_topics_are_likelier_to_be_concepts_than_administration_is() -> None:
    found = described(read_markdown(SYLLABUS, source="notes.md").blocks)
    chance = {t.text: looks().first.probability(t.features) for t in found.titles}
    worst = min(
        chance[t]
        for t in (
            "Grain size and sorting",
            "Turbidity currents",
            "Carbonate platforms",
            "Sequence stratigraphy",
        )
    )
    for other in (
        "Policies",
        "Grading",
        "Lab reports",
        "Instructor",
        "Late work",
        "Jan 12",
        "Ch. 4",
        "Lab 2",
    ):
        assert chance.get(other, 0.0) < worst, other


def test_a_syllabus_gives_its_topics_in_the_order_of_its_table() -> None:
    found = titles(SYLLABUS)
    topics = [
        t
        for t in found
        if t
        in (
            "Weathering and soils",
            "Grain size and sorting",
            "Turbidity currents",
            "Deltas",
            "Sequence stratigraphy",
        )
    ]
    assert topics == [
        "Weathering and soils",
        "Grain size and sorting",
        "Turbidity currents",
        "Deltas",
        "Sequence stratigraphy",
    ]
    assert not {"Policies", "Grading", "Attendance", "Late work", "Academic integrity"} & set(found)


def test_a_text_that_is_no_course_is_refused_with_its_probability() -> None:
    document = read_markdown(POLICY, source="bicycles.md")
    course = read_markdown(SYLLABUS, source="notes.md")
    assert is_course(document.blocks, recognise(document.blocks).seen) < is_course(
        course.blocks, recognise(course.blocks).seen
    )
    refusal = read(document).refusal
    assert refusal is not None
    assert refusal.message.startswith("'bicycles.md' is no course")
    assert "seed-list" in refusal.hint
    assert 0 <= refusal.details["probability"] < NO_COURSE


def test_a_choice_is_worth_no_less_than_any_single_title_of_it() -> None:
    recognition = recognise(read_markdown(SYLLABUS, source="notes.md").blocks)
    assert recognition.chosen
    best = max(c.probability for c in recognition.chosen)
    assert recognition.worth >= 2 * best / (1 + recognition.missing) - 0.01
    assert not {(c.unit.at, c.text) for c in recognition.chosen} & {
        (c.unit.at, c.text) for c in recognition.left
    }


def test_what_the_structure_says_is_kept_where_the_model_expects_no_more() -> None:
    text = "# Knots\n\n" + "".join(
        f"## {name}\n\nA {name.lower()} holds {what}.\n\n"
        for name, what in (("Bowline", "a loop"), ("Clove hitch", "a post"))
    )
    document = read_markdown(text, source="notes.md")
    found = find_concepts(document)
    assert [c.title for c in found.concepts] == ["Bowline", "Clove hitch"]
    assert not better(found, recognise(document.blocks))


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Week 3: Contour lines", "Contour lines"),
        ("第三章 动量守恒", "动量守恒"),
        ("Lernfeld 2: Messen und Prüfen (40 h)", "Messen und Prüfen"),
        ("2.1 Bowline", "Bowline"),
        ("[ ] **Cleats**", "Cleats"),
        ("IV. Torts", "Torts"),
        ("C++", "C++"),
        ("Female Reproduction (TBD)", "Female Reproduction"),
        ("1984", "1984"),
    ],
)
def test_a_title_is_the_text_without_its_numbering(text: str, title: str) -> None:
    assert titled(text) == title


def test_a_text_of_several_topics_can_be_read_as_each_of_them() -> None:
    (heading, item) = units(
        read_markdown("# Rivers\n\n- Bedforms; cross-bedding, ripples\n", source="notes.md").blocks
    )
    assert heading.kind == "heading"
    readings = {r.way: r.titles for r in item.readings}
    assert readings["whole"] == ["Bedforms; cross-bedding, ripples"]
    assert readings["semicolon"] == ["Bedforms", "cross-bedding, ripples"]


def test_topics_of_one_row_share_no_text() -> None:
    document = read_markdown(SYLLABUS, source="notes.md")
    recognition = recognise(document.blocks)
    row = next(c.unit for c in recognition.chosen if c.unit.kind == "cell")
    both = [Chosen(text, row, "semicolon", 0.9) for text in ("Bedforms", "Cross-bedding")]
    alone = as_found(document, replace(recognition, chosen=both[:1])).concepts
    together = as_found(document, replace(recognition, chosen=both)).concepts
    assert [c.blocks for c in alone] == [[row.at]]
    assert [c.blocks for c in together] == [[], []]


def test_an_unnamed_column_that_counts_the_rows_states_their_order() -> None:
    rows = "".join(
        f"| {i} | {name} | ch. {i} |\n"
        for i, name in enumerate(("Introduction", "Levers", "Pulleys", "Gears", "Belts"), 1)
    )
    opening = (
        "We meet in the workshop. Bring shoes that close and tie your hair back; nobody works at a "
        "machine alone. "
    ) * 4
    found = find_concepts(
        read_markdown(
            f"# Machines\n\n{opening}\n\n|  | Lecture | Reading |\n|---|---|---|\n{rows}", source="notes.md"
        )
    )
    assert [(c.title, c.number) for c in found.concepts] == [
        ("Levers", (2,)),
        ("Pulleys", (3,)),
        ("Gears", (4,)),
        ("Belts", (5,)),
    ]


def test_a_holiday_among_the_topics_of_a_table_is_left_out_and_reported() -> None:
    topics = (
        "Paging and page tables",
        "Process scheduling",
        "Thanksgiving, no class",
        "Deadlock",
        "File systems",
        "Virtual machines",
        "Device drivers",
    )
    rows = "".join(f"| {i} | 11/{i + 2} | {topic} | chapter {i} | |\n" for i, topic in enumerate(topics, 1))
    opening = (
        "Readings are due before the session that they stand beside. Labs are released on Tuesdays and "
        "due two weeks later. "
    ) * 10
    document = read_markdown(
        f"# Operating systems, autumn term\n\n{opening}\n\n## Schedule\n\n| Week | Date | Topic | Reading |"
        f" Due |\n|---|---|---|---|---|\n{rows}",
        source="os.md",
    )
    found = find_concepts(document)
    assert [c.title for c in found.concepts] == [t for t in topics if "class" not in t]
    assert "Thanksgiving, no class" in {one.text for one in found.skipped}


@pytest.mark.parametrize("title", ["Monday, April 19", "4 Sep", "Montag 12. März", "September 11, 2025"])
def test_a_date_is_no_concept(title: str) -> None:
    assert is_date(title)


@pytest.mark.parametrize(
    "title", ["1984", "May 1968", "Times of day", "2D", "The 1848 revolutions", "August 4, 1789"]
)
def test_what_happened_on_a_day_of_long_ago_can_be_one(title: str) -> None:
    assert not is_date(title)


def test_topics_under_headings_that_are_dates_are_the_concepts() -> None:
    days = ("Jan. 13, 2025", "Jan. 20, 2025", "Jan. 27, 2025", "Feb. 3, 2025")
    topics = ("How to read a case", "Compensatory damages", "Reasonable care", "Factual cause")
    found = titles(
        "# Torts\n\n" + "".join(f"## {day}\n\n- {topic}\n\n" for day, topic in zip(days, topics, strict=True))
    )
    assert not any(is_date(t) for t in found)
    assert [t for t in topics if t in found] == list(topics)


def test_options_of_a_question_are_no_titles() -> None:
    text = (
        "# First aid\n\nWhat do you do first with a burn?\n\n- [ ] Put ice on the burn\n"
        "- [x] Cool it with water\n\nTopics:\n\n- [x] Burns\n- [ ] Choking\n"
    )
    found = {
        t
        for unit in units(read_markdown(text, source="notes.md").blocks)
        for r in unit.readings
        for t in r.titles
    }
    assert {"Burns", "Choking"} <= found
    assert not {"Put ice on the burn", "Cool it with water"} & found


def test_what_stands_after_labels_in_one_paragraph_is_a_unit_of_its_own() -> None:
    blocks = read_markdown(
        "## Monday\n\n**Topic:** Contact metamorphism  \n**Slides:** deck 4  \n**Homework:** Problem set 2\n",
        source="doc.md",
    ).blocks
    fields = {u.label: u.readings[0].titles for u in units(blocks) if u.kind == "field"}
    assert fields == {
        "Topic": ["Contact metamorphism"],
        "Slides": ["deck 4"],
        "Homework": ["Problem set 2"],
    }


def test_numbered_topics_that_run_on_in_a_paragraph_are_parted_at_their_numbers() -> None:
    text = (
        "1.1 Moles and molar mass 1.2 Mass spectra of elements 1.3 Composition of mixtures "
        "1.4 Electron configuration 1.5 Periodic trends"
    )
    (unit,) = units([Block("paragraph", text, (1, 5))])
    assert unit.readings[0].titles == [
        "Moles and molar mass",
        "Mass spectra of elements",
        "Composition of mixtures",
        "Electron configuration",
        "Periodic trends",
    ]


def test_every_block_and_cell_has_a_role_with_probabilities_that_sum_to_one() -> None:
    document = read_markdown(SYLLABUS, source="doc.md")
    told = roles(document)
    assert told is not None
    assert len(told.blocks()) == len(document.blocks)
    row = next(at for at, b in enumerate(document.blocks) if len(b.cells) > 1)
    for role in [*told.blocks(), told.of(row, 0), told.of(row, 1)]:
        assert role.name in ROLES
        assert sum(role.chances) == pytest.approx(1)
        assert 0 < role.probability <= 1
    assert told.of(0).name == "title"
    assert roles(document) is told


@pytest.mark.slow
def test_a_document_of_too_many_blocks_and_cells_has_no_roles() -> None:
    cells = 50
    row = "|a" * cells + "|\n"
    head = "# Birds\n\n" + row + "|-" * cells + "|\n"
    most = (MOST - 1) // (cells + 1)  # the heading is one, a row is one besides its cells
    assert roles(read_markdown(head + most * row, source="doc.md")) is not None
    document = read_markdown(head + (most + 1) * row, source="doc.md")
    assert roles(document) is None
    at = len(document.blocks) - 1
    assert learned(document, at) == ""
    assert learned(document, at, 0) == "none"


def test_of_a_split_text_the_half_that_is_not_taken_is_left_out() -> None:
    document = read_markdown("# Weaving\n\n- Warp and weft\n", source="doc.md")
    found = Found()
    found.concepts.append(Concept("Warp", document, 1, [], ("Weaving",)))
    found.probabilities = {"warp": 0.5, "weft": 0.2}
    (weft,) = [one for one in left_out(document, found, ()) if one.lines == (3, 3)]
    assert (weft.text, weft.probability) == ("weft", 0.2)


def test_where_nothing_is_taken_nothing_is_said_to_be_less_likely_than_it() -> None:
    document = read_markdown("# Zzyx\n\nQwrk blm.\n", source="doc.md")
    found = Found()
    found.probabilities = {"zzyx": 0.1}
    assert not any("than what was taken" in one.reason for one in left_out(document, found, ()))


def test_the_lines_of_one_cell_are_in_the_order_of_the_cell() -> None:
    reading = read(Readers(Host()).read(Source("course.rst", TABLE_OF_PARTS.encode())))
    titles = [c.title for c in reading.concepts]
    place = {c.id: k for k, c in enumerate(reading.concepts)}
    assert titles.index("Intermediate Python") == titles.index("The basics of Python") + 1
    assert titles[-6:] == [
        "How physics makes a model",
        "Series and recurrence relations",
        "Fitting a model to measured data",
        "Numerical integration",
        "Systems of linear differential equations",
        "Non-linear systems",
    ]
    assert all(place[e.prerequisite] < place[e.dependent] for e in reading.edges)


def test_policies_beside_a_schedule_are_no_concepts() -> None:
    policies = "".join(
        f"### {name}\n\nSee the pages of the university on it, and write to us in the first two weeks.\n\n"
        for name in ("Honor Code", "Student Names and Pronouns", "Religious Holidays", "Mental Health")
    )
    found = find_concepts(read_markdown(SYLLABUS + "\n## More\n\n" + policies, source="s.md"))
    titles = {c.title for c in found.concepts}
    assert {"Weathering and soils", "Deltas"} <= titles
    assert not titles & {"Honor Code", "Student Names and Pronouns", "Religious Holidays"}


@pytest.mark.parametrize(
    ("item", "title"),
    [
        ("(10 min) – The forces of flight", "The forces of flight"),
        ("Propositional logic | Homework 4 | room 2", "Propositional logic"),
        ("Lecture 9", None),
        ("Students will be able to name the parts", "Name the parts"),
        (r"\\usepackage{fvextra}", None),
        ("Week Four: Gliders and kites", "Gliders and kites"),
        ("How " + "very " * 20 + "long", None),
    ],
)
def test_no_reading_names_what_the_rules_refuse(item: str, title: str | None) -> None:
    text = f"# Flying\n\n## Engines\n\nThey turn.\n\n## Wings\n\nThey lift.\n\n## {item}\n\nIt is shown.\n"
    titles = [c.title for c in find_concepts(read_markdown(text, source="f.md")).concepts]
    assert titles == ["Engines", "Wings", *([title] if title else [])]


def test_texts_of_one_column_that_have_a_colon_are_read_alike() -> None:
    topics = [
        "Causality: Randomized experiments",
        "Causality: Observational studies",
        "Measurement: Survey sampling",
        "Measurement: Clustering",
        "Prediction: Regression",
        "Probability: Random variables",
        "Uncertainty: Hypothesis testing",
    ]
    rows = "".join(f"| Jan. {9 + k} | {t} | Chapter {k} |\n" for k, t in enumerate(topics))
    text = f"# Course of research\n\n## Schedule\n\n| Week | Topic | Readings |\n|---|---|---|\n{rows}"
    blocks = read_markdown(text, source="c.md").blocks
    assert [c.text for c in recognise(blocks).chosen] == topics


def test_a_table_of_contents_names_nothing_by_itself() -> None:
    text = "# T\n\n- [Wrath and darkness](#wrath-and-darkness)\n- [Names](names.md)\n\n"
    text += "## Wrath and darkness\n\nText.\n"
    recognition = recognise(read_markdown(text, source="c.md").blocks)
    of = {c.unit.at: c.probability for c in (*recognition.chosen, *recognition.left)}
    assert 1 not in of
    assert of[2] > 0
