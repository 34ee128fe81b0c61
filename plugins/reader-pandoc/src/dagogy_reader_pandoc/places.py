"""Finds the lines at which blocks stand in the text that they were made from.

Pandoc says nothing of lines. Blocks come in the order of the text, though, and their words stand in it: the
words of both are laid side by side, from those that occur once in each inwards (the "patience" comparison),
so that no word is found before one that precedes it. `difflib` alone would take quadratic time.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from html import unescape

from dagogy.api.scope import Block
from dagogy.api.text import Words

__all__ = ["plain_lines", "spans"]

#: A character of a script without spaces is a word of its own here.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)
#: Up to so many pairs of words are compared each with each.
_SMALL = 40_000
#: How many words of the source are passed over at once where no word occurs only once;
#: more, the longer none was found.
_AHEAD = 30
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>")
#: What is in the source of a page and not on it.
_UNSEEN = re.compile(r"<(title|script|style)\b[^<>]{0,2000}>", re.IGNORECASE)
_ESCAPED = re.compile(r'\\(?:u([0-9a-fA-F]{4})|([nrt"\\/bf]))')
_ACCENT = re.compile(r"\\[\"'`^~=.](?:\{\\?([A-Za-z])\}|\\?([A-Za-z]))|\\[cvuHkrdb]\{([A-Za-z])\}")


def plain_lines(text: str, pandoc_format: str) -> list[str]:
    """The lines of the source without what hides its words: tags and entities, the escapes
    of JSON, accents as commands.
    """
    if pandoc_format in ("html", "opml"):
        text = _without_unseen(text)
        return [unescape(_TAG.sub(" ", line)) for line in text.split("\n")]
    lines = text.split("\n")
    if pandoc_format == "ipynb":
        return [
            _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else " " if m[2] in "nrtbf" else m[2], line)
            for line in lines
        ]
    if pandoc_format == "latex":
        return [_ACCENT.sub(lambda m: m[1] or m[2] or m[3], line) for line in lines]
    return lines


def _without_unseen(text: str) -> str:
    lowered, at, pieces = text.lower(), 0, []
    if len(lowered) != len(text):  # a letter that has two in lower case
        return text
    while (opener := _UNSEEN.search(text, at)) is not None:
        end = lowered.find(f"</{opener[1].lower()}", opener.end())
        if end < 0:
            break
        pieces += [text[at : opener.start()], "\n" * text.count("\n", opener.start(), end)]
        at = end
    return "".join(pieces) + text[at:]


def spans(blocks: Sequence[Block], lines: Sequence[str]) -> list[tuple[int, int]]:
    """First and last line of each block, from 1. One of whose words none is found has the last
    line of the block before it.
    """
    source, at_line = _words_by_line(lines)
    wanted, owner = _words_by_block(blocks)
    first, last = [0] * len(blocks), [0] * len(blocks)
    for i, j in _matches(wanted, source):
        block, line = owner[i], at_line[j]
        first[block] = first[block] or line
        last[block] = line
    found: list[tuple[int, int]] = []
    before = 1
    for start, end in zip(first, last, strict=True):
        found.append((start, end) if start else (before, before))
        before = max(before, end)
    return found


def _words_by_line(lines: Sequence[str]) -> tuple[list[str], list[int]]:
    words: list[str] = []
    at_line: list[int] = []
    for number, line in enumerate(lines, start=1):
        found = _words(line)
        words += found
        at_line += [number] * len(found)
    return words, at_line


def _words_by_block(blocks: Sequence[Block]) -> tuple[list[str], list[int]]:
    words: list[str] = []
    owner: list[int] = []
    for position, block in enumerate(blocks):
        found = _words(block.text)
        words += found
        owner += [position] * len(found)
    return words, owner


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = "".join(
            c for c in unicodedata.normalize("NFD", Words.normalized(text)) if not unicodedata.combining(c)
        )
    return _WORD.findall(text.casefold())


def _matches(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of positions of equal words, rising in both."""
    open_parts = [(0, len(a), 0, len(b))]
    while open_parts:
        part = open_parts.pop()
        if part[0] == -1:
            yield part[1], part[2]
            continue
        a0, a1, b0, b1 = part
        while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
            yield a0, b0
            a0, b0 = a0 + 1, b0 + 1
        done = [(-1, i, j, 0) for i, j in _equal_at_the_end(a, b, a0, a1, b0, b1)]
        a1, b1 = a1 - len(done), b1 - len(done)
        parts = _divided(a, b, a0, a1, b0, b1)
        if parts is None:
            if (a1 - a0) * (b1 - b0) <= _SMALL:
                pairs: Iterable[tuple[int, int]] = _by_sequence(a, b, a0, a1, b0, b1)
            else:
                pairs = _by_pairs(a, b, a0, a1, b0, b1)
            parts = [(-1, i, j, 0) for i, j in pairs]
        open_parts += reversed([*parts, *done])


def _equal_at_the_end(
    a: Sequence[str], b: Sequence[str], a0: int, a1: int, b0: int, b1: int
) -> list[tuple[int, int]]:
    """The pairs of equal words at the end of both parts, rising."""
    pairs = []
    while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
        a1, b1 = a1 - 1, b1 - 1
        pairs.append((a1, b1))
    return pairs[::-1]


def _divided(
    a: Sequence[str], b: Sequence[str], a0: int, a1: int, b0: int, b1: int
) -> list[tuple[int, int, int, int]] | None:
    """The words that occur once in both parts, as `(-1, i, j, 0)`, and the parts between them; of long parts
    without such words, the same with groups of words. None where there are neither.
    """
    anchors = _anchors(a, b, a0, a1, b0, b1)
    if not anchors and (a1 - a0) * (b1 - b0) > _SMALL:
        anchors = _anchors(_grams(a, a0, a1), _grams(b, b0, b1), 0, a1 - a0, 0, b1 - b0, a0, b0)
    if not anchors:
        return None
    parts: list[tuple[int, int, int, int]] = []
    for i, j in anchors:
        parts += [(a0, i, b0, j), (-1, i, j, 0)]
        a0, b0 = i + 1, j + 1
    return [*parts, (a0, a1, b0, b1)]


def _by_sequence(
    a: Sequence[str], b: Sequence[str], a0: int, a1: int, b0: int, b1: int
) -> Iterator[tuple[int, int]]:
    """As the standard library matches them, for short parts."""
    matcher = SequenceMatcher(None, a[a0:a1], b[b0:b1], autojunk=False)
    for block in matcher.get_matching_blocks():
        for k in range(block.size):
            yield a0 + block.a + k, b0 + block.b + k


def _grams(words: Sequence[str], start: int, end: int) -> list[tuple[str, ...]]:
    """Each word of a part with the two after it."""
    return [tuple(words[i : min(i + 3, end)]) for i in range(start, end)]


def _anchors(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    a0: int,
    a1: int,
    b0: int,
    b1: int,
    up: int = 0,
    over: int = 0,
) -> list[tuple[int, int]]:
    """The longest rising series of words (or groups of them) that occur once in both parts, with `up` and
    `over` added to the positions.
    """
    once_a, once_b = _once(a, a0, a1), _once(b, b0, b1)
    pairs = [(i, once_b[word]) for word, i in once_a.items() if word in once_b]
    tails: list[int] = []
    tail_at: list[int] = []
    back: list[int] = []
    for n, (_, j) in enumerate(pairs):
        k = bisect_left(tails, j)
        back.append(tail_at[k - 1] if k else -1)
        if k == len(tails):
            tails.append(j)
            tail_at.append(n)
        else:
            tails[k], tail_at[k] = j, n
    chain: list[tuple[int, int]] = []
    n = tail_at[-1] if tail_at else -1
    while n >= 0:
        chain.append((pairs[n][0] + up, pairs[n][1] + over))
        n = back[n]
    return chain[::-1]


def _by_pairs(
    a: Sequence[str], b: Sequence[str], a0: int, a1: int, b0: int, b1: int
) -> Iterator[tuple[int, int]]:
    """Two words in a row that both parts have, each at its next place not far ahead: for long parts in which
    every word comes again.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for j in range(b0, b1 - 1):
        places.setdefault((b[j], b[j + 1]), []).append(j)
    i, j, missed = a0, b0, 0
    while i < a1 - 1:
        known = places.get((a[i], a[i + 1]), ())
        at = bisect_left(known, j)
        if at < len(known) and known[at] - j <= _AHEAD * (1 + missed // 8):
            j, missed = known[at], 0
            while i < a1 and j < b1 and a[i] == b[j]:
                yield i, j
                i, j = i + 1, j + 1
        else:
            i, missed = i + 1, missed + 1


def _once(words: Sequence[Hashable], start: int, end: int) -> dict[Hashable, int]:
    """The words that occur once from `start` up to `end`, in their order."""
    seen: dict[Hashable, int] = {}
    for i in range(start, end):
        seen[words[i]] = -1 if words[i] in seen else i
    return {word: i for word, i in seen.items() if i >= 0}
