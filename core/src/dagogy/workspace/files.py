"""Reading and writing files so that nothing is ever half there."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

from dagogy.api.display import visible_json
from dagogy.api.errors import StorageError

_HINTS = {
    errno.ENOSPC: "free some space or set ORCHESTRATION_BASE_DIR to another disk; what was there before is untouched",
    errno.EDQUOT: "your disk quota is used up; what was there before is untouched",
    errno.EACCES: "check the owner and the mode of that path ('ls -ld' shows them)",
    errno.EPERM: "check the owner and the mode of that path ('ls -ld' shows them)",
    errno.EROFS: "the file system is mounted read-only; set ORCHESTRATION_BASE_DIR to another one",
    errno.ENOENT: "it was moved or removed; 'dagogy list' shows the runs that are there",
    errno.ENOTDIR: "a part of that path is a file; set ORCHESTRATION_BASE_DIR to a folder",
    errno.EISDIR: "that path is a folder; a file is wanted",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.EMFILE: "too many files are open; raise 'ulimit -n'",
}
_TEMPORARY = ".tmp"


def storage_error(doing: str, path: Path | str, error: OSError) -> StorageError:
    """A typed error for an `OSError`: what was being done, to which path, why not, and the way out."""
    reason = error.strerror or str(error)
    name = errno.errorcode.get(error.errno, "") if error.errno else ""
    return StorageError(
        f"cannot {doing} {path}: {reason}", hint=_HINTS.get(error.errno or 0, ""), details={"path": str(path), "errno": error.errno, "errno_name": name}
    )


def read_bytes(path: Path) -> bytes:
    """The whole file. Raises `StorageError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise storage_error("read", path, error) from error


def read_regular(path: Path) -> bytes:
    """The whole of a file in a run. A pipe or device in its place would make the command wait for ever: that is a `StorageError`."""
    try:
        return _read_regular(path)
    except OSError as error:
        raise storage_error("read", path, error) from error


def _read_regular(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def write_atomic(path: Path, data: bytes) -> None:
    """Writes `data` to `path` whole or not at all: temporary file, fsync, rename, fsync of the folder. Raises `StorageError`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error("write", path, error) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def sync_folder(folder: Path) -> None:
    """Makes a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def remove_temporaries(folder: Path, older_than: float = 0.0) -> None:
    """Removes what a killed writer left in `folder`.

    Only for who holds the lock; where others write without it, what is younger than `older_than` seconds may be theirs.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(_TEMPORARY):
                with contextlib.suppress(OSError):
                    if not older_than or time.time() - entry.stat(follow_symlinks=False).st_mtime > older_than:
                        os.unlink(entry.path)


def content_hash(data: bytes) -> str:
    """SHA-256 of a text file's content. Line ends count as LF, so that a checkout that turns them changes nothing."""
    # One byte is looked for ten times as fast as two.
    return hashlib.sha256(data.replace(b"\r\n", b"\n") if b"\r" in data else data).hexdigest()


def hash_file(path: Path) -> str:
    """The content hash of `path`, or "" when there is no such file. Raises `StorageError`."""
    try:
        return content_hash(_read_regular(path))
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise storage_error("read", path, error) from error


def to_json(document: Any) -> bytes:
    """`document` as JSON the way every artifact is written: indented by 2, UTF-8, a final newline.

    What is hidden, or steers a terminal that shows the file, is written as JSON's own escapes; so are lone surrogates,
    which UTF-8 does not have: a file name that is not UTF-8 comes as such.
    """
    return visible_json(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def umask() -> int:
    """The process's file mode creation mask. There is no way to ask but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def guarded(path: Path, root: Path) -> Path:
    """`path`, unless it leads out of `root` through a symlink: then a `StorageError`."""
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:
        raise storage_error("resolve", path, error if isinstance(error, OSError) else OSError(errno.ELOOP, os.strerror(errno.ELOOP))) from error
    if not inside:
        raise StorageError(
            f"{path} leads out of {root} through a symlink",
            hint="replace the symlink by a copy of what it points to",
            details={"path": str(path), "root": str(root)},
        )
    return path
