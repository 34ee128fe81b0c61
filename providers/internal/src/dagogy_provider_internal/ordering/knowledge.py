"""What the terms of a field need: the order of two concepts that the source does not relate.

The vocabulary (`vocabulary/FIELD.tsv`, described in `vocabulary/README.md`) gives for a term the terms
that it needs directly. A concept has the terms whose words all stand in its name. One concept needs
another when a term of the one leads to a term of the other, directly or through terms that no concept of
the document has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from dagogy.api.text import Words

from dagogy_provider_internal.language.keys import content_tokens, tokens
from dagogy_provider_internal.language.lexicon import EARLY
from dagogy_provider_internal.language.terms import Entry, vocabulary

#: How much a path counts for each term on it that the document leaves out, and how many it may leave out.
_LEFT_OUT, _DEEPEST = 0.8, 6
#: Least share of the words of a concept's name that its terms have to cover.
_COVERED = 0.3


class Need(NamedTuple):
    """Concept `after` (a position) needs concept `before`: how sure that is, of 0 to 1, and the terms from
    that of `before` to that of `after`.
    """

    before: int
    after: int
    value: float
    path: tuple[str, ...]


class _Field:
    """The terms of one field that need something or are needed, by their words, and what they need."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.needs: dict[str, list[str]] = {}
        same: dict[str, str] = {}
        for term, _, needs in entries:
            if needs.startswith("="):
                same[term] = needs[1:]
            elif needs:
                self.needs[term] = needs.split("; ")
        self._by_word: dict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)
        named = dict.fromkeys([*self.needs, *(n for of in self.needs.values() for n in of), *same])
        for term in named:
            key = _words(term)
            if key:
                # Any word of the term finds it; the longest is that of the fewest terms, more or less.
                self._by_word[max(key, key=lambda w: (len(w), w))].append((key, same.get(term, term)))

    def terms(self, title: frozenset[str]) -> dict[str, frozenset[str]]:
        """The terms whose words are all among those of a title, each with its words; without those that are
        part of another.
        """
        found = [
            (key, term) for word in sorted(title) for key, term in self._by_word.get(word, ()) if key <= title
        ]
        return {term: key for key, term in found if not any(key < other for other, _ in found)}


@cache
def _field(name: str) -> _Field:
    return _Field(vocabulary()[name])


def _words(text: str) -> frozenset[str]:
    found = tokens(text)
    return frozenset(t for t in found if t not in Words.STOP) or frozenset(found)


def needs(titles: Sequence[str], fields: Mapping[str, float]) -> list[Need]:
    """Which concepts need which, by their names. `fields`: how much each field counts for the document, of
    0 to 1. No two concepts need each other.
    """
    words = [_words(t) for t in titles]
    telling = [frozenset(content_tokens(t)) - EARLY or w for t, w in zip(titles, words, strict=True)]
    best: dict[tuple[int, int], Need] = {}
    for name, counts in fields.items():
        field = _field(name)
        if not field.needs:
            continue
        terms = [field.terms(w) for w in words]
        for need in _of_field(field, terms, telling):
            pair = need.before, need.after
            value = need.value * counts
            if pair not in best or best[pair].value < value:
                best[pair] = need._replace(value=value)
    return [
        need
        for (before, after), need in sorted(best.items())
        if need.value > best.get((after, before), _NONE).value
    ]


_NONE = Need(0, 0, 0.0, ())


def _of_field(
    field: _Field, terms: Sequence[Mapping[str, frozenset[str]]], telling: Sequence[frozenset[str]]
) -> Iterator[Need]:
    owners: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for concept, found in enumerate(terms):
        for term, key in found.items():
            share = len(key & telling[concept]) / len(telling[concept])
            if share >= _COVERED:
                owners[term].append((concept, min(1.0, share)))
    for term, holders in owners.items():
        for path, owned in _reached(field, term, owners):
            worth = _LEFT_OUT ** (len(path) - 2)
            for after, share in holders:
                for before, other in owned:
                    if before != after and path[0] not in terms[after]:
                        yield Need(before, after, worth * (share * other) ** 0.5, path)


def _reached(
    field: _Field, term: str, owners: Mapping[str, list[tuple[int, float]]]
) -> Iterator[tuple[tuple[str, ...], list[tuple[int, float]]]]:
    """The nearest terms below `term` that concepts have, each with the path to it and those concepts."""
    seen = {term}
    level: list[tuple[str, ...]] = [(term,)]
    for _ in range(_DEEPEST):
        below = []
        for path in level:
            for need in field.needs.get(path[0], ()):
                if need not in seen:
                    seen.add(need)
                    longer = (need, *path)
                    if need in owners:
                        yield longer, owners[need]
                    else:
                        below.append(longer)
        level = below
