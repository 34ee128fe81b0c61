"""dagogy rule `quality.resource_relevance`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.resource_relevance",
        summary="Each node has a resource that has to do with it.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_quality_resource_relevance.rule:ResourceRelevance",
        groups=("quality", "evidence"),
        requires=("schema.curriculum",),
    )
