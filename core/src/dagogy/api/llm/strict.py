"""From our JSON Schema to one that strict structured outputs accept, and from an answer to it back to ours.

Strict mode wants every property required, no open object and only some keywords (what services call
structured outputs); fine-tuned models and local servers accept fewer still. So only the shape goes into the
schema; what a keyword beyond that asks for is said in the description.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_SHAPE = ("type", "enum", "const")
#: What cannot be said by shape alone, in words for the description.
_IN_WORDS: dict[str, Callable[[Any], str]] = {
    "minLength": lambda n: "not empty" if n == 1 else f"at least {n} characters",
    "maxLength": lambda n: f"at most {n} characters",
    "minItems": lambda n: f"at least {n} item{'s' * (n != 1)}",
    "maxItems": lambda n: f"at most {n} item{'s' * (n != 1)}",
    "uniqueItems": lambda wanted: "no item twice" if wanted else "",
    "minimum": lambda n: f"at least {n}",
    "maximum": lambda n: f"at most {n}",
    "exclusiveMinimum": lambda n: f"more than {n}",
    "exclusiveMaximum": lambda n: f"less than {n}",
    "multipleOf": lambda n: f"a multiple of {n}",
    "pattern": lambda p: "matches " + p.removesuffix(r"(?!\n)"),
    "format": lambda name: f"in the format {name}",
}
#: Says nothing about the document.
_IGNORED = ("$schema", "$id", "$defs", "$comment", "title", "default", "examples", "description")


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that strict mode accepts, made of `schema`: what is optional there may be null here,
    references are written out.

    Raises `ValueError` for what has no counterpart: a keyword that is not listed here, a map with free keys,
    a type that contains itself.
    """
    if schema.get("type") != "object":
        raise ValueError("strict mode wants an object at the root")
    return _strict(schema, schema, ())


def _strict(node: Mapping[str, Any], root: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
    if "$ref" in node:
        if node["$ref"] in above:
            raise ValueError(f"{node['$ref']} contains itself")
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _strict({**_target(node["$ref"], root), **beside}, root, (*above, node["$ref"]))
    out: dict[str, Any] = {}
    words: list[str] = []
    for key, value in node.items():
        if key in _SHAPE:
            out[key] = value
        elif key in _IN_WORDS:
            words.append(_IN_WORDS[key](value))
        elif key == "items":
            out[key] = _strict(value, root, above)
        elif not _said_elsewhere(key, value):
            raise ValueError(f"strict mode has no counterpart for {key!r}: {value!r}")
    if node.get("type") == "object":
        out.update(_closed(node, root, above))
    described = "; ".join(filter(None, [str(node.get("description", "")).rstrip("."), *words]))
    return {"description": described, **out} if described else out


def _said_elsewhere(key: str, value: Any) -> bool:
    """Whether nothing is lost with a keyword. What a condition asks of a property its description says."""
    if key == "allOf":
        return all("if" in part for part in value)
    if key == "additionalProperties":
        return value is False
    return key in ("properties", "required") or key in _IGNORED


def _closed(node: Mapping[str, Any], root: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
    if node.get("additionalProperties") is not False:
        raise ValueError("strict mode has no open object; close it with additionalProperties: false")
    wanted = node.get("required", ())
    parts = {name: _strict(part, root, above) for name, part in node.get("properties", {}).items()}
    properties = {name: part if name in wanted else _nullable(part) for name, part in parts.items()}
    return {"properties": properties, "required": list(properties), "additionalProperties": False}


def _nullable(part: dict[str, Any]) -> dict[str, Any]:
    described = {
        "description": "; ".join(filter(None, [part.get("description", ""), "null where there is none"]))
    }
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    nullable = {**part, **described, "type": [*kinds, "null"]}
    if "const" in nullable:
        nullable["enum"] = [nullable.pop("const")]
    if "enum" in nullable:
        nullable["enum"] = [*nullable["enum"], None]
    return nullable


def _target(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    if not reference.startswith("#/"):
        raise ValueError(f"{reference} is not a reference inside the schema")
    target: Any = root
    for part in reference[2:].split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")]
    found: Mapping[str, Any] = target
    return found


def without_nulls(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """`value`, an answer to `strict_schema(schema)`, the way `schema` wants it: what is
    optional and null is left out.
    """
    root = root or schema
    if "$ref" in schema:
        schema = _target(schema["$ref"], root)
    if isinstance(value, dict):
        known, wanted = schema.get("properties", {}), schema.get("required", ())
        return {
            key: without_nulls(item, known.get(key, {}), root)
            for key, item in value.items()
            if item is not None or key in wanted or key not in known
        }
    if isinstance(value, list):
        return [without_nulls(item, schema.get("items", {}), root) for item in value]
    return value


def with_nulls(value: Any, schema: Mapping[str, Any]) -> Any:
    """`value` the way the strict schema `schema` wants it: what is left out is null. A draft is shown to the
    model in the shape of its answer.
    """
    if isinstance(value, dict):
        return {
            name: with_nulls(value.get(name), part) for name, part in schema.get("properties", {}).items()
        }
    if isinstance(value, list):
        return [with_nulls(item, schema.get("items", {})) for item in value]
    return value
