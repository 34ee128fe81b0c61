"""Words of many languages: what is compared without regard to endings, and that no rule doubts what the
source says in its own language.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from dagogy.api.text import Words
from junk_support import judged, proposed

SCOPE = Path(__file__).parent / "data/scope"
PROSE = """# Основы механики

Этот курс для студентов первого курса.

## Скорость

Скорость показывает, какой путь тело проходит за единицу времени. Скорость измеряют в метрах в секунду.

## Сила

Сила — это мера действия одного тела на другое. Под действием силы тело меняет свою скорость или форму. Часто забывают, что сила имеет направление.

## Масса

Масса тела определяет, насколько трудно изменить его скорость. Чем больше масса, тем меньше ускорение при той же силе. Массу часто путают с весом.

## Импульс

Импульсом тела называют произведение его массы на скорость. Импульс замкнутой системы сохраняется.

## Работа

Работу совершает сила, когда тело под её действием перемещается. Работа равна произведению силы на путь.

## Энергия

Энергия тела показывает, какую работу оно может совершить. Кинетическая энергия зависит от массы и квадрата скорости.
"""  # noqa: E501


@pytest.mark.parametrize(
    "forms",
    [
        "сила силы силе силой силу",
        "работа работу работы работой",
        "закон законов законами",
        "книга книги книгою",
        "δύναμη δύναμης δυνάμεις",
        "كتاب الكتاب كتابه",
        "लड़का लड़के",
        "force forces forced",
        "fermentation fermentations",
        "naïvely naïve",
    ],
)
def test_forms_of_a_word_have_the_same_key(forms: str) -> None:
    assert len({tuple(Words.keys(word)) for word in forms.split()}) == 1


def test_different_words_and_words_of_scripts_without_stems_keep_their_characters() -> None:
    assert len({tuple(Words.keys(word)) for word in ("сила", "село", "силос", "lemma1", "lemma12")}) == 5
    assert [Words.stem(word) for word in ("שיעור", "한국어", "บทเรียน", "việt", "ếch")] == [
        "שיעור",
        "한국어",
        "บทเรียน",
        "việt",
        "ếch",
    ]
    assert Words.keys("二分查找") == ["二分", "分查", "查找"]
    assert Words.keys("茶") == ["茶"]


@pytest.mark.parametrize(
    "name",
    [
        "statistika-ru",
        "shakhmaty-ru",
        "cuisine-fr",
        "bienenkunde-de",
        "strafrecht-de",
        "hypothek-prosa-de",
        "cocina-es",
        "kendo-es",
        "contabilidade-pt",
        "matematica-it",
        "turkce-hukuk-tr",
        "mishpat-he",
        "nahw-ar",
        "korean-pottery-ko",
        "ikebana-ja",
        "suanfa-zh",
        "ecologie-prose-fr",
        "",
    ],
)
def test_what_is_taken_from_a_source_is_found_in_it_in_any_language(name: str) -> None:
    run = proposed((SCOPE / f"{name}.md").read_text(encoding="utf-8") if name else PROSE)
    assert [f.message for f in judged(run) if f.rule_id == "quality.grounding"] == []


def test_an_idea_that_names_its_concept_in_another_case_is_not_taken_for_that_of_another_concept() -> None:
    run = proposed(PROSE)
    [force] = [node for node in run.curriculum["nodes"] if node["title"] == "Сила"]
    force["core_ideas"] = [
        "Работа равна произведению силы на путь.",
        "При той же силе ускорение тем меньше, чем больше масса тела.",
    ]
    force["resources"] = force["resources"][:1]
    assert [f.message for f in judged(run) if f.rule_id == "quality.grounding"] == []
    force["core_ideas"] = [
        "Кинетическая энергия зависит от массы и квадрата скорости.",
        "Квадратные корни матриц вычисляют разложением Шура.",
    ]
    assert len([f for f in judged(run) if f.rule_id == "quality.grounding"]) == 2
