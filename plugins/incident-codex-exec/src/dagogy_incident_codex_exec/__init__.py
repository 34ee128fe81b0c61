"""dagogy incidents `codex-exec`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, DialectInfo, Escalation, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="codex-exec",
        summary="The codex command finished, but its last message is no usable JSON.",
        api_version=1,
        impl="dagogy_incident_codex_exec.classifier:CodexExec",
        incidents=("codex_structured_output",),
        escalations=(
            Escalation(
                summary="repeated structured-output failures across retries or providers",
                incidents=(
                    "codex_structured_output",
                    "provider_output_not_json",
                    "provider_output_schema_mismatch",
                    "provider_output_truncated",
                ),
            ),
        ),
        service=True,
    )


@hookimpl
def dagogy_dialects() -> Iterator[DialectInfo]:
    yield DialectInfo(
        id="codex-exec",
        summary="The transcript and the events of codex exec.",
        api_version=1,
        impl="dagogy_incident_codex_exec.dialect:CodexDialect",
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="longer-timeout",
        summary="Tries again with twice the time for an answer.",
        api_version=1,
        impl="dagogy_incident_codex_exec.actions:LongerTimeout",
        incidents=("codex_structured_output", "provider_timeout"),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="without-model",
        summary="Tries again without AGENT_MODEL, so that the own model of the account answers.",
        api_version=1,
        impl="dagogy_incident_codex_exec.actions:WithoutModel",
        incidents=("codex_structured_output",),
        safety="unsafe",
        reason="another model answers, with a quality and a price of its own",
        order=20,
    )
    yield RecoveryInfo(
        id="switch-provider",
        summary="Tries again with another provider.",
        api_version=1,
        impl="dagogy_incident_codex_exec.actions:SwitchProvider",
        incidents=(
            "codex_structured_output",
            "openai_api_key_missing",
            "coding_agent_not_found",
            "provider_quota_exhausted",
            "provider_rate_limited",
            "provider_overloaded",
        ),
        safety="unsafe",
        reason="another provider answers, with a quality and a price of its own",
        order=50,
    )
    yield RecoveryInfo(
        id="check-coding-agent",
        summary="Says how to check the command that CODING_AGENT_CMD names.",
        api_version=1,
        impl="dagogy_incident_codex_exec.actions:CheckCodingAgent",
        incidents=("codex_structured_output", "coding_agent_not_found"),
        safety="manual",
        order=90,
    )
