"""dagogy incidents `stale-artifacts`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="stale-artifacts",
        summary="Artifacts are older than what they were made from.",
        api_version=1,
        impl="dagogy_incident_stale_artifacts.classifier:StaleArtifacts",
        incidents=("stale_artifacts",),
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="rerun-stages",
        summary="Runs validate, plan and iterate, in this order.",
        api_version=1,
        impl="dagogy_incident_stale_artifacts.actions:RerunStages",
        incidents=("stale_artifacts",),
        safety="safe",
        order=10,
    )
