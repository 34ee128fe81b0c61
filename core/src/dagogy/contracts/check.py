"""Explains what of a document departs from its published JSON Schema: all problems at
once, each with its JSON Pointer.

`jsonschema` finds them; the messages are ours, made from the keyword. Asking it takes a thousand times what
pydantic takes to read the same document, so it is asked of what pydantic refused (`contracts.documents`), and
imported only then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from dagogy.contracts.depth import is_deeper_than
from dagogy.contracts.suggest import did_you_mean

# No document of ours comes near that, and what quotes one that does would run out of stack.
_MAX_DEPTH = 200
_BLANK = r"[^\s\x1c-\x1f\x85\ufeff]"


@dataclass(frozen=True, slots=True)
class Problem:
    """A place where a document departs from its contract. `pointer` is an RFC 6901
    JSON Pointer ("" is the whole).
    """

    pointer: str
    message: str
    keyword: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = self.pointer or "the document"
        return f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


def schema_names() -> list[str]:
    """The artifacts that have a schema."""
    suffix = ".schema.json"
    return sorted(
        f.name[: -len(suffix)]
        for f in files("dagogy.contracts").joinpath("schemas").iterdir()
        if f.name.endswith(suffix)
    )


def schema_text(name: str) -> str:
    """The shipped JSON Schema of the artifact `name`, as it lies in the package. Raises
    `KeyError` for an unknown name.
    """
    path = files("dagogy.contracts").joinpath("schemas", f"{name}.schema.json")
    if not name.isidentifier() or not path.is_file():
        raise KeyError(name)
    return path.read_text(encoding="utf-8")


def pointer_of(path: Iterable[Any]) -> str:
    """The JSON Pointer of a sequence of keys and positions."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


@lru_cache(maxsize=8)
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema_text(name)))


_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}
_TYPE_WANTED = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


@lru_cache(maxsize=1024)
def _near(key: str, allowed: tuple[str, ...]) -> str:
    """`did_you_mean`, remembered: where a key is mistyped once it is often mistyped in every node."""
    return did_you_mean(key, allowed)


def _show(value: Any, limit: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _explain(path: list[Any], keyword: str, instance: Any, argument: tuple[Any, Any]) -> list[Problem]:
    wanted, schema = argument
    at = pointer_of(path)
    if keyword == "required":
        known = set(instance)
        return [
            Problem(pointer_of([*path, key]), f"'{key}' is missing", keyword)
            for key in wanted
            if key not in known
        ]
    if keyword == "additionalProperties":
        allowed = list(schema.get("properties", {}))
        unknown = [key for key in instance if key not in allowed]
        return [
            Problem(pointer_of([*path, key]), f"unknown key '{key}'", keyword, _near(key, tuple(allowed)))
            for key in unknown
        ]
    if keyword == "type":
        message = (
            f"{_TYPE_WANTED.get(wanted, str(wanted))} is wanted, this is "
            f"{_TYPE_NAMES.get(type(instance), 'something else')}"
        )
        return [
            Problem(
                at,
                message + (f": {_show(instance)}" if not isinstance(instance, dict | list) else ""),
                keyword,
            )
        ]
    if keyword == "enum":
        hint = did_you_mean(str(instance), [str(w) for w in wanted])
        return [Problem(at, f"{_show(instance)} is not one of {', '.join(map(str, wanted))}", keyword, hint)]
    sentences: dict[str, Callable[[], str]] = {
        "const": lambda: f"{_show(instance)} must be {_show(wanted)}",
        "minLength": lambda: "must not be empty",
        "minItems": lambda: f"has {len(instance)}, at least {wanted} wanted",
        "maxItems": lambda: f"has {len(instance)}, at most {wanted} allowed",
        "exclusiveMinimum": lambda: f"{_show(instance)} must be more than {wanted}",
        "minimum": lambda: f"{_show(instance)} must be at least {wanted}",
        "maximum": lambda: f"{_show(instance)} must be at most {wanted}",
        "pattern": lambda: (
            "must not be blank"
            if wanted == _BLANK
            else f"{_show(instance)} does not match {wanted.removesuffix('(?!' + chr(92) + 'n)')}"
        ),
    }
    explain = sentences.get(keyword, lambda: f"{_show(instance)} breaks '{keyword}'")
    return [Problem(at, explain(), keyword)]


def schema_problems(name: str, document: Any, *, most: int | None = None) -> list[Problem]:
    """All problems of `document` against the schema of the artifact `name`, in document order. No more are
    looked for once there are `most` of them.
    """
    if is_deeper_than(document, _MAX_DEPTH):
        return [Problem("", "the document is nested too deeply", "json")]
    found: dict[tuple[str, str, str], Problem] = {}
    for error in _validator(name).iter_errors(document):
        for problem in _explain(
            list(error.absolute_path),
            str(error.validator),
            error.instance,
            (error.validator_value, error.schema),
        ):
            found.setdefault((problem.pointer, problem.keyword, problem.message), problem)
        if most is not None and len(found) >= most:
            break
    return sorted(found.values(), key=lambda p: (_sort_key(p.pointer), p.keyword, p.message))


def _sort_key(pointer: str) -> list[tuple[int, int, str]]:
    return [
        (0, int(part), "") if part.isdecimal() and len(part) < 12 else (1, 0, part)
        for part in pointer.split("/")[1:]
    ]
