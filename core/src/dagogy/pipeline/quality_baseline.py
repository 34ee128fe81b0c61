"""How much of what was asked for a draft teaches, and how much of the evidenced order it keeps: what a repair may not lower."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dagogy.api.errors import ValidationFailed
from dagogy.api.scope import ScopeReading
from dagogy.api.text import match_form
from dagogy.pipeline.evidence import positions
from dagogy.pipeline.graph import GraphIndex
from dagogy.pipeline.rule_context import RunContext

#: Share of an item's content words that one node must have for the item to count as taught.
_TAUGHT = 0.6


@dataclass(frozen=True, slots=True)
class QualityBaseline:
    """`taught`: for each item of `scope_in`, whether a node has its words. `kept`: for each evidenced edge between concepts that the draft has, whether
    the prerequisite comes first in the order of study. Both are empty for a draft that cannot be read. `edges`: how many evidenced edges there are.
    Evidenced is what a statement of the source says: an edge without a quotation may well be turned round."""

    taught: Sequence[bool] = ()
    kept: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    edges: int = 0

    @property
    def coverage(self) -> float | None:
        """The share of items that are taught; None where there is nothing to cover."""
        return round(sum(self.taught) / len(self.taught), 4) if self.taught else None

    @property
    def order(self) -> float | None:
        """The share of evidenced edges that are kept, one whose concept is missing counting as not; None where there is none."""
        return round(sum(self.kept.values()) / self.edges, 4) if self.edges else None

    def lowered_from(self, before: QualityBaseline) -> str:
        """What is lower than it was, or an empty string. Of the order only edges count whose concepts both drafts have: what a node more or less
        does is for the coverage to tell."""
        if self.taught and sum(self.taught) < sum(before.taught):
            return f"it lowers coverage from {before.coverage:g} to {self.coverage:g}"
        common = [pair for pair in before.kept if pair in self.kept]
        now, was = (sum(s.kept[pair] for pair in common) for s in (self, before))
        return f"it lowers the evidenced order from {was} to {now} of {len(common)} edges" if now < was else ""


def quality_baseline(context: RunContext, reading: ScopeReading | None) -> QualityBaseline:
    """The standing of a draft, by the spec's `scope_in` and the evidence in `reading`."""
    try:
        return (
            QualityBaseline(_taught(context), _kept(context, reading), sum(e.quoted for e in reading.edges)) if reading else QualityBaseline(_taught(context))
        )
    except ValidationFailed:
        return QualityBaseline()


def _taught(context: RunContext) -> list[bool]:
    wanted = [context.stems(item) for item in context.spec.scope_in]
    holders: dict[str, list[int]] = defaultdict(list)
    for k, stems in enumerate(wanted):
        for stem in stems:
            holders[stem].append(k)
    # An item without a content word ("C") is looked for as it is written.
    titles = {match_form(node.title) for node in context.nodes}
    taught = [not stems and match_form(item) in titles for item, stems in zip(context.spec.scope_in, wanted, strict=True)]
    for node in context.nodes:
        found: dict[int, int] = defaultdict(int)
        for stem in frozenset().union(*(context.stems(text) for text in (node.title, node.capability, *node.core_ideas))):
            for k in holders.get(stem, ()):
                found[k] += 1
        for k, count in found.items():
            taught[k] = taught[k] or count >= _TAUGHT * len(wanted[k])
    return taught


def _kept(context: RunContext, reading: ScopeReading) -> dict[tuple[str, str], bool]:
    node_of = {name: context.nodes[i].id for name, i in positions(reading.concepts, context.nodes).items()}
    place = _places(context.index)
    kept = {}
    for edge in (e for e in reading.edges if e.quoted):
        a, b = node_of.get(edge.prerequisite, ""), node_of.get(edge.dependent, "")
        if a and b and a != b:
            kept[edge.prerequisite, edge.dependent] = place.get(a, len(place)) < place.get(b, -1)
    return kept


def _places(index: GraphIndex) -> dict[str, int]:
    """The order of study: a topological one that takes what is listed first wherever it may. What no order reaches is left out."""
    waiting = [len(before) for before in index.prerequisites]
    ready = [i for i, count in enumerate(waiting) if not count]
    place: dict[str, int] = {}
    while ready:
        i = heapq.heappop(ready)
        place.setdefault(index.ids[i], len(place))
        for d in index.dependents[i]:
            waiting[d] -= 1
            if not waiting[d]:
                heapq.heappush(ready, d)
    return place
