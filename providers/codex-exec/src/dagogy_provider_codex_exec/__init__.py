"""dagogy provider `codex_exec`: asks the coding agent codex (`codex exec`), which signs in by itself."""

from collections.abc import Iterator

from dagogy.api import ProviderInfo, Setting, hookimpl


@hookimpl
def dagogy_providers() -> Iterator[ProviderInfo]:
    yield ProviderInfo(
        id="codex_exec",
        summary=(
            "Asks the coding agent codex, with the login, model and settings that it has on this machine."
        ),
        api_version=1,
        impl="dagogy_provider_codex_exec.provider:CodexExec",
        default_timeout_seconds=300.0,
        settings=(
            Setting(
                name="CODING_AGENT_CMD",
                summary="the command that starts codex, split as a shell does",
                default="codex",
                kind="command",
            ),
        ),
    )
