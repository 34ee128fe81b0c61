"""dagogy rule `quality.gaps`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.gaps",
        summary="No field of a node waits for an author.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_gaps.rule:Gaps",
        groups=("quality", "content"),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
