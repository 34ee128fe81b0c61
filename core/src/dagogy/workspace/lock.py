"""One lock a run, for those who write. It is the kernel's (`flock`), so it dies with its process and is never stale."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from dagogy.api.errors import Locked
from dagogy.workspace.files import storage_error

LOCK_NAME = ".lock"
_POLL_SECONDS = 0.05


@contextlib.contextmanager
def locked(run: Path, command: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Holds the lock of `run` for the body.

    Raises `Locked`, naming the holder, when another process still has it after `wait_seconds`; `StorageError` when the lock
    file cannot be written.
    """
    path = run / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise storage_error("lock", run, error) from error
    try:
        _take(descriptor, path, wait_seconds)
        holder = {"pid": os.getpid(), "command": command, "since_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        with contextlib.suppress(OSError):  # a full disk must not keep anybody from the lock: the note is for people
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, wait_seconds: float) -> None:
    give_up = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise _held(path) from None
            time.sleep(_POLL_SECONDS)
        except OSError as error:
            raise storage_error("lock", path.parent, error) from error


def _held(path: Path) -> Locked:
    try:
        holder = json.loads(path.read_bytes())
        who = f"process {holder['pid']} ('{holder['command']}', since {holder['since_utc']})"
    except (OSError, ValueError, KeyError, TypeError):
        holder, who = {}, "another process"
    return Locked(
        f"run {path.parent.name} is held by {who}",
        hint="wait for it to end, or add '--wait SECONDS'",
        details={"run_id": path.parent.name, "holder": holder},
    )
