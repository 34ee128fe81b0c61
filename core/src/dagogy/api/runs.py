"""Runs as objects: what `dagogy.compile` and `dagogy.open` give, to check, plan, export and compare, without
printing; and the workspace that they are in.

The command line does its work by way of the same methods.
What is here is imported when it is first used, since it needs all that lies above `dagogy.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagogy.api._lazy import lazily

if TYPE_CHECKING:
    from dagogy.pipeline.results import Compilation, Diff, Plan, Reading, Report
    from dagogy.pipeline.runs import Run, Workspace
else:
    __getattr__ = lazily(
        __name__,
        {
            "dagogy.pipeline.results": "Compilation Diff Plan Reading Report",
            "dagogy.pipeline.runs": "Run Workspace",
        },
    )

__all__ = [
    "Compilation",
    "Diff",
    "Plan",
    "Reading",
    "Report",
    "Run",
    "Workspace",
]
