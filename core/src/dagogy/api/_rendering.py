"""Blocks as Markdown for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dagogy.api.scope import Block


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
