"""Bytes in another writing: base64, base32, hex, lists of codes and dumps, decoded and read as text."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Callable

#: Start and end in the text, and what to put there.
Span = tuple[int, int, str]
#: What is shorter is no secret.
SHORTEST = 6


def _from_base64(run: str) -> bytes:
    body = re.sub(r"[^A-Za-z0-9+/]", "", run.replace("-", "+").replace("_", "/"))
    return binascii.a2b_base64(
        body[: len(body) // 4 * 4]
        + ("" if len(body) % 4 < 2 else body[len(body) // 4 * 4 :] + "=" * (4 - len(body) % 4))
    )


def _from_base32(run: str) -> bytes:
    body = run.rstrip("=")
    return base64.b32decode(body[: len(body) // 8 * 8]) + base64.b32decode(
        body[len(body) // 8 * 8 :] + "=" * (-len(body) % 8)
    )


def _from_hex(run: str) -> bytes:
    digits = re.sub(r"0x|[^0-9a-fA-F]", "", run)
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _from_codes(run: str) -> bytes:
    return bytes(code for code in map(int, re.findall(r"\d+", run)) if code < 256)


def _from_dump(run: str) -> bytes:
    return b"".join(_from_hex(line[1]) for line in _DUMP_LINE.finditer(run))


_DUMP_LINE = re.compile(
    r"(?<!\S)[ \t|>]{0,8}[0-9a-fA-F]{4,8}:?[ \t]{1,4}"
    r"((?:[0-9a-fA-F]{2}(?:[0-9a-fA-F]{2})?[ \t]{1,3}){1,16})[^\r\n]{0,18}"
)
#: What holds bytes in another writing, and how it is read.
_ENCODED: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (re.compile(r"[A-Za-z0-9+/_-]{20,}+={0,2}"), _from_base64),
    # In lines, which need not belong together: each was read by itself as well.
    (
        re.compile(
            r"[A-Za-z0-9+/_-]{20,}+(?:\r?\n[ \t|>]{0,8}[A-Za-z0-9+/_-]{20,}+(?![^\s=]))*+"
            r"(?:\r?\n[ \t|>]{0,8}[A-Za-z0-9+/_-]{2,}+(?=[=\r\n]|\Z))?={0,2}"
        ),
        _from_base64,
    ),
    (re.compile(r"(?<![0-9a-zA-Z])(?:[0-9a-fA-F]{2}){8,}+(?![0-9a-zA-Z])"), _from_hex),
    (
        re.compile(
            r"(?<![0-9a-zA-Z])(?:0x)?[0-9a-fA-F]{2}(?![0-9a-zA-Z])"
            r"(?:[ :,;\n-]{1,3}(?:0x)?[0-9a-fA-F]{2}(?![0-9a-zA-Z])){7,}"
        ),
        _from_hex,
    ),
    (re.compile(r"(?<![0-9A-Za-z])[A-Z2-7]{16,}+={0,6}(?![0-9A-Za-z])"), _from_base32),
    (re.compile(r"(?<![\d.])\d{2,3}(?:[,; \t\n]{1,3}\d{2,3}){7,}"), _from_codes),
    (re.compile(rf"(?:{_DUMP_LINE.pattern}\r?\n?)+"), _from_dump),
)


def decoded_spans(text: str, find: Callable[[str], list[Span]]) -> list[Span]:
    """The runs of encoded bytes in `text` in which `find` finds something. Those that are no text are none of
    a secret in another writing.
    """
    spans: list[Span] = []
    for pattern, decode in _ENCODED:
        pieces: list[str] = []
        runs: list[tuple[int, int]] = []
        offsets: list[int] = []
        size = 0
        for match in pattern.finditer(text):
            try:
                data = decode(match[0])
            except (ValueError, binascii.Error):
                continue
            piece = _text_of(data)
            if len(piece) < SHORTEST:
                continue
            pieces.append(piece)
            runs.append(match.span())
            offsets.append(size)
            size += len(piece) + 1
        if pieces:
            for start, end, name in find("\n".join(pieces)):
                first, last = bisect_right(offsets, start) - 1, bisect_right(offsets, max(start, end - 1)) - 1
                spans += [(*runs[number], name) for number in range(first, last + 1)]
    return spans


def _text_of(data: bytes) -> str:
    """`data` as text; "" where it is a picture, a hash, or a word that only looks encoded."""
    if data.translate(None, _CONTROLS) != data:
        return ""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


_CONTROLS = bytes([*range(1, 8), 11, 12, *range(14, 27), *range(28, 32), 127])
