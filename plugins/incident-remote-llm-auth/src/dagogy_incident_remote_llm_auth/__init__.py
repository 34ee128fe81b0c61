"""dagogy incidents `remote-llm-auth`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, ProbeInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="remote-llm-auth",
        summary="There is no API key to send.",
        api_version=1,
        impl="dagogy_incident_remote_llm_auth.classifier:RemoteLlmAuth",
        incidents=("openai_api_key_missing",),
        service=True,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="set-api-key",
        summary="Names the variable that the key belongs in, and the line that sets it.",
        api_version=1,
        impl="dagogy_incident_remote_llm_auth.actions:SetApiKey",
        incidents=("openai_api_key_missing",),
        safety="manual",
        order=10,
    )


@hookimpl
def dagogy_probes() -> Iterator[ProbeInfo]:
    yield ProbeInfo(
        id="remote-llm.key",
        summary="Looks at the shape of the API key, without showing it.",
        api_version=1,
        impl="dagogy_incident_remote_llm_auth.probes:Key",
        incidents=("openai_api_key_missing", "provider_auth_failed"),
        seconds=2.0,
    )
