"""Whether a document is a course at all: a logistic regression on hashed words (Weinberger et al. 2009), and
one on what that says and on how sure the model of titles is that the document names concepts."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from math import exp, sqrt
from typing import Any

from dagogy.api.scope import Block

#: Buckets that words are hashed to.
BUCKETS = 16_384
#: Characters of a document that are looked at.
_READ = 6000
_WORD = re.compile(r"[^\W\d_]{2,}")
_EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_START = 5  # characters of a word that stand for its inflections


def text_of(blocks: Sequence[Block]) -> str:
    """The text of the blocks as the model sees it."""
    return "\n".join(b.text for b in blocks)[:_READ].casefold()


def buckets(text: str) -> set[int]:
    """The buckets of the words, of their beginnings, and of the pairs of characters
    where words are not set apart.
    """
    found: set[str] = set()
    for word in _WORD.findall(text):
        if _EAST.search(word):
            found.update(word[i : i + 2] for i in range(len(word) - 1))
        else:
            found.update((word, "^" + word[:_START]))
    return {zlib.crc32(token.encode()) % BUCKETS for token in found}


@cache
def _model() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((files(__package__) / "course.json").read_text(encoding="utf-8"))
    return data


def is_course(blocks: Sequence[Block], seen: Sequence[float]) -> float:
    """The probability that the document is one that somebody teaches or learns by. `seen`: how sure the model
    of titles is of it (`agreement.sureness`); where it found none, the words alone count."""
    words = buckets(text_of(blocks))
    if not words:
        return 1.0
    model = _model()
    score = model["bias"] + sum(model["weights"][b] for b in words) / sqrt(len(words))
    if seen:
        score = (
            model["seen bias"]
            + model["words"] * score
            + sum(w * v for w, v in zip(model["seen"], seen, strict=True))
        )
    return 1 / (1 + exp(-score))
