"""dagogy incidents `stale-artifacts`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="stale-artifacts",
        summary="Artifacts are older than what they were made from.",
        api_version=1,
        impl="dagogy_incident_stale_artifacts.classifier:StaleArtifacts",
        incidents=("stale_artifacts",),
    )
