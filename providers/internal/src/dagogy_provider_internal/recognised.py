"""Concepts out of what the model recognises in a document, beside those that its structure names.

Two readings are made of a document: `concepts` goes by its structure and reads what was written for a curriculum without a loss; `recognition`
goes by a model that was trained on documents as people have them. The model tells what each of the two is worth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set

from dagogy.api.scope import Block, ScopeDocument

from dagogy_provider_internal.concept import Concept, Found
from dagogy_provider_internal.headings import heading_kind
from dagogy_provider_internal.naming import is_sentence
from dagogy_provider_internal.recognition.choice import Chosen, Recognition
from dagogy_provider_internal.recognition.cues import categories, shares

#: How much better the model's own reading has to be by its own account: what the structure says is believed when in doubt.
_BETTER = 1.2
#: A reading of the model's own that it expects less F1 of is not worth a change.
_LEAST_WORTH = 0.25
#: Below this probability a document is no course.
NO_COURSE = 0.1
#: Of at least so many concepts, half of them at least so likely, the few are taken out that are so much less likely than half of them.
_FEW, _SURE_OF_MOST, _UNLIKELY = 4, 0.4, 0.35
_ELSE = frozenset(("time", "holiday", "administration", "assessment", "exercise", "resource", "structure", "tool", "person"))
#: What a title is worth that the model did not see as one.
_UNSEEN = 0.05


def better(found: Found, recognition: Recognition) -> bool:
    """Whether the model's reading is to be taken instead of `found`."""
    if not recognition.chosen or recognition.worth < _LEAST_WORTH:
        return False
    if not found.concepts:
        return True
    titles = {" ".join(c.title.casefold().split()) for c in found.concepts}
    worth = sum(recognition.probabilities.get(t, _UNSEEN) for t in titles)
    return recognition.worth > _BETTER * 2 * worth / (len(titles) + recognition.missing)


def without_unlikely(found: Found, recognition: Recognition) -> None:
    """Takes out of what the structure names what the model is sure to be none: an examination or a holiday among the topics of a table."""
    chances = [recognition.probabilities.get(" ".join(c.title.casefold().split())) for c in found.concepts]
    known = sorted(p for p in chances if p is not None)
    if len(known) < _FEW or known[len(known) // 2] < _SURE_OF_MOST:
        return
    least = _UNLIKELY * known[len(known) // 2]
    unlikely = [c for c, p in zip(found.concepts, chances, strict=True) if p is not None and p < least and _is_told_apart(c.title)]
    if _FEW * len(unlikely) > len(found.concepts):
        return
    for concept in unlikely:
        found.concepts.remove(concept)
        found.skip(concept.title, "is unlikely to be a concept among the others", "", concept.anchor)


def _is_told_apart(title: str) -> bool:
    """Whether a word of the title says what else it is than a concept."""
    return any(share for share, category in zip(shares(title), categories(), strict=True) if category in _ELSE)


def as_found(document: ScopeDocument, recognition: Recognition) -> Found:
    """The recognised titles as concepts, each with the blocks that treat it, in document order."""
    blocks = document.blocks
    anchors = Counter(c.unit.at for c in recognition.chosen)
    found = Found()
    for chosen in recognition.chosen:
        if heading_kind(chosen.text) in ("skip", "meta") or is_sentence(chosen.text):
            found.skip(chosen.text, "is no name of a concept", "", chosen.unit.at)
            continue
        at = chosen.unit.at
        path = blocks[at].path[:-1] if chosen.unit.kind == "heading" else blocks[at].path
        own = treating(document, chosen, anchors)
        gloss = blocks[at].rest.lstrip(" :–—-") if chosen.way == "lead" and chosen.unit.kind == "item" else ""
        found.concepts.append(Concept(chosen.text, document, at, own, path, gloss, ordered=True))
    return found


def treating(document: ScopeDocument, chosen: Chosen, anchors: Mapping[int, int]) -> list[int]:
    """The blocks that say something of a title: those below it that name no other. `anchors`: how many titles each block names."""
    blocks, at, kind = document.blocks, chosen.unit.at, chosen.unit.kind
    if kind in ("cell", "enumeration", "emphasis"):
        # What a row or a sentence says of several topics says nothing of any one of them.
        return [at] if anchors[at] == 1 else []
    if kind == "item":
        own = [at] if chosen.way != "whole" or blocks[at].rest or len(blocks[at].text) > len(chosen.text) + 10 else []
        return own + _below(document, at, anchors)
    own = [at] if kind == "lead" else []
    for i in range(at + 1, len(blocks)):
        block = blocks[i]
        if block.kind == "heading" and (kind != "heading" or block.level <= blocks[at].level):
            break
        if i in anchors:
            if kind == "heading" and block.kind == "heading":
                break
            if kind != "heading":
                break
            continue
        if block.kind != "heading" and not _inside(blocks, i, anchors.keys()):
            own.append(i)
    return own


def _below(document: ScopeDocument, at: int, anchors: Mapping[int, int]) -> list[int]:
    own = []
    for i in range(at + 1, len(document.blocks)):
        if not _inside(document.blocks, i, {at}):
            break
        if i not in anchors and not _inside(document.blocks, i, anchors.keys() - {at}):
            own.append(i)
    return own


def _inside(blocks: Sequence[Block], i: int, items: Set[int]) -> bool:
    """Whether a block is part of one of these list items."""
    parent = blocks[i].parent
    while parent >= 0:
        if parent in items:
            return True
        parent = blocks[parent].parent
    return False
