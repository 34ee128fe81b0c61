"""The pieces of a document, its blocks and the cells of its tables, and what is seen of each: its words, its
shape, where it stands, what is around it.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from math import sqrt
from statistics import fmean, pstdev
from typing import NamedTuple

from dagogy.api.scope import Block

from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.reading.recognition.shape import SHAPE, is_divided, shape
from dagogy_provider_internal.reading.recognition.units import LONGEST
from dagogy_provider_internal.reading.recognition.wording import unlike

#: Buckets that the words of a piece are hashed to.
BUCKETS = 16_384
_WORD = re.compile(r"[^\W\d_]+|\d+")
_EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORDS_READ = 40  # words of a block that are looked at
_CUED = 0.12  # a cue counts from this share of the words on: one of eight
_MEMBERS = 80  # siblings that are looked at
_KINDS: tuple[str, ...] = ("heading", "paragraph", "list_item", "table_row", "code", "quote", "html")
_PLACE = (
    "kind", "level", "numbered list", "bold lead", "has a box", "is ticked", "share in links",
    "emphasised parts",
    "place", "blocks before", "blocks after", "blocks below", "depth", "column", "cells", "numbered division",
    "words", "kind before", "kind after", "level after", "words after", "words before", "wording",
    "wording of the lead", "wording of the heading", "ends with a colon", "after a colon", "after a question",
)  # fmt: skip
_CUED_PARTS = (
    "own", "first word", "lead", "heading", "headings further above", "item above", "header", "list start",
)  # fmt: skip


class Piece(NamedTuple):
    """A block, or one cell of a table row (`column`; else -1)."""

    at: int
    column: int


def pieces(blocks: Sequence[Block]) -> list[Piece]:
    """Every block, and after a table row each of its cells."""
    return [
        Piece(at, column)
        for at, block in enumerate(blocks)
        for column in (-1, *range(len(block.cells) if len(block.cells) > 1 else 0))
    ]


def count(blocks: Sequence[Block]) -> int:
    """How many `pieces` the blocks have."""
    return sum(1 + (len(b.cells) if len(b.cells) > 1 else 0) for b in blocks)


class Surroundings:
    """What is around each piece of a document."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self.pieces = pieces(blocks)
        self.whole = [i for i, piece in enumerate(self.pieces) if piece.column < 0]
        self.heading = [-1] * len(blocks)
        self.below: list[list[int]] = [[] for _ in blocks]
        self.list_start = [-1] * len(blocks)
        stack: list[int] = []
        start = -1
        for at, block in enumerate(blocks):
            if block.kind == "heading":
                while stack and blocks[stack[-1]].level >= block.level:
                    stack.pop()
            self.heading[at] = stack[-1] if stack else -1
            if stack:
                self.below[stack[-1]].append(at)
            if block.kind == "heading":
                stack.append(at)
            if block.parent >= 0:
                self.below[block.parent].append(at)
            start = start if block.kind in ("list_item", "table_row") else at
            self.list_start[at] = start
        self.siblings: dict[Hashable, list[int]] = defaultdict(list)
        self.key = [self._key(piece) for piece in self.pieces]
        for i, key in enumerate(self.key):
            self.siblings[key].append(i)
        self._groups: dict[Hashable, list[float]] = {}
        kinds: Counter[str] = Counter(b.kind for b in blocks)
        self.document = [*(kinds[k] / (len(blocks) or 1) for k in _KINDS), math.log(len(blocks) or 1)]

    def group(self, i: int) -> list[float]:
        """What is seen of a piece and its siblings together, worked out once for all of them."""
        key = self.key[i]
        if key not in self._groups:
            self._groups[key] = _group(self, self.siblings[key])
        return self._groups[key]

    def _key(self, piece: Piece) -> Hashable:
        at, column = piece
        block = self.blocks[at]
        if block.kind == "table_row":
            return "row", block.header, column, -1 if any(block.header) else self.heading[at]
        if block.kind == "heading":
            return "heading", block.level
        return (
            block.kind,
            block.level,
            bool(block.lead),
            block.parent if block.parent >= 0 else self.heading[at],
            -1 if block.kind == "list_item" else 0,
        )


@lru_cache(maxsize=50_000)
def _words(text: str, starts: tuple[int, ...]) -> tuple[str, ...]:
    out: list[str] = []
    for word in _WORD.findall(text):
        if _EAST.search(word):
            out += ["e" + word[i : i + 2] for i in range(max(1, len(word) - 1))]
        elif word.isdigit():
            out.append(f"#{min(len(word), 4)}")
        else:
            out.append("w" + word)
            out += [f"{n}{word[:n]}" for n in starts]
    return tuple(dict.fromkeys(out))


@lru_cache(maxsize=100_000)
def _bucket(token: str) -> int:
    return zlib.crc32(token.encode()) % BUCKETS


def seen(around: Surroundings, piece: Piece) -> list[tuple[tuple[int, ...], float]]:
    """What is seen of a piece, in groups of buckets, each with the weight of each of its buckets."""
    return [
        (tuple({_bucket(f"{name}|{token}") for token in tokens}), weight / sqrt(len(tokens)))
        for name, weight, tokens in _tokens(around, piece)
        if tokens
    ]


def _tokens(around: Surroundings, piece: Piece) -> Iterator[tuple[str, float, Sequence[str]]]:
    at, column = piece
    block = around.blocks[at]
    text = block.cells[column] if column >= 0 else block.text
    low = " ".join(text[:1000].casefold().split()[:_WORDS_READ])
    words = _words(low, (4, 6))
    yield "text", 2.0, words
    if found := _WORD.findall(low):
        yield "ends", 0.7, (f"F{found[0]}", f"L{found[-1]}", f"F2{' '.join(found[:2])}")
    if block.lead and column < 0:
        yield "lead", 0.8, _words(block.lead[:120].casefold(), (5,))
    yield (
        "kind",
        1.0,
        (f"{block.kind} {block.level}", f"{block.kind} {column >= 0} {min(6, len(low.split()) // 3)}"),
    )
    path = block.path[:-1] if block.kind == "heading" else block.path
    yield "heading", 1.0, _words(path[-1][:120].casefold(), (5,)) if path else ("none",)
    if len(path) > 1:
        yield "further", 0.6, _words(" ".join(path[:-1])[-200:].casefold(), (5,))
    header = block.header[column] if 0 <= column < len(block.header) else ""
    if header:
        yield "header", 1.2, _words(header[:80].casefold(), (5,))
    if block.kind == "table_row" and column < 0:
        yield "header row", 0.6, _words(" ".join(block.header)[:200].casefold(), (5,))
    if block.parent >= 0:
        yield "item above", 0.7, _words(around.blocks[block.parent].text[:100].casefold(), (5,))
    start = around.list_start[at]
    if block.kind == "list_item" and start >= 0 and around.blocks[start].kind != "heading":
        yield "list start", 0.7, _words(around.blocks[start].text[-100:].casefold(), (5,))
    yield (
        "cues",
        1.5,
        [
            f"{name} {category}"
            for name, part in (
                ("own", text[:300]),
                ("heading", path[-1] if path else ""),
                ("further", " ".join(path[:-1])),
                ("header", header),
                ("first", found[0] if found else ""),
            )
            if part
            for share, category in zip(shares(part), categories(), strict=True)
            if share >= _CUED
        ],
    )


def position(around: Surroundings, piece: Piece) -> int:
    """The position of a piece among the pieces."""
    return around.whole[piece.at] + piece.column + 1


def text_of(around: Surroundings, i: int) -> str:
    """The text of a piece."""
    at, column = around.pieces[i]
    return around.blocks[at].cells[column] if column >= 0 else around.blocks[at].text


def names() -> list[str]:
    """What each number of `described` is, in order."""
    cues = categories()
    siblings = ["members", *SHAPE, "spread of words", *(f"cue {c}" for c in cues), "distinct"]
    return [
        *_PLACE,
        *SHAPE,
        *(f"{part} cue {c}" for part in _CUED_PARTS for c in cues),
        *(f"siblings {s}" for s in siblings),
        *(f"share of {k}" for k in _KINDS),
        "log blocks",
    ]


def described(around: Surroundings, i: int) -> list[float]:
    """What is seen of a piece besides its words: a number for each of `names`."""
    piece = around.pieces[i]
    return [*_place(around, piece), *_shape_and_cues(around, piece), *around.group(i), *around.document]


def _group(around: Surroundings, members: Sequence[int]) -> list[float]:
    texts = [text_of(around, i) for i in members[:_MEMBERS]]
    shapes, cues = [shape(t[:400]) for t in texts], [shares(t[:200]) for t in texts]
    return [
        float(len(members)),
        *map(fmean, zip(*shapes, strict=True)),
        pstdev(s[0] for s in shapes),
        *map(fmean, zip(*cues, strict=True)),
        len(set(texts)) / len(texts),
    ]


def _place(around: Surroundings, piece: Piece) -> list[float]:
    at, column = piece
    blocks, block = around.blocks, around.blocks[at]
    before = blocks[at - 1] if at else None
    after = blocks[at + 1] if at + 1 < len(blocks) else None
    text = block.cells[column] if column >= 0 else block.text
    path = block.path[:-1] if block.kind == "heading" else block.path
    return [
        float(_KINDS.index(block.kind)),
        float(block.level),
        float(block.ordered),
        float(bool(block.lead)),
        float(block.marked is not None),
        float(bool(block.marked)),
        sum(len(link.text) for link in block.links) / max(1, len(block.text)),
        float(len(block.emphasised)),
        at / len(blocks),
        float(at),
        float(len(blocks) - at),
        float(len(around.below[at])),
        float(len(path)),
        float(column),
        float(len(block.cells)),
        float(is_divided(text)),
        float(len(text.split())),
        float(_KINDS.index(before.kind)) if before else -1.0,
        float(_KINDS.index(after.kind)) if after else -1.0,
        float(after.level) if after else -1.0,
        float(len(after.text.split())) if after else 0.0,
        float(len(before.text.split())) if before else 0.0,
        unlike(text[:LONGEST]),
        unlike(block.lead[:LONGEST]) if block.lead else -1.0,
        unlike(path[-1][:LONGEST]) if path else -1.0,
        float(text.endswith((":", "："))),
        float(before is not None and before.text.endswith((":", "："))),
        float(before is not None and before.text.endswith(("?", "？"))),
    ]


def _shape_and_cues(around: Surroundings, piece: Piece) -> list[float]:
    at, column = piece
    block = around.blocks[at]
    text = block.cells[column] if column >= 0 else block.text
    path = block.path[:-1] if block.kind == "heading" else block.path
    first = _WORD.search(text)
    start = around.list_start[at]
    parts = (
        text[:200],
        first[0] if first else "",
        block.lead[:100],
        path[-1] if path else "",
        " ".join(path[:-1]),
        around.blocks[block.parent].text[:120] if block.parent >= 0 else "",
        block.header[column] if 0 <= column < len(block.header) else "",
        around.blocks[start].text[-120:] if start >= 0 and block.kind == "list_item" else "",
    )
    return [*shape(text[:600]), *(share for part in parts for share in shares(part))]
