"""The rule `schema.unique_ids`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagogy.api.rules import Finding, Fix, Rule, RuleContext


class UniqueIds(Rule):
    """Prerequisites, the plan and the diff find a node by its id. If two nodes share one, nobody can say
    which is meant. Ids that differ only in upper and lower case are refused as well: people mix them up, and
    files named after them overwrite each other on many systems. (Ids that differ in Unicode form cannot
    occur: the schema allows ASCII only.) Each later node is reported with the first that has the id.

    Bad:
        Two nodes with the id `gluten`, or one `gluten` and one `Gluten`.

    Good:
        `gluten` and `gluten-network`.

    How to fix:
        Rename the later node, and the id in the prerequisites of those that build on it. If the two nodes are
        the same in every field, the later one is a copy: the safe fix removes it.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        nodes = context.nodes
        folded = [node.id.lower() for node in nodes]
        if len(set(folded)) == len(folded):
            return
        exact: dict[str, int] = {}
        by_fold: dict[str, int] = {}
        for i, key in enumerate(folded):
            node = nodes[i]
            first = exact.setdefault(node.id, i)
            if first == i:
                first = by_fold.setdefault(key, i)
            else:
                by_fold.setdefault(key, i)
            if first == i:
                continue
            other = nodes[first]
            how = "is taken" if other.id == node.id else f"differs only in case from '{other.id:.60}'"
            yield Finding(
                message=(
                    f"id '{node.id:.60}' {how} by node {first} ({other.title!r:.60}); each node needs an id "
                    "of its own"
                ),
                pointer=f"/nodes/{i}/id",
                node_id=node.id,
                fix=_removal(context, i, first) if other == node else None,
                data={"first": first},
            )


def _removal(context: RuleContext, later: int, first: int) -> Fix:
    pointer = f"/nodes/{later}"
    patch = [
        {"op": "test", "path": pointer, "value": context.document["nodes"][later]},
        {"op": "remove", "path": pointer},
    ]
    return Fix("safe", f"remove the exact copy of node {first}", patch)
