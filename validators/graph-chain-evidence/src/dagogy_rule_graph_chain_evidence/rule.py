"""The rule `graph.chain_evidence`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import dagogy.api
from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.text import Words, lazy_pattern, sentences, shorten

if TYPE_CHECKING:
    from dagogy.api.scope import ScopeDocument

#: A line that numbers what it names: "3. Chords", "## Chapter 3: Chords", "| Week 3 | Chords |".
_NUMBERED = lazy_pattern(
    r"^[ \t#|>*-]*(?:[^\W\d_]{3,12}\s+)?(\d{1,3})(?:\.\d+)*\s{0,3}[.):|–—-]?\s+(\S.*)$", re.MULTILINE
)
_QUOTED = lazy_pattern(r"“[^“”]{1,200}”|„[^„“”]{1,200}[“”]|«[^«»]{1,200}»|\"[^\"]{1,200}\"")
_CUES = (
    "in this order", "in the order", "in the following order", "in sequence", "step by step",
    "one after the other", "one after another", "builds on the previous", "build on the previous",
    "builds on the one before", "builds on the last", "build on each other", "builds on what came before",
    "in order of", "from first to last", "in dieser reihenfolge", "der reihe nach", "bauen aufeinander auf",
    "baut auf dem vorigen", "schritt für schritt", "dans cet ordre", "dans l'ordre", "en este orden",
    "paso a paso", "in quest'ordine", "по порядку", "順番に", "この順", "按顺序", "依次",
)  # fmt: skip


class ChainEvidence(Rule):
    """A list becomes a curriculum by knowing what needs what. Where nobody looked, each item is made the
    prerequisite of the next, in the order in which they happened to stand; the learner then waits for things
    that have nothing to do with each other, and a plan cannot move anything.

    A curriculum of at least `min_nodes` nodes is a chain when its longest path has more than `max_share` of
    the nodes in it. That is a finding when less than `min_supported` of its links have something that speaks
    for them: the title of the prerequisite is part of the dependent's; a core idea of the dependent names the
    prerequisite (names in quotation marks do not count: so fillers are written); a sentence of the sources
    names both, or stands under the heading of the dependent and names the prerequisite. The rule is silent
    where a source states its order: it numbers at least half of the nodes' titles so that the chain follows
    the numbers, or says so ("in this order", "each chapter builds on the previous one"; `order_cues`).

    Bad:
        Tyre pressure -> Punctures -> Chain wear -> Lubrication -> Rim brakes -> Wheel truing, in
        the order of the headings.

    Good:
        Punctures after Tyre pressure, since "a snake bite comes from low pressure"; Wheel truing after Rim
        brakes, whose pads serve as a gauge; the others from the start.

    How to fix:
        Take out each prerequisite that the learner can do without, so that nodes can be studied side by side.
        Where the order is meant, say why: in the document, or in a core idea that uses what came before.
    """

    class Options(dagogy.api.rules.Options):
        max_share: Annotated[
            float,
            Field(
                description="The largest share of the nodes on one path that is not yet a chain.", gt=0, le=1
            ),
        ] = 0.85
        min_nodes: Annotated[int, Field(description="Smaller curricula may be chains.", ge=2)] = 6
        min_supported: Annotated[
            float, Field(description="The share of the links that something has to speak for.", gt=0, le=1)
        ] = 0.5
        order_cues: Annotated[
            tuple[str, ...], Field(description="What a source says that states its order.")
        ] = _CUES

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding]:
        nodes, index = context.nodes, context.index
        if len(nodes) < options.min_nodes or (max(index.depth, default=-1) + 1) <= options.max_share * len(
            nodes
        ):
            return
        links = [(p, i) for i in index.order for p in index.prerequisites[i]]
        titles = [_tokens(node.title) for node in nodes]
        if _states_an_order(context.sources, titles, links, options.order_cues):
            return
        source = _SourceText(context.sources, titles)
        loose = [
            (p, i)
            for p, i in links
            if not _speaks(nodes[i], titles[p], titles[i]) and not source.together(p, i)
        ]
        if len(links) - len(loose) >= options.min_supported * len(links):
            return
        p, i = loose[0]
        yield Finding(
            message=(
                f"the {len(nodes)} nodes are one chain, and nothing speaks for {len(loose)} of its "
                f"{len(links)} links, first '{shorten(nodes[i].title)}' after '{shorten(nodes[p].title)}': "
                "take out what the learner can do without, or say in a core idea what is needed of it"
            ),
            pointer=f"/nodes/{i}/prerequisites",
            node_id=nodes[i].id,
            data={"links": [[nodes[p].id, nodes[i].id] for p, i in loose]},
        )


def _speaks(node: Node, prerequisite: frozenset[str], own: frozenset[str]) -> bool:
    """Whether the node itself shows that it needs what bears the title `prerequisite`."""
    if not prerequisite or prerequisite < own:
        return bool(prerequisite)
    return any(prerequisite <= _tokens(_QUOTED.sub(" ", idea)) for idea in node.core_ideas)


def _states_an_order(
    sources: Sequence[ScopeDocument],
    titles: Sequence[frozenset[str]],
    links: Sequence[tuple[int, int]],
    cues: Sequence[str],
) -> bool:
    """Whether a source says that its order is meant, or numbers what the nodes are
    about in the order of the chain.
    """
    for source in sources:
        text = source.text.casefold()
        if any(cue.casefold() in text for cue in cues):
            return True
        numbers = _numbers_of(titles, source.text)
        if len(numbers) >= len(titles) / 2 and _follows(numbers, links):
            return len(set(numbers.values())) > 1
    return False


def _numbers_of(titles: Sequence[frozenset[str]], text: str) -> dict[int, int]:
    """By position of a title the number of the first numbered line that has all its words."""
    named = [(int(number), _tokens(rest)) for number, rest in _NUMBERED.findall(text)]
    found = {
        i: next((number for number, tokens in named if title <= tokens), 0)
        for i, title in enumerate(titles)
        if title
    }
    return {i: number for i, number in found.items() if number}


def _follows(numbers: Mapping[int, int], links: Sequence[tuple[int, int]]) -> bool:
    """Whether the links lead from smaller numbers to larger ones. Two columns of numbers, or a list within a
    list, may send a few of them back.
    """
    kept = [(p, i) for p, i in links if p in numbers and i in numbers]
    return bool(kept) and sum(numbers[p] <= numbers[i] for p, i in kept) >= 0.8 * len(kept)


class _SourceText:
    """Which titles the sentences of the sources name together."""

    def __init__(self, sources: Sequence[ScopeDocument], titles: Sequence[frozenset[str]]) -> None:
        self._names: dict[int, set[int]] = {}
        by_rarest: dict[str, list[int]] = {}
        for i, title in enumerate(titles):
            if title:
                by_rarest.setdefault(max(title, key=lambda t: (len(t), t)), []).append(i)
        for source in sources:
            for block in source.blocks:
                above = {
                    i
                    for name in (*block.path[-1:], block.lead)
                    if name
                    for i in _named(_tokens(name), by_rarest, titles, exact=True)
                }
                for sentence in sentences(block.text):
                    named = set(_named(_tokens(sentence), by_rarest, titles)) | above
                    if 1 < len(named) <= _LIST:
                        for i in named:
                            self._names.setdefault(i, set()).update(named)

    def together(self, i: int, j: int) -> bool:
        return j in self._names.get(i, ())


#: A sentence that names more concepts than this lists them.
_LIST = 4


def _named(
    tokens: frozenset[str],
    by_rarest: dict[str, list[int]],
    titles: Sequence[frozenset[str]],
    exact: bool = False,
) -> Iterator[int]:
    for token in tokens:
        for i in by_rarest.get(token, ()):
            if titles[i] == tokens if exact else titles[i] <= tokens:
                yield i


def _tokens(text: str) -> frozenset[str]:
    """What titles and texts are compared by."""
    plain = text if text.isascii() else Words.normalized(text)
    return frozenset(key for word in Words.of(plain) if word not in Words.STOP for key in Words.keys(word))
