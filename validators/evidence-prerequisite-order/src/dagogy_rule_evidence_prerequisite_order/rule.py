"""The rule `evidence.prerequisite_order`."""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Annotated

import dagogy.api
from dagogy.api.rules import Field, Finding, Fix, Measure, Rule, RuleContext
from dagogy.api.text import shorten

if TYPE_CHECKING:
    from dagogy.api.scope import ScopeEdge, ScopeReading


class PrerequisiteOrder(Rule):
    """A prerequisite that stands the wrong way round closes no cycle and breaks no other rule; the learner
    just meets things in an order in which they make no sense, and everything that builds on them follows.

    The rule goes by the evidence that is kept with the curriculum (`dagogy why RUN NODE PREREQUISITE` shows
    it). A prerequisite is a finding when a statement of the source, with a weight of at least `min_weight`,
    has it come after the node that requires it, and what has it come before weighs next to nothing beside
    that (`max_against`; a word that both share, say). Where the source speaks for both directions, or only
    general knowledge does for the other one, the rule is silent; so it is where no evidence is kept.

    The measure `order` is the share of the edges stated by the source that the curriculum keeps: both
    concepts have a node, and that of the prerequisite comes first in the order of study. It is protected: of
    the edges whose concepts both drafts have, a repair may not keep fewer.

    Bad:
        Fractions require percentages, while the source says: “A percentage is a fraction
        with the denominator 100.”

    Good:
        Percentages require fractions.

    How to fix:
        Turn the prerequisite round, or take it out. Where the curriculum is right and the source only sounds
        otherwise, say in the source what comes first ("fractions build on percentages").
    """

    class Options(dagogy.api.rules.Options):
        min_weight: Annotated[
            float, Field(description="The least weight of evidence that is clear.", gt=0, le=1)
        ] = 0.45
        max_against: Annotated[
            float,
            Field(
                description="The most that may speak for it as it stands, as a share of that weight.",
                ge=0,
                lt=1,
            ),
        ] = 0.25

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding | Measure]:
        evidence, nodes, index = context.evidence, context.nodes, context.index
        against = {
            (dependent, prerequisite): edge
            for (prerequisite, dependent), edge in evidence.items()
            if prerequisite in index.dependents[dependent]
            and _clear(edge, evidence.get((dependent, prerequisite)), options)
        }
        for (p, i), edge in sorted(against.items(), key=lambda item: item[0][::-1]):
            k, name = nodes[i].prerequisites.index(nodes[p].id), shorten(nodes[p].title)
            path = f"/nodes/{i}/prerequisites/{k}"
            yield Finding(
                message=(
                    f"'{shorten(nodes[i].title)}' requires '{name}', and the source has it the other way "
                    f"round: {_order_stated(edge)}"
                ),
                pointer=path,
                node_id=nodes[i].id,
                fix=Fix(
                    "unsafe",
                    f"remove '{nodes[p].id}'",
                    [{"op": "test", "path": path, "value": nodes[p].id}, {"op": "remove", "path": path}],
                ),
                data={"evidenced": [nodes[i].id, nodes[p].id]},
            )
        if context.reading is not None:
            yield _order(context, context.reading)


def _clear(edge: ScopeEdge, other: ScopeEdge | None, options: PrerequisiteOrder.Options) -> bool:
    """Whether the source says what `edge` says, and next to nothing of the `other` direction."""
    stated = edge.dropped in ("", "implied") and edge.quoted and edge.weight >= options.min_weight
    return stated and (other is None or other.weight <= options.max_against * edge.weight)


def _order(context: RuleContext, reading: ScopeReading) -> Measure:
    """Which of the edges that a statement of the source gives are kept; one without a
    quotation may well be turned round.
    """
    stated = {f"{e.prerequisite} -> {e.dependent}": e for e in reading.edges if e.quoted}
    node_of = context.concept_positions
    ends = {
        name: (node_of[e.prerequisite], node_of[e.dependent])
        for name, e in stated.items()
        if {e.prerequisite, e.dependent} <= node_of.keys()
    }
    place = _places(context.index.prerequisites) if ends else {}
    met = {name: a in place and b in place and place[a] < place[b] for name, (a, b) in ends.items() if a != b}
    return Measure("order", met, total=len(stated), protected=True)


def _places(prerequisites: Sequence[Sequence[int]]) -> dict[int, int]:
    """The place of each node in the order of study: a topological one that takes what is listed first
    wherever it may. What no order reaches is left out.
    """
    order = TopologicalSorter(dict(enumerate(prerequisites)))
    with contextlib.suppress(CycleError):
        order.prepare()
    ready = list(order.get_ready())
    heapq.heapify(ready)
    place: dict[int, int] = {}
    while ready:
        place[node := heapq.heappop(ready)] = len(place)
        order.done(node)
        for dependent in order.get_ready():
            heapq.heappush(ready, dependent)
    return place


def _order_stated(edge: ScopeEdge) -> str:
    """The strongest statement of the source, with its lines."""
    lines = f" (line {edge.lines[0]})" if edge.lines[0] else ""
    return f"“{shorten(edge.evidence)}”{lines}"
