"""dagogy incidents `provider-answer`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


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
        ),
    )
