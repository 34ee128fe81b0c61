"""The rule `quality.grounding`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Measure, Rule, RuleContext
from dagogy.api.rules import Options as RuleOptions
from dagogy.api.text import shorten

from dagogy_rule_quality_grounding.quiz import WrongOptions
from dagogy_rule_quality_grounding.sources import Sections, Source

_NEUTRAL = tuple(
    (
        "use used using make makes made give gives take takes get gets become becomes keep keeps put set "
        "need needs want allow allows let lets help helps show shows mean means call called known know work "
        "works happen happens way ways thing things part parts kind kinds type types form forms case cases "
        "example examples different other many much several various also often usually always never "
        "sometimes well good better best important possible first second last next new two three like rather "
        "instead however therefore since even still already every any another must should simple simply "
        "certain specific describe describes define defines defined definition represent represents contain "
        "contains consist consists include includes provide provides depend depends whole start end thus "
        "hence without within one"
    ).split()
)


class Grounding(Rule):
    """A curriculum made from a scope document has to teach what the document says. A core idea that is not in
    it was made up, or it comes from somewhere that nobody can check.

    A core idea is grounded when at least `min_share` of its content words occur anywhere in the scope
    document or the spec's `local_paths`, and at least `min_passage_share` of them in one passage of some 80
    words or more, since a long document has most words somewhere. Words are compared by the first six letters
    of their stems (Snowball); stop words and `neutral_words`, which any text may have, do not count, so a
    paraphrase passes. Where a script has no spaces, pairs of characters are compared.

    A node is reported when a core idea is not grounded: as an error when more than `max_ungrounded_share` of
    them are not, else as a warning. It is reported, as an error when it holds for all of them, when core
    ideas are what the sources say of another concept: nearly all their words are in one sentence of a section
    (or list item) that bears the title of another node, and neither the sentence nor the idea names this one,
    nor do its resources cite those lines. It is an error when not one content word of the title occurs in the
    sources or in the spec's `scope_in`.

    For a node with an `estimate_confidence` of 0.3 or less (in `strict` mode also with an open
    question) all of these are warnings, and the core ideas of all such nodes together one. It is an
    error, though, when all nodes are such and none says anything that is in the sources, which explain
    more than half of their concepts.

    It is an error when a core idea, the capability or the pass criterion states an option of a quiz question
    that the document marks as wrong: its box is not ticked, and that of another option is. As a pitfall it is
    fine.

    What an author wrote by hand (`dagogy edit`) needs no source.

    The rule is silent without a scope document and, but for quiz options, where the sources hold fewer than
    `min_words_per_node` words a node (a bare list of names grounds nothing), and about core ideas in another
    language than the sources.

    The measure `grounded` is the mean, over the nodes, of the share of their core ideas that is grounded; a
    node with a title that the sources do not know has 0. It has the weight 40.

    Bad:
        The scope document is about baking. A core idea reads "Eigenvalues measure how
        a matrix stretches space".

    Good:
        The document says "Salt tightens the gluten network and slows fermentation". The core idea reads "Salt
        slows down fermentation".

    How to fix:
        Take core ideas from what the document says of the concept, extend the document, or name the other
        source in `local_paths`. Where it says nothing, do not fill the gap: give the node an
        `estimate_confidence` of 0.3 or less and ask an open question.
    """

    class Options(RuleOptions):
        min_share: Annotated[
            float,
            Field(
                description="The share of a core idea's content words that the sources must have.", gt=0, le=1
            ),
        ] = 0.5
        min_passage_share: Annotated[
            float,
            Field(
                description="The share of a core idea's content words that one passage must have.", ge=0, le=1
            ),
        ] = 0.5
        max_ungrounded_share: Annotated[
            float,
            Field(
                description=(
                    "The share of a node's core ideas that may be ungrounded at the cost of a warning."
                ),
                ge=0,
                lt=1,
            ),
        ] = 0.5
        min_words_per_node: Annotated[
            int, Field(description="Sources with fewer words for each node are not compared with.", ge=0)
        ] = 8
        neutral_words: Annotated[
            tuple[str, ...], Field(description="Words that any text may have; they do not count.")
        ] = _NEUTRAL

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding | Measure]:
        if context.scope is None:
            return
        yield from _wrong_options(context)
        source = Source(context.sources, frozenset(options.neutral_words))
        nodes = context.nodes
        if source.length < options.min_words_per_node * len(nodes):
            return
        asked_for = source.tokens | {
            token for item in context.spec.scope_in for token in source.content(item)
        }
        sections = Sections(context.sources, nodes, source)
        comparison = _Comparison(nodes, source, sections, asked_for, context.authored, options)
        doubtful: dict[int, Sequence[int]] = {}
        grounded: dict[str, float] = {}
        for i in range(len(nodes)):
            faults = comparison.faults(i)
            grounded[nodes[i].id] = 1 if faults is None else faults.grounded(len(nodes[i].core_ideas))
            if faults is None:
                continue
            tentative = i in context.tentative
            if faults.loose and tentative:
                doubtful[i] = faults.loose
            yield from faults.findings(nodes, source, options.max_ungrounded_share, tentative)
        yield Measure("grounded", grounded, weight=40)
        explained = (
            sum(map(sections.explains, range(len(nodes)))) if len(context.tentative) == len(nodes) else 0
        )
        if 2 * explained > len(nodes) and not any(map(source.supports, nodes)):
            yield Finding(
                message=(
                    f"none of the {len(nodes)} nodes says anything that is in the scope document, which "
                    f"explains {explained} of their concepts: take core ideas from what it says of each"
                ),
                pointer="/nodes",
            )
        elif doubtful:
            yield _ungrounded_openly(doubtful, nodes)


def _wrong_options(context: RuleContext) -> Iterator[Finding]:
    wrong = WrongOptions(context.sources)
    for i, node in enumerate(context.nodes):
        texts = [(f"core_ideas/{k}", idea) for k, idea in enumerate(node.core_ideas)]
        texts += [
            ("capability", node.capability),
            ("mastery_check/pass_criteria", node.mastery_check.pass_criteria),
        ]
        for place, text in texts:
            if line := wrong.line(text):
                yield Finding(
                    message=(
                        f"'{node.id}' states as a fact what line {line} of the source marks as a wrong "
                        f"answer: '{shorten(text)}'; state the right answer, or make it a pitfall"
                    ),
                    pointer=f"/nodes/{i}/{place}",
                    node_id=node.id,
                    data={"line": line},
                )


class _Faults(NamedTuple):
    """What the sources do not bear out of the node at `position`: whether its title is `strange`, the core
    ideas that are `loose`, and those that are said of another node, with its position.
    """

    position: int
    strange: bool
    loose: Sequence[int]
    borrowed: Mapping[int, int]

    def grounded(self, ideas: int) -> float:
        """The share of the node's core ideas that the sources have; 0 where they do not know its title."""
        return 0 if self.strange else 1 - len(self.loose) / max(1, ideas)

    def findings(
        self, nodes: Sequence[Node], source: Source, max_share: float, tentative: bool
    ) -> Iterator[Finding]:
        """A finding for each; of a node that says itself that nothing supports it, `tentative`, its loose
        ideas are reported together with those of others.
        """
        i, node = self.position, nodes[self.position]
        mild = "warning" if tentative else ""
        if self.strange:
            yield Finding(
                message=(
                    f"no word of the title '{shorten(node.title)}' is in the scope document or scope_in: "
                    "name the concept as they do, or remove it"
                ),
                pointer=f"/nodes/{i}/title",
                node_id=node.id,
                severity=mild,
            )
        if self.loose and not tentative:
            is_little = len(self.loose) <= max_share * len(node.core_ideas)
            yield _ungrounded(i, node, self.loose, source, "warning" if is_little else "")
        if self.borrowed:
            is_partial = len(self.borrowed) < len(node.core_ideas)
            yield _borrowed(i, node, self.borrowed, nodes, "warning" if tentative or is_partial else "")


@dataclass(frozen=True)
class _Comparison:
    """A curriculum held against its sources. `asked_for`: the tokens that a title may have; `authored`: the
    fields that an author wrote, which need no source.
    """

    nodes: Sequence[Node]
    source: Source
    sections: Sections
    asked_for: set[str]
    authored: frozenset[tuple[str, str]]
    options: Any

    def faults(self, i: int) -> _Faults | None:
        """What is wrong with the node at `i`; None where nothing is."""
        node, source, options = self.nodes[i], self.source, self.options
        ideas = [] if (node.id, "core_ideas") in self.authored else [*enumerate(node.core_ideas)]
        loose = [
            k for k, idea in ideas if not source.grounds(idea, options.min_share, options.min_passage_share)
        ]
        strange = (node.id, "title") not in self.authored and source.strange(node.title, self.asked_for)
        borrowed = {
            k: owner
            for k, idea in ideas
            if k not in loose and (owner := self.sections.owner_of(idea, i)) >= 0
        }
        if not (strange or loose or borrowed):
            return None
        foreign = source.other_language(node)
        return _Faults(
            i,
            strange and len(foreign) < max(1, len(node.core_ideas)),
            [k for k in loose if k not in foreign],
            borrowed,
        )


def _borrowed(
    i: int, node: Node, borrowed: Mapping[int, int], nodes: Sequence[Node], severity: str
) -> Finding:
    k, owner = next(iter(borrowed.items()))
    return Finding(
        message=(
            f"{len(borrowed)} of {len(node.core_ideas)} core ideas of '{node.id}' are what the scope "
            f"document says of another concept, first '{shorten(node.core_ideas[k])}' (of "
            f"'{shorten(nodes[owner].title)}'): take them from what it says of '{shorten(node.title)}'"
        ),
        pointer=f"/nodes/{i}/core_ideas/{k}",
        node_id=node.id,
        severity=severity,
        data={"core_ideas": list(borrowed)},
    )


def _ungrounded(i: int, node: Node, loose: Sequence[int], source: Source, severity: str) -> Finding:
    idea = node.core_ideas[loose[0]]
    missing = source.missing(idea)
    why = (
        f"nothing there on {shorten(', '.join(missing))}" if missing else "its words are there, but far apart"
    )
    return Finding(
        message=(
            f"{len(loose)} of {len(node.core_ideas)} core ideas are not in the scope document, first "
            f"'{shorten(idea)}' ({why}): take them from what the document says of the concept"
        ),
        pointer=f"/nodes/{i}/core_ideas/{loose[0]}",
        node_id=node.id,
        severity=severity,
        data={"core_ideas": list(loose)},
    )


def _ungrounded_openly(doubtful: Mapping[int, Sequence[int]], nodes: Sequence[Node]) -> Finding:
    """One finding for all nodes that say that nothing supports them."""
    i, loose = next(iter(doubtful.items()))
    several = (
        f"core ideas of {len(doubtful)} nodes" if len(doubtful) > 1 else f"core ideas of '{nodes[i].id}'"
    )
    return Finding(
        message=(
            f"{several} are not in the scope document, as the low estimate_confidence admits, first "
            f"'{shorten(nodes[i].core_ideas[loose[0]])}': say more of the concepts there, or leave them out"
        ),
        pointer=f"/nodes/{i}/core_ideas/{loose[0]}",
        node_id=nodes[i].id,
        severity="warning",
        data={"nodes": [nodes[k].id for k in doubtful]},
    )
