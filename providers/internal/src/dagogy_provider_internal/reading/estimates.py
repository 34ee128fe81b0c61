"""How long each node takes: as the source states it, else by its kind and the amount of text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagogy_provider_internal.reading.concept import Concept

STEP = 5
LEAST, MOST = 15, 480
#: Minutes to learn what a concept is and to be checked on it, before there is any text to read.
_TERM = 30
_BY_KIND = {"procedure": 45, "order": 45, "tool": 40}
_READING = 40  # words of technical text a minute, read with pen in hand
_LINES = 3  # lines of code a minute
_LONGEST_WORD = 24  # letters

_TIME_COLUMN = re.compile(
    r"^(?:(?:estimated|study|learning|planned|approx(?:imate|\.)?|est\.) )?"
    r"(?P<name>hours?|hrs?|minutes?|mins?|time|study time|duration|effort|estimate)"
    r"(?: (?:needed|required))?(?:,? ?(?:in )?[(\[]?(?P<unit>h|hours?|hrs?|min|minutes?|mins?)[)\]]?)?$",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"^(?:about |ca\.? ?|approx\.? ?|~ ?|≈ ?)?(?P<low>\d+(?:[.,]\d+)?)"
    r"(?: ?(?:-|–|—|to) ?(?P<high>\d+(?:[.,]\d+)?))?"
    r" ?(?P<unit>h|hours?|hrs?|min|minutes?|mins?)?\.?$",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"^(?P<hours>\d+) ?(?:h|hours?|hrs?) ?(?:and )?(?P<minutes>\d+) ?(?:m|min|minutes?|mins?)\.?$|"
    r"^(?P<clock_hours>\d{1,2}):(?P<clock_minutes>[0-5]\d)(?: ?h)?$",
    re.IGNORECASE,
)


def stated_minutes(header: str, cell: str) -> float | None:
    """The minutes that a cell of a column such as "Hours", "Minutes" or "Time (h)" gives; None for other
    columns, and where no unit is told.
    """
    column = _TIME_COLUMN.match(" ".join(header.split()))
    text = " ".join(cell.split())
    if column is None or not text:
        return None
    both = _BOTH.match(text)
    if both:
        value = 60.0 * int(both["hours"] or both["clock_hours"]) + int(
            both["minutes"] or both["clock_minutes"]
        )
        return value or None
    amount = _AMOUNT.match(text)
    unit = ((amount["unit"] if amount else "") or column["unit"] or column["name"]).lower()
    if amount is None or unit[0] not in "hm":
        return None
    low = float(amount["low"].replace(",", "."))
    high = float((amount["high"] or amount["low"]).replace(",", "."))
    return (low + high) / 2 * (60 if unit[0] == "h" else 1) or None


def minutes(concept: Concept, kind: str) -> float:
    """The minutes that a concept takes: those that the source states, else by its kind and the amount of
    text, in multiples of five.
    """
    if concept.minutes is not None:
        return concept.minutes
    blocks = [concept.document.blocks[at] for at in concept.blocks]
    prose = sum(_words(b.text) for b in blocks if b.kind not in ("code", "heading", "html"))
    lines = sum(b.text.count("\n") + 1 for b in blocks if b.kind == "code")
    raw = _BY_KIND.get(kind, _TERM) + prose / _READING + lines / _LINES
    return float(min(MOST, max(LEAST, STEP * round(raw / STEP))))


@lru_cache(maxsize=1024)  # concepts without a section of their own share a paragraph, however long
def _words(text: str) -> int:
    """Words; of a script without spaces two characters make one."""
    return sum(max(1, len(w) // 2 if not w.isascii() and len(w) > _LONGEST_WORD else 1) for w in text.split())
