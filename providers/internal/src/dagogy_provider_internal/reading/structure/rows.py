"""Tables of topics: the column of names, and the rows that name concepts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from dagogy.api.text import Words

from dagogy_provider_internal.language.headings import is_admin
from dagogy_provider_internal.language.keys import same_key
from dagogy_provider_internal.language.lexicon import NO_NAME, column_role, name_rank
from dagogy_provider_internal.language.marks import is_day_off, says_no_topic
from dagogy_provider_internal.language.naming import tidy_title
from dagogy_provider_internal.language.numbering import is_number_column, numbering
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.outline import Section
from dagogy_provider_internal.reading.structure.listed import LABEL_WORDS
from dagogy_provider_internal.reading.structure.votes import LevelVotes
from dagogy_provider_internal.reading.tables import is_module_column, is_week_column, row_minutes, row_numbers


class TopicRows(LevelVotes):
    """The rows of tables that name concepts."""

    def _topic_rows(self, section: Section, *, guess: bool) -> list[Concept]:
        """The rows of the tables of topics in a section: those with a name column, or whose other columns say
        what a concept has; with `guess` any table that has a column of names."""
        blocks = self.document.blocks
        out: list[Concept] = []
        tables: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for at in section.own:
            if blocks[at].kind in ("table_row", "html") and blocks[at].cells:
                tables[blocks[at].header].append(at)
        for header, rows in tables.items():
            column = _name_column(
                header, [blocks[at].cells for at in rows], guess=guess, heading=tidy_title(section.title)
            )
            schedule = any(SCHEDULE_COLUMN.match(h.strip()) for h in header)
            numbers = row_numbers(header, [blocks[at].cells for at in rows])
            idle = _idle([blocks[at].cells for at in rows], header, column) if schedule else frozenset()
            week = next((k for k, h in enumerate(header) if is_week_column(h)), -1)
            module = next((k for k, h in enumerate(header) if k != column and is_module_column(h)), -1)
            for k, (at, number) in enumerate(zip(rows, numbers, strict=True) if column >= 0 else ()):
                row = blocks[at]
                title = tidy_title(row.cells[column]) if column < len(row.cells) else ""
                no_topic = is_admin(title, schedule=schedule) or (k in idle and says_no_topic(title))
                if title and (no_topic or (schedule and is_day_off(title))):
                    self.found.skip(title, "is an entry of the timetable", "", at)
                elif title:
                    out.append(
                        Concept(
                            title,
                            self.document,
                            at,
                            [at],
                            row.path,
                            minutes=row_minutes(row),
                            number=number or numbering(row.cells[column]),
                            group=(
                                tidy_title(row.cells[module])
                                if 0 <= module < len(row.cells)
                                else f"{header[week]} {number[0]}"
                                if week >= 0 and number
                                else ""
                            ),
                        )
                    )
        return sorted(out, key=lambda c: c.anchor)


SCHEDULE_COLUMN = re.compile(
    r"^(?:weeks?|dates?|days?|time|when|session|lecture|class|woche|datum|tag|semaine|date|semana|fecha"
    r"|settimana|data|неделя|дата|周|日期|週|日付)\b",
    re.IGNORECASE,
)


def _name_column(header: Sequence[str], rows: Sequence[Sequence[str]], *, guess: bool, heading: str) -> int:
    """The column whose cells name concepts, -1 where none does. Under `Faults`
    a column `Fault` names them.
    """
    ranked = [(name_rank(h), k) for k, h in enumerate(header)]
    if ranked and min(ranked)[0] < NO_NAME:
        return min(ranked)[1]
    roles = [column_role(h) for h in header]
    if header and header[0].strip() and same_key(header[0]) == same_key(heading) and len(rows) >= 2:
        return 0
    if {"definition", "requires", "pitfall"} & set(roles[1:]):
        return 0
    if guess and len(rows) >= 3:
        for column in range(max(map(len, rows))):
            cells = [r[column] for r in rows if column < len(r) and r[column].strip()]
            named = [
                c
                for c in cells
                if any(map(str.isalpha, c)) and len(c.split()) <= LABEL_WORDS and not c.rstrip().endswith(".")
            ]
            if (
                len(cells) >= 0.8 * len(rows)
                and len(named) >= 0.9 * len(cells)
                and len(set(map(Words.form, named))) >= 0.9 * len(named)
            ):
                return column
    return -1


def _idle(rows: Sequence[Sequence[str]], header: Sequence[str], column: int) -> frozenset[int]:
    """The rows of a timetable that have nothing but their place and their title, where most rows have
    more."""
    others = [
        k
        for k, h in enumerate(header)
        if k != column and not SCHEDULE_COLUMN.match(h.strip()) and not is_number_column(h)
    ]
    empty = frozenset(
        i for i, cells in enumerate(rows) if not any(cells[k].strip() for k in others if k < len(cells))
    )
    return empty if others and 3 * len(empty) <= len(rows) else frozenset()
