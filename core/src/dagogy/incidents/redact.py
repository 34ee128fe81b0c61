"""Keeps secrets out of everything that dagogy prints or writes about a failure.

A secret is looked for as it is, in base64 and hex, as a URL, JSON, HTML or Python writes it (also one within the other), and broken over
lines. For that a text is read once with its escapes undone, and what is found is traced back to where it stands. What only looks like a
key (a bearer token, the user of a URL, `api_key=…`) goes too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Any
from urllib.parse import unquote

_SECRET_NAME = re.compile(r"(?:KEY|TOKEN)S?(?![A-Z])|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)", re.IGNORECASE)
_IN_URL = re.compile(r"(?<=://)[^/?#\s\"'<>]+(?=@)")
_PASSWORD = re.compile(r"://(?:[^/?#\s:@]*:)?([^/?#\s@]+)@")
_PARAMETER = re.compile(r"[?&;]([^=&#\s]+)=([^&#\s]+)")
_SHAPES = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|AKIA[A-Z0-9]{12,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)"
    r"|(?i:(?<=bearer )(?=[A-Za-z]*[0-9._~+/=-])[A-Za-z0-9._~+/=-]{8,}|(?<=authorization: basic )[A-Za-z0-9+/=]{4,})"
)
#: A header, parameter or field that holds a key, and a value that looks like one: it has a digit.
_NAMED = re.compile(
    r"((?:x-api-key|api[-_]?key|access[-_]?token|auth[-_]?token|authorization|password|client[-_]?secret|[?&](?:key|token|sig))[\"']?\s*[:=]\s*[\"']?"
    r"(?:basic |bearer )?+)(?=[^\s\"'&,\[\]]*\d)[^\s\"'&,\[\]]{8,}",
    re.IGNORECASE,
)
#: What an encoding puts for a byte or a character, and marks that one adds. Any number of backslashes: JSON may stand within JSON.
_ESCAPE = re.compile(
    rb"(?P<u>(?:\\+u[0-9a-fA-F]{4})+)|\\+x(?P<x>[0-9a-fA-F]{2})|%(?P<percent>[0-9a-fA-F]{2})|&(?P<entity>[a-z]{2,5}|#\d{1,6}|#x[0-9a-fA-F]{1,5});"
    rb"|(?P<newline>\\+[nr])|[\\\"']+"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
#: What may stand where a line was broken, besides the break itself: blanks, quotation marks of mails, bars of tracebacks, commas, plus signs.
_FILLERS = b" \t\n\r\f\v+,|>"
_FILLING = re.compile(rb"[\s+,|>]+")
_HEX = re.compile(rb"[0-9a-fA-F]{2}(?:[:\s-]{0,3}[0-9a-fA-F]{2}){5}")
_BETWEEN_HEX = re.compile(rb"[:\s-]+")
#: What the marks that an encoding adds consist of: they are left out of texts and of secrets alike.
_MARKS = re.compile(rb"[\\\"']+")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_SHORTEST = 6
#: What is shorter is no secret when it is put together from pieces.
_SHORTEST_IN_PIECES = 8
_SHORTEST_WITH_BLANKS = 16


def secrets_of(environ: Mapping[str, str], declared: Iterable[str] = ()) -> dict[str, str]:
    """The secret values in `environ` by variable name: those that plugins declared, those whose name says so, and what a URL holds of them.

    Of a URL these are its password, a user that stands alone, and the parameters whose name says so.
    """
    names = set(declared)
    found = {n: v for n, v in environ.items() if len(v.strip()) >= _SHORTEST and (n in names or _SECRET_NAME.search(n))}
    for name, value in environ.items():
        if "://" in value and name not in found:
            told = [p[1] for p in _PASSWORD.finditer(value)] + [v for key, v in _PARAMETER.findall(value) if _SECRET_NAME.search(key) or key == "sig"]
            for number, secret in enumerate(unquote(t) for t in told if len(unquote(t)) >= _SHORTEST):
                found[f"{name}_{number + 1}" if number else name] = secret
    return found


def redacted(value: Any, secrets: Mapping[str, str], *, shapes: bool = True) -> Any:
    """`value` (text, or JSON values) with every secret replaced by the name of its variable, and key-like text by a mark.

    `shapes`: whether what only looks like a key goes too. Not in what a provider wrote for people to learn from: a lesson may show one.
    """
    if isinstance(value, str):
        return _without(value, secrets, shapes=shapes)
    if isinstance(value, Mapping):
        return {
            _without(k, secrets, shapes=shapes) if isinstance(k, str) else k: redacted(_unnamed(k, v) if shapes else v, secrets, shapes=shapes)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        items = [redacted(v, secrets, shapes=shapes) for v in value]
        if len(items) > 1 and all(isinstance(i, str) for i in items):
            # A secret may go on in the next line.
            joined = "\n".join(items)
            whole = _without(joined, secrets, shapes=shapes)
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


def _without(text: str, secrets: Mapping[str, str], *, shapes: bool = True) -> str:
    if secrets and text:
        spans = _spans(text.encode(errors="surrogatepass"), secrets)
        text = _replaced(text, spans) if spans else text
    return text if not shapes else _NAMED.sub(r"\1[redacted]", _SHAPES.sub("[redacted]", _IN_URL.sub("[redacted]", text)))


def _replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    """`text` with a mark for each span of its bytes; of spans that overlap, the first and longest."""
    data, parts, at = text.encode(errors="surrogatepass"), [], 0
    for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= at:
            parts += [data[at:start], f"[{name}]".encode()]
        at = max(at, end)
    return b"".join([*parts, data[at:]]).decode(errors="surrogatepass")


def _spans(data: bytes, secrets: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Where in `data` the secrets are."""
    if not _may_hold(data, secrets):
        return []
    plain = _View.of(data)
    views = {"plain": plain, "base64": _View(plain.data.translate(_TO_STANDARD), plain.starts, plain.ends)}
    broken = {kind: view.without(_FILLING) for kind, view in views.items()} if _FILLING.search(plain.data) else {}
    if _HEX.search(plain.data):
        digits = plain.without(_BETWEEN_HEX)
        views["hex"] = _View(digits.data.lower(), digits.starts, digits.ends)
    spans = []
    for name, secret in secrets.items():
        for kind, needle in _needles(secret):
            spans += [(*span, name) for span in views[kind].find(needle)] if kind in views else []
            squeezed = _FILLING.sub(b"", needle)
            if kind in broken and len(squeezed) >= _SHORTEST_IN_PIECES:
                # A blank alone may be a line break that was folded, but `test token` is not the secret `testtoken`.
                sure = len(squeezed) >= _SHORTEST_WITH_BLANKS
                spans += [(start, end, name) for start, end in broken[kind].find(squeezed) if sure or re.search(rb"\n|\\[nr]", data[start:end])]
    return spans


def _may_hold(data: bytes, secrets: Mapping[str, str]) -> bool:
    """Whether a secret is in `data` if nothing counts that may stand between its pieces: most texts need no closer look."""
    plain = _ESCAPE.sub(_undone, data)
    tight = {
        "plain": plain.translate(None, _FILLERS),
        "base64": plain.translate(_TO_STANDARD).translate(None, _FILLERS),
        "hex": plain.translate(None, b": \t\n\r\f\v-").lower(),
    }
    return any(
        (needle if kind == "hex" else needle.translate(None, _FILLERS)) in tight[kind] for secret in secrets.values() for kind, needle in _needles(secret)
    )


@dataclass(frozen=True, slots=True)
class _View:
    """Bytes made from others: each has the place it came from (`starts` and `ends`; None where nothing was changed)."""

    data: bytes
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    @classmethod
    def of(cls, data: bytes) -> _View:
        """`data` with its escapes undone and without quotation marks and backslashes."""
        out, starts, ends, at = bytearray(), [], [], 0
        for found in _ESCAPE.finditer(data):
            undone = _undone(found)
            out += data[at : found.start()] + undone
            starts += [*range(at, found.start()), *[found.start()] * len(undone)]
            ends += [*range(at + 1, found.start() + 1), *[found.end()] * len(undone)]
            at = found.end()
        if not at:
            return cls(data)
        return cls(bytes(out + data[at:]), [*starts, *range(at, len(data))], [*ends, *range(at + 1, len(data) + 1)])

    def without(self, pattern: re.Pattern[bytes]) -> _View:
        """The same without what matches `pattern`."""
        out, at = bytearray(), 0
        kept: list[int] = []
        for found in pattern.finditer(self.data):
            out += self.data[at : found.start()]
            kept += range(at, found.start())
            at = found.end()
        kept += range(at, len(self.data))
        starts = kept if self.starts is None else [self.starts[i] for i in kept]
        ends = [i + 1 for i in kept] if self.ends is None else [self.ends[i] for i in kept]
        return _View(bytes(out + self.data[at:]), starts, ends)

    def find(self, needle: bytes) -> Iterator[tuple[int, int]]:
        """Where `needle` came from, each time it is there."""
        at = self.data.find(needle)
        while at >= 0:
            last = at + len(needle) - 1
            yield (at if self.starts is None else self.starts[at]), (last + 1 if self.ends is None else self.ends[last])
            at = self.data.find(needle, last + 1)


def _undone(found: re.Match[bytes]) -> bytes:
    """What an escape stands for."""
    out = b"\n" if found["newline"] else b""
    if found["u"]:
        out = bytes.fromhex(re.sub(rb"\\+u", b"", found["u"]).decode()).decode("utf-16-be", "surrogatepass").encode(errors="surrogatepass")
    elif found["x"] or found["percent"]:
        out = bytes.fromhex((found["x"] or found["percent"]).decode())
    elif found["entity"]:
        out = unescape(found[0].decode()).encode(errors="surrogatepass")
    return _MARKS.sub(b"", out)


@lru_cache(maxsize=256)
def _needles(secret: str) -> tuple[tuple[str, bytes], ...]:
    """What to look for: the secret without escapes, as a form writes it, in hex, and of its base64 the part that no neighbour changes."""
    data = secret.strip().encode(errors="surrogatepass")
    needles = [("plain", _View.of(data).data), ("plain", _View.of(data.replace(b" ", b"+")).data), ("hex", data.hex().encode())]
    for shift in range(3):
        # Whole groups of three bytes only; the first and the last group share bits with their neighbours.
        inner = data[(3 - shift) % 3 :]
        inner = inner[: len(inner) // 3 * 3]
        if len(inner) >= _SHORTEST:
            needles.append(("base64", base64.b64encode(inner)))
    return tuple((kind, needle) for kind, needle in dict.fromkeys(needles) if len(needle) >= _SHORTEST)


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
