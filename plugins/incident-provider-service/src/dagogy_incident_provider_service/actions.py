"""What helps when the provider is overloaded or slow."""

from __future__ import annotations

import contextlib
import os
import re
import shlex

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.providers import ProviderSettings
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome
from dagogy.api.services import Url

_FIRST_SECONDS, _LONGEST_SECONDS = 5.0, 60.0
_SCOPE = "inputs/scope.md"
#: CONTRACT.md's, for records that do not say how long the call was given.
_DEFAULT_SECONDS = {"codex_exec": 300.0, "remote_llm": 120.0}
_STATUS_PAGES = {
    "api.openai.com": "https://status.openai.com",
    "openrouter.ai": "https://status.openrouter.ai",
    "api.anthropic.com": "https://status.anthropic.com",
}


class BackOff(RecoveryAction):
    """Waits 5 s, then 10, then 20, or as long as the provider said, up to a minute; each a little longer, so
    that not all come back at once.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        retry_after = diagnosis.retry_after_seconds
        if retry_after is not None and retry_after > _LONGEST_SECONDS:
            return RecoveryOutcome(
                changed=False,
                message=f"the provider wants {retry_after:.0f} s; that is too long to wait here",
            )
        seconds = max(retry_after or 0.0, _FIRST_SECONDS * 2**context.attempt)
        context.wait(min(seconds * _jitter(), _LONGEST_SECONDS))
        return RecoveryOutcome(changed=True, message=f"waited {seconds:g} s")


class WaitOutOutage(RecoveryAction):
    """The status page of the host, the id of the request for its support, and the command to repeat later."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        base = (
            str(failure.details.get("endpoint") or "")
            or context.setting("OPENAI_BASE_URL").strip()
            or "https://api.openai.com/v1"
        )
        address = Url(base if "://" in base else f"https://{base}").parts
        host = base if address is None else address.hostname or base
        parts = [
            f"{host} is overloaded or down",
            f"its state: {_STATUS_PAGES[host]}" if host in _STATUS_PAGES else "look at its status page",
        ]
        if failure.request_id:
            parts.append(f"request id for its support: {failure.request_id}")
        model = failure.model or context.setting("AGENT_MODEL").strip()
        other = ("export AGENT_MODEL='<another model>'",) if model else ()
        return RecoveryOutcome(
            changed=False, message="; ".join(parts), commands=(*other, f"dagogy recover {context.run_id}")
        )


class SplitWork(RecoveryAction):
    """Longer limits and smaller tasks: the scope in sections, each compiled in its own run."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        now = timeout_in_effect(failure, context)
        longer = ProviderSettings.longer_timeout(now)
        more = (f"export AGENT_TIMEOUT_SECONDS={longer:g}",) if longer > now else ()
        scope = context.run / _SCOPE
        parts = (
            (
                (
                    f"dagogy run {context.run_id} --scope-file {shlex.quote(str(scope))} --scope-section "
                    "'<HEADING>'"
                ),
            )
            if scope.is_file()
            else ()
        )
        return RecoveryOutcome(
            changed=False,
            message=f"no answer within {now:g} s; give it more time, or less to do at once",
            commands=(*more, *parts, f"dagogy recover {context.run_id}"),
        )


class MendModelServer(RecoveryAction):
    """What the server said, where its log is, and a smaller model where it lacks memory."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        text = "\n".join([*diagnosis.evidence, failure.message, failure.text[-4000:]])
        model = failure.model or context.setting("AGENT_MODEL").strip()
        who = f"the server of {model}" if model else "the model's server"
        ollama = "ollama" in text.lower() or ":11434" in text + context.setting("OPENAI_BASE_URL")
        look = ("ollama ps", "journalctl -u ollama -n 50") if ollama else ("nvidia-smi",)
        memory = re.search(r"memory|cudaMalloc|allocate", text, re.IGNORECASE) is not None
        less = ("free -m", "export AGENT_MODEL='<smaller model>'") if memory else ()
        why = "has not enough memory" if memory else "stopped or cannot load it; its log says why"
        return RecoveryOutcome(
            changed=False,
            message=f"{who} {why}: {' '.join(diagnosis.evidence)[:300]}",
            commands=(*look, *less, f"dagogy recover {context.run_id}"),
        )


def timeout_in_effect(failure: Failure, context: RecoveryContext) -> float:
    """The seconds that the call was given, or that are set by now where these are more;
    else the provider's default.
    """
    known = [0.0]
    for setting in (failure.details.get("timeout_seconds", ""), context.setting("AGENT_TIMEOUT_SECONDS")):
        with contextlib.suppress(ValueError):
            known.append(float(str(setting)))
    seconds = max(known)
    return seconds if 0 < seconds < float("inf") else _DEFAULT_SECONDS.get(failure.provider, 30.0)


def _jitter() -> float:
    """Up to a tenth more, another share for each process, so that not all come back at once."""
    return 1 + os.getpid() % 100 / 1000
