"""How early or late the terms of a field are usually met: a graded vocabulary, as there is for languages.

The vocabulary (`vocabulary/FIELD.tsv`, described in `vocabulary/README.md`) has some 21,000 terms of 21
fields and one file of words that tell the level in any field. Levels run from 1, the first days of the
first course of the field, to 9, specialists. It was written from general knowledge, without sight of any
case that the order is measured on. A term can stand in several fields at different levels; how much each
field counts is decided by the vocabulary of the document itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from dagogy_provider_internal.language.keys import tokens
from dagogy_provider_internal.language.terms import vocabulary

_ANY_FIELD = "general-academic"
_LONGEST = 3  # words of a term that is looked for
#: How clearly the best-matching field outweighs the others: the share of title words that a
#: field knows, to this power.
_POWER = 8
#: What the words of any field count beside those of the best-matching one.
_GENERAL = 0.15
_LEAST = 0.02  # a field that counts less is left out
#: How many words of a text are looked at: where a concept is introduced, its text tells its level best. A
#: shorter text tells none.
_OPENING, _SHORTEST = 40, 6


#: The levels and terms that a text has of each field.
_Found = Mapping[str, Sequence[tuple[float, tuple[str, ...]]]]


@cache
def _lexicon() -> Mapping[tuple[str, ...], Sequence[tuple[str, float]]]:
    """The fields that have a term, as stems, with its level there."""
    out: dict[tuple[str, ...], dict[str, float]] = {}
    for name, entries in vocabulary().items():
        for term, level, _ in entries:
            if term.count(" ") < _LONGEST:
                out.setdefault(tuple(tokens(term)), {}).setdefault(name, level)
    return {term: tuple(of.items()) for term, of in out.items()}


def _found(stems: Sequence[str]) -> _Found:
    """The terms in a text; of each field at each place the longest."""
    lexicon = _lexicon()
    out: dict[str, list[tuple[float, tuple[str, ...]]]] = {}
    taken: dict[str, int] = {}
    for at in range(len(stems)):
        for size in range(min(_LONGEST, len(stems) - at), 0, -1):
            part = tuple(stems[at : at + size])
            for name, level in lexicon.get(part, ()):
                if taken.get(name, 0) <= at:
                    taken[name] = at + size
                    out.setdefault(name, []).append((level, part))
    return out


def levels(
    titles: Sequence[str], openings: Sequence[Sequence[str]], text_weight: float
) -> list[float | None]:
    """The level of each concept, None where the lexicon has no word of it. `openings`: the stems of what is
    said of each, of which the first are looked at.

    The name gives the highest level of a term in it, averaged over the fields by how well they match the
    names of the whole document. The text moves that by `text_weight` for each level that its words lie above
    or below those of the other texts, on average.
    """
    names = [_found(tokens(t)) for t in titles]
    counts = _fields(names)
    named = [_of_name(found, counts) for found in names]
    by_text = [
        _of_text(_found(own[:_OPENING]), counts) if len(own) >= _SHORTEST else None for own in openings
    ]
    middle, usual = _mean(v for v in named if v is not None), _mean(v for v in by_text if v is not None)
    out: list[float | None] = []
    for name, text in zip(named, by_text, strict=True):
        if text is None or not text_weight:
            out.append(name)
        else:
            out.append((middle if name is None else name) + text_weight * (text - usual))
    return out


def fields(titles: Iterable[str]) -> dict[str, float]:
    """How much each field counts for a document with these titles, of 0 to 1."""
    return _fields(_found(tokens(t)) for t in titles)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else 0.0


def _fields(names: Iterable[_Found]) -> dict[str, float]:
    """How much each field counts for a document, by the words of its titles that the field knows; fields that
    hardly count are left out.
    """
    share: Counter[str] = Counter()
    for found in names:
        for name, terms in found.items():
            share[name] += sum(len(part) for _, part in terms)
    del share[_ANY_FIELD]
    top = max(share.values(), default=1)
    counts = {name: (value / top) ** _POWER for name, value in sorted(share.items())} | {_ANY_FIELD: _GENERAL}
    return {name: count for name, count in counts.items() if count >= _LEAST}


def _of_name(found: _Found, counts: Mapping[str, float]) -> float | None:
    """The highest level of each field, averaged over the fields."""
    highest = [
        (count, max(level for level, _ in found[name])) for name, count in counts.items() if name in found
    ]
    return (
        sum(count * level for count, level in highest) / sum(count for count, _ in highest)
        if highest
        else None
    )


def _of_text(found: _Found, counts: Mapping[str, float]) -> float | None:
    """The mean level of the terms in a text, averaged over the fields."""
    means = [
        (count, _mean(level for level, _ in found[name])) for name, count in counts.items() if name in found
    ]
    return sum(count * level for count, level in means) / sum(count for count, _ in means) if means else None
