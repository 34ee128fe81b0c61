"""The rule `quality.distinct_nodes`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import log
from typing import Annotated, NamedTuple

import dagogy.api
from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.text import STOP_WORDS, lazy_pattern, match_keys, normalized, shorten, words

#: With more nodes only ideas that are equal word for word are found.
_MANY = 5000
#: Texts are compared when they share one of their rarest words; a word in more texts than this tells nothing.
_RAREST, _COMMON = 5, 60
_NEGATIONS = frozenset(
    (
        "no not never none without cannot nor neither nicht kein keine keinen nie ohne ne pas jamais sans "
        "sin nunca"
    ).split()
)
#: Function words beyond the English ones of `STOP_WORDS`, and English ones that say little about anything.
_FILLING = frozenset(
    (
        "onto another other others via per there thus hence since around along among itself every much like "
        "get gets give gives already people der die das den dem des ein eine einen einem einer eines und "
        "oder mit von zu zum zur im in ist sind wird werden durch für auf an als wie man sich bei aus nur so "
        "auch es er sie jede jeder jedem jeden dass wenn le la les l un une des du de et ou est sont par "
        "pour dans sur avec en au aux ce se qui que à il elle on el los las una unos y o es son por para con "
        "del al lo su que se il gli di e che per nel della"
    ).split()
)
_QUOTED = lazy_pattern(r"“[^“”]{1,200}”|„[^„“”]{1,200}[“”]|«[^«»]{1,200}»")
_INTRODUCTIONS = lazy_pattern(
    r"^(?:an? |the )?(?:introduction to|intro to|basics of|the basics of"
    r"|fundamentals of|foundations of|overview of|understanding|working with|using|"
    r"grundlagen (?:der|des|von)|einführung in(?: die| das| den)?"
    r"|introduction (?:à la|à l'|aux?|à)|introducción a(?: la| los| las)?)\s+|"
    r"(?<!\s)\s+(?:basics|overview|fundamentals|introduction|explained"
    r"|in a nutshell|at a glance)$|の(?:基本|基礎|入門|使い方)$",
    re.IGNORECASE,
)
#: Words of general English that say the same in most sentences.
_SYNONYMS = (
    "begin start commence|end finish stop|show display demonstrate illustrate|big large great|"
    "small little tiny|quick fast rapid|change alter modify|different distinct|"
    "method technique procedure approach|use employ utilise utilize apply|"
    "make create produce build construct form|need require demand|obtain receive acquire|provide supply|"
    "help assist aid|raise increase grow|lower decrease reduce drop|important key crucial essential central|"
    "part piece component element|kind type sort class|name call term|put place set|"
    "keep hold retain maintain|find locate discover|choose select pick|fix repair mend|check verify test|"
    "explain describe|wrong incorrect false|right correct true|whole entire complete full|join connect link|"
    "split divide separate|send transmit|person human|often frequently usually|buy purchase|"
    "allow permit let enable|prevent avoid|contain include hold comprise|error mistake fault|"
    "goal aim purpose|result outcome effect|cause lead trigger|below under beneath|above over|"
    "delete remove erase|copy duplicate|store save keep|happen occur|speed velocity|move shift"
)


class DistinctNodes(Rule):
    """A node that says what another one says costs the learner the time twice, and makes both
    look like less than they are.

    Core ideas are compared by the stems of their words (Snowball, six letters), a rare word counting for
    more than a common one (inverse document frequency), some general synonyms as one, and pairs of
    characters in scripts without spaces; so word order, inflection and filling words make no difference.
    Two ideas are the same when the words in common are `min_overlap` of all the words of both, or nearly
    all of the shorter one's. A node repeats another when at least two of its core ideas, and `min_share` of
    them, are in that other node.

    That is an error where all of the node's ideas are there and are nearly the same, or where the titles
    differ by an "Introduction to" or a plural only; else a warning, as it is where either node has an
    `estimate_confidence` of 0.3 or less; where both have, all such pairs are one warning. One idea that is
    twice in the same node in other words is a warning. Numbers and a "not" in only one of two ideas set them
    apart. With more than 5000 nodes only ideas that are equal word for word are found.

    Bad:
        "Chain wear": "A chain stretches because its pins wear." "Stretched chains": "As the pins wear, the
        chain is stretched."

    Good:
        "Chain wear": "A chain stretches because its pins wear." "Cassette wear": "A stretched chain files the
        teeth into hooks."

    How to fix:
        Merge the two nodes, and let what depended on either depend on the one that stays; or write in the
        second what it adds to the first.
    """

    class Options(dagogy.api.rules.Options):
        min_overlap: Annotated[
            float,
            Field(
                description=(
                    "The share of words (by weight) that two ideas have in common when they are the same."
                ),
                gt=0,
                le=1,
            ),
        ] = 0.5
        min_share: Annotated[
            float,
            Field(
                description="The share of a node's core ideas that are in another node when it repeats it.",
                gt=0,
                le=1,
            ),
        ] = 0.6

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding]:
        nodes = context.nodes
        if len(nodes) > _MANY:
            yield from _verbatim(nodes)
            return
        ideas = _Ideas(nodes)
        pairs: dict[tuple[int, int], list[_Match]] = {}
        for match in ideas.matches(options.min_overlap):
            i, j = ideas.owner[match.later], ideas.owner[match.earlier]
            if i == j:
                if match.overlap >= _SURE:
                    yield _twice(nodes[i], i, ideas, match)
            else:
                pairs.setdefault((i, j), []).append(match)
        best: dict[int, Finding] = {}
        silent: dict[int, Finding] = {}
        for (i, j), found in sorted(pairs.items()):
            finding = _repeated(nodes, i, j, found, ideas, options.min_share, context.tentative)
            if finding and context.tentative.issuperset((i, j)):
                silent.setdefault(i, finding)
            elif finding and (i not in best or (best[i].severity and not finding.severity)):
                best[i] = finding
        yield from best.values()
        if silent:
            yield _alike_in_saying_nothing(silent, nodes)


def _alike_in_saying_nothing(repeats: Mapping[int, Finding], nodes: Sequence[Node]) -> Finding:
    """One finding for all nodes that say that nothing supports them, and the same as another such node. They
    are not one concept for that.
    """
    i, first = next(iter(repeats.items()))
    several = f"{len(repeats)} nodes say" if len(repeats) > 1 else f"'{nodes[i].id}' says"
    return Finding(
        message=(
            f"{several} nothing of {'their' if len(repeats) > 1 else 'its'} own, and what another node "
            f"without support says, first '{nodes[i].id}' and '{first.data['repeats']}': "
            f"'{shorten(nodes[i].core_ideas[0])}'; find out what sets each apart, or leave it out"
        ),
        pointer=first.pointer,
        node_id=nodes[i].id,
        severity="warning",
        data={"nodes": [nodes[k].id for k in repeats]},
    )


#: From this overlap on two ideas are the same beyond doubt.
_SURE = 0.7


class _Match(NamedTuple):
    """Two ideas (their positions among all) that are the same, and how much of their words they share."""

    earlier: int
    later: int
    overlap: float


class _Ideas:
    """All core ideas as weighted words."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.owner = [i for i, node in enumerate(nodes) for _ in node.core_ideas]
        self.at = [k for node in nodes for k, _ in enumerate(node.core_ideas)]
        self.texts = [idea for node in nodes for idea in node.core_ideas]
        self.tokens = [frozenset(_tokens(_QUOTED.sub(" ", text))) for text in self.texts]
        self.titles = [frozenset(_tokens(node.title)) for node in nodes]
        self.frequency = Counter(token for tokens in self.tokens for token in tokens)
        # Ten texts at least, so that in a small curriculum a word that is in each of them
        # does not count for nothing.
        total = max(10, len(self.texts))
        self.weight = {token: log(1 + total / n) for token, n in self.frequency.items()}

    def matches(self, min_overlap: float) -> Iterator[_Match]:
        """Pairs of ideas that say the same, found by the rare words that they share."""
        places: dict[str, list[int]] = {}
        for k, tokens in enumerate(self.tokens):
            rare = sorted(
                (t for t in tokens if 1 < self.frequency[t] <= _COMMON), key=lambda t: (self.frequency[t], t)
            )[:_RAREST]
            for j in sorted({j for t in rare for j in places.get(t, ())}):
                overlap = self._overlap(j, k)
                if overlap >= min_overlap and self._alike(j, k):
                    yield _Match(j, k, overlap)
            for t in rare:
                places.setdefault(t, []).append(k)

    def _overlap(self, j: int, k: int) -> float:
        """The share of the words in common, of all words of both or (a little less) of the shorter one."""
        mine, yours = self.tokens[j], self.tokens[k]
        common = mine & yours
        names = self.titles[self.owner[j]] | self.titles[self.owner[k]]
        # What two nodes are about they may both name; they say the same when more than that is common to them
        # and to few others.
        distinctive = [
            t for t in common if t not in names and self.frequency[t] <= max(8, 0.1 * len(self.texts))
        ]
        if len(common) < min(3, len(mine), len(yours)) or len(distinctive) < 2:
            return 0.0
        shared = sum(self.weight[t] for t in common)
        sizes = [sum(self.weight[t] for t in tokens) for tokens in (mine, yours)]
        within = shared / min(sizes)
        union = shared / (sum(sizes) - shared)
        # Nearly all that the shorter one says.
        return max(union, 0.6 if within >= 0.8 and len(common) >= 3 else 0.0)

    def _alike(self, j: int, k: int) -> bool:
        first, second = self.texts[j], self.texts[k]
        numbers = [{t for t in words(text) if t[0].isdigit()} for text in (first, second)]
        negations = [len(_NEGATIONS.intersection(words(text))) % 2 for text in (first, second)]
        contained = min(len(self.tokens[j]), len(self.tokens[k])) < 0.7 * max(
            len(self.tokens[j]), len(self.tokens[k])
        )
        return contained or (not numbers[0] ^ numbers[1] and negations[0] == negations[1])


def _twice(node: Node, i: int, ideas: _Ideas, match: _Match) -> Finding:
    first, second = ideas.at[match.earlier], ideas.at[match.later]
    return Finding(
        message=(
            f"core idea {second + 1} of '{node.id}' says in other words what core idea {first + 1} says: "
            f"'{shorten(node.core_ideas[second])}'; say something new in it, or take it out"
        ),
        pointer=f"/nodes/{i}/core_ideas/{second}",
        node_id=node.id,
        severity="warning",
    )


def _repeated(
    nodes: Sequence[Node],
    i: int,
    j: int,
    found: Sequence[_Match],
    ideas: _Ideas,
    min_share: float,
    tentative: frozenset[int],
) -> Finding | None:
    """The finding that node `i` repeats node `j`, or None."""
    later = {m.later: m for m in sorted(found, key=lambda m: m.overlap)}
    earlier = {m.earlier for m in found}
    size = min(len(nodes[i].core_ideas), len(nodes[j].core_ideas))
    same = min(len(later), len(earlier))
    alike = _bare_title(nodes[i].title) == _bare_title(nodes[j].title)
    if (same < 2 or same < min_share * size) and not (alike and same >= size / 2):
        return None
    sure = same == len(nodes[i].core_ideas) and sum(m.overlap for m in later.values()) / len(later) >= _SURE
    certain = (sure or alike) and tentative.isdisjoint((i, j))
    best = max(later.values(), key=lambda m: m.overlap)
    return Finding(
        message=(
            f"'{nodes[i].id}' repeats '{nodes[j].id}': {same} of {len(nodes[i].core_ideas)} core ideas, such "
            f"as '{shorten(ideas.texts[best.later])}' (there: '{shorten(ideas.texts[best.earlier])}'); merge "
            "the two, or say what the second adds"
        ),
        pointer=f"/nodes/{i}/core_ideas",
        node_id=nodes[i].id,
        severity="" if certain else "warning",
        data={"repeats": nodes[j].id},
    )


def _verbatim(nodes: Sequence[Node]) -> Iterator[Finding]:
    """Nodes all of whose core ideas are those of an earlier node, in any order."""
    seen: dict[frozenset[str], int] = {}
    for i, node in enumerate(nodes):
        j = seen.setdefault(frozenset(node.core_ideas), i)
        if j != i and node.core_ideas:
            yield Finding(
                message=(
                    f"'{node.id}' repeats '{nodes[j].id}': all core ideas, such as "
                    f"'{shorten(node.core_ideas[0])}'; merge the two"
                ),
                pointer=f"/nodes/{i}/core_ideas",
                node_id=node.id,
                data={"repeats": nodes[j].id},
            )


def _bare_title(title: str) -> frozenset[str]:
    return frozenset(_tokens(_INTRODUCTIONS.sub("", title.strip())))


def _tokens(text: str) -> Iterator[str]:
    """What texts are compared by."""
    for word in words(text if text.isascii() else normalized(text)):
        if (word in STOP_WORDS or word in _FILLING) and word not in _NEGATIONS:
            continue
        yield from (_ONE_OF.get(key, key) for key in match_keys(word))


_ONE_OF = {
    match_keys(word)[0]: match_keys(group.split()[0])[0]
    for group in reversed(_SYNONYMS.split("|"))
    for word in group.split()
}
