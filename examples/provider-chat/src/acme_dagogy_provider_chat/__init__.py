"""dagogy provider `acme_chat`: a model behind any server that speaks chat completions."""

from collections.abc import Iterator

from dagogy.api import ProviderInfo, Setting, hookimpl

__version__ = "1.0.0"


@hookimpl
def dagogy_providers() -> Iterator[ProviderInfo]:
    yield ProviderInfo(
        id="acme_chat",
        summary="Asks a model over chat completions, with nothing but the standard library.",
        api_version=1,
        impl="acme_dagogy_provider_chat.provider:AcmeChat",
        default_timeout_seconds=300.0,
        settings=(
            Setting(
                name="ACME_CHAT_URL",
                summary="root of the API, up to /v1",
                default="http://127.0.0.1:11434/v1",
            ),
            Setting(name="ACME_CHAT_KEY", summary="key of the API, where it wants one", secret=True),
        ),
    )
