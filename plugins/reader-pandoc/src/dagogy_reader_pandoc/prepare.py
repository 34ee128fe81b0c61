"""Text formats made ready for pandoc: what it would stop at is taken out, line for line, and
what is no text of the document.
"""

from __future__ import annotations

import re

__all__ = ["prepared"]

_INCLUDE = re.compile(r"^[ \t]*include::[^\n]*$", re.MULTILINE)
#: Blocks of comment, and of what goes to the browser as it is.
_ASCIIDOC_APART = re.compile(r"^(////|\+\+\+\+)[ \t]*\n(?:.*\n){0,500}?\1[ \t]*$", re.MULTILINE)
_RULE, _ROW = r"[ \t]*\|[-+]+\|?[ \t]*\n", r"[ \t]*\|(?![-+]*\|?[ \t]*\n)[^\n]*\n"
#: A rule above a table that has its header, of up to three rows, between two: pandoc takes a header that
#: begins with a row, and has one.
_ORG_HEADER = re.compile(rf"(\A|^[^|\n]*\n)({_RULE})({_ROW})(?=(?:{_ROW}){{0,2}}{_RULE}{_ROW})", re.MULTILINE)


def prepared(text: str, pandoc_format: str) -> str:
    """`text` as pandoc gets it; it has the same words in the same order, or fewer."""
    if pandoc_format == "asciidoc":
        return _INCLUDE.sub("", _ASCIIDOC_APART.sub("", text))
    if pandoc_format == "org":
        return _ORG_HEADER.sub(r"\1\3\2", text)
    return text
