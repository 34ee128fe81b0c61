"""Concepts out of what the model recognises in a document, beside those that its structure names.

Two readings are made of a document: `concepts` goes by its structure and reads what was written for a
curriculum without a loss; `recognition` goes by a model that was trained on documents as people have them.
The model tells what each of the two is worth.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set

from dagogy.api.scope import Block, ScopeDocument
from dagogy.api.wording import unlike

from dagogy_provider_internal.language.clauses import is_clause
from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.language.headings import heading_kind
from dagogy_provider_internal.language.naming import is_sentence
from dagogy_provider_internal.reading.concept import Concept, Found, is_bare
from dagogy_provider_internal.reading.passages import passages
from dagogy_provider_internal.reading.recognition.choice import Chosen, Recognition

#: How much better the model's own reading has to be by its own account: what the structure
#: says is believed when in doubt.
_BETTER = 1.25
#: The structural reading of a short text is given up only below the first of these expected F1, and where the
#: model's is above the second.
_WRONG, _SURELY_RIGHT = 0.2, 0.5
#: A reading of the model's own that it expects less F1 of is not worth a change.
_LEAST_WORTH = 0.25
#: Below this probability a document is no course.
NO_COURSE = 0.13
#: Of at least so many concepts, half of them at least so likely, the few are taken out that are so much less
#: likely than half of them.
_FEW, _SURE_OF_MOST, _UNLIKELY = 4, 0.4, 0.35
#: What is said of most concepts (this share of them) of a document that was written for a curriculum.
_WORKED_OUT, _MOST = frozenset(("pitfall", "practice", "requires")), 0.6
#: How many times as unlikely one has to be that the document treats.
_TREATED = 0.15
#: Log-odds of its wording from which on a title of even chances is taken out, and by how much they rise with
#: those of the model.
_WORDED, _SURELY = 1.0, 0.3
#: Where the choice of the model is worth more, fewer than this share of the names are left alone.
_SURE_OF_ALL, _A_FEW = 0.75, 0.12
_ELSE = frozenset(
    ("time", "holiday", "administration", "assessment", "exercise", "resource", "structure", "tool", "person")
)
#: What a title is worth that the model did not see as one.
_UNSEEN = 0.05
_YEARS = 100, 1990  # what a number between them is the year of is history
_TIME = categories().index("time")
_WORDS = re.compile(r"[^\W\d_]+|\d+")


def better(found: Found, recognition: Recognition, *, short: bool = False) -> bool:
    """Whether the model's reading is to be taken instead of `found`. `short`: the text has
    little for a model to go by.
    """
    if not recognition.chosen:
        return False
    if all(is_date(c.title) for c in found.concepts):
        return True
    if recognition.worth < _LEAST_WORTH:
        return False
    likely = sum(_chance(concept, recognition) for concept in found.concepts)
    worth = 2 * likely / (len(found.concepts) + recognition.missing)
    if short:
        return worth < _WRONG and recognition.worth > _SURELY_RIGHT
    return recognition.worth > _BETTER * worth and not (worth > _WRONG and _is_worked_out(found))


def _is_worked_out(found: Found) -> bool:
    """Whether the document says of most concepts what learners get wrong, practise or need before: then its
    structure was made for a curriculum.
    """
    said = sum(any(p.role in _WORKED_OUT for p in passages(c)) for c in found.concepts)
    return len(found.concepts) > 1 and said >= _MOST * len(found.concepts)


def _chance(concept: Concept, recognition: Recognition) -> float:
    """What a concept of the structure is worth: what its title is, or, where the structure words it in its
    own way ("P-value" for "What is a p-value?"), the likeliest title of the block that names it."""
    title = " ".join(concept.title.casefold().split())
    known = recognition.probabilities.get(title)
    if known is not None:
        return known
    reworded = concept.anchor >= 0 and not concept.document.blocks[concept.anchor].cells
    return recognition.blocks.get(concept.anchor, _UNSEEN) if reworded else _UNSEEN


def without_unlikely(found: Found, recognition: Recognition) -> None:
    """Takes out of what the structure names what the model is sure to be none: an examination or a holiday
    among the topics of a table.
    """
    chances = [recognition.probabilities.get(" ".join(c.title.casefold().split())) for c in found.concepts]
    known = sorted(p for p in chances if p is not None)
    if len(known) < _FEW or known[len(known) // 2] < _SURE_OF_MOST:
        return
    least = _UNLIKELY * known[len(known) // 2]
    unlikely = [
        c
        for c, p in zip(found.concepts, chances, strict=True)
        if p is not None and p < least * (1 if is_bare(c) else _TREATED) and _is_told_apart(c.title)
    ]
    if _FEW * len(unlikely) > len(found.concepts):
        return
    for concept in unlikely:
        found.concepts.remove(concept)
        found.skip(concept.title, "is unlikely to be a concept among the others", "", concept.anchor)


def without_dates(found: Found) -> None:
    """Takes dates and times out of the concepts; where there is nothing else, they stay until a better
    reading takes their place.
    """
    dates = [c for c in found.concepts if is_date(c.title)]
    if len(dates) == len(found.concepts):
        return
    for concept in dates:
        found.concepts.remove(concept)
        found.skip(concept.title, "is a date", "", concept.anchor)


def without_administration(found: Found, recognition: Recognition, *, below: float = 1.0) -> bool:
    """Takes out what is worded like administration, an assessment, a date, a person or a part of a document,
    the sooner the less likely the model finds it; what it finds likelier than `below` stays, and so does what
    an author says more of than a name, unless the model knows better. Whether that is all there is, which
    then stays.
    """
    if _is_worked_out(found):
        return False
    none = [c for c in found.concepts if _is_worded_like_none(c, recognition, below)]
    # Among many that are surely concepts a few odd names are the author's.
    if below < 1 and recognition.worth > _SURE_OF_ALL and len(none) < _A_FEW * len(found.concepts):
        return False
    if len(none) == len(found.concepts):
        return True
    for concept in none:
        found.concepts.remove(concept)
        found.skip(concept.title, "is worded like what is no concept", "", concept.anchor)
    return False


def _is_worded_like_none(concept: Concept, recognition: Recognition, below: float) -> bool:
    chance = recognition.probabilities.get(" ".join(concept.title.casefold().split()))
    odds = unlike(concept.title)
    if chance is None:
        return below >= 1 and is_bare(concept) and odds > _WORDED
    return chance < below and odds > _WORDED + _SURELY * _log_odds(chance)


def _log_odds(chance: float) -> float:
    chance = min(max(chance, 0.01), 0.99)
    return math.log(chance / (1 - chance))


def is_date(title: str) -> bool:
    """Whether a title is only a date or a time: a number, and no word but what tells time. A date of long ago
    names what happened then.
    """
    words = _WORDS.findall(title.casefold())
    if any(w.isdecimal() and _YEARS[0] < int(w) < _YEARS[1] for w in words):
        return False
    return (
        any(w.isdecimal() for w in words)
        and all(w.isdecimal() or shares(w)[_TIME] for w in words)
        and not all(w.isdecimal() for w in words)
    )


def _is_told_apart(title: str) -> bool:
    """Whether a word of the title says what else it is than a concept."""
    return any(
        share for share, category in zip(shares(title), categories(), strict=True) if category in _ELSE
    )


def as_found(document: ScopeDocument, recognition: Recognition) -> Found:
    """The recognised titles as concepts, each with the blocks that treat it, in document order."""
    blocks = document.blocks
    anchors = Counter(c.unit.at for c in recognition.chosen)
    found = Found()
    for chosen in recognition.chosen:
        if (
            heading_kind(chosen.text) in ("skip", "meta")
            or is_sentence(chosen.text)
            or is_date(chosen.text)
            or (chosen.way not in ("whole", "lead") and is_clause(chosen.text))
        ):
            found.skip(chosen.text, "is no name of a concept", "", chosen.unit.at)
            continue
        at = chosen.unit.at
        path = blocks[at].path[:-1] if chosen.unit.kind == "heading" else blocks[at].path
        own = treating(document, chosen, anchors)
        gloss = blocks[at].rest.lstrip(" :–—-") if chosen.way == "lead" and chosen.unit.kind == "item" else ""
        found.concepts.append(Concept(chosen.text, document, at, own, path, gloss, ordered=True))
    return found


def treating(document: ScopeDocument, chosen: Chosen, anchors: Mapping[int, int]) -> list[int]:
    """The blocks that say something of a title: those below it that name no other. `anchors`: how many titles
    each block names.
    """
    blocks, at, kind = document.blocks, chosen.unit.at, chosen.unit.kind
    if kind in ("cell", "field", "enumeration", "emphasis"):
        # What a row or a sentence says of several topics says nothing of any one of them.
        return [at] if anchors[at] == 1 else []
    if kind == "item":
        own = (
            [at]
            if chosen.way != "whole" or blocks[at].rest or len(blocks[at].text) > len(chosen.text) + 10
            else []
        )
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
