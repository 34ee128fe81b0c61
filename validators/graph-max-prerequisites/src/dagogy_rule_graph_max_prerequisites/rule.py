"""The rule `graph.max_prerequisites`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.rules import Options as BaseOptions


class MaxPrerequisites(Rule):
    """A node that needs very many others directly is hard to place in a plan and mostly hides a step in
    between: a concept that brings some of them together and has no node yet. The limit is
    `constraints.max_prerequisites_per_node` of the topic spec; where the spec sets none, the option `max`.
    Only direct prerequisites count, each once.

    Bad:
        `web-shop` requires `html`, `css`, `forms`, `http`, `sql`, `sessions`, `payments` and `deployment`.

    Good:
        `web-shop` requires `web-pages`, `server-side-state` and `payments`, and these require the rest.

    How to fix:
        Drop prerequisites that others of the list already imply, then look for the step in between and make
        it a node. Or raise the limit in the topic spec.
    """

    class Options(BaseOptions):
        max: Annotated[
            int,
            Field(
                description="How many prerequisites a node may have where the topic spec sets no limit.", ge=1
            ),
        ] = 6

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        given = context.spec.constraints.max_prerequisites_per_node
        limit = given if isinstance(given, int) else options.max
        origin = "the topic spec allows" if isinstance(given, int) else "at most"
        for i, node in enumerate(context.nodes):
            if len(node.prerequisites) <= limit:
                continue
            count = len(set(node.prerequisites))
            if count > limit:
                yield Finding(
                    message=(
                        f"'{node.id:.60}' has {count} direct prerequisites, {origin} {limit}; drop implied "
                        "ones or put a node in between"
                    ),
                    pointer=f"/nodes/{i}/prerequisites",
                    node_id=node.id,
                    data={"count": count, "limit": limit},
                )
