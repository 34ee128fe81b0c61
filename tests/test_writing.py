"""What the nodes of the provider `internal` say: sentences of the source, and gaps where it has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from dagogy.api.plugins import ProviderInfo
from dagogy.api.providers import Proposal, ProposeRequest, ProviderSettings
from dagogy.api.rules import Finding
from dagogy.pipeline.rule_context import RunContext
from dagogy.pipeline.spec import synthesise_spec
from dagogy.workspace.files import to_json
from dagogy_provider_internal.language.frames import LANGUAGES, Frames, language_of
from dagogy_provider_internal.provider import Internal
from dagogy_provider_internal.writing.standing import is_task, is_topic, plain, stands
from dagogy_reader_markdown.reader import read_markdown
from support import complete_spec

LOOPS = """# Programming in short

## While loops

A while loop runs its block as long as a condition holds.
However, the condition is tested before each turn of a while loop.
This is what we saw in the last chapter.
Common mistake: A while loop whose condition never changes does not end.

### Exercise

Write a while loop that counts from 1 to 10.

## For loops

A for loop takes the items of a sequence one after the other.

- Ranges of numbers
- The loop variable after the loop

## Recursion
"""


def proposed(
    text: str, judged: Callable[[Any, Any], Sequence[Finding]] = lambda draft, reading: (), **changes: Any
) -> Proposal:
    document = read_markdown(text, source="scope.md", location="inputs/scope.md")
    provider = Internal(
        ProviderInfo(id="internal", summary="s", api_version=1, impl="x:X"), ProviderSettings()
    )
    reading = provider.read_scope(document)
    data = synthesise_spec(document, reading, b"", to_json(complete_spec({})))
    spec = RunContext(b"", data).spec
    for name, value in changes.items():
        setattr(spec, name, value)
    return provider.propose(ProposeRequest(spec=spec, sources=[document], reading=reading, judged=judged))


def nodes_of(proposal: Proposal) -> dict[str, dict[str, Any]]:
    return {node["title"]: node for node in proposal.curriculum["nodes"]}


def gaps_of(node: dict[str, Any]) -> set[str]:
    return {gap["field"] for gap in node["gaps"]}


def test_ideas_pitfalls_and_tasks_are_sentences_of_the_source() -> None:
    node = nodes_of(proposed(LOOPS))["While loops"]
    assert node["core_ideas"] == [
        "A while loop runs its block as long as a condition holds.",
        "The condition is tested before each turn of a while loop.",
    ]
    assert node["pitfalls"] == ["A while loop whose condition never changes does not end."]
    assert node["mastery_check"]["task"] == "Write a while loop that counts from 1 to 10."


def test_each_quotation_is_told_with_its_lines() -> None:
    reading = proposed(LOOPS).reading
    assert reading is not None
    lines = LOOPS.splitlines()
    assert reading.quotations
    for quotation in reading.quotations:
        told = " ".join(lines[quotation.lines[0] - 1 : quotation.lines[1]])
        assert quotation.text.rstrip(".").casefold()[1:] in told.casefold()
    assert {q.place for q in reading.quotations if q.node == "while-loops"} == {
        "core_ideas/0",
        "core_ideas/1",
        "pitfalls/0",
        "mastery_check/task",
    }


def test_what_the_source_does_not_say_is_a_gap_and_no_sentence() -> None:
    node = nodes_of(proposed(LOOPS))["Recursion"]
    assert (node["core_ideas"], node["pitfalls"], node["mastery_check"]["pass_criteria"]) == ([], [], "")
    assert gaps_of(node) == {"core_ideas", "pitfalls", "mastery_check"}
    assert all(gap["reason"] for gap in node["gaps"])
    assert node["estimate_confidence"] <= 0.3


def test_an_exercise_without_a_solution_has_no_made_up_criterion() -> None:
    node = nodes_of(proposed(LOOPS))["While loops"]
    assert node["mastery_check"]["pass_criteria"] == ""
    assert "mastery_check" in gaps_of(node)


def test_parts_that_an_item_names_are_quoted_as_they_stand() -> None:
    ideas = nodes_of(proposed(LOOPS))["For loops"]["core_ideas"]
    assert ideas == [
        "A for loop takes the items of a sequence one after the other.",
        "Ranges of numbers",
        "The loop variable after the loop",
    ]


def test_a_wrong_option_is_never_a_fact_and_the_right_one_is_the_criterion() -> None:
    text = (
        "# Quiz on bread\n\n## Proofing\n\nProofing is the last rise of the dough before it is baked.\n\n"
        "What does proofing do?\n\n- [ ] It makes the crust burn in the oven.\n"
        "- [x] It lets the dough rise a last time.\n\n## Scoring\n\n"
        "Scoring is a cut in the crust of the loaf.\n"
    )
    node = nodes_of(proposed(text))["Proofing"]
    said = [*node["core_ideas"], *node["pitfalls"], *node["mastery_check"].values()]
    assert not any("burn" in part for part in said)
    assert node["mastery_check"] == {
        "task": "What does proofing do?",
        "pass_criteria": "It lets the dough rise a last time.",
    }


def test_what_a_rule_refuses_gives_way_to_the_next_sentence_and_then_to_a_gap() -> None:
    def refuse(draft: Any, reading: Any) -> list[Finding]:
        return [
            Finding("no", severity="error", pointer=f"/nodes/{i}/core_ideas/{k}", node_id=node["id"])
            for i, node in enumerate(draft["nodes"])
            for k, idea in enumerate(node["core_ideas"])
            if "sequence" in idea or "Ranges" in idea or "block" in idea
        ]

    proposal = proposed(LOOPS, refuse)
    nodes = nodes_of(proposal)
    assert nodes["For loops"]["core_ideas"] == ["The loop variable after the loop"]
    assert "core_ideas" in gaps_of(nodes["For loops"])
    assert nodes["While loops"]["core_ideas"] == ["The condition is tested before each turn of a while loop."]
    assert not refuse(proposal.curriculum, None)


def test_a_rule_that_refuses_everything_leaves_gaps_and_ends() -> None:
    def refuse(draft: Any, reading: Any) -> list[Finding]:
        return [
            Finding("no", severity="error", pointer=f"/nodes/{i}/{name}")
            for i, node in enumerate(draft["nodes"])
            for name in ("capability", "core_ideas", "pitfalls", "mastery_check/task")
            if node["mastery_check"]["task"] or node["capability"] or node["core_ideas"] or node["pitfalls"]
        ]

    for node in proposed(LOOPS, refuse).curriculum["nodes"]:
        assert (node["capability"], node["core_ideas"], node["pitfalls"]) == ("", [], [])
        assert gaps_of(node) == {"capability", "core_ideas", "pitfalls", "mastery_check"}


def test_the_same_document_gives_the_same_curriculum() -> None:
    assert proposed(LOOPS).curriculum == proposed(LOOPS).curriculum


def test_standard_evidence_without_an_example_is_a_gap() -> None:
    nodes = nodes_of(proposed(LOOPS, evidence_mode="standard"))
    assert "resources" in gaps_of(nodes["For loops"])
    assert "resources" not in gaps_of(nodes["While loops"])
    assert {r["role"] for r in nodes["While loops"]["resources"]} >= {"definition", "example"}


def test_estimates_are_steps_of_five_and_are_not_stretched_to_fill_the_hours() -> None:
    proposal = proposed(LOOPS)
    minutes = [node["estimate_minutes"] for node in proposal.curriculum["nodes"]]
    assert all(m % 5 == 0 for m in minutes)
    document = read_markdown(LOOPS, source="scope.md", location="inputs/scope.md")
    spec = RunContext(b"", to_json(complete_spec({}))).spec
    spec.constraints.total_hours_min, spec.constraints.total_hours_max = 200, 300
    provider = Internal(
        ProviderInfo(id="internal", summary="s", api_version=1, impl="x:X"), ProviderSettings()
    )
    large = provider.propose(
        ProposeRequest(spec=spec, sources=[document], reading=provider.read_scope(document))
    )
    same = {n["id"]: n["estimate_minutes"] for n in large.curriculum["nodes"]}
    assert all(same[n["id"]] == n["estimate_minutes"] for n in proposal.curriculum["nodes"])
    assert "the topic spec has 200 to 300 h" in large.notes[0]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A loop repeats a block of statements."),
        ("de", "Eine Schleife wiederholt einen Block von Anweisungen."),
        ("fr", "Une boucle répète un bloc d'instructions."),
        ("es", "Un bucle repite un bloque de instrucciones mientras se cumple la condición."),
        ("pt", "Um laço repete um bloco de instruções."),
        ("it", "Un ciclo ripete un blocco di istruzioni."),
        ("ru", "Цикл повторяет блок инструкций."),
        ("zh", "循环语句重复执行一个语句块。"),
        ("ja", "ループは文のブロックを繰り返し実行する。"),
    ],
)
def test_a_whole_sentence_stands_alone_and_its_language_is_recognised(language: str, text: str) -> None:
    assert stands(text, language)
    document = read_markdown(f"# X\n\n{text} {text}\n", source="s.md", location="inputs/scope.md")
    assert language_of(document) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "This makes the loop stop at once."),
        ("en", "It is used to repeat a block of code."),
        ("en", "The loop has the following three parts:"),
        ("en", "Otherwise, the dough is thrown away."),
        ("de", "Zum Beispiel läuft eine Schleife zehnmal."),
        ("en", "What happens if the condition is false?"),
        ("en", "and then repeats the block until it ends."),
        ("en", "In this chapter we will look at loops."),
        ("en", "A loop (see the box repeats its block."),
        ("en", "The loop repeats its block and"),
        ("de", "Diese wird so lange wiederholt, bis sie endet."),
        ("de", "Außerdem wird der Block wiederholt ausgeführt."),
        ("fr", "Cela permet de répéter un bloc d'instructions."),
        ("es", "Esto permite repetir un bloque de instrucciones."),
        ("it", "Questo permette di ripetere un blocco di istruzioni."),
        ("pt", "Isto permite repetir um bloco de instruções."),
        ("ru", "Это позволяет повторять блок инструкций."),
        ("zh", "这可以重复执行一个语句块。"),
        ("ja", "これはブロックを繰り返し実行する。"),
    ],
)
def test_what_leans_on_its_neighbours_is_not_quoted(language: str, text: str) -> None:
    assert not stands(text, language)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "However, a loop can be left early.", "A loop can be left early."),
        ("en", "But a loop can be left early.", "A loop can be left early."),
        ("en", "1. Mix flour and water.", "Mix flour and water."),
        ("en", "First aid is given at once.", "First aid is given at once."),
        ("fr", "Cependant, une boucle peut être quittée.", "Une boucle peut être quittée."),
        ("zh", "因此，循环可以提前结束。", "循环可以提前结束。"),
    ],
)
def test_only_connectives_and_list_marks_are_taken_off(language: str, text: str, expected: str) -> None:
    assert plain(text, language) == expected


@pytest.mark.parametrize("text", ["Practice stations", "Solve the exercise below.", "Use the table above:"])
def test_a_label_or_what_needs_its_surroundings_is_no_task(text: str) -> None:
    assert not is_task(text, "en")


def test_a_fragment_that_was_led_in_is_no_part() -> None:
    assert not is_topic("to sell alcohol to anyone under the age of 18", "en")
    assert is_topic("Proper hand placement", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_frame_is_there_in_every_language_with_its_slots(language: str) -> None:
    from dagogy_provider_internal.writing import node

    frames = [*node._CAPABILITIES.values(), *filter(None, node._TASKS.values()), node._TELL_APART]
    for frame in frames:
        text = Frames(language)(frame, name="NAME", other="OTHER")
        assert ("NAME" in text, "OTHER" in text) == ("{name}" in frame, "{other}" in frame)
        assert language == "en" or text != frame.format(name="NAME", other="OTHER")


def test_a_language_without_frames_gets_quotations_and_gaps() -> None:
    text = (
        "# Programowanie\n\n## Pętle\n\nPętla powtarza blok instrukcji tak długo, jak długo warunek jest "
        "spełniony.\n\nWarunek pętli jest sprawdzany przed każdym powtórzeniem.\n\n## Funkcje\n\n"
        "Funkcja zbiera instrukcje pod jedną nazwą.\n"
    )
    node = nodes_of(proposed(text))["Pętle"]
    assert len(node["core_ideas"]) == 2
    assert (node["capability"], node["mastery_check"]["task"]) == ("", "")
    assert {"capability", "mastery_check"} <= gaps_of(node)


def test_german_frames_hold_no_english() -> None:
    text = (
        "# Programmieren\n\n## Schleifen\n\nEine Schleife wiederholt einen Block von Anweisungen.\n\n"
        "Die Bedingung einer Schleife wird vor jedem Durchlauf geprüft.\n\n## Funktionen\n\n"
        "Eine Funktion fasst Anweisungen unter einem Namen zusammen.\n"
    )
    node = nodes_of(proposed(text))["Schleifen"]
    assert node["capability"] == "„Schleifen“ erklären."
    assert node["mastery_check"]["task"].startswith("„Schleifen“ mit eigenen Worten erklären")
    assert node["mastery_check"]["pass_criteria"].startswith("Zu prüfende Punkte:\n• Eine Schleife")
    assert {gap["reason"] for gap in node["gaps"]} == {"Die Quelle warnt vor keinem Fehler."}


def test_a_name_stands_in_a_sentence_as_the_source_writes_it() -> None:
    nodes = nodes_of(proposed(LOOPS))
    assert nodes["While loops"]["capability"] == "Explain while loops."
