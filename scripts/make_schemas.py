#!/usr/bin/env python3
"""Writes `core/src/dagogy/contracts/schemas/*.schema.json` from the pydantic models; `--check` only tells whether they are current."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dagogy.contracts import models

SCHEMAS = Path(__file__).resolve().parents[1] / "core/src/dagogy/contracts/schemas"


def main() -> int:
    stale = []
    for name in models.ARTIFACTS:
        path = SCHEMAS / f"{name}.schema.json"
        text = json.dumps(models.schema_of(name), indent=2, ensure_ascii=False) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"stale schemas: {', '.join(stale)}; run 'make schemas'", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
