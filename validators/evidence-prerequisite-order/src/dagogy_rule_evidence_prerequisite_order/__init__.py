"""dagogy rule `evidence.prerequisite_order`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="evidence.prerequisite_order",
        summary="No prerequisite stands the other way round than the evidence says.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_evidence_prerequisite_order.rule:PrerequisiteOrder",
        groups=("evidence",),
        requires=("schema.curriculum",),
    )
