"""Words that give a text away, by what they give away (`cues.tsv`), in many languages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files

_TERM = re.compile(r'"([^"]+)"|(\S+)')
_WORD = re.compile(r"\w[\w'’-]*")
_EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(slots=True)
class Cues:
    """Terms of one category: whole words, beginnings of words, phrases, and terms of scripts without spaces,
    all in lower case."""

    words: set[str] = field(default_factory=set)
    starts: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    unspaced: list[str] = field(default_factory=list)


@cache
def read_table(name: str) -> dict[str, Cues]:
    """The words and phrases of a table of this package, by their category."""
    table: dict[str, Cues] = {}
    for line in (files(__package__) / name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        category, _, terms = line.partition("\t")
        cues = table.setdefault(category, Cues())
        for quoted, plain in _TERM.findall(terms):
            term = (quoted or plain).casefold()
            if _EAST.search(term):
                cues.unspaced.append(term)
            elif " " in term:
                cues.phrases.append(term.rstrip("*"))
            elif term.endswith("*"):
                cues.starts.append(term[:-1])
            else:
                cues.words.add(term)
    return table


@cache
def categories() -> tuple[str, ...]:
    """The names of the categories, in the order of the shares."""
    return tuple(read_table("cues.tsv"))


@cache
def _by_word() -> tuple[dict[str, tuple[int, ...]], tuple[tuple[str, int], ...]]:
    found: dict[str, list[int]] = {}
    starts: list[tuple[str, int]] = []
    for i, cues in enumerate(read_table("cues.tsv").values()):
        for word in cues.words:
            found.setdefault(word, []).append(i)
        starts += [(start, i) for start in cues.starts]
    return {word: tuple(at) for word, at in found.items()}, tuple(starts)


@lru_cache(maxsize=50_000)
def _of_word(word: str) -> tuple[int, ...]:
    words, starts = _by_word()
    return words.get(word, ()) + tuple(
        {i for start, i in starts if word.startswith(start)} - set(words.get(word, ()))
    )


@lru_cache(maxsize=50_000)
def shares(text: str) -> tuple[float, ...]:
    """For each category the number of its cues in the text for each word, at most 1."""
    low = text.casefold()
    words = _WORD.findall(low)
    hits = [0] * len(categories())
    for word in words:
        for i in _of_word(word):
            hits[i] += 1
    east = bool(_EAST.search(low))
    for i, cues in enumerate(read_table("cues.tsv").values()):
        hits[i] += sum(phrase in low for phrase in cues.phrases)
        if east:
            hits[i] += sum(term in low for term in cues.unspaced)
    count = max(1.0, len(text) / 3 if east else len(words))
    return tuple(min(1.0, hit / count) for hit in hits)
