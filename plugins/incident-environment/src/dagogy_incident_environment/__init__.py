"""dagogy incidents `environment`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="environment",
        summary="The machine, the Python environment or the command line is not what dagogy needs.",
        api_version=1,
        impl="dagogy_incident_environment.classifier:Environment",
        incidents=("environment_incompatible", "out_of_memory", "interrupted", "cli_usage_error"),
    )
