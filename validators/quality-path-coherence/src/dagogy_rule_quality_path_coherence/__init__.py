"""dagogy rule `quality.path_coherence`."""

from collections.abc import Iterator

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules() -> Iterator[RuleInfo]:
    yield RuleInfo(
        id="quality.path_coherence",
        summary="The workload grows in steps, and advanced work has something to build on.",
        severity="warning",
        api_version=1,
        impl="dagogy_rule_quality_path_coherence.rule:PathCoherence",
        groups=("quality", "graph"),
        requires=("schema.curriculum", "graph.acyclic", "graph.prerequisite_integrity"),
    )
