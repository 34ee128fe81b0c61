"""One lock a run, for those who write, and one for each file that all runs share. It is the kernel's
(`flock`), so it dies with its process and is never stale.

A command that changes artifacts holds it alone and puts its name into the file. A command that only brings
`run.json` into line shares it with its like, for a moment, and never keeps a writer out: the kernel tells the
two apart, not what the file says.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from dagogy.api.errors import Locked
from dagogy.workspace.files import PRIVATE_FILE, from_json, storage_error
from dagogy.workspace.runs import gone

LOCK_NAME = ".lock"
_POLL_SECONDS = 0.02
#: How long a writer bears with readers that bring `run.json` into line; they need milliseconds.
_READERS_SECONDS = 30.0


@contextlib.contextmanager
def locked(run: Path, command: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Holds the lock of `run` for the body.

    Raises `Locked`, naming the holder, when another process still has it after `wait_seconds`; `NotFound`
    when the run was removed meanwhile; `StorageError` when the lock file cannot be written.
    """
    descriptor = _taken(run, wait_seconds)
    try:
        holder = {
            "pid": os.getpid(),
            "command": command,
            "since_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        # a full disk must not keep anybody from the lock: the note is for people
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def shared(run: Path) -> Iterator[None]:
    """Keeps writers out while the body brings `run.json` into line. Raises `Locked`
    at once when one is at work.
    """
    descriptor = _open(run)
    try:
        if not _try(descriptor, fcntl.LOCK_SH, run):
            raise _held(descriptor, run)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Holds the lock file `path`, made where it is missing, for the body: for a file that several runs share.

    Raises `StorageError` where there can be no lock; without `wait`, `BlockingIOError`
    when another process has it.
    """
    try:
        descriptor = _opened(path)
    except OSError as error:
        raise storage_error("lock", path, error) from error
    try:
        if not _try(descriptor, fcntl.LOCK_EX, path, wait=wait):
            raise BlockingIOError
        yield
    finally:
        os.close(descriptor)


def _open(run: Path) -> int:
    try:
        return _opened(run / LOCK_NAME)
    except FileNotFoundError:
        raise gone(run) from None
    except OSError as error:
        raise storage_error("lock", run, error) from error


def _opened(path: Path) -> int:
    """Neither follows a symlink nor waits for a pipe."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, PRIVATE_FILE)


def _taken(run: Path, wait_seconds: float) -> int:
    """The descriptor of the lock file, locked, and still the one of that name: a run may be
    archived away while we wait.
    """
    give_up = time.monotonic() + wait_seconds
    while True:
        descriptor = _open(run)
        try:
            _take(descriptor, run, give_up)
            if _is_current(descriptor, run):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _take(descriptor: int, run: Path, give_up: float) -> None:
    patience = time.monotonic() + _READERS_SECONDS
    while not _try(descriptor, fcntl.LOCK_EX, run):
        now = time.monotonic()
        if now >= give_up and (now >= patience or _writer_at_work(descriptor, run)):
            raise _held(descriptor, run)
        time.sleep(_POLL_SECONDS)


def _try(descriptor: int, kind: int, path: Path, *, wait: bool = False) -> bool:
    """Whether the lock is ours now; with `wait` it is, sooner or later. `path` is for the message."""
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise storage_error("lock", path, error) from error
    return True


def _writer_at_work(descriptor: int, run: Path) -> bool:
    """Whether who keeps us out is a writer: with readers the lock could be shared."""
    if not _try(descriptor, fcntl.LOCK_SH, run):
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _is_current(descriptor: int, run: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(run / LOCK_NAME))
    except OSError:
        return False


def _held(descriptor: int, run: Path) -> Locked:
    try:
        holder = from_json(os.pread(descriptor, 65_536, 0))
        who = f"process {holder['pid']} ('{holder['command']}', since {holder['since_utc']})"
    except (OSError, ValueError, KeyError, TypeError):
        holder, who = {}, "another process"
    return Locked(
        f"run {run.name} is held by {who}",
        hint="wait for it to end, or add '--wait SECONDS'",
        details={"run_id": run.name, "holder": holder},
    )
