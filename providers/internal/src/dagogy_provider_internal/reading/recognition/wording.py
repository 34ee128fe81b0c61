"""How much a title is worded like what is never a concept: administration, dates,
assessments, parts of a document.

A logistic regression on hashed words and their beginnings (Weinberger et al. 2009), trained on what teachers
named as concepts and as none. It knows words of many languages that `cues.tsv` does not list, and nothing of
where a title stands.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from functools import cache, lru_cache
from importlib.resources import files
from math import exp, sqrt

#: Buckets that words are hashed to.
BUCKETS = 32_768
_WORD = re.compile(r"[^\W\d_]+|\d+")
_EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_STARTS = (4, 6)  # characters of a word that stand for its inflections
_LONGEST = 4  # digits, and twice as many words, that are told apart


def buckets(title: str) -> list[int]:
    """The buckets of the words, of their beginnings, of the first and the last of them, and of their number;
    pairs of characters where words are not set apart."""
    words = _WORD.findall(title.casefold())
    found = {f"n{min(len(words), 2 * _LONGEST)}"}
    for word in words:
        if _EAST.search(word):
            found.update("e" + word[i : i + 2] for i in range(max(1, len(word) - 1)))
            found.update("c" + character for character in word)
        elif word.isdigit():
            found.add(f"#{min(len(word), _LONGEST)}")
        else:
            found.add("w" + word)
            found.update(f"{size}{word[:size]}" for size in _STARTS)
    if words:
        found.update(("F" + words[0], "L" + words[-1]))
    if title.isupper():
        found.add("UP")
    return sorted({zlib.crc32(token.encode()) % BUCKETS for token in found})


@cache
def _model() -> tuple[float, float, bytes]:
    data = json.loads((files(__package__) / "wording.json").read_text(encoding="utf-8"))
    return data["bias"], data["scale"], base64.b85decode(data["weights"])


@lru_cache(maxsize=50_000)
def unlike(title: str) -> float:
    """The probability, by its words alone, that a title is none of a concept."""
    bias, scale, weights = _model()
    seen = buckets(title)
    total = bias + scale * sum(weights[b] - 128 for b in seen) / sqrt(len(seen))
    return 1 / (1 + exp(-total))
