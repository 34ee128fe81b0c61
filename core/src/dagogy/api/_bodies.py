"""Error bodies in text: JSON, server-sent events and the Python dicts that SDKs print,
unwrapped down to the innermost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Body", "read_body"]

_DECODER = json.JSONDecoder(strict=False)
_TRIES, _DEPTH, _SCANNED = 300, 8, 200_000
_WORD = re.compile(r"[A-Za-z][\w .:-]{0,80}")


@dataclass(frozen=True, slots=True)
class Body:
    """The innermost error of one body: its codes (`code`, `type`, `status`, `reason`), what it says, and the
    parameter it is about.

    `code` is the most telling of the codes. `ours`: of the shape of dagogy's own failures. `event`: the type
    of the event that held it, such as `job.failed`.
    """

    codes: frozenset[str]
    message: str
    param: str = ""
    status: int | None = None
    request_id: str = ""
    ours: str = ""
    event: str = ""
    code: str = ""
    span: tuple[int, int] = field(default=(0, 0), compare=False)


def values(text: str) -> Iterator[tuple[Any, int, int]]:
    """Every JSON object (or Python dict) that starts in `text`, outermost ones only, with its place."""
    at, tries, scanned = text.find("{"), 0, 0
    while at >= 0 and tries < _TRIES and scanned < _SCANNED:
        tries += 1
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            value, end = _python_dict(text, at)
            # One that closes nowhere costs a scan; many of them must not cost as many.
            scanned += (end - at) if end > at else min(len(text) - at, 20_000)
        if end > at:
            yield value, at, end
        at = text.find("{", max(end, at + 1))


def _python_dict(text: str, at: int) -> tuple[Any, int]:
    if not re.match(r"\{\s*['\"]", text[at : at + 40]):
        return None, at
    end = _closing(text, at)
    if end < 0:
        return None, at
    import ast

    try:
        value = ast.literal_eval(" ".join(text[at:end].split("\n")))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None, at
    return (value, end) if isinstance(value, dict) else (None, at)


def _closing(text: str, at: int) -> int:
    """The place after the bracket that closes the one at `at`, quotations left out; -1 when there is none."""
    depth, quote, position = 0, "", at
    while position < min(len(text), at + 20_000):
        letter = text[position]
        if letter == "\\":
            position += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "{[(":
            depth += 1
        elif letter in "}])":
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return -1


def bodies(text: str) -> Iterator[Body]:
    """The error bodies in `text`, in order."""
    for value, start, end in values(text):
        body = read_body(value, (start, end))
        if body is not None:
            yield body


def read_body(value: Any, span: tuple[int, int] = (0, 0)) -> Body | None:
    """The innermost error of a decoded body, or None if it is none. What an inner level
    leaves open, an outer one says.
    """
    levels = list(_levels(value, 0, looks_like_error=False))
    if not levels:
        return None
    kind = value.get("type") if isinstance(value, Mapping) else None
    event = kind if isinstance(kind, str) else ""
    codes: tuple[str, ...] = ()
    message, param, status, request_id = "", "", None, ""
    for level in reversed(levels):
        codes = codes or _codes(level)
        message = message or _message(level)
        param = param or _first(level, "param")
        status = status or _status(level)
        request_id = request_id or _first(level, "request_id", "requestID")
    return Body(
        frozenset(codes),
        message,
        param,
        status,
        request_id,
        _ours(levels),
        event,
        codes[0] if codes else "",
        span,
    )


def _levels(value: Any, depth: int, *, looks_like_error: bool) -> Iterator[Mapping[str, Any]]:
    """The error objects in `value`, outermost first."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        if depth <= _DEPTH:
            for inner, _, _ in values(value):
                yield from _levels(inner, depth + 1, looks_like_error=False)
                break
        return
    if not isinstance(value, Mapping) or depth > _DEPTH:
        return
    if looks_like_error or _is_error(value):
        yield value
    for key, within in _inner(value):
        yield from _levels(within, depth + 1, looks_like_error=key in ("error", "innererror", "inner_error"))


def _inner(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    metadata = value.get("metadata")
    if isinstance(metadata, Mapping):
        yield "raw", metadata.get("raw")
    for key in ("response", "body", "detail", "error", "message", "innererror", "inner_error", "errors"):
        if value.get(key) is not None and (
            key != "response" or str(value.get("type", "")).startswith("response.")
        ):
            yield key, value[key]
    for each in value["details"] if isinstance(value.get("details"), list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("reason"), str):
            yield "error", {"code": each["reason"], "message": value.get("message", "")}


def _is_error(value: Mapping[str, Any]) -> bool:
    kind = value.get("type")
    if kind == "error" or is_failed_event(kind) or value.get("object") == "error":
        return not isinstance(value.get("error") or value.get("response"), Mapping)
    if isinstance(value.get("error"), str):
        return True
    if isinstance(value.get("message"), str) and ({"code", "type", "param", "status"} & value.keys()):
        return True
    return isinstance(value.get("detail"), str) and len(value) <= 4


def _codes(level: Mapping[str, Any]) -> tuple[str, ...]:
    found = [
        level.get(key) for key in ("code", "type", "status", "reason", "error_code", "errorCode", "__type")
    ]
    words = [c.lower() for c in found if isinstance(c, str) and _WORD.fullmatch(c)]
    return tuple(
        word for word in words if word not in ("none", "null", "error") and not is_failed_event(word)
    )


def is_failed_event(kind: Any) -> bool:
    """Whether it is the type of an event that says that something failed, such as `job.failed`."""
    return isinstance(kind, str) and kind.endswith(".failed")


def _message(level: Mapping[str, Any]) -> str:
    for key in ("message", "error", "detail", "msg", "error_message"):
        if isinstance(level.get(key), str):
            return " ".join(str(level[key]).split())
    return ""


def _first(level: Mapping[str, Any], *keys: str) -> str:
    """The first value that is there, as a text."""
    return next((str(level[key]) for key in keys if level.get(key)), "")


def _status(level: Mapping[str, Any]) -> int | None:
    for key in ("status", "code", "status_code", "statusCode"):
        text = str(level.get(key, ""))
        if text.isdigit() and 400 <= int(text) <= 599:
            return int(text)
    return None


def _ours(levels: list[Mapping[str, Any]]) -> str:
    """The code, if the body has the shape of our own failures: `{"code", "message"}` without a service's
    `type` and `param`.
    """
    first = levels[0]
    return (
        str(first.get("code") or "")
        if "type" not in first and "param" not in first and isinstance(first.get("code"), str)
        else ""
    )


def parses(text: str) -> bool:
    """Whether `text` is one JSON object or array."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False
