#!/usr/bin/env python3
"""Runs the tests that bring failures about and prints what came of each, as a table (also into `.cache/`).

outcome_table.py providers   every failure of a provider, through our own providers
outcome_table.py faults      every fault that `run --self-heal` is tried on
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]


class Table(NamedTuple):
    """Where the rows come from, and how they are shown."""

    test: str
    rows: Path
    head: Sequence[str]
    cells: Callable[[Row], Sequence[str]]
    summary: Callable[[Sequence[Row]], str]


def _provider_cells(row: Row) -> Sequence[str]:
    names = ("row", "provider", "outcome", "cause", "incident")
    return (
        *(row[name] or "-" for name in names),
        str(row["requests"]),
        f"{row['seconds']:.2f}",
        str(len(row["processes"])),
        str(row["secret_bytes"]),
    )


def _provider_summary(rows: Sequence[Row]) -> str:
    left, secret = sum(len(row["processes"]) for row in rows), sum(row["secret_bytes"] for row in rows)
    return f"{len(rows)} rows; processes left {left}; bytes of secret found {secret}"


def _fault_cells(row: Row) -> Sequence[str]:
    actions = ", ".join(dict.fromkeys(action.partition(":")[0] for action in row["actions"])) or "-"
    return (
        row["fault"],
        row["incident"],
        actions,
        row["outcome"],
        str(row["exit_status"]),
        "kept" if row["inputs_kept"] else "CHANGED",
        str(len(row["left"])),
    )


def _fault_summary(rows: Sequence[Row]) -> str:
    count = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in ("resolved", "bundle")}
    return f"{len(rows)} faults: {count['resolved']} recovered, {count['bundle']} left with a bundle"


TABLES = {
    "providers": Table(
        "tests/test_provider_failures_live.py",
        ROOT / ".cache/provider-outcomes",
        ("row", "provider", "outcome", "cause", "incident", "requests", "seconds", "left", "secret"),
        _provider_cells,
        _provider_summary,
    ),
    "faults": Table(
        "tests/test_fault_suite.py",
        ROOT / ".cache/fault-rows",
        ("fault", "incident", "actions", "outcome", "exit", "inputs", "left"),
        _fault_cells,
        _fault_summary,
    ),
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in TABLES:
        print(__doc__)
        return 2
    table = TABLES[arguments[0]]
    shutil.rmtree(table.rows, ignore_errors=True)
    status = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", table.test, *arguments[1:]], cwd=ROOT, check=False
    ).returncode
    rows = (
        [json.loads(path.read_text()) for path in sorted(table.rows.glob("*.json"))]
        if table.rows.is_dir()
        else []
    )
    lines = [table.head, *map(table.cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    kept = ROOT / f".cache/{arguments[0]}-table.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(f"{text}\n\n{table.summary(rows)}\n", encoding="utf-8")
    print(f"\n{text}\n\n{table.summary(rows)} ({kept.relative_to(ROOT)})")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
