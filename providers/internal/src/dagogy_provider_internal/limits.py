"""Fits the number of concepts to the limits of the spec by the document's own structure: merged upward when too many, split when too few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from dagogy_provider_internal.concepts import Concept
from dagogy_provider_internal.naming import aliases, content_tokens, is_sentence, same_key


def fit(concepts: list[Concept], least: int, most: int) -> tuple[list[Concept], list[str]]:
    """The concepts within `least` and `most` (0: no limit) as far as the document allows, and what was done."""
    notes: list[str] = []
    if most and len(concepts) > most:
        concepts = _merge_groups(concepts, most, notes)
        concepts = _merge_alike(concepts, most, notes)
        if len(concepts) > most:
            concepts = _merge_neighbours(concepts, most, notes)
    if least and len(concepts) < least:
        concepts = _split(concepts, least, most, notes)
        if len(concepts) < least:
            notes.append(f"the source names {len(concepts)} concepts, {least} are asked for; it has no further sub-sections to split by")
    return concepts, notes


def _words(concept: Concept) -> int:
    return sum(len(concept.document.blocks[b].text.split()) for b in concept.blocks) + 1


def _merge_groups(concepts: list[Concept], most: int, notes: list[str]) -> list[Concept]:
    """Whole groups become one concept named by their heading: the deepest first, then those with the least text, none larger than needed if possible."""
    while len(concepts) > most:
        groups: dict[tuple[str, ...], list[Concept]] = defaultdict(list)
        for concept in concepts:
            if len(concept.path) > 1 and concept.anchor >= 0:
                groups[concept.path].append(concept)
        need = len(concepts) - most
        taken = {same_key(c.title) for c in concepts if c.anchor >= 0}
        # An item of the spec that names a group, and that the document does not describe, is what the group becomes.
        named = {same_key(c.title): c for c in concepts if c.anchor < 0}
        options = []
        for path, members in groups.items():
            key = same_key(path[-1])
            if len(members) > 1 and key not in taken and not is_sentence(path[-1]):
                options.append((path, [*members, *([named[key]] if key in named else [])]))
        if not options:
            return concepts
        path, members = min(options, key=lambda o: (len(o[1]) - 1 > need, same_key(o[0][-1]) not in named, -len(o[0]), sum(map(_words, o[1])), o[0]))
        if len(members) - 1 > 2 * need:
            return concepts
        concepts = _replaced(concepts, members, _union(members, path[-1], path[:-1]))
        notes.append(f"merged into “{path[-1]}”: {', '.join(m.title for m in members if m.anchor >= 0)}")
    return concepts


def _merge_alike(concepts: list[Concept], most: int, notes: list[str]) -> list[Concept]:
    """A concept whose name contains another's goes into that one: the one with the least text first."""
    while len(concepts) > most:
        telling = [frozenset(content_tokens(c.title)) for c in concepts]
        pairs = [(a, b) for a in range(len(concepts)) for b in range(len(concepts)) if a != b and telling[a] < telling[b]] if len(concepts) < 400 else []
        if not pairs:
            return concepts
        a, b = min(pairs, key=lambda p: (len(telling[p[1]]) - len(telling[p[0]]), _words(concepts[p[1]]), concepts[p[1]].title))
        into, gone = concepts[a], concepts[b]
        notes.append(f"merged into “{into.title}”: {gone.title}")
        concepts = _replaced(concepts, [into, gone], _union([into, gone], into.title, into.path))
    return concepts


def _merge_neighbours(concepts: list[Concept], most: int, notes: list[str]) -> list[Concept]:
    """The last way: the concepts with the least text go into the one before them in the document."""
    order = sorted(range(1, len(concepts)), key=lambda i: (_words(concepts[i]), concepts[i].title))
    gone = set(order[: len(concepts) - most])
    out: list[list[Concept]] = []
    for i, concept in enumerate(concepts):
        if i in gone and out:
            out[-1].append(concept)
        else:
            out.append([concept])
    merged: list[Concept] = []
    for members in out:
        merged.append(members[0] if len(members) == 1 else _union(members, members[0].title, members[0].path))
        if len(members) > 1:
            notes.append(f"merged into “{members[0].title}”: {', '.join(m.title for m in members[1:])}")
    return merged


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
        title, first.document, first.anchor, blocks, path, first.gloss, names, number=first.number, ordered=first.ordered, merged=listed, needs=needs,
        minutes=time,
    )  # fmt: skip


def _replaced(concepts: list[Concept], members: Sequence[Concept], by: Concept) -> list[Concept]:
    gone = {id(m) for m in members}
    at = next(i for i, c in enumerate(concepts) if id(c) in gone)
    return [by if i == at else c for i, c in enumerate(concepts) if i == at or id(c) not in gone]


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
        pieces = [Concept(t, concept.document, min(b), b, (*concept.path, concept.title), names=aliases(t)) for t, b in parts]
        for piece in pieces:
            piece.anchor = max((i for i in range(piece.blocks[0]) if concept.document.blocks[i].kind == "heading"), default=piece.anchor)
            taken.add(same_key(piece.title))
        if own:
            concept.blocks, concept.parts = own, []
            pieces.insert(0, concept)
        out = _replaced(out, [concept], pieces[0])
        at = out.index(pieces[0])
        out[at + 1 : at + 1] = pieces[1:]
        notes.append(f"split “{concept.title}” into: {', '.join(p.title for p in pieces)}")
    return out
