"""dagogy incidents `run-metadata`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="run-metadata",
        summary="The run's metadata cannot be read, or is of another schema.",
        api_version=1,
        impl="dagogy_incident_run_metadata.classifier:RunMetadata",
        incidents=("invalid_run_metadata",),
    )
