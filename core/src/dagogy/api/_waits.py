"""How long a service said that it will not answer: out of a failure's facts, of header
lines, of codes and of prose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

#: What says more is no time to wait, but a mistake: of the unit, or an instant taken for a span.
_LONGEST = 400 * 86_400
_UNITS = {
    "ms": 0.001,
    "milliseconds": 0.001,
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
}
_UNITS |= {"d": 86_400, "day": 86_400, "w": 604_800, "week": 604_800}
_PART = (
    r"\d+(?:\.\d+)? ?(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)\b"
)
_SPAN = (
    rf"(?P<span>{_PART}(?:(?:,| and|, and)? ?{_PART})*"
    r"|\d+(?:\.\d+)?(?:ms|s|m|h)(?:\d+(?:\.\d+)?(?:ms|s|m|h))*)"
)
_NUMBER = r"['\"]?(?P<number>\d+(?:\.\d+)?)['\"]?"
#: Each with what its number or words mean. Order is precedence: a header or a field says it
#: exactly, prose as it likes.
_FIELDS = (
    ("milliseconds", re.compile(rf"\bretry[-_ ]after[-_ ]ms['\"]?\s*[:=,]\s*b?{_NUMBER}", re.IGNORECASE)),
    (
        "http_date",
        re.compile(
            r"\bretry-after['\"]?\s*[:=,]\s*b?['\"]?"
            r"(?P<date>[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT)",
            re.IGNORECASE,
        ),
    ),
    (
        "seconds",
        re.compile(
            r"\b(?:retry[-_]?after(?:[-_ ]?seconds)?|resets?_in_seconds"
            rf"|resets?_in)['\"]?\s*[:=,]\s*b?{_NUMBER}(?![\w-])",
            re.IGNORECASE,
        ),
    ),
    (
        "instant",
        re.compile(rf"\b(?:resets?_at|reset_time)['\"]?\s*[:=,]\s*{_NUMBER}(?![\w-])", re.IGNORECASE),
    ),
    (
        "date",
        re.compile(
            r"\b(?:resets?_at|reset_time)['\"]?\s*[:=,]\s*['\"]"
            r"(?P<date>\d{4}-\d\d-\d\d[T ][\d:.]{5,15}(?:Z|[+-]\d\d:?\d\d)?)",
            re.IGNORECASE,
        ),
    ),
    ("span", re.compile(rf"\bretryDelay['\"]?\s*[:=]\s*['\"]?{_SPAN}", re.IGNORECASE)),
    (
        "span",
        re.compile(
            r"\b(?:again|retry(?:ing)?|wait|resets?|available|renews?)"
            rf"(?: again)?(?: (?:in|after|for|at least))?:? {_SPAN}",
            re.IGNORECASE,
        ),
    ),
    (
        "date",
        re.compile(
            r"\b(?:again|resets?|retry|until|available|renews?)(?: again)?(?: (?:at|on|after|by))? "
            r"(?P<date>\d{4}-\d\d-\d\d[T ][\d:.]{4,15}(?: ?(?:Z|UTC)|[+-]\d\d:?\d\d)?)",
            re.IGNORECASE,
        ),
    ),
    (
        "prose_date",
        re.compile(
            r"\b(?:again|resets?|retry|until|available|renews?)(?: again)?(?: (?:at|on|after|by))? "
            r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? "
            r"(?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})?,?(?: at)? ?"
            r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?: ?(?P<half>[AP]M))?",
            re.IGNORECASE,
        ),
    ),
    (
        "clock",
        re.compile(
            r"\b(?:again|resets?|retry|until|available|renews?)(?: again)?"
            r"(?: (?:at|after|by))? (?P<hour>\d{1,2}):(?P<minute>\d\d)(?: ?(?P<half>[AP]M))?",
            re.IGNORECASE,
        ),
    ),
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def stated_wait(details: Mapping[str, Any], text: str, at_utc: str = "") -> float | None:
    """The seconds, counted from `at_utc` (else from now), until a service answers again; None where neither
    `details` nor `text` say.

    A date without a zone is local time, as clients print it. What has passed already is 0.
    """
    at = _instant(at_utc) or datetime.now().astimezone()
    for key, kind in (
        ("retry_after_seconds", "seconds"),
        ("retry_after", "seconds"),
        ("resets_in_seconds", "seconds"),
        ("resets_at", "instant"),
    ):
        value = details.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _valid(float(value) if kind == "seconds" else value - at.timestamp())
        if isinstance(value, str) and value.strip():
            text = f"{key}: {value.strip()!r}\n{text}"
    for kind, pattern in _FIELDS:
        found = pattern.search(text)
        seconds = _seconds(kind, found, at) if found else None
        if seconds is not None and (valid := _valid(seconds)) is not None:
            return valid
    return None


def _valid(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) and seconds <= _LONGEST else None


def _seconds(kind: str, found: re.Match[str], at: datetime) -> float | None:
    if kind == "seconds":
        return float(found["number"])
    if kind == "milliseconds":
        return float(found["number"]) / 1000
    if kind == "instant":
        number = float(found["number"])
        return (number / 1000 if number > 1e11 else number) - at.timestamp()
    if kind == "span":
        return _span(found["span"])
    then = _date(kind, found, at)
    return None if then is None else (then - at).total_seconds()


def _span(text: str) -> float:
    total = 0.0
    for number, unit in re.findall(r"(\d{1,12}(?:\.\d{1,12})?) ?([a-z]+)", text.lower()):
        total += float(number) * _UNITS.get(unit, _UNITS.get(unit.rstrip("s"), 0))
    return total


def _date(kind: str, found: re.Match[str], at: datetime) -> datetime | None:
    try:
        if kind == "http_date":
            return parsedate_to_datetime(found["date"])
        if kind == "date":
            return _instant(found["date"])
        hour = (
            int(found["hour"]) % 12 + (12 if found["half"].upper() == "PM" else 0)
            if found["half"]
            else int(found["hour"])
        )
        local = at.astimezone()
        clock = local.replace(hour=hour, minute=int(found["minute"]), second=0, microsecond=0)
        if kind == "clock":  # the next time that the clock shows it
            return clock if clock > local else clock + timedelta(days=1)
        year = int(found["year"] or local.year)
        then = datetime(
            year, _MONTHS.index(found["month"].lower()[:3]) + 1, int(found["day"]), hour, int(found["minute"])
        ).astimezone()
        return then if found["year"] or then > at else then.replace(year=year + 1)
    except (ValueError, TypeError, OverflowError):
        return None


def _instant(text: str) -> datetime | None:
    """An ISO date and time; without a zone it is local."""
    try:
        return (
            datetime.fromisoformat(text.strip().replace(" UTC", "Z").replace(" Z", "Z")).astimezone()
            if text
            else None
        )
    except (ValueError, OverflowError):
        return None
