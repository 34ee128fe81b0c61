"""dagogy rule `graph.redundant_prerequisites`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.redundant_prerequisites",
        summary="No prerequisite is already implied by another one of the node.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_graph_redundant_prerequisites.rule:RedundantPrerequisites",
        groups=("graph",),
        requires=("schema.curriculum", "graph.acyclic", "graph.prerequisite_integrity"),
    )
