"""The reader `csv`: rows of separated values under the header that stands in the first of them."""

from __future__ import annotations

import csv
import io

from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import BlockWriter, Inline, Reader, Source
from dagogy.api.scope import ScopeDocument

_SEPARATORS = ",;\t|"
_SNIFFED = 16_384
_MAX_CELL = 4 * 1024 * 1024


class CsvReader(Reader):
    """Python's own parser; the separator is the one that cuts the first lines into equally many cells."""

    def read(self, source: Source) -> ScopeDocument:
        text = source.text()
        writer = BlockWriter()
        rows = csv.reader(io.StringIO(text), delimiter="\t" if source.suffix == ".tsv" else _separator(text))
        header: tuple[str, ...] | None = None
        line = 1
        before = csv.field_size_limit(_MAX_CELL)
        try:
            for row in rows:
                cells = [Inline.cell_text(cell) for cell in row]
                lines = (line, max(line, rows.line_num))
                line = rows.line_num + 1
                if header is None and any(cells):
                    header = tuple(" ".join(cell.split()) for cell in cells)
                    first = (cells, lines)
                elif header is not None:
                    writer.row(
                        [Inline(cell, links=tuple(Inline.bare_links(cell))) for cell in cells], header, lines
                    )
        except csv.Error as error:
            raise InvalidArgument(
                f"scope file '{source.name}', line {line:,}: its rows cannot be read: {error}",
                hint="save it anew as CSV in UTF-8",
                details={"source": source.name, "line": line},
            ) from None
        finally:
            csv.field_size_limit(before)
        if not writer.blocks and header:
            writer.row([Inline(cell) for cell in first[0]], (), first[1])
        return ScopeDocument(
            source.name, source.name, text, tuple(writer.blocks), source.title(writer.blocks)
        )


def _separator(text: str) -> str:
    """The mark that occurs equally often in the most of the first rows; a comma where none does."""
    lines = [line for line in text[:_SNIFFED].split("\n")[:20] if line.strip()]
    best, value = ",", 0.0
    for mark in _SEPARATORS:
        counts = [len(row) - 1 for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=mark)]
        most = max(set(counts), key=lambda c: (c > 0, counts.count(c))) if counts else 0
        agreeing = counts.count(most) / len(counts) * min(most, 3) if most else 0.0
        if agreeing > value:
            best, value = mark, agreeing
    return best
