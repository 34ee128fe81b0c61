"""dagogy incidents `plugin-error`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, Escalation, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="plugin-error",
        summary="A plugin failed, or broke its interface.",
        api_version=1,
        impl="dagogy_incident_plugin_error.classifier:PluginFailure",
        incidents=("plugin_error",),
        escalations=(
            Escalation(
                summary="a plugin that fails in the same way again", incidents=("plugin_error",), same=True
            ),
        ),
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="leave-out-plugin",
        summary="Tries again without the plugin, where the command does not need it.",
        api_version=1,
        impl="dagogy_incident_plugin_error.actions:LeaveOutPlugin",
        incidents=("plugin_error",),
        safety="unsafe",
        reason="what that rule would have found is not looked for",
        order=50,
    )
    yield RecoveryInfo(
        id="update-plugin",
        summary="Names the plugin and gives the commands that update it or leave it out.",
        api_version=1,
        impl="dagogy_incident_plugin_error.actions:UpdatePlugin",
        incidents=("plugin_error",),
        safety="manual",
        order=90,
    )
