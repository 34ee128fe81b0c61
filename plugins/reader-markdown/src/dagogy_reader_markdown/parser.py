"""markdown-it-py with the limits that keep its time linear and lose no text.

No text is lost without an error: what the parser would drop (nesting beyond its limit, the rest
of a file after an unclosed comment) is kept or refused. And any text is read in time that grows
with its length: nesting is bounded, and a very long paragraph is read in pieces. The parser is
imported when it is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import InvalidArgument

from dagogy_reader_markdown.extensions import without_extensions
from dagogy_reader_markdown.front_matter import front_matter
from dagogy_reader_markdown.translation import as_markdown

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

__all__ = ["FOOTNOTE_MARK", "Parser", "first_line"]

_MAX_NESTING = 66  # levels of markdown-it tokens; a list takes two, a quote one
_MAX_LINKS = 20  # links in links cost time with their depth; beyond this one their brackets stay in the text
_MAX_INLINE = 8192  # characters of one paragraph that are read at once: some inline rules take quadratic time

#: What a text has somewhere when there is anything for a rule of the grammar to find. All others are not
#: tried on each of its lines.
_RULE_MARKS = {
    "table": re.compile(r"\|"),
    "fence": re.compile("```|~~~"),
    "blockquote": re.compile(">"),
    "hr": re.compile(r"([-*_])[ \t]*\1[ \t]*\1"),
    "reference": re.compile(r"\]:"),
    "html_block": re.compile("<"),
    "heading": re.compile("#"),
    "lheading": re.compile(r"[-=][ \t]*$", re.MULTILINE),
    "deflist": re.compile(r"[:~][ \t]"),
}


class Parser:
    """markdown-it-py over one text. Block tokens are made at once, inline tokens when they are asked for."""

    def __init__(self, text: str, source: str) -> None:
        self.front_matter, self.front_lines = front_matter(text, source)
        self.lines = text.split("\n")
        self.footnotes = _footnotes(self.lines)
        self._source = source
        self._env: dict[str, Any] = {}
        self._md = self._parser({"maxNesting": _MAX_NESTING})
        # Front matter becomes blank lines, so that line numbers stay those of the file.
        self.shown = [""] * self.front_lines + as_markdown(without_extensions(self.lines[self.front_lines :]))
        body = "\n".join(self.shown)
        self._md.block.ruler.disable([rule for rule, mark in _RULE_MARKS.items() if not mark.search(body)])
        try:
            self.tokens: list[Token] = self._md.parse(body, self._env)
        except RecursionError:
            raise self._too_deep(1) from None
        self._refuse_unclosed_comment()
        self._md.options["maxNesting"] = _MAX_LINKS

    def _parser(self, options: Mapping[str, Any]) -> MarkdownIt:
        from markdown_it import MarkdownIt
        from mdit_py_plugins.deflist import deflist_plugin

        md = MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).use(deflist_plugin)
        md.block.ruler.before("table", "nesting_guard", self._guard_nesting)
        # Inline content is parsed by `inline`, in pieces of a bounded length.
        md.core.ruler.enableOnly(["normalize", "block"])
        return md

    @cached_property
    def _linkless(self) -> MarkdownIt:
        return self._parser({"maxNesting": _MAX_LINKS}).disable(["link", "image"])

    def _guard_nesting(self, state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
        # At its limit markdown-it drops the text without a word. A container adds one or two levels, so no
        # text gets past this rule.
        if state.level >= _MAX_NESTING - 2:
            raise self._too_deep(start_line + 1)
        return False

    def _too_deep(self, line: int) -> InvalidArgument:
        return InvalidArgument(
            f"scope file '{self._source}', line {line:,}: lists or quotes are nested deeper than "
            f"{_MAX_NESTING // 2 - 2} levels",
            hint="use headings, or fewer levels of '>' and '-'",
            details={"source": self._source, "line": line},
        )

    def _refuse_unclosed_comment(self) -> None:
        for token in self.tokens:
            if (
                token.type == "html_block"
                and token.content.lstrip().startswith("<!--")
                and "-->" not in token.content
            ):
                line = first_line(token)
                raise InvalidArgument(
                    f"scope file '{self._source}', line {line:,}: the comment that starts here is not closed "
                    "and hides the text after it",
                    hint="end the comment with '-->'",
                    details={"source": self._source, "line": line},
                )

    def is_plain(self, content: str) -> bool:
        """Whether there is no mark in `content`, which holds no link, bold text or line end then."""
        return 0 < len(content) <= _MAX_INLINE and not self._md.inline.terminator_re.search(content)

    def inline(self, content: str) -> list[Token]:
        """The inline tokens of one paragraph, heading or table cell, without footnote marks."""
        if self.is_plain(content):
            from markdown_it.token import Token

            return [Token("text", "", 0, content=content)]  # what the parser makes of it
        tokens: list[Token] = []
        # Each bracket that stays open makes the parser look through the rest of the piece.
        unclosed = content.count("[") - content.count("]")
        # without its end, or so many, they are no links
        md = self._linkless if unclosed > 10_000 or "]" not in content else self._md
        for piece in _pieces(content, _MAX_INLINE if unclosed < 100 else _MAX_INLINE // 16):
            tokens += md.inline.parse(piece, md, self._env, [])
        if self.footnotes and "[^" in content:
            for token in tokens:
                if token.type == "text":
                    token.content = FOOTNOTE_MARK.sub(
                        lambda m: "" if m[1] in self.footnotes else m[0], token.content
                    )
        return tokens

    def span(self, token: Token) -> tuple[int, int]:
        """First and last line of a block token, counted from 1, without trailing blank lines."""
        start, end = token.map or (0, 1)
        end = min(end, len(self.lines))
        while end > start + 1 and not self.lines[end - 1].strip():
            end -= 1
        return start + 1, max(end, start + 1)

    def references(self) -> Mapping[str, Mapping[str, Any]]:
        """The link reference definitions by their normalised label."""
        found: Mapping[str, Mapping[str, Any]] = self._env.get("references", {})
        return found


def first_line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


FOOTNOTE_MARK = re.compile(r"\[\^([^\]\s]{1,60})\](?::\s*)?")


def _footnotes(lines: Sequence[str]) -> dict[str, int]:
    """The labels of the footnotes and where their notes start. `[^1]` is a mark only in a document with a
    line that starts with `[^1]:`.
    """
    starts = (
        (m[1], n)
        for n, line in enumerate(lines)
        if "[^" in line and (m := re.match(r" {0,3}\[\^([^\]\s]{1,60})\]:", line))
    )
    return dict(starts)


def _pieces(content: str, size: int) -> Iterator[str]:
    """`content` in pieces of at most `size` characters, cut at white space where there is some."""
    start = 0
    while len(content) - start > size:
        cut = max(content.rfind(" ", start + 1, start + size), content.rfind("\n", start + 1, start + size))
        cut = cut + 1 if cut > start else start + size
        yield content[start:cut]
        start = cut
    yield content[start:] if start else content
