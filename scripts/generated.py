"""What the generators share: writing pages that are kept in the repository, or
telling which of them are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def settle(pages: Mapping[Path, str], target: str) -> int:
    """Writes each page that differs; with `--check` only names those, and how to make
    them. Returns the exit status.
    """
    stale = [
        path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        if stale:
            print(f"stale: {', '.join(path.name for path in stale)}; run 'make {target}'", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path], encoding="utf-8")
    return 0
