"""How deeply a document from outside is nested, measured without the recursion that depth would end."""

from __future__ import annotations

from typing import Any


def is_deeper_than(value: Any, levels: int) -> bool:
    """Whether arrays and objects stand in each other more than so many levels deep; `[]` is one level."""
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        layer = [
            x
            for holder in layer
            for x in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(x, dict | list)
        ]
        if not layer:
            return False
    return bool(layer)
