"""Text formats made ready for pandoc: what it would stop at is taken out, line for line, and what is no text of the document."""

from __future__ import annotations

import re

__all__ = ["prepared"]

_INCLUDE = re.compile(r"^[ \t]*include::[^\n]*$", re.MULTILINE)
#: Blocks of comment, and of what goes to the browser as it is.
_ASCIIDOC_APART = re.compile(r"^(////|\+\+\+\+)[ \t]*\n(?:.*\n){0,500}?\1[ \t]*$", re.MULTILINE)
_RULE, _ROW = r"[ \t]*\|[-+]+\|?[ \t]*\n", r"[ \t]*\|(?![-+]*\|?[ \t]*\n)[^\n]*\n"
#: A rule above a table that has its header, of up to three rows, between two: pandoc takes a header that begins with a row, and has one.
_ORG_HEADER = re.compile(rf"(\A|^[^|\n]*\n)({_RULE})({_ROW})(?=(?:{_ROW}){{0,2}}{_RULE}{_ROW})", re.MULTILINE)
_DOCUMENT = re.compile(r"\\begin\s*\{document\}")
_END_DOCUMENT = re.compile(r"\\end\s*\{document\}")
_TITLE = re.compile(r"\\(?:title|author|date)\s*(?:\[[^\]]*\])?\s*\{")
_TEX_COMMENT = re.compile(r"(?<!\\)%.*")


def prepared(text: str, pandoc_format: str) -> str:
    """`text` as pandoc gets it; it has the same words in the same order, or fewer."""
    if pandoc_format == "asciidoc":
        return _INCLUDE.sub("", _ASCIIDOC_APART.sub("", text))
    if pandoc_format == "org":
        return _ORG_HEADER.sub(r"\1\3\2", text)
    return text


def without_preamble(text: str) -> str:
    """LaTeX without what stands before the document but its title, for a preamble that pandoc stops at."""
    begin = _DOCUMENT.search(text)
    if begin is None:
        return text
    head, body = _TEX_COMMENT.sub("", text[: begin.start()]), text[begin.end() :]
    end = _END_DOCUMENT.search(body)
    titles = [command for match in _TITLE.finditer(head) if (command := _balanced(head, match))]
    return "\n".join([*titles, "\\begin{document}", body[: end.start()] if end else body, "\\end{document}"])


def _balanced(text: str, opening: re.Match[str]) -> str:
    """The command that starts at `opening`, up to the brace that ends it; empty where none does."""
    depth = 0
    for at in range(opening.end() - 1, min(len(text), opening.end() + 2000)):
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return text[opening.start() : at + 1]
    return ""
