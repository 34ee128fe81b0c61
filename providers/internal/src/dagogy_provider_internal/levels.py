"""How early or late the terms of a field are usually met: a graded vocabulary, as there is for languages.

The lexicon (`vocabulary/FIELD.tsv`, `term<TAB>level`) has some 15,000 terms of 21 fields and one file of words that tell the level in any field. Levels run
from 1, the first days of the first course of the field, to 9, specialists. It was written from general knowledge, without sight of any case that
the order is measured on. A term can stand in several fields at different levels; how much each field counts is decided by the vocabulary of the
document itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dagogy_provider_internal.naming import tokens

_ANY_FIELD = "general-academic"
_LONGEST = 3  # words in a term
#: How clearly the best-matching field outweighs the others: the share of title words that a field knows, to this power.
_POWER = 8
#: What the words of any field count beside those of the best-matching one.
_GENERAL = 0.15
_LEAST = 0.02  # a field that counts less is left out
#: How many words of a text are looked at: where a concept is introduced, its text tells its level best. A shorter text tells none.
_OPENING, _SHORTEST = 40, 6

Terms = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Level:
    """The level of a concept, with the term of its name that gives it and the field of that term; without them it comes from the text alone."""

    value: float
    term: str = ""
    field: str = ""

    def told(self, title: str) -> str:
        """The level in words, for a reader."""
        return f"“{title}” (level {self.value:.1f} of 9{f', {self.field}' if self.field and self.field != _ANY_FIELD else ''})"


@cache
def _lexicon() -> Mapping[str, Terms]:
    """The terms of each field as stems, with their levels."""
    out: dict[str, Terms] = {}
    for entry in sorted(files(__package__).joinpath("vocabulary").iterdir(), key=lambda e: e.name):
        lines = [line.partition("\t") for line in entry.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        out[entry.name.removesuffix(".tsv")] = {tuple(tokens(term)): float(level) for term, tab, level in reversed(lines) if tab}
    return out


def _found(text: Sequence[str], terms: Terms) -> list[tuple[float, tuple[str, ...]]]:
    """The levels and terms in a list of stems, at each place the longest term."""
    out: list[tuple[float, tuple[str, ...]]] = []
    at = 0
    while at < len(text):
        size = next((k for k in range(min(_LONGEST, len(text) - at), 0, -1) if tuple(text[at : at + k]) in terms), 0)
        if size:
            part = tuple(text[at : at + size])
            out.append((terms[part], part))
        at += size or 1
    return out


def levels(titles: Sequence[str], openings: Sequence[Sequence[str]], text_weight: float) -> list[Level | None]:
    """The level of each concept, None where the lexicon has no word of it. `openings`: the stems of what is said of each, of which the first are looked at.

    The name gives the highest level of a term in it, averaged over the fields by how well they match the names of the whole document. The text
    moves that by `text_weight` for each level that its words lie above or below those of the other texts, on average.
    """
    stems = [tokens(t) for t in titles]
    counts = _fields(stems)
    named = [_of_name(own, counts) for own in stems]
    told = [_of_text(own[:_OPENING], counts) if len(own) >= _SHORTEST else None for own in openings]
    middle, usual = _mean(v.value for v in named if v), _mean(v for v in told if v is not None)
    out: list[Level | None] = []
    for name, text in zip(named, told, strict=True):
        if text is None or not text_weight:
            out.append(name)
        else:
            base = name or Level(middle)
            out.append(Level(base.value + text_weight * (text - usual), base.term, base.field))
    return out


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else 0.0


def _fields(titles: Sequence[Sequence[str]]) -> dict[str, float]:
    """How much each field counts for a document, by its titles; fields that hardly count are left out."""
    share = {name: sum(len(part) for own in titles for _, part in _found(own, terms)) for name, terms in _lexicon().items() if name != _ANY_FIELD}
    top = max(share.values()) or 1
    counts = {name: (value / top) ** _POWER for name, value in share.items()} | {_ANY_FIELD: _GENERAL}
    return {name: count for name, count in counts.items() if count >= _LEAST}


def _of_name(stems: Sequence[str], counts: Mapping[str, float]) -> Level | None:
    total = weight = 0.0
    best: tuple[float, tuple[str, ...], str] = (0.0, (), "")
    for name, count in counts.items():
        found = _found(stems, _lexicon()[name])
        if found:
            level, part = max(found)
            total, weight, best = total + count * level, weight + count, max(best, (count, part, name))
    return Level(total / weight, " ".join(best[1]), best[2]) if weight else None


def _of_text(stems: Sequence[str], counts: Mapping[str, float]) -> float | None:
    """The mean level of the terms in a text."""
    total = weight = 0.0
    for name, count in counts.items():
        found = _found(stems, _lexicon()[name])
        total, weight = total + count * _mean(level for level, _ in found), weight + (count if found else 0.0)
    return total / weight if weight else None
