"""Runs as objects: open or compile one, check, plan, export and compare it, without printing.

`dagogy.compile` and `dagogy.open` are these two. The command line does its work by way of the same methods. What is here is imported when it is
first used, since it needs all that lies above `dagogy.api`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagogy.pipeline.results import Compilation, Diff, Fixes, Plan, Report
    from dagogy.pipeline.runs import Run, Workspace, compile, open  # noqa: A004

__all__ = ["Compilation", "Diff", "Fixes", "Plan", "Report", "Run", "Workspace", "compile", "open"]

_RESULTS = ("Compilation", "Diff", "Fixes", "Plan", "Report")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'dagogy.api.runs' has no attribute {name!r}")
    value = getattr(import_module(f"dagogy.pipeline.{'results' if name in _RESULTS else 'runs'}"), name)
    globals()[name] = value
    return value
