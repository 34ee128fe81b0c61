"""dagogy rule `graph.reachability`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.reachability",
        summary="Most nodes are linked to others, so that paths of study exist.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_graph_reachability.rule:Reachability",
        groups=("graph",),
        requires=("schema.curriculum", "graph.acyclic", "graph.prerequisite_integrity"),
    )
