"""dagogy rule `quality.mastery_check`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.mastery_check",
        summary=(
            "The mastery task asks for something to do, and its criterion lets others tell pass from fail."
        ),
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_mastery_check.rule:MasteryCheck",
        groups=("quality", "assessment"),
        requires=("schema.curriculum",),
    )
