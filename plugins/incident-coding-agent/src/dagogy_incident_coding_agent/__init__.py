"""dagogy incidents `coding-agent`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="coding-agent",
        summary="The coding agent cannot be started as it is set up.",
        api_version=1,
        impl="dagogy_incident_coding_agent.classifier:CodingAgent",
        incidents=("coding_agent_not_found", "coding_agent_misconfigured", "coding_agent_sandbox", "os_limit_exceeded"),
    )
