"""dagogy incidents `provider-service`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="provider-service",
        summary="The provider is overloaded or does not answer in time.",
        api_version=1,
        impl="dagogy_incident_provider_service.classifier:ProviderService",
        incidents=("provider_overloaded", "provider_timeout"),
        circuits=(("provider_overloaded", 60.0),),
    )
