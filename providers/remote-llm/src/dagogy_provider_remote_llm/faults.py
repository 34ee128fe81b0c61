"""Why a request brought no answer, as facts, and whether the same request may bring one later."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from dagogy.api.providers import ProviderSettings
from dagogy.api.services import read_body
from dagogy.api.text import shorten

from dagogy_provider_remote_llm.access import without_key
from dagogy_provider_remote_llm.deadline import RequestDeadline
from dagogy_provider_remote_llm.waits import retry_after

_PASSING_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524, 529})
_PASSING = re.compile(
    r"server_error|overload|rate_limit|unavailable|timeout|timed_out|capacity|slow_down|internal"
)
#: Codes and words with which the same request fails again however long one waits.
_FINAL = re.compile(
    r"quota|billing|credit|usage_limit|usage_not|invalid|auth|permission|context_length|too_large|too_long|schema|policy|not_found|unsupported|unknown"
)
_FINAL_WORDS = re.compile(
    r"exceeded your current quota|insufficient (?:quota|credit|balance|funds)"
    r"|request too large|context (?:length|window)",
    re.IGNORECASE,
)
_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body|title)\b", re.IGNORECASE)
_TAIL = 2000


class Fault(Exception):
    """One request failed. `facts` are those of `ProviderError.details`; `retry`: the same request may fare
    better; `param`: the parameter at fault.
    """

    def __init__(
        self, message: str, *, retry: bool = False, hint: str = "", param: str = "", **facts: Any
    ) -> None:
        super().__init__(message)
        self.message, self.retry, self.hint, self.param = message, retry, hint, param
        self.facts = {name: value for name, value in facts.items() if value not in (None, "", {})}

    @property
    def status(self) -> int | None:
        status: int | None = self.facts.get("http_status")
        return status

    @property
    def code(self) -> str:
        return str(self.facts.get("machine_code", ""))


def body_fault(body: Any, headers: Any, status: int | None, what: str) -> Fault:
    """The fault that an error body tells. `body`: JSON values, or text that is none."""
    if isinstance(body, str):
        return _text_fault(body, headers, status, what)
    text, found = json.dumps(body, ensure_ascii=False), read_body(body)
    if found is None:
        return _text_fault(text, headers, status, what)
    message = shorten(found.message or text, 300)
    return Fault(
        f"{what}{f' ({found.code})' if found.code else ''}: {message or 'no message'}",
        retry=_may_pass(found.code, message, headers, status),
        param=found.param,
        http_status=status,
        machine_code=found.code,
        request_id=headers.get("x-request-id") or found.request_id,
        retry_after_seconds=retry_after(headers),
        output=text[-_TAIL:],
        cause="html" if _HTML.match(text) and status in (None, 200) else "",
    )


def _text_fault(text: str, headers: Any, status: int | None, what: str) -> Fault:
    """The fault that a body of another shape than an error's tells, which may be a web page."""
    page = _HTML.match(text)
    message = "a web page" if page else shorten(text, 300)
    return Fault(
        f"{what}: {message or 'no message'}",
        retry=_may_pass("", message, headers, status),
        http_status=status,
        request_id=headers.get("x-request-id") or "",
        retry_after_seconds=retry_after(headers),
        output=text[-_TAIL:],
        cause="html" if page and status in (None, 200) else "",
    )


def _may_pass(code: str, message: str, headers: Any, status: int | None) -> bool:
    """Whether the same request may be answered a little later."""
    if _FINAL.search(code) or _FINAL_WORDS.search(message) or headers.get("x-should-retry") == "false":
        return False
    return status in _PASSING_STATUS if status else bool(_PASSING.search(code))


def fault_of(error: Exception, endpoint: str, deadline: RequestDeadline) -> Fault:
    """What the SDK (or the HTTP library below it) raised, as a fault."""
    if deadline.ended:
        return _late(endpoint, deadline)
    if isinstance(error, openai.APIStatusError) and error.response.has_redirect_location:
        return redirect_fault(error, endpoint)
    if isinstance(error, openai.APIStatusError):
        body = _wrapped(error.body) if error.body is not None else error.response.text
        return body_fault(
            body, error.response.headers, error.status_code, f"{endpoint} answered {error.status_code}"
        )
    if isinstance(error, openai.APIConnectionError | httpx2.RequestError):
        leaf = list(links(error))[-1]
        unsafe = any("certificate" in str(link).lower() for link in links(error))
        what = "broke off its answer" if deadline.last > deadline.started else "cannot be reached"
        return Fault(f"{endpoint} {what}: {shorten(str(leaf) or type(leaf).__name__, 200)}", retry=not unsafe)
    if isinstance(error, openai.APIError):  # an error event in the stream
        return body_fault(
            _wrapped(error.body if error.body is not None else error.message),
            {},
            None,
            f"{endpoint} failed while it answered",
        )
    # an event that is not JSON
    if isinstance(error, ValueError | RecursionError) and deadline.last > deadline.started:
        return Fault(
            f"{endpoint} sent a stream that cannot be read: {shorten(str(error), 200)}",
            retry=True,
            cause="incomplete",
        )
    return Fault(f"{endpoint}: the request failed with {type(error).__name__}: {shorten(str(error), 200)}")


def redirect_fault(error: openai.APIStatusError, endpoint: str) -> Fault:
    """A redirect is an answer: followed, it could take the key to anybody."""
    try:
        target = urlsplit(str(error.response.url.join(error.response.headers["location"])))
        place = f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}"
    except (ValueError, httpx2.InvalidURL):
        place = "an invalid address"
    return Fault(
        f"{endpoint} answered {error.status_code}, a redirect to {shorten(place, 200)}; it is not followed, "
        "since the key would go there",
        hint="if that is the API that you mean, set OPENAI_BASE_URL to its root",
        http_status=error.status_code,
        request_id=error.response.headers.get("x-request-id"),
        redirect=shorten(place, 200),
    )


def _wrapped(body: Any) -> Any:
    """The SDK takes the error out of its body; what reads bodies wants it back in."""
    return {"error": body} if isinstance(body, dict) and "error" not in body else body


def _late(endpoint: str, deadline: RequestDeadline) -> Fault:
    allowed, spent = f"{deadline.allowed:.3g} seconds", deadline.last - deadline.started
    if deadline.ended == "idle":
        message = f"{endpoint} went silent: nothing came for {deadline.idle:.3g} seconds"
    elif spent > 0:
        message = f"{endpoint} was still answering when the time was up, {allowed} after it was asked"
    else:
        message = f"{endpoint} did not answer within {allowed}"
    return Fault(
        message,
        retry=deadline.ended == "idle",
        hint=ProviderSettings.timeout_advice(deadline.allowed),
        cause="timeout",
        killed_by="timeout",
        timeout_seconds=deadline.allowed,
    )


def links(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def scrubbed(error: BaseException | None, key: str) -> BaseException | None:
    """The chain of `error` without the key in any message; None where that cannot be done."""
    for link in links(error):
        link.args = tuple(without_key(part, key) for part in link.args)
        for name in ("message", "body"):
            if isinstance(getattr(link, name, None), str | dict | list):
                setattr(link, name, without_key(getattr(link, name), key))
        if without_key(str(link), key) != str(link):
            return None
    return error
