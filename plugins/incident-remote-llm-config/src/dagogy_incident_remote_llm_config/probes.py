"""Looks at the address of the API: what it answers to `GET /models`. No prompt
is sent, and no money spent.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from dagogy.api.failures import Failure
from dagogy.api.probes import Probe, ProbeContext, ProbeResult
from dagogy.api.services import Url

_URL, _AUTH, _MODEL, _BUSY = (
    "openai_base_url_invalid",
    "provider_auth_failed",
    "model_unavailable",
    "provider_overloaded",
)
_DEFAULT = "https://api.openai.com/v1"
_SECONDS = 5.0
_MOST_BYTES = 2**20
_CLOCK_SECONDS = 300


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer. Followed, it would take the key to another host."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


class Models(Probe):
    """Is the root of an OpenAI-style API at `OPENAI_BASE_URL`? `GET {base}/models` within 5
    s: status and content type.

    The key goes in the header to the configured host alone, over TLS or to this machine, and is
    never shown. That `/models` answers refutes nothing: a gateway may lack the endpoint that is
    needed, and a key the right to it.
    """

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        given = context.setting("OPENAI_BASE_URL")
        if (
            not given.strip()
            and (failure.provider or context.setting("AGENT_PROVIDER") or "internal") != "remote_llm"
        ):
            return
        base = given.strip().rstrip("/") or _DEFAULT
        reason = malformed(base)
        if reason:
            yield ProbeResult(subject="OPENAI_BASE_URL", state="bad", message=reason, confirms=(_URL,))
            return
        parts = urlsplit(base)
        subject = f"GET {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}/models"
        yield from self._ask(subject, base, key_for(parts, context), context.setting("AGENT_MODEL").strip())

    def _ask(self, subject: str, base: str, key: str, model: str) -> Iterator[ProbeResult]:
        headers = {"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        request = urllib.request.Request(f"{base}/models", headers=headers)  # noqa: S310  (its scheme was looked at)
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=_SECONDS) as answer:
                status, kind, when, body = (
                    answer.status,
                    answer.headers.get_content_type(),
                    answer.headers["Date"],
                    answer.read(_MOST_BYTES),
                )
        except urllib.error.HTTPError as error:
            with error:
                status, kind, when, body = (
                    error.code,
                    error.headers.get_content_type(),
                    error.headers["Date"],
                    error.read(_MOST_BYTES),
                )
                target = error.headers["Location"] if 300 <= status < 400 else None
            if target:
                place = Url(urljoin(base, target)).shown
                yield ProbeResult(
                    subject=subject,
                    state="unknown",
                    message=f"status {status}, a redirect to {place}, which is not followed",
                )
                return
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            yield ProbeResult(subject=subject, state="unknown", message=f"no answer: {reason}")
            return
        yield judged(subject, status, kind, body, bool(key), model)
        if when and (off := clock_off(when)):
            yield ProbeResult(
                subject="clock", state="bad", message=f"the clock here is {off} minutes off the server's"
            )


def malformed(url: str) -> str:
    """Why it is no address of an API, or ""."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"it is no address: {error}"
    if parts.scheme not in ("http", "https") or not host:
        return "it has no scheme or no host: http(s)://HOST/v1 is wanted"
    return "there is white space in it" if any(c.isspace() or not c.isprintable() for c in url) else ""


def key_for(parts: SplitResult, context: ProbeContext) -> str:
    """The key where it may go: over TLS, or to this machine; and where a header can carry it."""
    key = context.setting("OPENAI_API_KEY").strip()
    valid = key.isascii() and key.isprintable() and " " not in key
    return key if valid and not Url(parts.geturl()).plain_http_hop else ""


def judged(subject: str, status: int, kind: str, body: bytes, with_key: bool, model: str) -> ProbeResult:
    """What an answer to `GET /models` says."""
    answer = f"status {status}, {kind}" + ("" if with_key else ", asked without a key")
    if kind == "text/html" and status != 407:
        return ProbeResult(
            subject=subject,
            state="bad",
            message=f"{answer}: a web page, no API",
            confirms=(_URL,) if status < 500 else (_BUSY,),
        )
    if status in (401, 403):
        return ProbeResult(
            subject=subject,
            state="bad" if with_key else "unknown",
            message=answer,
            confirms=(_AUTH,) if with_key else (),
        )
    if status >= 500:
        return ProbeResult(subject=subject, state="bad", message=answer, confirms=(_BUSY,))
    if status != 200:
        # Some gateways have no list of models, so a 404 here proves nothing.
        return ProbeResult(subject=subject, state="unknown", message=answer)
    names = model_names(body)
    if names is None:
        return ProbeResult(
            subject=subject, state="bad", message=f"{answer}: no list of models", confirms=(_URL,)
        )
    if model and model not in names:
        return ProbeResult(
            subject=subject,
            state="bad",
            message=f"{answer}: {len(names)} models, '{model}' is none of them",
            confirms=(_MODEL,),
        )
    return ProbeResult(
        subject=subject,
        state="ok",
        message=f"{answer}: {len(names)} models" + (f", '{model}' among them" if model else ""),
    )


def model_names(body: bytes) -> set[str] | None:
    """The ids of an OpenAI-style list of models; None when it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    rows = document.get("data") if isinstance(document, dict) else None
    return {str(row.get("id")) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else None


def clock_off(header: str) -> int:
    """By how many minutes our clock differs from a `Date` header; 0 when it is next to nothing."""
    try:
        difference = abs(time.time() - parsedate_to_datetime(header).timestamp())
    except (ValueError, TypeError, OverflowError):
        return 0
    return round(difference / 60) if difference > _CLOCK_SECONDS else 0
