"""Counts, records or cuts short the changes that a command makes to the file system,
without touching the product.

Called in the forked child: `os` functions and files opened for writing are wrapped, each change gets a
number, and at a chosen one the process kills itself. A write is half done first, as a kernel may leave it.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

_CALLS = (
    "open", "mkdir", "write", "pwrite", "ftruncate", "truncate", "fsync", "fdatasync", "replace", "rename",
    "link", "symlink", "unlink", "remove",
    "rmdir", "chmod", "utime", "sendfile",
)  # fmt: skip
_RENAMES = frozenset({"replace", "rename", "link"})
_WRITES = frozenset({"write", "pwrite"})


class Changes:
    """Wraps what changes the file system. `at` is called with the number and the name of each change just
    before it is made.
    """

    def __init__(
        self, at: Callable[[int, str], bool], seen: Callable[[str, tuple[Any, ...]], None] | None = None
    ) -> None:
        """`at` says whether the change is to be cut short."""
        self._at, self._seen, self.number = at, seen, 0

    def install(self) -> None:
        for name in _CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        opened = io.open

        def open_(file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None, errors: Any = None,
        newline: Any = None,
                  closefd: bool = True, opener: Any = None) -> Any:  # fmt: skip
            if not set(mode) & set("wax+") or "+" in mode:
                return opened(file, mode, buffering, encoding, errors, newline, closefd, opener)
            self.change("open")
            raw = _Counting(self, file, mode.replace("b", "").replace("t", ""), closefd, opener)
            binary: Any = io.BufferedWriter(raw) if buffering else raw
            return binary if "b" in mode else io.TextIOWrapper(binary, encoding or "utf-8", errors, newline)

        builtins.open = io.open = open_

        def fdopen(fd: int, mode: str = "r", buffering: int = -1, *rest: Any, **more: Any) -> Any:
            return open_(fd, mode, buffering, *rest, **more)

        os.fdopen = fdopen

    def change(self, name: str, half: Callable[[], Any] | None = None) -> None:
        """One change is about to be made."""
        self.number += 1
        if self._at(self.number, name):
            if half is not None:
                half()
            os.kill(os.getpid(), signal.SIGKILL)

    def _wrapped(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not (len(arguments) > 1 and arguments[1] & (os.O_CREAT | os.O_TRUNC)):
                return original(*arguments, **options)
            half = None
            if name in _WRITES:
                if arguments[0] in (1, 2):  # what is printed is no file
                    return original(*arguments, **options)
                part = bytes(arguments[1])[: len(arguments[1]) // 2]

                def half() -> Any:
                    return original(arguments[0], part, *arguments[2:])

            if self._seen is not None and name in (*_RENAMES, "unlink", "remove"):
                self._seen(name, arguments)
            self.change(name, half)
            if name in ("fsync", "fdatasync"):  # nothing here outlives a power cut
                return None
            return original(*arguments, **options)

        return call


class _Counting(io.FileIO):
    def __init__(self, changes: Changes, file: Any, mode: str, closefd: bool, opener: Any) -> None:
        super().__init__(file, mode, closefd, opener)
        self._changes = changes

    def write(self, data: Any) -> int:
        if self.fileno() not in (1, 2):
            super_write = super().write
            self._changes.change("file write", lambda: super_write(bytes(data)[: len(data) // 2]))
        return super().write(data)


def kill_at(number: int) -> Callable[[], None]:
    """For `Stand.start(before=…)`: the process dies at its `number`-th change."""
    return lambda: Changes(lambda n, name: n == number).install()


def quiet() -> None:
    """For `Stand.start(before=…)`: nothing waits for the disk."""
    os.fsync = lambda fd: None


def record(into: Path) -> Callable[[], None]:
    """For `Stand.start(before=…)`: at its end `into` holds the names of all changes, and
    each version that a file had.
    """
    names: list[str] = []
    versions: dict[str, list[bytes]] = {}
    removed: set[str] = set()

    def at(number: int, name: str) -> bool:
        names.append(name)
        return False

    def seen(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _RENAMES:
            source, target = map(os.fsdecode, arguments[:2])
            with contextlib.suppress(OSError):
                versions.setdefault(os.path.abspath(target), []).append(_read(source))
        else:
            removed.add(os.path.abspath(os.fsdecode(arguments[0])))

    def install() -> None:
        leave = os._exit

        pid = os.getpid()

        def exit_(status: int) -> NoReturn:
            if os.getpid() == pid:  # a probe's process is none of ours
                with _OPEN(into, "wb") as file:
                    pickle.dump((names, versions, removed), file)
            leave(status)

        os._exit = exit_
        Changes(at, seen).install()

    return install


_OPEN = io.open


def _read(path: str) -> bytes:
    with _OPEN(path, "rb") as file:
        return file.read()


def recorded(path: Path) -> tuple[list[str], dict[str, list[bytes]], set[str]]:
    """What `record` wrote."""
    names, versions, removed = pickle.loads(path.read_bytes())
    return names, versions, removed
