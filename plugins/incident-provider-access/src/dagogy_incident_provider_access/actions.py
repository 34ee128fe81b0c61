"""What helps when the provider does not let this key, account, rate or model through."""

from __future__ import annotations

import os
import re
import shlex
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from dagogy.api.failures import Diagnosis, Failure, advice_for
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

from dagogy_incident_provider_access.remedies import REMEDIES

#: Longer than that nobody wants to sit and watch.
_LONGEST_SECONDS = 120.0
_FIRST_SECONDS = 10.0
_DEFAULT = "https://api.openai.com/v1"
#: Where credit, plans and keys are looked after, by host.
_BILLING = {
    "api.openai.com": "https://platform.openai.com/settings/organization/billing",
    "openrouter.ai": "https://openrouter.ai/settings/credits",
    "api.anthropic.com": "https://console.anthropic.com/settings/billing",
    "api.groq.com": "https://console.groq.com/settings/billing",
    "chatgpt.com": "https://chatgpt.com/codex/settings/usage",
}
_KEYS = {
    "api.openai.com": "https://platform.openai.com/api-keys",
    "openrouter.ai": "https://openrouter.ai/settings/keys",
    "api.anthropic.com": "https://console.anthropic.com/settings/keys",
    "api.groq.com": "https://console.groq.com/keys",
}
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_(?:API_KEY|KEY|TOKEN)\b")
_TOKEN = re.compile(
    r"\b(?:token_expired|(?:access|session|authentication) token "
    r"(?:is expired|has expired|could not be refreshed))\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"unsupported_country_region_territory|Country, region|IP address|ip_not_a|Cloudflare|\bcountry\b",
    re.IGNORECASE,
)
_EFFORT = re.compile(r"[-:](?:minimal|low|medium|high|xhigh)$")
_LINK = re.compile(r"https://[^\s\"'<>)\]]+")


class WaitRateLimit(RecoveryAction):
    """Waits for the time that the provider named, or 10 s, then 20, then 40; at most two minutes, and a
    little more, so that not all come back at once.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        retry_after = diagnosis.retry_after_seconds
        if retry_after is not None and retry_after > _LONGEST_SECONDS:
            return RecoveryOutcome(
                changed=False,
                message=f"the provider wants {retry_after:.0f} s; that is too long to wait here",
            )
        seconds = retry_after if retry_after is not None else _FIRST_SECONDS * 2**context.attempt
        context.wait(min(seconds * _jitter(), _LONGEST_SECONDS))
        return RecoveryOutcome(
            changed=True,
            message=f"waited {seconds:g} s" + (", as the provider asked" if retry_after is not None else ""),
        )


class SlowDown(RecoveryAction):
    """The command to repeat, and when; fewer commands at the same time help more than any pause."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        retry_after = diagnosis.retry_after_seconds
        return RecoveryOutcome(
            changed=False,
            message=(
                "the rate limit ends "
                f"{when(failure, retry_after) if retry_after is not None else 'by itself'}; run fewer "
                "commands at the same time"
            ),
            commands=(f"dagogy recover {context.run_id}",),
        )


class RenewSession(RecoveryAction):
    """A client renews an expired session token by itself when it is started again. One such attempt is
    allowed; a key is not renewed that way.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        message = "\n".join([*diagnosis.evidence, failure.message, failure.machine_code])
        if not _TOKEN.search(message):
            return RecoveryOutcome(
                changed=False, message="no session token expired: the same key would be refused again"
            )
        return RecoveryOutcome(
            changed=True, message="an expired session token is renewed when the client starts again"
        )


class RenewCredentials(RecoveryAction):
    """The lines that log in again or set another key, with the variable's own name; what the probes saw of
    the key goes before.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        text = "\n".join([*diagnosis.evidence, failure.message, failure.machine_code])
        again = f"dagogy recover {context.run_id}"
        seen = "; ".join(
            f"{p.subject}: {p.message}"
            for p in context.probes
            if p.state == "bad" and diagnosis.incident_id in p.confirms
        )
        shown = f" ({seen})" if seen else ""
        if _PLACE.search(text):
            message = (
                f"the provider does not serve the place that the request came from{shown}: use another "
                "network route, or another provider"
            )
            return RecoveryOutcome(
                changed=False, message=message, commands=("curl -s https://ipinfo.io/country", again)
            )
        if failure.provider == "codex_exec":
            agent = context.setting("CODING_AGENT_CMD").strip() or "codex"
            message = (
                f"the login of {agent} is not accepted{shown}; two processes that share one auth.json use up "
                "each other's token"
            )
            return RecoveryOutcome(
                changed=False,
                message=message,
                commands=(f"{agent} login status", f"{agent} logout && {agent} login", again),
            )
        named = _VARIABLE.search(text)
        name, host = named[0] if named else "OPENAI_API_KEY", host_of(failure, context)
        page = f"; keys of {host}: {_KEYS[host]}" if host in _KEYS else ""
        message = f"{host} does not accept {name}{shown}{page}"
        return RecoveryOutcome(
            changed=False, message=message, commands=(f"export {name}='<key of {host}>'", again)
        )


class AwaitQuota(RecoveryAction):
    """When the quota comes back, where it is raised, and the command to repeat then."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        host = host_of(failure, context)
        page = _BILLING.get(
            "chatgpt.com"
            if failure.provider == "codex_exec" and "plan" in failure.text + failure.message
            else host,
            "",
        )
        retry_after = diagnosis.retry_after_seconds
        reset = (
            f"it comes back {when(failure, retry_after)}"
            if retry_after is not None
            else "no reset time was given"
        )
        raised = f"; it is raised at {page}" if page else f"; it is raised on the billing page of {host}"
        commands = (
            f"dagogy recover {context.run_id}",
            f"AGENT_PROVIDER=internal dagogy recover {context.run_id}",
        )
        return RecoveryOutcome(
            changed=False,
            message=f"the quota is used up: {reset}{raised}; until then another provider can answer",
            commands=commands,
        )


class DefaultModel(RecoveryAction):
    """Takes `AGENT_MODEL` out for one attempt, so that the provider's own choice answers."""

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        model = context.setting("AGENT_MODEL").strip()
        if any(word.split("=")[0] == "--model" for word in failure.command):
            return RecoveryOutcome(
                changed=False, message="the command names the model itself: leave out its --model"
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


class ChooseModel(RecoveryAction):
    """How to list the models, what is odd about the name, and the link that the provider gave."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        advice = advice_for(REMEDIES, failure, diagnosis)
        if advice is not None and advice.specific:
            return RecoveryOutcome(
                changed=False,
                message=f"{advice.cause}: {advice.steps}",
                commands=(*advice.commands, f"dagogy recover {context.run_id}"),
            )
        model = failure.model or context.setting("AGENT_MODEL").strip()
        host, base = (
            host_of(failure, context),
            context.setting("OPENAI_BASE_URL").strip().rstrip("/") or _DEFAULT,
        )
        link = _LINK.search("\n".join([*diagnosis.evidence, failure.message]))
        if diagnosis.incident_id == "model_capability_missing":
            odd = [
                f"'{model}' cannot do what was asked of it" if model else "the model cannot do what was asked"
            ]
            odd.append(" ".join(diagnosis.evidence)[:300])
        else:
            odd = [f"'{model}' is not open to this account" if model else "no model is named"]
        if "/" in model and host == "api.openai.com":
            odd.append("a name with '/' is one of a gateway")
        if _EFFORT.search(model):
            odd.append("the effort at its end is no part of a model's name")
        if link:
            odd.append(f"see {link[0].rstrip('.,')}")
        listing = f'curl -s -m 10 {shlex.quote(base + "/models")} -H "Authorization: Bearer $OPENAI_API_KEY"'
        agent = context.setting("CODING_AGENT_CMD").strip() or "codex"
        commands = (f"{agent} --help",) if failure.provider == "codex_exec" else (listing,)
        return RecoveryOutcome(
            changed=False,
            message="; ".join(odd),
            commands=(
                *commands,
                "export AGENT_MODEL='<model of that list>'",
                f"dagogy recover {context.run_id}",
            ),
        )


def host_of(failure: Failure, context: RecoveryContext) -> str:
    """The host that was asked: as the provider said, else that of the base URL."""
    endpoint = str(failure.details.get("endpoint") or "")
    try:
        named = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}").hostname or ""
        return (
            named
            if "." in named
            else urlsplit(context.setting("OPENAI_BASE_URL").strip() or _DEFAULT).hostname or "the provider"
        )
    except ValueError:
        return "the provider"


def when(failure: Failure, seconds: float) -> str:
    """The time at which `seconds` after the failure have passed, in local time."""
    try:
        start = datetime.fromisoformat(failure.at_utc)
    except ValueError:
        start = datetime.now().astimezone()
    return f"at {(start + timedelta(seconds=seconds)).astimezone():%Y-%m-%d %H:%M %Z}"


def _jitter() -> float:
    """Up to a tenth more, another share for each process, so that not all come back at once."""
    return 1 + os.getpid() % 100 / 1000
