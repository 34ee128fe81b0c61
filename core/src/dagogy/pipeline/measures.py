"""The measures that rules yield: whether one can be used, and whether one draft
has less of it than another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from math import fsum
from typing import Any

from dagogy.api.rules import Measure
from dagogy.api.text import shorten

#: Shares are sums of fractions: what differs by less is equal.
_EQUAL = 1e-9
#: The points of a perfect score.
_MOST = 100


def unusable_measure(measure: Measure, known: Iterable[str]) -> str:
    """What is wrong with a measure, in words; "" for one that can be compared and written. `known`: the names
    of the rule's measures so far.
    """
    return next(_problems(measure, known), "")


def _problems(measure: Measure, known: Iterable[str]) -> Iterator[str]:
    """The problems of a measure, each only where those before it are not there."""
    if not isinstance(measure.name, str) or not measure.name.strip():
        yield f"it yielded a measure with the name {measure.name!r:.40}; a text that is not empty is wanted"
    about = f"its measure {measure.name!r:.60}"
    if measure.name in known:
        yield f"{about} was yielded twice"
    if not isinstance(measure.met, Mapping) or not all(
        isinstance(key, str) and _is_share(share) for key, share in measure.met.items()
    ):
        yield f"{about} has something else in `met` than shares from 0 to 1 by text"
    if measure.total is not None and (not isinstance(measure.total, int) or measure.total < len(measure.met)):
        yield f"{about} has a total of {measure.total!r:.40} for {len(measure.met)} things in `met`"
    if not isinstance(measure.protected, bool):
        yield f"{about} has {measure.protected!r:.40} in `protected`, which is neither True nor False"
    if not _is_points(measure.weight):
        yield f"{about} has a weight of {measure.weight!r:.40}; a number from 0 to {_MOST} is wanted"
    try:
        json.dumps([measure.name, *measure.met], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        yield f"{about} holds half of a surrogate pair, which no file can hold"


def _is_share(share: Any) -> bool:
    return isinstance(share, int | float) and 0 <= share <= 1


def _is_points(weight: Any) -> bool:
    return isinstance(weight, int | float) and 0 <= weight <= _MOST


def own_measure(measure: Measure, rule_id: str) -> Measure:
    """A copy with the id of its rule, which the plugin can no longer change."""
    return Measure(measure.name, dict(measure.met), measure.total, measure.protected, rule_id, measure.weight)


def lowered(now: Measure, before: Measure) -> str:
    """By how much `now` is lower than the same measure was `before`, with the first of the things that lost;
    "" where it is not.

    Only the things that both looked at count: a node more or less is not a loss in itself.
    """
    common = [key for key in before.met if key in now.met]
    less, more = (fsum(measure.met[key] for key in common) for measure in (now, before))
    if less >= more - _EQUAL:
        return ""
    lost = [key for key in common if now.met[key] < before.met[key]]
    others = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return (
        f"it lowers {now.name} ({now.rule_id}) from {more:.4g} to {less:.4g} of {len(common)}: "
        f"{shorten(lost[0])}{others}"
    )


def measure_document(measure: Measure) -> dict[str, Any]:
    """One measure as JSON values, as reports and the trace have it."""
    return {
        "rule_id": measure.rule_id,
        "name": measure.name,
        "value": measure.value,
        "protected": measure.protected,
        "weight": measure.weight,
    }
