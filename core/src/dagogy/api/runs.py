"""Runs as objects: open or compile one, check, plan, export and compare it, without printing.

`dagogy.compile` and `dagogy.open` are these two. The command line does its work by way of the same methods.
What is here is imported when it is first used, since it needs all that lies above `dagogy.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagogy.api._lazy import lazily

if TYPE_CHECKING:
    from dagogy.pipeline.results import Compilation, Diff, Entry, Fixes, Plan, Reading, Report
    from dagogy.pipeline.runs import Run, Workspace, compile, open  # noqa: A004
else:
    __getattr__ = lazily(
        __name__,
        {
            "dagogy.pipeline.results": "Compilation Diff Entry Fixes Plan Reading Report",
            "dagogy.pipeline.runs": "Run Workspace compile open",
        },
    )

__all__ = [
    "Compilation",
    "Diff",
    "Entry",
    "Fixes",
    "Plan",
    "Reading",
    "Report",
    "Run",
    "Workspace",
    "compile",
    "open",
]
