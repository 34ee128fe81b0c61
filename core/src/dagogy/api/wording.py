"""How much a title is worded like what is never a concept: administration, assessments, dates, holidays,
people, parts of a document.

A logistic regression on words, their beginnings and pairs, and on whole short titles, in many languages. The
weights stand in `title_words.tsv`, a token and its weight a line; `scripts/train_titles.py` makes them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import sqrt

from dagogy.api.text import lazy_pattern

__all__ = ["tokens", "unlike"]

_WORD = lazy_pattern(r"[^\W_]+")
#: The number of a section says nothing of what it is about; before a single word it may be a day of a month.
_NUMBERING = lazy_pattern(r"\A\s*\d{1,2}(?:\.\d{1,2}){0,3}[.)]?\s+(?=[^\W\d_]{3,60}\s+[^\W\d_])")
#: Where a topic stands in a course, behind its name (`Loops (unit 3)`), says nothing of what it is.
_PLACE = lazy_pattern(r"(?<=\S)\s{0,3}[(（][^\W\d_]{1,16}\.?\s?\d{1,5}[)）]\s*\Z")
#: Scripts that set no space between words: kana, Chinese characters, Hangul (whose words carry particles).
_EAST = lazy_pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_STARTS = (4, 6)  # characters of a word that stand for its inflections
_SHORT = 4  # words of a title that is known as a whole
_MANY = 6  # words from which on titles are alike


def tokens(title: str) -> set[str]:
    """What the judge of `unlike` sees of a title, each a letter or sign that says what it is, and its text.

    `w`: a word; `4`, `6`: its beginning; `b`: two neighbours; `F`, `L`:
    the first and the last word; `=`: the whole of a short title; `e`, `c`: two characters and one, where
    words are not set apart; `n`: how many words there are; `#`: all of them are numbers."""
    named = _PLACE.sub("", _NUMBERING.sub("", title.casefold()))
    words = [_plain(word) for word in _WORD.findall(named)]
    found = {f"n{min(len(words), _MANY)}"}
    for word in words:
        found.update(_of_word(word))
    found.update(f"b{a} {b}" for a, b in pairwise(words))
    if words:
        found.update(("F" + words[0], "L" + words[-1]))
    if 0 < len(words) <= _SHORT:
        found.add("=" + " ".join(words))
    if words and all(word == "0" for word in words):
        found.add("#")
    return found


def _of_word(word: str) -> set[str]:
    if _EAST.search(word):
        pairs = {"e" + word[i : i + 2] for i in range(max(1, len(word) - 1))}
        return pairs | {"c" + character for character in word} | {"F" + word[:2], "L" + word[-2:]}
    if word == "0":
        return set()
    return {"w" + word, *(f"{size}{word[:size]}" for size in _STARTS if len(word) > size)}


def _plain(word: str) -> str:
    return "0" if word.isdecimal() else word


@cache
def _weights() -> tuple[float, dict[str, float]]:
    lines = (files(__package__) / "title_words.tsv").read_text(encoding="utf-8").splitlines()
    table = dict(line.rsplit("\t", 1) for line in lines if not line.startswith("# "))
    weights = {token: float(weight) for token, weight in table.items()}
    return weights.pop("bias"), weights


def unlike(title: str) -> float:
    """The log-odds that `title` names no concept, by its words alone: above 0 it is rather none."""
    bias, weights = _weights()
    seen = tokens(title)
    return bias + sum(weights.get(token, 0.0) for token in seen) / sqrt(len(seen))
