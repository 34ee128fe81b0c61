"""Which concept comes before which, with the evidence.

Evidence is collected for ordered pairs, "B depends on A", from what the source itself says:

- `declared`: a column or label of B ("Builds on", "Requires") names A, or a sentence of B does so after a cue
  phrase ("requires", "once you know"). Such a statement is believed.
- `mention`: B's text uses A's name. That B is explained with A's help and not the other way round is the
  oldest and most robust signal for prerequisites without labels (Liang et al. 2015, "Measuring prerequisite
  relations among concepts", there between Wikipedia pages); what counts is therefore the difference of the
  two directions. A mention in the sentence that defines B counts more, and a name that many concepts mention
  less (inverse document frequency).
- `terms`: B's text uses some of the words of A's name, weighted by how telling they are.
- `name`: A's name is part of B's ("Overlay network" after "Network", `HTTPS` after `HTTP`).
- `number`: equal names with rising numbers ("Sequences 1", "Sequences 2").
- `related`: much vocabulary in common. It has no direction, so it decides only which lower
  concept a concept is tied to.
- `level`: the graded vocabulary (`levels`) puts the terms of A's name and text clearly before those of B's.
  It says what is early and what is late in a field, not what needs what, so it moves the ranks, and ties only
  a concept that nothing else ties, to one with words in common.
- `knowledge`: the vocabulary (`knowledge`) says that a term of B's name needs one of A's, directly or through
  terms that the document leaves out. No line of the source says so, which is why it weighs little more than
  an edge takes: what the source says of the pair turns it round.
- `foundation`: A's very name says that it opens the subject ("Basics"). It takes what
  nothing else gives a place.
- `order`: neighbours in a document that says that it is in teaching order, or numbers its parts or groups.
  Such an order is believed: of all other evidence only what is declared turns a pair of it round. A document
  that says nothing of its order is in the order of its author: that is kept as well, without an edge for it,
  unless the document calls itself unordered or the other evidence contradicts it as often as it agrees.

`arrange` turns the differences into one rank per concept (least squares), which settles cycles in
favour of the weightier evidence, and keeps for each concept its best-supported lower ones.
Without evidence there is no edge.
"""

from __future__ import annotations

import heapq
import itertools
import math
import re
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Literal, NamedTuple

from dagogy.api.text import Words

from dagogy_provider_internal.language.headings import group_number
from dagogy_provider_internal.language.lexicon import EARLY, LATE, NUMBER_WORDS
from dagogy_provider_internal.language.marks import alternatives, hard_part
from dagogy_provider_internal.language.naming import (
    aliases,
    content_tokens,
    phrase,
    phrases,
    singular,
    tokens,
    word_forms,
)
from dagogy_provider_internal.ordering.knowledge import needs
from dagogy_provider_internal.ordering.levels import fields, levels
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.passages import Passage

# ---------------------------------------------------------------------------------------------------- weights


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

_PRIOR = 1.0
_ROUNDS = 60
#: A word in more than this share of all texts says nothing about any pair; only applied to
#: documents with many concepts.
_COMMON = 0.25
#: A word that more concepts use is not looked at for related vocabulary; and how many
#: relatives of a concept are kept.
_RELATED_HOLDERS, _RELATED_BEST = 40, 12
_RELATED_WORDS = 60  # the weightiest words of a concept that are compared
#: How much of the directed evidence has to agree with the order of a document that says nothing of it, beyond
#: what chance would (of -1 to 1), and how much evidence it takes to contradict it.
_AGREES, _CONTRADICTS = 0.15, 4.0
#: How many times as strong evidence has to be to turn a pair of it round.
_AGAINST_AUTHOR = 2.0
_NUMBERED_SHARE = 0.6  # of the concepts that have a number, for the numbers to state an order
_LEVEL_TOLD = 0.5  # difference of levels from which an edge tells of it
_OPENING = 6  # passages of a concept that introduce it
_COMMON_SHOWN = 4  # words in common that are named
_SEARCHED = 40  # passages looked through for a sentence to show
#: How much of a mention counts by the role of the sentence: exercises and warnings look ahead more
#: often than explanations do.
IN_ROLE = {"practice": 0.5, "pitfall": 0.7, "example": 0.7, "question": 0.7}

_CUES = re.compile(
    r"\b(?:builds? (?:up)?on|requires?|requiring|presupposes?|depends? on"
    r"|relies on|relying on|prerequisites?|once you (?:know|have)|"
    r"now that you know|assum(?:es|ing)|needs?|you need|"
    r"uses what you know of|comes after|follows|extends|attaches to"
    r"|generali[sz](?:es|ation of)|special case of|based on|in terms of|"
    r"defined (?:by|using|from|through)|constructed from|"
    r"familiar(?:ity)? with|knowledge of|understanding of|recall|backed by|after|"
    # Other languages, where what is needed follows the cue.
    r"setzt|voraussetzung(?:en)?|baut auf|benötigt|beruht auf|nécessite|requiert"
    r"|présuppose|repose sur|s['’]appuie sur|requiere|presupone|se basa en|necesita|"
    r"richiede|si basa su|requer|baseia-se em|vereist|bouwt voort op"
    r"|требует|опирается на|основан[аоы]? на|kräver|bygger på)\b|"
    r"需要先|需先|先修|先要|前提是|基于|建立在|要求掌握|を前提|に基づ|يتطلب|يعتمد على|דורש|מבוסס על",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"\b(?:is (?:needed|required|used) (?:for|by|in)|prepares? (?:for|you for)"
    r"|(?:is|are) the (?:basis|foundation) (?:of|for)|leads? to|"
    r"paves the way (?:to|for))\b",
    re.IGNORECASE,
)
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
_PIECES = 4  # of evidence that are kept for a pair
_DROPPED = 8  # pairs without an edge that are remembered for a concept, those with most evidence
_CUE_REACH = 14  # words after a cue within which a name is what the cue speaks of


class Piece(NamedTuple):
    """One piece of evidence: what it is worth, its kind, and where the source says it. `note`: what speaks
    for the pair where no sentence does.
    """

    value: float
    kind: str
    lines: tuple[int, int] = (1, 1)
    quote: str = ""
    note: str = ""


@dataclass(slots=True)
class Support:
    """The evidence that one concept depends on another: its sum, and its
    strongest pieces, strongest first.
    """

    total: float = 0.0
    pieces: list[Piece] = field(default_factory=list)

    def add(
        self, value: float, kind: str, lines: tuple[int, int] = (1, 1), quote: str = "", note: str = ""
    ) -> None:
        if not value:
            return
        self.total += value
        piece = Piece(value, kind, lines, quote, note)
        # The same words twice are one piece of evidence to show, and of equals the first stays the first.
        if all((p.kind, p.quote) != (kind, quote) for p in self.pieces):
            self.pieces = (
                sorted([*self.pieces, piece], key=lambda p: -p.value)[:_PIECES] if self.pieces else [piece]
            )

    @property
    def kind(self) -> str:
        return self.pieces[0].kind if self.pieces else ""


@dataclass(frozen=True, slots=True)
class Edge:
    """Concept `before` (a position) comes before concept `after`; `weight` in (0, 1], `pieces` with the
    strongest first, each with its quote.
    """

    before: int
    after: int
    weight: float
    pieces: tuple[Piece, ...]


#: Why a pair with evidence is no edge.
Reason = Literal["weak", "opposed", "cycle", "rank", "complete", "limit", "implied"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A pair with evidence that is no edge. `weak`: less evidence than an edge takes. `opposed`: there is
    more for the other direction. `cycle`: with stronger pairs it makes a cycle. `rank`: all evidence
    together puts `before` above `after`. `complete`: the source lists the prerequisites of `after` in full,
    without `before`. `limit`: others are better supported, and no more are allowed. `implied`: a path of
    other edges says the same.
    """

    edge: Edge
    reason: Reason


@dataclass(slots=True)
class Evidence:
    """All that was collected. `dependencies[b][a]`: B depends on A. `closed`: concepts whose prerequisites
    the source lists in full.
    """

    dependencies: list[dict[int, Support]]
    weights: Weights = DEFAULT
    closed: set[int] = field(default_factory=set)
    #: Pairs (B, A) of which A is one of several that are enough for B, or is learned beside it.
    beside: set[tuple[int, int]] = field(default_factory=set)
    prior: list[float] = field(default_factory=list)
    levels: list[float | None] = field(default_factory=list)
    #: For each concept its place in the order that the document states; empty when it states none. Concepts
    #: of one numbered group share a place.
    stated: list[int] = field(default_factory=list)
    #: Whether `stated` is only the order in which the document happens to say things.
    unsaid: bool = False
    related: list[dict[int, Support]] = field(default_factory=list)
    foundations: list[int] = field(default_factory=list)
    texts: Sequence[Sequence[Passage]] = ()
    named_at: list[tuple[tuple[int, int], str]] = field(default_factory=list)

    def support(self, after: int, before: int) -> Support:
        return self.dependencies[after].setdefault(before, Support())


def collect(
    concepts: Sequence[Concept],
    texts: Sequence[Sequence[Passage]],
    topic: str = "",
    weights: Weights = DEFAULT,
) -> Evidence:
    """The evidence for all pairs. The work grows with the length of the text and the number of names it
    mentions, not with the pairs.
    """
    evidence = Evidence([{} for _ in concepts], weights, related=[{} for _ in concepts])
    distinctive = [content_tokens(c.title) for c in concepts]
    bags = [_bag(t) for t in texts]
    spread = Counter(w for bag, title in zip(bags, distinctive, strict=True) for w in {*bag, *title})
    idf = {w: math.log((len(concepts) + 1) / (df + 0.5)) for w, df in spread.items()}
    index = _NameIndex(concepts)
    _declared(evidence, texts, index)
    _beside(evidence, texts, index)
    _mentions(evidence, texts, distinctive, idf, index)
    _terms(evidence, concepts, texts, bags, distinctive, idf)
    _names(evidence, concepts, distinctive)
    _related(evidence, concepts, texts, bags, distinctive, idf)
    _known(evidence, concepts)
    evidence.foundations = _foundations(concepts, topic)
    evidence.texts = texts
    evidence.named_at = [(_anchor_lines(c), c.title) for c in concepts]
    _stated_order(evidence, concepts)
    _free_choices(evidence, concepts)
    evidence.prior = _priors(evidence, concepts, texts, distinctive, spread)
    return evidence


def _beside(evidence: Evidence, texts: Sequence[Sequence[Passage]], index: _NameIndex) -> None:
    """Notes what a concept is said to need one of, or to be learned beside."""
    for b, own in enumerate(texts):
        for passage in own:
            if passage.role != "code" and (passage.role == "requires" or _CUES.search(passage.text)):
                found = index.find(word_forms(alternatives(passage.text)))
                evidence.beside.update((b, a) for _, a in found if a != b)


def _free_choices(evidence: Evidence, concepts: Sequence[Concept]) -> None:
    """Takes out of the evidence what `_is_free` says."""
    for b, dependencies in enumerate(evidence.dependencies):
        for a in [a for a in dependencies if _is_free(evidence, concepts, b, a)]:
            del dependencies[a]
            evidence.related[b].pop(a, None)


def _is_free(evidence: Evidence, concepts: Sequence[Concept], b: int, a: int) -> bool:
    """Whether the author leaves it open if `a` is learned before `b`: one of several alternatives, what is
    learned beside, and what may be left out, unless that is declared."""
    if (b, a) in evidence.beside:
        return True
    if not concepts[a].optional or b in evidence.closed:
        return False
    return not concepts[b].optional or concepts[b].choice == concepts[a].choice != ""


def passage_tokens(passage: Passage) -> tuple[str, ...]:
    """The stems of a passage, found once."""
    return _remembered(passage.text)


@lru_cache(maxsize=100_000)
def _remembered(text: str) -> tuple[str, ...]:
    return tuple(tokens(text))


def _bag(passages: Sequence[Passage]) -> Counter[str]:
    return Counter(t for p in passages if p.role != "code" for t in passage_tokens(p))


def _related(
    evidence: Evidence,
    concepts: Sequence[Concept],
    texts: Sequence[Sequence[Passage]],
    bags: Sequence[Counter[str]],
    distinctive: Sequence[Sequence[str]],
    idf: dict[str, float],
) -> None:
    """Concepts with much vocabulary in common (cosine of tf-idf vectors, words of the name counting three
    times) belong together; which of the two comes first is for the other evidence to say, so both directions
    get the same and it only decides where an edge goes."""
    vectors: list[dict[str, float]] = []
    for bag, title in zip(bags, distinctive, strict=True):
        counts = {w: math.log1p(c + (3 if w in title else 0)) for w, c in bag.items()} | {
            w: math.log1p(3) for w in title if w not in bag
        }
        vector = {w: v * idf[w] for w, v in counts.items() if idf.get(w, 0) > 0.3 and len(w) > 1}
        vector = dict(sorted(vector.items(), key=lambda e: (-e[1], e[0]))[:_RELATED_WORDS])
        norm = math.sqrt(sum(v * v for v in vector.values())) or 1.0
        vectors.append({w: v / norm for w, v in vector.items()})
    holders: dict[str, list[int]] = defaultdict(list)
    for i, vector in enumerate(vectors):
        for word in vector:
            holders[word].append(i)
    for i, vector in enumerate(vectors):
        near: dict[int, float] = defaultdict(float)
        for word, value in vector.items():
            if len(holders[word]) <= _RELATED_HOLDERS:
                for j in holders[word]:
                    near[j] += value * vectors[j][word]
        near.pop(i, None)
        for j, cosine in sorted(near.items(), key=lambda e: (-e[1], e[0]))[:_RELATED_BEST]:
            evidence.related[i][j] = Support(cosine, [Piece(cosine, "related")])


def _words_of(concept: Concept, texts: Sequence[Passage]) -> frozenset[str]:
    """The telling words of a concept's name and text."""
    return frozenset(content_tokens(concept.title)) | {
        t
        for p in texts[:_SEARCHED]
        if p.role != "code"
        for t in passage_tokens(p)
        if t not in Words.STOP and len(t) > 2
    }


def _shown(texts: Sequence[Passage], other: frozenset[str]) -> tuple[tuple[int, int], str] | None:
    """The sentence that has most of the other concept's words."""
    best, value = None, 0.0
    for passage in texts[:_SEARCHED]:
        if passage.role != "code":
            shared = sum(t in other for t in set(passage_tokens(passage)))
            if shared > value:
                best, value = passage, shared
    return (best.lines, best.text) if best else None


def _foundations(concepts: Sequence[Concept], topic: str) -> list[int]:
    """Concepts whose very name says that they open the subject: `Basics`, `Introduction to` the topic of the
    document, `What is` that topic.
    """
    about = set(content_tokens(topic))
    out = []
    for i, concept in enumerate(concepts):
        plain = Words.form(concept.title).split()
        rest = [w for w in plain if w not in EARLY and w not in Words.STOP]
        if any(w in EARLY for w in plain) and all(t in about for w in rest for t in tokens(w)):
            out.append(i)
    return out


class _NameIndex:
    """Finds the names of concepts in a list of tokens: at each place the longest one."""

    def __init__(self, concepts: Sequence[Concept]) -> None:
        owner: dict[tuple[str, ...], int] = {}
        for i, concept in enumerate(concepts):
            owner.setdefault(phrase(concept.title), i)
        unclear: set[tuple[str, ...]] = set()
        for i, concept in enumerate(concepts):
            for parts in phrases(concept.names or aliases(concept.title)):
                if owner.setdefault(parts, i) != i and parts != phrase(concepts[owner[parts]].title):
                    unclear.add(parts)
        self._owner = {parts: i for parts, i in owner.items() if parts and parts not in unclear}
        # Hundreds of names may begin with the same token, where a token is a character: they are looked up by
        # their lengths, the longest first.
        lengths: dict[str, set[int]] = defaultdict(set)
        for parts in self._owner:
            lengths[parts[0]].add(len(parts))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def find(self, text: Sequence[str]) -> list[tuple[int, int]]:
        """Positions in `text` and the concepts named there."""
        out: list[tuple[int, int]] = []
        skip = 0
        for at, token in enumerate(text):
            for length in self._lengths.get(token, ()) if at >= skip else ():
                concept = self._owner.get(tuple(text[at : at + length]))
                if concept is not None:
                    out.append((at, concept))
                    skip = at + length
                    break
        return out


# ------------------------------------------------------------------------------------------ kinds of evidence


def _declared(evidence: Evidence, texts: Sequence[Sequence[Passage]], index: _NameIndex) -> None:
    """Columns and labels that list prerequisites. A concept that has such a column has no others."""
    for b, own in enumerate(texts):
        for passage in own:
            if passage.role == "requires" and passage.explicit:
                evidence.closed.add(b)
                for _, a in index.find(word_forms(hard_part(passage.text))):
                    if a != b:
                        evidence.support(b, a).add(
                            evidence.weights.declared, "declared", passage.lines, passage.text
                        )


def _mentions(
    evidence: Evidence,
    texts: Sequence[Sequence[Passage]],
    distinctive: Sequence[Sequence[str]],
    idf: dict[str, float],
    index: _NameIndex,
) -> None:
    """Names in running text; those that a cue phrase speaks of count as declared."""
    weight = [
        min(1.5, 0.4 + 0.4 * max((idf.get(w, 0.0) for w in title), default=0.0)) for title in distinctive
    ]
    for b, own in enumerate(texts):
        count: dict[int, float] = defaultdict(float)
        where: dict[int, Passage] = {}
        for passage in own:
            if passage.role == "code" or (passage.role == "requires" and passage.explicit):
                continue
            # Of alternatives none is needed by itself, and what is learned beside comes no earlier.
            said = hard_part(passage.text) if _CUES.search(passage.text) else passage.text
            text = word_forms(said)
            named = [(at, a) for at, a in index.find(text) if a != b]
            if not named:
                continue
            cues = _cue_spans(said, _CUES)
            forward = _cue_spans(said, _FORWARD)
            for at, a in named:
                if any(start <= at <= start + _CUE_REACH for start in forward):
                    evidence.support(a, b).add(
                        evidence.weights.cued / 2, "declared", passage.lines, passage.text
                    )
                    continue
                if any(start <= at <= start + _CUE_REACH for start in cues):
                    evidence.support(b, a).add(
                        evidence.weights.cued * (1.0 if passage.role != "practice" else 0.3),
                        "declared",
                        passage.lines,
                        passage.text,
                    )
                count[a] += IN_ROLE.get(passage.role, 1.0)
                if passage.first and at < 35:
                    count[a] += evidence.weights.defining
                if a not in where or passage.first:
                    where[a] = passage
        for a, times in count.items():
            evidence.support(b, a).add(
                evidence.weights.mention * math.log1p(times) * weight[a],
                "mention",
                where[a].lines,
                where[a].text,
            )


def _cue_spans(text: str, cues: re.Pattern[str]) -> list[int]:
    """The token positions at which what a cue speaks of begins."""
    return [len(word_forms(text[: m.end()])) for m in cues.finditer(text)]


def _terms(
    evidence: Evidence,
    concepts: Sequence[Concept],
    texts: Sequence[Sequence[Passage]],
    bags: Sequence[Counter[str]],
    distinctive: Sequence[Sequence[str]],
    idf: dict[str, float],
) -> None:
    """Parts of names of several words in other texts."""
    n = len(concepts)
    users: dict[str, list[int]] = defaultdict(list)
    for b, bag in enumerate(bags):
        for word in bag:
            users[word].append(b)
    for a, title in enumerate(distinctive):
        if len(title) < 2:
            continue
        mass = sum(max(idf[w], 0.05) for w in title)
        shares: dict[int, float] = defaultdict(float)
        for word in title:
            using = users.get(word, ())
            if n > 200 and len(using) > _COMMON * n:
                continue
            for b in using:
                if b != a:
                    shares[b] += max(idf[word], 0.05) / mass
        for b, share in shares.items():
            evidence.support(b, a).add(evidence.weights.terms * share, "terms")


def _names(evidence: Evidence, concepts: Sequence[Concept], distinctive: Sequence[Sequence[str]]) -> None:
    """Names that contain names, and names that differ by a number only."""
    by_word: dict[str, list[int]] = defaultdict(list)
    for b, title in enumerate(distinctive):
        for word in title:
            by_word[word].append(b)
    for a, title in enumerate(distinctive):
        small = set(title)
        for b in min((by_word[w] for w in title), key=len, default=[]):
            if a != b and small < set(distinctive[b]):
                evidence.support(b, a).add(
                    evidence.weights.name, "name", _anchor_lines(concepts[b]), concepts[b].title
                )
    capitals = {
        c.title: i
        for i, c in enumerate(concepts)
        if c.title.isupper() and c.title.isalpha() and len(c.title) > 1
    }
    for i, concept in enumerate(concepts):
        a = next(
            (
                capitals[concept.title[:k]]
                for k in range(len(concept.title) - 1, 1, -1)
                if concept.title[:k] in capitals
            ),
            -1,
        )
        if a >= 0 and " " not in concept.title and len(concept.title) <= 8:
            evidence.support(i, a).add(evidence.weights.name, "name", _anchor_lines(concept), concept.title)
    series: dict[str, list[tuple[list[int], int]]] = defaultdict(list)
    for i, concept in enumerate(concepts):
        spelled = [str(NUMBER_WORDS.get(w, w)) for w in Words.form(concept.title).split()]
        digits = [int(w) for w in spelled if w.isdecimal() and len(w) < 7]
        if digits:
            series[" ".join("#" if w.isdecimal() else singular(w) for w in spelled)].append((digits, i))
    for members in series.values():
        members.sort()
        for (low, a), (high, b) in itertools.pairwise(members):
            if low < high:
                evidence.support(b, a).add(
                    evidence.weights.number, "number", _anchor_lines(concepts[b]), concepts[b].title
                )


def _known(evidence: Evidence, concepts: Sequence[Concept]) -> None:
    """What the terms of one name need of those of another."""
    if not evidence.weights.knowledge:
        return
    titles = [c.title for c in concepts]
    for before, after, value, path in needs(titles, fields(titles)):
        evidence.support(after, before).add(
            evidence.weights.knowledge * value,
            "knowledge",
            _anchor_lines(concepts[after]),
            note=f"general knowledge: {_said(path)}",
        )


def _said(path: Sequence[str]) -> str:
    """A path of terms, from what is needed to what needs it, in words."""
    links = [f"“{after}” needs “{before}”" for before, after in itertools.pairwise(path)]
    return ", ".join(reversed(links))


def _anchor_lines(concept: Concept) -> tuple[int, int]:
    return concept.document.blocks[concept.anchor].lines if concept.anchor >= 0 else (1, 1)


def _stated_order(evidence: Evidence, concepts: Sequence[Concept]) -> None:
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
                evidence.weights.order, "order", _anchor_lines(concepts[b]), concepts[b].title
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


def _place_in_text(concept: Concept) -> tuple[int, int]:
    """The block that names the concept, and where in it."""
    return concept.anchor, concept.document.blocks[concept.anchor].text.find(concept.title)


def _own_order(evidence: Evidence, concepts: Sequence[Concept]) -> list[int]:
    """The place of each concept in its document; empty where the document calls itself unordered, or where
    what is known of the pairs contradicts it.
    """
    opening = _opening(concepts)
    if opening is None or _UNORDERED_TEXT.search(opening):
        return []
    places = sorted(range(len(concepts)), key=lambda i: _place_in_text(concepts[i]))
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


def _priors(
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


# ------------------------------------------------------------------------------------------------ arrangement


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The order of study (positions of concepts), the edges kept, transitively reduced, and for each concept
    the best-supported pairs without an edge.
    """

    order: list[int]
    edges: list[Edge]
    dropped: list[Dropped]


def arrange(concepts: Sequence[Concept], evidence: Evidence, limit: int) -> Arrangement:
    """Heights, then edges from lower to higher concepts, at most `limit` into each."""
    rank = ranks(evidence, [c.title for c in concepts])
    stated = evidence.stated or [0] * len(concepts)
    by_rank = sorted(range(len(concepts)), key=lambda i: (stated[i], round(rank[i], 6), i))
    strong = _strong(evidence)
    ranked = study_order(strong, by_rank)
    place = {c: k for k, c in enumerate(ranked)}
    chosen = [
        _edge(concepts, evidence, a, b, support)
        for b in ranked
        for support, a in _best(b, evidence, place, limit)
        if not _is_free(evidence, concepts, b, a)
    ]
    kept = reduced(chosen, len(concepts))
    dropped = _dropped(concepts, evidence, place, {(e.before, e.after) for e in chosen}, kept)
    return Arrangement(study_order([(e.before, e.after) for e in kept], ranked), kept, dropped)


def _edge(concepts: Sequence[Concept], evidence: Evidence, a: int, b: int, support: Support) -> Edge:
    """The pair as an edge. Where words in common are all there is, the sentence to show is looked for now,
    for the few pairs that need it.
    """
    direct = evidence.dependencies[b].get(a)
    pieces = [
        *support.pieces,
        *(direct.pieces if direct and direct is not support else []),
        *_level_piece(evidence, a, b),
    ]
    if not all(p.quote or p.note for p in pieces):
        shared = _words_of(concepts[a], evidence.texts[a])
        shown = _shown(evidence.texts[b], shared)
        common = sorted(shared & _words_of(concepts[b], evidence.texts[b]))
        note = f"words in common: {', '.join(common[:_COMMON_SHOWN])}" if common else "much the same words"
        lines, quote = shown or (_anchor_lines(concepts[b]), "")
        pieces = [
            p if p.quote or p.note else p._replace(lines=lines, quote=quote, note="" if quote else note)
            for p in pieces
        ]
    pieces.sort(key=lambda p: -p.value)
    return Edge(a, b, round(1 - math.exp(-support.total), 3), tuple(pieces))


def _dropped(
    concepts: Sequence[Concept],
    evidence: Evidence,
    place: Mapping[int, int],
    chosen: Container[tuple[int, int]],
    kept: Iterable[Edge],
) -> list[Dropped]:
    """For each concept the pairs with most evidence that are no edges, and why not."""
    edges = {(e.before, e.after) for e in kept}
    out = []
    for b, dependencies in enumerate(evidence.dependencies):
        rest = [(s, a) for a, s in dependencies.items() if (a, b) not in edges]
        for support, a in heapq.nsmallest(_DROPPED, rest, key=lambda e: (-e[0].total, place[e[1]])):
            back = evidence.dependencies[a].get(b)
            net = support.total - (back.total if back else 0.0)
            reason: Reason
            if (a, b) in chosen:
                reason = "implied"
            elif place[a] > place[b]:
                reason = "opposed" if net < 0 else "cycle" if net >= evidence.weights.strong else "rank"
            elif b in evidence.closed and support.kind != "declared":
                reason = "complete"
            else:
                reason = "weak" if support.total < evidence.weights.keep else "limit"
            out.append(Dropped(_edge(concepts, evidence, a, b, support), reason))
    return out


def _strong(evidence: Evidence) -> list[tuple[int, int]]:
    """Pairs whose net evidence is so strong that no rank may turn them round, without cycles.

    In each strongly connected component of such pairs the weakest are dropped, a tenth at a time, until it is
    none (a greedy feedback arc set).
    """
    net: dict[tuple[int, int], float] = {}
    stated = evidence.stated
    for b, dependencies in enumerate(evidence.dependencies):
        for a, support in dependencies.items():
            back = evidence.dependencies[a].get(b)
            value = support.total - (back.total if back else 0.0)
            # Against the order that the document states only what it declares counts, and against that of its
            # author twice as much.
            against = (
                stated and stated[a] > stated[b] and not any(p.kind == "declared" for p in support.pieces)
            )
            if value >= evidence.weights.strong * (
                (_AGAINST_AUTHOR if evidence.unsaid else math.inf) if against else 1
            ):
                net[a, b] = value
    while True:
        component = _components(len(evidence.dependencies), net)
        inside = sorted(
            (e for e in net if component[e[0]] == component[e[1]] >= 0), key=lambda e: (net[e], e)
        )
        if not inside:
            return list(net)
        for pair in inside[: max(1, len(inside) // 10)]:
            del net[pair]


def _components(count: int, pairs: Collection[tuple[int, int]]) -> list[int]:
    """For each concept a concept of the strongly connected component it is in, -1
    where that is itself alone.
    """
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for a, b in pairs:
        sorter.add(b, a)
    component = [-1] * count
    try:
        sorter.prepare()
    except CycleError:
        import networkx

        for members in networkx.strongly_connected_components(networkx.DiGraph(list(pairs))):
            for member in members if len(members) > 1 else ():
                component[member] = min(members)
    return component


def _best(b: int, evidence: Evidence, place: dict[int, int], limit: int) -> list[tuple[Support, int]]:
    """The lower concepts that `b` depends on, best first: direct evidence, then related vocabulary, then what
    opens the subject.
    """
    weights = evidence.weights
    scale = 1 / max(1, len(place))
    direct = [(s, a) for a, s in evidence.dependencies[b].items() if place[a] < place[b]]
    if b in evidence.closed:
        declared = [(s, a) for s, a in direct if s.kind == "declared"]
        return sorted(declared, key=lambda e: (-e[0].total, place[e[1]]))[:limit]
    weak = {a: s.total for s, a in direct}
    best = [(s, a) for s, a in direct if s.total >= evidence.weights.keep]
    best = sorted(
        best, key=lambda e: (-e[0].total - evidence.weights.near * scale * place[e[1]], place[e[1]])
    )[:limit]
    if len(best) < min(evidence.weights.extra, limit):
        have = {a for _, a in best}
        least = evidence.weights.related_more if best else evidence.weights.related_least
        near = [
            (s, a)
            for a, s in evidence.related[b].items()
            if place[a] < place[b] and a not in have and s.total >= least
        ]
        near.sort(
            key=lambda e: (
                -e[0].total - weak.get(e[1], 0.0) - evidence.weights.near_related * scale * place[e[1]],
                place[e[1]],
            )
        )
        best += near[: min(evidence.weights.extra, limit) - len(best)]
    if len(best) < min(weights.level_edges, limit):
        best += _by_level(b, evidence, place, {a for _, a in best})[
            : min(weights.level_edges, limit) - len(best)
        ]
    if not best:
        opening = [a for a in evidence.foundations if place[a] < place[b]][-1:]
        best = [
            (
                Support(
                    evidence.weights.foundation,
                    [
                        Piece(
                            evidence.weights.foundation,
                            "foundation",
                            evidence.named_at[a][0],
                            evidence.named_at[a][1],
                        )
                    ],
                ),
                a,
            )
            for a in opening
        ]
    return best


def _by_level(
    b: int, evidence: Evidence, place: Mapping[int, int], without: Container[int]
) -> list[tuple[Support, int]]:
    """The relatives of `b` at a clearly lower level, those with most in common first,
    of equals the nearest below.
    """
    own, weights = evidence.levels[b], evidence.weights
    found = []
    for a, related in evidence.related[b].items():
        level = evidence.levels[a]
        if (
            own is not None
            and level is not None
            and a not in without
            and place[a] < place[b]
            and own - level >= weights.level_gap
        ):
            found.append((related.total + weights.level_near * level, place[a], a))
    found.sort(reverse=True)
    return [(Support(weights.level_edge), a) for _, _, a in found]


def _level_piece(evidence: Evidence, a: int, b: int) -> list[Piece]:
    """What the graded vocabulary says of the pair, where it puts `a` clearly before `b`."""
    low, high = evidence.levels[a], evidence.levels[b]
    if low is None or high is None or high - low < _LEVEL_TOLD:
        return []
    (lines, after), (_, before) = evidence.named_at[b], evidence.named_at[a]
    note = (
        f"general knowledge: “{before}” is usually met about level {low:.0f} of 9, “{after}” about level "
        f"{high:.0f}"
    )
    return [
        Piece(
            evidence.weights.level_edge,
            "level",
            lines,
            note=note
            if round(low) < round(high)
            else f"general knowledge: “{before}” is usually met a little before “{after}”",
        )
    ]


def ranks(evidence: Evidence, titles: Sequence[str]) -> list[float]:
    """One rank per concept so that a dependent stands about one step above what it depends on; least squares
    with the priors, by relaxation.
    """
    pairs: list[list[tuple[int, float]]] = [[] for _ in titles]
    for b, dependencies in enumerate(evidence.dependencies):
        for a, support in dependencies.items():
            back = evidence.dependencies[a].get(b)
            net = support.total - (back.total if back else 0.0)
            if net > 0:
                pairs[b].append((a, net))
                pairs[a].append((b, -net))
    h = list(evidence.prior)
    # What does not change from round to round: where a concept is drawn to by its prior and by one step from
    # each of its neighbours, and their weights.
    fixed = [
        _PRIOR * prior + sum(net for _, net in around)
        for prior, around in zip(evidence.prior, pairs, strict=True)
    ]
    share = [0.5 / (_PRIOR + sum(abs(net) for _, net in around)) for around in pairs]
    pulls = [[(j, abs(net)) for j, net in around] for around in pairs]
    for _ in range(_ROUNDS):
        new = [
            0.5 * h[i] + share[i] * (fixed[i] + sum([size * h[j] for j, size in around]))
            for i, around in enumerate(pulls)
        ]
        moved = max((abs(x - y) for x, y in zip(h, new, strict=True)), default=0.0)
        h = new
        if moved < 1e-4:
            break
    return h


def reduced(edges: Iterable[Edge], count: int) -> list[Edge]:
    """The edges that no path through others implies (transitive reduction of a DAG), by sets of ancestors."""
    into: list[list[Edge]] = [[] for _ in range(count)]
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for edge in edges:
        into[edge.after].append(edge)
        sorter.add(edge.after, edge.before)
    above = [0] * count
    kept: list[Edge] = []
    for b in sorter.static_order():
        direct = 0
        for edge in into[b]:
            direct |= above[edge.before]
        for edge in into[b]:
            if not direct >> edge.before & 1:
                kept.append(edge)
            above[b] |= above[edge.before] | 1 << edge.before
    return sorted(kept, key=lambda e: (e.after, -e.weight, e.before))


def study_order(pairs: Iterable[tuple[int, int]], ranked: Sequence[int]) -> list[int]:
    """A topological order that keeps to `ranked` wherever the edges allow."""
    place = {c: k for k, c in enumerate(ranked)}
    waiting: Counter[int] = Counter()
    out: dict[int, list[int]] = defaultdict(list)
    for before, after in pairs:
        waiting[after] += 1
        out[before].append(after)
    ready = [place[c] for c in ranked if not waiting[c]]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        c = ranked[heapq.heappop(ready)]
        order.append(c)
        for after in out[c]:
            waiting[after] -= 1
            if not waiting[after]:
                heapq.heappush(ready, place[after])
    return order
