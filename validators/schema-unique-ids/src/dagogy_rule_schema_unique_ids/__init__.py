"""dagogy rule `schema.unique_ids`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="schema.unique_ids",
        summary="No two nodes have the same id, or ids that differ in case alone.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_schema_unique_ids.rule:UniqueIds",
        groups=("schema",),
        requires=("schema.curriculum",),
    )
