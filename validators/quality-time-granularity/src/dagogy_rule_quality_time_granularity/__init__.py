"""dagogy rule `quality.time_granularity`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.time_granularity",
        summary="Estimates are plausible for one sitting or a few, and not all the same.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_quality_time_granularity.rule:TimeGranularity",
        groups=("quality", "time"),
        requires=("schema.curriculum",),
    )
