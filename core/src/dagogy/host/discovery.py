"""Finds the entry points of dagogy's groups without importing any plugin: `importlib_metadata` looks, ours
are the kinds and the blame.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib_metadata import IDistribution

#: Entry-point group of each kind of plugin.
GROUPS = {
    "provider": "dagogy.providers",
    "reader": "dagogy.readers",
    "rule": "dagogy.rules",
    "classifier": "dagogy.classifiers",
    "dialect": "dagogy.dialects",
    "recovery": "dagogy.recoveries",
    "probe": "dagogy.probes",
    "exporter": "dagogy.exporters",
    "command": "dagogy.commands",
}
KINDS = tuple(GROUPS)


class EntryPoint(NamedTuple):
    """A plugin as its distribution declares it. `id` is the entry point's name,
    `module` where its hooks are.
    """

    kind: str
    id: str
    module: str
    distribution: str
    version: str


class Stray(NamedTuple):
    """A group of entry points that begins like ours and is none of them."""

    group: str
    distribution: str
    version: str

    def as_entry(self) -> EntryPoint:
        """As a selection looks at it, which may leave its distribution out."""
        return EntryPoint("", "", "", self.distribution, self.version)


_KIND_OF = {group: kind for kind, group in GROUPS.items()}
_NAME = re.compile(r"[-_.]+")


def normalized(distribution: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return _NAME.sub("-", distribution).lower()


def discover(path: Sequence[str] | None = None) -> list[EntryPoint]:
    """All entry points of our groups on `path` (default `sys.path`), by kind and id; of two copies of a
    distribution the first counts.
    """
    found = [
        EntryPoint(_KIND_OF[group], name.strip(), value.partition("[")[0].strip(), *_identity(distribution))
        for distribution, lines in _declared(path)
        for group, line in lines
        if group in _KIND_OF
        # one without "=" becomes a plugin that cannot be imported: `entry_points` would raise
        for name, _, value in (line.partition("="),)
    ]
    return sorted(found, key=lambda e: (KINDS.index(e.kind), e.id, normalized(e.distribution)))


def strays(path: Sequence[str] | None = None) -> list[Stray]:
    """The `dagogy.…` groups on `path` that no plugin is ever loaded from, by distribution."""
    found = {
        Stray(group, *_identity(distribution))
        for distribution, lines in _declared(path)
        for group, _ in lines
        if group and group not in _KIND_OF and re.match(r"dagogy(?![^._-])", group)
    }
    return sorted(found, key=lambda s: (normalized(s.distribution), s.group))


def _declared(path: Sequence[str] | None) -> Iterator[tuple[IDistribution, list[tuple[str | None, str]]]]:
    """Each distribution on `path` with groups of ours, in the copy that counts: its
    entry points as group and line.
    """
    from importlib_metadata import Sectioned, distributions

    copies: dict[str, list[IDistribution]] = {}
    # A folder that is not there would be taken for an archive, and what reads archives be imported for it.
    for folder in filter(os.path.exists, (folder or "." for folder in (sys.path if path is None else path))):
        for distribution in sorted(distributions(path=[folder]), key=_folder):
            copies.setdefault(normalized(_identity(distribution)[0]), []).append(distribution)
    for candidates in copies.values():
        if not any("[dagogy" in _text(c, "entry_points.txt") for c in candidates):
            continue
        # What an interrupted uninstall left behind has no metadata, and does not hide a whole copy.
        first = next((c for c in candidates if _text(c, "METADATA") or _text(c, "PKG-INFO")), candidates[0])
        yield first, list(Sectioned.read(_text(first, "entry_points.txt"), filter_=Sectioned.valid))  # type: ignore[no-untyped-call]


def _text(distribution: IDistribution, name: str) -> str:
    """One of its files; "" for one that is not there or cannot be read, which is
    no reason to lose the others.
    """
    with contextlib.suppress(Exception):
        return distribution.read_text(name) or ""
    return ""


def _identity(distribution: IDistribution) -> tuple[str, str]:
    """Name and version. Where the folder's name has both they are taken from it: parsing the metadata of 50
    distributions takes 40 ms of CPU.
    """
    stem, _, suffix = _folder(distribution).rpartition(".")
    name, _, version = stem.partition("-")
    if suffix.lower() != "dist-info" or not version:
        with contextlib.suppress(Exception):
            name = distribution.name
            version = distribution.version
    return name.replace("_", "-"), version


def _folder(distribution: IDistribution) -> str:
    """The name of its metadata folder; "" where it has none."""
    return str(getattr(getattr(distribution, "_path", None), "name", ""))
