"""dagogy rule `graph.prerequisite_integrity`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.prerequisite_integrity",
        summary="Prerequisites name other nodes of the curriculum, each once.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_graph_prerequisite_integrity.rule:PrerequisiteIntegrity",
        groups=("graph",),
        requires=("schema.curriculum",),
    )
