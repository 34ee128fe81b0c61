"""dagogy rule `graph.acyclic`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="graph.acyclic",
        summary="No node is, through others, its own prerequisite.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_graph_acyclic.rule:Acyclic",
        groups=("graph",),
        requires=("schema.curriculum",),
    )
