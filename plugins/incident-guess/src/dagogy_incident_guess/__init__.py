"""dagogy incidents `guess`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

#: What the weights were trained on; `unknown` is one of their labels, and no incident.
_INCIDENTS = (
    "artifact_corrupt",
    "artifact_missing",
    "cli_usage_error",
    "codex_structured_output",
    "coding_agent_misconfigured",
    "coding_agent_not_found",
    "coding_agent_sandbox",
    "context_window_exceeded",
    "disk_full",
    "environment_incompatible",
    "interrupted",
    "invalid_run_metadata",
    "model_unavailable",
    "network_unreachable",
    "openai_api_key_missing",
    "openai_base_url_invalid",
    "os_limit_exceeded",
    "out_of_memory",
    "output_schema_rejected",
    "permission_denied",
    "provider_auth_failed",
    "provider_output_not_json",
    "provider_output_schema_mismatch",
    "provider_output_truncated",
    "provider_overloaded",
    "provider_quota_exhausted",
    "provider_rate_limited",
    "provider_refusal",
    "provider_request_unsupported",
    "provider_timeout",
    "proxy_misconfigured",
    "stage_conflict",
    "tls_failure",
    "validation_failure",
    "workspace_locked",
)


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="guess",
        summary="Guesses what is probably wrong by the wording, where no other classifier answers.",
        api_version=1,
        impl="dagogy_incident_guess.classifier:Guesser",
        incidents=_INCIDENTS,
        service=True,
        tentative=True,
    )
