"""dagogy rule `quality.node_content`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.node_content",
        summary="Every text of a node says something: no blank, placeholder, repeated idea or bare title.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_node_content.rule:NodeContent",
        groups=("quality", "content"),
        requires=("schema.curriculum",),
    )
