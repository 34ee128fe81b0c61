"""The classifier of runbook section 3D."""

from __future__ import annotations

from dagogy.api.failures import Signature, SignatureClassifier

from dagogy_incident_remote_llm_auth.remedies import REMEDIES

_KEY = r"[A-Z][A-Z0-9_]*(?:KEY|TOKEN)"


class RemoteLlmAuth(SignatureClassifier):
    """Runbook 3D: a key is needed, and there is none.

    openai_api_key_missing:
        What: The provider needs a key and none is set, so that no request was sent. The variable
        may be unset, not exported, empty, or another one than `OPENAI_API_KEY`, if the
        provider's configuration says so.
        Recognised by: `OPENAI_API_KEY is required`; the SDK's words for a client without credentials; codex's
        `Missing environment variable`.
        What to do: Set the variable that the message names: `export OPENAI_API_KEY=…` (PowerShell:
        `$env:OPENAI_API_KEY = "…"`). Or use a provider that needs none: `AGENT_PROVIDER=internal`, or
        `codex_exec` with a logged-in codex.
        Retry: Only after the key is set.
    """

    said_by_any_service = True
    remedies = REMEDIES
    signatures = (
        Signature(incident="openai_api_key_missing", cause="key_missing"),
        Signature(
            incident="openai_api_key_missing",
            typed="config_error provider_error invalid_argument",
            message=rf"\b{_KEY} (?:is )?(?:required|not set|missing|empty)",
        ),
        Signature(
            incident="openai_api_key_missing",
            message=(
                rf"^(?:\w+: )*{_KEY} (?:is required|is not set|must be set"
                r"|is missing|is empty|not found in (?:the )?environment)"
            ),
        ),
        Signature(incident="openai_api_key_missing", message=rf"\bMissing environment variable: `?{_KEY}`?"),
        Signature(
            incident="openai_api_key_missing",
            message=(
                r"\bMissing credentials\. Please pass (?:an|one of) `?\w*"
                r"(?:api_?key|token)|\bThe api_key client option must be set\b"
                r"|\bCould not resolve authentication method\b"
            ),
        ),
        Signature(
            incident="openai_api_key_missing",
            message=(
                r"\bDid not find openai_api_key\b|\bNo API key (?:provided|found"
                r"|was found|is set)\b.{0,80}\b(?:environment|set|export)\b"
            ),
        ),
        Signature(
            incident="openai_api_key_missing",
            message=rf"\b{_KEY} environment variable is (?:missing|not set|unset|empty|required)\b",
        ),
        Signature(
            incident="openai_api_key_missing", exception=r"KeyError", message=r"^'?[A-Z][A-Z0-9_]*_API_KEY'?$"
        ),
    )
