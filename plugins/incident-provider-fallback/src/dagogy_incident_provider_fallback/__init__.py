"""dagogy incidents `provider-fallback`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="provider-fallback",
        summary="The provider is not asked, since it failed a short while ago.",
        api_version=1,
        impl="dagogy_incident_provider_fallback.classifier:ProviderFallback",
        incidents=("provider_circuit_open",),
        service=True,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="await-circuit",
        summary="Waits until the provider may be asked again, if that is soon.",
        api_version=1,
        impl="dagogy_incident_provider_fallback.actions:AwaitCircuit",
        incidents=("provider_circuit_open",),
        safety="safe",
        order=10,
        times=2,
    )
    yield RecoveryInfo(
        id="fall-back-provider",
        summary="Tries again with the next provider of AGENT_FALLBACK_PROVIDERS.",
        api_version=1,
        impl="dagogy_incident_provider_fallback.actions:FallBack",
        # Whatever another provider may do better. Not in it: a refusal, a schema that was rejected, and our
        # own timeout, which are not the provider's fault.
        incidents=(
            "provider_circuit_open",
            "provider_rate_limited",
            "provider_quota_exhausted",
            "provider_overloaded",
            "provider_auth_failed",
            "openai_api_key_missing",
            "openai_base_url_invalid",
            "model_unavailable",
            "network_unreachable",
            "proxy_misconfigured",
            "tls_failure",
            "coding_agent_not_found",
            "coding_agent_misconfigured",
            "coding_agent_sandbox",
            "codex_structured_output",
            "provider_output_not_json",
            "provider_output_schema_mismatch",
            "provider_output_truncated",
            "provider_empty_answer",
            "model_server_failed",
            "model_capability_missing",
            "request_rejected_opaque",
        ),
        safety="unsafe",
        reason="another provider answers, with a quality and a price of its own",
        order=60,
        consent="AGENT_FALLBACK_PROVIDERS",
    )
    yield RecoveryInfo(
        id="close-circuit",
        summary="Says how to have the provider asked before its time.",
        api_version=1,
        impl="dagogy_incident_provider_fallback.actions:CloseCircuit",
        incidents=("provider_circuit_open",),
        safety="manual",
        order=90,
    )
