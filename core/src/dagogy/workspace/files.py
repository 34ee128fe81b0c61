"""Reading and writing files so that nothing is ever half there."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import select
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from dagogy.api.display import visible_json
from dagogy.api.errors import StorageError
from dagogy.contracts.depth import is_deeper_than

_HINTS = {
    errno.ENOSPC: (
        "free some space or set ORCHESTRATION_BASE_DIR to another disk; what was there before is untouched"
    ),
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
#: How much of a stream is read at once, and how long, in milliseconds, a wait for more goes without a look at
#: signals.
_CHUNK, _WAIT_MS = 1 << 20, 500
#: The modes of what dagogy keeps for its user: a run can hold unpublished course material, prompts and
#: answers that were paid for. A wider umask does not widen them; a narrower one stays. What is exported to a
#: path that the user names follows the umask, as with any other program.
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_EXPORTED_FILE = 0o666


def storage_error(doing: str, path: Path | str, error: OSError) -> StorageError:
    """A typed error for an `OSError`: what was being done, to which path, why not, and the way out."""
    reason = error.strerror or str(error)
    name = errno.errorcode.get(error.errno, "") if error.errno else ""
    return StorageError(
        f"cannot {doing} {path}: {reason}",
        hint=_HINTS.get(error.errno or 0, ""),
        details={"path": str(path), "errno": error.errno, "errno_name": name},
    )


def read_bytes(path: Path) -> bytes:
    """The whole file. Raises `StorageError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise storage_error("read", path, error) from error


def read_regular(path: Path) -> bytes:
    """The whole of a file in a run. A pipe or device in its place would make the command wait for ever: that
    is a `StorageError`.
    """
    try:
        return _read_regular(path)
    except OSError as error:
        raise storage_error("read", path, error) from error


def _read_regular(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read()


def open_regular(path: Path, flags: int = 0) -> BinaryIO:
    """A regular file, to be read; `flags` (of `os.open`) are added, such as `O_NOFOLLOW` for a path that must
    not be a symlink by now.

    Raises `OSError`, also for a folder, and for a pipe or a device, which could keep the reader waiting.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "it is a pipe or a device, not a regular file")


def read_stream(stream: BinaryIO, most: int = -1) -> bytes:
    """What comes out of `stream` until its end, or its first `most` bytes. Raises `OSError`.

    It may be a pipe, and Python acts on a signal only between two steps: one that comes just before a read
    would be heard when the read is over, which can be never. So a read begins when there is something to be
    read, and the wait for that ends now and then.
    """
    try:
        descriptor = stream.fileno()
    except OSError:  # no file behind it: nothing to wait for
        return stream.read(most)
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    chunks, left = [], most
    while left:
        while not ready.poll(_WAIT_MS):
            pass
        try:
            chunk = os.read(descriptor, _CHUNK if left < 0 else min(left, _CHUNK))
        except BlockingIOError:
            continue
        if not chunk:
            break
        chunks.append(chunk)
        left -= len(chunk) if left > 0 else 0
    return b"".join(chunks)


def open_stream(path: Path) -> BinaryIO:
    """A file, pipe or device, for `read_stream`; a pipe that nobody has opened for writing yet is not waited
    for. Raises `OSError`."""
    return open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)


def make_folder(path: Path, inside: Path | None = None) -> None:
    """Makes `path` and the folders above it that are missing, private. Raises `OSError`.

    Unlike `Path.mkdir(parents=True)` it gives all of them the mode, and needs no stack for
    deep ones. The folder `inside` is not made: a run that was removed meanwhile does not come
    back as a folder with one file.
    """
    missing = []
    for folder in (path, *path.parents):
        if folder == inside or folder.is_dir():
            break
        missing.append(folder)
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another process was faster
            os.mkdir(folder, PRIVATE_FOLDER)
    if missing and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def write_atomic(path: Path, data: bytes, inside: Path | None = None) -> None:
    """Writes `data` to `path` whole or not at all, private; makes its folder, as `make_folder`
    does. Raises `StorageError`.
    """
    try:
        make_folder(path.parent, inside)
    except OSError as error:
        raise storage_error("write", path, error) from error
    _write_atomic(path, data, PRIVATE_FILE)


def export_atomic(path: Path, data: bytes) -> None:
    """As `write_atomic`, for a path that the user named: the modes follow the umask. A pipe or a device takes
    the bytes as they come; renamed over, it would be gone for everybody.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_stream(path):
            with path.open("wb", buffering=0) as stream:
                _write_all(stream.fileno(), data)
            return
    except OSError as error:
        raise storage_error("write", path, error) from error
    _write_atomic(path, data, _EXPORTED_FILE)


def _is_stream(path: Path) -> bool:
    """Whether there is something that is no file and no folder, or a name of a stream (`/dev/stdout`)."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return path.parent.as_posix() in ("/dev", "/dev/fd") or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _write_atomic(path: Path, data: bytes, mode: int) -> None:
    """Temporary file, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_TEMPORARY}")
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode
        )
        try:
            _write_all(descriptor, data)
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


def walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All that is below `folder`, each folder before what is in it, sorted by
    name; symlinks are not followed.

    Raises `OSError`. Needs no stack: `os.walk`, `Path.rglob`, `shutil.rmtree` and `TarFile.add` of Python
    3.11 recurse, and a thousand folders in one another end them.
    """
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        yield from found
        waiting += (entry.path for entry in reversed(found) if entry.is_dir(follow_symlinks=False))


def remove_tree(folder: Path) -> None:
    """Removes `folder` and all that is in it; a symlink in it is removed, not what it
    leads to. Raises `OSError`.
    """
    folders = [str(folder)]
    for entry in walk(folder):
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.path)
        else:
            os.unlink(entry.path)
    for path in reversed(folders):
        os.rmdir(path)


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

    Only for who holds the lock; where others write without it, what is younger than
    `older_than` seconds may be theirs.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(_TEMPORARY):
                with contextlib.suppress(OSError):
                    if (
                        not older_than
                        or time.time() - entry.stat(follow_symlinks=False).st_mtime > older_than
                    ):
                        os.unlink(entry.path)


def content_hash(data: bytes) -> str:
    """SHA-256 of a text file's content. Line ends count as LF, so that a checkout that
    turns them changes nothing.
    """
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


class TooDeep(ValueError):
    """JSON that is nested too deeply to be looked at, or to be written again."""


#: Our own documents are a few levels deep. What is deeper could be read, but not
#: redacted, shown or written again.
_DEEPEST_JSON = 100


def from_json(data: bytes | str) -> Any:
    """The value of a JSON document that anybody may have written. Raises `ValueError`
    (`TooDeep` for one) and nothing else.

    What Python reads and JSON has not (NaN, Infinity, a number beyond the range of a double or of 64 bits) is
    refused, since `to_json` could not write it again.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise TooDeep("it is nested too deeply") from None
    if is_deeper_than(value, _DEEPEST_JSON):
        raise TooDeep("it is nested too deeply")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name[:40]} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _whole(text: str) -> int:
    return int(text) if len(text) < 19 else _no_number(text)


def to_json(document: Any) -> bytes:
    """`document` as JSON the way every artifact is written: indented by 2, UTF-8, a final newline.

    What is hidden, or steers a terminal that shows the file, is written as JSON's own escapes; so are lone
    surrogates, which UTF-8 does not have: a file name that is not UTF-8 comes as such.
    """
    return visible_json(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def guarded(path: Path, root: Path) -> Path:
    """`path`, unless it leads out of `root` through a symlink: then a `StorageError`."""
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:
        raise storage_error(
            "resolve",
            path,
            error if isinstance(error, OSError) else OSError(errno.ELOOP, os.strerror(errno.ELOOP)),
        ) from error
    if not inside:
        raise StorageError(
            f"{path} leads out of {root} through a symlink",
            hint="replace the symlink by a copy of what it points to",
            details={"path": str(path), "root": str(root)},
        )
    return path


def unlinked(path: Path, root: Path) -> Path:
    """`path`, unless it is not below `root`, or anything on the way from there is a
    symlink: then a `StorageError`.
    """
    relative = path.relative_to(root) if path.is_relative_to(root) else Path()
    place = root
    for part in relative.parts:
        place /= part
        if part == ".." or place.is_symlink():
            raise StorageError(
                f"{place} is a symlink",
                hint="replace it by a copy of what it points to",
                details={"path": str(place), "root": str(root)},
            )
    if not relative.parts:
        raise StorageError(f"{path} is no file in {root}", details={"path": str(path), "root": str(root)})
    return path
