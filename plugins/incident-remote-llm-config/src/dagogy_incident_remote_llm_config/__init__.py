"""dagogy incidents `remote-llm-config`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, ProbeInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="remote-llm-config",
        summary="The base URL of the provider is malformed or not that of an API.",
        api_version=1,
        impl="dagogy_incident_remote_llm_config.classifier:RemoteLlmConfig",
        incidents=("openai_base_url_invalid",),
        service=True,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="trim-base-url",
        summary="Takes white space and a slash at the end off OPENAI_BASE_URL.",
        api_version=1,
        impl="dagogy_incident_remote_llm_config.actions:TrimBaseUrl",
        incidents=("openai_base_url_invalid",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="repair-base-url",
        summary="Suggests the address that was probably intended, and how to test it.",
        api_version=1,
        impl="dagogy_incident_remote_llm_config.actions:RepairBaseUrl",
        incidents=("openai_base_url_invalid",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="use-tested-base-url",
        summary="Tries again at the repaired address, if an API answers there.",
        api_version=1,
        impl="dagogy_incident_remote_llm_config.actions:UseTestedBaseUrl",
        incidents=("openai_base_url_invalid",),
        safety="unsafe",
        reason="requests, with scope and key, go to another address than the one that was set",
        order=50,
    )


@hookimpl
def dagogy_probes() -> Iterator[ProbeInfo]:
    yield ProbeInfo(
        id="remote-llm.models",
        summary="Asks GET /models of the configured address.",
        api_version=1,
        impl="dagogy_incident_remote_llm_config.probes:Models",
        incidents=(
            "openai_base_url_invalid",
            "provider_auth_failed",
            "model_unavailable",
            "provider_overloaded",
        ),
        seconds=8.0,
    )
