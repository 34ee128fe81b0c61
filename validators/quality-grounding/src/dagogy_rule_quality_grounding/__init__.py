"""dagogy rule `quality.grounding`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.grounding",
        summary="Core ideas and titles are found in the scope document.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_grounding.rule:Grounding",
        groups=("quality", "scope", "evidence"),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
