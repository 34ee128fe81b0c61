"""What stands in our own logs and records, by key. Anybody can edit them, and an
archive brings those of a stranger.

A fact of another type than the one that is written is no fact: it is left out, once, where the document is
read, and so nobody who asks for it later meets a list where a text belongs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Shape = Callable[[Any], bool]


def text(value: Any) -> bool:
    return isinstance(value, str)


def whole(value: Any) -> bool:
    """An integer that a process id, a status or a count can be."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def number(value: Any) -> bool:
    return whole(value) or (isinstance(value, float) and math.isfinite(value))


def whole_or_none(value: Any) -> bool:
    return value is None or whole(value)


def truth(value: Any) -> bool:
    return isinstance(value, bool)


def texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(text, value))


def words(value: Any) -> bool:
    """A command line, as one text or word by word."""
    return text(value) or texts(value)


def table(value: Any) -> bool:
    return isinstance(value, dict)


def text_table(value: Any) -> bool:
    return isinstance(value, dict) and all(map(text, value.values()))


def tables(value: Any) -> bool:
    return isinstance(value, list) and all(map(table, value))


def shaped(document: Mapping[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """`document` without the values that are not what their key says. Keys that
    `shapes` does not name stay.
    """
    return {key: value for key, value in document.items() if key not in shapes or shapes[key](value)}
