"""HTML in Markdown: a block of it cut into paragraphs, items, headings and table rows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dagogy.api.readers import Inline
from dagogy.api.scope import Link

from dagogy_reader_markdown.inline import render_tag, unescaped

__all__ = ["HtmlPiece", "HtmlReader"]

_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9:-]*+)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>""")
_RAW_TEXT_END = re.compile(r"</(?:script|style|template)\s*>", re.IGNORECASE)
_DECLARATION = re.compile(r"<!--|<\?|<!(?=[A-Za-z])")
_INLINE_TAGS = frozenset(
    (
        "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q s samp "
        "small span strike strong sub sup time tt u var wbr"
    ).split()
)


def _without_declarations(html: str) -> str:
    """`html` without comments, processing instructions and doctypes; each leaves its line ends behind, so
    that lines still count.
    """
    html = html.replace("<![CDATA[", "").replace("]]>", "")
    out: list[str] = []
    pos = 0
    while (found := _DECLARATION.search(html, pos)) is not None:
        closer = {"<!--": "-->", "<?": "?>"}.get(found[0], ">")
        end = html.find(closer, found.end())
        if end < 0:
            break  # not closed in this block: kept as text
        out += (html[pos : found.start()], "\n" * html.count("\n", found.start(), end))
        pos = end + len(closer)
    return "".join(out) + html[pos:]


@dataclass(frozen=True, slots=True)
class HtmlPiece:
    """Text of one paragraph, item, heading or table row of an HTML block; lines
    count from 0 within the block.
    """

    text: str
    first: int
    last: int
    cells: tuple[str, ...]
    header: tuple[str, ...]
    links: tuple[Link, ...]
    heading: int = 0  # the level of a heading, else 0
    item: int = 0  # the depth of a list item, else 0
    lead: str = ""  # of a list item what it starts with in bold, or its term
    ordered: bool = False


_HEADINGS = {f"h{level}": level for level in range(1, 7)}


class HtmlReader:
    """Cuts an HTML block into pieces at its block-level tags. A scanner of our own, since `html.parser` takes
    quadratic time on broken tags and raises on unknown declarations."""

    def __init__(self) -> None:
        self.pieces: list[HtmlPiece] = []
        self._parts: list[str] = []
        self._links: list[Link] = []
        self._open_links: list[tuple[str, int]] = []
        self._cells: list[str] | None = None
        self._all_th = True
        self._in_cell = False
        self._header: tuple[str, ...] = ()
        self._line = self._first = self._last = 0
        self._bold_at = 0  # where in the current piece the last bold text starts
        self._started = False  # has the current piece any text yet?
        self._heading = 0
        self._lists: list[bool] = []  # is it numbered? of the lists around the current piece
        self._item = False  # is the current piece the text of a list item?
        self._lead = ""

    def read(self, html: str) -> list[HtmlPiece]:
        html = _without_declarations(html)
        pos = 0
        while (tag := _TAG.search(html, pos)) is not None:
            self._data(html[pos : tag.start()])
            self._tag(tag[0], tag[2].lower(), closing=bool(tag[1]))
            pos = tag.end()
            if tag[2].lower() in ("script", "style", "template") and not tag[1]:
                end = _RAW_TEXT_END.search(html, pos)
                skipped = end.end() if end else len(html)
                self._line += html.count("\n", pos, skipped)
                pos = skipped
        self._data(html[pos:])
        self._end_row()
        return self.pieces

    def _data(self, data: str) -> None:
        if data.strip() and not self._started:
            self._started = True
            self._first = self._line + data[: len(data) - len(data.lstrip())].count("\n")
        if data.strip():
            self._last = self._line + data.rstrip().count("\n")
        text = unescaped(data)
        self._parts.append(text if self._cells is None else text.replace("\n", " "))
        self._line += data.count("\n")

    def _tag(self, tag: str, name: str, *, closing: bool) -> None:
        if name in _INLINE_TAGS:
            self._inline_tag(tag, name, closing)
        elif name in ("td", "th"):
            self._end_cell()
            if not closing:
                self._cells = [] if self._cells is None else self._cells
                self._all_th = self._all_th and name == "th"
                self._in_cell = True
        elif name in ("tr", "table", "thead", "tbody", "tfoot"):
            self._end_row()
            if name == "table":
                self._header = ()
        elif self._cells is not None:
            self._parts.append("\n")  # a paragraph or list inside a cell, or a line of it
        else:
            self._block_tag(name, closing)
        self._line += tag.count("\n")

    def _inline_tag(self, tag: str, name: str, closing: bool) -> None:
        if name == "img" and (alt := re.search(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)):
            self._data(alt[1] or alt[2] or "")
        if name in ("b", "strong"):
            if not closing:
                self._bold_at = len(self._parts)
            elif self._item and not self._lead:
                self._lead = self._bold_lead()
        render_tag(tag if name == "a" else "", self._parts, self._open_links, self._links)

    def _block_tag(self, name: str, closing: bool) -> None:
        """A tag outside of tables that ends the piece under way, unless it goes on with a term."""
        if name == "dt" and closing:
            self._lead = Inline.tidy("".join(self._parts))
            self._parts.append(": ")
            return
        if name == "dd" and not closing and self._lead:
            return
        self._end_piece()
        if name in ("ul", "ol", "dl"):
            self._lists = self._lists[:-1] if closing else [*self._lists, name == "ol"]
        self._item = name in ("li", "dt") and not closing
        self._heading = 0 if closing else _HEADINGS.get(name, 0)

    def _bold_lead(self) -> str:
        return (
            ""
            if "".join(self._parts[: self._bold_at]).strip()
            else Inline.tidy("".join(self._parts[self._bold_at :]))
        )

    def _end_cell(self) -> None:
        if self._cells is None:
            self._end_piece()
            return
        text = Inline.cell_text("".join(self._parts))
        self._parts.clear()
        self._open_links.clear()
        if self._in_cell:
            self._cells.append(text)
        self._in_cell = False

    def _end_row(self) -> None:
        if self._cells is None:
            self._end_piece()
            return
        self._end_cell()
        cells = tuple(self._cells)
        if any(cells):
            self._emit(
                " | ".join(Inline.tidy(c) for c in cells if c), cells, () if self._all_th else self._header
            )
            self._header = tuple(Inline.tidy(c) for c in cells) if self._all_th else self._header
        self._cells, self._all_th = None, True

    def _end_piece(self) -> None:
        text = Inline.tidy("".join(self._parts)).removesuffix(":" if self._lead else "")
        if text:
            self._emit(text, (), ())
        self._parts.clear()
        self._open_links.clear()
        self._item, self._lead = False, ""

    def _emit(self, text: str, cells: tuple[str, ...], header: tuple[str, ...]) -> None:
        heading = self._heading if not cells else 0
        depth = max(len(self._lists), 1) if self._item and not cells else 0
        # Bold text is a label where something sets it off, or where it stands alone.
        rest = text[len(self._lead) :]
        lead = (
            self._lead
            if depth and (not rest or ((mark := Inline.SET_OFF.match(rest)) and mark.end()))
            else ""
        )
        ordered = bool(self._lists) and self._lists[-1]
        self.pieces.append(
            HtmlPiece(
                text,
                self._first,
                self._last,
                cells,
                header,
                tuple(self._links),
                heading,
                depth,
                lead.rstrip(Inline.LABEL_END),
                ordered,
            )
        )
        self._links.clear()
        self._started = False
