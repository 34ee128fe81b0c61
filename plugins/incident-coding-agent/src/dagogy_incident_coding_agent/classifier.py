"""The classifier of the coding agent's own start."""

from __future__ import annotations

from dagogy.api.failures import Signature, SignatureClassifier

from dagogy_incident_coding_agent.remedies import REMEDIES

_GONE, _SETUP, _SANDBOX, _LIMIT, _MCP = (
    "coding_agent_not_found",
    "coding_agent_misconfigured",
    "coding_agent_sandbox",
    "os_limit_exceeded",
    "mcp_server_failed",
)
#: A file that is a coding agent, or what one is started with.
_AGENT = r"(?:^|[/\\])(?:codex[\w-]*|node|npx|claude|gemini|aider)(?:\.(?:exe|cmd|ps1|js))?$"
_AGENT_WORD = r"(?:codex[\w./-]*|node|npx)"
_FILE_ERROR = r"(?:\w+\.)*(?:FileNotFoundError|PermissionError|OSError|NotADirectoryError)"


_SIGNATURES = (
    Signature(incident=_GONE, cause="binary_missing"),
    # Not there.
    Signature(incident=_GONE, errno="ENOENT EACCES ENOEXEC ENOTDIR", exception=_FILE_ERROR, path=_AGENT),
    Signature(
        incident=_GONE,
        errno="ENOENT EACCES ENOEXEC EPERM",
        where=r"\bCODING_AGENT_CMD\b",
        exception=_FILE_ERROR,
    ),
    Signature(incident=_GONE, errno="ENOENT EACCES ENOEXEC", message=r"\bCODING_AGENT_CMD\b"),
    Signature(
        incident=_GONE,
        errno="ENOENT EACCES ENOEXEC EPERM",
        message=rf"\bspawn(?:Sync)? \S*{_AGENT_WORD}\b",
        unless=r"\bMCP\b",
    ),
    Signature(incident=_GONE, errno="ENOEXEC"),
    Signature(
        incident=_GONE, exception=r"FileNotFoundError", errno="ENOENT", message=r"^\[WinError 2\] [^:]*$"
    ),
    Signature(
        incident=_GONE,
        typed="config_error provider_error not_found",
        message=(
            r"\bCODING_AGENT_CMD\b.*\b(?:not found|no such"
            r"|cannot be (?:found|started|run)|is not executable)"
        ),
    ),
    Signature(
        incident=_GONE,
        message=(
            rf"^(?:/usr/bin/)?env: '?{_AGENT_WORD}'?: (?:No such file or directory|Permission denied)"
            rf"|\b{_AGENT_WORD}: (?:command )?not found$|\bcommand not found: {_AGENT_WORD}$"
            rf"|\b{_AGENT_WORD}: (?:No such file or directory|Permission denied"
            r"|cannot execute|bad interpreter|exec format error)"
            rf"|^(?:error: )?not found: {_AGENT_WORD} (?:in|on) (?:the )?\$?PATH\b"
        ),
    ),
    Signature(
        incident=_GONE,
        message=(
            rf"'?\"?{_AGENT_WORD}'?\"? is not recognized as (?:an internal|a name|the name)"
            rf"|\bThe term '{_AGENT_WORD}' is not recognized\b"
            rf"|\bspawn(?:Sync)? \S*{_AGENT_WORD} (?:ENOENT|EACCES|ENOEXEC)"
            rf"|\bsh: (?:line )?\d+: {_AGENT_WORD}: (?:not found|Permission denied)"
        ),
        unless=r"\bMCP\b",
    ),
    Signature(
        incident=_GONE,
        message=(
            r"\bMissing optional dependency @openai/codex"
            r"|\bUnsupported platform: |\bCannot find (?:module"
            r"|package) '[^']*@openai/codex|\bCannot find module '[^']*codex[^']*'"
            r"|\bcodex\b.{0,200}\bGLIBC_\S+' not found"
            r"|\bBad CPU type in executable\b"
        ),
    ),
    Signature(
        incident=_GONE,
        message=(
            r"^(?:error: )?(?:\w+: )*(?:coding agent|codex)(?: binary| CLI"
            r"| command)?\b.{0,60}\b(?:not found|not installed|is not executable)\b"
        ),
        unless=r"provider|profile|model|thread|session",
    ),
    # Set up wrongly.
    Signature(
        incident=_SETUP,
        message=(
            r"^Error loading (?:config|configuration)\b"
            r"|\bconfig\.toml\b.{0,40}:\d+:\d+|\bTOML parse error at line\b"
            r"|^Error (?:finding|loading|resolving|parsing) (?:codex home|config|-c|overrides?)"
            r"|\bCODEX_HOME points to\b|\bAbsolutePathBuf deserialized\b"
        ),
    ),
    Signature(
        incident=_SETUP,
        message=(
            r"\bNot inside a trusted directory\b|\bModel provider `[^`]+` not found\b"
            r"|\bconfig profile `[^`]+` not found\b"
            r"|\bprofile `?[\w-]+`? not found\b"
            r"|\bwire_api\b.{0,60}\bno longer supported\b|\bUnknown feature flag\b"
            r"|\bInvalid override\b"
        ),
    ),
    Signature(
        incident=_SETUP,
        message=(
            r"^error: (?:unexpected argument|invalid value"
            r"|unrecognized subcommand|a value is required for|the argument"
            r"|the following required arguments)"
        ),
        unless=r"dagogy|orchestration",
    ),
    Signature(
        incident=_SETUP,
        message=(
            r"\bFailed to (?:parse|read|load) (?:the )?(?:config(?:uration)?"
            r"|auth)(?:\.toml|\.json)?\b.*\b(?:codex|toml)"
            r"|\bcodex\b.{0,60}\bversion\b.{0,40}\b(?:too old|required|unsupported)\b"
        ),
        unless=r"GLIBC",
    ),
    # Servers of tools.
    Signature(incident=_MCP, exception=r"(?:\w+\.)*(?:McpError|MCPError|MCPConnectionError|McpServerError)"),
    Signature(
        incident=_MCP,
        message=(
            r"\bMCP (?:client|server)s?\b.{0,100}\b(?:failed|timed out|could not|exited|crashed|closed"
            r"|disconnected|handshak\w+|not (?:connected|available|running))\b"
            r"|\b(?:failed|unable|could not|error) (?:to )?"
            r"(?:start|connect\w*|initializ\w+|spawn|launch|reach)\b.{0,30}"
            r"\bMCP (?:server|client|transport)\b|\bMCP error -32\d{3}\b"
            r"|\bhandshaking with MCP server failed\b"
        ),
        unless=r"config\.toml|mcp_servers\.",
    ),
    # The sandbox.
    Signature(
        incident=_SANDBOX,
        message=(
            r"^(?:\w+: )*bwrap: |\bbubblewrap\b.{0,60}\b(?:failed|cannot|not permitted|denied)"
            r"|\bNo permissions to creat\w+ (?:a )?new namespace\b"
        ),
        unless=r"could not find bubblewrap",
    ),
    Signature(
        incident=_SANDBOX,
        message=(
            r"\bsandbox_apply: |\berror (?:running|applying) (?:landlock|seccomp|legacy linux sandbox)\b"
            r"|\bLandlock was not able\b|\blandlock\b.{0,60}\b(?:error|fail|denied|unsupported|restrict"
            r"|not supported)|\bseccomp (?:setup|backend) error\b"
            r"|\bcodex-linux-sandbox\b.{0,60}\b(?:required|not found|failed"
            r"|panicked)|\bsandbox error: |\blinux-sandbox\b.*\bpanicked|\bSandbox\((?:Landlock|Seccomp)"
        ),
    ),
    Signature(
        incident=_SANDBOX,
        errno="EPERM EACCES ENOENT EINVAL ENOSYS",
        message=r"\b(?:bwrap|bubblewrap|landlock|seccomp|sandbox(?:-exec)?)\b",
    ),
    Signature(
        incident=_SANDBOX,
        message=(
            r"\bunshare(?: failed)?: Operation not permitted\b|\bfailed to (?:set up|initialize|start"
            r"|apply) (?:the )?(?:\w+ )?sandbox\b|\bwindows sandbox\b.{0,60}\b(?:failed|error)"
        ),
    ),
    # Limits.
    Signature(incident=_LIMIT, errno="E2BIG ENAMETOOLONG EMFILE ENFILE"),
    Signature(incident=_LIMIT, errno="ENOSPC", message=r"inotify|file watchers"),
    Signature(
        incident=_LIMIT,
        message=(
            r"\bArgument list too long\b|\bFile ?name too long\b|\bToo many open files\b"
            r"|\bThe (?:filename or extension|command line) is too long\b"
        ),
    ),
)


class CodingAgent(SignatureClassifier):
    """codex, or whatever `CODING_AGENT_CMD` names, does not come to its work.

    coding_agent_not_found:
        What: The command, the interpreter it needs, or the package for this platform is missing, is not
        executable, or is for another machine.
        Recognised by: "No such file or directory", "command not found", "spawn codex ENOENT", "is not
        recognized as", "Permission denied" and "Exec format error" where the file is the agent or its Node;
        exit status `127` and `126` beside them; codex's missing platform package.
        What to do: Ask for it with `command -v codex` and `codex --version`; install it with
        `npm install -g @openai/codex`, or give its whole path in `CODING_AGENT_CMD`. Where it cannot be had:
        `AGENT_PROVIDER=internal`.
        Retry: Only after the command is found.

    coding_agent_misconfigured:
        What: The agent starts and stops at its own settings: an error in `config.toml`, a flag that this
        version does not know, a folder it does not trust, a provider or profile that is not defined.
        Recognised by: "Error loading config.toml", "unexpected argument" of codex's own usage, "Not inside a
        trusted directory", `CODEX_HOME`.
        What to do: Do what codex's message says, at the file and line that it names; after a change of
        version compare the flags with `codex exec --help`.
        Retry: Only after the setting is changed.

    coding_agent_sandbox:
        What: The agent's sandbox (bubblewrap, Landlock, seatbelt) cannot be set up here: a container,
        AppArmor's limits on user namespaces, an old kernel.
        Recognised by: Lines of `bwrap:`; errors of Landlock, seccomp and `sandbox-exec`.
        What to do: Try it alone with `codex sandbox true`; allow bubblewrap an AppArmor profile, use the
        legacy Landlock sandbox, or use another provider. The sandbox is never to be switched off by itself.
        Retry: Only after the machine allows it.

    os_limit_exceeded:
        What: A limit of the system was hit: an argument list or a file name that is too
        long, too many open files.
        Recognised by: `E2BIG`, `ENAMETOOLONG`, `EMFILE`, `ENFILE` and their like on Windows.
        What to do: Use a shorter name for the run, or raise the limit (`ulimit -n 4096`). A prompt on the
        command line is a defect: report it.
        Retry: Only after the name, the prompt or the limit is changed.

    mcp_server_failed:
        What: A server of tools (MCP) that the agent, or another client, is set up with does not start, does
        not answer in time, or went away.
        Recognised by: "MCP client for … failed to start", "MCP error -32000: Connection closed", "handshaking
        with MCP server failed", `McpError`.
        What to do: Start the server's command alone, in the same folder and environment, and read what it
        prints; see that its program is installed and its variables are set, give it more time, or take it out
        of the settings (for codex: `codex mcp list`, `codex mcp remove NAME`).
        Retry: Only after the server starts by itself, or is left out.
    """

    remedies = REMEDIES
    signatures = _SIGNATURES
