"""dagogy rule `quality.distinct_nodes`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.distinct_nodes",
        summary="No node repeats another in other words.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_distinct_nodes.rule:DistinctNodes",
        groups=("quality", "content"),
        requires=("schema.curriculum",),
    )
