"""The classifier of runbook section 3E."""

from __future__ import annotations

from dagogy.api.failures import Signature, SignatureClassifier

from dagogy_incident_remote_llm_config.remedies import REMEDIES

_ID = "openai_base_url_invalid"
_SDK_ATTRIBUTES = r"output_text|output|choices|status|usage|error|incomplete_details|model_dump\w*|id"


class RemoteLlmConfig(SignatureClassifier):
    """Runbook 3E: requests go to an address that is no API's.

    openai_base_url_invalid:
        What: `OPENAI_BASE_URL` is malformed (no scheme, no host, a stray line end), or well formed but not
        the root of an OpenAI-style API: `/v1` twice or not at all, the whole endpoint, a web page, a gateway
        without `/responses`.
        Recognised by: `invalid OPENAI_BASE_URL`; the URL errors of httpx, requests, urllib, Node
        and Rust; the API's `Invalid URL (POST …)`; the 404 pages of gateways; an SDK that got text
        where it expected an object.
        What to do: Set `OPENAI_BASE_URL` to an address with scheme and host that ends before `/responses`,
        such as `https://api.openai.com/v1`, and check it: `curl -s -o /dev/null -w '%{http_code}
        %{content_type}' "$OPENAI_BASE_URL/models"`.
        Retry: Only after the address is changed.
    """

    remedies = REMEDIES
    signatures = (
        Signature(incident=_ID, cause="base_url_malformed"),
        # A page that a challenge or a company's proxy shows is not the fault of the address.
        Signature(incident=_ID, cause="html", unless=r"Just a moment|captcha"),
        Signature(
            incident=_ID,
            typed="config_error provider_error invalid_argument",
            message=(
                r"\binvalid OPENAI_BASE_URL|\bOPENAI_BASE_URL (?:must be|is not|is invalid|is '|is \")"
                r"|\bbase[_ ]url\b.*\b(?:invalid|must be)"
            ),
        ),
        Signature(
            incident=_ID,
            message=(
                r"^(?:error: )?(?:\w+: )*invalid (?:OPENAI_BASE_URL|base[_ ]url)\b"
                r"|\bOPENAI_BASE_URL must be an absolute\b"
            ),
        ),
        Signature(
            incident=_ID,
            exception=r"UnsupportedProtocol|MissingSchema|InvalidSchema|LocationParseError",
            unless=r"proxy|redirect",
        ),
        Signature(
            incident=_ID,
            exception=r"(?:\w+\.)*InvalidURL|InvalidHost|URLError",
            message=(
                r"Invalid URL|invalid port|nonnumeric port|non-printable"
                r"|control characters|Invalid IPv|no host|unknown url type"
                r"|too long|IDNA|^\[?Errno -?\d*\]?.{0,5}no host|Failed to parse"
            ),
            unless=r"proxy",
        ),
        Signature(incident=_ID, exception=r"InvalidURL", unless=r"proxy"),
        Signature(
            incident=_ID,
            exception=r"URLError|ValueError|OSError",
            message=r"\bno host given\b|\bunknown url type\b",
        ),
        Signature(
            incident=_ID,
            exception=r"ValueError",
            message=(
                r"^Invalid IPv6 URL|^Port could not be cast to integer"
                r"|^Port out of range|does not appear to be an IPv[46]"
            ),
        ),
        Signature(
            incident=_ID,
            exception=r"TypeError",
            message=r"\[?ERR_INVALID_URL\]?|^Invalid URL$|Failed to parse URL from",
        ),
        Signature(
            incident=_ID,
            message=(
                r"\bRequest URL (?:is missing|has an unsupported) |\bNo scheme supplied\b"
                r"|\bNo connection adapters were found for\b|\bERR_INVALID_URL\b"
            ),
        ),
        Signature(
            incident=_ID,
            message=(
                r"\bstream disconnected before completion: builder error"
                r"|\bbuilder error(?:$| for url|: relative URL)"
                r"|\brelative URL without a base\b|\binvalid (?:uri|URL) character\b|\bempty host\b"
            ),
        ),
        Signature(
            incident=_ID,
            message=r"\bInvalid URL \((?:GET|POST) /",
            machine="invalid_request_error unknown_url",
        ),
        Signature(
            incident=_ID, message=r"\bInvalid URL \((?:GET|POST) /|\bUnknown request URL: (?:GET|POST) /"
        ),
        Signature(incident=_ID, machine="unknown_url"),
        Signature(
            incident=_ID,
            status="404",
            message=(
                r"<!doctype html|<html|<title>|404 page not found"
                r"|Cannot (?:POST|GET) /|no Route matched|: Not Found(?:,|$)"
                r"|\"detail\": ?\"Not Found\"|'detail': 'Not Found'"
            ),
        ),
        Signature(
            incident=_ID,
            status="404",
            message=(
                r"^(?:Not Found|Resource not found"
                r"|The requested URL \S+ was not found.*|Path not found.*)\.?$"
            ),
        ),
        Signature(incident=_ID, message=r"^(?:404 page not found|Cannot (?:POST|GET) /\S+)$"),
        Signature(incident=_ID, status="405"),
        Signature(
            incident=_ID,
            exception=r"AttributeError",
            message=rf"^'str' object has no attribute '(?:{_SDK_ATTRIBUTES})'",
            confidence=0.7,
        ),
        Signature(
            incident=_ID,
            message=rf"\braised AttributeError: 'str' object has no attribute '(?:{_SDK_ATTRIBUTES})'",
            confidence=0.7,
        ),
    )
