"""The rule `graph.total_hours`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.rules import Options as BaseOptions

# Sums of fractions of a minute are rounded in binary; a millionth of an hour is nobody's concern.
_ROUNDING = 1e-6


class TotalHours(Rule):
    """The topic spec says how many hours the learner has. The sum of `estimate_minutes` over all nodes,
    divided by 60, must lie between `total_hours_min` and `total_hours_max`, each stretched by the share
    `tolerance`. The finding says by which factor the estimates are off.

    Bad:
        Nodes of 50 hours in all where the spec says `"total_hours_min": 20, "total_hours_max": 40`.

    Good:
        Nodes of 36 hours in all.

    How to fix:
        First look for nodes whose estimate is plainly wrong, then for nodes that can go or are missing. If
        the estimates are right, the spec is not: change its hours.
    """

    class Options(BaseOptions):
        tolerance: Annotated[
            float,
            Field(
                description="The share by which the sum may lie outside the range of the topic spec.",
                ge=0,
                le=1,
            ),
        ] = 0.0

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        if not context.nodes:
            return  # graph.node_count says so
        limits = context.spec.constraints
        low, high = limits.total_hours_min, limits.total_hours_max
        minutes = sum([node.estimate_minutes for node in context.nodes])
        hours = minutes / 60
        if low * (1 - options.tolerance) - _ROUNDING <= hours <= high * (1 + options.tolerance) + _ROUNDING:
            return
        factor = (low if hours < low else high) * 60 / minutes
        side, limit = ("at least", low) if hours < low else ("at most", high)
        within = f", give or take {options.tolerance:.0%}" if options.tolerance else ""
        yield Finding(
            message=(
                f"the estimates add up to {_shown(hours)} h, the topic spec wants {_shown(low)} to "
                f"{_shown(high)} h{within}; for {side} {_shown(limit)} h they would have to change by the "
                f"factor {factor:.3g}"
            ),
            pointer="/nodes",
            data={"hours": hours, "min": low, "max": high, "factor": factor},
        )


def _shown(hours: float) -> str:
    """At most two decimal places, and no more than needed; very large numbers with an exponent."""
    return f"{hours:.3g}" if hours >= 1e9 or hours < 0.01 else f"{hours:.2f}".rstrip("0").rstrip(".")
