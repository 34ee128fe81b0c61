"""Applies the fixes that findings carry."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from dagogy.api.rules import Finding, Fix


def offered(findings: Iterable[Finding], *, unsafe: bool) -> list[Finding]:
    """The findings of the curriculum with a fix that may be applied."""
    return [
        f
        for f in findings
        if f.fix is not None and f.document == "curriculum" and (unsafe or f.fix.safety == "safe")
    ]


def apply_fixes(document: Any, findings: Sequence[Finding], *, unsafe: bool) -> tuple[Any, list[Finding]]:
    """A fixed copy of `document` and the findings whose fix went in.

    Fixes go in from the end of the document to its start, so that taking an item out of a list does not move
    the next one; a fix whose `test` fails (RFC 6902), whose path is gone or that is no patch at all is left
    for the next round of judging.
    """
    fixed = copy.deepcopy(document)
    done: list[Finding] = []
    for finding in sorted(offered(findings, unsafe=unsafe), key=_place, reverse=True):
        assert finding.fix is not None
        if not _tests_hold(fixed, finding.fix):
            continue
        try:
            fixed = _patched(fixed, finding.fix)
        except Exception:
            # Some of its operations may be in already, and a fix goes in whole or not at all.
            fixed = copy.deepcopy(document)
            for earlier in done:
                assert earlier.fix is not None
                fixed = _patched(fixed, earlier.fix)
        else:
            done.append(finding)
    return fixed, done[::-1]


def _place(finding: Finding) -> list[tuple[int, int, str]]:
    parts = finding.pointer.split("/")[1:]
    return [(0, int(p), "") if p.isdecimal() and len(p) < 12 else (1, 0, p) for p in parts]


def _tests_hold(document: Any, fix: Fix) -> bool:
    """Whether the `test` operations of a fix hold. They run before the others, so that most fixes that do not
    fit change nothing.
    """
    import jsonpatch

    try:
        jsonpatch.JsonPatch([op for op in fix.patch if op.get("op") == "test"]).apply(document, in_place=True)
    except Exception:
        return False
    return True


def _patched(document: Any, fix: Fix) -> Any:
    """The document with the fix in it, without a copy of the whole."""
    import jsonpatch

    # What is put in is copied: a rule may offer one and the same list for several places.
    operations = copy.deepcopy([op for op in fix.patch if op.get("op") != "test"])
    return jsonpatch.JsonPatch(operations).apply(document, in_place=True)
