"""What dagogy keeps for the user of this machine, outside any project: nothing that lies in a workspace, a run or an archive reaches it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from dagogy.api.errors import StorageError
from dagogy.workspace.files import storage_error

_KEY = "replay.key"
_KEY_BYTES = 32


def state_dir(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/dagogy`, by default `~/.local/state/dagogy`; creates nothing. Raises `StorageError` where the user has no home folder."""
    given = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):  # by the specification a relative path counts as not set
        return Path(given) / "dagogy"
    home = environ.get("HOME", "") or os.path.expanduser("~")
    if not os.path.isabs(home):
        raise StorageError("this user has no home folder to keep private state in", hint="set XDG_STATE_HOME to a folder of yours")
    return Path(home) / ".local" / "state" / "dagogy"


def private_dir(path: Path) -> Path:
    """`path`, created with mode 0700 where it is missing. Raises `StorageError` unless it is a folder of this user that is closed to others."""
    try:
        if not path.exists():
            nearest = next(p for p in path.parents if p.exists())
            # With sudo HOME may still be another user's: a folder of root in there would lock its owner out.
            if os.geteuid() == 0 and nearest.stat().st_uid != 0:
                raise StorageError(f"{nearest} belongs to another user", hint="set XDG_STATE_HOME to a folder of yours")
            os.makedirs(path.parent, 0o700, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
        _check_private(path, path.stat(), stat.S_ISDIR)
    except OSError as error:
        raise storage_error("use the private folder", path, error) from error
    return path


def replay_key(environ: Mapping[str, str]) -> bytes:
    """The secret of this user by which records of failed commands are known to be the user's own; made when first asked for.

    Raises `StorageError` when it cannot be made or read, or when others could read or change it.
    """
    path = private_dir(state_dir(environ)) / _KEY
    try:
        if not path.exists():
            _make_key(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _check_private(path, os.fstat(descriptor), stat.S_ISREG)
            key = os.read(descriptor, 2 * _KEY_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage_error("use", path, error) from error
    if len(key) != _KEY_BYTES:
        raise StorageError(f"{path} is not a key of dagogy's", hint="remove it: the next command makes a new one")
    return key


def _make_key(path: Path) -> None:
    """Whoever comes first makes the key, whole; all others use that one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, os.urandom(_KEY_BYTES))
        os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.close(descriptor)
        os.unlink(temporary)


def _check_private(path: Path, about: os.stat_result, is_kind: Callable[[int], bool]) -> None:
    """Raises `StorageError` unless the file or folder is of the kind, this user's, and closed to all others."""
    if not is_kind(about.st_mode):
        raise StorageError(f"{path} is not the kind of file that it should be", hint="move it away: the next command makes it anew")
    if about.st_uid != os.geteuid():
        raise StorageError(f"{path} belongs to another user", hint="set XDG_STATE_HOME to a folder of yours")
    if about.st_mode & 0o077:
        raise StorageError(f"{path} can be used by others (mode {stat.S_IMODE(about.st_mode):04o})", hint=f"chmod go= {path}")
