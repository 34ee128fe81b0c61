"""dagogy incidents `validation-failure`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, Escalation, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="validation-failure",
        summary="The validator ran, and the artifact did not pass.",
        api_version=1,
        impl="dagogy_incident_validation_failure.classifier:ValidationFailure",
        incidents=("validation_failure",),
        escalations=(
            Escalation(
                summary="deterministic validator failures: the same finding again",
                incidents=("validation_failure",),
                same=True,
            ),
        ),
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="fix-findings",
        summary="Applies the fixes of the rules that keep the meaning.",
        api_version=1,
        impl="dagogy_incident_validation_failure.actions:FixFindings",
        incidents=("validation_failure",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="fix-findings-unsafely",
        summary="Applies the fixes of the rules that change the meaning as well.",
        api_version=1,
        impl="dagogy_incident_validation_failure.actions:FixFindingsUnsafely",
        incidents=("validation_failure",),
        safety="unsafe",
        reason="it changes what the curriculum says: prerequisites and concepts may go",
        order=30,
    )
    yield RecoveryInfo(
        id="regenerate",
        summary="Generates the curriculum again, with twice as many rounds to fix the findings.",
        api_version=1,
        impl="dagogy_incident_validation_failure.actions:Regenerate",
        incidents=("validation_failure",),
        safety="unsafe",
        reason="it replaces the curriculum, and asking a provider may cost money",
        order=50,
    )
    yield RecoveryInfo(
        id="read-report",
        summary="Shows the first findings and where to read the rest.",
        api_version=1,
        impl="dagogy_incident_validation_failure.actions:ReadReport",
        incidents=("validation_failure",),
        safety="manual",
        order=90,
    )
