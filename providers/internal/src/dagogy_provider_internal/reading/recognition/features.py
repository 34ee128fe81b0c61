"""What can be seen of a title: its shape, its cues, where it stands, what is above and beside it, and what
document it is in.

Every feature is a number. `NAMES` says what each means; the weights in `model.json` go by position in it.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean, pstdev

from dagogy.api.scope import Block

from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.reading.recognition.shape import SHAPE, is_divided, shape
from dagogy_provider_internal.reading.recognition.units import Unit, titled, units
from dagogy_provider_internal.reading.recognition.wording import unlike

_KINDS = ("heading", "item", "cell", "lead", "short", "emphasis", "enumeration", "field")
_WAYS = (
    "whole", "lead", "rest", "before", "after", "after-semicolon", "after-comma", "outside", "inside",
    "semicolon", "comma", "dash", "enumeration",
)  # fmt: skip
#: Where the wording of a title stands among its features.
WORDING = len(_KINDS) + len(_WAYS) + 3
#: The features of a title that come first: what its unit is, how it is read, which part of how many it is,
#: and the last of them, its wording.
FIRST = WORDING + 1
#: The categories of cues that are averaged over a group.
_GROUP_CUES = (
    "topic", "time", "holiday", "administration", "assessment", "exercise", "resource", "objective",
    "structure", "verb", "tool", "person",
)  # fmt: skip
_PLACE = (
    "level", "numbered list", "has links", "share in links", "is a sub-item", "sub-items", "words below",
    "headings below", "place in document", "place among units", "headings above", "has a bold lead",
    "place in group", "cells of the row", "column", "column has a header", "same kind before",
    "same kind after", "kind after", "words of the block", "emphasised parts", "numbered division",
    "starts with a digit", "has a box", "is ticked", "share of siblings ticked",
)  # fmt: skip
_GROUP = (
    "members", "members to 60", "words", "words spread", "date", "digits", "full stop", "question", "commas",
    "starts lower", "colon", "distinct", "links", "share of units",
)  # fmt: skip
_DOCUMENT = (
    "log words", "headings", "items", "rows", "paragraphs", "code", "share of rows", "share of items", "h1",
    "h2", "h3", "h4", "units",
)  # fmt: skip
_AFTER = ("heading", "paragraph", "list_item", "table_row", "code", "quote", "html", None)
_DIGIT = re.compile(r"\W{0,5}\d")
_WORD = re.compile(r"\w+")
_AT = {name: i for i, name in enumerate(SHAPE)}
_ABOVE = ("heading above", "headings further above", "item above", "column header", "text before the list")


def names() -> list[str]:
    """What each feature is, in order."""
    cues = categories()
    out = (
        [f"kind {k}" for k in _KINDS]
        + [f"read as {w}" for w in _WAYS]
        + ["parts", "part", "readings", "wording"]
    )
    out += (
        [f"title {s}" for s in SHAPE]
        + [f"title cue {c}" for c in cues]
        + [f"first word cue {c}" for c in cues]
        + list(_PLACE)
    )
    out += [f"{a} cue {c}" for a in _ABOVE for c in cues]
    for group in ("siblings", "likes"):
        out += [f"{group} {g}" for g in _GROUP] + [f"{group} cue {c}" for c in _GROUP_CUES]
    return out + [f"document {d}" for d in _DOCUMENT] + [f"document cue {c}" for c in cues]


@dataclass(slots=True)
class Title:
    """A title that a unit may stand for: position of unit and reading, what alike it is
    judged with, and its features.
    """

    unit: int
    reading: int
    text: str
    siblings: tuple[Hashable, str]
    features: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Described:
    """The units of a document and the titles of all their readings, with features."""

    units: list[Unit]
    titles: list[Title]
    document: list[float]


def described(blocks: Sequence[Block]) -> Described:
    """Every title that the blocks may name, with its features."""
    return _Describer(blocks).described()


def _header(unit: Unit, blocks: Sequence[Block]) -> str:
    """What stands above a cell in its column, or the label of a field; elsewhere nothing."""
    if unit.kind == "field":
        return unit.label
    header = blocks[unit.at].header
    return header[unit.column] if unit.kind == "cell" and 0 <= unit.column < len(header) else ""


class _Describer:
    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self.units = units(blocks)
        count = len(blocks)
        self.section = [-1] * count
        self.below, self.headings, self.inside = [0] * count, [0] * count, [0] * count
        self._outline()
        self.siblings: dict[Hashable, list[int]] = defaultdict(list)
        self.likes: dict[Hashable, list[int]] = defaultdict(list)
        self.first = [u.readings[0].titles[0] for u in self.units]
        for i, unit in enumerate(self.units):
            self.siblings[self._sibling_key(unit)].append(i)
            self.likes[self._like_key(unit)].append(i)

    def _outline(self) -> None:
        """For each block its section, the words and headings below a heading,
        and the sub-items of an item.
        """
        last = -1
        stack: list[int] = []
        for i, block in enumerate(self.blocks):
            if block.kind == "heading":
                while stack and self.blocks[stack[-1]].level >= block.level:
                    stack.pop()
                if stack:
                    self.headings[stack[-1]] += 1
                stack.append(i)
                last = i
            elif last >= 0:
                self.below[last] += len(block.text.split())
            self.section[i] = last
            if block.parent >= 0:
                self.inside[block.parent] += 1

    def _sibling_key(self, unit: Unit) -> Hashable:
        block = self.blocks[unit.at]
        if unit.kind == "heading":
            return ("heading", block.level)
        if unit.kind == "item":
            return (
                "item",
                block.level,
                block.parent if block.parent >= 0 else ("section", self.section[unit.at]),
            )
        if unit.kind == "cell":
            return ("cell", block.header, unit.column, -1 if any(block.header) else self.section[unit.at])
        if unit.kind == "field":
            return ("field", unit.label.casefold())
        return (unit.kind, self.section[unit.at])

    def _like_key(self, unit: Unit) -> Hashable:
        block = self.blocks[unit.at]
        if unit.kind == "heading":
            return ("heading", block.level, block.path[:-1])
        if unit.kind == "item":
            above = self.blocks[self.section[unit.at]].level if self.section[unit.at] >= 0 else 0
            return ("item", block.level, above, bool(block.lead), block.ordered)
        if unit.kind == "cell":
            return ("cell", unit.column, block.header)
        return unit.kind, unit.label.casefold()

    def described(self) -> Described:
        document = self._document()
        siblings = {key: self._group(members) for key, members in self.siblings.items()}
        likes = {key: self._group(members) for key, members in self.likes.items()}
        ticked = {key: self._ticked(members) for key, members in self.siblings.items()}
        rank = {i: k / len(members) for members in self.siblings.values() for k, i in enumerate(members)}
        titles: list[Title] = []
        for i, unit in enumerate(self.units):
            key = self._sibling_key(unit)
            after = [
                *self._place(unit, i, rank[i], ticked[key]),
                *self._above(unit),
                *siblings[key],
                *likes[self._like_key(unit)],
                *document,
            ]
            kind = [float(unit.kind == k) for k in _KINDS]
            for r, reading in enumerate(unit.readings):
                way = [float(reading.way == w) for w in _WAYS]
                for part, text in enumerate(reading.titles):
                    first = _WORD.search(text)
                    own = [
                        float(len(reading.titles)),
                        float(part),
                        float(len(unit.readings)),
                        unlike(text),
                    ]
                    cues = [*shares(text), *shares(first[0] if first else "")]
                    titles.append(
                        Title(
                            i, r, text, (key, reading.way), [*kind, *way, *own, *shape(text), *cues, *after]
                        )
                    )
        return Described(self.units, titles, document)

    def _ticked(self, members: Sequence[int]) -> float:
        """The share of boxes among siblings that are ticked, -1 where they have none: options of a question
        have few, a list that is being worked off has any."""
        marks = [mark for i in members if (mark := self.blocks[self.units[i].at].marked) is not None]
        return sum(marks) / len(marks) if marks else -1.0

    def _place(self, unit: Unit, i: int, rank: float, ticked: float) -> list[float]:
        at, block, count = unit.at, self.blocks[unit.at], len(self.blocks)
        before = self.blocks[at - 1].kind if at else None
        after = self.blocks[at + 1].kind if at + 1 < count else None
        above = len(block.path) - (block.kind == "heading")
        return [
            float(block.level),
            float(block.ordered),
            float(bool(block.links)),
            sum(len(link.text) for link in block.links) / max(1, len(block.text)),
            float(block.parent >= 0),
            float(self.inside[at]),
            float(self.below[at]) if unit.kind == "heading" else 0.0,
            float(self.headings[at]),
            at / max(1, count),
            i / len(self.units),
            float(above),
            float(bool(block.lead)),
            rank,
            float(len(block.cells)),
            float(unit.column),
            float(bool(_header(unit, self.blocks))),
            float(before == block.kind),
            float(after == block.kind),
            float(_AFTER.index(after)),
            float(len(block.text.split())),
            float(len(block.emphasised)),
            float(is_divided(block.text)),
            float(bool(_DIGIT.match(block.text))),
            float(block.marked is not None),
            float(bool(block.marked)),
            ticked,
        ]

    def _above(self, unit: Unit) -> list[float]:
        block = self.blocks[unit.at]
        path = block.path[:-1] if block.kind == "heading" else block.path
        parent = self.blocks[block.parent].text[:120] if block.parent >= 0 else ""
        lead = ""
        if unit.kind == "item":
            at = self._list_starts[unit.at]
            lead = self.blocks[at].text[-120:] if at >= 0 else ""
        texts = (path[-1] if path else "", " ".join(path[:-1]), parent, _header(unit, self.blocks), lead)
        return [share for text in texts for share in shares(text)]

    @cached_property
    def _list_starts(self) -> list[int]:
        """For each block the last one at or before it that is no list item, -1 where there is none."""
        starts, last = [], -1
        for i, block in enumerate(self.blocks):
            last = last if block.kind == "list_item" else i
            starts.append(last)
        return starts

    def _group(self, members: Sequence[int]) -> list[float]:
        texts = [self.first[i] for i in members]
        shapes = [shape(t) for t in texts]
        cues = [shares(t) for t in texts]
        counts = [s[_AT["words"]] for s in shapes]
        size = len(members)

        def mean(name: str) -> float:
            return fmean(s[_AT[name]] for s in shapes)

        at = [categories().index(c) for c in _GROUP_CUES]
        return [
            float(size),
            min(size, 60) / 60,
            fmean(counts),
            pstdev(counts),
            *(
                mean(n)
                for n in ("date", "digits", "full stop", "question", "commas", "starts lower", "colon")
            ),
            len({t.casefold() for t in texts}) / size,
            fmean(bool(self.blocks[self.units[i].at].links) for i in members),
            size / len(self.units),
            *(fmean(c[i] for c in cues) for i in at),
        ]

    def _document(self) -> list[float]:
        kinds: Counter[str] = Counter(b.kind for b in self.blocks)
        levels = Counter(b.level for b in self.blocks if b.kind == "heading")
        words = sum(len(b.text.split()) for b in self.blocks) + 1
        count = max(1, len(self.blocks))
        opening = " ".join(b.text for b in self.blocks[:400])[:20_000]
        named = ("heading", "list_item", "table_row", "paragraph", "code")
        return [
            math.log(words),
            *(float(kinds[k]) for k in named),
            kinds["table_row"] / count,
            kinds["list_item"] / count,
            *(float(levels[level]) for level in (1, 2, 3, 4)),
            float(len(self.units)),
            *shares(opening),
        ]


__all__ = ["FIRST", "WORDING", "Described", "Title", "described", "names", "titled"]
