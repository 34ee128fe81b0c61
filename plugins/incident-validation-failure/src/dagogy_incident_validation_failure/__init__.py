"""dagogy incidents `validation-failure`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, Escalation, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="validation-failure",
        summary="The validator ran, and the artifact did not pass.",
        api_version=1,
        impl="dagogy_incident_validation_failure.classifier:ValidationFailure",
        incidents=("validation_failure",),
        escalations=(Escalation(summary="deterministic validator failures: the same finding again", incidents=("validation_failure",), same=True),),
    )
