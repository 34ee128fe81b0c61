"""What helps when the coding agent stops before its work."""

from __future__ import annotations

import re
import shlex

from dagogy.api.failures import Diagnosis, Failure, advice_for
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

from dagogy_incident_coding_agent.remedies import REMEDIES

_PLACE = re.compile(r"(?<![^\s:'\"`])(?P<file>[^\s:'\"`]+\.(?:toml|json))(?::(?P<line>\d+))?")
_SERVER = re.compile(
    r"\bMCP (?:client|server)s? (?:for )?[`'\"]?([A-Za-z][\w-]{0,60})[`'\"]? (?:failed|timed)"
)
_FLAG = re.compile(r"unexpected argument '(?P<flag>-[^']+)'")


class FixAgentConfig(RecoveryAction):
    """The agent's own message, the file and line that it names, and how to see what this version accepts."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        agent = agent_of(context)
        text = "\n".join([*diagnosis.evidence, failure.message])
        shown = " ".join(diagnosis.evidence)[:300]
        places = sorted(_PLACE.finditer(text), key=lambda m: m["line"] is None)
        place, flag = places[0] if places else None, _FLAG.search(text)
        advice = advice_for(REMEDIES, failure, diagnosis)
        if not place and not flag and advice is not None and advice.specific:
            return RecoveryOutcome(
                changed=False,
                message=f"{advice.cause}: {advice.steps}",
                commands=(*advice.commands, f"dagogy recover {context.run_id}"),
            )
        commands: list[str] = []
        if place:
            line = f"+{place['line']} " if place["line"] else ""
            commands.append(f'"${{EDITOR:-vi}}" {line}{shlex.quote(place["file"])}')
        if flag or not place:
            commands += [f"{agent} --version", f"{agent} exec --help"]
        message = (
            f"{agent} does not know {flag['flag']}: it is older or newer than what the option is from"
            if flag
            else f"{agent} stops at its settings: {shown}"
        )
        return RecoveryOutcome(
            changed=False, message=message, commands=(*commands, f"dagogy recover {context.run_id}")
        )


class AllowSandbox(RecoveryAction):
    """How to try the sandbox alone, what it needs of the machine, and who can answer without
    it. It is never switched off.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        text = "\n".join([*diagnosis.evidence, failure.text[-4000:]]).lower()
        commands = [f"{agent_of(context)} sandbox true"]
        if "bwrap" in text or "namespace" in text or "bubblewrap" in text:
            commands += [
                "sudo apt-get install bubblewrap",
                "sysctl kernel.apparmor_restrict_unprivileged_userns kernel.unprivileged_userns_clone",
            ]
        commands += [
            f"AGENT_PROVIDER=remote_llm dagogy recover {context.run_id}",
            f"dagogy recover {context.run_id}",
        ]
        message = (
            "the sandbox cannot be set up here: a container, an old kernel, or AppArmor's limit on user "
            "namespaces, for which bubblewrap needs a profile"
        )
        return RecoveryOutcome(changed=False, message=message, commands=tuple(commands))


class RaiseLimit(RecoveryAction):
    """A shorter name, more open files, or a report: a prompt on the command line would be a defect."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        text = "\n".join([*diagnosis.evidence, failure.message])
        again = f"dagogy recover {context.run_id}"
        if re.search(r"ENAMETOOLONG|name too long|filename or extension is too long", text, re.IGNORECASE):
            return RecoveryOutcome(
                changed=False,
                message="a file name is too long for this file system: use a shorter run name or runs dir",
                commands=("export ORCHESTRATION_BASE_DIR=/short/path", "dagogy init short-name"),
            )
        if re.search(r"EMFILE|ENFILE|open files", text, re.IGNORECASE):
            return RecoveryOutcome(
                changed=False,
                message="too many files are open",
                commands=("ulimit -n", "ulimit -n 4096", again),
            )
        message = (
            "the argument list is too long: a prompt belongs on standard input, so this is a defect; smaller "
            "texts get past it"
        )
        commands = (
            "getconf ARG_MAX",
            "export AGENT_SCOPE_TEXT_MAX_CHARS=6000",
            again,
            f"dagogy escalate {context.run_id}",
        )
        return RecoveryOutcome(changed=False, message=message, commands=commands)


class MendMcpServer(RecoveryAction):
    """The server by its name, and the commands that show how it is started, and take it out."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        agent, shown = agent_of(context), " ".join(diagnosis.evidence)[:300]
        named = _SERVER.search("\n".join([*diagnosis.evidence, failure.message]))
        name = named[1] if named else ""
        return RecoveryOutcome(
            changed=False,
            message=f"the MCP server {name or 'of the agent'} does not serve: {shown}",
            commands=(
                f"{agent} mcp list",
                *((f"{agent} mcp get {name}", f"{agent} mcp remove {name}") if name else ()),
                f"dagogy recover {context.run_id}",
            ),
        )


def agent_of(context: RecoveryContext) -> str:
    """The command, for a shell."""
    return context.setting("CODING_AGENT_CMD").strip() or "codex"
