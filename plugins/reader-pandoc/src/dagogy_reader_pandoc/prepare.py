"""Text formats made ready for pandoc: what it would stop at is taken out, line for line, and what is no text of the document."""

from __future__ import annotations

import re

__all__ = ["prepared"]

_INCLUDE = re.compile(r"^\s*include::[^\n]*$", re.MULTILINE)
_ASCIIDOC_COMMENT = re.compile(r"^////[ \t]*\n.*?^////[ \t]*$", re.MULTILINE | re.DOTALL)
_DOCUMENT = re.compile(r"\\begin\s*\{document\}")
_END_DOCUMENT = re.compile(r"\\end\s*\{document\}")
_TITLE = re.compile(r"\\(?:title|author|date)\s*(?:\[[^\]]*\])?\s*\{")
_MACROS = re.compile(r"\\(?:re)?newcommand|\\def\\|\\(?:re)?newenvironment|\\DeclareMathOperator")
#: Commands that pandoc drops together with their text, and the environment of a syllabus that it does not know.
_TEX_COMMENT = re.compile(r"(?<!\\)%.*")


def prepared(text: str, pandoc_format: str) -> str:
    """`text` as pandoc gets it; it has the same words in the same order, or fewer."""
    if pandoc_format == "asciidoc":
        return _INCLUDE.sub("", _ASCIIDOC_COMMENT.sub("", text))
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
