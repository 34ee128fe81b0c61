"""Who speaks in a text: whether it is a service or program that its own words name, before what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dagogy.api._lines import Line

#: Words of which the names of exceptions and of clients are made. What is left of a name without them says
#: whose it is: `Acme` in `AcmeRateLimitError`.
_COMMON_WORDS = frozenset(
    (
        "abort aborted access ai api attribute auth authentication authorization axios bad base "
        "broken budget call called cancelled cert child client completed conflict connect connection "
        "connector content context convert credentials data deadline decode denied dns dom encode "
        "entity error errors exceeded exception exhausted exit expired failed fatal fetch file filter "
        "forbidden format found gateway general generic group handshake header headers host http "
        "https import index input interface internal invalid io iteration json key limit limited "
        "limits load lock lookup many max memory method missing mixin model module name network no "
        "not object operation os out output param parameter params parse parser parsing payment "
        "permission pipe policy process protocol provider proxy quota rate read redirect redirects "
        "reference remote request requests required reset resource response rest retries retry "
        "runtime sdk server service schema socket ssl status stream syntax system task throttled "
        "throttling time timed timeout tls token too transport type unauthenticated unauthorized "
        "unavailable unexpected unicode unknown unprocessable unreachable unsupported url usage user "
        "validation value verification verify version violation web win window write zod"
    ).split()
)
_NOT_SAID = frozenset({"frame", "prompt", "reply", "banner"})
_WORD_OF_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+")
_EXCEPTION = re.compile(
    r"(?<![\w.:\\])([A-Z][A-Za-z]{2,60}(?:Error|Exception|Exceeded|Exhausted|Unavailable|Limited|Denied))\b"
)
#: The component that logs, where it calls itself a client of something.
_COMPONENT = re.compile(r"\[((?:[a-z]\w{0,40}\.){0,5}[a-z]\w{0,40}(?:api|cloud|client|sdk)(?:\.\w{1,40})?)\]")
#: The packages of stack frames, but for clients of HTTP and what calls them.
_PACKAGE = re.compile(
    r"(?:\bnode_modules/(?:@[\w-]{1,40}/)?|\b(?:site|dist)-packages[/\\]|\bpackage:|/gems/)"
    r"(?!(?:requests|urllib3|httpx2?|httpcore2?|aiohttp|anyio|h11|h2|http|axios|got|ky|undici|node-fetch|cross-fetch"
    r"|follow-redirects|tunnel|retry|p-retry|tenacity|backoff|google|googleapis|pydantic|flask|fastapi|starlette|uvicorn"
    r"|gunicorn|django|celery|click|typer|rich|streamlit|gradio|pytest|faraday|net-http|rest-client|zod|ai)\b)"
    r"([A-Za-z][\w.]{1,40})"
)
#: Namespaces of other languages, but for those of their own libraries and of clients of HTTP.
_NAMESPACE = re.compile(
    r"(?<![\w.:])((?!Net::|JSON::|Errno::|HTTP|Faraday::|RestClient::|OpenSSL::)[A-Z]\w{1,40})::[A-Z]\w*"
    r"|(?<![\w.:])((?!std|core|tokio|reqwest|hyper|http|url|serde|rustls|tungstenite|io|anyhow|eyre)"
    r"[a-z]\w{1,40})::(?:\w{1,40}::){0,4}[A-Z]\w*Error\b"
    r"|(?<![\w.])(?:com|org|io|net|dev)\.(?!apache\.http|springframework|netty)(\w{2,40})"
    r"(?:\.\w{1,60}){1,8}(?:Exception|Error)\b"
    r"|(?<![\w.])((?!System\.|Microsoft\.AspNet)[A-Z]\w{1,40})(?:\.[A-Z]\w{0,60}){1,6}(?:Exception|Error)\b"
    r"|(?<![\w.\\])([A-Z]\w{1,40})(?:\\[A-Z]\w{0,60}){1,6}(?:Exception|Error)\b"
)
_NOT_A_NAME = (
    r"(?:The|This|Your|Our|An?|Invalid|Missing|No|None|Bad|Unknown|Web|REST|Rest|HTTPS?|JSON|URL|API|Public"
    r"|Private|Any|Some|Each|Provided|Remote|External|Calling|Failed|Error|Python|Node|Proxy|Server)\b"
)
#: Whose API it is, or to whom something was sent.
_NAMED = re.compile(
    rf"\b(?!{_NOT_A_NAME})([A-Z][A-Za-z]{{2,40}}) API\b"
    r"|\b(?:[Ee]rror|[Cc]onnect\w{0,4}|[Pp]ush\w{0,4}|[Aa]uthenticat\w{0,6}|[Rr]equests?|[Rr]esponse|[Ss]ending"
    rf"|[Ff]etch\w{{0,4}}) (?:from|to|with|by) (?!{_NOT_A_NAME})([A-Z][A-Za-z]{{2,40}})\b"
    r"|\b[Ss]ervice:? '?(Amazon [A-Z]\w{1,20}|(?:[a-z][\w-]{1,40}\.){1,4}[a-z]{2,10})\b"
)
#: Addresses of nobody, and of pages that only explain what a status means.
_HOST = re.compile(
    r"\bhttps?://(?!(?:[\w-]{1,60}\.){0,4}(?:example|invalid|local|localhost|internal|corp|test|mozilla"
    r"|httpstatuses|python|pydantic|nodejs|w3|rfc-editor|ietf)\b)"
    r"((?:[a-z0-9-]{1,60}\.){1,5}[a-z]{2,12})(?=[/:'\"\s)\]>,]|$)",
    re.IGNORECASE,
)


def another_speaker(text: str, lines: Sequence[Line], names: Sequence[str]) -> str:
    """The name of the service or program that a text says is speaking, or was asked; "" where it names none,
    and where it speaks of a service by one of `names`, patterns of the dialects.
    """
    known = "|".join(filter(None, names))
    if not known or re.search(known, text, re.IGNORECASE):
        return ""
    package = _PACKAGE.search(text)
    said = speaker_in("\n".join(line.text for line in lines if line.kind not in _NOT_SAID))
    return said or (package[1] if package is not None else "")


def speaker_in(text: str) -> str:
    """The first name in `text` that none of the words which all have in common explain; "" without one."""
    for pattern in (_EXCEPTION, _COMPONENT):
        for found in pattern.finditer(text):
            words = [word for word in _WORD_OF_NAME.findall(found[1]) if word.lower() not in _COMMON_WORDS]
            if any(len(word) > 1 for word in words):
                return found[1]
    for pattern in (_NAMESPACE, _NAMED, _HOST):
        match = pattern.search(text)
        if match is not None:
            return next(group for group in match.groups() if group)
    return ""
