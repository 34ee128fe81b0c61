"""dagogy rule `graph.chain_evidence`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.chain_evidence",
        summary="A curriculum is a chain only where something speaks for it.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_graph_chain_evidence.rule:ChainEvidence",
        groups=("graph",),
        requires=("schema.curriculum", "graph.acyclic", "graph.prerequisite_integrity"),
    )
