"""The progress of a run while it is compiled."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from types import TracebackType

from dagogy.api.display import one_line
from dagogy.cli.app import App

_STAGES = ("scope", "generate", "fill", "validate", "plan", "iterate")


def display(app: App) -> AbstractContextManager[Callable[[str, str], None]]:
    """How progress is shown: a live display on a terminal, plain lines on stdout in a
    pipe, nothing with `--json`.

    Not on stderr, whose first line is the failure's when a command fails.
    """
    if app.json:
        return nullcontext(lambda stage, line: None)
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if terminal:
        return _Live()
    return nullcontext(lambda stage, line: _plain(app, f"{stage}: {line}"))


def _plain(app: App, line: str) -> None:
    """One line at once. That nobody reads any more is no reason to stop
    halfway; the result meets it again.
    """
    with suppress(OSError):
        app.write(line)
        if sys.stdout is not None:
            sys.stdout.flush()


class _Live:
    """The stages of a run with a spinner at the one under way (rich, on stderr)."""

    def __enter__(self) -> Callable[[str, str], None]:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        # Where the terminal is too narrow, only the line of text gives way.
        columns = (
            SpinnerColumn(finished_text="[green]✓[/]", table_column=Column(min_width=1)),
            TextColumn(
                "{task.description}", table_column=Column(min_width=max(map(len, _STAGES)), no_wrap=True)
            ),
            TextColumn(
                "{task.fields[line]}",
                markup=False,
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            TimeElapsedColumn(table_column=Column(min_width=len("0:00:00"), no_wrap=True)),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), expand=True)
        self._tasks = {
            stage: self._progress.add_task(stage, total=1, start=False, visible=False, line="")
            for stage in _STAGES
        }
        self._now = ""
        self._progress.start()
        return self.show

    def show(self, stage: str, line: str) -> None:
        if stage != self._now:
            self._finish()
            self._now = stage
            self._progress.start_task(self._tasks[stage])
        self._progress.update(self._tasks[stage], visible=True, line=one_line(line))

    def _finish(self) -> None:
        if self._now:
            self._progress.update(self._tasks[self._now], completed=1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        self._progress.stop()
