"""The reader `markdown`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import Reader, Source
from dagogy.api.scope import ScopeDocument

from dagogy_reader_markdown.blocks import BlockReader
from dagogy_reader_markdown.parser import Parser
from dagogy_reader_markdown.sections import used_notes, used_references

__all__ = ["MarkdownReader", "read_markdown"]

#: What any text is read as where nothing else recognises it.
_ANY_TEXT = 0.1


class MarkdownReader(Reader):
    """Markdown by markdown-it-py (CommonMark, tables, strikethrough, definition lists), into which other
    markups of plain text are translated.
    """

    def recognises(self, source: Source) -> float:
        try:
            source.text()
        except InvalidArgument:
            return 0.0
        return _ANY_TEXT

    def read(self, source: Source) -> ScopeDocument:
        return read_markdown(source.text(), source=source.name, location=source.name)

    def surroundings(self, document: ScopeDocument, kept: Sequence[int]) -> tuple[str, str]:
        parser = Parser(document.text, document.source)
        keep = {number - 1 for number in kept}
        body = "\n".join(parser.lines[number] for number in sorted(keep))
        after = [*used_notes(parser, body, keep), used_references(parser, body, keep)]
        return "\n".join(parser.lines[: parser.front_lines]), "\n\n".join(part for part in after if part)


def read_markdown(text: str, *, source: str, location: str = "inputs/scope.md") -> ScopeDocument:
    """The document as blocks, in the order of the text. `text` is what `decode_text` gave.

    `lines` of a list item are those of its own first paragraph; what else the item holds follows as blocks of
    their own whose `parent` is the item. Headings in quotes and list items are text of these and not in any
    path. Raises `InvalidArgument`, with the line, for broken front matter, a comment that is not closed, and
    lists or quotes nested beyond all reason.
    """
    return _read(text.replace("\r\n", "\n").replace("\r", "\n"), source, location)


@lru_cache(maxsize=4)  # a command asks for the same document several times
def _read(text: str, source: str, location: str) -> ScopeDocument:
    parser = Parser(text, source)
    blocks = BlockReader(parser).read()
    parser.tokens.clear()  # the parser refers to itself, and a command runs without a collector of cycles
    return ScopeDocument(
        source,
        location,
        text,
        blocks,
        Source(source, b"").title(blocks, parser.front_matter),
        front_matter=parser.front_matter,
    )
