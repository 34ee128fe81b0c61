"""How early or late the terms of a field are usually met: a graded vocabulary, as there is for languages.

The lexicon (`vocabulary/FIELD.tsv`, `term<TAB>level`) has some 15,000 terms of 21 fields and one file of words that tell the level in any field. Levels run
from 1, the first days of the first course of the field, to 9, specialists. It was written from general knowledge, without sight of any case that
the order is measured on. A term can stand in several fields at different levels; how much each field counts is decided by the vocabulary of the
document itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from dagogy_provider_internal.naming import tokens

_ANY_FIELD = "general-academic"
_LONGEST = 3  # words in a term
#: How clearly the best-matching field outweighs the others: the share of title words that a field knows, to this power.
POWER = 8
#: What the words of any field count beside those of the best-matching one.
GENERAL = 0.3
_LEAST = 0.02  # a field that counts less is left out

type_terms = dict[tuple[str, ...], float]


@cache
def _lexicon() -> dict[str, dict[tuple[str, ...], float]]:
    """The terms of each field as stems, with their levels."""
    out: dict[str, dict[tuple[str, ...], float]] = {}
    for entry in sorted(files("dagogy_provider_internal").joinpath("vocabulary").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".tsv"):
            terms: dict[tuple[str, ...], float] = {}
            for line in entry.read_text(encoding="utf-8").splitlines():
                term, tab, level = line.partition("\t")
                if tab:
                    terms.setdefault(tuple(tokens(term)), float(level))
            out[entry.name.removesuffix(".tsv")] = terms
    return out


def _found(text: Sequence[str], terms: dict[tuple[str, ...], float]) -> list[tuple[tuple[str, ...], float]]:
    """The terms in a list of stems, at each place the longest."""
    out: list[tuple[tuple[str, ...], float]] = []
    at = 0
    while at < len(text):
        size = next((k for k in range(_LONGEST, 0, -1) if tuple(text[at : at + k]) in terms and at + k <= len(text)), 0)
        if size:
            part = tuple(text[at : at + size])
            out.append((part, terms[part]))
        at += size or 1
    return out


def levels(titles: Sequence[str], texts: Sequence[Sequence[str]] = ()) -> list[float | None]:
    """The level of each title, None where the lexicon has none of its words."""
    stems = [tokens(t) for t in titles]
    lexicon = _lexicon()
    words = sum(map(len, stems)) or 1
    share = {f: sum(len(p) for s in stems for p, _ in _found(s, terms)) / words for f, terms in lexicon.items() if f != _ANY_FIELD}
    top = max(share.values()) or 1.0
    counts = {f: (v / top) ** POWER for f, v in share.items()} | {_ANY_FIELD: GENERAL}
    out: list[float | None] = []
    for own in stems:
        above = weight = 0.0
        for name, count in counts.items():
            found = _found(own, lexicon[name]) if count >= _LEAST else []
            if found:
                above += count * max(level for _, level in found)
                weight += count
        out.append(above / weight if weight else None)
    return out
