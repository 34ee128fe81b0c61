"""Where dagogy keeps what belongs to the user and to no project: what was
trusted, and keys of this machine.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from dagogy.api.errors import StorageError
from dagogy.workspace.files import open_regular, storage_error

_KEY = "user.key"
_KEY_BYTES = 32


def state_dir(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/dagogy`, else `~/.local/state/dagogy`. It need not exist; nothing is created.

    A relative `XDG_STATE_HOME` is ignored, as the XDG Base Directory Specification says: it would lie in a
    project. Where root works in the home of another user, as in a container job or with sudo, it is the state
    folder of root's own home.
    """
    given = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):
        return Path(given) / "dagogy"
    place = home(environ)
    if os.geteuid() == 0 and _owner(place) != 0:
        place = home({})
    return place / ".local" / "state" / "dagogy"


def _owner(path: Path) -> int:
    """The owner of a folder, or of the nearest one above that is there; root
    where nothing can be found out.
    """
    for place in (path, *path.parents):
        with contextlib.suppress(OSError):
            return os.stat(place).st_uid
    return 0


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
    """`path` as a folder of this user's own that only they can write to, created with
    mode 0700 when it is not there.

    Raises `StorageError` when it cannot be created, is no folder, or belongs to or can
    be written by someone else.
    """
    try:
        # XDG_STATE_HOME may be another user's: a folder of root in there would lock its owner out.
        if os.geteuid() == 0 and _owner(path) != 0:
            raise StorageError(
                f"{path} lies in a folder that belongs to another user",
                hint="set XDG_STATE_HOME to a folder of yours",
            )
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
    """How somebody other than this user (or one of `owners`) could change what was found, as a predicate; ""
    where nobody can.
    """
    if found.st_uid not in (os.geteuid(), *owners):
        return f"belongs to another user (uid {found.st_uid})"
    mode = stat.S_IMODE(found.st_mode)
    if (
        stat.S_ISLNK(found.st_mode)
        or not mode & 0o022
        or (not mode & 0o002 and is_private_group(found.st_gid))
    ):
        return ""
    return f"can be written to by others (mode {mode:04o})"


def is_private_group(gid: int) -> bool:
    """Whether the group is this user's alone: their primary one, of their name, with no other member. Root's
    is not: others may be in it.

    Where each user has such a group the umask is 002, and what it lets the group do nobody else can.
    """
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return (
        gid != 0
        and gid == user.pw_gid
        and group.gr_name == user.pw_name
        and set(group.gr_mem) <= {user.pw_name}
    )


def user_key(environ: Mapping[str, str]) -> bytes:
    """The secret of this user that no project holds: its MACs tell the user's own records, and fingerprints
    of settings. Made when first asked for.

    Raises `StorageError` when it cannot be made or read, or when others could read or change it.
    """
    path = private_dir(state_dir(environ)) / _KEY
    try:
        if not path.exists():
            _make_key(path)
        with open_regular(path, os.O_NOFOLLOW) as file:
            _check_private(path, os.fstat(file.fileno()))
            key = file.read(2 * _KEY_BYTES)
    except OSError as error:
        raise storage_error("use", path, error) from error
    if len(key) != _KEY_BYTES:
        raise StorageError(
            f"{path} is not a valid dagogy key", hint="remove it: the next command makes a new one"
        )
    return key


#: What a file system without hard links says.
_NO_LINKS = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
)


def _make_key(path: Path) -> None:
    """Whoever comes first makes the key, whole; all others use that one. Processes in two containers may
    share the folder, and their number.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        _write_new(temporary)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            with contextlib.suppress(FileExistsError):
                _write_new(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _write_new(path: Path) -> None:
    """Writes a new key to a file that is not there yet, or leaves none. Raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, os.urandom(_KEY_BYTES))
        os.fsync(descriptor)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def _check_private(path: Path, about: os.stat_result) -> None:
    """Raises `StorageError` unless the file is this user's, and closed to all others."""
    if about.st_uid != os.geteuid():
        raise StorageError(f"{path} belongs to another user", hint="set XDG_STATE_HOME to a folder of yours")
    if about.st_mode & 0o077:
        raise StorageError(
            f"{path} can be used by others (mode {stat.S_IMODE(about.st_mode):04o})", hint=f"chmod go= {path}"
        )
