"""Where in a JSON file a JSON Pointer stands, for tools that show findings beside the text."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

_SPACE = re.compile(r"[ \t\r\n]*")
_scan = json.JSONDecoder().raw_decode


def lines_of_pointers(data: bytes, pointers: Collection[str]) -> dict[str, int]:
    """The line (from 1) at which each of `pointers` starts in the JSON text `data`. A pointer
    to something that is missing gets the line of the nearest thing around it. Text that is not
    JSON gives an empty mapping."""
    text = data.decode("utf-8-sig", "replace")
    wanted = {p for pointer in pointers for p in _with_parents(pointer)}
    offsets: dict[str, int] = {}
    try:
        _walk(text, _skip(text, 0), "", wanted, offsets)
    except (ValueError, IndexError, RecursionError):
        if not offsets:
            return {}
    marks = sorted(set(offsets.values()))
    line_at: dict[int, int] = {}
    line, at = 1, 0
    for mark in marks:
        line += text.count("\n", at, mark)
        line_at[mark], at = line, mark
    out = {}
    for pointer in pointers:
        nearest = next((p for p in reversed(_with_parents(pointer)) if p in offsets), None)
        if nearest is not None:
            out[pointer] = line_at[offsets[nearest]]
    return out


def _with_parents(pointer: str) -> list[str]:
    parts = pointer.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _walk(text: str, at: int, pointer: str, wanted: set[str], offsets: dict[str, int]) -> int:
    """Reads the value at `at`; returns where it ends. Only what leads to a wanted pointer is looked into."""
    offsets[pointer] = at
    opening = text[at]
    if opening not in "[{":
        return _scan(text, at)[1]
    at, position, closing = _skip(text, at + 1), 0, "]" if opening == "[" else "}"
    while text[at] != closing:
        start = at
        if opening == "{":
            key, at = _scan(text, at)
            at = _skip(text, _skip(text, at) + 1)
            child = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        else:
            child = f"{pointer}/{position}"
        if child in wanted:
            at = _walk(text, at, child, wanted, offsets)
            offsets[child] = start
        else:
            at = _scan(text, at)[1]
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        position += 1
    return at + 1
