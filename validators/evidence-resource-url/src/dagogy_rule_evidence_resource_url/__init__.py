"""dagogy rule `evidence.resource_url`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="evidence.resource_url",
        summary="Each resource has a URL that can be followed.",
        severity="error",
        api_version=1,
        impl="dagogy_rule_evidence_resource_url.rule:ResourceUrl",
        groups=("evidence",),
        requires=("schema.curriculum",),
    )
