"""dagogy incidents `workspace`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="workspace",
        summary="A file or folder of the workspace cannot be used.",
        api_version=1,
        impl="dagogy_incident_workspace.classifier:Workspace",
        incidents=("artifact_missing", "artifact_corrupt", "workspace_locked", "disk_full", "permission_denied"),
    )
