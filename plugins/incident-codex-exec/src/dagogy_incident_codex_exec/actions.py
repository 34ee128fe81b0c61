"""The recovery actions of runbook section 3C, and the change of provider of 3D."""

from __future__ import annotations

import shlex
import shutil

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_LONGEST_SECONDS = 1800.0
#: CONTRACT.md's, for records that do not say how long the call was given.
_DEFAULT_SECONDS = {"codex_exec": 300.0, "remote_llm": 120.0}
_PREFERRED = ("codex_exec", "internal")


class LongerTimeout(RecoveryAction):
    """Doubles `AGENT_TIMEOUT_SECONDS` for one attempt, up to half an hour."""

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        known = failure.details.get("timeout_seconds")
        given = (
            context.setting("AGENT_TIMEOUT_SECONDS").strip()
            or known
            or _DEFAULT_SECONDS.get(failure.provider, 30.0)
        )
        try:
            now = float(given)
        except (TypeError, ValueError):
            return RecoveryOutcome(
                changed=False, message=f"AGENT_TIMEOUT_SECONDS is '{given}', which is no number"
            )
        wanted = min(2 * now, _LONGEST_SECONDS)
        if not now < wanted:
            return RecoveryOutcome(changed=False, message=f"AGENT_TIMEOUT_SECONDS is {now:g} already")
        return RecoveryOutcome(
            changed=True,
            message=f"AGENT_TIMEOUT_SECONDS {now:g} -> {wanted:g}",
            environment={"AGENT_TIMEOUT_SECONDS": f"{wanted:g}"},
        )


class WithoutModel(RecoveryAction):
    """Takes `AGENT_MODEL` out for one attempt: an account that signs in by chat may
    not use every model by name.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        model = context.setting("AGENT_MODEL").strip()
        if any(word.split("=")[0] == "--model" for word in failure.command):
            return RecoveryOutcome(
                changed=False,
                message="the command names the model itself: leave out its --model",
                commands=(f"dagogy run {context.run_id}",),
            )
        if context.in_file("AGENT_MODEL"):
            return RecoveryOutcome(
                changed=False,
                message=f"the configuration file sets agent_model = '{model}': take that line out",
            )
        if not model:
            return RecoveryOutcome(changed=False, message="AGENT_MODEL is not set")
        return RecoveryOutcome(
            changed=True, message=f"without AGENT_MODEL (it is '{model}')", environment={"AGENT_MODEL": ""}
        )


class SwitchProvider(RecoveryAction):
    """Lets another installed provider answer for one attempt: `codex_exec` where it can be started, else
    `internal`, which needs no model.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        if any(word.split("=")[0] == "--provider" for word in failure.command):
            return RecoveryOutcome(
                changed=False, message="the command names the provider itself: give another --provider"
            )
        now = failure.provider or context.setting("AGENT_PROVIDER").strip()
        able = [
            p
            for p in _PREFERRED
            if p in context.providers and p != now and (p != "codex_exec" or _command_path(context))
        ]
        if not able:
            return RecoveryOutcome(changed=False, message="no other provider is installed that could answer")
        # The model of one provider means nothing to another.
        changes = {"AGENT_PROVIDER": able[0]} | (
            {"AGENT_MODEL": ""} if context.setting("AGENT_MODEL").strip() else {}
        )
        return RecoveryOutcome(
            changed=True, message=f"AGENT_PROVIDER {now or 'not set'} -> {able[0]}", environment=changes
        )


class CheckCodingAgent(RecoveryAction):
    """Looks `CODING_AGENT_CMD` up on the PATH and says how to see whether it answers."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        command = context.setting("CODING_AGENT_CMD").strip() or "codex"
        found = _command_path(context)
        seen = "; ".join(
            f"{p.subject}: {p.message}"
            for p in context.probes
            if p.state == "bad" and "coding_agent_not_found" in p.confirms
        )
        message = (
            f"CODING_AGENT_CMD '{command}': {seen}"
            if seen
            else f"CODING_AGENT_CMD '{command}' is {found}"
            if found
            else f"CODING_AGENT_CMD '{command}' is not on the PATH"
        )
        again = f"dagogy recover {context.run_id}"
        if found:
            return RecoveryOutcome(
                changed=False,
                message=message,
                commands=(f"{command} --version", f"{command} login status", again),
            )
        return RecoveryOutcome(
            changed=False,
            message=message,
            commands=("npm install -g @openai/codex", "export CODING_AGENT_CMD=/path/to/codex", again),
        )


def _command_path(context: RecoveryContext) -> str:
    try:
        words = shlex.split(context.setting("CODING_AGENT_CMD").strip() or "codex")
    except ValueError:
        return ""
    return shutil.which(words[0]) or "" if words else ""
