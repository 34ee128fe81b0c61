"""Where dagogy keeps what belongs to the user and to no project: what was trusted, and keys of this machine."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from dagogy.api.errors import StorageError
from dagogy.workspace.files import storage_error

_KEY = "user.key"
_KEY_BYTES = 32


def state_dir(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/dagogy`, else `~/.local/state/dagogy`. It need not exist; nothing is created.

    A relative `XDG_STATE_HOME` is ignored, as the XDG Base Directory Specification says: it would lie in a project.
    """
    given = environ.get("XDG_STATE_HOME", "")
    return (Path(given) if os.path.isabs(given) else home(environ) / ".local" / "state") / "dagogy"


def home(environ: Mapping[str, str]) -> Path:
    """The user's home folder: `HOME`, else what the user database says; `/` for a user without one."""
    given = environ.get("HOME", "")
    if os.path.isabs(given):
        return Path(given)
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir or "/")
    except KeyError:
        return Path("/")


def private_dir(path: Path) -> Path:
    """`path` as a folder of this user's own that only they can write to, created with mode 0700 when it is not there.

    Raises `StorageError` when it cannot be created, is no folder, or belongs to or can be written by someone else.
    """
    try:
        nearest = next(p for p in (path, *path.parents) if p.exists())
        # With sudo HOME may still be another user's: a folder of root in there would lock its owner out.
        if os.geteuid() == 0 and nearest.stat().st_uid != 0:
            raise StorageError(f"{nearest} belongs to another user", hint="set XDG_STATE_HOME to a folder of yours")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = os.lstat(path)
    except OSError as error:
        raise storage_error("create", path, error) from error
    problem = privacy_problem(found) if stat.S_ISDIR(found.st_mode) else "is not a folder"
    if problem:
        raise StorageError(
            f"{path} cannot be used: it {problem}",
            hint="make it a folder of your own with mode 0700, or set XDG_STATE_HOME to another folder",
            details={"path": str(path)},
        )
    return path


def privacy_problem(found: os.stat_result, owners: Collection[int] = ()) -> str:
    """How somebody other than this user (or one of `owners`) could change what was found, as a predicate; "" where nobody can."""
    if found.st_uid not in (os.geteuid(), *owners):
        return f"belongs to another user (uid {found.st_uid})"
    if stat.S_IMODE(found.st_mode) & 0o022 and not stat.S_ISLNK(found.st_mode):
        return f"can be written to by others (mode {stat.S_IMODE(found.st_mode):04o})"
    return ""


def user_key(environ: Mapping[str, str]) -> bytes:
    """The secret of this user that no project holds: its MACs tell the user's own records, and fingerprints of settings. Made when first asked for.

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
        raise StorageError(f"{path} is not a valid dagogy key", hint="remove it: the next command makes a new one")
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
        raise StorageError(f"{path} is not a regular file", hint="move it away: the next command makes it anew")
    if about.st_uid != os.geteuid():
        raise StorageError(f"{path} belongs to another user", hint="set XDG_STATE_HOME to a folder of yours")
    if about.st_mode & 0o077:
        raise StorageError(f"{path} can be used by others (mode {stat.S_IMODE(about.st_mode):04o})", hint=f"chmod go= {path}")
