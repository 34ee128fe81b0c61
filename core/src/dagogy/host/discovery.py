"""Finds the entry points of dagogy's groups without importing anything and without opening files that have none of ours.

The result is that of `importlib_metadata.entry_points()` (a test compares the two); reading the `*.dist-info` folders directly
costs a tenth of its time. An archive is opened only where one is on the path.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

#: Entry-point group of each kind of plugin.
GROUPS = {
    "provider": "dagogy.providers",
    "reader": "dagogy.readers",
    "rule": "dagogy.rules",
    "classifier": "dagogy.classifiers",
    "recovery": "dagogy.recoveries",
    "probe": "dagogy.probes",
    "exporter": "dagogy.exporters",
    "command": "dagogy.commands",
}
KINDS = tuple(GROUPS)


class EntryPoint(NamedTuple):
    """A plugin as its distribution declares it. `id` is the entry point's name, `module` where its hooks are."""

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
    """All entry points of our groups on `path` (default `sys.path`), by kind and id; of two copies of a distribution the first counts."""
    found = [entry for candidate in _chosen(path) for entry in _parse(candidate)]
    return sorted(found, key=lambda e: (KINDS.index(e.kind), e.id, normalized(e.distribution)))


def strays(path: Sequence[str] | None = None) -> list[Stray]:
    """The `dagogy.…` groups on `path` that no plugin is ever loaded from, by distribution."""
    found = [
        Stray(group, candidate.name.replace("_", "-"), _version(candidate))
        for candidate in _chosen(path)
        for group in re.findall(r"^[ \t]*\[(dagogy(?:[._-][^\]\n]*)?)\][ \t]*$", candidate.text, re.MULTILINE)
        if group not in _KIND_OF
    ]
    return sorted(found, key=lambda s: (normalized(s.distribution), s.group))


def _chosen(path: Sequence[str] | None) -> Iterator[_Candidate]:
    """Of each distribution on `path` the copy that counts."""
    copies: dict[str, list[_Candidate]] = {}
    for folder in path if path is not None else sys.path:
        for candidate in _in_folder(folder or ".") if os.path.isdir(folder or ".") else _in_archive(folder):
            copies.setdefault(normalized(candidate.name), []).append(candidate)
    for candidates in copies.values():
        first = candidates[0]
        if len(candidates) > 1 and any("[dagogy." in c.text for c in candidates):
            # What an interrupted uninstall left behind has no metadata, and does not hide a whole copy.
            first = next((c for c in candidates if c.read(_METADATA[c.suffix])), first)
        yield first


class _Candidate(NamedTuple):
    """A metadata folder: what its name says, its entry points, and how to read its other files ("" for one that is not there)."""

    name: str
    version: str
    suffix: str
    text: str
    read: Callable[[str], str]


_METADATA = {"dist-info": "METADATA", "egg-info": "PKG-INFO"}


def _candidate(folder: str, read: Callable[[str], str]) -> _Candidate:
    stem, _, suffix = folder.rpartition(".")
    name, _, version = stem.partition("-")
    return _Candidate(name, version, suffix.lower(), read("entry_points.txt"), read)


def _in_folder(folder: str) -> Iterator[_Candidate]:
    try:
        names = [name for name in os.listdir(folder) if name.lower().endswith((".dist-info", ".egg-info"))]
    except OSError:
        return
    for name in sorted(names):
        yield _candidate(name, partial(_read, os.path.join(folder, name)))
    if folder.lower().endswith(".egg") and os.path.isdir(os.path.join(folder, "EGG-INFO")):
        yield _candidate(f"{os.path.basename(folder)[:-4]}.egg-info", partial(_read, os.path.join(folder, "EGG-INFO")))


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _in_archive(path: str) -> Iterator[_Candidate]:
    if not os.path.isfile(path):
        return
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile):
        return
    folders = dict.fromkeys(name.partition("/")[0] for name in names)
    for folder in folders:
        if folder.lower().endswith((".dist-info", ".egg-info")):
            yield _candidate(folder, partial(_read_archived, path, folder))
        elif folder == "EGG-INFO" and path.lower().endswith(".egg"):
            yield _candidate(f"{os.path.basename(path)[:-4]}.egg-info", partial(_read_archived, path, folder))


def _read_archived(path: str, folder: str, name: str) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(f"{folder}/{name}").decode()
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return ""


def _version(candidate: _Candidate) -> str:
    if candidate.version and candidate.suffix != "egg-info":
        return candidate.version
    return next((line[8:].strip() for line in candidate.read(_METADATA[candidate.suffix]).splitlines() if line.startswith("Version:")), "")


def _parse(candidate: _Candidate) -> Iterator[EntryPoint]:
    if "[dagogy." not in candidate.text:
        return
    version, kind = _version(candidate), None
    for raw in candidate.text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            kind = _KIND_OF.get(line.strip("[]"))
        elif kind and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield EntryPoint(kind, name.strip(), value.partition("[")[0].strip(), candidate.name.replace("_", "-"), version)
