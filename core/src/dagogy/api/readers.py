"""Readers: bytes of a format to a `ScopeDocument`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from dagogy.api._blocks import BlockWriter, Inline, tidy
from dagogy.api._decoding import decode_text
from dagogy.api.plugins import ReaderInfo
from dagogy.api.providers import Readiness
from dagogy.api.scope import Block, ScopeDocument

__all__ = ["BlockWriter", "Inline", "Reader", "Source"]


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

    def text(self) -> str:
        """The text of the file, with `\\n` line ends and without a byte order mark.

        UTF-8 with or without a mark, and UTF-16 and UTF-32 with one, are read. Raises `InvalidArgument`,
        which names the file, the finding with its offset or size, and the way out, for a file that is empty
        or blank, larger than what is read, binary, or in another encoding.
        """
        return decode_text(self.data, self.name)

    def title(self, blocks: Sequence[Block], front_matter: Mapping[str, Any] | None = None) -> str:
        """What the document is called: by its metadata, else its first heading of level 1, else its first
        heading, else its file name.
        """
        given = (front_matter or {}).get("title")
        if isinstance(given, (str, int, float)) and not isinstance(given, bool) and tidy(str(given)):
            return tidy(str(given))
        headings = [b for b in blocks if b.kind == "heading"]
        first = next((b for b in headings if b.level == 1), headings[0] if headings else None)
        if first is not None:
            return first.text
        stem = tidy(re.sub(r"[-_\s]+", " ", PurePath(self.name).stem))
        return stem[:1].upper() + stem[1:] if stem else "Scope"


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
        `BlockWriter.rendered` makes both of the blocks, and each block has a locator. Never starts anything
        that the file names, reads or writes any other file, or asks the network. Raises `InvalidArgument` for
        a file that cannot be read, with its name, the reason and the way out, and `ConfigError` where
        something that reading takes is not installed.
        """
        raise NotImplementedError

    def surroundings(self, document: ScopeDocument, kept: Sequence[int]) -> tuple[str, str]:
        """What the lines `kept` (from 1, rising) of a document need of the rest of its text: what is to stand
        before them, and what after.
        """
        return "", ""
