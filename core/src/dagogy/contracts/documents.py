"""From bytes to documents: strict JSON, and the typed curriculum and topic spec with every problem they have.

JSON here is RFC 8259 and nothing else: no duplicate keys, no NaN, no trailing commas, no lone surrogates, no number out of range.
A UTF-8 byte order mark is tolerated, since editors on Windows write one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Generic, NoReturn, TypeVar

import msgspec

from dagogy.contracts.check import Problem, schema_problems
from dagogy.contracts.types import Curriculum, Node, TopicSpec

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
# Above this size only the nodes that fail are looked at as plain JSON values, to bound time and memory.
_LARGE = 4_000_000
# What a number must stay below to be counted with.
_HUGE = 1e308
_PLACEHOLDER = re.compile(
    r"^\W{0,20}(?:<[^<>]*>|\{\{.*\}\}|\[\[.*\]\]|\$\{.*\}|todo\b.*|tbd\b.*|tba\b.*|fixme\b.*|xxx+|placeholder\b.*|replace[ _-]?me\b.*|change[ _-]?me\b.*"
    r"|fill[ _-]?(?:me[ _-]?)?in\b.*|lorem ipsum\b.*|your (?:goal|audience|topic)(?: here)?|\.\.\.|…|n/?a)\W{0,20}$",
    re.IGNORECASE | re.DOTALL,
)


class MalformedJson(ValueError):
    """Bytes that are not JSON. `problem` says where and why."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.problem = Problem("", message, "json", hint)


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - (text.rfind(chr(10), 0, position) + 1) + 1}"


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise MalformedJson(f"the number {text[:40]} is out of range")
    return value


def _whole(text: str) -> int:
    if len(text) > 300:
        _finite(text)
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise MalformedJson(f"the key '{key}' appears twice in the same object", "remove one of the two")
            seen.add(key)
    return out


def decode_text(data: bytes) -> str:
    """UTF-8 bytes as text; raises `MalformedJson` that says what they are instead."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MalformedJson("the file is UTF-16", "save it as UTF-8")
    if b"\x00" in data:
        raise MalformedJson(f"there is a NUL byte at offset {data.index(0)}", "the file is binary or damaged; restore it from a copy")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8", "save it as UTF-8") from None


def parse_json(data: bytes) -> Any:
    """Strict JSON as plain values. Raises `MalformedJson` with line and column."""
    text = decode_text(data)
    if not text.strip():
        raise MalformedJson("the file is empty")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
    except MalformedJson:
        raise
    except json.JSONDecodeError as error:
        before = text[: error.pos].rstrip()
        if before.endswith(",") and text[error.pos : error.pos + 1] in ("]", "}"):
            raise MalformedJson(f"{_place(text, len(before) - 1)}: trailing comma", "remove it") from None
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise MalformedJson(f"{_place(text, error.pos)}: the document ends too early", "it was cut off; restore it from a copy") from None
        raise MalformedJson(f"{_place(text, error.pos)}: {error.msg[0].lower()}{error.msg[1:].removesuffix(' at')}") from None
    except RecursionError:
        raise MalformedJson("the document is nested too deeply") from None
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise MalformedJson("a string holds half of a surrogate pair (\\ud800 to \\udfff)") from None
        except RecursionError:
            raise MalformedJson("the document is nested too deeply") from None
    return value


@dataclass(slots=True)
class Decoded(Generic[T]):
    """A typed document, or None and the problems that stand in the way."""

    value: T | None
    problems: list[Problem]


@lru_cache(maxsize=2)
def _decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode_curriculum(data: bytes) -> Decoded[Curriculum]:
    """The typed curriculum in `data`, or every place where it departs from the schema.

    The typed decoder settles a sound document by itself; only for a broken one is the schema asked for all problems.
    """
    body = data.removeprefix(_BOM)
    try:
        curriculum: Curriculum = _decoder(Curriculum).decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return _explain_curriculum(data, error)
    if _has_duplicate_keys(body, curriculum):
        try:
            parse_json(data)
        except MalformedJson as error:
            return Decoded(None, [error.problem])
    return Decoded(curriculum, [])


def _has_duplicate_keys(body: bytes, curriculum: Curriculum) -> bool:
    """Whether `body` may hold a key twice, by counting: the decoder keeps the last of two without a word.

    `":` outside a string ends a key; inside one its quote is escaped. Where white space stands before a colon the counts are
    not comparable, and the answer is a careful yes. In a large document, where each look costs a tenth of a second, as many
    such keys as there are duplicates would go unseen.
    """
    if len(body) <= _LARGE and _spaced(body):
        return True
    questions = curriculum.open_questions
    keys = 2 + _keys_of(curriculum.nodes)
    if not isinstance(questions, msgspec.UnsetType):
        keys += 1 + 3 * len(questions)
    return not _written(body, keys)


def _spaced(body: bytes) -> bool:
    return any(space + b":" in body for space in (b" ", b"\t", b"\n", b"\r"))


def _written(body: bytes, keys: int) -> bool:
    """Whether as many keys are written in `body`."""
    written = body.count(b'":')
    return written == keys or written - body.count(b'\\":') == keys


def _keys_of(nodes: Sequence[Node]) -> int:
    """How many keys `nodes` have, each counted once. A number too large to count with spoils the sum: it has to be looked at."""
    unset = msgspec.UNSET
    keys = 11 * len(nodes) + 4 * sum([len(node.resources) for node in nodes])
    keys += sum([1 for node in nodes if node.estimate_confidence is not unset])
    keys += sum([1 for node in nodes for resource in node.resources if resource.citation])
    return keys if max([node.estimate_minutes for node in nodes], default=0) < _HUGE else -1


def _keys_in(value: Any) -> int:
    """How many keys a plain JSON value has."""
    if isinstance(value, dict):
        return len(value) + sum(map(_keys_in, value.values()))
    return sum(map(_keys_in, value)) if isinstance(value, list) else 0


def _explain_curriculum(data: bytes, error: Exception) -> Decoded[Curriculum]:
    if len(data) > _LARGE:
        problems = _explain_large(data.removeprefix(_BOM))
        if problems:
            return Decoded(None, problems)
    try:
        document = parse_json(data)
    except MalformedJson as malformed:
        return Decoded(None, [malformed.problem])
    return _settle(Curriculum, "curriculum", document, error)


def _settle(kind: type[Any], name: str, document: Any, error: Exception | None) -> Decoded[Any]:
    """The typed document. The decoder's yes is the schema's; only after its no is the schema asked, which costs more to import."""
    try:
        return Decoded(msgspec.convert(document, kind), [])
    except (msgspec.MsgspecError, RecursionError):
        pass
    problems = schema_problems(name, document)
    if problems:
        return Decoded(None, problems)
    try:
        return Decoded(msgspec.convert(_counted(document), kind), [])
    except msgspec.MsgspecError as second:
        return Decoded(None, [Problem("", str(error or second), "type")])


def _counted(value: Any) -> Any:
    """`value` with 4.0 as 4: JSON Schema calls both whole numbers and the decoder does not; the schema has the word."""
    if isinstance(value, dict):
        return {key: _counted(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_counted, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _explain_large(body: bytes) -> list[Problem]:
    """All problems of a document that is JSON, with only the failing nodes as plain values; empty when it may not be JSON."""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        raws = msgspec.json.decode(members.pop("nodes", b""), type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return []
    decode, valid, failing = msgspec.json.Decoder(Node).decode, [], []
    for position, raw in enumerate(raws):
        try:
            valid.append(decode(raw))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            failing.append(position)
    try:
        around = {key: parse_json(bytes(raw)) for key, raw in members.items()}
        suspects = [parse_json(bytes(raws[position])) for position in failing]
        if _spaced(body) or not _written(body, 1 + _keys_in(around) + _keys_of(valid) + _keys_in(suspects)):
            parse_json(body)
    except MalformedJson:
        # Said once more of the whole document, so that line and column are right.
        return []
    problems: list[Problem] = []
    for problem in schema_problems("curriculum", {**around, "nodes": suspects}):
        place = problem.pointer.split("/")
        if place[1:2] == ["nodes"] and len(place) > 2:
            place[2] = str(failing[int(place[2])])
        problems.append(replace(problem, pointer="/".join(place)))
    return problems


def is_placeholder(text: str) -> bool:
    """Whether `text` is what a template says before somebody fills it in."""
    return bool(_PLACEHOLDER.match(text.strip()))


def decode_topic_spec(data: bytes) -> Decoded[TopicSpec]:
    """The typed topic spec in `data`, or every problem: of the schema, of placeholders left in, of limits that contradict."""
    try:
        document = parse_json(data)
    except MalformedJson as malformed:
        return Decoded(None, [malformed.problem])
    decoded: Decoded[TopicSpec] = _settle(TopicSpec, "topic_spec", document, None)
    problems = decoded.problems + _spec_sense(document)
    return Decoded(None if problems else decoded.value, problems)


def _spec_sense(document: Any) -> list[Problem]:
    """What a schema cannot say: placeholders, and minima above maxima."""
    if not isinstance(document, dict):
        return []
    problems = [
        Problem(f"/{key}", f"still holds the template's placeholder {document[key]!r}", "placeholder", "write your own text")
        for key in ("goal", "audience")
        if isinstance(document.get(key), str) and document[key].strip() and is_placeholder(document[key])
    ]
    for key in ("scope_in", "scope_out", "prerequisites", "misconceptions"):
        items = document.get(key)
        for position, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, str) and item.strip() and is_placeholder(item):
                problems.append(Problem(f"/{key}/{position}", f"still holds the template's placeholder {item!r}", "placeholder", "replace or remove it"))
    limits = document.get("constraints")
    if isinstance(limits, dict):
        for low, high in (("total_hours_min", "total_hours_max"), ("node_count_min", "node_count_max")):
            a, b = limits.get(low), limits.get(high)
            if isinstance(a, int | float) and isinstance(b, int | float) and a > b:
                problems.append(Problem(f"/constraints/{low}", f"{low} {a:g} is more than {high} {b:g}", "range", f"make {low} at most {high}"))
    return problems
