"""Keeps secrets out of everything that dagogy prints or writes about a failure.

A secret is looked for as it is, in base64, as a URL or JSON writes it, and broken over two lines. What only looks like a key (a bearer
token, the user of a URL, `api_key=…`) goes too.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)", re.IGNORECASE)
_IN_URL = re.compile(r"(?<=://)[^/?#\s\"'<>]+(?=@)")
_PASSWORD = re.compile(r"://[^/?#\s:@]*:([^/?#\s@]+)@")
_SHAPES = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|AKIA[A-Z0-9]{12,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)"
    r"|(?i:(?<=bearer )[A-Za-z0-9._~+/=-]{8,}|(?<=authorization: basic )[A-Za-z0-9+/=]{4,})"
)
#: A header, parameter or field that holds a key, and a value that looks like one: it has a digit.
_NAMED = re.compile(
    r"((?:x-api-key|api[-_]?key|access[-_]?token|auth[-_]?token|authorization|password|client[-_]?secret|[?&](?:key|token|sig))[\"']?\s*[:=]\s*[\"']?"
    r"(?:basic |bearer )?+)(?=[^\s\"'&,\[\]]*\d)[^\s\"'&,\[\]]{8,}",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
#: What may stand between two characters of a secret that was wrapped: a line end, real or escaped, with quotes and indentation around it.
_BREAK = r"(?:[\"']?[ \t+,\\]*(?:\r?\n|\\r\\n|\\n)[ \t>|]*[\"']?)?"
_SHORTEST = 6
#: What is shorter is no secret when it is put together from pieces.
_SHORTEST_IN_PIECES = 8


def secrets_of(environ: Mapping[str, str], declared: Iterable[str] = ()) -> dict[str, str]:
    """The secret values in `environ` by variable name: those that plugins declared, those whose name says so, and passwords in URLs."""
    names = set(declared)
    found = {n: v for n, v in environ.items() if len(v.strip()) >= _SHORTEST and (n in names or _SECRET_NAME.search(n))}
    for name, value in environ.items():
        password = _PASSWORD.search(value) if name not in found and "://" in value else None
        if password and len(password[1]) >= _SHORTEST:
            found[name] = unquote(password[1])
    return found


def redacted(value: Any, secrets: Mapping[str, str]) -> Any:
    """`value` (text, or JSON values) with every secret replaced by the name of its variable, and key-like text by a mark."""
    if isinstance(value, str):
        return _without(value, secrets)
    if isinstance(value, Mapping):
        return {_without(k, secrets) if isinstance(k, str) else k: redacted(_unnamed(k, v), secrets) for k, v in value.items()}
    if isinstance(value, list | tuple):
        items = [redacted(v, secrets) for v in value]
        if len(items) > 1 and all(isinstance(i, str) for i in items):
            # A secret may go on in the next line.
            joined = "\n".join(items)
            whole = _without(joined, secrets)
            return items if whole == joined else whole.split("\n")
        return items
    return value


def remains(text: str, secrets: Mapping[str, str]) -> bool:
    """Whether a secret is in `text` after all: what `redacted` would take, secrets in pieces, and key-like text inside base64."""
    if _without(text, secrets) != text:
        return True
    squeezed = _squeezed(text)
    if any(len(piece) >= _SHORTEST_IN_PIECES and piece in squeezed for piece in map(_squeezed, secrets.values())):
        return True
    wanted = [s.strip().encode() for s in secrets.values()]
    return any(_tells(decoded, wanted) for decoded in _decoded(text))


def _unnamed(key: Any, value: Any) -> Any:
    """The value of a field, without what only its name shows to be a key."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    clean = _NAMED.sub(r"\1[redacted]", f"{key}: {value}")
    return value if clean == f"{key}: {value}" else clean[len(f"{key}: ") :]


def _without(text: str, secrets: Mapping[str, str]) -> str:
    for name, secret in sorted(secrets.items(), key=lambda item: -len(item[1])):
        for form in _forms(secret):
            text = text.replace(form, f"[{name}]")
        if len(secret.strip()) >= _SHORTEST_IN_PIECES and ("\n" in text or "\\n" in text):
            text = _wrapped(secret.strip()).sub(f"[{name}]", text)
    return _NAMED.sub(r"\1[redacted]", _SHAPES.sub("[redacted]", _IN_URL.sub("[redacted]", text)))


@lru_cache(maxsize=256)
def _forms(secret: str) -> tuple[str, ...]:
    """How a secret may be written, longest first. Of base64 the part that does not depend on what stands around it."""
    plain = secret.strip()
    data = plain.encode(errors="surrogateescape")
    forms = {secret, plain, json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1], repr(plain)[1:-1], data.hex(), data.hex().upper()}
    for written in (quote(data, safe=""), quote(data), quote_plus(data)):
        forms |= {written, re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), written)}
    for shift in range(3):
        # Whole groups of three bytes only; the first and the last group share bits with their neighbours.
        inner = data[(3 - shift) % 3 :]
        inner = inner[: len(inner) // 3 * 3]
        if len(inner) >= _SHORTEST:
            forms |= {base64.b64encode(inner).decode(), base64.urlsafe_b64encode(inner).decode()}
    forms |= {base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()}
    return tuple(sorted((f for f in forms if len(f) >= _SHORTEST), key=lambda f: (-len(f), f)))


@lru_cache(maxsize=256)
def _wrapped(secret: str) -> re.Pattern[str]:
    return re.compile(_BREAK.join(map(re.escape, secret)))


def _squeezed(text: str) -> str:
    return re.sub(r"\\[nrt]|[\s\"'\\+,>|]+", "", text)


def _decoded(text: str) -> Iterator[bytes]:
    for run in _BASE64.findall(text):
        body = run.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(body[: len(body) // 4 * 4])
        except (ValueError, binascii.Error):
            continue


def _tells(decoded: bytes, secrets: list[bytes]) -> bool:
    return any(s in decoded for s in secrets) or (decoded.isascii() and _SHAPES.search(decoded.decode()) is not None)
