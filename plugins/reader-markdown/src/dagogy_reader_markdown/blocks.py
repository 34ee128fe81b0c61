"""Block tokens to blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dagogy.api.readers import BlockWriter, Inline
from dagogy.api.scope import Block

from dagogy_reader_markdown.inline import ALERT, TASK, read_inline
from dagogy_reader_markdown.islands import HtmlPiece, HtmlReader
from dagogy_reader_markdown.parser import Parser, first_line

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["BlockReader"]


class BlockReader:
    """Walks the block tokens once and writes down the blocks."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._writer = BlockWriter()
        self._done = -1  # the position of the inline token that has become part of a list item already
        # the term of a definition list that waits for its definition
        self._term: tuple[Inline, int] | None = None
        self._definition = -1
        self._row: list[Inline] = []
        self._row_contents: list[str] = []
        self._header_row: list[Inline] = []
        self._row_line = self._header_line = self._rows = 0

    def read(self) -> tuple[Block, ...]:
        """All blocks of the document."""
        handles: dict[str, Callable[[int, Token], None] | None] = {}
        for position, token in enumerate(self._parser.tokens):
            if token.type not in handles:
                handles[token.type] = getattr(self, f"_on_{token.type}", None)
            handle = handles[token.type]
            if handle is not None:
                handle(position, token)
        return tuple(self._writer.blocks)

    # -- headings and paragraphs

    def _inline_of(
        self, token: Token, *, quote: bool = False, labels: bool = True, cell: bool = False
    ) -> Inline:
        if self._parser.is_plain(token.content):
            return Inline(Inline.tidy(token.content))
        tokens = self._parser.inline(token.content)
        if quote and tokens and tokens[0].type == "text":
            tokens[0].content = ALERT.sub("", tokens[0].content)
        return read_inline(tokens, labels=labels, cell=cell)

    def _on_inline(self, position: int, token: Token) -> None:
        if position == self._done:
            return
        opener = self._parser.tokens[position - 1]
        if opener.type in ("td_open", "th_open"):
            self._row.append(self._inline_of(token, labels=False, cell=True))
            self._row_contents.append(token.content)
        elif opener.type == "dt_open":
            self._term = (self._inline_of(token, labels=False), first_line(token))
        elif opener.type == "heading_open" and not self._writer.contained:
            inline = self._inline_of(token, labels=False)
            self._writer.heading(inline.text, int(opener.tag[1]), self._parser.span(opener), inline.links)
        else:
            # A heading inside a quote or an item divides nothing: it is text of its container.
            self._writer.paragraph(
                self._inline_of(token, quote=self._writer.quoted), self._parser.span(opener)
            )

    # -- containers

    def _on_blockquote_open(self, position: int, token: Token) -> None:
        self._writer.open_quote()

    def _on_blockquote_close(self, position: int, token: Token) -> None:
        self._writer.close_quote()

    def _on_bullet_list_open(self, position: int, token: Token) -> None:
        self._writer.open_list()

    def _on_ordered_list_open(self, position: int, token: Token) -> None:
        self._writer.open_list(ordered=True)

    def _on_bullet_list_close(self, position: int, token: Token) -> None:
        self._writer.close_list()

    _on_ordered_list_close = _on_bullet_list_close
    _on_dl_open = _on_bullet_list_open
    _on_dl_close = _on_bullet_list_close

    def _on_list_item_open(self, position: int, token: Token) -> None:
        inline, marked, lines = Inline(), None, (first_line(token), first_line(token))
        opener, content = self._first_paragraph(position)
        if opener is not None and content is not None:
            inline, marked = self._item_text(content)
            lines = (lines[0], self._parser.span(opener)[1])
        self._writer.open_item(inline, lines, marked=marked)

    def _item_text(self, token: Token) -> tuple[Inline, bool | None]:
        """The text of an item, and whether the box before it is ticked."""
        if self._parser.is_plain(token.content):
            return Inline(Inline.tidy(token.content)), None
        tokens = self._parser.inline(token.content)
        box = TASK.match(tokens[0].content) if tokens and tokens[0].type == "text" else None
        if box is None:
            return read_inline(tokens), None
        tokens[0].content = tokens[0].content[box.end() :]
        return read_inline(tokens), box[1] in "xX"

    def _first_paragraph(self, position: int) -> tuple[Token | None, Token | None]:
        """The paragraph (its opening and its inline token) that a list item or a definition starts with; it
        is then done with.
        """
        opener, content = (
            self._parser.tokens[position + 1],
            self._parser.tokens[min(position + 2, len(self._parser.tokens) - 1)],
        )
        if opener.type not in ("paragraph_open", "heading_open"):
            return None, None
        self._done = position + 2
        return opener, content

    def _on_list_item_close(self, position: int, token: Token) -> None:
        self._writer.close_item()

    def _on_dd_open(self, position: int, token: Token) -> None:
        if self._term is None:  # a further definition of the same term
            self._writer.reopen_item(self._definition)
            return
        (term, line), self._term = self._term, None
        opener, content = self._first_paragraph(position)
        inline, last = Inline(), line
        if opener is not None and content is not None:
            inline, last = self._inline_of(content, labels=False), self._parser.span(opener)[1]
        text = f"{term.text}: {inline.text}" if term.text and inline.text else term.text or inline.text
        self._definition = self._writer.open_item(
            Inline(text, term.text, inline.text, term.links + inline.links), (line, last)
        )

    def _on_dd_close(self, position: int, token: Token) -> None:
        self._writer.close_item()

    # -- tables

    def _on_table_open(self, position: int, token: Token) -> None:
        self._rows = 0

    def _on_tr_open(self, position: int, token: Token) -> None:
        self._row, self._row_contents, self._row_line = [], [], first_line(token)

    def _on_tr_close(self, position: int, token: Token) -> None:
        if self._parser.tokens[position - 1].type == "th_close":
            self._header_row, self._header_line = self._row, self._row_line
            return
        extra = _extra_cells(self._parser.shown[self._row_line - 1], self._row_contents)
        row = self._row + [read_inline(self._parser.inline(cell), labels=False, cell=True) for cell in extra]
        self._table_row(row, tuple(Inline.tidy(cell.text) for cell in self._header_row), self._row_line)

    def _table_row(self, row: Sequence[Inline], header: tuple[str, ...], line: int) -> None:
        self._rows += self._writer.row(row, header, (line, line))

    def _on_table_close(self, position: int, token: Token) -> None:
        if not self._rows:  # a table of nothing but its header
            self._table_row(self._header_row, (), self._header_line)

    # -- code and HTML

    def _on_fence(self, position: int, token: Token) -> None:
        self._writer.code(token.content, self._parser.span(token))

    _on_code_block = _on_fence

    def _on_html_block(self, position: int, token: Token) -> None:
        start = first_line(token)
        above: dict[int, int] = {}
        for piece in HtmlReader().read(token.content):
            lines = (start + piece.first, start + piece.last)
            if piece.item and not self._writer.contained:
                self._html_item(piece, lines, above)
            elif piece.heading and not self._writer.contained:
                self._writer.heading(piece.text, piece.heading, lines, piece.links)
            else:
                self._writer.add(
                    "html", piece.text, lines, cells=piece.cells, header=piece.header, links=piece.links
                )

    def _html_item(self, piece: HtmlPiece, lines: tuple[int, int], above: dict[int, int]) -> None:
        """`above`: the position of the last item of each depth in this block of HTML."""
        rest = Inline.SET_OFF.sub("", piece.text[len(piece.lead) :], count=1) if piece.lead else ""
        more = {
            "level": piece.item,
            "ordered": piece.ordered,
            "links": piece.links,
            "lead": piece.lead,
            "rest": rest,
        }
        self._writer.add("list_item", piece.text, lines, parent=above.get(piece.item - 1, -1), **more)
        above[piece.item] = len(self._writer.blocks) - 1


def _extra_cells(line: str, contents: Sequence[str]) -> list[str]:
    """The cells of a table row that stand to the right of the last column. Markdown drops them; we do not."""
    bare = line.strip()
    if bare.count("|") <= len(contents) - 1 + bare.startswith("|") + bare.endswith("|"):
        return []
    from markdown_it.rules_block.table import escapedSplit

    cells, known = [cell.strip() for cell in escapedSplit(bare)], [cell.strip() for cell in contents]
    # What stands before the first pipe is the first cell, or nothing, or the marks of the quote or list
    # around the table.
    first = 1 if cells[: len(known)] != known and cells[1 : 1 + len(known)] == known else 0
    return [cell for cell in cells[first + len(known) :] if cell]
