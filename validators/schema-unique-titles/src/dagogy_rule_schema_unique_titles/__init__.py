"""dagogy rule `schema.unique_titles`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="schema.unique_titles",
        summary="No two nodes have the same title.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_schema_unique_titles.rule:UniqueTitles",
        groups=("schema",),
        requires=("schema.curriculum",),
    )
