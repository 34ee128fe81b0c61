"""From bytes to documents: strict JSON, and the typed curriculum and topic spec with every problem they have.

pydantic reads and checks in one pass; what it refuses, `contracts.check` explains.

JSON here is RFC 8259 and nothing else: no duplicate keys, no NaN, no trailing commas, no lone surrogates, no
number out of range. A UTF-8 byte order mark is tolerated, since editors on Windows write one.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from dagogy.contracts.check import Problem, schema_problems

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

    from dagogy.contracts.types import Curriculum, Node, TopicSpec

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
# Above this size only the nodes that were refused are kept as plain JSON values, to bound the memory.
_LARGE = 4_000_000
# What a number must stay below to be counted with.
_HUGE = 1e308
_PLACEHOLDER = re.compile(
    r"^\W{0,20}(?:<[^<>]*>|\{\{.*\}\}|\[\[.*\]\]|\$\{.*\}|todo\b.*|tbd\b.*|tba\b.*"
    r"|fixme\b.*|xxx+|placeholder\b.*|replace[ _-]?me\b.*|change[ _-]?me\b.*"
    r"|fill[ _-]?(?:me[ _-]?)?in\b.*|lorem ipsum\b.*"
    r"|your (?:goal|audience|topic)(?: here)?|\.\.\.|…|n/?a)\W{0,20}$",
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
                raise MalformedJson(
                    f"the key '{key}' appears twice in the same object", "remove one of the two"
                )
            seen.add(key)
    return out


def decode_text(data: bytes) -> str:
    """UTF-8 bytes as text; raises `MalformedJson` that says what they are instead."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MalformedJson("the file is UTF-16", "save it as UTF-8")
    if b"\x00" in data:
        raise MalformedJson(
            f"there is a NUL byte at offset {data.index(0)}",
            "the file is binary or damaged; restore it from a copy",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedJson(
            f"byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8", "save it as UTF-8"
        ) from None


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole
)
_TOLERANT = json.JSONDecoder(parse_constant=_refuse_constant)
_SPACE = re.compile(r"[ \t\n\r]*")


def _half_surrogate_possible(text: str) -> bool:
    return "\\ud" in text or "\\uD" in text


def parse_json(data: bytes) -> Any:
    """Strict JSON as plain values. Raises `MalformedJson` with line and column."""
    text = decode_text(data)
    if not text.strip():
        raise MalformedJson("the file is empty")
    if text.startswith("\ufeff"):
        raise MalformedJson(
            "line 1, column 1: unexpected UTF-8 BOM", "remove it: there is another one before it"
        )
    try:
        value = _STRICT.decode(text)
    except MalformedJson:
        raise
    except json.JSONDecodeError as error:
        before = text[: error.pos].rstrip()
        if before.endswith(",") and text[error.pos : error.pos + 1] in ("]", "}"):
            raise MalformedJson(f"{_place(text, len(before) - 1)}: trailing comma", "remove it") from None
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise MalformedJson(
                f"{_place(text, error.pos)}: the document ends too early",
                "it was cut off; restore it from a copy",
            ) from None
        raise MalformedJson(
            f"{_place(text, error.pos)}: {error.msg[0].lower()}{error.msg[1:].removesuffix(' at')}"
        ) from None
    except RecursionError:
        raise MalformedJson("the document is nested too deeply") from None
    if _half_surrogate_possible(text):
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


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    from pydantic import TypeAdapter

    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def json_values(document: Any) -> Any:
    """The JSON values of a typed curriculum or topic spec, without the optional keys that were not given.
    Plain values are copied.
    """
    return _adapter(type(document)).dump_python(document)


def decode_curriculum(data: bytes) -> Decoded[Curriculum]:
    """The typed curriculum in `data`, or every place where it departs from the schema."""
    from pydantic import ValidationError

    from dagogy.contracts.types import Curriculum

    body = data.removeprefix(_BOM)
    try:
        curriculum = _adapter(Curriculum).validate_json(body)
    except ValidationError as error:
        return _explained(data, error)
    finally:
        if len(data) > _LARGE:
            _give_back_memory()
    if _has_duplicate_keys(body, curriculum):
        try:
            parse_json(data)
        except MalformedJson as malformed:
            return Decoded(None, [malformed.problem])
    return Decoded(curriculum, [])


def _give_back_memory() -> None:
    """Returns what was freed to the system. What pydantic had read of a large document, before it made our
    types of it, was in so many small pieces that the C library would keep it: 180 MB of 100,000 nodes."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # only that of GNU has this
        ctypes.CDLL(None).malloc_trim(0)


def _has_duplicate_keys(body: bytes, curriculum: Curriculum) -> bool:
    """Whether `body` may hold a key twice, by counting: the decoder keeps the last of two without a word.

    `":` outside a string ends a key; inside one its quote is escaped. Where white space stands before a colon
    the counts are not comparable, and the answer is a careful yes. In a large document, where each look costs
    a tenth of a second, as many such keys as there are duplicates would go unseen.
    """
    if len(body) <= _LARGE and _spaced(body):
        return True
    questions = curriculum.open_questions
    keys = 2 + _keys_of(curriculum.nodes) + (curriculum.schema_version is not None)
    if questions is not None:
        keys += 1 + 3 * len(questions)
    return not _written(body, keys)


def _spaced(body: bytes) -> bool:
    return any(space + b":" in body for space in (b" ", b"\t", b"\n", b"\r"))


def _written(body: bytes, keys: int) -> bool:
    """Whether as many keys are written in `body`."""
    written = body.count(b'":')
    return written == keys or written - body.count(b'\\":') == keys


def _keys_of(nodes: Sequence[Node]) -> int:
    """How many keys `nodes` have, each counted once. A number too large to count with spoils the
    sum: it has to be looked at.
    """
    keys = 11 * len(nodes) + 4 * sum([len(node.resources) for node in nodes])
    keys += sum([1 for node in nodes if node.estimate_confidence is not None])
    keys += sum([1 for node in nodes for resource in node.resources if resource.citation])
    keys += sum([(node.group is not None) + (node.optional is not None) for node in nodes])
    keys += sum([1 + 2 * len(node.gaps) for node in nodes if node.gaps])
    return keys if max([node.estimate_minutes for node in nodes], default=0) < _HUGE else -1


def _explained(data: bytes, error: ValidationError) -> Decoded[Curriculum]:
    """Why the bytes of a curriculum were refused."""
    from dagogy.contracts.types import Curriculum

    refused = _nodes_of(error)
    try:
        document = _sparse(data, refused, _STRICT) if len(data) > _LARGE else parse_json(data)
    except MalformedJson as malformed:
        return Decoded(None, [malformed.problem])
    problems = _problems_of_parts(document, refused)
    # What pydantic took for broken JSON may be sound: it allows fewer levels.
    return Decoded(None, problems) if problems else _settle(Curriculum, "curriculum", parse_json(data))


def curriculum_problems(document: Any, *, most: int | None = None) -> list[Problem]:
    """All problems of a curriculum that is JSON values already; no more are looked for
    once there are `most` of them.
    """
    from pydantic import ValidationError

    from dagogy.contracts.types import Curriculum

    try:
        _adapter(Curriculum).validate_python(document)
    except ValidationError as error:
        return _problems_of_parts(document, _nodes_of(error), most)
    return []


def _nodes_of(error: ValidationError) -> list[int]:
    """The positions of the nodes in which something was refused."""
    places = (e["loc"] for e in error.errors(include_url=False, include_context=False, include_input=False))
    return sorted(
        {loc[1] for loc in places if loc[:1] == ("nodes",) and len(loc) > 1 and isinstance(loc[1], int)}
    )


def _problems_of_parts(document: Any, refused: Sequence[int], most: int | None = None) -> list[Problem]:
    """The problems of a curriculum, of whose nodes all but those at `refused` are sound."""
    nodes = document.get("nodes") if isinstance(document, dict) else None
    if not isinstance(nodes, list):
        return schema_problems("curriculum", document, most=most)
    problems = []
    for problem in schema_problems(
        "curriculum", {**document, "nodes": [nodes[position] for position in refused]}, most=most
    ):
        place = problem.pointer.split("/")
        if place[1:2] == ["nodes"] and len(place) > 2:
            place[2] = str(refused[int(place[2])])
        problems.append(replace(problem, pointer="/".join(place)))
    return problems


def outline(data: bytes) -> Any:
    """A curriculum as JSON values, with None for each of its nodes, and not as strict as `parse_json`: of a
    key that appears twice the last holds. Raises `MalformedJson`."""
    return _sparse(data, (), _TOLERANT)


def _sparse(data: bytes, kept: Collection[int], decoder: json.JSONDecoder) -> Any:
    """The same as `parse_json`, but of a list `nodes` at the top only the items at `kept`, the others are
    None: a large curriculum takes three times its size as plain values."""
    text = decode_text(data)
    try:
        pairs: list[tuple[str, Any]] = []
        at = _past(text, 0, "{")
        while not pairs or text[at] == ",":
            key, at = decoder.raw_decode(text, _past(text, at, ",") if pairs else at)
            at = _past(text, at, ":" if isinstance(key, str) else "no key")
            value, at = (
                _items(text, at, kept, decoder)
                if key == "nodes" and text[at] == "["
                else decoder.raw_decode(text, at)
            )
            pairs.append((key, value))
            at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if _past(text, at, "}") == len(text) and not _half_surrogate_possible(text):
            return dict(pairs) if decoder is _TOLERANT else _unique(pairs)
    except (ValueError, IndexError, RecursionError):
        pass
    # What is wrong, and in which line, is for the reader of the whole to say.
    return parse_json(data)


def _items(text: str, at: int, kept: Collection[int], decoder: json.JSONDecoder) -> tuple[list[Any], int]:
    """The list that begins at `at`, with None for each item whose position is not
    in `kept`, and where it ends.
    """
    wanted, items = set(kept), list[Any]()
    at = _past(text, at, "[")
    while text[at] != "]":
        item, at = decoder.raw_decode(text, _past(text, at, ",") if items else at)
        items.append(item if len(items) in wanted else None)
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    return items, at + 1


def _past(text: str, at: int, mark: str) -> int:
    """Where the next token begins behind `mark`. Raises `ValueError` where that
    is not what stands at `at`.
    """
    at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    if text[at] != mark:
        raise ValueError(mark)
    return _SPACE.match(text, at + 1).end()  # type: ignore[union-attr]


def _settle(kind: type[Any], name: str, document: Any) -> Decoded[Any]:
    """The typed document of JSON values, or every place where it departs from the schema."""
    from pydantic import ValidationError

    try:
        return Decoded(_adapter(kind).validate_python(document), [])
    except ValidationError as error:
        return Decoded(None, schema_problems(name, document) or [Problem("", str(error), "type")])


def is_placeholder(text: str) -> bool:
    """Whether `text` is what a template says before somebody fills it in."""
    return bool(_PLACEHOLDER.match(text.strip()))


def decode_topic_spec(data: bytes) -> Decoded[TopicSpec]:
    """The typed topic spec in `data`, or every problem: of the schema, of placeholders left
    in, of limits that contradict.
    """
    try:
        document = parse_json(data)
    except MalformedJson as malformed:
        return Decoded(None, [malformed.problem])
    from dagogy.contracts.types import TopicSpec

    decoded: Decoded[TopicSpec] = _settle(TopicSpec, "topic_spec", document)
    problems = decoded.problems + _spec_sense(document)
    return Decoded(None if problems else decoded.value, problems)


def _spec_sense(document: Any) -> list[Problem]:
    """What a schema cannot say: placeholders, and minima above maxima."""
    if not isinstance(document, dict):
        return []
    limits = document.get("constraints")
    return [*_placeholders(document), *(_crossed(limits) if isinstance(limits, dict) else ())]


def _placeholders(document: dict[str, Any]) -> Iterator[Problem]:
    for key in ("goal", "audience"):
        if _is_left(document.get(key)):
            yield _placeholder(f"/{key}", document[key], "write your own text")
    for key in ("scope_in", "scope_out", "prerequisites", "misconceptions"):
        items = document.get(key)
        for position, item in enumerate(items if isinstance(items, list) else []):
            if _is_left(item):
                yield _placeholder(f"/{key}/{position}", item, "replace or remove it")


def _is_left(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and is_placeholder(value)


def _placeholder(pointer: str, text: str, hint: str) -> Problem:
    return Problem(pointer, f"still holds the template's placeholder {text!r}", "placeholder", hint)


def _crossed(limits: dict[str, Any]) -> Iterator[Problem]:
    for low, high in (("total_hours_min", "total_hours_max"), ("node_count_min", "node_count_max")):
        a, b = limits.get(low), limits.get(high)
        if isinstance(a, int | float) and isinstance(b, int | float) and a > b:
            message = f"{low} {a:g} is more than {high} {b:g}"
            yield Problem(f"/constraints/{low}", message, "range", f"make {low} at most {high}")
