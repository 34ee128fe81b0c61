"""dagogy rule `quality.concept_title`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.concept_title",
        summary="A title names a concept: no sentence, markup, heading, date or administration.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_quality_concept_title.rule:ConceptTitle",
        groups=("quality", "content"),
        requires=("schema.curriculum",),
    )
