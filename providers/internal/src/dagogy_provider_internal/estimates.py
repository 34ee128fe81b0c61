"""How long each node takes: by the amount of text and its place, scaled to the
hours that the spec asks for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

STEP = 5  # minutes
LEAST, MOST = 15, 480
_READING = 40  # words a minute of study: dense technical text, read with pen in hand
_CHECK = 20  # minutes for the mastery check
_RISE = 0.08  # more per level of prerequisites: later concepts combine more

_LONG, _LONGEST_WORD = 9, 24  # letters
_LINE_WORDS, _FORMULA_WORDS = 8, 6
_FORMULA = re.compile(r"[=<>≤≥≈∈⊂∀∃∑∫→⇒⇔]|\b\w\^\w|\b\d+\s?[+*/×÷-]\s?\d+")

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


def effort(title: str, texts: Sequence[tuple[str, bool]]) -> float:
    """How much there is to work through, in words of plain text. `said`: the texts about the concept, and
    whether each is code.

    A line of code and a formula take the time of several words, and a text full of long words is read more
    slowly. Where the source says nothing it has to be found first, which takes as long as a short text.
    """
    prose = [text for text, code in texts if not code]
    words = [w for text in prose for w in text.split()]
    # Of a script without spaces two characters make about a word.
    count = sum(max(1, len(w) // 2 if not w.isascii() and len(w) > _LONGEST_WORD else 1) for w in words)
    lines = sum(text.count("\n") + 1 for text, code in texts if code)
    formulas = sum(len(_FORMULA.findall(text)) for text in prose)
    long = sum(len(w) >= _LONG for w in words)
    if not texts:
        return 40.0 + 3 * len(title.split())
    return (count + _FORMULA_WORDS * formulas) * (0.8 + long / max(1, len(words))) + _LINE_WORDS * lines


def minutes(
    words: Sequence[float],
    levels: Sequence[int],
    hours_min: float,
    hours_max: float,
    stated: Sequence[float | None] = (),
) -> list[float]:
    """Minutes a node, their sum within the hours. What the source states is taken as it is, the
    rest estimated to fill the hours; only where the stated times leave no room for that is
    everything scaled by one factor."""
    known = [m for m in stated if m is not None]
    if not known:
        return _estimated(words, levels, hours_min, hours_max)
    low, high, fixed = hours_min * 60, hours_max * 60, sum(known)
    open_ = [i for i, m in enumerate(stated) if m is None]
    out = [m or 0.0 for m in stated]
    if not open_ and low <= fixed <= high:
        return out
    if open_ and high - fixed >= LEAST * len(open_):
        few = _estimated(
            [words[i] for i in open_],
            [levels[i] for i in open_],
            max(0.0, low - fixed) / 60,
            (high - fixed) / 60,
        )
        for i, value in zip(open_, few, strict=True):
            out[i] = value
        return out
    for i in open_:
        out[i] = fixed / len(known)
    target = low if sum(out) < low else high
    factor = target / sum(out)
    least = min(LEAST, max(1, int(high / len(out))))
    step = STEP if high - low >= STEP and least >= STEP else 1
    return _inside([max(float(least), step * round(m * factor / step)) for m in out], low, high, step, least)


def _estimated(
    words: Sequence[float], levels: Sequence[int], hours_min: float, hours_max: float
) -> list[float]:
    """Minutes a node in multiples of five within the bounds, their sum within the hours.

    The raw estimate is reading time plus the check, growing with the level; it is kept between half and twice
    the median so that neighbours do not jump. The scale aims at the raw sum where that fits the hours, else
    at the nearest sum 10 % inside them.
    """
    raw = [
        (_CHECK + w / _READING * 10) * (1 + _RISE * min(level, 8))
        for w, level in zip(words, levels, strict=True)
    ]
    middle = sorted(raw)[len(raw) // 2]
    raw = [min(2 * middle, max(0.5 * middle, r)) for r in raw]
    low, high = hours_min * 60, hours_max * 60
    inside = 0.1 * (high - low)
    target = min(high - inside, max(low + inside, sum(raw)))
    scale = target / sum(raw)
    least = min(LEAST, max(1, int(high / len(raw))))
    step = STEP if high - low >= STEP and least >= STEP else 1
    rounded = [min(float(MOST), max(float(least), step * round(r * scale / step))) for r in raw]
    return _inside(rounded, low, high, step, least)


def _inside(estimates: list[float], low: float, high: float, step: int, least: int) -> list[float]:
    """Moves single estimates by one step, the largest first, until the sum is within
    the hours or nothing can move.
    """
    out = list(estimates)
    order = sorted(range(len(out)), key=lambda i: (-out[i], i))
    total = sum(out)
    for _ in range(math.ceil(MOST / step)):
        moved = False
        for i in order:
            if total > high and out[i] - step >= least:
                out[i] -= step
                total -= step
                moved = True
            elif total < low and out[i] + step <= MOST:
                out[i] += step
                total += step
                moved = True
        if not moved:
            break
    # few nodes and many hours: what the contract's sum needs goes beyond the usual bound
    if total < low and out:
        out = [o * low / total for o in out]
    return out
