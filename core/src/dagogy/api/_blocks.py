"""How readers write down blocks: the text of a paragraph with its label and links, and the place of each
block among headings and lists.

What makes a label, and what a heading is called, is decided here once, so that the same content gives the
same blocks in every format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from dagogy.api.scope import Block, BlockKind, Link

__all__ = ["BlockWriter", "Inline", "heading_title", "tidy"]

_QUOTE = -2  # marks a block quote on the stack of containers; list items stand there with their position
_CONTROL_OR_SPACE = re.compile(r"[\x00-\x20\x7f-\x9f]+")
_BARE_URL = re.compile(
    r"(?<![\w.@/])https?://(?:\[[0-9a-fA-F:.]{2,45}\])?(?:[^\s<>\"\[\]]|\[\])*[^\s<>\"'.,;:!?)\[\]}*_]"
)
_HEADING_ATTRIBUTES = re.compile(r"(?:(?<!\s)\s+)?\{[#.:][^{}]*\}$")


@dataclass(frozen=True, slots=True)
class Inline:
    """Plain text of a paragraph, item or cell; `lead`, `rest`, `links` and
    `emphasised` are those of `Block`.
    """

    #: What may stand between a label and the text that it labels.
    SET_OFF: ClassVar[re.Pattern[str]] = re.compile(
        r"\s{0,4}(?P<abbr>\([^()]{1,60}\))?\s{0,4}(?:[:：]|\.(?=\s|$)|(?<=\s)-{1,80}+(?=\s)|[–—]+|\n|$)\s*"
    )
    #: What a label does not end with.
    LABEL_END: ClassVar[str] = " :：.。–—"

    text: str = ""
    lead: str = ""
    rest: str = ""
    links: tuple[Link, ...] = ()
    emphasised: tuple[str, ...] = ()

    def parts(self) -> dict[str, Any]:
        """All but the text, as the fields of a `Block`."""
        return {"lead": self.lead, "rest": self.rest, "links": self.links, "emphasised": self.emphasised}

    def labelled(self, label: str, after: str) -> Inline:
        """The same with `label`, the bold text or link it starts with, as its lead, where `after` is set off
        from it, or where it stands alone.

        Line ends in `after` are hard line breaks.
        """
        # One space or line break for each run, so that the pattern below cannot backtrack through long ones.
        after = re.sub(r"\s+", lambda m: "\n" if "\n" in m[0] else " ", after)
        set_off = self.SET_OFF.match(after)
        inside = label.removesuffix(" -").rstrip(self.LABEL_END)
        if inside != label:
            lead, rest = inside, after
        elif label.endswith(("?", "？")):
            lead, rest = label, after
        elif set_off:
            lead, rest = tidy(f"{label} {set_off['abbr'] or ''}"), after[set_off.end() :]
        else:
            return self
        return replace(self, lead=lead, rest=tidy(rest)) if lead else self

    @staticmethod
    def tidy(text: str) -> str:
        """`text` on one line, without control characters and with single spaces."""
        return tidy(text)

    @staticmethod
    def cell_text(text: str) -> str:
        """The text of a table cell: its parts, which stand on lines of their own, each tidied."""
        return (
            "\n".join(part for line in text.split("\n") if (part := tidy(line)))
            if "\n" in text
            else tidy(text)
        )

    @staticmethod
    def bare_links(text: str) -> Iterable[Link]:
        """The addresses that stand in `text` without markup."""
        return (Link(m[0], m[0]) for m in _BARE_URL.finditer(text)) if "://" in text else ()


def tidy(text: str) -> str:
    """`text` on one line, without control characters and with single spaces."""
    return " ".join((text if text.isprintable() else _CONTROL_OR_SPACE.sub(" ", text)).split())


def heading_title(text: str) -> str:
    """A heading without the attributes that may follow it (`Loops {#loops}`)."""
    return _HEADING_ATTRIBUTES.sub("", text) or text


class BlockWriter:
    """Writes down blocks in the order of the document, each with its heading path and
    the list item it stands in.

    Lines are first and last line, from 1; (0, 0) where the format has none, and then `locator` says where the
    block stands (`slide 3`).
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        #: The locator of the blocks that follow.
        self.locator = ""
        self._path: list[tuple[int, str]] = []
        self._titles: tuple[str, ...] = ()  # those of the path: all blocks under a heading share them
        self._containers: list[int] = []  # the open list items (their position) and quotes
        self._lists: list[bool] = []  # the open lists: is it ordered?

    @property
    def contained(self) -> bool:
        """Whether a quote or list item is open."""
        return bool(self._containers)

    @property
    def quoted(self) -> bool:
        """Whether the innermost container is a quote."""
        return bool(self._containers) and self._containers[-1] == _QUOTE

    def add(self, kind: BlockKind, text: str, lines: tuple[int, int] = (0, 0), **more: Any) -> None:
        """Any block; `more` are further fields of `Block`."""
        parent = next((c for c in reversed(self._containers) if c != _QUOTE), -1) if self._containers else -1
        more.setdefault("parent", parent)
        self.blocks.append(Block(kind, text, lines, self._titles, locator=self.locator, **more))

    def heading(
        self, text: str, level: int, lines: tuple[int, int] = (0, 0), links: tuple[Link, ...] = ()
    ) -> None:
        """A heading, which begins a section; nothing where it has no text. One in a quote or list item is a
        paragraph: it divides nothing.
        """
        title = heading_title(text)
        if not title:
            return
        if self._containers:
            self.paragraph(Inline(title, links=links), lines)
            return
        level = max(1, min(level, 6))
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, title))
        self._titles = tuple(title for _, title in self._path)
        self.add("heading", title, lines, level=level, links=links)

    def paragraph(self, inline: Inline, lines: tuple[int, int] = (0, 0)) -> None:
        """A paragraph, or in a quote a part of that; nothing where it has no text."""
        if inline.text:
            self.add("quote" if self.quoted else "paragraph", inline.text, lines, **inline.parts())

    def code(self, text: str, lines: tuple[int, int] = (0, 0)) -> None:
        """A block of code; nothing where it is blank."""
        if text.strip():
            self.add("code", text.rstrip("\n"), lines)

    def row(
        self, cells: Sequence[Inline], header: tuple[str, ...] = (), lines: tuple[int, int] = (0, 0)
    ) -> bool:
        """A table row under its `header`, and whether it had any text: one without is left out."""
        texts = tuple(cell.text for cell in cells)
        if not any(texts):
            return False
        links = tuple(link for cell in cells for link in cell.links)
        self.add(
            "table_row",
            " | ".join(tidy(c) for c in texts if c),
            lines,
            cells=texts,
            header=header,
            links=links,
        )
        return True

    def open_quote(self) -> None:
        """What follows is quoted, until `close_quote`."""
        self._containers.append(_QUOTE)

    def close_quote(self) -> None:
        """Ends the innermost quote."""
        self._containers.pop()

    def open_list(self, *, ordered: bool = False) -> None:
        """The items that follow are those of a list, until `close_list`."""
        self._lists.append(ordered)

    def close_list(self) -> None:
        """Ends the innermost list."""
        self._lists.pop()

    def open_item(
        self, inline: Inline, lines: tuple[int, int] = (0, 0), *, marked: bool | None = None
    ) -> int:
        """A list item with the text of its first paragraph, and its position; what it holds besides follows,
        until `close_item`.
        """
        self.add(
            "list_item",
            inline.text,
            lines,
            level=len(self._lists),
            ordered=self._lists[-1],
            marked=marked,
            **inline.parts(),
        )
        self._containers.append(len(self.blocks) - 1)
        return len(self.blocks) - 1

    def reopen_item(self, position: int) -> None:
        """What follows stands in the item at `position` as well, until `close_item`."""
        self._containers.append(position)

    def close_item(self) -> None:
        """Ends the innermost item; one with nothing in it is left out."""
        item = self._containers.pop()
        if item == len(self.blocks) - 1 and not self.blocks[item].text:
            self.blocks.pop()  # nothing in it, so nothing points to it

    @staticmethod
    def with_lines(blocks: Iterable[Block], lines: Iterable[tuple[int, int]]) -> tuple[Block, ...]:
        """The blocks with these lines."""
        return tuple(
            block if block.lines == own else replace(block, lines=own)
            for block, own in zip(blocks, lines, strict=True)
        )

    @staticmethod
    def rendered(blocks: Sequence[Block]) -> tuple[str, tuple[Block, ...]]:
        """The blocks as Markdown for people to read, and the blocks with the lines at which they stand in
        it: the text of a document whose format has none.
        """
        from dagogy.api._rendering import rendered

        return rendered(blocks)
