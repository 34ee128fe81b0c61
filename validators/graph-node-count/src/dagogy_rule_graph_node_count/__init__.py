"""dagogy rule `graph.node_count`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.node_count",
        summary="The number of nodes lies within the limits of the topic spec.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_graph_node_count.rule:NodeCount",
        groups=("graph", "size"),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
