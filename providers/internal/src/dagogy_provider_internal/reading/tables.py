"""What the columns of a table say of its rows besides their names: their numbers and their times."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from dagogy.api.scope import Block

from dagogy_provider_internal.language.numbering import cell_number, is_number_column
from dagogy_provider_internal.reading.estimates import stated_minutes


def row_numbers(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[int, ...]]:
    """For each row the numbers in its columns of numbers (`Week`, `No.`), an empty cell going on with the row
    above; an empty tuple where there are none.
    """
    numbers: list[tuple[int, ...]] = [()] * len(rows)
    for column in (
        k for k, h in enumerate(header) if is_number_column(h) or (not h.strip() and _counts(k, rows))
    ):
        last: tuple[int, ...] = ()
        for i, cells in enumerate(rows):
            cell = cells[column].strip() if column < len(cells) else ""
            last = cell_number(cell) if cell else last
            numbers[i] += last
    return numbers


_MODULE = re.compile(
    r"^(?:module|unit|part|block|section|area|domain|chapter|phase|modul|einheit|teil|lernfeld|módulo"
    r"|unidad|bloque|unidade|bloc|partie|modulo"
    r"|unità|модуль|раздел|单元|模块|단원)s?(?: (?:name|title|titel|nombre|nome))?$",
    re.IGNORECASE,
)


def is_module_column(header: str) -> bool:
    """Whether the column under `header` names the module or the unit that a row belongs to."""
    return bool(_MODULE.match(" ".join(header.split())))


_WEEK = re.compile(
    r"^(?:week|wk|woche|semaine|semana|settimana|tydzień|vecka|uke|uge|viikko|hafta|неделя|тиждень|周|周次|週"
    r"|주|주차)s?$",
    re.IGNORECASE,
)


def is_week_column(header: str) -> bool:
    """Whether the column under `header` gives the week of a row."""
    return bool(_WEEK.match(" ".join(header.split())))


def _counts(column: int, rows: Sequence[Sequence[str]]) -> bool:
    """Whether a column without a name counts the rows: whole numbers, each one more than the one before."""
    cells = [r[column].strip().rstrip(".)") if column < len(r) else "" for r in rows]
    filled = [int(c) for c in cells if c.isdecimal() and len(c) <= 4]
    return (
        len(filled) >= 3
        and len(filled) >= 0.8 * len(cells)
        and all(b == a + 1 for a, b in itertools.pairwise(filled))
    )


def row_minutes(row: Block) -> float | None:
    """The time that a column of the table gives a row."""
    return next(
        (
            m
            for m in (stated_minutes(h, c) for h, c in zip(row.header, row.cells, strict=False))
            if m is not None
        ),
        None,
    )
