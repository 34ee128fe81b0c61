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
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from dagogy.api.text import Words

from dagogy_provider_internal.language.keys import content_tokens, singular, tokens, word_forms
from dagogy_provider_internal.language.lexicon import EARLY, NUMBER_WORDS
from dagogy_provider_internal.language.marks import alternatives, hard_part
from dagogy_provider_internal.language.naming import aliases, phrase, phrases
from dagogy_provider_internal.ordering.evidence import Evidence, Piece, Support, is_free
from dagogy_provider_internal.ordering.knowledge import needs
from dagogy_provider_internal.ordering.levels import fields
from dagogy_provider_internal.ordering.stated import path_said, prior_ranks, stated_order
from dagogy_provider_internal.ordering.texts import anchor_lines, bag_of
from dagogy_provider_internal.ordering.weights import DEFAULT, Weights
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.passages import Passage

#: A word in more than this share of all texts says nothing about any pair; only applied to
#: documents with many concepts.
_COMMON = 0.25
#: A word that more concepts use is not looked at for related vocabulary; and how many
#: relatives of a concept are kept.
_RELATED_HOLDERS, _RELATED_BEST = 40, 12
_RELATED_WORDS = 60  # the weightiest words of a concept that are compared
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
_CUE_REACH = 14  # words after a cue within which a name is what the cue speaks of


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
    bags = [bag_of(t) for t in texts]
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
    evidence.named_at = [(anchor_lines(c), c.title) for c in concepts]
    stated_order(evidence, concepts)
    _free_choices(evidence, concepts)
    evidence.prior = prior_ranks(evidence, concepts, texts, distinctive, spread)
    return evidence


def _beside(evidence: Evidence, texts: Sequence[Sequence[Passage]], index: _NameIndex) -> None:
    """Notes what a concept is said to need one of, or to be learned beside."""
    for b, own in enumerate(texts):
        for passage in own:
            if passage.role != "code" and (passage.role == "requires" or _CUES.search(passage.text)):
                found = index.find(word_forms(alternatives(passage.text)))
                evidence.beside.update((b, a) for _, a in found if a != b)


def _free_choices(evidence: Evidence, concepts: Sequence[Concept]) -> None:
    """Takes out of the evidence what `is_free` says."""
    for b, dependencies in enumerate(evidence.dependencies):
        for a in [a for a in dependencies if is_free(evidence, concepts, b, a)]:
            del dependencies[a]
            evidence.related[b].pop(a, None)


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
                    evidence.weights.name, "name", anchor_lines(concepts[b]), concepts[b].title
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
            evidence.support(i, a).add(evidence.weights.name, "name", anchor_lines(concept), concept.title)
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
                    evidence.weights.number, "number", anchor_lines(concepts[b]), concepts[b].title
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
            anchor_lines(concepts[after]),
            note=f"general knowledge: {path_said(path)}",
        )
