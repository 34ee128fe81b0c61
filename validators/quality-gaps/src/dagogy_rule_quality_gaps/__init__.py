"""dagogy rule `quality.gaps`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.gaps",
        summary="What a node leaves to its author is reported, as seriously as the evidence mode asks.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_quality_gaps.rule:Gaps",
        groups=("quality",),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
