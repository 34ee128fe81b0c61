"""Tables of pandoc's syntax tree as rows of cells under their headers, with what spans
several rows in each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagogy.api.readers import Inline
from dagogy.api.scope import Link

from dagogy_reader_pandoc.inline import inline_of

__all__ = ["Cell", "Grid", "grid_of"]

Node = dict[str, Any]
#: A row or column that spans more is not believed.
_MAX_SPAN = 1000
_MAX_COLUMNS = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """`blocks` as they stand in the tree; `bold`: all its text is."""

    inline: Inline
    blocks: Sequence[Node] = ()
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """The names of the columns, empty where it has none, and the rows."""

    header: tuple[str, ...]
    rows: list[list[Cell]]


def grid_of(content: Sequence[Any]) -> Grid:
    """The grid of a `Table` of the tree."""
    heads, rows = _heads_and_rows(content)
    # One cell over all columns names none of them: it is the title of the rows below it.
    titles = [_once(row) for row in heads if len(row) > 1 and _is_spanned(row)]
    heads = [row for row in heads if len(row) < 2 or not _is_spanned(row)]
    if not heads and _begins_with_bold(rows):
        heads, rows = rows[:1], rows[1:]
    header = _header(heads)
    rows = [row for row in rows if not header or tuple(Inline.tidy(c.inline.text) for c in row) != header]
    return Grid(header, [*titles, *rows])


def _heads_and_rows(content: Sequence[Any]) -> tuple[list[list[Cell]], list[list[Cell]]]:
    """The rows that name columns, without empty ones, and all others, of each part of a table."""
    _, _, _, head, bodies, foot = content
    heads = _rows(head[1], repeat=True)
    rows: list[list[Cell]] = []
    for _, _, own_head, body in bodies:
        if own_head and not heads and not rows:
            heads = _rows(own_head, repeat=True)
        else:
            rows += _rows(own_head)
        rows += _rows(body)
    rows += _rows(foot[1])
    return [row for row in heads if any(c.inline.text for c in row)], rows


def _is_spanned(row: Sequence[Cell]) -> bool:
    """Whether all cells say the same, as one over all columns does."""
    return len({c.inline.text for c in row}) == 1


def _begins_with_bold(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether the first row is set apart as a header: all of it is bold, and not all of the next."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    return all(c.bold for c in rows[0]) and not all(c.bold for c in rows[1])


def _once(row: Sequence[Cell]) -> list[Cell]:
    return [row[0], *(Cell(Inline()) for _ in row[1:])]


def _header(heads: Sequence[Sequence[Cell]]) -> tuple[str, ...]:
    """One name a column: of several rows the lowest that has one there."""
    if not heads:
        return ()
    width = max(map(len, heads))
    names = [""] * width
    for row in heads:
        for at, cell in enumerate(row):
            names[at] = Inline.tidy(cell.inline.text) or names[at]
    return tuple(names)


def _rows(rows: Sequence[Any], *, repeat: bool = False) -> list[list[Cell]]:
    """Rows with all their cells: what spans rows stands in each of them, and what spans columns in the first;
    with `repeat` in each.
    """
    above: dict[int, tuple[int, Cell]] = {}  # by column: for how many rows more a cell reaches down
    made = []
    for _, cells in rows:
        row: list[Cell] = []
        for _, _, down, across, blocks in cells:
            _fill(row, above)
            cell = _cell(blocks)
            for more in range(max(1, min(across, _MAX_SPAN))):
                if len(row) >= _MAX_COLUMNS:
                    break
                shown = cell if repeat or not more else Cell(Inline())
                if down > 1:
                    above[len(row)] = (min(down, _MAX_SPAN) - 1, shown)
                row.append(shown)
        _fill(row, above)
        made.append(row)
    return made


def _fill(row: list[Cell], above: dict[int, tuple[int, Cell]]) -> None:
    while len(row) in above:
        left, cell = above.pop(len(row))
        if left > 1:
            above[len(row)] = (left - 1, cell)
        row.append(cell)


def _cell(blocks: Sequence[Node]) -> Cell:
    parts = [part for part in _parts(blocks) if part.text]
    links: tuple[Link, ...] = tuple(link for part in parts for link in part.links)
    emphasised = tuple(phrase for part in parts for phrase in part.emphasised)
    text = "\n".join(part.text for part in parts)
    bold = (
        len(blocks) == 1
        and blocks[0]["t"] in ("Plain", "Para")
        and [n["t"] for n in blocks[0]["c"]] == ["Strong"]
    )
    return Cell(Inline(text, links=links, emphasised=emphasised), blocks, bold)


def _parts(blocks: Sequence[Node]) -> Iterator[Inline]:
    """What stands in a cell on lines of its own: paragraphs and list items."""
    for block in blocks:
        if block["t"] in _PARTS_OF:
            yield from _PARTS_OF[block["t"]](block.get("c"))


def _parts_of_terms(content: Any) -> Iterator[Inline]:
    """Each term with what is said of it, in one line."""
    for term, definitions in content:
        name = inline_of(term, labels=False)
        parts = [part for definition in definitions for part in _parts(definition)]
        yield Inline(
            ": ".join(filter(None, (name.text, "; ".join(p.text for p in parts)))),
            links=name.links + tuple(k for p in parts for k in p.links),
        )


def _parts_of_table(content: Any) -> Iterator[Inline]:
    """Each row in one line."""
    for row in grid_of(content).rows:
        yield Inline(
            " | ".join(Inline.tidy(c.inline.text) for c in row if c.inline.text),
            links=tuple(k for c in row for k in c.inline.links),
        )


def _parts_of_items(items: Any) -> Iterator[Inline]:
    return (part for item in items for part in _parts(item))


#: How the content of each kind of block is taken apart; others hold no text.
_PARTS_OF: Mapping[str, Callable[[Any], Iterable[Inline]]] = {
    "Plain": lambda content: [inline_of(content, labels=False, cell=True)],
    "Para": lambda content: [inline_of(content, labels=False, cell=True)],
    "Header": lambda content: [inline_of(content[2], labels=False, cell=True)],
    "LineBlock": lambda content: (inline_of(line, labels=False) for line in content),
    "CodeBlock": lambda content: [Inline(Inline.tidy(content[1]))],
    "BulletList": _parts_of_items,
    "OrderedList": lambda content: _parts_of_items(content[1]),
    "DefinitionList": _parts_of_terms,
    "BlockQuote": _parts,
    "Div": lambda content: _parts(content[-1]),
    "Figure": lambda content: _parts(content[-1]),
    "Table": _parts_of_table,
}
