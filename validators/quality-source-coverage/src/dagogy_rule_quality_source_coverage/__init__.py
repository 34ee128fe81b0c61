"""dagogy rule `quality.source_coverage`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.source_coverage",
        summary="The rows of the source's topic table, or the items of its main list, are used.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_quality_source_coverage.rule:SourceCoverage",
        groups=("quality", "scope"),
        requires=("schema.curriculum",),
    )
