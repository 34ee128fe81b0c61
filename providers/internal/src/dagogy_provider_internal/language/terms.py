"""The vocabulary: terms of the fields that are taught, with their levels and what they need
(`vocabulary/FIELD.tsv`, described in `vocabulary/README.md`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Entry(NamedTuple):
    """A line of the vocabulary: a term, its level of 1 to 9, and what it needs, as written there."""

    term: str
    level: float
    needs: str


@cache
def vocabulary() -> Mapping[str, Sequence[Entry]]:
    """The terms of each field."""
    out: dict[str, list[Entry]] = {}
    for file in sorted(files(__package__).joinpath("vocabulary").iterdir(), key=lambda e: e.name):
        if not file.name.endswith(".tsv"):
            continue
        found = out[file.name.removesuffix(".tsv")] = []
        for line in file.read_text(encoding="utf-8").splitlines():
            term, tab, rest = line.partition("\t")
            if tab:
                level, _, needs = rest.partition("\t")
                found.append(Entry(term, float(level), needs))
    return out


@cache
def terms() -> frozenset[str]:
    """All terms, in lower case."""
    return frozenset(entry.term.casefold() for entries in vocabulary().values() for entry in entries)
