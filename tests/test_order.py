"""What puts one concept before another: the signals of the provider `internal`, one by one, and what is
believed against what.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from dagogy_reader_markdown.reader import read_markdown

pytest.importorskip("dagogy_provider_internal")
from dagogy_provider_internal.language.keys import tokens
from dagogy_provider_internal.ordering.arrangement import _components
from dagogy_provider_internal.ordering.levels import levels
from dagogy_provider_internal.ordering.weights import DEFAULT, SIGNALS, Weights
from dagogy_provider_internal.reading.concepts import find_concepts
from dagogy_provider_internal.study import Studied, read, study

MUSIC = ["Modulation", "Rhythm", "Key signatures", "Counterpoint", "Intervals", "Staff notation"]
PLAIN = (
    "# Notes\n\n## Tonal harmony\n\nHarmony of chords.\n\n## Chords\n\nThree notes at once.\n\n## Notes\n\n"
    "A note is a sound.\n"
)


def studied(text: str, weights: Weights = DEFAULT) -> Studied:
    document = read_markdown(text, source="notes.md")
    return study(find_concepts(document).concepts, 4, document.title, weights)


def order(text: str) -> list[str]:
    result = studied(text)
    return [result.concepts[i].title for i in result.arrangement.order]


def edges(text: str, weights: Weights = DEFAULT) -> set[tuple[str, str]]:
    result = studied(text, weights)
    return {
        (result.concepts[e.before].title, result.concepts[e.after].title) for e in result.arrangement.edges
    }


def bullets(items: list[str]) -> str:
    return "# Notes\n\nIn no particular order.\n\n" + "".join(f"- {i}\n" for i in items)


def test_bare_labels_stand_by_the_level_of_their_terms() -> None:
    found = order(bullets(MUSIC))
    assert set(found[:2]) == {"Rhythm", "Staff notation"}
    assert set(found[-2:]) == {"Modulation", "Counterpoint"}


def test_a_level_alone_is_no_edge() -> None:
    assert edges(bullets(MUSIC), replace(DEFAULT, knowledge=0)) == set()


def test_what_the_vocabulary_says_of_two_terms_is_an_edge_that_tells_so() -> None:
    result = studied(bullets(MUSIC))
    (edge,) = (
        e
        for e in result.arrangement.edges
        if (result.concepts[e.before].title, result.concepts[e.after].title)
        == ("Key signatures", "Modulation")
    )
    (piece,) = (p for p in edge.pieces if p.kind == "knowledge")
    assert not piece.quote, "no line of the source says it"
    assert piece.note == "general knowledge: “modulation” needs “key signature”"


def test_what_the_source_says_of_a_pair_outweighs_general_knowledge() -> None:
    text = (
        "# Music\n\n## Modulation\n\nA change of the tonal centre.\n\n## Key signatures\n\n"
        "Requires modulation. Sharps and flats at the clef, read with modulation in mind.\n"
    )
    assert edges(text) == {("Modulation", "Key signatures")}


def test_an_edge_tells_what_the_vocabulary_says_for_its_direction() -> None:
    result = studied(
        "# Music\n\n## Counterpoint\n\nTwo voices that sing in intervals.\n\n## Interval\n\n"
        "The distance of two tones.\n"
    )
    (edge,) = result.arrangement.edges
    assert result.concepts[edge.before].title == "Interval"
    assert edge.pieces[0].kind == "mention"
    (level,) = (p for p in edge.pieces if p.kind == "level")
    assert not level.quote, "no line of the source says it"
    assert level.note.startswith("general knowledge: “Interval” is usually met")
    assert "“Counterpoint”" in level.note


def test_a_term_has_the_level_of_the_field_that_the_document_is_of() -> None:
    computing = ["Kernel", "Process", "Scheduler", "Interrupt"]
    learning = ["Kernel", "Regression", "Overfitting", "Gradient descent"]
    bare = [[] for _ in computing]
    system, data = levels(computing, bare, 0)[0], levels(learning, bare, 0)[0]
    assert system is not None
    assert data is not None
    assert system < data


def test_words_that_no_field_knows_have_no_level_and_cost_nothing() -> None:
    assert levels(["Xyzzy", "Пример"], [[], []], 0.5) == [None, None]


def test_the_text_moves_the_level_of_a_name() -> None:
    texts = [
        tokens("counting numbers and adding two numbers on a number line"),
        tokens("eigenvalues of a linear operator on a Hilbert space"),
    ]
    named = levels(["Addition", "Addition again"], texts, 0)
    moved = levels(["Addition", "Addition again"], texts, 0.5)
    assert all(named)
    assert all(moved)
    low, high = (v for v in moved if v)
    assert low < high
    assert named[0] == named[1]


@pytest.mark.parametrize(
    "text",
    [
        "# Course\n\n1. Closures\n2. Generics\n3. Booleans\n4. Variables\n5. Introduction to integers\n",
        (
            "# Course\n\nThe topics in teaching order.\n\n- Closures\n- Generics\n- Booleans\n- Variables\n"
            "- Introduction to integers\n"
        ),
        (
            "# Course\n\n## Week 3: Booleans\n\nTrue.\n\n## Week 1: Closures\n\nFunctions with memory.\n\n"
            "## Week 2: Generics\n\nTypes for booleans.\n\n"
            "## Week 4: Variables\n\nNames.\n\n## Week 5: Introduction to integers\n\nWhole.\n"
        ),
    ],
)
def test_a_stated_order_is_believed_against_all_general_knowledge(text: str) -> None:
    assert order(text) == ["Closures", "Generics", "Booleans", "Variables", "Introduction to integers"]


@pytest.mark.parametrize("group", ["Week {}", "Unit {}", "Module {}: a part"])
def test_numbered_groups_state_the_order_between_them(group: str) -> None:
    parts = [["Metaclasses", "Decorators"], ["Booleans", "Variables"], ["Loops", "Introduction to integers"]]
    text = "# Course\n\n" + "\n".join(
        f"## {group.format(k + 1)}\n\n" + "".join(f"- {x}\n" for x in part) for k, part in enumerate(parts)
    )
    found = order(text)
    assert [set(found[k : k + 2]) for k in (0, 2, 4)] == [set(p) for p in parts]


def test_only_a_declared_prerequisite_turns_a_stated_order_round() -> None:
    text = (
        "# Course\n\n1. **Sauces**: Requires stocks.\n2. **Stocks**: Bones and water.\n"
        "3. **Soups**: Made of stocks.\n4. **Roux**: Flour.\n"
    )
    found = order(text)
    assert found.index("Stocks") < found.index("Sauces") < found.index("Soups") < found.index("Roux")


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_a_document_that_calls_itself_unordered_changes_nothing(seed: int) -> None:
    sections = PLAIN.replace("# Notes\n", "# Notes\n\nIn no particular order.\n", 1).split("\n## ")
    extra = [
        "Rhythm\n\nBeats in time.\n",
        "Counterpoint\n\nVoices against voices; each note against a note.\n",
        "Scales\n\nNotes in order of pitch.\n",
    ]
    first, rest = sections[0], [*sections[1:], *extra]
    shuffled = rest[:]
    random.Random(seed).shuffle(shuffled)
    assert edges("\n## ".join([first, *shuffled])) == edges("\n## ".join([first, *rest]))


def test_each_signal_can_be_switched_off_and_every_weight_is_of_one() -> None:
    named = {field for fields in SIGNALS.values() for field in fields}
    for fields in SIGNALS.values():
        assert studied(PLAIN, replace(DEFAULT, **dict.fromkeys(fields, 0))).arrangement.order
    assert named <= set(Weights.__dataclass_fields__)


def test_a_glossary_behind_numbered_chapters_has_no_place_in_their_order() -> None:
    found = {
        "Colony": "A colony lives.",
        "Hive": "A hive has a super on top.",
        "Brood": "Brood grows.",
        "Harvest": "Honey is taken.",
        "Varroa": "A mite.",
        "Winter": "It is cold.",
    }
    chapters = "".join(f"## {k}. {name}\n\n{text}\n\n" for k, (name, text) in enumerate(found.items(), 1))
    glossary = (
        "## Glossary\n\n- **Super**: a box for honey.\n- **Smoker**: a can that smokes.\n"
        "- **Propolis**: resin that bees gather.\n"
    )
    edges = read(read_markdown(f"# Bees\n\n{chapters}{glossary}", source="notes.md")).edges
    stated = [e for e in edges if e.kind == "order"]
    assert stated
    assert not [e for e in stated if {"super", "smoker", "propolis"} & {e.prerequisite, e.dependent}]


def test_what_goes_round_in_the_evidence_is_one_component() -> None:
    pairs = {(0, 1): 0.9, (1, 2): 0.8, (2, 0): 0.7, (2, 3): 0.6, (4, 5): 0.5}
    assert _components(6, pairs) == [0, 0, 0, -1, -1, -1]
    assert _components(6, {pair: weight for pair, weight in pairs.items() if pair != (2, 0)}) == [-1] * 6
