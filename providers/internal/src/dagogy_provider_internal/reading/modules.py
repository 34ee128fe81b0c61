"""The modules, weeks and units of a document: which concept belongs to which, how long they are said to take,
and which may be left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from dagogy.api.scope import ScopeDocument
from dagogy.api.text import Words
from dagogy.api.wording import unlike

from dagogy_provider_internal.language.amounts import labelled_amount, row_as_line, stated_amount, stated_time
from dagogy_provider_internal.language.headings import heading_kind
from dagogy_provider_internal.language.marks import is_choice, is_optional_group, without_optional
from dagogy_provider_internal.language.naming import stated_length
from dagogy_provider_internal.language.numbering import group_number
from dagogy_provider_internal.reading.concept import Concept

_SEARCHED = 6  # blocks under a heading that may say how long its module takes
_LONGEST_LINE = 160  # characters
#: By language: what a week is called, and how a heading says that what follows goes by weeks.
_WEEKS = (
    ("Week", r"weekly\b|week[ -]by[ -]week|(?:by|per) week\b", r"weeks?\b"),
    ("Woche", r"wochen(?!end)|wöchentlich", r"wochen?\b"),
    ("Semaine", r"hebdomadaires?\b|par semaines?\b", r"semaines?\b"),
    ("Semana", r"semana(?:l|is|les)\b|por semanas?\b", r"semanas?\b"),
    ("Settimana", r"settimanal[ei]\b|per settiman[ae]\b", r"settiman[ae]\b"),
    ("Tydzień", r"tygodniow\w+", r"tygodni\w*"),
    ("Неделя", r"недельн\w+|по неделям\b", r"недел\w+"),
    ("Hafta", r"haftalık\b", r"hafta\b"),
)
_SCHEDULE = re.compile(
    r"topics?\b|schedule|plan|outline|program|calend|contents?\b|overview|syllabus|themen|übersicht|inhalt"
    r"|thèmes?\b|contenu|temas?\b|contenid|cronograma|conteúdo|argomenti|harmonogram|tematy|тем[аы]|расписани"
    r"|konu",
    re.IGNORECASE,
)
_FEWEST_WEEKS, _MOST_WEEKS = 4, 52
#: Log-odds from which on a heading is worded like a part of the document, not of the course.
_NO_PART = 1.5
_LETTER = re.compile(r"^[A-Z][.)]\s+(?=\S)")


def placed(concepts: list[Concept]) -> None:
    """Gives the concepts their groups, the marks that their titles and groups have, and the time of their
    groups: what a module is said to take is divided among its concepts, unless these have times of their own.
    A concept that is named before the list of weeks has its place in that list.
    """
    headings: dict[int, dict[tuple[str, ...], int]] = {}
    weeks: dict[int, tuple[dict[int, str], dict[str, int]]] = {}
    moved: list[Concept] = []
    members: dict[tuple[int, tuple[str, ...]], list[Concept]] = defaultdict(list)
    for concept in concepts:
        document = concept.document
        if id(document) not in headings:
            headings[id(document)] = {
                b.path: at for at, b in enumerate(document.blocks) if b.kind == "heading"
            }
            weeks[id(document)] = _weeks(document)
        concept.title, marked = without_optional(concept.title)
        concept.optional = marked or any(is_optional_group(above) for above in concept.path)
        if concept.optional:
            concept.choice = next((above for above in reversed(concept.path) if is_choice(above)), "")
        week, items = weeks[id(document)]
        if week and concept.anchor not in week and (at := items.get(Words.form(concept.title))) is not None:
            concept.anchor, concept.path, concept.ordered = at, document.blocks[at].path, True
            moved.append(concept)
        concept.group = concept.group or week.get(concept.anchor, "")
        concept.group = concept.group or _group(concept)
        for depth in range(len(concept.path), 0, -1):
            members[id(document), concept.path[:depth]].append(concept)
    for concept in moved:
        del concepts[next(k for k, c in enumerate(concepts) if c is concept)]
        behind = (
            k for k, c in enumerate(concepts) if c.document is concept.document and c.anchor > concept.anchor
        )
        concepts.insert(next(behind, len(concepts)), concept)
    _divide(members, headings)


def _group(concept: Concept) -> str:
    """The nearest heading or item above a concept that names a part of the course, without a letter that
    counts it (`A. Damages`); a heading of structure (`Topics`, `Treści programowe`) is none."""
    title = concept.document.title.strip()
    for above in reversed(concept.path):
        number = group_number(above)
        if above.strip() == title and not number:
            continue
        if number or (heading_kind(above) == "concept" and unlike(above) < _NO_PART):
            return _LETTER.sub("", " ".join(above.split())).rstrip(" :：")
    return ""


def _weeks(document: ScopeDocument) -> tuple[dict[int, str], dict[str, int]]:
    """The name of its week (`Week 3`) for each block of a numbered list with an item for each week, and the
    block of each item by its words: of a list under a heading that says so (`Weekly topics`), and of one
    under another heading of a schedule that has as many items as the document states weeks.
    """
    blocks = document.blocks
    lists: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, block in enumerate(blocks):
        if block.kind == "list_item" and block.ordered and block.parent < 0 and block.path:
            lists[block.path].append(at)
    lists = {
        path: items
        for path, items in lists.items()
        if _FEWEST_WEEKS <= len(items) <= _MOST_WEEKS
        and _SCHEDULE.search(path[-1])
        and not group_number(path[-1])
    }
    named = {path: _week_in(path[-1], "weekly") for path in lists}
    if lists and not any(named.values()):
        stated = stated_time(row_as_line(b.header, b.cells) if b.cells else b.text for b in blocks)
        same = [path for path, items in lists.items() if len(items) == stated.weeks]
        if len(same) == 1:
            named[same[0]] = next(filter(None, (_week_in(q, "weeks") for q in stated.quotes)), "")
    out: dict[int, str] = {}
    words: dict[str, int] = {}
    for path, items in lists.items():
        for k, at in enumerate(items if named[path] else (), 1):
            out[at] = f"{named[path]} {k}"
            words.setdefault(Words.form(blocks[at].text), at)
    for at, block in enumerate(blocks if out else ()):
        if block.parent in out:
            out[at] = out[block.parent]
    return out, words


def _week_in(text: str, form: Literal["weekly", "weeks"]) -> str:
    """What a week is called in the language in which the text says `weekly` or `weeks`; empty where it does
    not."""
    for week, weekly, weeks in _WEEKS:
        if re.search(rf"\b(?:{weekly if form == 'weekly' else weeks})", text, re.IGNORECASE):
            return week
    return ""


def _divide(
    members: Mapping[tuple[int, tuple[str, ...]], Sequence[Concept]],
    headings: Mapping[int, Mapping[tuple[str, ...], int]],
) -> None:
    for (owner, path), few in sorted(members.items(), key=lambda entry: -len(entry[0][1])):
        at = headings[owner].get(path)
        if at is None or len(path) < 2 or any(c.minutes is not None for c in few):
            continue
        minutes = _stated(few[0].document, at)
        for concept in few if minutes else ():
            concept.minutes = minutes / len(few) if minutes else None


def _stated(document: ScopeDocument, at: int) -> float | None:
    """The minutes that a heading (`Safety (40 hours)`) or a line right under it (`Duration: 40 h`) states."""
    blocks = document.blocks
    if length := stated_length(blocks[at].text):
        return stated_amount(length)
    for block in blocks[at + 1 : at + 1 + _SEARCHED]:
        if block.kind == "heading":
            break
        if len(block.text) <= _LONGEST_LINE and (minutes := labelled_amount(block.text)):
            return minutes
    return None
