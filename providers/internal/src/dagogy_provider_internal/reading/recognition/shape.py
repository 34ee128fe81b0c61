"""What can be seen of a text by itself: its length, its letters and marks, a date or code in it."""

from __future__ import annotations

import re
from functools import lru_cache

from dagogy_provider_internal.reading.recognition.units import DIVISION

#: What `shape` tells, in order.
SHAPE = (
    "words", "characters", "east", "capitals", "digits", "marks", "starts upper", "starts lower",
    "capitalised words", "question", "full stop", "commas", "colon", "bracket", "date", "code", "at sign",
    "function word first", "-ing first",
)  # fmt: skip

#: A date or a time of day, in figures or with the name of a month.
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}(?:[./-]\d{2,4})?\b|\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}:\d{2}\b|"
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,7}\.?\s\d{1,2}\b|"
    r"\b\d{1,2}(?:st|nd|rd|th)?\.?\s(?:de\s)?(?:jan|feb|mar|märz|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec|ene|fev|fév|avr|août|juin|juil)"
    r"[a-zé]{0,7}\b|\d\s?月\s?\d{1,2}\s?日",
    re.IGNORECASE,
)
_CODE = re.compile(r"[=<>{}_\\]|\w\(\)|\.\w{2,4}\b$")
_DIVISION = re.compile(rf"\W{{0,5}}{DIVISION}\s?[\dIVX]", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = frozenset(
    (
        "the a an this that these those you your we our i it there if when please in on at to for and or as "
        "by with der die das ein eine wir sie ihr el la los las un una le les des du il elle o os em no na "
        "este esta в на это вы мы"
    ).split()
)


def _is_east(c: str) -> bool:
    return "\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af"


@lru_cache(maxsize=50_000)
def shape(text: str) -> tuple[float, ...]:
    """What can be seen of a text by itself, one number for each of `SHAPE`."""
    words, size = text.split(), max(1, len(text))
    east = sum(map(_is_east, text))
    count = max(float(len(words)), east / 2.2) if east else float(len(words))
    low = _WORD.findall(text.casefold())
    first = low[0] if low else ""
    return (
        min(count, 30.0),
        float(min(size, 200)),
        east / size,
        sum(map(str.isupper, text)) / size,
        sum(map(str.isdigit, text)) / size,
        sum(not c.isalnum() and not c.isspace() for c in text) / size,
        float(text[:1].isupper()),
        float(text[:1].islower()),
        sum(w[:1].isupper() for w in words) / max(1, len(words)),
        float(text.endswith(("?", "？"))),
        float(text.endswith((".", "!", "。"))),
        float(min(5, text.count(",") + text.count("、") + text.count("，"))),
        float(":" in text or "：" in text),
        float("(" in text or "（" in text),
        float(bool(_DATE.search(text))),
        float(bool(_CODE.search(text))),
        float("@" in text),
        float(first in _FUNCTION_WORDS),
        float(first.endswith("ing")),
    )


def is_divided(text: str) -> bool:
    """Whether the text starts like the name of a numbered division: "Week 3", "Lernfeld 2"."""
    return bool(_DIVISION.match(text))
