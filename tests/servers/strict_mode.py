"""Strict mode as the real service enforces it: which schemas it accepts, and what a model under one writes.

Written from OpenAI's guide on structured outputs alone, and not from our normaliser, which it tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: What a strict schema may hold (OpenAI's guide on structured outputs, "supported schemas"), by
#: type; the rest is rejected.
_ANYWHERE = frozenset(
    ("type", "description", "title", "enum", "const", "anyOf", "$ref", "$defs", "definitions")
)
_OF_TYPE = {
    "object": frozenset(("properties", "required", "additionalProperties")),
    "array": frozenset(("items", "minItems", "maxItems")),
    "string": frozenset(("pattern", "format")),
    "number": frozenset(("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")),
}
_OF_TYPE["integer"] = _OF_TYPE["number"]
_MOST_PROPERTIES, _MOST_LEVELS, _MOST_CHARACTERS, _MOST_ENUM_VALUES = 5000, 10, 120_000, 1000


def strict_problem(schema: Any) -> str | None:
    """What strict mode has against a schema; None when it would be accepted."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return "schema must be a JSON Schema of 'type: \"object\"'"
    parts = list(_parts(schema, (), 0))
    names = [name for part, _, _ in parts for name in part.get("properties") or ()]
    values = [value for part, _, _ in parts for value in part.get("enum") or ()]
    if (
        len(names) > _MOST_PROPERTIES
        or len(values) > _MOST_ENUM_VALUES
        or sum(map(len, map(str, names + values))) > _MOST_CHARACTERS
    ):
        return "schema is too large"
    return next(
        (f"In context={at}, {found}" for part, at, level in parts if (found := _part_problem(part, level))),
        None,
    )


def _part_problem(part: Mapping[str, Any], level: int) -> str | None:
    types = part.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    unknown = part.keys() - _ANYWHERE.union(*(_OF_TYPE.get(name, frozenset()) for name in types))
    if unknown:
        return f"{min(unknown)!r} is not permitted."
    if level > _MOST_LEVELS:
        return f"{level} levels of nesting exceeds limit of {_MOST_LEVELS}."
    if not types and not part.keys() & {"anyOf", "$ref", "enum", "const"}:
        return "schema must have a 'type' key."
    if "object" in types:
        if part.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false."
        if set(part.get("required") or ()) != set(part.get("properties") or ()):
            return (
                "'required' is required to be supplied and to be an array including every key in properties."
            )
    if "array" in types and not isinstance(part.get("items"), dict):
        return "array schema missing items."
    return None


def _parts(
    schema: Mapping[str, Any], at: tuple[str, ...], level: int
) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...], int]]:
    """Every schema inside `schema`, with where it is and how many objects deep."""
    yield schema, at, level
    for keyword in ("properties", "$defs", "definitions"):
        for name, inner in (schema.get(keyword) or {}).items():
            yield from _parts(inner, (*at, keyword, name), level + (keyword == "properties"))
    if isinstance(schema.get("items"), dict):
        yield from _parts(schema["items"], (*at, "items"), level)
    for i, inner in enumerate(schema.get("anyOf") or ()):
        yield from _parts(inner, (*at, "anyOf", str(i)), level)


def conform(document: Any, schema: Mapping[str, Any]) -> Any:
    """`document` as a model under a strict schema would write it: every property there, null where it says
    nothing, none beyond.
    """
    root = schema

    def fit(value: Any, part: Mapping[str, Any]) -> Any:
        while "$ref" in part:
            found: Any = root
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        if options := part.get("anyOf"):
            part = next((o for o in options if value is not None and o.get("type") != "null"), options[-1])
            return None if value is None else fit(value, part)
        if isinstance(value, dict) and "properties" in part:
            return {name: fit(value.get(name), inner) for name, inner in part["properties"].items()}
        if isinstance(value, list) and isinstance(part.get("items"), dict):
            return [fit(item, part["items"]) for item in value]
        return value

    return fit(document, root)
