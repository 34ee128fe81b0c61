"""The stage that fills gaps: what is asked about a few nodes, and what an answer says of each.

A node that was asked about together with others is answered for by its own part of the answer, and that part
is kept under the hash of the question about it alone: so it is found again whichever nodes are asked about
together the next time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dagogy.api.gaps import gap_question
from dagogy.api.llm.answers import BadAnswer, object_in
from dagogy.api.llm.prompts import fenced, filled, json_line, place_of, requirement_lines
from dagogy.api.llm.strict import strict_schema
from dagogy.api.providers import FillRequest, OpenNode
from dagogy.api.scope import local_place
from dagogy.api.text import Words, shorten
from dagogy.contracts.check import schema_text
from dagogy.contracts.documents import curriculum_problems, json_values

if TYPE_CHECKING:
    from dagogy.contracts.types import GapField

SCHEMA_NAME = "nodes"
#: Nodes in one call: each call repeats the spec and the rules, and an answer that is cut off loses the more
#: the more it holds.
NODES_A_CALL = 5
#: The words that rules are found by which concern the content of a node.
_CONCERNS = frozenset({"content", "assessment", "evidence"})
#: What a field takes to write, in tokens.
_TOKENS: Mapping[GapField, int] = {
    "capability": 30,
    "core_ideas": 120,
    "pitfalls": 60,
    "mastery_check": 120,
    "resources": 120,
}
_CHARS_A_TOKEN = 4


@dataclass(slots=True)
class NodeAnswer:
    """What an answer says of one node: the new value of each field, why a field is left open, and what is
    wrong with it.
    """

    fields: dict[GapField, Any] = field(default_factory=dict)
    left: dict[GapField, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@lru_cache(maxsize=1)
def answer_schema() -> dict[str, Any]:
    """The strict schema of an answer, made of that of a curriculum."""
    curriculum = strict_schema(json.loads(schema_text("curriculum")))
    known = curriculum["properties"]["nodes"]["items"]["properties"]
    node: dict[str, Any] = {"id": known["id"]}
    for name in _TOKENS:
        part = deepcopy(known[name])
        node[name] = {**part, "type": [part["type"], "null"]}
    node["reason"] = {"type": ["string", "null"], "description": "Why a field that is open stays null."}
    items = {
        "type": "object",
        "properties": node,
        "required": list(node),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"nodes": {"type": "array", "items": items}},
        "required": ["nodes"],
        "additionalProperties": False,
    }


def fill_task(request: FillRequest, nodes: Sequence[OpenNode]) -> str:
    """The text of the question about `nodes`."""
    concerning = [r for r in request.requirements if not r.groups or not _CONCERNS.isdisjoint(r.groups)]
    spec = json_values(request.spec)
    kept = ("goal", "audience", "prerequisites", "scope_out", "evidence_mode", "misconceptions")
    return filled(
        "fill",
        spec=fenced(
            "SPEC", json_line({"topic": request.topic, **{key: spec[key] for key in kept if key in spec}})
        ),
        requirements="\n".join(requirement_lines(concerning)),
        nodes="\n\n".join(map(_block, nodes)),
    )


def _block(asked: OpenNode) -> str:
    """What is said about one node. All of it but its id comes from others."""
    node = asked.node
    values = json_values(node)
    written = {name: values[name] for name in _TOKENS if values[name]}
    document = {
        "id": node.id,
        "title": node.title,
        **({"group": node.group} if node.group else {}),
        "comes after": list(asked.before),
        "comes before": list(asked.after),
        "written already": written,
        "open": {name: gap_question(node, name) for name in asked.fields},
    }
    parts = [fenced("NODE", json_line(document))]
    for passage in asked.passages:
        first, last = passage.lines
        more = f"\n[left out here: {passage.left_out} characters]" if passage.left_out else ""
        parts.append(
            f"Passage of `{node.id}` from `{place_of(passage.location)}`, lines {first} to {last}:\n"
            f"{fenced('PASSAGE', passage.text + more)}"
        )
    if not asked.passages:
        parts.append(f"The material has no passage that names `{node.id}`.")
    if asked.objections:
        parts.append(
            f"An earlier answer for `{node.id}` was refused:\n"
            f"{fenced('OBJECTIONS', chr(10).join(shorten(line, 400) for line in asked.objections[:10]))}"
        )
    return "\n".join(parts)


def node_ids(nodes: Sequence[OpenNode]) -> list[str]:
    """The ids of `nodes`, in order."""
    return [node.node.id for node in nodes]


def grouped(nodes: Sequence[OpenNode], most_chars: int) -> list[list[OpenNode]]:
    """The nodes call by call, in order: a few in each, and no more than `most_chars` of passages."""
    groups: list[list[OpenNode]] = []
    chars = 0
    for node in nodes:
        size = sum(len(passage.text) for passage in node.passages)
        if not groups or len(groups[-1]) == NODES_A_CALL or chars + size > most_chars:
            groups.append([])
            chars = 0
        groups[-1].append(node)
        chars += size
    return groups


def estimated_tokens(chars: int, nodes: Sequence[OpenNode]) -> tuple[int, int]:
    """About how many tokens a question of `chars` characters about `nodes` takes to read, and its answer to
    write.
    """
    written = sum(40 + sum(_TOKENS[name] for name in node.fields) for node in nodes)
    return chars // _CHARS_A_TOKEN, written


def read_nodes(text: str, nodes: Sequence[OpenNode]) -> dict[str, Any]:
    """The parts of an answer by the ids of the nodes that were asked about; what is about another node is
    left out, and of two parts about one node the first counts. Raises `BadAnswer`.
    """
    document = object_in(text)
    parts = document.get("nodes") if isinstance(document, dict) else None
    if isinstance(document, dict) and "error" in document and parts is None:
        raise BadAnswer("error_body", "an error object in place of nodes")
    if not isinstance(parts, list):
        raise BadAnswer("wrong_shape", "JSON without a list `nodes`")
    wanted = {node.node.id for node in nodes}
    found: dict[str, Any] = {}
    for part in parts:
        name = part.get("id") if isinstance(part, dict) else None
        if isinstance(name, str) and name in wanted:
            found.setdefault(name, part)
    return found


def node_answer(part: Any, asked: OpenNode) -> NodeAnswer:
    """What `part`, a part of an answer or None, says of a node: each field that was asked for is filled, left
    or wrong, and no other is looked at.
    """
    answer = NodeAnswer()
    if not isinstance(part, dict):
        answer.problems.append(f"{asked.node.id}: the answer has no entry for it")
        return answer
    told = part.get("reason")
    reason = shorten(told, 300) if isinstance(told, str) and told.strip() else "the model gave no reason"
    names = _Names(asked)
    for name in asked.fields:
        value = part.get(name)
        if value is None or value in ([], ""):
            answer.left[name] = f"the model left it open: {reason}"
            continue
        value = _completed(asked, name, value)
        problems = [*_problems(asked, name, value), *names.problems(name, value)]
        if problems:
            answer.problems += [f"{asked.node.id} {problem}" for problem in problems]
        else:
            answer.fields[name] = value
    return answer


def _completed(asked: OpenNode, name: GapField, value: Any) -> Any:
    """`value` with what the field held before, word for word."""
    before = json_values(asked.node)[name]
    if isinstance(before, dict) and isinstance(value, dict):
        return {**value, **{key: text for key, text in before.items() if text}}
    if isinstance(before, list) and isinstance(value, list):
        items = [_without_nulls(item) for item in value]
        return [*before, *(item for item in items if item not in before)]
    return value


def _without_nulls(item: Any) -> Any:
    return {key: text for key, text in item.items() if text is not None} if isinstance(item, dict) else item


def _problems(asked: OpenNode, name: GapField, value: Any) -> Iterator[str]:
    """Where a node with this value, and without the gap, would depart from the schema of a curriculum."""
    node = json_values(asked.node)
    node[name] = value
    node["gaps"] = [gap for gap in node.get("gaps", ()) if gap["field"] != name]
    for problem in curriculum_problems({"topic": "x", "nodes": [node]}, most=5):
        yield f"at {problem.pointer.removeprefix('/nodes/0')}: {problem.message}"


class _Names:
    """Whether an answer is about its node: a place that it points to was given, and a sentence has a word
    of what was given. What the rules make of its content is another question.
    """

    def __init__(self, asked: OpenNode) -> None:
        self._passages = asked.passages
        given = [asked.node.title, *asked.node.core_ideas, *(p.text for p in asked.passages)]
        self._keys = {key for text in given for key in _keys(text)}
        self._before = {resource.url for resource in asked.node.resources}

    def problems(self, name: GapField, value: Any) -> Iterator[str]:
        if name == "resources":
            for resource in value if isinstance(value, list) else ():
                url = resource.get("url") if isinstance(resource, dict) else None
                if isinstance(url, str) and url not in self._before and not self._given(url):
                    yield f"resources: {shorten(url, 100)} is no place in the passages"
            return
        if self._passages:
            for text in _texts(value):
                if self._keys.isdisjoint(_keys(text)):
                    yield f"{name}: '{shorten(text, 100)}' has no word of the passages"

    def _given(self, url: str) -> bool:
        found = local_place(url)
        if found is None:
            return False
        location, first, last = found
        return any(
            place_of(passage.location) == location and passage.lines[0] <= first <= last <= passage.lines[1]
            for passage in self._passages
        )


def _texts(value: Any) -> list[str]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return [part for part in parts if isinstance(part, str)]


def _keys(text: str) -> set[str]:
    return {key for word in Words.of(text) if word not in Words.STOP for key in Words.keys(word)}
