"""Where dagogy keeps what belongs to the user and to no project: what was trusted, and keys of this machine."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from dagogy.api.errors import StorageError
from dagogy.workspace.files import storage_error


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
