"""The options that say which document is meant, and how it is to be read; and the
tables that show what was read.
"""

from __future__ import annotations

import io
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from dagogy.api.display import one_line
from dagogy.cli.options import complete_plugins

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from dagogy.pipeline.results import Entry

_FATES = ("taken", "grouped", "left out", "merged")
#: A table of less width is written one entry below the other.
_COLUMNS_FROM = 64
_MOST_ROWS = 1000
#: Characters of names that the summary shows for each kind.
_MOST_NAMED = 240


def scope_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """How a document is read: `scope_format`, `scope_mode`, `sections`, `concepts_from`, `only`, `skip`."""
    for option in (
        click.option(
            "--skip",
            multiple=True,
            metavar="SECTION",
            help=(
                "A section not to read: its heading; or the text of a single item or cell. It is kept with "
                "the run; may be repeated."
            ),
        ),
        click.option(
            "--only",
            multiple=True,
            metavar="SECTION",
            help=(
                "A section to read, and none besides: its heading. It is kept with the run; may be repeated."
            ),
        ),
        click.option(
            "--concepts-from",
            multiple=True,
            metavar="PLACE",
            help=(
                "What names the concepts: 'column: Topic', 'heading: 2' (a level), 'heading: Lessons' (those "
                "below it), 'list: 1' (a depth), 'list: Lessons'. It is kept with the run; may be repeated."
            ),
        ),
        click.option(
            "--scope-section",
            "sections",
            multiple=True,
            metavar="HEADING",
            help="A section to take, with all below it; may be repeated.",
        ),
        click.option(
            "--scope-mode",
            type=click.Choice(["full", "section", "seed-list"]),
            help="Which part of it to use; default: full, or section with --scope-section.",
        ),
        click.option(
            "--scope-format",
            metavar="ID",
            help="The reader of it, where name and content do not tell.",
            shell_complete=complete_plugins("reader"),
        ),
    ):
        function = option(function)
    return function


# ------------------------------------------------------------------------------------------------- the tables


def terminal_width() -> int:
    """The columns that a table may take: COLUMNS, or those of the terminal, or 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def table_lines(entries: Sequence[Entry], width: int) -> list[str]:
    """All entries, one a row, in at most `width` columns."""
    shown = entries[:_MOST_ROWS]
    rows = [
        (_where(e), e.fate, "" if e.probability is None else f"{e.probability:.2f}", e.text, e.role, e.reason)
        for e in shown
    ]
    lines = (
        _table(("where", "what", "prob.", "text", "role", "why"), rows, width)
        if width >= _COLUMNS_FROM
        else _stacked(rows, width)
    )
    return [
        *lines,
        *(
            [f"… and {len(entries) - len(shown):,} more; --json shows all"]
            if len(entries) > len(shown)
            else []
        ),
    ]


def summary_lines(entries: Sequence[Entry], width: int) -> list[str]:
    """What was taken, grouped, left out and merged, a row for each and for each role of what was left out, in
    at most `width` columns.
    """
    by_kind: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_kind[entry.fate, entry.role if entry.fate == "left out" else ""].append(entry)
    rows = []
    for fate in _FATES:
        kinds = sorted((k for k in by_kind if k[0] == fate), key=lambda k: -len(by_kind[k]))
        rows += [(fate, f"{len(by_kind[kind]):,}", kind[1], _names(by_kind[kind])) for kind in kinds]
    if width < _COLUMNS_FROM:
        return list(
            _stacked([(fate, count, "", names, role, "") for fate, count, role, names in rows], width)
        )
    return _table(("what", "", "role", "text"), rows, width)


def _names(entries: Sequence[Entry]) -> str:
    shown: list[str] = []
    left = _MOST_NAMED
    for entry in entries:
        if shown and left < len(entry.text):
            return f"{'; '.join(shown)}; … and {len(entries) - len(shown):,} more"
        shown.append(entry.text if entry.fate != "merged" else f"{entry.text} {entry.reason}")
        left -= len(shown[-1])
    return "; ".join(shown)


def _where(entry: Entry) -> str:
    first, last = entry.lines
    return entry.locator.rpartition(" > ")[2] or (
        "" if not first else f"{first}" if first == last else f"{first}-{last}"
    )


def _console(width: int) -> Console:
    from rich.console import Console

    return Console(
        file=io.StringIO(),
        width=max(1, width),
        color_system=None,
        force_terminal=False,
        legacy_windows=False,
        emoji=False,
        markup=False,
    )


def rendered(parts: Iterable[RenderableType], width: int) -> list[str]:
    """What rich draws, as lines of at most `width` columns."""
    console = _console(width)
    with console.capture() as captured:
        for part in parts:
            console.print(part, soft_wrap=False)
    return [line.rstrip() for line in captured.get().split("\n")][:-1]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> list[str]:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=True)
    for name in head:
        narrow = name in ("what", "prob.", "")
        table.add_column(
            Text(name),
            no_wrap=narrow,
            justify="right" if name in ("prob.", "") else "left",
            max_width={"where": 24, "role": 16}.get(name),
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(one_line(cell), overflow="fold") for cell in row))
    return rendered([table], width)


def _stacked(rows: Iterable[Sequence[str]], width: int) -> list[str]:
    from rich.padding import Padding
    from rich.text import Text

    def parts() -> Iterator[RenderableType]:
        for where, fate, chance, text, role, reason in rows:
            yield Text(
                one_line("  ".join(part for part in (where, fate, chance, role) if part)), overflow="fold"
            )
            for line in (text, reason):
                if line:
                    yield Padding(Text(one_line(line), overflow="fold"), (0, 0, 0, 2 if width > 12 else 0))

    return rendered(parts(), width)
