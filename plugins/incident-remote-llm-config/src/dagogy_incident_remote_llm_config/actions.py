"""The recovery actions of runbook section 3E."""

from __future__ import annotations

import re
import shlex

from dagogy.api import Diagnosis, Failure, RecoveryAction, RecoveryContext, RecoveryOutcome

_NAME = "OPENAI_BASE_URL"
_DEFAULT = "https://api.openai.com/v1"
_LOCAL = re.compile(r"(?:localhost|127\.|\[::1\]|10\.|192\.168\.)")


def trimmed(url: str) -> str:
    """Without white space, quotes around it and slashes at its end: that changes no address."""
    return re.sub(r"\s+", "", url).strip("\"'").rstrip("/")


def repaired(url: str) -> str:
    """The root that was probably meant: with a scheme, `/v1` once, and without the endpoint."""
    url = trimmed(url)
    url = re.sub(r"^(https?):/{0,2}(?=[^/])", r"\1://", url)
    if "://" not in url and url:
        url = ("http://" if _LOCAL.match(url) else "https://") + url.lstrip("/:")
    url = re.sub(r"/(?:responses|chat/completions|completions|models)$", "", url)
    url = re.sub(r"(?:/v1){2,}$", "/v1", url)
    if not re.match(r"https?://[^/?#]+", url):
        return _DEFAULT
    return url if re.search(r"://[^/?#]+/.", url) else url + "/v1"


class TrimBaseUrl(RecoveryAction):
    """Takes white space, quotes and slashes at the end off the address for one attempt; it stays the same address."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting(_NAME)
        wanted = trimmed(given)
        if not wanted or wanted == given:
            return RecoveryOutcome(changed=False, message=f"{_NAME} has nothing to trim")
        return RecoveryOutcome(changed=True, message=f"{_NAME} {given!r} -> {wanted!r}", environment={_NAME: wanted})


class RepairBaseUrl(RecoveryAction):
    """The repaired address, the command that tests it, and the line that sets it. Requests go to a new address only by a person's hand."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting(_NAME)
        wanted = repaired(given)
        told = "is well formed, but no API answers there" if wanted == given else f"was probably meant to be {wanted}"
        return RecoveryOutcome(
            changed=False,
            message=f"{_NAME} {given!r} {told}",
            commands=(
                f"curl -s -m 5 -o /dev/null -w '%{{http_code}} %{{content_type}}\\n' {shlex.quote(wanted + '/models')}",
                f"export {_NAME}={shlex.quote(wanted)}",
                f"dagogy recover {context.run_id}",
            ),
        )
