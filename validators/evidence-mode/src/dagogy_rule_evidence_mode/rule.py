"""The rule `evidence.mode`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagogy.api.documents import Node
from dagogy.api.rules import Finding, Rule, RuleContext


class EvidenceMode(Rule):
    """Where does the learner find what a node teaches, and how sure is its author? The topic spec's
    `evidence_mode` says how much of that each node owes. `minimal`: at least one resource. `standard`: at
    least two, one with the role `definition` and one with the role `example`. `strict`: moreover a citation
    (the edition, section or lines) on every resource and an `estimate_confidence` on every node.

    Bad:
        In `standard` mode a node whose two resources both have the role `reference`.

    Good:
        A textbook section as `definition` and a worked exercise as `example`; in `strict` mode each with a
        citation such as "2nd edition, section 3.1", and `"estimate_confidence": 0.7` on the node.

    How to fix:
        Add the resource, citation or confidence that the finding names. If the sources for it do not exist,
        choose a weaker mode in the topic spec.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        mode = context.spec.evidence_mode
        minimal, strict = mode == "minimal", mode == "strict"
        for i, node in enumerate(context.nodes):
            resources = node.resources
            if minimal:
                if not resources and node.gap("resources") is None:
                    yield Finding(
                        f"'{node.id:.60}' has no resource; evidence mode minimal wants at least one; add a "
                        "link or a reference to the node, or to its section of the source",
                        f"/nodes/{i}/resources",
                        node.id,
                    )
                continue
            # What is declared to be open is told by the rule for gaps.
            if node.gap("resources") is None and not (
                len(resources) >= 2 and resources[0].role == "definition" and resources[1].role == "example"
            ):
                yield from _roles(i, node, mode)
            if strict:
                yield from _strict(i, node)


def _roles(i: int, node: Node, mode: str) -> Iterator[Finding]:
    """Having both roles takes two resources, so the number need not be judged by itself."""
    have = {resource.role for resource in node.resources}
    missing = [f"one with the role '{role}'" for role in ("definition", "example") if role not in have]
    if missing:
        count = len(node.resources)
        yield Finding(
            f"'{node.id:.60}' has {count or 'no'} resource{'s' * (count != 1)}; evidence mode {mode} wants "
            f"at least two, and here {' and '.join(missing)} is missing: add it to the node or its section "
            "in the source, or set `evidence_mode: minimal`, which wants one resource",
            f"/nodes/{i}/resources",
            node.id,
        )


def _strict(i: int, node: Node) -> Iterator[Finding]:
    for j, resource in enumerate(node.resources):
        if not resource.citation.strip():
            yield Finding(
                f"resource {resource.title!r:.60} of '{node.id:.60}' has no citation; evidence mode strict "
                "wants one: add a section or page, or set `evidence_mode: standard`",
                f"/nodes/{i}/resources/{j}",
                node.id,
            )
    if not isinstance(node.estimate_confidence, int | float):
        yield Finding(
            f"'{node.id:.60}' has no estimate_confidence; evidence mode strict wants a number from 0 to 1: "
            "add it, or set `evidence_mode: standard`",
            f"/nodes/{i}",
            node.id,
        )
