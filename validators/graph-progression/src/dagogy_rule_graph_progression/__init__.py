"""dagogy rule `graph.progression`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.progression",
        summary="Nodes build on each other, in chains as long as the size lets one expect.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_graph_progression.rule:Progression",
        groups=("graph",),
        requires=("schema.curriculum", "graph.acyclic", "graph.prerequisite_integrity"),
    )
