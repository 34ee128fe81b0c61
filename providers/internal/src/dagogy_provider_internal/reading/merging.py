"""Concepts that are found twice, as one."""

from __future__ import annotations

from collections import defaultdict

from dagogy.api.scope import LeftOut

from dagogy_provider_internal.language.keys import same_key
from dagogy_provider_internal.language.naming import aliases, same_names
from dagogy_provider_internal.reading.concept import Concept, Found, length


def merged_concepts(found: Found) -> Found:
    """Concepts with the same name, an inflection of it, or an alias in common become
    one, which has all their text.

    Which of the titles stays does not depend on the order of the document: the one that tells most names,
    then the one with most text.
    """
    first_with: dict[tuple[str, ...], int] = {}
    parent = list(range(len(found.concepts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i, concept in enumerate(found.concepts):
        concept.names = aliases(concept.title)
        for key in (same_key(n) for n in same_names(concept.title)):
            first = first_with.setdefault(key, i)
            if first != i:
                one, other = sorted((root(first), root(i)))
                parent[other] = one
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(len(found.concepts)):
        members[root(i)].append(i)
    kept: list[tuple[int, Concept]] = []
    for positions in members.values():
        if len(positions) == 1:
            kept.append((positions[0], found.concepts[positions[0]]))
            continue
        alike = sorted((found.concepts[i] for i in sorted(positions)), key=_fullness)
        # What a sentence lists in passing, an aim say, has its name and its place where it stands by itself.
        alike.sort(key=_is_in_passing)
        for again in alike[1:]:
            _absorb(alike[0], again)
            found.skip(again.title, f"is “{alike[0].title}” again", LeftOut.MERGED, again.anchor)
        own = [i for i in positions if not _is_in_passing(found.concepts[i])]
        kept.append((min(own or positions), alike[0]))
    found.concepts = [concept for _, concept in sorted(kept, key=lambda k: k[0])]
    return found


def _is_in_passing(concept: Concept) -> bool:
    block = concept.document.blocks[concept.anchor]
    return block.kind == "paragraph" and len(block.text) > 2 * len(concept.title)


def _fullness(concept: Concept) -> tuple[int, int, int, str]:
    words = sum(length(concept.document.blocks[b].text) for b in concept.blocks)
    return -len(same_names(concept.title)), -words, len(concept.title), concept.title


def _absorb(concept: Concept, other: Concept) -> None:
    if other.document is concept.document:
        concept.blocks = sorted({*concept.blocks, *other.blocks})
    concept.names.extend(n for n in other.names if n not in concept.names)
    concept.gloss = concept.gloss or other.gloss
    concept.needs = (*concept.needs, *other.needs)
    concept.minutes = other.minutes if concept.minutes is None else concept.minutes
