"""The rule `quality.time_granularity`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import dagogy.api
from dagogy.api.rules import Field, Finding, Rule, RuleContext


class TimeGranularity(Rule):
    """A week plan is only as good as the estimates in it. A node of two minutes is a remark, not something to
    learn; a node of several days hides steps that nobody can plan; and when every node takes exactly the same
    time, nobody has estimated.

    The rule checks each node's `estimate_minutes` against a least and a greatest value, both allowed
    themselves, and, in a curriculum that is not tiny, whether all estimates are the same number. Fractions of
    a minute are fine.

    Bad:
        Twelve nodes, each of 60 minutes. Or: `Tides` with 2 minutes, `Navigation` with 2400.

    Good:
        `Tides` with 45 minutes, `Dead reckoning` with 90, `Plotting a fix` with 120.

    How to fix:
        Add up what the learner does: reading, trying, the mastery task. Merge a node that is too small into
        the one it prepares, split one that is too large at its capabilities. If nodes of a day are usual in
        your field, raise `max_minutes`.
    """

    class Options(dagogy.api.rules.Options):
        min_minutes: Annotated[float, Field(description="The least minutes that a node may take.", ge=0)] = 5
        max_minutes: Annotated[float, Field(description="The most minutes that a node may take.", gt=0)] = 480
        min_nodes: Annotated[
            int,
            Field(description="From how many nodes on a single estimate for all of them is a finding.", ge=2),
        ] = 8

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding]:
        low, high = options.min_minutes, options.max_minutes
        estimates = [node.estimate_minutes for node in context.nodes]
        # Three passes in C; the loop runs only where there is something to report.
        if estimates and (min(estimates) < low or max(estimates) > high):
            yield from self._implausible(context, estimates, options)
        if len(estimates) >= options.min_nodes and len(set(estimates)) == 1:
            yield Finding(
                message=(
                    f"all {len(estimates)} nodes have the same estimate of {estimates[0]:g} minutes; "
                    "estimate each from what the learner does in it"
                ),
                pointer="/nodes/0/estimate_minutes",
                data={"minutes": estimates[0], "nodes": len(estimates)},
            )

    @staticmethod
    def _implausible(context: RuleContext, estimates: Sequence[float], options: Options) -> Iterator[Finding]:
        for i, minutes in enumerate(estimates):
            if minutes < options.min_minutes:
                wanted = (
                    f"at least {options.min_minutes:g} are wanted; merge it into the node it prepares, or "
                    "estimate anew"
                )
            elif minutes > options.max_minutes:
                wanted = f"at most {options.max_minutes:g} are wanted; split it, or estimate anew"
            else:
                continue
            node_id = context.nodes[i].id
            yield Finding(
                message=f"node '{node_id}' takes {minutes:g} minutes; {wanted}",
                pointer=f"/nodes/{i}/estimate_minutes",
                node_id=node_id,
            )
