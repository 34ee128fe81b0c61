"""What is left of a draft that does not meet the schema: each field that is as it should be stays, the others
are read from the source again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from dagogy.api.documents import Curriculum, Node, OpenQuestion
from pydantic import TypeAdapter, ValidationError

from dagogy_provider_internal.writing.repair import Own

#: Made when first needed.
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def repaired_invalid(
    document: Any, fresh: Mapping[str, Any], own: Own
) -> tuple[dict[str, Any], list[str]] | None:
    """A curriculum made of what is sound in `document` and, in its place, of the source's own (`fresh`, its
    nodes in `own`); and what was done.

    A node whose concept the source does not know, and of which a field is missing or wrong, goes; so does one
    of which neither id nor title can be read. None where nothing of `document` is left.
    """
    raw = document.get("nodes") if isinstance(document, dict) else None
    done: list[str] = []
    # An id that is none may still be what other nodes depend on.
    renamed: dict[str, str] = {}
    nodes = []
    for i, part in enumerate(raw if isinstance(raw, list) else ()):
        node = _node(part, f"node {i}", own, renamed, done)
        if node is None:
            done.append(f"node {i}: taken out, neither the draft nor the source has all of it")
        else:
            nodes.append(node)
    if not nodes:
        return None
    for node in nodes:
        node["prerequisites"] = [renamed.get(p, p) for p in node["prerequisites"]]
    given: dict[str, Any] = {"nodes": nodes}
    if isinstance(questions := document.get("open_questions"), list):
        given["open_questions"] = [q for q in questions if not _refused(q, OpenQuestion)]
    out = _whole(document, Curriculum, fresh, "curriculum", done, given)
    return (out, done) if out is not None else None


def _node(part: Any, place: str, own: Own, renamed: dict[str, str], done: list[str]) -> dict[str, Any] | None:
    if not isinstance(part, dict):
        return None
    name, title = part.get("id"), part.get("title")
    known = own.of(
        {"id": name if isinstance(name, str) else "", "title": title if isinstance(title, str) else ""}
    )
    before = part.get("prerequisites")
    # The edges are the draft's own: of a list the texts stay.
    given = (
        {"prerequisites": [p for p in before if isinstance(p, str) and p]} if isinstance(before, list) else {}
    )
    node = _whole(part, Node, known or {}, name if isinstance(name, str) and name else place, done, given)
    if node is not None and known is not None:
        # What came from the source may be open there.
        named = {gap["field"] for gap in node.get("gaps", [])}
        gaps = [
            g
            for g in known.get("gaps", [])
            if g["field"] not in named and node[g["field"]] == known[g["field"]]
        ]
        if gaps:
            node["gaps"] = [*node.get("gaps", []), *gaps]
    if node is not None and isinstance(name, str) and name != node["id"]:
        renamed[name] = node["id"]
    return node


def _whole(
    part: Mapping[str, Any],
    kind: type[Any],
    known: Mapping[str, Any],
    name: str,
    done: list[str],
    given: Mapping[str, Any],
) -> dict[str, Any] | None:
    """`part` with each field of `kind` as it is `given`, else as it is, where it is sound, else as in
    `known`; None where nobody has one that is required.
    """
    out: dict[str, Any] = {}
    refused = _refused(part, kind)
    for field in fields(kind):
        key, there = field.name, field.name in part
        required = field.default is MISSING and field.default_factory is MISSING
        if key in given:
            out[key] = given[key]
        elif there and key not in refused:
            out[key] = part[key]
        elif key in known and (there or required):
            out[key] = known[key]
        elif required:
            return None
        if key in out and not there:
            done.append(f"{name}: {key} read from the source again, it was missing")
        elif there and key not in given and out.get(key) != part[key]:
            done.append(
                f"{name}: {key} {'read from the source again' if key in out else 'taken out'}, it was not as "
                "the schema wants it"
            )
    done.extend(
        f"{name}: {key} taken out, the schema has no such key"
        for key in part
        if key not in {field.name for field in fields(kind)}
    )
    return out


def _refused(part: Any, kind: type[Any]) -> set[Any]:
    """The keys of `part` at which it is not as `kind` declares it, those that are missing among them; ""
    where it is no object.
    """
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    try:
        _ADAPTERS[kind].validate_python(part)
    except ValidationError as error:
        places = (
            e["loc"] for e in error.errors(include_url=False, include_context=False, include_input=False)
        )
        return {place[0] if place else "" for place in places}
    return set()
