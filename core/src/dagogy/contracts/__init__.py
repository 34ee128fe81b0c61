"""The shapes of everything that dagogy reads and writes.

`models` (pydantic) is the source of truth; `schemas/*.json` are generated from it and shipped; `types` (msgspec) are the same
shapes for the hot path, and a test holds the two together; `check` and `documents` judge raw bytes against them.
"""
