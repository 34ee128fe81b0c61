"""Readers: bytes of a format to a `ScopeDocument`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from dagogy.api._blocks import (
    LABEL_END,
    SET_OFF,
    BlockWriter,
    Inline,
    bare_links,
    cell_text,
    labelled,
    tidy,
    with_lines,
)
from dagogy.api._decoding import decode_text
from dagogy.api.plugins import ReaderInfo
from dagogy.api.providers import Readiness
from dagogy.api.scope import Block, ScopeDocument

__all__ = [
    "LABEL_END",
    "SET_OFF",
    "BlockWriter",
    "Inline",
    "Reader",
    "Source",
    "bare_links",
    "cell_text",
    "decode_text",
    "document_title",
    "labelled",
    "rendered",
    "tidy",
    "with_lines",
]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be read: `name`, by which the user called it (a path, or `-`), and its bytes,
    which may come from a stranger.
    """

    name: str
    data: bytes

    @property
    def suffix(self) -> str:
        """The end of the name in lower case with its dot (`.md`); "" where it has none."""
        return PurePath(self.name).suffix.lower()


class Reader:
    """Base of all readers. One reads files of the suffixes that its `info` names, and what it recognises
    where the name says nothing.
    """

    def __init__(self, info: ReaderInfo) -> None:
        self.info = info

    def ready(self) -> Readiness:
        """Whether it could read now: a library or program that it needs may be missing. Starts nothing that
        takes longer than a moment.
        """
        return Readiness(ready=True, message="ready")

    def recognises(self, source: Source) -> float:
        """How sure the content alone makes it that it can read the file: from 0 (not at all) to 1. Asked
        where the name does not say it.
        """
        return 0.0

    def read(self, source: Source) -> ScopeDocument:
        """The document: `source` and `location` are the name of the file, `mode` is `full`.

        Where the file is text, `text` is that text and the lines of the blocks count in it; where it is none,
        `rendered` makes both of the blocks, and each block has a locator. Never starts anything that the file
        names, reads or writes any other file, or asks the network. Raises `InvalidArgument` for a file that
        cannot be read, with its name, the reason and the way out, and `ConfigError` where something that
        reading takes is not installed.
        """
        raise NotImplementedError

    def surroundings(self, document: ScopeDocument, kept: Sequence[int]) -> tuple[str, str]:
        """What the lines `kept` (from 1, rising) of a document need of the rest of its text: what is to stand
        before them, and what after.
        """
        return "", ""


def document_title(blocks: Sequence[Block], name: str, front_matter: Mapping[str, Any] | None = None) -> str:
    """What a document is called: by its metadata, else its first heading of level 1, else its first heading,
    else its file name.
    """
    given = (front_matter or {}).get("title")
    if isinstance(given, (str, int, float)) and not isinstance(given, bool) and tidy(str(given)):
        return tidy(str(given))
    headings = [b for b in blocks if b.kind == "heading"]
    first = next((b for b in headings if b.level == 1), headings[0] if headings else None)
    if first is not None:
        return first.text
    stem = tidy(re.sub(r"[-_\s]+", " ", PurePath(name).stem))
    return stem[:1].upper() + stem[1:] if stem else "Scope"


def rendered(blocks: Sequence[Block]) -> tuple[str, tuple[Block, ...]]:
    """The blocks as Markdown for people to read, and the blocks with the lines at which they stand in it."""
    lines: list[str] = []
    placed: list[Block] = []
    before: Block | None = None
    for block in blocks:
        if before is not None and not _goes_on(before, block):
            lines.append("")
        if block.kind == "table_row" and (before is None or not _same_table(before, block)):
            head = block.header or ("",) * len(block.cells)
            lines += [_row(head), "|" + " --- |" * len(head)]
        start = len(lines) + 1
        lines += _markdown_lines(block)
        placed.append(replace(block, lines=(start, len(lines))))
        before = block
    return "\n".join(lines) + "\n", tuple(placed)


def _goes_on(before: Block, block: Block) -> bool:
    return before.kind == block.kind == "list_item" or _same_table(before, block)


def _same_table(before: Block, block: Block) -> bool:
    return (
        before.kind == block.kind == "table_row"
        and before.header == block.header
        and len(before.cells) == len(block.cells)
    )


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", "<br>") for cell in cells) + " |"


def _markdown_lines(block: Block) -> Iterator[str]:
    if block.kind == "heading":
        yield f"{'#' * block.level} {block.text}"
    elif block.kind == "list_item":
        box = "" if block.marked is None else "[x] " if block.marked else "[ ] "
        yield f"{'   ' * (block.level - 1)}{'1.' if block.ordered else '- '} {box}{block.text}"
    elif block.kind == "table_row":
        yield _row(block.cells)
    elif block.kind == "code":
        yield from ("```", *block.text.split("\n"), "```")
    elif block.kind == "quote":
        yield f"> {block.text}"
    else:
        yield block.text
