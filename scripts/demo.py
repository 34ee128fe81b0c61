#!/usr/bin/env python3
"""`make demo`: a real scope document becomes a curriculum, a validation report, a week plan
and, after a change, a diff.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / ".cache/demo"
SCOPE = ROOT / "examples/container-networking.md"
_OURS = ("AGENT_", "ORCHESTRATION_", "DAGOGY_", "OPENAI_", "CODING_AGENT_")


def dagogy(*arguments: str, show: bool = True) -> str:
    """Runs one command as a user would, with nothing of the caller's settings; ends the demo if it fails."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
    environment |= {"ORCHESTRATION_BASE_DIR": str(RUNS)}
    if show:
        print(f"\n$ dagogy {' '.join(arguments)}", flush=True)
    result = subprocess.run(
        [sys.executable, "-m", "dagogy", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if show:
        print(result.stdout, end="", flush=True)
    if result.returncode:
        sys.exit(result.returncode)
    return result.stdout


def main() -> None:
    shutil.rmtree(RUNS, ignore_errors=True)
    dagogy("init", "demo")
    dagogy("run", "demo", "--scope-file", str(SCOPE.relative_to(ROOT)))
    dagogy("validate", "demo")
    dagogy("plan", "demo")
    print("\nOne concept of the curriculum:")
    dagogy("show", "demo", richest())
    print("\nThe scope changes: one chapter is left out.")
    shorter = RUNS / "shorter.md"
    shorter.write_text(
        without_chapter(SCOPE.read_text(encoding="utf-8"), "## Crossing hosts"), encoding="utf-8"
    )
    dagogy("run", "demo", "--scope-file", str(shorter.relative_to(ROOT)))
    dagogy("diff", "demo")
    dagogy("status", "demo")
    dagogy("show", "demo")


def richest() -> str:
    """The id of the concept that builds on most others."""
    run = json.loads(dagogy("status", "demo", "--json", show=False))
    curriculum = json.loads(
        (Path(run["path"]) / "outputs/curriculum/curriculum.json").read_text(encoding="utf-8")
    )
    return str(max(curriculum["nodes"], key=lambda n: len(n["prerequisites"]))["id"])


def without_chapter(text: str, heading: str) -> str:
    """The document without the chapter whose heading line starts with `heading`."""
    lines = text.splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line.startswith(heading))
    end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("## ")), len(lines))
    # With fewer concepts there are fewer hours; else the others would swell to fill
    # them, and hide the change.
    return "".join(lines[:start] + lines[end:]).replace("total_hours_min: 15", "total_hours_min: 10")


if __name__ == "__main__":
    main()
