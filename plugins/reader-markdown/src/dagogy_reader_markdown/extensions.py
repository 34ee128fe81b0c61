"""What site generators and notebooks add to Markdown, taken off line for line: directives, Liquid tags,
attributes, roles and comments.

Their content is read, they are not; a comment is not read at all. What stands in a
block of code stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["without_extensions"]

#: What a text has somewhere when there is anything to take off.
_SIGNS = re.compile(r":::|\{%|\{\{|\{[:#.]|\}`|\w\s?=|\}\s*$|<!--|\)=\s*$|```\{|~~~\{", re.MULTILINE)
_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*(?:\{([\w:.-]+)\}\s*(.*))?")
_COLONS = re.compile(r"^\s*:{3,}\s*(?:\{([\w:.-]+)\}\s*(.*)|\{([^{}]*)\}|([\w-]+)?(.*))$")
_TITLE = re.compile(r"""\btitle\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_OPTION = re.compile(r"^\s*:[\w-]+:(?:\s.*)?$")
#: Directives whose content is code, and those that have none of the text.
_CODE = frozenset(
    (
        "code code-block code-cell sourcecode literalinclude math mermaid graphviz parsed-literal prompt "
        "doctest ipython python r"
    ).split()
)
_NO_TEXT = frozenset(
    (
        "raw image figure-md iframe video youtube toctree tableofcontents contents bibliography include "
        "index only eval-rst embed"
    ).split()
)
_ATTRIBUTES_ALONE = re.compile(r"^\s*(?:>\s*)*\{\s*[:#.][^{}]*\}\s*$")
_ATTRIBUTES_AFTER = re.compile(r"[ \t]{0,10}\{:[^{}]{0,500}\}[ \t]*$")
#: Attributes of a link, image or code, and of a span.
_ATTRIBUTES_INSIDE = re.compile(r"(?<=[)`])\{(?:[:#.]|\w+\s?=)[^{}\n]{0,500}\}")
_SPAN = re.compile(r"(?<!\])\[([^\[\]\n]{1,300})\]\{(?:[:#.]|\w+\s?=)[^{}\n]{0,300}\}")
_TARGET = re.compile(r"^\([\w:.-]+\)=\s*$")
#: A span of code or a formula, which stays, or a tag of a template language, which goes.
_LIQUID = re.compile(
    r"`[^`\n]{1,500}`|\$[^$\n]{1,500}\$|\{%[^\n]{0,300}?%\}"
    r"|\{\{[<%][^\n]{0,300}?[>%]\}\}|\{\{\s?[\w.'\"|:,/()\[\] -]{1,300}\}\}"
)
_ROLE = re.compile(r"\{([a-z][\w:+.-]{0,40})\}`([^`\n]{0,500})`")
_ROLE_TARGET = re.compile(r"(?<!\s)\s{0,20}<[^<>]{0,500}>$")
_NO_TEXT_ROLES = frozenset("cite cite:p cite:t index bibliography eq".split())
_LIQUID_COMMENT = (re.compile(r"\{%-?\s*comment\s*-?%\}"), re.compile(r"\{%-?\s*endcomment\s*-?%\}"))


def without_extensions(lines: Sequence[str]) -> list[str]:
    """The lines in CommonMark's terms: as many of them, each in its place."""
    text = "\n".join(lines)
    if not _SIGNS.search(text):
        return list(lines)
    return _Pass(_without_comments(text).split("\n")).lines


def _without_comments(text: str) -> str:
    """The text without comments over several paragraphs, which CommonMark ends at the first blank
    line; their line ends stay.

    A comment that is not closed stays too: it is an error, which names its line.
    """
    pieces: list[str] = []
    at = 0
    code = _code_ranges(text) if "<!--" in text or "comment" in text else []
    for opener, closer in (("<!--", "-->"), ("{%", "%}")):
        pieces, at, start = [], 0, text.find(opener)
        while start >= 0:
            end = _comment_end(text, start, opener, closer)
            inside = any(first <= start < last for first, last in code)
            if end > 0 and not inside:
                pieces += (text[at:start], "\n" * text.count("\n", start, end))
                at = end
            start = text.find(opener, max(end, start + len(opener)))
        text = "".join(pieces) + text[at:]
        code = _code_ranges(text) if opener == "<!--" and "comment" in text else code
    return text


def _comment_end(text: str, start: int, opener: str, closer: str) -> int:
    """Where the comment that starts there ends; -1 where none does."""
    if opener == "<!--":
        end = text.find(closer, start + 4)
        return end + 3 if end >= 0 and not text.startswith("<!-->", start) else -1
    if (head := _LIQUID_COMMENT[0].match(text, start)) and (
        tail := _LIQUID_COMMENT[1].search(text, head.end())
    ):
        return tail.end()
    return -1


_CODE_BLOCK = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)
_CODE_SPAN = re.compile(r"`[^`\n]{1,500}`")


def _code_ranges(text: str) -> list[tuple[int, int]]:
    """Where code stands in the text."""
    found: list[tuple[int, int]] = []
    opened: re.Match[str] | None = None
    for fence in _CODE_BLOCK.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            if not opened[2].startswith("{"):
                found.append((opened.start(), fence.end()))
            opened = None
    if opened is not None and not opened[2].startswith("{"):
        found.append((opened.start(), len(text)))
    return [*found, *(m.span() for m in _CODE_SPAN.finditer(text) if "<!--" in m[0] or "{%" in m[0])]


def _title_of_block(colons: re.Match[str]) -> str:
    """The title that the line which opens a block of colons gives it; empty where it gives none."""
    if colons[1]:
        return colons[2] or ""
    if given := _TITLE.search(colons[3] or ""):
        return given[1] or given[2] or ""
    return (colons[5] or "").strip(" :{}") if colons[4] else ""


class _Pass:
    """One pass over the lines."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        # the open ones: their marks, and what is in them: code, nothing (of the text), or text
        self._fences: list[tuple[str, str]] = []
        self._options = False  # are options of a directive to come?
        titled: list[int] = []
        for number, line in enumerate(lines):
            self._title = False
            lines[number] = self._read(line)
            if self._title and lines[number].strip():
                titled.append(number)
        for number in titled:
            if number + 1 < len(lines) and lines[number + 1].strip():
                # Its title is the label of the paragraph that it would run into.
                lines[number] = f"**{lines[number].strip()}**\\"

    def _read(self, line: str) -> str:
        marks, inside = self._fences[-1] if self._fences else ("", "text")
        if marks and line.strip().startswith(marks) and not line.strip().strip(marks[0]):
            self._fences.pop()
            return line if inside == "code" else ""
        if inside != "text":
            return line if inside == "code" else ""
        if self._options:
            if _OPTION.match(line):
                return ""
            self._options = False
        if fence := _FENCE.match(line):
            return self._fence(line, fence)
        return self._marks(line)

    def _fence(self, line: str, fence: re.Match[str]) -> str:
        name = (fence[3] or "").lower().lstrip(".")
        if not name or name in _CODE or name.startswith(("r ", ".")):
            self._fences.append((fence[2], "code"))
            return f"{fence[1]}{fence[2]}" if name else line
        self._fences.append((fence[2], "nothing" if name in _NO_TEXT else "text"))
        self._options = self._title = True
        return "" if name in _NO_TEXT else fence[1] + (fence[4] or "")

    def _marks(self, line: str) -> str:
        if ":::" in line and (colons := _COLONS.match(line)):
            self._options, self._title = bool(colons[1]), True
            return _title_of_block(colons)
        if "{" in line:
            if _ATTRIBUTES_ALONE.match(line):
                return ""
            line = _ATTRIBUTES_AFTER.sub("", line)
            line = _ROLE.sub(_role_text, line)
            line = _SPAN.sub(r"\1", _ATTRIBUTES_INSIDE.sub("", line))
            if "{%" in line or "{{" in line:
                line = _LIQUID.sub(lambda m: "" if m[0][0] == "{" else m[0], line)
        return "" if line.endswith("=") and _TARGET.match(line) else line


def _role_text(role: re.Match[str]) -> str:
    if role[1] in _NO_TEXT_ROLES:
        return ""
    return f"${role[2]}$" if role[1] == "math" else _ROLE_TARGET.sub("", role[2].strip())
