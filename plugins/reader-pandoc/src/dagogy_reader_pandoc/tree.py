"""Pandoc's syntax tree to blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import unescape
from typing import Any

from dagogy.api.readers import BlockWriter, Inline
from dagogy.api.scope import Block

from dagogy_reader_pandoc.grid import Grid, grid_of
from dagogy_reader_pandoc.inline import box_of, inline_of, notes_of, text_of

__all__ = ["Tree"]

Node = dict[str, Any]
_ADMONITIONS = frozenset(
    (
        "note warning tip hint important caution danger attention error admonition seealso admonitionblock"
    ).split()
)
#: Divisions that hold nothing of the text: what a notebook printed, and Word's remarks.
_DROPPED = frozenset("output comment cell-output".split())
_BULLETS = "•◦▪●‣"
_NO_TITLE = re.compile(r"Slide \d+\Z")
#: What nothing ends goes to the end of the text, as in a browser.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_RAW_TEXT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
#: More levels of blocks in blocks are no document but an attack.
_MAX_DEPTH = 200


class Tree:
    """Walks the tree once and writes down the blocks.

    `shift` is added to the level of headings. `notes_last`: the notes stand at the end of the file, not where
    their marks are. `slides`: each heading begins a slide.
    """

    def __init__(self, *, shift: int = 0, notes_last: bool = False, slides: bool = False) -> None:
        self.writer = BlockWriter()
        self._slides = slides
        self._slide = 0
        self._shift = shift
        self._notes_last = notes_last
        self._put_off: list[Sequence[Node]] = []
        self._cell = 0
        self._depth = 0
        self._dispatch: dict[str, Callable[[Any], None]] = {
            "Header": self._header,
            "Para": self._paragraph,
            "Plain": self._paragraph,
            "LineBlock": self._lines,
            "CodeBlock": lambda c: self.writer.code(c[1]),
            "BlockQuote": self._quote,
            "BulletList": lambda c: self._list(c, ordered=False),
            "OrderedList": lambda c: self._list(c[1], ordered=True),
            "DefinitionList": self._definitions,
            "Table": self._table,
            "Div": self._division,
            "Figure": lambda c: self._walk(c[2]),
            "RawBlock": self._raw,
        }

    def walk(self, nodes: Sequence[Node]) -> tuple[Block, ...]:
        """The blocks of a whole document."""
        self._walk(nodes)
        while self._put_off:
            self._walk(self._put_off.pop(0))
        return tuple(self.writer.blocks)

    def _walk(self, nodes: Sequence[Node]) -> None:
        self._depth += 1
        if self._depth < _MAX_DEPTH:
            for node in nodes:
                if node["t"] in self._dispatch:
                    self._dispatch[node["t"]](node.get("c"))
        self._depth -= 1

    def title(self, nodes: Sequence[Node]) -> None:
        """The document's title, as a heading of level 1."""
        inline = inline_of(nodes, labels=False)
        self.writer.heading(inline.text, 1, links=inline.links)

    def _header(self, content: Any) -> None:
        level, _, nodes = content
        inline = inline_of(nodes, labels=False)
        if self._slides:
            self._slide += 1
            self.writer.locator = f"slide {self._slide}"
            if _NO_TITLE.match(inline.text):
                return
        before = self.writer.blocks[-1] if self.writer.blocks else None
        # a title that stands in the metadata too
        if before is None or before.kind != "heading" or before.text != inline.text:
            self.writer.heading(inline.text, level + self._shift, links=inline.links)

    def _paragraph(self, nodes: Sequence[Node]) -> None:
        inline = inline_of(nodes)
        if inline.text[:1] in _BULLETS and (bare := inline.text[1:].strip()):  # a list that was made by hand
            self.writer.open_list()
            self.writer.open_item(
                Inline(
                    bare, inline.lead.lstrip(_BULLETS).strip(), inline.rest, inline.links, inline.emphasised
                )
            )
            self.writer.close_item()
            self.writer.close_list()
        else:
            self.writer.paragraph(inline)
        self._notes(nodes)

    def _notes(self, nodes: Sequence[Node]) -> None:
        for note in notes_of(nodes):
            if self._notes_last:
                self._put_off.append(note)
            else:
                self._walk(note)

    def _raw(self, content: Any) -> None:
        """HTML inside another format: what is left of it without its tags."""
        if content[0] == "html":
            bare = _RAW_TEXT.sub(" ", _COMMENT.sub(" ", content[1]))
            self.writer.paragraph(Inline(Inline.tidy(unescape(_TAG.sub(" ", bare)))))

    def _lines(self, lines: Sequence[Sequence[Node]]) -> None:
        for line in lines:
            self._paragraph(line)

    def _quote(self, blocks: Sequence[Node]) -> None:
        self.writer.open_quote()
        self._walk(blocks)
        self.writer.close_quote()

    def _list(self, items: Sequence[Sequence[Node]], *, ordered: bool) -> None:
        self.writer.open_list(ordered=ordered)
        for item in items:
            self._item(item)
        self.writer.close_list()

    def _item(self, blocks: Sequence[Node]) -> None:
        nodes, rest = _first_paragraph(blocks)
        marked, nodes = box_of(nodes)
        self.writer.open_item(inline_of(nodes), marked=marked)
        self._notes(nodes)
        self._walk(rest)
        self.writer.close_item()

    def _definitions(self, entries: Sequence[Any]) -> None:
        self.writer.open_list()
        for nodes, definitions in entries:
            term = inline_of(nodes, labels=False)
            first, rest = _first_paragraph(definitions[0] if definitions else ())
            message = inline_of(first, labels=False)
            text = ": ".join(filter(None, (term.text, message.text)))
            self.writer.open_item(Inline(text, term.text, message.text, term.links + message.links))
            self._notes(first)
            self._walk(rest)
            for more in definitions[1:]:
                self._walk(more)
            self.writer.close_item()
        self.writer.close_list()

    def _table(self, content: Any) -> None:
        grid = grid_of(content)
        self._walk(content[1][1])  # its caption
        if _is_layout(grid):
            for row in grid.rows:
                for cell in row:
                    self._walk(cell.blocks)
            return
        written = [self.writer.row([cell.inline for cell in row], grid.header) for row in grid.rows]
        if not any(written) and grid.header:
            self.writer.row([Inline(name) for name in grid.header])

    def _division(self, content: Any) -> None:
        (_, classes, _), blocks = content
        if not _DROPPED.isdisjoint(classes):
            return
        if "cell" in classes:
            self._cell += 1
            self.writer.locator = f"cell {self._cell}"
        if _ADMONITIONS.isdisjoint(classes):
            self._walk(blocks)
            return
        # Its title ("Note") is a word of the form.
        title = [b for b in blocks if b["t"] == "Div" and "title" in b["c"][0][1]]
        kept = [b for b in blocks if b not in title]
        if title and "admonition" in classes and not _is_form_word(title[0], classes):
            kept = [*title[0]["c"][1], *kept]
        self._quote(kept)


def _is_form_word(title: Node, classes: Sequence[str]) -> bool:
    words = " ".join(Inline.tidy(text_of(b["c"])) for b in title["c"][1] if b["t"] in ("Para", "Plain"))
    return words.casefold() in {*classes, *_ADMONITIONS}


def _first_paragraph(blocks: Sequence[Node]) -> tuple[Sequence[Node], Sequence[Node]]:
    """The inline content that an item starts with, and the blocks after it."""
    while blocks and blocks[0]["t"] == "Div" and len(blocks) == 1:
        blocks = blocks[0]["c"][1]
    if blocks and blocks[0]["t"] in ("Para", "Plain"):
        return blocks[0]["c"], blocks[1:]
    if blocks and blocks[0]["t"] == "Header":
        return blocks[0]["c"][2], blocks[1:]
    return (), blocks


def _is_layout(grid: Grid) -> bool:
    """Whether the table only places parts of a page: cells with headings or tables in them,
    or one cell with all of it.
    """
    kinds = {b["t"] for row in grid.rows for cell in row for b in _inside(cell.blocks)}
    return bool(kinds & {"Header", "Table"}) or (len(grid.rows) == 1 and len(grid.rows[0]) == 1)


def _inside(blocks: Sequence[Node]) -> Sequence[Node]:
    return [inner for b in blocks for inner in (b["c"][-1] if b["t"] in ("Div", "Figure") else [b])]
