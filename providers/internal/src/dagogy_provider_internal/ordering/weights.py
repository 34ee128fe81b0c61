"""What each kind of evidence is worth: the one table of figures that the order rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """What each kind of evidence is worth. The pair weights are on one scale: what counts of a pair is the
    sum for one direction less that for the other. The prior weights place a concept before any pair is looked
    at, in steps of rank."""

    #: Times log(1 + times named) times how telling the name is; `defining` is added to the times named when
    #: that happens where B is defined.
    mention: float = 1.0
    defining: float = 2.0
    #: Times the share of A's telling words that B's text has.
    terms: float = 0.2
    name: float = 1.5
    number: float = 3.0
    declared: float = 6.0
    cued: float = 2.5
    order: float = 0.6
    #: Times how sure the vocabulary is that B needs A.
    knowledge: float = 0.5
    #: Least evidence for an edge.
    keep: float = 0.35
    #: Related vocabulary (cosine of tf-idf) fills up to `extra` prerequisites where there is no better
    #: evidence: the first from a cosine of `related_least`, a second from `related_more`.
    extra: int = 2
    related_least: float = 0.1
    related_more: float = 0.2
    #: Of concepts with like evidence the higher one is the closer step; its rank counts little beside direct
    #: evidence and much beside vocabulary.
    near: float = 0.05
    near_related: float = 1.0
    #: Net evidence from which a pair keeps its order whatever the ranks say.
    strong: float = 0.9
    #: Weight of an edge from a concept whose name says that it opens the subject.
    foundation: float = 0.3
    #: A concept with fewer than `level_edges` prerequisites is tied to that of its relatives, `level_gap`
    #: levels or more below, with most in common;
    #: `level_near`: what being one level nearer is worth beside a cosine of 1.
    level_edges: int = 1
    level_gap: float = 1.0
    level_near: float = 0.05
    level_edge: float = 0.2
    #: Prior ranks: title cues, how widely a name's words are used, used-by against
    #: uses, and the lexicon's level.
    cue: float = 1.5
    spread: float = 0.4
    flow: float = 0.8
    level: float = 1.5
    #: What the level of its text adds to that of a concept's name, for each level
    #: above or below the other texts.
    level_text: float = 0.5


DEFAULT = Weights()
#: The fields of `Weights` that carry each signal: with these at 0 the signal is off.
SIGNALS: Mapping[str, tuple[str, ...]] = {
    "mention": ("mention",),
    "defining": ("defining",),
    "terms": ("terms",),
    "name": ("name",),
    "number": ("number",),
    "declared": ("declared", "cued"),
    "order": ("order",),
    "knowledge": ("knowledge",),
    "related": ("extra",),
    "foundation": ("foundation",),
    "title cues": ("cue",),
    "spread": ("spread",),
    "flow": ("flow",),
    "level": ("level", "level_edges"),
    "level of the text": ("level_text",),
}
