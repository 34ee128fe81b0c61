r"""Text from elsewhere, made safe to show: on a terminal, in a CI log, in a JSON document that is printed.

What is hidden or steers a terminal is shown as an escape (`\x1b`, `\u202e`): control characters,
bidirectional controls, line and paragraph separators, lone surrogates, and characters without a glyph. Kept,
since scripts and emoji need them, are

- a zero-width (non-)joiner right after a letter or mark of a script that joins (Arabic to Balinese), and one
  between two emoji;
- one variation selector after a visible character, or after a Mongolian letter.

A backslash stays as it is, so `\x1b` may also be what somebody typed. Each function
leaves its own output as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from dagogy.api.patterns import lazy_pattern

_ZWNJ, _ZWJ = "\u200c", "\u200d"
#: Everything that may have to be escaped; `_needed` says what stays. The ranges are those of Unicode's Cc,
#: Cs, Zl, Zp, Cf and Default_Ignorable_Code_Point, without the number and verse signs of Arabic, Syriac and
#: Kaithi and the joiners of hieroglyphs, which have a glyph.
_SUSPECT = lazy_pattern(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LINE_END = lazy_pattern("(?:\r\n|[\n\v\f\x85\u2028\u2029])+")
_SELECTOR = lazy_pattern("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_MONGOLIAN = lazy_pattern("[\u1820-\u18aa]")
_MONGOLIAN_SELECTOR = lazy_pattern("[\u180b-\u180f]")
_MAY_STAY = lazy_pattern("[\u200c\u200d\ufe00-\ufe0f\u180b-\u180f\U000e0100-\U000e01ef]")
_JOINING = lazy_pattern(
    "[\u0600-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
)
_EMOJI = lazy_pattern("[\u2190-\u2bff\U0001f000-\U0001faff]")
#: What a CI runner takes for a command of its own anywhere in a line (`##[error]`, `##vso[…]`,
#: `##teamcity[…]`), and at a line's beginning (`::error::`).
_MARK = lazy_pattern(r"#(?=#\w*\[)")
_COMMAND = lazy_pattern(r"^([^\S\n]*):(?=:)", re.MULTILINE)


def visible(text: str) -> str:
    """`text` with every hidden character escaped; line feeds, CRLF and tabs stay."""
    return _shown(text, _python_escape, keep_crlf=True)


def one_line(value: object) -> str:
    """`value` as one line of text: its line ends become a space, what is hidden is escaped, and no CI runner
    finds a command inside it.
    """
    text = _LINE_END.sub(" ", str(value).rstrip("\r\n"))
    return _MARK.sub(r"\\x23", _shown(text, _python_escape))


def printed(text: str) -> str:
    """Lines of text as they may be printed; what is hidden is escaped, and no line is a command to a CI
    runner. Line feeds and tabs stay.
    """
    return _COMMAND.sub(r"\1\\x3a", _MARK.sub(r"\\x23", _shown(text, _python_escape)))


def json_text(document: Any, *, indent: int | None = 2, ascii_only: bool = False) -> str:
    """`document` as JSON without a final newline: the same JSON, with `\\uXXXX` for what is hidden. What is
    no JSON value is reported as a string.
    """
    return visible_json(json.dumps(document, indent=indent, ensure_ascii=ascii_only, default=str))


def visible_json(text: str) -> str:
    """A JSON text with `\\uXXXX` for what is hidden, and in which no CI runner
    finds a command: the same JSON.
    """
    return _MARK.sub(r"\\u0023", _shown(text, _json_escape, keep_crlf=True))


def visible_export(text: str, media_type: str) -> str:
    """What an exporter made, for a terminal: escaped as JSON where it is JSON."""
    return visible_json(text) if re.search(r"[/+]json\b", media_type) else visible(text)


def _shown(text: str, escape: Callable[[str], str], *, keep_crlf: bool = False) -> str:
    def shown(found: re.Match[str]) -> str:
        character, at = found[0], found.start()
        if keep_crlf and character == "\r" and text[at + 1 : at + 2] == "\n":
            return character
        return character if _MAY_STAY.match(character) and _needed(text, at) else escape(character)

    return _SUSPECT.sub(shown, text)


def _needed(text: str, at: int) -> bool:
    """Whether the character at `at` changes how its neighbours look, as its script or an
    emoji has it, and hides nothing.
    """
    character, before = text[at], text[at - 1 : at]
    if not before:
        return False
    if _SELECTOR.match(character):
        return not before.isspace() and not _SUSPECT.match(before)
    if _MONGOLIAN_SELECTOR.match(character):
        return _MONGOLIAN.match(before) is not None
    if character in (_ZWNJ, _ZWJ) and _JOINING.match(before):
        return f"a{before}".isidentifier()  # a letter or a mark
    if character == _ZWJ and (_EMOJI.match(before) or before == "\ufe0f"):
        return _EMOJI.match(text, at + 1) is not None
    return False


def _python_escape(character: str) -> str:
    number = ord(character)
    return (
        f"\\x{number:02x}"
        if number <= 0xFF
        else f"\\u{number:04x}"
        if number <= 0xFFFF
        else f"\\U{number:08x}"
    )


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
