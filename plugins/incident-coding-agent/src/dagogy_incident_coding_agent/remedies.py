"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="coding_agent_misconfigured",
        cause="codex works only in a folder that it trusts or that is a git repository",
        steps="Start it in a repository, trust the folder, or let it skip the check.",
        when=r"Not inside a trusted directory|skip-git-repo-check",
        commands=(
            "git rev-parse --show-toplevel",
            'codex exec --skip-git-repo-check "…"',
        ),
        prevention="Give the option wherever the agent is started outside of a repository.",
    ),
    Remedy(
        incident="coding_agent_misconfigured",
        cause="this version of the agent does not know {flag}",
        steps="Compare with the options that it has; update it, or leave the option out.",
        when=r"unexpected argument '(?P<flag>-[^']{1,60})'",
        commands=(
            "codex --version",
            "codex exec --help",
            "npm install -g @openai/codex@latest",
        ),
        prevention="Pin the version of the agent that the options are for.",
    ),
    Remedy(
        incident="coding_agent_misconfigured",
        cause="{path} has an error",
        steps="Correct it at the line that the message names.",
        when=r"config\.toml|TOML parse error",
        commands=('"${EDITOR:-vi}" {path}',),
    ),
    Remedy(
        incident="coding_agent_misconfigured",
        cause="the agent stops at its own settings",
        steps=(
            "Do what its message says; compare its options and settings with those that this version has."
        ),
        commands=(
            "codex --version",
            "codex exec --help",
        ),
        prevention="Pin the version of the agent.",
    ),
    Remedy(
        incident="coding_agent_not_found",
        cause="the program, or the interpreter that it needs, is not found",
        steps=(
            "See whether it is installed and on the PATH of whoever starts it: a cron job, a "
            "desktop and a container have another one."
        ),
        commands=(
            "command -v codex node",
            'echo "$PATH"',
            "npm install -g @openai/codex",
        ),
        prevention="Name the program with its whole path where another one starts it.",
    ),
    Remedy(
        incident="coding_agent_sandbox",
        cause="the sandbox cannot be set up on this machine",
        steps=(
            "Try it alone; allow bubblewrap user namespaces, or run the agent where they are "
            "allowed. Do not switch the sandbox off."
        ),
        commands=(
            "codex sandbox true",
            "sysctl kernel.apparmor_restrict_unprivileged_userns kernel.unprivileged_userns_clone",
        ),
        prevention="Check the sandbox once when a machine or container is set up.",
    ),
    Remedy(
        incident="os_limit_exceeded",
        cause="the argument list is longer than the system takes (E2BIG)",
        steps=(
            "Hand the text over on standard input or in a file, not as an argument; see how "
            "large the environment is, which counts too. More open files do not help."
        ),
        when=r"E2BIG|Argument list too long|command line is too long",
        commands=(
            "getconf ARG_MAX",
            "env | wc -c",
        ),
        prevention=(
            "Never put a prompt or a list of files on a command line: use standard input, a file, or xargs."
        ),
    ),
    Remedy(
        incident="os_limit_exceeded",
        cause="a file name is longer than the file system takes",
        steps="Use a shorter name or folder.",
        when=r"ENAMETOOLONG|name too long|filename or extension is too long",
        commands=("getconf NAME_MAX .",),
        prevention="Do not make file names of titles or prompts.",
    ),
    Remedy(
        incident="os_limit_exceeded",
        cause="the watches of inotify are used up",
        steps="Raise their number, or watch fewer files.",
        when=r"inotify|file watchers",
        commands=(
            "sysctl fs.inotify.max_user_watches",
            "sudo sysctl fs.inotify.max_user_watches=524288",
        ),
        prevention="Leave folders such as node_modules out of what is watched.",
    ),
    Remedy(
        incident="os_limit_exceeded",
        cause="too many files are open",
        steps="Raise the limit for this shell, and see what holds them.",
        when=r"EMFILE|ENFILE|open files",
        commands=(
            "ulimit -n",
            "ulimit -n 4096",
        ),
        prevention="Close files and connections, and run less at the same time.",
    ),
    Remedy(
        incident="mcp_server_failed",
        cause="the MCP server {name} does not start or went away",
        steps=("Start its command alone, in the same folder and environment, and read what it prints."),
        when=r"\bMCP (?:client|server)s?(?: for)? [`'\"](?P<name>[\w-]{1,60})[`'\"]",
        commands=(
            "codex mcp get {name}",
            "codex mcp remove {name}",
        ),
        prevention="Pin the version of the server, and give it the time that it needs to start.",
    ),
    Remedy(
        incident="mcp_server_failed",
        cause="an MCP server does not start or went away",
        steps=(
            "Start its command alone, in the same folder and environment, and read what it "
            "prints; see that its program and its variables are there."
        ),
        prevention="Pin the version of the server, and give it the time that it needs to start.",
    ),
)
