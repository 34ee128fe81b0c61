"""Applies the fixes that findings carry."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from dagogy.api.rules import Finding, Fix


def offered(findings: Iterable[Finding], *, unsafe: bool) -> list[Finding]:
    """The findings of the curriculum with a fix that may be applied."""
    return [f for f in findings if f.fix is not None and f.document == "curriculum" and (unsafe or f.fix.safety == "safe")]


def apply_fixes(document: Any, findings: Sequence[Finding], *, unsafe: bool) -> tuple[Any, list[Finding]]:
    """A fixed copy of `document` and the findings whose fix went in.

    Fixes go in from the end of the document to its start, so that taking an item out of a list does not move the next one; a
    fix whose `test` fails (RFC 6902) or whose path is gone is left for the next round of judging.
    """
    fixed = copy.deepcopy(document)
    done: list[Finding] = []
    for finding in sorted(offered(findings, unsafe=unsafe), key=_place, reverse=True):
        assert finding.fix is not None
        candidate = _patched(fixed, finding.fix)
        if candidate is not None:
            fixed = candidate
            done.append(finding)
    return fixed, done[::-1]


def _place(finding: Finding) -> list[tuple[int, int, str]]:
    parts = finding.pointer.split("/")[1:]
    return [(0, int(p), "") if p.isdecimal() and len(p) < 12 else (1, 0, p) for p in parts]


def _patched(document: Any, fix: Fix) -> Any | None:
    import jsonpatch

    tests = [op for op in fix.patch if op.get("op") == "test"]
    try:
        # The tests run first and alone: the patch itself then works in place, without a copy of the whole document.
        jsonpatch.JsonPatch(tests).apply(document, in_place=True)
        return jsonpatch.JsonPatch([op for op in fix.patch if op.get("op") != "test"]).apply(document, in_place=True)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError, IndexError):
        return None
