"""dagogy incidents `remote-llm-auth`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, RecoveryInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="remote-llm-auth",
        summary="There is no API key to send.",
        api_version=1,
        impl="dagogy_incident_remote_llm_auth.classifier:RemoteLlmAuth",
        incidents=("openai_api_key_missing",),
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
