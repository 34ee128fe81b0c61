"""dagogy rule `schema.curriculum`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="schema.curriculum",
        summary="The curriculum meets its schema.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_schema_curriculum.rule:SchemaCurriculum",
        groups=("schema",),
    )
