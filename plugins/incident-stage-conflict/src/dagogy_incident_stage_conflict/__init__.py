"""dagogy incidents `stage-conflict`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="stage-conflict",
        summary="The run is not at the stage that the command starts from.",
        api_version=1,
        impl="dagogy_incident_stage_conflict.classifier:StageConflict",
        incidents=("stage_conflict",),
    )
