"""The files that the user gives as scope document: named one by one, in a folder,
or by way of standard input.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from dagogy.api._decoding import MAX_SCOPE_BYTES
from dagogy.api.errors import DagogyError, InvalidArgument
from dagogy.api.readers import Source
from dagogy.pipeline.documents import Readers
from dagogy.workspace.files import open_stream, read_stream, storage_error

__all__ = ["STDIN", "given_files"]

STDIN = Path("-")
_MAX_FILES = 1000
#: Files that a folder of lessons has beside them, by the beginning of their names in lower case.
_ABOUT = (
    "changelog",
    "code_of_conduct",
    "code-of-conduct",
    "contributing",
    "contributors",
    "copying",
    "licence",
    "license",
    "security",
)
#: Folders that hold no lessons.
_NO_LESSONS = frozenset(("node_modules", "site-packages", "venv", "__pycache__"))
#: What comes first in a folder.
_FIRST = ("index", "readme", "syllabus")
_NUMBER = re.compile(r"(\d+)")


def given_files(paths: Sequence[Path], readers: Readers, clean: Callable[[str], str]) -> list[Source]:
    """The files, those of a folder in its order: as its table of contents has them, else by name, with
    numbers in them as numbers.

    `clean` takes secrets out of the names. Raises `InvalidArgument` for what cannot be read as a scope
    document, `StorageError` for what cannot be read.
    """
    found: list[Source] = []
    left = MAX_SCOPE_BYTES
    for path in paths:
        for file in _lessons(path, readers) if path.is_dir() else [path]:
            data = _bytes(file, left, whole=len(paths) == 1 and not path.is_dir())
            left -= len(data)
            found.append(Source(clean(str(file)), data))
            if len(found) > _MAX_FILES:
                raise InvalidArgument(
                    f"the scope files are more than {_MAX_FILES:,} files",
                    hint="name the folder of one course",
                )
    return found


def _bytes(path: Path, left: int, *, whole: bool) -> bytes:
    """The content, which may come out of a pipe. What is too large is left before it fills the memory."""
    try:
        if path == STDIN:
            data = read_stream(sys.stdin.buffer, left + 1)
        else:
            with open_stream(path) as file:
                data = read_stream(file, left + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidArgument(
            f"scope file '{path}' does not exist", hint="relative paths count from the current folder"
        ) from None
    except (OSError, AttributeError) as error:
        raise storage_error(
            "read the scope file", path, error if isinstance(error, OSError) else OSError(9, os.strerror(9))
        ) from error
    if len(data) > left:
        raise InvalidArgument(
            f"scope file '{path}' is larger than the {MAX_SCOPE_BYTES // 2**20} MiB that are read"
            if whole
            else f"the scope files have more than the {MAX_SCOPE_BYTES // 2**20} MiB that are read",
            hint="split it, or cut out the part that is to be taught" if whole else "name fewer of them",
        )
    return data


def _lessons(folder: Path, readers: Readers) -> list[Path]:
    """The documents of a folder of lessons, in the order in which they are taught."""
    contents: list[Path] = []
    files: list[Path] = []
    for path in _walk(folder, readers):
        (contents if readers.claims(path.name) else files).append(path)
        if len(files) > _MAX_FILES:
            raise InvalidArgument(
                f"scope folder '{folder}' holds more than {_MAX_FILES:,} documents",
                hint="name the folder of one course",
            )
    for path in contents:
        listed = _listed(path, files, readers)
        if len(listed) > 1:
            return listed
    if not files and not contents:
        raise InvalidArgument(
            f"scope file '{folder}' is a folder without documents",
            hint="'dagogy plugins list --kind reader' shows what is read",
        )
    return files or contents


def _walk(folder: Path, readers: Readers) -> Iterator[Path]:
    """The documents in a folder and those below it. Nothing hidden, and no link, which may lead out of it."""
    try:
        entries = sorted(folder.iterdir(), key=_natural)
    except OSError as error:
        raise storage_error("read the folder", folder, error) from error
    for path in entries:
        if path.name.startswith((".", "_build")) or path.name in _NO_LESSONS or path.is_symlink():
            continue
        if path.is_dir() and not (path / "run.json").exists():
            yield from _walk(path, readers)
        elif path.is_file() and readers.reads(path.name) and not path.name.lower().startswith(_ABOUT):
            yield path


def _natural(path: Path) -> tuple[bool, bool, list[tuple[bool, int, str]]]:
    """What comes first, then files before folders, by name, with numbers as numbers."""
    parts = [
        (not part.isdecimal(), int(part) if part.isdecimal() and len(part) < 20 else 0, part)
        for part in _NUMBER.split(path.name.casefold())
        if part
    ]
    return not path.stem.lower().startswith(_FIRST), path.is_dir(), parts


def _listed(contents: Path, files: Sequence[Path], readers: Readers) -> list[Path]:
    """The files that a table of contents leads to, in its order."""
    try:
        document = readers.read(Source(str(contents), _bytes(contents, MAX_SCOPE_BYTES, whole=True)))
    except DagogyError:
        return []
    by_place = {os.path.normpath(path.with_suffix("")): path for path in files}
    found: dict[Path, None] = {}
    for link in (link for block in document.blocks for link in block.links):
        target = unquote(link.url.partition("#")[0])
        path = by_place.get(
            os.path.normpath(contents.parent / target),
            by_place.get(os.path.normpath((contents.parent / target).with_suffix(""))),
        )
        if path is not None:
            found[path] = None
    return list(found)
