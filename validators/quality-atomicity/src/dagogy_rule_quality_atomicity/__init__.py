"""dagogy rule `quality.atomicity`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.atomicity",
        summary="A node teaches one capability.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_quality_atomicity.rule:Atomicity",
        groups=("quality", "structure"),
        requires=("schema.curriculum",),
    )
