"""dagogy rule `quality.scope_out`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.scope_out",
        summary="No node teaches what scope_out excludes.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_scope_out.rule:ScopeOut",
        groups=("quality", "scope"),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
