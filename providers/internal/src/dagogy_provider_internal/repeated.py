"""Sentences that a source says of several concepts, as the reference pages of programs do. They tell nothing of any one of these."""

from __future__ import annotations

from collections.abc import Sequence

from dagogy_provider_internal.concepts import Concept
from dagogy_provider_internal.naming import key_words
from dagogy_provider_internal.passages import Passage

#: A sentence with fewer words of its own is not compared.
_FEWEST = 3


def said_once(texts: Sequence[Sequence[Passage]], concepts: Sequence[Concept], order: Sequence[int]) -> list[list[Passage]]:
    """The passages of each concept without those that one before it in the `order` of study has elsewhere in the source, word for word or but for
    the two names."""
    first: dict[frozenset[str], tuple[int, tuple[int, int]]] = {}
    kept: list[list[Passage]] = [[] for _ in texts]
    for i in order:
        name = frozenset(key_words(concepts[i].title))
        for passage in texts[i]:
            found = frozenset(key_words(passage.text))
            owners = [first.setdefault(key, (i, passage.lines)) for key in (found, found - name) if len(key) >= _FEWEST]
            if passage.role == "requires" or all(owner == i or lines == passage.lines for owner, lines in owners):
                kept[i].append(passage)
    return kept
