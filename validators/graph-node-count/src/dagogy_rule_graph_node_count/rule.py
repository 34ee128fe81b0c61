"""The rule `graph.node_count`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagogy.api.rules import Finding, Rule, RuleContext


class NodeCount(Rule):
    """Whoever wrote the topic spec may have said how fine the curriculum shall be:
    `constraints.node_count_min` and `constraints.node_count_max`. Too few nodes means that concepts are
    lumped together, too many that they are cut up or that the scope has grown. Where the spec sets no limits,
    any number is right but none: a curriculum has at least one node.

    Bad:
        31 nodes where the spec says `"node_count_max": 30`.

    Good:
        30 nodes.

    How to fix:
        With too many, merge nodes that are always studied together, or leave out what `scope_in` does not ask
        for. With too few, split nodes that teach several things. Or change the limits in the topic spec.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        limits = context.spec.constraints
        low = limits.node_count_min if isinstance(limits.node_count_min, int) else 1
        high = limits.node_count_max if isinstance(limits.node_count_max, int) else None
        count = len(context.nodes)
        if low <= count and (high is None or count <= high):
            return
        if count == 0:
            message = f"the curriculum has no nodes; at least {low} wanted"
        elif count < low:
            message = (
                f"the curriculum has {count} node{'s' * (count > 1)}, the topic spec wants at least {low} "
                f"(node_count_min): {low - count} more"
            )
        else:
            message = (
                f"the curriculum has {count} node{'s' * (count > 1)}, the topic spec allows {high} "
                f"(node_count_max): {count - (high or 0)} too many"
            )
        yield Finding(message, "/nodes", data={"count": count, "min": low, "max": high})
