"""The rule `quality.scope_coverage`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Measure, Rule, RuleContext
from dagogy.api.rules import Options as RuleOptions
from dagogy.api.text import Words, lazy_pattern, shorten

# How much it says that a word of the item stands in a title, in the capability, in at least half of the core
# ideas, or in fewer.
_TITLE, _CAPABILITY, _MOST_IDEAS, _AN_IDEA = 1.0, 0.75, 0.5, 0.25
# The same in a node that has the very name of another item.
_OF_ANOTHER = {_TITLE: 0.5, _CAPABILITY: 0.5, _MOST_IDEAS: 0.25, _AN_IDEA: 0.25}
_MANY_ITEMS = 20
# Splitting can only make an item easier to cover, so the "and" of some other languages is split at as well.
_SEPARATOR = lazy_pattern(
    r"(?:(?<!\s)\s+)?[,;&、，；]\s*(?:(?:and|or)\s+)?|(?<!\s)\s+(?:and|or|y|e|et|und|och|og|en|и|i)\s+",
    re.IGNORECASE,
)
# Thai to Khmer, Chinese, Japanese and Korean: what is written together there is more than a word,
# or a word and its particle.
_SPACELESS = lazy_pattern(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_GENERIC = tuple(
    (
        "introduction introductory basics basic overview survey fundamentals concepts principles topics "
        "understand understanding describe explain apply applying learn learning know knowledge use using "
        "students learners various related key including involving general simple working"
    ).split()
)


class ScopeCoverage(Rule):
    """What the topic spec promises in `scope_in` has to be taught somewhere, or the
    learner finishes with a hole.

    An item counts as taught when a title contains it, or when one node has enough of its content words. Words
    are compared by their stems without `generic_words`; a word found in the title counts 1, in the capability
    0.75, in at least half of the core ideas 0.5, in fewer of them 0.25. The sum, divided by the number of the
    item's words, must reach `min_share`; below 0.75 the words that were found must moreover belong to this
    item alone, so that "Mean value theorem" does not stand for "Squeeze theorem". A node whose whole title
    lies inside the item counts under the same condition. In a node that has the very name of another item the
    title and the capability count 0.5 and core ideas 0.25, so that "RDF schema" does not stand for "RDF". A
    list ("Futures, tasks and threads") is also taught when each of its parts is. Chinese, Japanese, Korean,
    Thai and the like are compared by pairs of characters. Nothing is said where the items and the titles are
    written in different scripts.

    The measure `coverage` is the share of the items that are taught. It is protected: a repair that covers
    less than before is rejected. It has the weight 30.

    Bad:
        `scope_in` has "Squeeze theorem"; the nodes are "Limits" and "Mean value theorem".

    Good:
        `scope_in` has "Squeeze theorem"; a node is called "The squeeze theorem", or "Limits by squeezing"
        with the capability "Apply the squeeze theorem to oscillating functions".

    How to fix:
        Add a node that teaches the item, name it in the title or the capability of the node that does, or
        take it out of `scope_in`.
    """

    class Options(RuleOptions):
        min_share: Annotated[
            float,
            Field(
                description=(
                    "The share of an item's words, weighted by where they stand, that one node must have."
                ),
                gt=0,
                le=1,
            ),
        ] = 0.5
        generic_words: Annotated[
            tuple[str, ...],
            Field(
                description=(
                    "Words that say nothing of what an item is about; counted only where it has no others."
                )
            ),
        ] = _GENERIC

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding | Measure]:
        scope_in, nodes = context.spec.scope_in, context.nodes
        compared, uncovered = _compared(scope_in, nodes, options)
        for item in uncovered:
            yield _finding(scope_in[item.index], item, nodes)
        missing = {item.index for item in uncovered}
        yield Measure(
            "coverage",
            {scope_in[item.index]: item.index not in missing for item in compared},
            protected=True,
            weight=30,
        )


@dataclass(slots=True)
class _Item:
    """One item of `scope_in`, or a part of one, by its tokens; `score` and
    `nearest` tell the best node so far.
    """

    index: int
    tokens: frozenset[str]
    score: float = 0.0
    nearest: int = -1


class _Matcher:
    """Finds nodes for items. `items` are all of `scope_in`: they tell which words belong to one item alone.
    Nodes with one of the titles `own` are known to teach another item."""

    def __init__(self, items: Sequence[_Item], own: set[str], min_share: float, generic: set[str]) -> None:
        self.own = own
        self.min_share = min_share
        self.generic = generic
        self.holders: dict[str, set[int]] = {}
        for item in items:
            for token in item.tokens:
                self.holders.setdefault(token, set()).add(item.index)

    def remaining(self, items: Sequence[_Item], nodes: Sequence[Node], *, titles_only: bool) -> list[_Item]:
        """Those of `items` that none of `nodes` teaches."""
        left = {item.index: item for item in items}
        leads = self._leads(items)
        wanted = set().union(*(item.tokens for item in items))
        starts = {token[:2] for token in wanted}
        for at, node in enumerate(nodes):
            if not left:
                break
            weights = self._lowered(node, _weights(node, wanted, starts, titles_only))
            for index in dict.fromkeys(item.index for token in weights for item in leads.get(token, ())):
                if index in left and self._teaches(left[index], weights, at, node):
                    del left[index]
        return list(left.values())

    def _lowered(self, node: Node, weights: Mapping[str, float]) -> Mapping[str, float]:
        """The weights of a node's words, less where it is known to teach another item."""
        if weights and self.own and _fold(node.title).strip() in self.own:
            return {token: _OF_ANOTHER[weight] for token, weight in weights.items()}
        return weights

    def _leads(self, items: Sequence[_Item]) -> dict[str, list[_Item]]:
        """By word the items that it leads to. One that many items share leads to none of them that has
        another: it could not tell them apart, and would cost their product.
        """
        leads: dict[str, list[_Item]] = {}
        for item in items:
            tokens = [token for token in item.tokens if len(self.holders[token]) <= _MANY_ITEMS]
            if not tokens:
                tokens = [min(item.tokens, key=lambda token: (len(self.holders[token]), token))]
            for token in tokens:
                leads.setdefault(token, []).append(item)
        return leads

    def _teaches(self, item: _Item, weights: Mapping[str, float], at: int, node: Node) -> bool:
        found = [token for token in item.tokens if token in weights]
        score = sum(weights[token] for token in found) / len(item.tokens)
        if score > item.score:
            item.score, item.nearest = score, at
        if score >= max(self.min_share, _CAPABILITY):
            return True
        strong = [token for token in found if weights[token] >= _MOST_IDEAS]
        return (
            bool(strong)
            and (score >= self.min_share or item.tokens >= _content(node.title, self.generic))
            and self._only(item, strong)
        )

    def _only(self, item: _Item, tokens: Sequence[str]) -> bool:
        return set.intersection(*(self.holders[token] for token in tokens)) == {item.index}


def _compared(
    scope_in: Sequence[str], nodes: Sequence[Node], options: Any
) -> tuple[list[_Item], list[_Item]]:
    """The items of `scope_in` that can be compared with the nodes, and those of them that no node teaches."""
    generic = {key for w in options.generic_words for key in Words.keys(w)}
    items = [_Item(i, tokens) for i, text in enumerate(scope_in) if (tokens := _content(text, generic))]
    own, compared, uncovered = _by_title(items, [_fold(text).strip() for text in scope_in], nodes)
    matcher = _Matcher(items, own, options.min_share, generic)
    # Titles settle most items, and are a tenth of the text.
    for titles_only in (True, False):
        uncovered = matcher.remaining(uncovered, nodes, titles_only=titles_only)
    return compared, _without_lists(uncovered, scope_in, nodes, generic)


def _by_title(
    items: Sequence[_Item], wanted: Sequence[str], nodes: Sequence[Node]
) -> tuple[set[str], list[_Item], list[_Item]]:
    """The folded titles that are the very names of items, the items that can be compared, and those of them
    that stand in no title. `wanted`: the folded text of each item of `scope_in`."""
    titles = _fold("\n".join([node.title for node in nodes]))
    # A node with the very name of an item is that item's, and no proof that another one is taught.
    own = set(wanted).intersection(titles.split("\n"))
    titles = "\n".join([title for title in titles.split("\n") if title not in own])
    script = _script("\n".join([node.title for node in nodes[:1000]]))
    named = {
        item.index for item in items if wanted[item.index] in own or _contains(titles, wanted[item.index])
    }
    compared = [
        item for item in items if item.index in named or not nodes or _script(wanted[item.index]) == script
    ]
    return own, compared, [item for item in compared if item.index not in named]


def _weights(node: Node, wanted: Container[str], starts: set[str], titles_only: bool) -> dict[str, float]:
    """For each wanted token that `node` has, the weight of the best place where it stands."""
    found = dict.fromkeys(_present(node.title, wanted, starts), _TITLE)
    if not titles_only:
        for token in _present(node.capability, wanted, starts):
            found.setdefault(token, _CAPABILITY)
        for token, ideas in Counter(
            token for idea in node.core_ideas for token in _present(idea, wanted, starts)
        ).items():
            found.setdefault(token, _MOST_IDEAS if 2 * ideas >= len(node.core_ideas) else _AN_IDEA)
    return found


def _present(text: str, wanted: Container[str], starts: set[str]) -> set[str]:
    # A word and its token begin alike, so most words need no stemming. Without spaces the word may lie
    # anywhere in what looks like one.
    return {
        token
        for word in Words.of(_fold(text))
        if word[:2] in starts or not word.isascii()
        for token in (*_tokens_of(word), *(_SPACELESS.findall(word) if not word.isascii() else ()))
        if token in wanted
    }


def _without_lists(
    items: Sequence[_Item], scope_in: Sequence[str], nodes: Sequence[Node], generic: set[str]
) -> list[_Item]:
    """Drops the items that are lists of which each part is taught by some node in full."""
    parts: list[_Item] = []
    owners: dict[int, list[_Item]] = {}
    for item in items:
        pieces = [
            tokens for piece in _SEPARATOR.split(scope_in[item.index]) if (tokens := _content(piece, generic))
        ]
        if len(pieces) > 1:
            own = [_Item(len(parts) + n, tokens) for n, tokens in enumerate(pieces)]
            owners[item.index] = own
            parts += own
    if not parts:
        return list(items)
    missing = {
        part.index
        for part in _Matcher(parts, set(), _CAPABILITY, generic).remaining(parts, nodes, titles_only=False)
    }
    return [
        item
        for item in items
        if item.index not in owners or any(part.index in missing for part in owners[item.index])
    ]


def _finding(text: str, item: _Item, nodes: Sequence[Node]) -> Finding:
    nearest = ""
    if item.nearest >= 0:
        nearest = f"; the nearest is '{shorten(nodes[item.nearest].title)}' ({nodes[item.nearest].id})"
    return Finding(
        message=(
            f"no node teaches '{shorten(text)}' of scope_in{nearest}: add a node for it, or name it in the "
            "title or capability of the one that does"
        ),
        pointer=f"/scope_in/{item.index}",
        document="topic_spec",
        data={"item": text},
    )


def _fold(text: str) -> str:
    return text.lower() if text.isascii() else Words.normalized(text).lower()


def _contains(titles: str, item: str) -> bool:
    """Whether `item` stands somewhere in `titles` as whole words; in a script without spaces, anywhere."""
    item = item.strip()
    spaceless = _SPACELESS.search(item) is not None
    at = titles.find(item)
    while at >= 0:
        end = at + len(item)
        if spaceless or not (
            titles[at - 1 : at].isalnum()
            or titles[end : end + 1].isalnum()
            or titles[end : end + 1] in ("+", "#")
        ):
            return True
        at = titles.find(item, at + 1)
    return False


def _script(text: str) -> str:
    """`latin`, `other` or nothing, by the greater number of letters."""
    latin = sum(c.isalpha() and c < "\u0250" for c in text)
    other = sum(c.isalpha() and c >= "\u0250" for c in text)
    return "other" if other > latin else "latin"


def _tokens_of(word: str) -> Sequence[str]:
    return () if word in Words.STOP else Words.keys(word)


def _tokens(text: str) -> frozenset[str]:
    return frozenset(token for word in Words.of(_fold(text)) for token in _tokens_of(word))


def _content(text: str, generic: set[str]) -> frozenset[str]:
    tokens = _tokens(text)
    return tokens - generic or tokens
