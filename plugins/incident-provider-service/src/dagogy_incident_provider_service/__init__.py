"""dagogy incidents `provider-service`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="provider-service",
        summary="The provider is overloaded or does not answer in time.",
        api_version=1,
        impl="dagogy_incident_provider_service.classifier:ProviderService",
        incidents=("provider_overloaded", "provider_timeout", "model_server_failed"),
        circuits=(("provider_overloaded", 60.0),),
        service=True,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="back-off",
        summary="Waits a little longer each time, and tries again.",
        api_version=1,
        impl="dagogy_incident_provider_service.actions:BackOff",
        incidents=("provider_overloaded",),
        safety="safe",
        order=10,
        times=3,
    )
    yield RecoveryInfo(
        id="wait-out-outage",
        summary="Names the status page, and the request id to report.",
        api_version=1,
        impl="dagogy_incident_provider_service.actions:WaitOutOutage",
        incidents=("provider_overloaded",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="split-work",
        summary="Says how to ask for less at a time.",
        api_version=1,
        impl="dagogy_incident_provider_service.actions:SplitWork",
        incidents=("provider_timeout",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="mend-model-server",
        summary="Says how to see why the model's server stopped, and to let it need less.",
        api_version=1,
        impl="dagogy_incident_provider_service.actions:MendModelServer",
        incidents=("model_server_failed",),
        safety="manual",
        order=90,
    )
