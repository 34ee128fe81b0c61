"""Sentences that a source says of several concepts, as the reference pages of programs do. They tell nothing
of any one of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dagogy_provider_internal.naming import key_words
from dagogy_provider_internal.passages import Passage

#: A sentence with fewer words of its own is not compared.
_FEWEST = 3
#: What more concepts share than this is said of none of them.
_FEW_SHARE = 3
#: So many sentences of a concept's own are enough to leave the others out.
_LEFT = 2


def without_repeats(texts: Sequence[Sequence[Passage]], order: Sequence[int]) -> list[list[Passage]]:
    """The passages of each concept without those that one before it in the `order` of study has word for word
    elsewhere in the source. A concept of which little would be left keeps what only a few share with it."""
    keys = [[tuple(key_words(p.text)) for p in own] for own in texts]
    shared = Counter(key for own in keys for key in set(own))
    first: dict[tuple[str, ...], tuple[int, tuple[int, int]]] = {}
    kept: list[list[Passage]] = [[] for _ in texts]
    for i in order:
        again = set()
        for k, (passage, key) in enumerate(zip(texts[i], keys[i], strict=True)):
            owner, lines = first.setdefault(key, (i, passage.lines))
            if not (passage.role == "requires" or len(key) < _FEWEST or owner == i or lines == passage.lines):
                again.add(k)
        left = sum(
            k not in again and p.role not in ("code", "requires", "question") for k, p in enumerate(texts[i])
        )
        if left < _LEFT:
            again = {k for k in again if shared[keys[i][k]] > _FEW_SHARE}
        kept[i] = [p for k, p in enumerate(texts[i]) if k not in again]
    return kept
