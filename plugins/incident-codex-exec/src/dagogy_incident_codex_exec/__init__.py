"""dagogy incidents `codex-exec`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="codex-exec",
        summary="The codex command finished, but its last message is no usable JSON.",
        api_version=1,
        impl="dagogy_incident_codex_exec.classifier:CodexExec",
        incidents=("codex_structured_output",),
    )
