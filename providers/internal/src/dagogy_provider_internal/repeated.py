"""Sentences that a source says of several concepts, as the reference pages of programs do. They tell nothing of any one of these."""

from __future__ import annotations

from collections.abc import Sequence

from dagogy_provider_internal.naming import key_words
from dagogy_provider_internal.passages import Passage

#: A sentence with fewer words of its own is not compared.
_FEWEST = 3


def said_once(texts: Sequence[Sequence[Passage]], order: Sequence[int]) -> list[list[Passage]]:
    """The passages of each concept without those that one before it in the `order` of study has word for word elsewhere in the source."""
    first: dict[tuple[str, ...], tuple[int, tuple[int, int]]] = {}
    kept: list[list[Passage]] = [[] for _ in texts]
    for i in order:
        for passage in texts[i]:
            key = tuple(key_words(passage.text))
            owner, lines = first.setdefault(key, (i, passage.lines))
            if passage.role == "requires" or len(key) < _FEWEST or owner == i or lines == passage.lines:
                kept[i].append(passage)
    return kept
