"""dagogy incidents `codex-exec`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, Escalation, hookimpl

__version__ = "0.1.0"


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
                incidents=("codex_structured_output", "provider_output_not_json", "provider_output_schema_mismatch", "provider_output_truncated"),
            ),
        ),
    )
