"""dagogy incidents `environment`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, ProbeInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="environment",
        summary="The machine, the Python environment or the command line is not what dagogy needs.",
        api_version=1,
        impl="dagogy_incident_environment.classifier:Environment",
        incidents=(
            "environment_incompatible",
            "out_of_memory",
            "interrupted",
            "cli_usage_error",
            "config_error",
        ),
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="resume",
        summary="Runs the command again; it goes on from the last completed stage.",
        api_version=1,
        impl="dagogy_incident_environment.actions:Resume",
        incidents=("interrupted",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="utf8-mode",
        summary="Tries again with PYTHONUTF8=1.",
        api_version=1,
        impl="dagogy_incident_environment.actions:Utf8Mode",
        incidents=("environment_incompatible",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="mend-environment",
        summary="Names the package to install, or the Python to use.",
        api_version=1,
        impl="dagogy_incident_environment.actions:FixEnvironment",
        incidents=("environment_incompatible",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="more-memory",
        summary="Says where the memory went, and how to need less.",
        api_version=1,
        impl="dagogy_incident_environment.actions:MoreMemory",
        incidents=("out_of_memory",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="mend-setting",
        summary="Names the setting that cannot be used, and where it comes from.",
        api_version=1,
        impl="dagogy_incident_environment.actions:MendSetting",
        incidents=("config_error",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="nearest-command",
        summary="Shows the correct form of the command.",
        api_version=1,
        impl="dagogy_incident_environment.actions:NearestCommand",
        incidents=("cli_usage_error",),
        safety="manual",
        order=90,
    )


@hookimpl
def dagogy_probes() -> Iterator[ProbeInfo]:
    yield ProbeInfo(
        id="environment.python",
        summary="Says which Python runs, from where and in which encoding.",
        api_version=1,
        impl="dagogy_incident_environment.probes:PythonInUse",
        incidents=("environment_incompatible",),
        seconds=3.0,
    )
    yield ProbeInfo(
        id="environment.memory",
        summary="Reads how often the kernel killed a process for memory.",
        api_version=1,
        impl="dagogy_incident_environment.probes:Memory",
        incidents=("out_of_memory",),
        seconds=2.0,
    )
