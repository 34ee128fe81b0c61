#!/usr/bin/env python3
"""Writes `core/src/dagogy/contracts/schemas/*.schema.json` from the pydantic models; `--check` only tells
whether they are current.
"""

from __future__ import annotations

import json
from pathlib import Path

from dagogy.contracts import models
from generated import settle

SCHEMAS = Path(__file__).resolve().parents[1] / "core/src/dagogy/contracts/schemas"


def main() -> int:
    pages = {
        SCHEMAS / f"{name}.schema.json": json.dumps(models.schema_of(name), indent=2, ensure_ascii=False)
        + "\n"
        for name in models.ARTIFACTS
    }
    return settle(pages, "schemas")


if __name__ == "__main__":
    raise SystemExit(main())
