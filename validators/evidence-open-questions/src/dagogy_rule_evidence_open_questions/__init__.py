"""dagogy rule `evidence.open_questions`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="evidence.open_questions",
        summary="Open questions are listed where the mode is strict, and name nodes that exist.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_evidence_open_questions.rule:OpenQuestions",
        groups=("evidence",),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
