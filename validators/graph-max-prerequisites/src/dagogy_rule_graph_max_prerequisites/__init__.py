"""dagogy rule `graph.max_prerequisites`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.max_prerequisites",
        summary="No node has more direct prerequisites than the topic spec allows.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_graph_max_prerequisites.rule:MaxPrerequisites",
        groups=("graph",),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
