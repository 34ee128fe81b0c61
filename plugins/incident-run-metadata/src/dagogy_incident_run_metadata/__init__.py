"""dagogy incidents `run-metadata`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="run-metadata",
        summary="The run's metadata cannot be read, or is of another schema.",
        api_version=1,
        impl="dagogy_incident_run_metadata.classifier:RunMetadata",
        incidents=("invalid_run_metadata",),
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="fresh-run",
        summary="Archives the run, makes a fresh one, puts the inputs back and compiles it.",
        api_version=1,
        impl="dagogy_incident_run_metadata.actions:FreshRun",
        incidents=("invalid_run_metadata",),
        safety="unsafe",
        reason="it makes another run with an id of its own, and asking a provider may cost money",
        order=50,
    )
    yield RecoveryInfo(
        id="fresh-run-by-hand",
        summary="Gives the commands that archive the run and make a fresh one.",
        api_version=1,
        impl="dagogy_incident_run_metadata.actions:FreshRunByHand",
        incidents=("invalid_run_metadata",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="rebuild-metadata",
        summary="Recreates run.json from the rest of the run, and keeps a copy.",
        api_version=1,
        impl="dagogy_incident_run_metadata.actions:RebuildMetadata",
        incidents=("invalid_run_metadata",),
        safety="unsafe",
        reason="the run's history and what its artifacts were made from are lost",
        order=60,
    )
