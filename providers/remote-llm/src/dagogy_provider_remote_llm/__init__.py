"""dagogy provider `remote_llm`: a language model behind an OpenAI-style API."""

from collections.abc import Iterator

from dagogy.api import DialectInfo, ProviderInfo, Setting, hookimpl


@hookimpl
def dagogy_providers() -> Iterator[ProviderInfo]:
    yield ProviderInfo(
        id="remote_llm",
        summary=(
            "Asks a language model behind an OpenAI-style API (OpenAI, llama.cpp, vLLM, Ollama, gateways)."
        ),
        api_version=1,
        impl="dagogy_provider_remote_llm.provider:RemoteLlm",
        default_timeout_seconds=120.0,
        settings=(
            Setting(
                name="OPENAI_API_KEY",
                summary="key of the API; a local server takes any that is not empty",
                secret=True,
            ),
            Setting(
                name="OPENAI_BASE_URL",
                summary="root of the API, up to /v1",
                default="https://api.openai.com/v1",
            ),
            Setting(
                name="OPENAI_ALLOW_PLAIN_HTTP",
                summary=(
                    "1: the key may go over plain http to another machine than this one, where others can "
                    "read it"
                ),
            ),
            Setting(
                name="AGENT_API",
                summary=(
                    "responses, chat (chat completions), or auto: responses, until the service shows that it "
                    "wants chat"
                ),
                default="auto",
                sensitive=False,
            ),
        ),
    )


@hookimpl
def dagogy_dialects() -> Iterator[DialectInfo]:
    yield DialectInfo(
        id="llm-clients",
        summary="The exceptions and addresses of the SDKs of language models.",
        api_version=1,
        impl="dagogy_provider_remote_llm.dialect:ClientDialect",
    )
