"""What an author wrote by hand, kept beside the inputs of the run and put into every later draft.

`inputs/pins.json` says of each concept which fields are the author's, which concepts are new or gone, and,
where the author chose one, the order. No provider's draft replaces any of it; `dagogy edit RUN --unpin` lets
go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagogy.api.errors import ValidationFailed
from dagogy.pipeline.authoring.changes import Changes, with_gaps
from dagogy.workspace.files import from_json, to_json
from dagogy.workspace.runs import Run

PINS = "inputs/pins.json"
_SHAPE: Mapping[str, type] = {
    "fields": dict,
    "added": list,
    "removed": list,
    "renamed": dict,
    "order": list,
    "topic": str,
}


def read_pins(run: Run) -> dict[str, Any]:
    """The pins of a run, empty where it has none. Raises `ValidationFailed` for a file that is none."""
    empty: dict[str, Any] = {key: kind() for key, kind in _SHAPE.items()}
    if not run.exists(PINS):
        return empty
    try:
        found = from_json(run.read(PINS))
        _check(found)
    except ValueError as error:
        raise ValidationFailed(
            f"{PINS} of {run.id} cannot be used: {error}",
            hint=f"correct it, or let go of all edits: dagogy edit {run.id} --unpin",
        ) from None
    return {**empty, **{key: found[key] for key in empty if key in found}}


def _check(found: Any) -> None:
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    for key, kind in _SHAPE.items():
        if not isinstance(found.get(key, kind()), kind):
            raise ValueError(f"'{key}' is no {kind.__name__}")
    nodes = [*found.get("fields", {}).values(), *found.get("added", []), *found.get("removed", [])]
    if not all(isinstance(one, dict) for one in nodes):
        raise ValueError("a concept in it is no object")
    if not all(
        isinstance(one.get("id"), str) for one in [*found.get("added", []), *found.get("removed", [])]
    ):
        raise ValueError("a concept in it has no id")
    texts = [*found.get("order", []), *found.get("renamed", {}).values()]
    texts += [one.get("title", "") for one in found.get("removed", [])]
    if not all(isinstance(one, str) for one in texts):
        raise ValueError("an id or a title in it is no text")


def pinned(
    pins: Mapping[str, Any], before: Mapping[str, Any], curriculum: Mapping[str, Any], changes: Changes
) -> dict[str, Any]:
    """`pins` with what was changed in `curriculum` besides. `before`, `curriculum`: as they were and as the
    author has them now.
    """
    nodes = {node["id"]: node for node in curriculum["nodes"]}
    new = {node["id"] for node in pins["added"]} | {*changes.added}
    fields = _fields(pins, changes, {*nodes} - new)
    titles = {node["id"]: node["title"] for node in before["nodes"]} | pins["renamed"]
    has_order = changes.order or changes.added or pins["order"]
    return {
        "schema_version": 1,
        "topic": curriculum["topic"] if changes.topic else pins["topic"],
        "fields": {i: {name: nodes[i].get(name) for name in sorted(names)} for i, names in fields.items()},
        "added": [node for node_id, node in nodes.items() if node_id in new],
        "removed": _removed(pins, changes, new, nodes),
        "renamed": {i: titles[i] for i, names in fields.items() if "title" in names},
        "order": [*nodes] if has_order else [],
    }


def _fields(pins: Mapping[str, Any], changes: Changes, theirs: set[str]) -> dict[str, set[str]]:
    """The names of the fields that are the author's, by id of a node that the provider made."""
    fields = {i: {*of} for i, of in pins["fields"].items() if i in theirs}
    for node_id, names in changes.fields.items():
        if node_id in theirs:
            fields.setdefault(node_id, set()).update(names)
    return fields


def _removed(
    pins: Mapping[str, Any], changes: Changes, new: set[str], nodes: Mapping[str, Any]
) -> list[dict[str, str]]:
    """The concepts of the provider that are gone, each by the title that it had there."""
    removed = {one["id"]: one for one in pins["removed"] if one["id"] not in nodes}
    for node_id, (title, by) in changes.removed.items():
        if node_id not in new:
            removed[node_id] = {
                "id": node_id,
                "title": pins["renamed"].get(node_id, title),
                "replaced_by": by,
            }
    return [*removed.values()]


def amended(spec: bytes, pins: Mapping[str, Any]) -> bytes:
    """A topic spec that we made of a document, without the concepts that the author took out or renamed:
    their old titles are not to be taught any more, and the new ones are not the document's. The last item
    stays.
    """
    gone = {*pins["renamed"].values(), *(one.get("title", "") for one in pins["removed"])}
    if not gone:
        return spec
    document = from_json(spec)
    scope = [item for item in document["scope_in"] if item not in gone]
    return to_json({**document, "scope_in": scope or document["scope_in"][:1]})


def count(pins: Mapping[str, Any]) -> int:
    """How many fields and concepts are pinned."""
    fields = sum(map(len, pins["fields"].values()))
    return fields + len(pins["added"]) + len(pins["removed"]) + bool(pins["order"]) + bool(pins["topic"])


def authored_fields(run: Run) -> set[tuple[str, str]]:
    """The fields that are the author's, as id of the node and name. Raises as `read_pins` does."""
    pins = read_pins(run)
    found = {(node_id, name) for node_id, of in pins["fields"].items() for name in of}
    return found | {(node["id"], name) for node in pins["added"] for name in node}


def with_pins(document: Any, pins: Mapping[str, Any]) -> Any:
    """A draft with what is pinned in it. What is no curriculum stays as it is.

    A pinned prerequisite that the draft has not, and one on a concept that the author took out, is left out,
    or replaced by what took its place.
    """
    nodes = document.get("nodes") if isinstance(document, dict) else None
    if not count(pins) or not isinstance(nodes, list):
        return document
    gone = {one["id"]: str(one.get("replaced_by") or "") for one in pins["removed"]}
    made = [_with_fields(node, pins["fields"].get(_id(node))) for node in nodes if _id(node) not in gone]
    known = {*map(_id, made)}
    made += [node for node in pins["added"] if node["id"] not in known]
    there, ours = {*map(_id, made)}, _rewired_by_hand(pins)
    made = [_rewired(node, gone, there if _id(node) in ours else None) for node in made]
    topic = {"topic": pins["topic"]} if pins["topic"] else {}
    return {**document, "nodes": _ordered(made, pins["order"]), **topic}


def _rewired_by_hand(pins: Mapping[str, Any]) -> set[str]:
    """The ids of the nodes whose prerequisites are the author's."""
    return {node["id"] for node in pins["added"]} | {
        node_id for node_id, of in pins["fields"].items() if "prerequisites" in of
    }


def _id(node: Any) -> str:
    """The id of a node of a draft, "" of what has none."""
    node_id = node.get("id") if isinstance(node, dict) else None
    return node_id if isinstance(node_id, str) else ""


def _with_fields(node: Any, fields: Mapping[str, Any] | None) -> Any:
    if not fields:
        return node
    return with_gaps({key: value for key, value in {**node, **fields}.items() if value is not None})


def _rewired(node: Any, gone: Mapping[str, str], there: set[str] | None) -> Any:
    """A node without prerequisites that are gone. `there`: the ids of all nodes, where the prerequisites are
    the author's; what a provider's own node names and is nowhere is for the rules to find.
    """
    before = node.get("prerequisites") if isinstance(node, dict) else None
    if not isinstance(before, list):
        return node
    after: list[Any] = []
    for one in before:
        now = gone.get(one, one) if isinstance(one, str) else one
        is_left_out = now == "" or (now != one and now == _id(node))
        if not is_left_out and (there is None or now in there) and now not in after:
            after.append(now)
    return node if after == before else {**node, "prerequisites": after}


def _ordered(nodes: Sequence[Any], order: Sequence[str]) -> list[Any]:
    """The nodes in the author's order; one that it does not know stays behind the one it followed."""
    place = {node_id: i for i, node_id in enumerate(order)}
    keys, last = [], -1
    for node in nodes:
        last = place.get(_id(node), last)
        keys.append(last)
    return [node for _, node in sorted(zip(keys, nodes, strict=True), key=lambda pair: pair[0])]
