"""The words of a concept and of its passages, and the sentence to show for words in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from dagogy.api.text import Words

from dagogy_provider_internal.language.keys import content_tokens, tokens
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.passages import Passage

_SEARCHED = 40  # passages looked through for a sentence to show


def passage_tokens(passage: Passage) -> tuple[str, ...]:
    """The stems of a passage, found once."""
    return _remembered(passage.text)


@lru_cache(maxsize=100_000)
def _remembered(text: str) -> tuple[str, ...]:
    return tuple(tokens(text))


def bag_of(passages: Sequence[Passage]) -> Counter[str]:
    return Counter(t for p in passages if p.role != "code" for t in passage_tokens(p))


def words_of(concept: Concept, texts: Sequence[Passage]) -> frozenset[str]:
    """The telling words of a concept's name and text."""
    return frozenset(content_tokens(concept.title)) | {
        t
        for p in texts[:_SEARCHED]
        if p.role != "code"
        for t in passage_tokens(p)
        if t not in Words.STOP and len(t) > 2
    }


def sentence_with(texts: Sequence[Passage], other: frozenset[str]) -> tuple[tuple[int, int], str] | None:
    """The sentence that has most of the other concept's words."""
    best, value = None, 0.0
    for passage in texts[:_SEARCHED]:
        if passage.role != "code":
            shared = sum(t in other for t in set(passage_tokens(passage)))
            if shared > value:
                best, value = passage, shared
    return (best.lines, best.text) if best else None


def anchor_lines(concept: Concept) -> tuple[int, int]:
    return concept.document.blocks[concept.anchor].lines if concept.anchor >= 0 else (1, 1)
