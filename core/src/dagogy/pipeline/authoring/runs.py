"""The author's part of a run as an object."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from dagogy.pipeline.readable import ReadableRun

if TYPE_CHECKING:
    from dagogy.pipeline.authoring.changes import Changes
    from dagogy.pipeline.results import Report
    from dagogy.pipeline.session import OpenRun


class AuthoredRun(ReadableRun):
    """A run that an author can write in."""

    def page(self) -> str:
        """The curriculum as one Markdown page to write in. Raises `StageConflict` where there is none,
        `ValidationFailed` where it does not meet its schema.
        """
        from dagogy.pipeline.authoring.edit import page

        with self._reading() as opened:
            return page(opened)

    def edit(self, page: str, name: str = "the page") -> tuple[Changes, Report | None]:
        """Takes over what was changed in the page of the curriculum, pins it against later generations, and
        checks the curriculum. Returns the changes and the report, None where nothing was changed.

        `name`: of the page, for messages. Raises `InvalidArgument` for a page that cannot be read, with all
        its problems, and `StageConflict` for that of another curriculum; then nothing is written.
        """
        from dagogy.pipeline import operations
        from dagogy.pipeline.authoring.edit import take_over

        with self._writing("edit", self.id) as opened:
            changes, report = take_over(opened, page, name)
            return changes, operations.checked(opened, report) if report is not None else None

    def unpin(self) -> int:
        """Lets go of what was pinned: the next generation may replace it. Returns how much that was."""
        from dagogy.pipeline.authoring.edit import unpin

        with self._writing("edit", self.id, "--unpin") as opened:
            return unpin(opened)

    def _writing(self, *words: str) -> AbstractContextManager[OpenRun]:
        return self.workspace.writing(self._folder, words, self._wait_seconds)
