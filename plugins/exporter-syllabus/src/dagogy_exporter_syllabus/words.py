"""The headings of a syllabus in the languages that there are frames for."""

from __future__ import annotations

from collections.abc import Mapping

_KEYS = ("audience known week topics hours able tasks passed optional reading minutes").split()
_WORDS = {
    "en": "For|Known before|Week|Topics|Hours|Afterwards you can|Tasks|Passed when|optional|Reading|min",
    "de": "Für|Vorwissen|Woche|Themen|Stunden|Danach kann man|Aufgaben|Bestanden bei|optional|Literatur|Min.",
    "fr": "Public|Prérequis|Semaine|Thèmes|Heures|À la fin|Exercices|Réussi si|facultatif|Lectures|min",
    "es": "Para|Requisitos|Semana|Temas|Horas|Al terminar|Tareas|Se supera si|opcional|Lecturas|min",
    "pt": "Para|Conhecimentos prévios|Semana|Temas|Horas|Ao final|Tarefas|Aprovado se|opcional|Leituras|min",
    "it": "Per|Prerequisiti|Settimana|Argomenti|Ore|Alla fine|Compiti|Superato se|facoltativo|Letture|min",
    "ru": "Для кого|Нужно знать|Неделя|Темы|Часы|После этого|Задания|Зачтено, если|по выбору|Литература|мин",
    "zh": "对象|先修知识|周|主题|学时|学完之后|任务|合格标准|选修|阅读材料|分钟",
    "ja": "対象|前提知識|週|トピック|時間|学習後にできること|課題|合格の基準|任意|参考資料|分",
}
#: By language (ISO 639-1), what each part is called.
WORDS: Mapping[str, Mapping[str, str]] = {
    language: dict(zip(_KEYS, words.split("|"), strict=True)) for language, words in _WORDS.items()
}
