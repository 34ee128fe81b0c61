"""Fits the number of concepts to the limits of the spec by the document's own structure: merged upward when
too many, split when too few.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from operator import is_

from dagogy_provider_internal.language.headings import heading_kind
from dagogy_provider_internal.language.keys import content_tokens, same_key
from dagogy_provider_internal.language.naming import aliases, is_sentence
from dagogy_provider_internal.reading.concept import Concept, length

#: A word in more names than this joins none of them.
_COMMON = 200
#: How far a concept looks for one to go into.
_NEAR = 50


def fit(concepts: list[Concept], least: int, most: int) -> tuple[list[Concept], list[str]]:
    """The concepts within `least` and `most` (0: no limit) as far as the
    document allows, and what was done.
    """
    if not (
        _latest
        and _latest[0][1:3] == (least, most)
        and len(_latest[0][0]) == len(concepts)
        and all(map(is_, _latest[0][0], concepts))
    ):
        _latest[:] = [(concepts, least, most, *_fitted(concepts, least, most))]
    *_, fitted, notes = _latest[0]
    return [*fitted], [*notes]


#: What was fitted last: a run fits the concepts of its document when it reads them and when it teaches them.
_latest: list[tuple[list[Concept], int, int, list[Concept], list[str]]] = []


def _fitted(concepts: list[Concept], least: int, most: int) -> tuple[list[Concept], list[str]]:
    notes: list[str] = []
    if most and len(concepts) > most:
        concepts = _merge_groups(concepts, most, notes)
        concepts = _merge_alike(concepts, most, notes)
        if len(concepts) > most:
            concepts = _merge_neighbours(concepts, most, notes)
    if least and len(concepts) < least:
        concepts = _split(concepts, least, most, notes)
        if len(concepts) < least:
            notes.append(
                f"the source names {len(concepts)} concepts, {least} are asked for; it has no further "
                "sub-sections to split by"
            )
    return concepts, notes


def _words(concept: Concept) -> int:
    return sum(length(concept.document.blocks[b].text) for b in concept.blocks) + 1 if concept.blocks else 1


def _merge_groups(concepts: list[Concept], most: int, notes: list[str]) -> list[Concept]:
    """Whole groups become one concept named by their heading: the deepest first, then those with the least
    text, none larger than needed if possible.
    """
    key_of = cache(same_key)  # asked for the same titles in each round
    while len(concepts) > most:
        need = len(concepts) - most
        options = _groups(concepts, key_of)
        chosen: list[tuple[tuple[str, ...], list[Concept]]] = []
        for path, members in options:
            if len(members) - 1 <= need:
                chosen.append((path, members))
                need -= len(members) - 1
        if not chosen:
            # One that is larger than needed, as long as it is not much larger and leaves more than a few.
            path, members = min(options, key=lambda o: len(o[1]), default=((), []))
            if not members or len(members) - 1 > min(2 * need, need + most // 2):
                return concepts
            chosen.append((path, members))
        concepts = _replaced(
            concepts, [(members, _union(members, path[-1], path[:-1])) for path, members in chosen]
        )
        notes.extend(
            f"merged into “{path[-1]}”: {', '.join(m.title for m in members if m.anchor >= 0)}"
            for path, members in chosen
        )
    return concepts


def _groups(
    concepts: list[Concept], key_of: Callable[[str], tuple[str, ...]]
) -> list[tuple[tuple[str, ...], list[Concept]]]:
    """The groups that can become one concept, with their heading paths, the likeliest first."""
    groups: dict[tuple[str, ...], list[Concept]] = defaultdict(list)
    paths = {c.path[:1] for c in concepts if c.anchor >= 0}
    common = next(iter(paths)) if len(paths) == 1 else None
    for concept in concepts:
        # A heading over everything is the document's title, not a group.
        if concept.anchor >= 0 and concept.path and concept.path != common:
            groups[concept.path].append(concept)
    taken = {key_of(c.title) for c in concepts if c.anchor >= 0}
    # An item of the spec that names a group, and that the document does not describe,
    # is what the group becomes.
    named = {key_of(c.title): c for c in concepts if c.anchor < 0}
    options = []
    for path, members in sorted(
        groups.items(),
        key=lambda g: (not named or key_of(g[0][-1]) not in named, -len(g[0]), sum(map(_words, g[1])), g[0]),
    ):
        key = key_of(path[-1])
        # "Glossary" holds concepts and names none.
        if (
            len(members) > 1
            and key not in taken
            and not is_sentence(path[-1])
            and heading_kind(path[-1]) == "concept"
        ):
            options.append((path, [*members, *([named[key]] if key in named else [])]))
            taken.add(key)
    return options


def _merge_alike(concepts: list[Concept], most: int, notes: list[str]) -> list[Concept]:
    """A concept whose name contains another's goes into that one: the closest names first, then
    the one with the least text.
    """
    distinctive = [content_tokens(c.title) for c in concepts]
    holding: dict[str, list[int]] = defaultdict(list)
    for i, stems in enumerate(distinctive):
        for stem in stems:
            holding[stem].append(i)
    longest = {stem: max(len(distinctive[i]) for i in inside) for stem, inside in holding.items()}
    pairs: list[tuple[int, int, str, int, int]] = []
    for a, stems in enumerate(distinctive):
        # In a list of names of two words each none contains another: the longest
        # with a word tells it for all.
        if not stems or min(longest[stem] for stem in stems) <= len(stems):
            continue
        # Those that hold the rarest of its words; a word that hundreds of names hold says nothing of them.
        holders = min((holding[stem] for stem in stems), key=len)
        if len(holders) <= _COMMON:
            inside = (
                b for b in holders if len(stems) < len(distinctive[b]) and set(stems) < set(distinctive[b])
            )
            pairs.extend(
                (len(distinctive[b]) - len(stems), _words(concepts[b]), concepts[b].title, a, b)
                for b in inside
            )
    return _joined(concepts, [(a, b) for *_, a, b in sorted(pairs)], most, notes)


def _merge_neighbours(concepts: list[Concept], most: int, notes: list[str]) -> list[Concept]:
    """The last way: the concepts with the least text go into one of the same section, the one with most
    words of the name in common, else the one before them; where a section holds no other, into the one
    before them in the document."""
    order = sorted(range(len(concepts)), key=lambda i: (_words(concepts[i]), concepts[i].title))
    gone = set(order[: len(concepts) - most])
    kept = [i for i in range(len(concepts)) if i not in gone]
    sections: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i in kept:
        sections[concepts[i].path].append(i)
    near = {path: _Neighbours(concepts, inside) for path, inside in sections.items()}
    anywhere = _Neighbours(concepts, kept)
    pairs = [(near.get(concepts[b].path, anywhere).closest(concepts[b], b), b) for b in sorted(gone)]
    return _joined(concepts, pairs, most, notes)


class _Neighbours:
    """Finds among concepts, given by their positions in ascending order, the one for another to go into. Only
    those that share a word with it are looked at.
    """

    def __init__(self, concepts: Sequence[Concept], positions: Sequence[int]) -> None:
        self._positions = positions
        self._holding: dict[str, list[int]] = defaultdict(list)
        for rank, i in enumerate(positions):
            for stem in content_tokens(concepts[i].title):
                self._holding[stem].append(rank)

    def closest(self, concept: Concept, b: int) -> int:
        """Of the `_NEAR` on either side of position `b` that with most words in common, else one before it,
        else the nearest.
        """
        at = bisect(self._positions, b)
        near: list[int] = []
        for stem in content_tokens(concept.title):
            ranks = self._holding.get(stem)
            if ranks:
                near += ranks[bisect_left(ranks, at - _NEAR) : bisect_left(ranks, at + _NEAR)]
        shared = Counter(near) if near else None
        if not shared:
            return self._positions[max(0, at - 1)]
        best = max(
            shared,
            key=lambda rank: (shared[rank], self._positions[rank] < b, -abs(self._positions[rank] - b)),
        )
        return self._positions[best]


def _joined(
    concepts: list[Concept], pairs: Sequence[tuple[int, int]], most: int, notes: list[str]
) -> list[Concept]:
    """The second of each pair goes into the first, in this order, until no more than `most` are left."""
    members: dict[int, list[int]] = {}  # what went into each, itself first
    gone: set[int] = set()
    for a, b in pairs:
        if len(concepts) - len(gone) <= most:
            break
        if a not in gone and b not in gone:
            gone.add(b)
            members.setdefault(a, [a]).extend(members.pop(b, [b]))
    changes = []
    for a, inside in sorted(members.items()):
        into = concepts[a]
        changes.append(
            ([concepts[i] for i in inside], _union([concepts[i] for i in inside], into.title, into.path))
        )
        notes.append(f"merged into “{into.title}”: {', '.join(concepts[i].title for i in inside[1:])}")
    return _replaced(concepts, changes)


def _union(members: Sequence[Concept], title: str, path: tuple[str, ...]) -> Concept:
    first = members[0]
    same = [m for m in members if m.document is first.document]
    blocks = sorted({b for m in same for b in [*m.blocks, *([m.anchor] if m.gloss else [])]})
    names = list(dict.fromkeys([*aliases(title), *(n for m in members for n in (m.names or [m.title]))]))
    needs = tuple(n for m in same for n in m.needs)
    times = [m.minutes for m in members if m.minutes is not None]
    time = sum(times) if times else None
    listed = [t for m in members for t in (m.merged or [m.title])]
    return Concept(
        title,
        first.document,
        first.anchor,
        blocks,
        path,
        first.gloss,
        names,
        number=first.number,
        ordered=first.ordered,
        merged=listed,
        needs=needs,
        minutes=time,
    )


def _replaced(concepts: list[Concept], changes: Sequence[tuple[Sequence[Concept], Concept]]) -> list[Concept]:
    """`concepts` with each set of members replaced by one concept, in the place of the first of them."""
    instead = {id(member): by for members, by in changes for member in members}
    done: set[int] = set()
    out: list[Concept] = []
    for concept in concepts:
        by = instead.get(id(concept), concept)
        if id(by) not in done:
            done.add(id(by))
            out.append(by)
    return out


def _split(concepts: list[Concept], least: int, most: int, notes: list[str]) -> list[Concept]:
    """Concepts with sub-sections of their own are split into these, those with the most text first."""
    out = list(concepts)
    taken = {same_key(c.title) for c in out}
    for concept in sorted((c for c in concepts if len(c.parts) > 1), key=lambda c: (-_words(c), c.title)):
        parts = [(t, b) for t, b in concept.parts if b and same_key(t) not in taken and not is_sentence(t)]
        if len(out) >= least or len(parts) < 2 or (most and len(out) + len(parts) > most):
            continue
        inside = {b for _, blocks in parts for b in blocks}
        own = [b for b in concept.blocks if b not in inside]
        pieces = [
            Concept(t, concept.document, min(b), b, (*concept.path, concept.title), names=aliases(t))
            for t, b in parts
        ]
        for piece in pieces:
            piece.anchor = max(
                (i for i in range(piece.blocks[0]) if concept.document.blocks[i].kind == "heading"),
                default=piece.anchor,
            )
            taken.add(same_key(piece.title))
        if own:
            pieces.insert(0, replace(concept, blocks=own, parts=[]))
        out = _replaced(out, [([concept], pieces[0])])
        at = out.index(pieces[0])
        out[at + 1 : at + 1] = pieces[1:]
        notes.append(f"split “{concept.title}” into: {', '.join(p.title for p in pieces)}")
    return out
