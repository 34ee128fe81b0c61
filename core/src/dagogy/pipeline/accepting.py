"""Which of the fields that somebody filled are taken: those with which the rules find nothing new to object
to.

The whole curriculum is judged before and after. A field at which an error or a warning points that was not
there is refused; where the curriculum is worse and no finding tells which field it was, halves are tried.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dagogy.api.rules import Finding
from dagogy.contracts.types import CURRICULUM_VERSION, GapField
from dagogy.pipeline.judge import ValidationResult

#: How often fields are sorted out by what findings point at, before halves are tried.
_MOST_ROUNDS = 6


class Patch(NamedTuple):
    """A new value for a field of the node at `position`, whose gap it closes."""

    position: int
    field: GapField
    value: Any


@dataclass
class Taken:
    """What was taken of some patches: the curriculum with them, and why each of the others was not, by
    position and field.
    """

    document: Any
    patches: list[Patch]
    refused: dict[tuple[int, GapField], str] = field(default_factory=dict)


def take(document: Any, patches: Sequence[Patch], judged: Callable[[Any], ValidationResult]) -> Taken:
    """Takes as many of `patches` as leave the curriculum no worse than `document` is. `judged` asks the rules
    about a curriculum as JSON values.
    """
    return _Taking(document, judged).take(patches)


class _Taking:
    def __init__(self, document: Any, judged: Callable[[Any], ValidationResult]) -> None:
        self._document, self._judged = document, judged
        self._before = judged(document)
        self._known = {_key(f) for f in self._before.findings}
        self._refused: dict[tuple[int, GapField], str] = {}

    def take(self, patches: Sequence[Patch]) -> Taken:
        kept = list(patches)
        for _ in range(_MOST_ROUNDS):
            after = self._judged(patched(self._document, kept)) if kept else self._before
            objections = self._objections(after, kept)
            if not objections:
                break
            self._refused |= objections
            kept = [p for p in kept if (p.position, p.field) not in objections]
        kept = self._halved([], kept)
        return Taken(patched(self._document, kept), kept, self._refused)

    def _objections(
        self, after: ValidationResult, patches: Sequence[Patch]
    ) -> dict[tuple[int, GapField], str]:
        """The fields at which a new error or warning points, each with what the first one says."""
        found: dict[tuple[int, GapField], str] = {}
        by_node: dict[int, list[GapField]] = {}
        for patch in patches:
            by_node.setdefault(patch.position, []).append(patch.field)
        for finding in after.findings:
            if finding.document != "curriculum" or finding.severity not in ("error", "warning"):
                continue
            if _key(finding) in self._known:
                continue
            for pointer in (finding.pointer, *finding.others):
                position, name = _place(pointer)
                for patched_field in by_node.get(position, ()):
                    if name in ("", patched_field):
                        told = f"{finding.rule_id} ({finding.severity}): {finding.message}"
                        found.setdefault((position, patched_field), told)
        return found

    def _halved(self, taken: list[Patch], patches: list[Patch]) -> list[Patch]:
        """`taken` and as many of `patches` as leave the curriculum no worse."""
        if not patches:
            return taken
        why = self._worse(self._judged(patched(self._document, [*taken, *patches])))
        if not why:
            return [*taken, *patches]
        if len(patches) == 1:
            self._refused[patches[0].position, patches[0].field] = why
            return taken
        half = len(patches) // 2
        return self._halved(self._halved(taken, patches[:half]), patches[half:])

    def _worse(self, after: ValidationResult) -> str:
        """In what the curriculum is worse than before, in words; "" where it is not."""
        before = self._before
        if before.passed and not after.passed:
            first = next((f for f in after.findings if f.severity == "error"), None)
            return f"the rules would fail: {first.rule_id}: {first.message}" if first else "a rule would fail"
        if after.count("error") > before.count("error"):
            return "the rules would find more errors"
        return after.lowers(before)


def patched(document: Any, patches: Iterable[Patch]) -> Any:
    """A copy of the curriculum with the values in it and without the gaps that they close."""
    copied = copy.deepcopy(document)
    for patch in patches:
        node = copied["nodes"][patch.position]
        node[patch.field] = patch.value
        gaps = [gap for gap in node.get("gaps", ()) if gap["field"] != patch.field]
        if gaps:
            node["gaps"] = gaps
        else:
            node.pop("gaps", None)
    copied["schema_version"] = CURRICULUM_VERSION
    return copied


def _place(pointer: str) -> tuple[int, str]:
    """The position of the node that a pointer leads into, -1 for none, and the field of it, "" for the whole
    node.
    """
    parts = pointer.split("/")[1:]
    if len(parts) < 2 or parts[0] != "nodes" or not parts[1].isdecimal():
        return -1, ""
    return int(parts[1]), parts[2] if len(parts) > 2 else ""


def _key(finding: Finding) -> tuple[Any, ...]:
    """What makes a finding the same as one before: its rule, what it weighs, and the field it is about."""
    return finding.rule_id, finding.severity, _place(finding.pointer)
