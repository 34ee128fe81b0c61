"""dagogy incidents `provider-answer`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="provider-answer",
        summary="The provider refused, cut off or misshaped its answer, or refused the request's form.",
        api_version=1,
        impl="dagogy_incident_provider_answer.classifier:ProviderAnswer",
        incidents=(
            "provider_refusal",
            "provider_output_truncated",
            "provider_output_not_json",
            "provider_output_schema_mismatch",
            "output_schema_rejected",
            "provider_request_unsupported",
            "context_window_exceeded",
            "provider_empty_answer",
            "conversation_malformed",
            "request_rejected_opaque",
        ),
        service=True,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="less-scope-text",
        summary="Halves the scope text that goes into the prompt, and tries again.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:LessScopeText",
        incidents=("context_window_exceeded", "provider_output_truncated"),
        safety="safe",
        order=10,
        times=3,
    )
    yield RecoveryInfo(
        id="ask-again",
        summary="Lets the provider be asked once more about an answer that cannot be used.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:AskAgain",
        incidents=(
            "provider_output_not_json",
            "provider_output_schema_mismatch",
            "provider_empty_answer",
            "codex_structured_output",
        ),
        safety="unsafe",
        reason="each further question costs money",
        order=15,
    )
    yield RecoveryInfo(
        id="reword",
        summary="Shows the refusal, and the files whose words to change.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:Reword",
        incidents=("provider_refusal",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="narrow-scope",
        summary="Says how to compile a part of the scope at a time.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:NarrowScope",
        incidents=("context_window_exceeded", "provider_output_truncated"),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="report-schema",
        summary="Packs the evidence of a schema that the provider does not take.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:ReportSchema",
        incidents=("output_schema_rejected",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="change-request",
        summary="Names the parameter that the model or gateway does not know.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:ChangeRequest",
        incidents=("provider_request_unsupported",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="stronger-model",
        summary="Says how to let another model answer.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:StrongerModel",
        incidents=("provider_output_not_json", "provider_output_schema_mismatch", "provider_empty_answer"),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="see-rejection",
        summary="Says how to see why a request is rejected without a reason.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:SeeRejection",
        incidents=("request_rejected_opaque",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="report-conversation",
        summary="Packs the evidence of a conversation that no provider takes.",
        api_version=1,
        impl="dagogy_incident_provider_answer.actions:ReportConversation",
        incidents=("conversation_malformed",),
        safety="manual",
        order=90,
    )
