"""How long each node takes: by the amount of text and its place, scaled to the hours that the spec asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence

STEP = 5  # minutes
LEAST, MOST = 15, 480
_READING = 40  # words a minute of study: dense technical text, read with pen in hand
_CHECK = 20  # minutes for the mastery check
_RISE = 0.08  # more per level of prerequisites: later concepts combine more


def minutes(words: Sequence[int], levels: Sequence[int], hours_min: float, hours_max: float) -> list[float]:
    """Minutes a node in multiples of five within the bounds, their sum within the hours.

    The raw estimate is reading time plus the check, growing with the level; it is kept between half and twice the median so that
    neighbours do not jump. The scale aims at the raw sum where that fits the hours, else at the nearest sum 10 % inside them.
    """
    raw = [(_CHECK + w / _READING * 10) * (1 + _RISE * min(level, 8)) for w, level in zip(words, levels, strict=True)]
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
    """Moves single estimates by one step, the largest first, until the sum is within the hours or nothing can move."""
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
    if total < low and out:  # few nodes and many hours: what the contract's sum needs goes beyond the usual bound
        out = [o * low / total for o in out]
    return out
