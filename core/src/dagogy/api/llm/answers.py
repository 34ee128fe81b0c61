"""What a model wrote, read as a curriculum: exit 0 or HTTP 200 proves nothing.

Tolerated is what loses nothing: a fence around the whole, or words before and after one whole object. JSON
that was cut off is never completed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from dagogy.api.llm.strict import without_nulls
from dagogy.api.text import shorten
from dagogy.contracts.check import Problem, schema_text
from dagogy.contracts.documents import MalformedJson, curriculum_problems, parse_json

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|"', re.DOTALL)
#: An answer that is longer is none: no model writes so much, and reading it would take all
#: the memory and time there is.
_MOST_CHARS, _MOST_NODES = 1_000_000, 5_000
_LONGEST_WHY = 400
#: More problems of an answer are not looked for.
_MOST_PROBLEMS = 1000
_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


class BadAnswer(Exception):
    """An answer that cannot be used. `cause` is one of `ProviderError.CAUSES`; `problems` say where it
    departs from the schema.
    """

    def __init__(self, cause: str, why: str, problems: Sequence[Problem | str] = ()) -> None:
        super().__init__(why)
        self.cause = cause
        self.why = shorten(why, _LONGEST_WHY)
        self.problems = problems


def read_curriculum(text: str) -> Any:
    """The curriculum in `text` as plain JSON values that meet the schema. Raises `BadAnswer`."""
    document = object_in(text)
    if not isinstance(document, dict):
        raise BadAnswer(
            "wrong_shape",
            f"a JSON {'list' if isinstance(document, list) else 'value'} where an object is wanted",
        )
    if "error" in document and "nodes" not in document:
        raise BadAnswer("error_body", "an error object in place of a curriculum")
    nodes = document.get("nodes")
    if isinstance(nodes, list) and len(nodes) > _MOST_NODES:
        raise BadAnswer("wrong_shape", f"{len(nodes):,} nodes, of which at most {_MOST_NODES:,} are read")
    try:
        document = without_nulls(document, json.loads(schema_text("curriculum")))
    except RecursionError:
        raise BadAnswer("wrong_shape", "JSON that is nested too deeply") from None
    problems = curriculum_problems(document, most=_MOST_PROBLEMS)
    if problems:
        count = len(problems)
        told = (
            "1 problem" if count == 1 else f"{count} problems" if count < _MOST_PROBLEMS else "many problems"
        )
        raise BadAnswer(
            "wrong_shape",
            f"JSON that does not meet the schema ({told}): {'; '.join(map(str, problems))}",
            problems,
        )
    return document


def object_in(text: str) -> Any:
    """The one JSON value in `text`, as the strict reader gives it. Raises `BadAnswer`."""
    if len(text) > _MOST_CHARS:
        raise BadAnswer("wrong_shape", f"{len(text):,} characters, of which at most {_MOST_CHARS:,} are read")
    text = text.strip().removeprefix("\ufeff")
    if not text:
        raise BadAnswer("empty", "nothing")
    if _HTML.match(text):
        raise BadAnswer("html", "a web page")
    try:
        return _parsed(text)
    except MalformedJson as error:
        whole = error
    start = text.find("{")
    if text[0] in '["':
        # What stands inside a list or a string is a part of something, never the answer.
        raise _malformed(text, 0, whole)
    if start < 0:
        raise BadAnswer("prose", "text that holds no JSON")
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        raise _malformed(text, start, whole) from None
    if "{" in text[end:]:
        raise BadAnswer("not_json", "more than one JSON object")
    try:
        return _parsed(text[start:end])
    except MalformedJson as error:
        raise BadAnswer("not_json", f"text that is not JSON: {error}") from None


def _parsed(text: str) -> Any:
    return parse_json(text.encode(errors="surrogatepass"))


def _malformed(text: str, start: int, whole: MalformedJson) -> BadAnswer:
    """Whether the value that begins at `start` was cut off, or is broken somewhere inside."""
    if _is_open(text[start:]):
        return BadAnswer("incomplete", "JSON that ends too early: the answer was cut off")
    return BadAnswer("not_json", f"text that is not JSON: {whole}")


def _is_open(text: str) -> bool:
    """Whether a string, list or object that begins in `text` does not end in it."""
    depth = 0
    # One by one: behind a string that does not end, each escaped quote would be taken
    # for the start of another one.
    for mark in _TOKEN.finditer(text):
        if mark[0] == '"':
            return True
        depth += (mark[0] in ("{", "[")) - (mark[0] in ("}", "]"))
    return depth > 0
