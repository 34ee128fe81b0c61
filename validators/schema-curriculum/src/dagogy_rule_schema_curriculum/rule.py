"""The rule `schema.curriculum`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagogy.api.errors import DagogyError
from dagogy.api.rules import Finding, Rule, RuleContext


class SchemaCurriculum(Rule):
    """Every other rule, the plan and the exporters rely on the shape of the curriculum, so that is judged
    first. The document is held against its JSON Schema (`dagogy schema curriculum` prints it) and every
    departure is reported, each with its place: missing and unknown keys, wrong types, empty texts, fewer than
    two core ideas, no pitfall, an estimate that is not above zero, an id with characters other than letters,
    digits, `-` and `_`. JSON that cannot be parsed, or has a key twice, is reported as well.

    Bad:
        `{"id": "yeast cells", "core_ideas": ["They are alive."], "estimate_minutes": 0, ...}`

    Good:
        `{"id": "yeast-cells", "core_ideas": ["They are alive.", "They feed on sugar."],
        "estimate_minutes": 45, ...}`

    How to fix:
        Go to the place that the finding names and put there what it asks for. For an unknown key the nearest
        known one is named; keys of your own are not allowed.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        problems = context.schema_problems("curriculum")
        nodes = _raw_nodes(context) if any(p.pointer.startswith("/nodes/") for p in problems) else ()
        for problem in problems:
            parts = problem.pointer.split("/")[1:]
            node_id = _id_at(nodes, parts)
            inside = parts[2:] if node_id is not None else parts
            # Messages such as "must not be empty" do not say what; those about keys do.
            place = ".".join(inside) + ": " if inside and f"'{inside[-1]}'" not in problem.message else ""
            hint = f" ({problem.hint})" if problem.hint else ""
            yield Finding(
                message=f"{place:.80}{' '.join(problem.message.split()):.300}{hint}",
                pointer=problem.pointer,
                node_id=node_id,
                data={"keyword": problem.keyword},
            )


def _raw_nodes(context: RuleContext) -> Sequence[Any]:
    try:
        nodes = context.document["nodes"]
    except (DagogyError, KeyError, TypeError):
        return ()
    return nodes if isinstance(nodes, list) else ()


def _id_at(nodes: Sequence[Any], parts: Sequence[str]) -> str | None:
    """The id of the node that the pointer leads into, if it has one that is text."""
    if len(parts) < 2 or parts[0] != "nodes" or not parts[1].isdecimal() or int(parts[1]) >= len(nodes):
        return None
    node = nodes[int(parts[1])]
    node_id = node.get("id") if isinstance(node, dict) else None
    return node_id if isinstance(node_id, str) else None
