#!/usr/bin/env python3
"""Runs mypy over the core, every plugin and the scripts, each plugin as the package it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    sources = [ROOT / "core/src/dagogy"]
    sources += sorted(
        p
        for folder in ("providers", "validators", "plugins")
        for p in (ROOT / folder).glob("*/src/*")
        if (p / "__init__.py").exists()
    )
    sources += sorted((ROOT / "examples").glob("*/src/*"))
    sources += sorted((ROOT / "scripts").glob("*.py"))
    sources += [ROOT / "scripts/torture", ROOT / "scripts/reading"]
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--scripts-are-modules", *map(str, sources)], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
