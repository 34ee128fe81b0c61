"""What the Markdown reports share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table; its cells stay on one line and keep their bars."""
    return [_row(head), "|" + "---|" * len(head), *(_row(row) for row in rows)]


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(" ".join(str(c).split()).replace("|", "\\|") for c in cells) + " |"


def quoted(lines: Iterable[str]) -> list[str]:
    """Lines as they were printed, in a fence that none of them closes."""
    kept = [line.replace("```", "'''") for line in lines]
    return ["```text", *kept, "```"]
