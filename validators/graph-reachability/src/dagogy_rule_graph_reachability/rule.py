"""The rule `graph.reachability`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.rules import Options as BaseOptions


class Reachability(Rule):
    """A learner starts at the nodes without prerequisites and goes on to what builds on them. In a curriculum
    whose prerequisites exist and make no cycle (the two rules that this one waits for) every node can be
    reached that way; what is left to fear is that there is no way to speak of: nodes that build on nothing
    and on which nothing builds. A few of them are sound, as a safety lesson in a cookery course is. If they
    are most of the curriculum, it is a list of topics and not yet a path, so one finding says how many stand
    alone. A curriculum without any prerequisite at all is left to `graph.progression`.

    Bad:
        Ten nodes, of which `b` requires `a` and the other eight neither require anything nor are required.

    Good:
        Ten nodes in three chains that start at different roots.

    How to fix:
        Ask of each lone node what a learner must know before it, and what it makes possible. Add those
        prerequisites. Drop the node if it serves nothing in the curriculum.
    """

    class Options(BaseOptions):
        min_nodes: Annotated[int, Field(description="Curricula with fewer nodes are not checked.", ge=2)] = 8
        max_isolated_share: Annotated[
            float, Field(description="The share of nodes that may stand alone.", ge=0, le=1)
        ] = 0.5

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        index = context.index
        count = len(index.ids)
        if count < options.min_nodes:
            return
        alone = [
            i
            for i, (before, after) in enumerate(zip(index.prerequisites, index.dependents, strict=True))
            if not before and not after
        ]
        if len(alone) == count or len(alone) <= options.max_isolated_share * count:
            return
        shown = ", ".join(f"'{index.ids[i]:.60}'" for i in alone[:5]) + (" …" if len(alone) > 5 else "")
        yield Finding(
            message=(
                f"{len(alone)} of {count} nodes have no prerequisite and no dependent ({shown}); at most "
                f"{options.max_isolated_share:.0%} may stand alone"
            ),
            pointer="/nodes",
            data={"isolated": [index.ids[i] for i in alone]},
        )
