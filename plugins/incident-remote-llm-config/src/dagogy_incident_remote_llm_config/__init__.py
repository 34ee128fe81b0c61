"""dagogy incidents `remote-llm-config`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="remote-llm-config",
        summary="The base URL of the provider is malformed or not that of an API.",
        api_version=1,
        impl="dagogy_incident_remote_llm_config.classifier:RemoteLlmConfig",
        incidents=("openai_base_url_invalid",),
    )
