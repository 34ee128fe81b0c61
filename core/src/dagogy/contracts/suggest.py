"""The nearest known name to one that was mistyped."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that is most like `name`, or None when nothing is near."""
    from difflib import get_close_matches

    by_folded = {k.casefold(): k for k in known}
    close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'X'?`, or an empty string."""
    near = nearest(name, known)
    return f"did you mean '{near}'?" if near is not None and near != name else ""
