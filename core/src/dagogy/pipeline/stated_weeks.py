"""The weeks that the groups of a curriculum name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_WEEK = re.compile(
    r"(?<!\w)(?:week|wk|woche|semaine|semana|settimana|tydzień|vecka|uke|uge|viikko|hafta|týden|hét|неделя"
    r"|тиждень|εβδομάδα|hefte)\s?(?P<week>\d{1,3})\b"
    r"|(?P<before>\d{1,3})\.?\s?(?:woche|tydzień|hafta|týden|hét|неделя)\b|第\s?(?P<east>\d{1,3})\s?[周週]"
    r"|(?P<korean>\d{1,3})\s?주차?",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"^\W*(?:day|tag|jour|día|dia|giorno|dag|dzień|päivä|gün|den|день)\s?(?P<day>\d{1,3})\b", re.IGNORECASE
)
_MOST = 104
#: Share of the nodes whose group must name a week for the plan to follow it.
_ENOUGH = 0.6
_DAYS_A_WEEK = 7


def stated_weeks(groups: Sequence[str]) -> list[int]:
    """For each node the week, from 1, that its group names by number, else that of the node before it; 1 for
    all where too few groups name one. A day (`Day 30`) stands in the week that it falls in.
    """
    named = [_week(group) for group in groups]
    if sum(week is not None for week in named) < _ENOUGH * len(named) or not named:
        return [1] * len(named)
    first = min(week for week in named if week is not None)
    out, last = [], 1
    for week in named:
        last = last if week is None else max(1, week - max(0, first - 1))
        out.append(last)
    return out


def _week(group: str) -> int | None:
    if match := _WEEK.search(group):
        number = int(next(g for g in match.groups() if g))
    elif match := _DAY.match(group):
        number = math.ceil(int(match["day"]) / _DAYS_A_WEEK)
    else:
        return None
    return number if number <= _MOST else None
