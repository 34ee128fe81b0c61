"""dagogy rule `schema.topic_spec`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="schema.topic_spec",
        summary="The topic spec meets its schema.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_schema_topic_spec.rule:SchemaTopicSpec",
        groups=("schema", "spec"),
    )
