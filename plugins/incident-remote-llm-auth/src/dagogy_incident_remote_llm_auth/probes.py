"""Looks at the key, and says nothing of it but its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dagogy.api.failures import Failure
from dagogy.api.probes import Probe, ProbeContext, ProbeResult
from dagogy.api.services import Url

_MISSING, _AUTH = "openai_api_key_missing", "provider_auth_failed"
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_(?:API_KEY|KEY|TOKEN)\b")
#: Which host keys of a known beginning are for; the longer beginning counts.
_PREFIXES = {
    "sk-or-": "openrouter.ai",
    "sk-ant-": "api.anthropic.com",
    "sk-proj-": "api.openai.com",
    "sk-svcacct-": "api.openai.com",
    "gsk_": "api.groq.com",
    "xai-": "api.x.ai",
    "AIza": "generativelanguage.googleapis.com",
}
_PLACEHOLDERS = re.compile(
    r"(?i)^<.*>$|^(?:sk-)?(?:your|my|xxx|test|changeme|placeholder|\.\.\.|…)[\w. -]*$|^sk-\.{3}$"
)


def _of_another_service(value: str, host: str) -> Iterator[str]:
    """What is wrong where a key begins like those of another service than the one that is asked."""
    by_length = sorted(_PREFIXES.items(), key=lambda p: -len(p[0]))
    meant = next((at for prefix, at in by_length if value.strip().startswith(prefix)), host)
    if host in _PREFIXES.values() and meant != host:
        yield f"it begins like a key for {meant}, and requests go to {host}"


class Key(Probe):
    """Is a key set, and can it be one for this host? Its length, white space, characters no header can carry,
    and the beginning against the host.

    The key itself is never shown.
    """

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        named = _VARIABLE.search(f"{failure.message}\n{failure.text[-4000:]}")
        asked = (failure.provider or context.setting("AGENT_PROVIDER") or "internal") == "remote_llm"
        if not (named or asked or "OPENAI_API_KEY" in context.environ_names):
            return
        name = named[0] if named else "OPENAI_API_KEY"
        value = context.setting(name)
        if not value.strip():
            state = "set, but empty" if name in context.environ_names else "not set"
            yield ProbeResult(subject=name, state="bad", message=state, confirms=(_MISSING,))
            return
        # Whoever is asked for a key by name, and has it, misses none.
        refutes = (_MISSING,)
        shape = f"set, {len(value)} characters"
        host = _host(context.setting("OPENAI_BASE_URL").strip() or "https://api.openai.com/v1")
        faults = list(_faults(value))
        if name == "OPENAI_API_KEY":
            faults += _of_another_service(value, host)
        if faults:
            yield ProbeResult(
                subject=name,
                state="bad",
                message=f"{shape}: {'; '.join(faults)}",
                confirms=(_AUTH,),
                refutes=refutes,
            )
        else:
            yield ProbeResult(
                subject=name,
                state="ok",
                message=f"{shape}, of a shape that fits {host or 'any host'}",
                refutes=refutes,
            )


def _host(url: str) -> str:
    parts = Url(url).parts
    return "" if parts is None else parts.hostname or ""


def _faults(value: str) -> Iterator[str]:
    if value != value.strip():
        yield "white space or a line end around it"
    if any(c.isspace() for c in value.strip()):
        yield "white space in it"
    if not value.isascii():
        yield "characters outside ASCII, which no header can carry"
    if value.strip()[:1] in "\"'":
        yield "quotation marks belong to its value"
    if value.strip().lower().startswith("bearer"):
        yield "it begins with 'Bearer', which is no part of a key"
    if _PLACEHOLDERS.search(value.strip()):
        yield "it looks like a placeholder"
