"""dagogy rule `quality.scope_coverage`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.scope_coverage",
        summary="Each item of scope_in is taught by some node.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_scope_coverage.rule:ScopeCoverage",
        groups=("quality", "scope"),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
