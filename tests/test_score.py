"""What a curriculum scores that is perfect in form: one of concepts, one of administration, a skeleton."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from dagogy.api.rules import Measure
from dagogy.api.scope import Block, ScopeDocument
from dagogy.host.manager import Host, Selection
from dagogy.kit.cases import complete_node
from dagogy.pipeline.judge import Judge, ValidationResult
from dagogy.pipeline.measures import unusable_measure
from dagogy.pipeline.rule_context import RunContext
from dagogy.workspace.files import to_json
from support import complete_spec

CONCEPTS = ("Warp and weft", "Plain weave", "Twill weave", "Tapestry", "Dyeing wool", "Finishing cloth")
NONE = {
    "en": ("Honor code", "CU Community of Care", "Office hours", "Attendance policy", "Grading"),
    "dates": ("Mon 15 January", "Labor Day", "Spring break", "Sep 3, 2024", "2024-03-15"),
    "cv": ("Summary", "Work experience", "Education", "Language skills", "References"),
    "plan": ("Goals", "Week 1: Foundations", "Week 4: Pilot", "Risks", "Project timeline"),
    "de": ("Sprechstunde", "Benotung", "Anwesenheit", "Ehrenkodex", "Kontakt"),
    "fr": ("Barème", "Jour férié", "Mentions légales", "Assiduité", "Inscription"),
    "es": ("Horario de tutorías", "Política de asistencia", "Profesorado", "Calificaciones"),
    "pt": ("Código de honra", "Feriado nacional", "Critérios de avaliação", "Contato"),
    "it": ("Orario di ricevimento", "Vacanze di Natale", "Modalità d'esame", "Contatti"),
    "ru": ("Часы консультаций", "Посещаемость", "Кодекс чести", "Контакты", "Оценки"),
    "zh": ("考勤", "联系方式", "成绩评定", "国庆放假", "教室"),
    "ja": ("オフィスアワー", "成績評価", "休講", "担当教員", "教室"),
}
EMPTY = {
    "core_ideas": [],
    "pitfalls": [],
    "mastery_check": {"task": "", "pass_criteria": ""},
}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Host(Selection(third_party=False)), {})


def judged(
    judge: Judge, titles: Sequence[str], document: ScopeDocument | None = None, **part: Any
) -> ValidationResult:
    nodes = [
        complete_node({"id": f"n{i}", "title": t, "prerequisites": [f"n{i - 1}"] if i else [], **part}, i)
        for i, t in enumerate(titles)
    ]
    data = to_json({"schema_version": "1.1", "topic": "Course", "nodes": nodes, "open_questions": []})
    spec = to_json(complete_spec({"scope_in": list(titles), "evidence_mode": "minimal"}))
    return judge.judge(RunContext(data, spec, sources=lambda: (document,) if document else ()))


@pytest.mark.parametrize("kind", NONE)
def test_a_curriculum_of_administration_dates_or_of_no_course_scores_at_most_60(
    judge: Judge, kind: str
) -> None:
    result = judged(judge, NONE[kind])
    assert result.score <= 60
    assert not result.passed


def test_concepts_lose_nothing_by_weights(judge: Judge) -> None:
    result = judged(judge, CONCEPTS)
    assert {m.name: m.value for m in result.measures if m.weight} == {
        "concepts": 1,
        "filled": 1,
        "coverage": 1,
    }


def test_each_wrong_title_costs_its_share(judge: Judge) -> None:
    few, more = (judged(judge, [*CONCEPTS, *NONE["en"][:k]]) for k in (1, 3))
    assert more.score < few.score <= 100 * 6 / 7


def test_a_skeleton_scores_visibly_less_than_what_is_written(judge: Judge) -> None:
    gaps = [{"field": name, "reason": "The source says nothing."} for name in EMPTY]
    weights = {m.name: m for m in judged(judge, CONCEPTS, gaps=gaps, **EMPTY).measures}
    assert weights["filled"].value == 0.4
    assert weights["filled"].weight * 0.6 >= 10


def test_nonsense_beside_a_document_scores_at_most_60(judge: Judge) -> None:
    text = "A warp is the set of threads that is held by the loom, and the weft is drawn through it. " * 12
    document = ScopeDocument("a.md", "inputs/scope.md", text, (Block("paragraph", text, (1, 1)),))
    assert judged(judge, ("Blorf zik", "Quux fnord", "Wibble womp", "Zzxcv lkjh"), document).score <= 60


@pytest.mark.parametrize("weight", [-1, 101, float("nan"), "30", None])
def test_a_weight_is_a_number_of_points(weight: Any) -> None:
    assert "a number from 0 to 100 is wanted" in unusable_measure(Measure("m", {"a": 1}, weight=weight), ())
