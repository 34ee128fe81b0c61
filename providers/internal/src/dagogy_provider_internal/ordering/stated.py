"""The order that a document states, or is written in: numbers, groups, its own words on its order, and the
cues of titles that place a concept before any pair is looked at.
"""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Sequence

from dagogy.api.text import Words

from dagogy_provider_internal.language.lexicon import EARLY, LATE
from dagogy_provider_internal.language.numbering import group_number
from dagogy_provider_internal.ordering.evidence import Evidence
from dagogy_provider_internal.ordering.levels import levels
from dagogy_provider_internal.ordering.texts import anchor_lines, passage_tokens
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.passages import Passage

#: How much of the directed evidence has to agree with the order of a document that says nothing of it, beyond
#: what chance would (of -1 to 1), and how much evidence it takes to contradict it.
_AGREES, _CONTRADICTS = 0.15, 4.0
_NUMBERED_SHARE = 0.6  # of the concepts that have a number, for the numbers to state an order
_OPENING = 6  # passages of a concept that introduce it
_ORDERED_TEXT = re.compile(
    r"\b(?:in (?:this|the following|teaching|study) order|in order of (?:difficulty|study)"
    r"|one after (?:the other|another)|step by step|in sequence)\b",
    re.IGNORECASE,
)
_UNORDERED_TEXT = re.compile(
    r"\b(?:no (?:particular|special|specific) order|not (?:in )?(?:any |teaching )?order"
    r"|without (?:an? |any )?(?:particular )?order|unordered|not ordered|"
    r"shuffled|in any order|alphabetical(?:ly)?|keine(?:r bestimmten)? reihenfolge"
    r"|sans ordre|sin (?:un )?orden|sem ordem|senza ordine|顺序不限|順不同)\b",
    re.IGNORECASE,
)


def path_said(path: Sequence[str]) -> str:
    """A path of terms, from what is needed to what needs it, in words."""
    links = [f"“{after}” needs “{before}”" for before, after in itertools.pairwise(path)]
    return ", ".join(reversed(links))


def stated_order(evidence: Evidence, concepts: Sequence[Concept]) -> None:
    """The order that a document states, by saying so, by numbers of its headings or items, or by numbered
    groups ("Week 3"); it is believed.

    Each concept is tied to that of the place before it with which it has most in common.
    """
    places = _stated_places(concepts, _own_order(evidence, concepts))
    if not places:
        evidence.stated, evidence.unsaid = _own_order(evidence, concepts), True
        return
    at_place: dict[int, list[int]] = defaultdict(list)
    for i, place in enumerate(places):
        if place is not None:
            at_place[place].append(i)
    last = max(at_place, default=0)
    # What the order passes over is met where it is first made use of.
    for i, place in enumerate(places):
        users = (
            (places[b] for b, dependencies in enumerate(evidence.dependencies) if i in dependencies)
            if place is None
            else ()
        )
        evidence.stated.append(
            min((p for p in users if p is not None), default=last) if place is None else place
        )
    for b, place in enumerate(places):
        before = at_place.get(place - 1, []) if place is not None else []
        if before:
            near = evidence.related[b]
            a = max(before, key=lambda i: (near[i].total if i in near else 0.0, i))
            evidence.support(b, a).add(
                evidence.weights.order, "order", anchor_lines(concepts[b]), concepts[b].title
            )


def _opening(concepts: Sequence[Concept]) -> str | None:
    """What the document says before its first concept; None where the concepts
    are not those of one document.
    """
    if len(concepts) < 3 or any(c.document is not concepts[0].document or c.anchor < 0 for c in concepts):
        return None
    return " ".join(
        b.text
        for b in concepts[0].document.blocks[: min(c.anchor for c in concepts)]
        if b.kind == "paragraph"
    )


def place_in_text(concept: Concept) -> tuple[int, int]:
    """The block that names the concept, and where in it."""
    return concept.anchor, concept.document.blocks[concept.anchor].text.find(concept.title)


def _own_order(evidence: Evidence, concepts: Sequence[Concept]) -> list[int]:
    """The place of each concept in its document; empty where the document calls itself unordered, or where
    what is known of the pairs contradicts it.
    """
    opening = _opening(concepts)
    if opening is None or _UNORDERED_TEXT.search(opening):
        return []
    places = sorted(range(len(concepts)), key=lambda i: place_in_text(concepts[i]))
    rank = {i: k for k, i in enumerate(places)}
    agreeing = total = 0.0
    for b, dependencies in enumerate(evidence.dependencies):
        for a, support in dependencies.items():
            back = evidence.dependencies[a].get(b)
            net = min(support.total - (back.total if back else 0.0), evidence.weights.strong)
            if net >= evidence.weights.keep:
                total += net
                agreeing += net if rank[a] < rank[b] else -net
    if total >= _CONTRADICTS and agreeing < _AGREES * total:
        return []
    return [rank[i] for i in range(len(concepts))]


def _stated_places(concepts: Sequence[Concept], own: Sequence[int]) -> list[int | None]:
    """The place of each concept; None for one that the order does not speak of; empty where the
    document states none. `own`: the order of the document itself, within a numbered group;
    empty where it means nothing."""
    opening = _opening(concepts)
    if opening is None or _UNORDERED_TEXT.search(opening):
        return []
    enough = _NUMBERED_SHARE * len(concepts)
    if _ORDERED_TEXT.search(opening) or sum(bool(c.number or c.ordered) for c in concepts) >= enough:
        keys = _numbered(concepts) if sum(bool(c.number) for c in concepts) >= enough else []
        keys = keys or [((), c.anchor) for c in concepts]
    else:
        groups = [next((n for n in map(group_number, c.path) if n), ()) for c in concepts]
        if sum(map(bool, groups)) < enough or len(set(groups)) < 2:
            return []
        keys = [(n, own[i] if own else 0) for i, n in enumerate(groups)]
    rank = {key: k for k, key in enumerate(sorted({key for key in keys if key is not None}))}
    return [None if key is None else rank[key] for key in keys]


def _numbered(concepts: Sequence[Concept]) -> list[tuple[tuple[int, ...], int] | None]:
    """Places by the numbers of the concepts, wherever they stand; empty where the numbers are not of one
    count. What has no number follows the one before it where the document keeps to its numbers, else it
    comes last; what is of another kind than all that has (an item of a glossary behind numbered
    chapters) is not spoken of.

    Rows of one table that have the same number share a place; headings and items with the same one are
    counted anew in each part.
    """
    numbered = sorted((c for c in concepts if c.number), key=lambda c: c.anchor)
    places = {
        (
            c.number,
            (c.path, c.document.blocks[c.anchor].header) if c.document.blocks[c.anchor].cells else c.anchor,
        )
        for c in numbered
    }
    if not 1 < len({c.number for c in numbered}) == len(places):
        return []
    rising = all(a.number <= b.number for a, b in itertools.pairwise(numbered))
    at = [c.anchor for c in numbered]
    last = (max(c.number for c in numbered), at[-1] + 1)
    blocks = concepts[0].document.blocks
    kinds = {(blocks[a].kind, blocks[a].level) for a in at}
    keys: list[tuple[tuple[int, ...], int] | None] = []
    for concept in concepts:
        if not concept.number and (blocks[concept.anchor].kind, blocks[concept.anchor].level) not in kinds:
            keys.append(None)
            continue
        before = bisect(at, concept.anchor)
        follows = (numbered[before - 1].number if before else (), concept.anchor) if rising else last
        keys.append((concept.number, -1) if concept.number else follows)
    return keys


def prior_ranks(
    evidence: Evidence,
    concepts: Sequence[Concept],
    texts: Sequence[Sequence[Passage]],
    distinctive: Sequence[Sequence[str]],
    spread: Counter[str],
) -> list[float]:
    """What is known of a concept's place before any pair is looked at; the mean is 0."""
    used_by: Counter[int] = Counter(
        a for dependencies in evidence.dependencies for a, s in dependencies.items() if s.total > 0.3
    )
    prior: list[float] = []
    weights = evidence.weights
    openings = [[t for p in own[:_OPENING] if p.role != "code" for t in passage_tokens(p)] for own in texts]
    evidence.levels = (
        levels([c.title for c in concepts], openings, weights.level_text)
        if weights.level
        else [None] * len(concepts)
    )
    known = [v for v in evidence.levels if v is not None]
    middle = sum(known) / max(1, len(known))
    for i, (concept, level) in enumerate(zip(concepts, evidence.levels, strict=True)):
        title = set(Words.form(concept.title).split())
        wide = sum(math.log(max(1, spread[w])) for w in distinctive[i]) / max(1, len(distinctive[i]))
        uses = sum(s.total > 0.3 for s in evidence.dependencies[i].values())
        prior.append(
            weights.cue * (len(title & LATE) - len(title & EARLY))
            - weights.spread * wide
            + weights.flow * (math.log1p(uses) - math.log1p(used_by[i]))
            + weights.level * ((middle if level is None else level) - middle)
        )
    mean = sum(prior) / max(1, len(prior))
    return [p - mean for p in prior]
