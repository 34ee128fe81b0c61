"""Concepts from where the user said that they stand: no reading of the document, structural or learned, is
asked which places these are.

What is left to decide is what each place names: a cell may hold several topics, an item a
name and what is said of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dagogy.api.scope import Place, ScopeDocument

from dagogy_provider_internal.language.headings import is_admin
from dagogy_provider_internal.language.naming import tidy_title
from dagogy_provider_internal.language.numbering import numbering
from dagogy_provider_internal.reading.concept import Concept, Found
from dagogy_provider_internal.reading.items import label_of, repeated
from dagogy_provider_internal.reading.recognised import treating
from dagogy_provider_internal.reading.recognition.choice import Chosen
from dagogy_provider_internal.reading.recognition.units import Unit, has_word, units
from dagogy_provider_internal.reading.tables import row_minutes, row_numbers

#: The ways in which a cell may be read as several topics. Lines and semicolons always divide; commas and
#: dashes where the parts are likelier.
_DIVIDED, _DIVIDED_IF_LIKELIER = "semicolon", ("comma", "dash")


@dataclass(frozen=True, slots=True)
class _Named:
    """A title with its place, what is said beside it, and what is said to come before it."""

    title: str
    place: Place
    gloss: str = ""
    needs: tuple[tuple[str, tuple[int, int]], ...] = ()


def as_told(document: ScopeDocument, probabilities: Mapping[str, float]) -> Found:
    """The concepts at `document.concepts_at`, in document order. Of these are left out what names nothing and
    the breaks and exams of a timetable.
    """
    blocks, found = document.blocks, Found()
    named = []
    for one in _named(document, probabilities):
        if not has_word(one.title):
            if one.title:
                found.skip(one.title, "has no word in it", "text", one.place.block)
        elif is_admin(one.title, schedule=one.place.cell >= 0):
            found.skip(one.title, "is an entry of the timetable", "", one.place.block)
        else:
            named.append(one)
    anchors = Counter(one.place.block for one in named)
    numbers = _numbers(document)
    for one in named:
        block, at = blocks[one.place.block], one.place.block
        kind = {"heading": "heading", "table_row": "cell"}.get(block.kind, "item")
        way = "lead" if one.gloss else "whole"
        own = treating(document, Chosen(one.title, Unit(at, one.place.cell, kind), way, 1.0), anchors)
        path = block.path[:-1] if kind == "heading" else block.path
        minutes = row_minutes(block) if kind == "cell" and anchors[at] == 1 else None
        number = numbers.get(at, ()) or numbering(
            block.lead or block.text if kind != "cell" else block.cells[one.place.cell]
        )
        concept = Concept(
            one.title,
            document,
            at,
            own,
            path,
            one.gloss,
            number=number,
            ordered=True,
            needs=one.needs,
            minutes=minutes,
        )
        found.concepts.append(concept)
    return found


def _named(document: ScopeDocument, probabilities: Mapping[str, float]) -> Iterator[_Named]:
    blocks = document.blocks
    cells = (
        {(u.at, u.column): u for u in units(blocks)} if any(p.cell >= 0 for p in document.concepts_at) else {}
    )
    several = repeated(blocks[p.block] for p in document.concepts_at if blocks[p.block].kind == "list_item")
    for place in document.concepts_at:
        block = blocks[place.block]
        if place.cell >= 0:
            unit = cells.get((place.block, place.cell))
            for title in _topics(block.cells[place.cell], unit, probabilities):
                yield _Named(title, place)
        elif block.kind == "list_item":
            name, gloss, needs = label_of(block, several)
            yield _Named(tidy_title(name), place, gloss, needs)
        else:
            yield _Named(tidy_title(block.lead or block.text), place, block.rest)


def _topics(cell: str, unit: Unit | None, probabilities: Mapping[str, float]) -> Sequence[str]:
    """What a cell names. The model is asked only whether what stands between commas is
    rather several topics than one.
    """
    whole = tidy_title(cell)
    if unit is None:
        return [whole]
    readings = {reading.way: reading.titles for reading in unit.readings}
    if len(readings.get(_DIVIDED, ())) > 1:
        return readings[_DIVIDED]
    least = probabilities.get(readings.get("whole", [""])[0].casefold(), 0.0)
    for way in _DIVIDED_IF_LIKELIER:
        parts = readings.get(way, [])
        if len(parts) > 1 and min(probabilities.get(p.casefold(), 0.0) for p in parts) > least:
            return parts
    return [whole]


def _numbers(document: ScopeDocument) -> dict[int, tuple[int, ...]]:
    """By the position of a row that names a concept the numbers in its table's columns of numbers."""
    tables: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = defaultdict(list)
    for at in dict.fromkeys(place.block for place in document.concepts_at if place.cell >= 0):
        block = document.blocks[at]
        tables[block.header, block.path].append(at)
    found: dict[int, tuple[int, ...]] = {}
    for (header, _), rows in tables.items():
        found |= dict(zip(rows, row_numbers(header, [document.blocks[at].cells for at in rows]), strict=True))
    return found
