"""Bytes of a text file to text: encodings, limits, and what is no text."""

from __future__ import annotations

import codecs
import re
import shlex

from dagogy.api.errors import InvalidArgument

__all__ = ["MAX_SCOPE_BYTES", "decode_text"]

#: What a scope file may have at most.
MAX_SCOPE_BYTES = 16 * 1024 * 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KNOWN_FORMATS = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive (such as .docx, .odt or .epub)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"{\\rtf", "a rich text document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def decode_text(data: bytes, source: str) -> str:
    """The text of a scope file, with `\\n` line ends and without a byte order mark.

    UTF-8 with or without a mark, and UTF-16 and UTF-32 with one, are read. Raises `InvalidArgument`, which
    names `source`, the finding with its offset or size, and the way out, for a file that is empty or blank,
    larger than `MAX_SCOPE_BYTES`, binary, or in another encoding.
    """
    if len(data) > MAX_SCOPE_BYTES:
        raise InvalidArgument(
            f"scope file '{source}' has {len(data):,} bytes; at most {MAX_SCOPE_BYTES:,} are read",
            hint="split the file, or copy the chapters you want to teach into a file of their own",
            details={"source": source, "size": len(data), "limit": MAX_SCOPE_BYTES},
        )
    for magic, name in _KNOWN_FORMATS:
        if data.startswith(magic):
            hint = "export it as Markdown or plain text first, for instance with pandoc"
            raise InvalidArgument(
                f"scope file '{source}' is {name}, not text ({len(data):,} bytes)",
                hint=hint,
                details={"source": source, "offset": 0},
            )
    text = _decoded(data, source)
    if not text.strip():
        raise InvalidArgument(
            f"scope file '{source}' is {'blank' if data else 'empty'} ({len(data):,} bytes)",
            hint="write down what is to be taught, as prose with headings, a list or a table",
            details={"source": source, "size": len(data)},
        )
    _refuse_binary(text, source)
    return _unix_lines(text)


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, source: str) -> str:
    bom, encoding = next(((b, e) for b, e in _BOMS if data.startswith(b)), (b"", "utf-8"))
    try:
        return data[len(bom) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(bom) + error.start
        line = data.count(b"\n", 0, offset) + 1
        raise InvalidArgument(
            f"scope file '{source}' is not valid {encoding.upper()}: byte 0x{data[offset]:02x} at offset "
            f"{offset:,} (line {line:,})",
            hint=_convert_hint(data, source),
            details={"source": source, "offset": offset, "line": line, "encoding": encoding},
        ) from None


def _convert_hint(data: bytes, source: str) -> str:
    sample = data[:4096]
    guess = "WINDOWS-1252"
    if sample.count(0) > len(sample) // 4:
        guess = "UTF-16LE" if sample[1::2].count(0) >= sample[0::2].count(0) else "UTF-16BE"
    return f"save it as UTF-8, for instance: iconv -f {guess} -t UTF-8 {shlex.quote(source)} > scope-utf8.md"


def _refuse_binary(text: str, source: str) -> None:
    nul = text.find("\0")
    # A stray form feed or escape is no reason to refuse a text; one control character in fifty is.
    share = len(_CONTROL.findall(text)) / len(text)
    if nul < 0 and share <= 0.02:
        return
    finding = f"a NUL character at offset {nul:,}" if nul >= 0 else f"{share:.0%} control characters"
    hint = "give a Markdown or plain text file in UTF-8"
    if nul >= 0 and text.count("\0") > len(text) // 4:
        hint = _convert_hint(text[:4096].encode("utf-8", "replace"), source)
    raise InvalidArgument(
        f"scope file '{source}' looks binary: it has {finding}",
        hint=hint,
        details={"source": source, "offset": nul},
    )
