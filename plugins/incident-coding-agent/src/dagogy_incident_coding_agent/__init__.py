"""dagogy incidents `coding-agent`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, ProbeInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="coding-agent",
        summary="The coding agent cannot be started as it is set up.",
        api_version=1,
        impl="dagogy_incident_coding_agent.classifier:CodingAgent",
        incidents=(
            "coding_agent_not_found",
            "coding_agent_misconfigured",
            "coding_agent_sandbox",
            "os_limit_exceeded",
            "mcp_server_failed",
        ),
        service=True,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="mend-agent-config",
        summary="Leads to the line of the agent's configuration that stops it.",
        api_version=1,
        impl="dagogy_incident_coding_agent.actions:FixAgentConfig",
        incidents=("coding_agent_misconfigured",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="allow-sandbox",
        summary="Says how to let the agent set up its sandbox.",
        api_version=1,
        impl="dagogy_incident_coding_agent.actions:AllowSandbox",
        incidents=("coding_agent_sandbox",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="mend-mcp-server",
        summary="Names the MCP server, and how to start it alone or leave it out.",
        api_version=1,
        impl="dagogy_incident_coding_agent.actions:MendMcpServer",
        incidents=("mcp_server_failed",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="raise-limit",
        summary="Says how to stay below the limit of the system, or to raise it.",
        api_version=1,
        impl="dagogy_incident_coding_agent.actions:RaiseLimit",
        incidents=("os_limit_exceeded",),
        safety="manual",
        order=90,
    )


@hookimpl
def dagogy_probes() -> Iterator[ProbeInfo]:
    yield ProbeInfo(
        id="coding-agent.command",
        summary="Starts the coding agent with --version and looks at what it needs.",
        api_version=1,
        impl="dagogy_incident_coding_agent.probes:Command",
        incidents=("coding_agent_not_found",),
        seconds=8.0,
    )
    yield ProbeInfo(
        id="coding-agent.sandbox",
        summary="Sets up the sandbox of codex for a command that does nothing.",
        api_version=1,
        impl="dagogy_incident_coding_agent.probes:Sandbox",
        incidents=("coding_agent_sandbox",),
        seconds=12.0,
    )
