"""dagogy incidents `stage-conflict`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="stage-conflict",
        summary="The run is not at the stage that the command starts from.",
        api_version=1,
        impl="dagogy_incident_stage_conflict.classifier:StageConflict",
        incidents=("stage_conflict",),
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="run-missing-stages",
        summary="Runs the validation and the plan that the command starts from.",
        api_version=1,
        impl="dagogy_incident_stage_conflict.actions:RunMissingStages",
        incidents=("stage_conflict",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="read-kept-scope",
        summary="Runs again with the scope document that is in the run already.",
        api_version=1,
        impl="dagogy_incident_stage_conflict.actions:ReadKeptScope",
        incidents=("stage_conflict",),
        safety="safe",
        order=20,
    )
    yield RecoveryInfo(
        id="finish-topic-spec",
        summary="Lists what is missing in the topic spec, and offers a scope file instead.",
        api_version=1,
        impl="dagogy_incident_stage_conflict.actions:FinishTopicSpec",
        incidents=("stage_conflict",),
        safety="manual",
        order=90,
    )
