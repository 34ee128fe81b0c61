"""dagogy rule `graph.total_hours`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.total_hours",
        summary="The estimates add up to the hours that the topic spec allows.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_graph_total_hours.rule:TotalHours",
        groups=("graph", "size"),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
