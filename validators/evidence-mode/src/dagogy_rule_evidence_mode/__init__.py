"""dagogy rule `evidence.mode`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="evidence.mode",
        summary="Each node has the evidence that the spec's evidence mode asks for.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_evidence_mode.rule:EvidenceMode",
        groups=("evidence",),
        requires=("schema.curriculum", "schema.topic_spec"),
    )
