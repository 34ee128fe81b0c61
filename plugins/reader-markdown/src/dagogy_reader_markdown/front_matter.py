"""The metadata at the head of a document, in YAML or TOML."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from dagogy.api.errors import InvalidArgument

__all__ = ["front_matter"]

_MAX_FRONT_MATTER = 64 * 1024


def front_matter(text: str, source: str) -> tuple[dict[str, Any], int]:
    """The metadata at the head of `text` and the number of lines it takes, fences included;
    `({}, 0)` when there is none.
    """
    fence = text[:3]
    if fence not in ("---", "+++"):
        return {}, 0
    head = text[:_MAX_FRONT_MATTER].split("\n")
    closers = (fence, "...") if fence == "---" else (fence,)
    if head[0].rstrip() != fence:
        return {}, 0
    end = next((i for i, line in enumerate(head) if i and line.rstrip() in closers), 0)
    if not end:
        return {}, 0  # a thematic break, or a paragraph
    load = _yaml_mapping if fence == "---" else _toml_mapping
    try:
        return load("\n".join(head[1:end]), source), end + 1
    except InvalidArgument:
        if fence == "---" and not head[1].strip():
            return {}, 0  # two thematic breaks: a blank line after the first says that no metadata follow
        raise


def _yaml_mapping(raw: str, source: str) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.safe_load(raw)
    except Exception as error:  # its constructors let ValueError, OverflowError and RecursionError through
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        # Line 1 of the file is the fence.
        raise _bad_front_matter(
            source, "YAML", str(reason), 2 + mark.line if mark is not None else 2
        ) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _bad_front_matter(
            source, "YAML", f"it must be a mapping (key: value), not {_kind_name(value)}", 2
        )
    return _plain_mapping(value, source, "YAML")


def _toml_mapping(raw: str, source: str) -> dict[str, Any]:
    import tomllib

    try:
        value = tomllib.loads(raw)
    except (ValueError, RecursionError) as error:
        place = re.search(r"at line (\d+)", str(error))
        raise _bad_front_matter(
            source, "TOML", str(error) or "nested too deeply", 1 + int(place[1]) if place else 2
        ) from None
    return _plain_mapping(value, source, "TOML")


def _bad_front_matter(source: str, language: str, reason: str, line: int) -> InvalidArgument:
    return InvalidArgument(
        f"scope file '{source}', line {line}: its {language} front matter cannot be used: {reason}",
        hint="correct it, or remove it together with the lines that fence it",
        details={"source": source, "line": line},
    )


def _kind_name(value: object) -> str:
    return {"str": "text", "list": "a list", "int": "a number", "float": "a number"}.get(
        type(value).__name__, f"a {type(value).__name__}"
    )


def _plain_mapping(value: Mapping[Any, Any], source: str, language: str) -> dict[str, Any]:
    """`value` in types that JSON knows. YAML aliases can make a value that is endless or huge when it is
    written out, hence the budget.
    """
    budget = 10_000

    def plain(item: Any, depth: int) -> Any:
        nonlocal budget
        budget -= 1
        if budget < 0 or depth > 50:
            raise _bad_front_matter(source, language, "it holds too many or too deeply nested values", 2)
        if isinstance(item, int) and item.bit_length() > 64:
            raise _bad_front_matter(source, language, "it holds a number of more than 64 bits", 2)
        if isinstance(item, str):
            # an escape can make half a surrogate pair, which no file can hold
            return item.encode("utf-8", "replace").decode("utf-8")
        if isinstance(item, dict):
            return {str(plain(k, depth + 1)): plain(v, depth + 1) for k, v in item.items()}
        if isinstance(item, (list, tuple)):
            return [plain(v, depth + 1) for v in item]
        if isinstance(item, (set, frozenset)):
            return sorted(str(plain(v, depth + 1)) for v in item)
        if item is None or isinstance(item, int) or (isinstance(item, float) and math.isfinite(item)):
            return item
        return str(item)  # dates and times

    mapping: dict[str, Any] = plain(value, 0)
    return mapping
