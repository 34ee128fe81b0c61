"""Lines of text with their type to headings, items and paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dagogy.api.readers import BlockWriter, Inline
from dagogy.api.scope import Block

__all__ = ["Line", "blocks_of"]

_LARGER = 1.12
_MAX_HEADING = 150
_LEVELS = 6
_BULLET = re.compile(r"(?:[•◦▪●‣○■–\uf0b7]|[-*](?=\s))\s{0,20}")
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]\s{1,20}(?=\S)")
_DIGITS = re.compile(r"\d+")
#: The parts of a page in which headers and footers stand.
_MARGIN = 0.1
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]$")


@dataclass(frozen=True, slots=True)
class Line:
    """As `extract` writes it down."""

    page: int
    box: int
    text: str
    size: float
    bold: bool
    top: float
    left: float


def blocks_of(lines: Sequence[Line]) -> tuple[Block, ...]:
    """The blocks of a document, each with its page as locator."""
    lines = _without_margins(lines)
    body = _body_size(lines)
    levels = _heading_levels(lines, body)
    writer = BlockWriter()
    at = 0
    while at < len(lines):
        line = lines[at]
        writer.locator = f"page {line.page}"
        level = levels.get(_style(line, body))
        end = at + 1
        if level and len(Inline.tidy(line.text)) <= _MAX_HEADING:
            while (
                end < len(lines)
                and _goes_on(lines[end - 1], lines[end])
                and _style(lines[end], body) == _style(line, body)
            ):
                end += 1
            writer.heading(_joined(lines[at:end]), level)
        else:
            item = _mark(line.text)
            while (
                end < len(lines)
                and _goes_on(lines[end - 1], lines[end])
                and not _mark(lines[end].text)
                and not levels.get(_style(lines[end], body))
            ):
                end += 1
            _write(writer, _joined(lines[at:end]), item)
        at = end
    return tuple(writer.blocks)


def _write(writer: BlockWriter, text: str, item: str) -> None:
    if not item:
        writer.paragraph(Inline(text))
        return
    writer.open_list(ordered=item == "number")
    mark = (_BULLET if item == "bullet" else _NUMBER).match(text)
    writer.open_item(Inline(text[mark.end() :] if mark else text))
    writer.close_item()
    writer.close_list()


def _mark(text: str) -> str:
    text = Inline.tidy(text)
    return "bullet" if _BULLET.match(text) else "number" if _NUMBER.match(text) else ""


def _goes_on(before: Line, line: Line) -> bool:
    return before.page == line.page and before.box == line.box


def _joined(lines: Sequence[Line]) -> str:
    text = ""
    for line in lines:
        own = Inline.tidy(line.text)
        text = _HYPHEN.sub("", text) + own if _HYPHEN.search(text) and own[:1].islower() else f"{text} {own}"
    return Inline.tidy(text)


def _without_margins(lines: Sequence[Line]) -> list[Line]:
    """The lines without headers and footers: what stands on half of the pages at their edges,
    whatever the numbers in it.
    """
    pages = len({line.page for line in lines})
    edge = [line for line in lines if line.top < _MARGIN or line.top > 1 - _MARGIN]
    seen = Counter(key for _, key in {(line.page, _key(line)) for line in edge})
    often = {key for key, count in seen.items() if pages > 2 and count * 2 >= pages}
    return [
        line
        for line in lines
        if line not in edge
        or (_key(line) not in often and Inline.tidy(line.text).strip(" -–|").isdecimal() is False)
    ]


def _key(line: Line) -> str:
    return _DIGITS.sub("#", Inline.tidy(line.text).casefold())


def _body_size(lines: Sequence[Line]) -> float:
    weight: Counter[float] = Counter()
    for line in lines:
        weight[line.size] += len(line.text)
    return weight.most_common(1)[0][0] if weight else 0.0


def _style(line: Line, body: float) -> tuple[float, bool]:
    """What the type of a line says: its size where that is larger than the body's,
    and else whether it is bold.
    """
    return (line.size, True) if line.size >= body * _LARGER else (body, line.bold)


def _heading_levels(lines: Sequence[Line], body: float) -> dict[tuple[float, bool], int]:
    """The level of each style of headings, by size; bold lines of the body's size are the
    lowest where they are a minority.
    """
    larger = sorted({_style(line, body) for line in lines if line.size >= body * _LARGER}, reverse=True)
    levels = {style: min(rank, _LEVELS) for rank, style in enumerate(larger, start=1)}
    bold = [line for line in lines if line.bold and line.size < body * _LARGER]
    if bold and sum(len(line.text) for line in bold) * 4 < sum(len(line.text) for line in lines):
        levels[body, True] = min(len(larger) + 1, _LEVELS)
    return levels
