"""Whether a finding can be shown and its fix applied: does each JSON Pointer lead to something in the
document that was judged?
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import fields
from functools import cache
from typing import Any

from dagogy.api.errors import DagogyError
from dagogy.api.rules import Finding, Fix
from dagogy.pipeline.rule_context import RunContext

_BAD_ESCAPE = re.compile(r"~(?![01])")
_DOCUMENTS = ("curriculum", "topic_spec")
_MISSING = object()


def misplaced(finding: Finding, context: RunContext) -> str:
    """What is wrong with where a finding points, or with its fix; an empty string
    where it can be shown as it is.

    A pointer may end in a member that is not there if the schema knows it: what is missing is also found.
    """
    if finding.document not in _DOCUMENTS:
        return f"is about the document {finding.document!r:.40}; known: {', '.join(_DOCUMENTS)}"
    if finding.node_id is not None and not isinstance(finding.node_id, str):
        return f"has the node_id {finding.node_id!r:.40}, which is no text"
    try:
        json.dumps([finding.message, finding.pointer, finding.node_id], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which no file can hold"
    wrong = _malformed(finding.pointer)
    if wrong:
        return f"has the pointer {finding.pointer!r:.100}, {wrong}"
    document = _document(finding.document, context)
    if document is not _MISSING and not _leads_somewhere(document, finding.pointer):
        return (
            f"points to {finding.pointer!r:.100}, and there is nothing there in the "
            f"{finding.document.replace('_', ' ')}"
        )
    return "" if finding.fix is None else _unfixable(finding.fix, _document("curriculum", context))


def _malformed(pointer: Any) -> str:
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        return "which is no JSON Pointer (RFC 6901): it must be empty or begin with /"
    return (
        "which is no JSON Pointer (RFC 6901): ~ is written ~0, and / within a name ~1"
        if _BAD_ESCAPE.search(pointer)
        else ""
    )


def _document(name: str, context: RunContext) -> Any:
    """The parsed document; `_MISSING` where it is not JSON, so that nothing can be told of its places."""
    from dagogy.contracts.documents import MalformedJson, parse_json

    try:
        return context.document if name == "curriculum" else parse_json(context.topic_spec_bytes)
    except (DagogyError, MalformedJson):
        return _MISSING


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _leads_somewhere(document: Any, pointer: str) -> bool:
    *parents, last = _tokens(pointer) or [""]
    if not pointer:
        return True
    for token in parents:
        document = _member(document, token)
        if document is _MISSING:
            return False
    return _member(document, last) is not _MISSING or (isinstance(document, dict) and last in _member_names())


def _member(container: Any, name: str) -> Any:
    if isinstance(container, dict):
        return container.get(name, _MISSING)
    if (
        isinstance(container, list)
        and name.isascii()
        and name.isdigit()
        and len(name) < 12
        and str(int(name)) == name
    ):
        return container[int(name)] if int(name) < len(container) else _MISSING
    return _MISSING


@cache
def _member_names() -> frozenset[str]:
    """The names of all members of a curriculum and of a topic spec."""
    from dagogy.contracts import types

    return frozenset(field.name for kind in types.__all__ for field in fields(getattr(types, kind)))


def _unfixable(fix: Fix, document: Any) -> str:
    """Why a fix could not be applied to the document that it was made for."""
    import jsonpatch

    if fix.safety not in ("safe", "unsafe") or not isinstance(fix.description, str):
        return (
            f"has a fix with safety {fix.safety!r:.40} and the description {fix.description!r:.80}; "
            "accepted: safe or unsafe, and a text"
        )
    try:
        json.dumps([fix.description, fix.patch], ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        return f"has a fix that cannot be written as JSON: {error}"
    for operation in fix.patch:
        if not isinstance(operation, dict):
            return f"has a fix with {operation!r:.80} in its patch, which is no operation of RFC 6902"
        for key in ("path", "from"):
            wrong = _malformed(operation.get(key, ""))
            if wrong:
                return f"has a fix with the {key} {operation[key]!r:.100}, {wrong}"
    if document is _MISSING:
        return ""
    paths = [operation[key] for operation in fix.patch for key in ("path", "from") if key in operation]
    try:
        jsonpatch.JsonPatch(copy.deepcopy(fix.patch)).apply(_apart(document, paths), in_place=True)
    except jsonpatch.JsonPatchTestFailed as error:
        return (
            "has a fix whose test does not hold in the very document it is for: "
            f"{' '.join(str(error).split()):.200}"
        )
    except (
        jsonpatch.JsonPatchException,
        jsonpatch.JsonPointerException,
        TypeError,
        KeyError,
        IndexError,
        ValueError,
    ) as error:
        return (
            f"has a fix that cannot be applied: {' '.join(str(error).split()):.200}; its paths: "
            f"{', '.join(map(repr, paths)):.200}"
        )
    return ""


def _apart(document: Any, paths: list[str]) -> Any:
    """The document with a copy of every container on the way to `paths`, so that a patch can be tried on it
    without copying the whole.
    """
    root = copy.copy(document)
    for path in paths:
        at = root
        for token in _tokens(path)[:-1]:
            child = _member(at, token)
            if not isinstance(child, dict | list):
                break
            child = copy.copy(child)
            at[int(token) if isinstance(at, list) else token] = child
            at = child
    return root
