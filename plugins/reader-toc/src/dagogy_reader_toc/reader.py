"""The reader `toc`."""

from __future__ import annotations

from collections.abc import Sequence

from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import BlockWriter, Inline, Reader, Source
from dagogy.api.scope import Link, ScopeDocument

from dagogy_reader_toc.entries import Entry, summary_entries, yaml_entries


class TocReader(Reader):
    """Parts become headings, entries the items of lists, each with a link to its file."""

    def read(self, source: Source) -> ScopeDocument:
        text = source.text()
        entries = list(summary_entries(text)) if source.suffix == ".md" else yaml_entries(text, source.name)
        blocks = _written(entries)
        if not blocks.blocks:
            raise InvalidArgument(
                f"scope file '{source.name}' lists no titles or files",
                hint="give a table of contents, or name another reader with --scope-format",
                details={"source": source.name},
            )
        return ScopeDocument(
            source.name, source.name, text, tuple(blocks.blocks), source.title(blocks.blocks)
        )


def _written(entries: Sequence[Entry]) -> BlockWriter:
    writer = BlockWriter()
    levels: list[int] = []  # the depths of the parts above
    items: list[int] = []  # those of the open items
    for entry in entries:
        if entry.part and not _stands_in(items, entry.depth):
            _close(writer, items, 0)
            levels = [depth for depth in levels if depth < entry.depth]
            levels.append(entry.depth)
            writer.heading(entry.title, len(levels), (entry.line, entry.line), _links(entry))
            continue
        _close(writer, items, entry.depth)
        writer.open_list()
        links = _links(entry)
        writer.open_item(
            Inline(entry.title, lead=entry.title if links else "", links=links), (entry.line, entry.line)
        )
        items.append(entry.depth)
    _close(writer, items, 0)
    return writer


def _stands_in(items: Sequence[int], depth: int) -> bool:
    """Whether an item is open that a part of this depth stands in: it is an item with others in it then."""
    return any(item < depth for item in items)


def _close(writer: BlockWriter, items: list[int], depth: int) -> None:
    """Ends the open items that something of this depth does not stand in."""
    while items and items[-1] >= depth:
        writer.close_item()
        writer.close_list()
        items.pop()


def _links(entry: Entry) -> tuple[Link, ...]:
    return (Link(entry.title, entry.file),) if entry.file else ()
