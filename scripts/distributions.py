#!/usr/bin/env python3
"""Brings what all distributions have in common into their `pyproject.toml`: version, range of the core,
Python, licence, classifiers.

`[tool.distributions]` of the workspace's `pyproject.toml` is the one source. `--check` writes nothing and
fails where one differs.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from typing import Any

from build_wheels import ROOT, distributions

_VERSION = re.compile(r'^version = ".*"$', re.MULTILINE)
_RANGE = re.compile(r'"(dagogy(?:-[a-z-]+)?)>=[^"]*"')
_COMMON = re.compile(r"^requires-python = .*?(?=^(?:dependencies|dynamic|\[)|\Z)", re.MULTILINE | re.DOTALL)
_CORE_VERSION = re.compile(r'^__version__ = ".*"$', re.MULTILINE)


def common() -> dict[str, Any]:
    """The table `[tool.distributions]`: `version`, `requires-python`, `license`, `classifiers`."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "distributions"
    ]
    return table


def brought_up(text: str, table: dict[str, Any]) -> str:
    """The `pyproject.toml` of a distribution with what is common in it."""
    major, minor = table["version"].split(".")[:2]
    span = f">={major}.{minor},<{major}.{int(minor) + 1}"
    about = tomllib.loads(text)["project"]
    readme = json.dumps(
        f"# {about['name']}\n\n{about['description']}\n\nA part of dagogy, a curriculum compiler.\n"
    )
    lines = [
        f'requires-python = "{table["requires-python"]}"',
        f'license = "{table["license"]}"',
        f'readme = {{text = {readme}, content-type = "text/markdown"}}',
        "classifiers = [",
        *(f"    {json.dumps(entry)}," for entry in table["classifiers"]),
        "]\n",
    ]
    text = _VERSION.sub(f'version = "{table["version"]}"', text, count=1)
    text = _RANGE.sub(lambda found: f'"{found[1]}{span}"', text)
    return _COMMON.sub(lambda _: "\n".join(lines), text, count=1)


def main() -> int:
    """Writes, or checks with `--check`; returns the exit status."""
    table = common()
    wanted = {folder / "pyproject.toml": None for folder in distributions()}
    texts = {path: brought_up(path.read_text(encoding="utf-8"), table) for path in wanted}
    core = ROOT / "core/src/dagogy/__init__.py"
    texts[core] = _CORE_VERSION.sub(f'__version__ = "{table["version"]}"', core.read_text(encoding="utf-8"))
    differing = [path for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in differing:
            print(
                f"{path.relative_to(ROOT)} differs from [tool.distributions]; run 'make distributions'",
                file=sys.stderr,
            )
        return bool(differing)
    for path in differing:
        path.write_text(texts[path], encoding="utf-8")
    print(f"{len(differing)} of {len(texts)} files brought up to version {table['version']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
