"""dagogy rule `quality.repetition`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.repetition",
        summary="No template text is repeated over the nodes.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_repetition.rule:Repetition",
        groups=("quality", "content"),
        requires=("schema.curriculum",),
    )
