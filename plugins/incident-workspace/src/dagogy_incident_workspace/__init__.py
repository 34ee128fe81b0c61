"""dagogy incidents `workspace`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, ProbeInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="workspace",
        summary="A file or folder of the workspace cannot be used.",
        api_version=1,
        impl="dagogy_incident_workspace.classifier:Workspace",
        incidents=(
            "artifact_missing",
            "artifact_corrupt",
            "workspace_locked",
            "disk_full",
            "permission_denied",
        ),
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="strip-bom",
        summary="Takes a byte order mark off the file, and keeps a copy.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:StripBom",
        incidents=("artifact_corrupt",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="wait-for-lock",
        summary="Waits a few seconds until the other command lets go of the run.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:WaitForLock",
        incidents=("workspace_locked",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="remake-reports",
        summary="Recreates report, plan and diff from the curriculum.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:RemakeReports",
        incidents=("artifact_missing",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="remake-artifact",
        summary="Recreates a damaged artifact from its inputs, and keeps a copy.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:RemakeArtifact",
        incidents=("artifact_corrupt",),
        safety="unsafe",
        reason="it replaces the artifact, and asking a provider may cost money",
        order=50,
    )
    yield RecoveryInfo(
        id="find-artifact",
        summary="Names the runs like the one that is missing, and its archive.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:FindArtifact",
        incidents=("artifact_missing",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="mend-input",
        summary="Names the place where the file is damaged.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:FixInput",
        incidents=("artifact_corrupt",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="who-holds-lock",
        summary="Says which process holds the run.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:WhoHoldsLock",
        incidents=("workspace_locked",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="make-room",
        summary="Shows how full the disks are, and which runs are the largest.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:MakeRoom",
        incidents=("disk_full",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="give-back",
        summary="Gives the command that returns the files to their user.",
        api_version=1,
        impl="dagogy_incident_workspace.actions:GiveBack",
        incidents=("permission_denied",),
        safety="manual",
        order=90,
    )


@hookimpl
def dagogy_probes() -> Iterator[ProbeInfo]:
    yield ProbeInfo(
        id="workspace.disk",
        summary="Reads the free space and inodes of the folders that are written to.",
        api_version=1,
        impl="dagogy_incident_workspace.probes:Disk",
        incidents=("disk_full",),
        seconds=4.0,
    )
    yield ProbeInfo(
        id="workspace.access",
        summary="Looks at owner, mode and mount of the path that failed.",
        api_version=1,
        impl="dagogy_incident_workspace.probes:Access",
        incidents=("permission_denied",),
        seconds=4.0,
    )
    yield ProbeInfo(
        id="workspace.lock",
        summary="Says which process holds the lock of the run.",
        api_version=1,
        impl="dagogy_incident_workspace.probes:LockHolder",
        incidents=("workspace_locked",),
        seconds=2.0,
    )
    yield ProbeInfo(
        id="workspace.runs",
        summary="Looks for the run or file that is missing, and for ids like it.",
        api_version=1,
        impl="dagogy_incident_workspace.probes:NearRuns",
        incidents=("artifact_missing",),
        seconds=4.0,
    )
