"""The rule `graph.progression`."""

from __future__ import annotations

from collections.abc import Iterator
from math import log2
from typing import Annotated, Any

from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.rules import Options as BaseOptions


class Progression(Rule):
    """In a curriculum things build on each other. If no node has a prerequisite, nothing says in which order
    to study; if the longest chain is very short for so many nodes, most of the order is probably missing. A
    field that is cut in two again and again has chains of about log2 of its size, so that is the measure: the
    longest chain, counted in nodes, must reach `min_depth_factor` × log2(number of nodes). With the default
    of 0.4 that asks for 3 nodes in a row from 33 nodes on, for 4 from 182 on and for 7 at 100,000: far less
    than real curricula have, and more than a list has.

    Bad:
        Forty nodes that all require `introduction` and nothing else.

    Good:
        Forty nodes in which `introduction` leads to `variables`, that to `loops`, and that to `sorting`.

    How to fix:
        For each pair of neighbours ask whether the second can be understood without the first, and add a
        prerequisite where it cannot.
    """

    class Options(BaseOptions):
        min_nodes: Annotated[int, Field(description="Curricula with fewer nodes are not checked.", ge=2)] = 6
        min_depth_factor: Annotated[
            float,
            Field(
                description=(
                    "The longest chain has at least this many nodes for each doubling of the size; 0 asks "
                    "for none."
                ),
                ge=0,
            ),
        ] = 0.4

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        index = context.index
        count = len(index.ids)
        if count < options.min_nodes:
            return
        longest = max(index.depth) + 1
        wanted = options.min_depth_factor * log2(count)
        if longest == 1:
            yield Finding(
                f"none of the {count} nodes has a prerequisite, so nothing says in which order to study; add "
                "what each one builds on",
                "/nodes",
            )
        elif longest < wanted:
            last = index.ids[index.depth.index(longest - 1)]
            yield Finding(
                f"the longest chain of prerequisites among {count} nodes has {longest} (it ends in "
                f"'{last:.60}'); at least {wanted:.1f} are wanted ({options.min_depth_factor:g} × log2 of "
                "the nodes)",
                "/nodes",
                data={"longest": longest, "wanted": wanted},
            )
