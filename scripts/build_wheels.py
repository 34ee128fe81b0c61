#!/usr/bin/env python3
"""Builds a wheel of every distribution into `dist/`, with the build backend of this environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from flit_core import buildapi

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("providers", "validators", "plugins")


def distributions() -> list[Path]:
    """The folder of each distribution, the core first."""
    return [
        ROOT / "core",
        *sorted(p.parent for folder in FOLDERS for p in (ROOT / folder).glob("*/pyproject.toml")),
    ]


def build(target: Path) -> list[Path]:
    """Builds all wheels into `target`; returns their paths."""
    target.mkdir(parents=True, exist_ok=True)
    wheels = []
    here = Path.cwd()
    try:
        for folder in distributions():
            # The build interface (PEP 517) works in the current folder.
            os.chdir(folder)
            wheels.append(target / buildapi.build_wheel(str(target)))
    finally:
        os.chdir(here)
    return wheels


if __name__ == "__main__":
    built = build(ROOT / "dist" if len(sys.argv) < 2 else Path(sys.argv[1]).absolute())
    print(f"{len(built)} wheels in {built[0].parent}")
