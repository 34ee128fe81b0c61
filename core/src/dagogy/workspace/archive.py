"""Packs a run into one `.tar.gz`, whole or not at all, and unpacks it again."""

from __future__ import annotations

import contextlib
import math
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from dagogy.api.errors import InvalidArgument, StorageError
from dagogy.workspace.files import PRIVATE_FILE, make_folder, remove_tree, storage_error, sync_folder, walk
from dagogy.workspace.lock import LOCK_NAME
from dagogy.workspace.runs import Run, Runs, is_run_id
from dagogy.workspace.untar import LARGE, LIMITS, BeyondLimit, Limits, Member, NotAnArchive, members

_HINT = "give a .tar.gz that 'dagogy archive' wrote"
#: What a file or folder takes on the disk beyond its bytes, about: a block of ext4, XFS and tmpfs.
_ON_DISK = 4096


def archive_run(run: Run, folder: Path) -> Path:
    """Writes `folder/<run id>.tar.gz` (with a suffix when that is taken) and returns
    it. Needs no valid `run.json`.

    Only for who holds the lock. Raises `StorageError`; then no archive is left behind.
    Symlinks and locks are not packed.
    """

    def fill(tar: tarfile.TarFile) -> None:
        tar.add(run.path, run.id, recursive=False)
        for entry in walk(run.path):
            name = f"{run.id}/{os.path.relpath(entry.path, run.path)}"
            tar.add(entry.path, name, recursive=False, filter=lambda member: _packed(member, run.path))

    return write_archive(folder, run.id, fill)


def write_archive(folder: Path, name: str, fill: Callable[[tarfile.TarFile], None]) -> Path:
    """Writes `folder/<name>.tar.gz`, private (with a suffix when that is taken) with what `fill` puts into
    it, whole or not at all; returns it.

    Two processes must not write the same name at a time. Raises `StorageError`.
    """
    try:
        make_folder(folder)
        _remove_leftovers(name, folder)
        descriptor, made = tempfile.mkstemp(prefix=_prefix(name), suffix=".tmp", dir=folder)
    except OSError as error:
        raise storage_error("write an archive in", folder, error) from error
    temporary = Path(made)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
                fill(tar)
            file.flush()
            os.fsync(file.fileno())
        return _keep(temporary, folder, name)
    except (OSError, tarfile.TarError) as error:
        cause = error if isinstance(error, OSError) else OSError(str(error))
        raise storage_error(f"archive {name} to", folder, cause) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _prefix(name: str) -> str:
    return f".{name}.archive-"


def _remove_leftovers(name: str, folder: Path) -> None:
    """Removes what a killed command left of an archive of this name."""
    for path in folder.glob(f"{_prefix(name)}*.tmp"):
        with contextlib.suppress(OSError):
            path.unlink()


def _packed(member: tarfile.TarInfo, run: Path) -> tarfile.TarInfo | None:
    name = PurePosixPath(member.name).name
    if name == LOCK_NAME or (name.startswith(".") and name.endswith(".tmp")):
        return None
    if member.islnk():
        # The second name of a file: it is packed as a file of its own, since an archive with
        # links is not unpacked again.
        member.type, member.linkname = tarfile.REGTYPE, ""
        member.size = (run.parent / member.name).stat().st_size
    return member if member.isfile() or member.isdir() else None


def _keep(temporary: Path, folder: Path, name: str) -> Path:
    """Gives the finished file its name; a link never takes a name that is there."""
    for suffix in range(1, 10_000):
        target = folder / (f"{name}.tar.gz" if suffix == 1 else f"{name}-{suffix}.tar.gz")
        try:
            os.link(temporary, target)
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links
            if os.path.lexists(target):
                continue
            os.rename(temporary, target)
        sync_folder(folder)
        return target
    raise StorageError(f"no free name for an archive {name} in {folder}", hint="remove old archives")


def remove_run(run: Run) -> None:
    """Removes a run. It leaves the list of runs in one step, so that whatever stops us
    leaves no half of it there.
    """
    try:
        hidden = Path(tempfile.mkdtemp(prefix=".new-removed-", dir=run.path.parent))
        os.rename(run.path, hidden / run.id)
        sync_folder(run.path.parent)
        remove_tree(hidden)
    except OSError as error:
        raise storage_error("remove", run.path, error) from error


def restore_run(
    archive: Path, runs: Runs, finish: Callable[[Run], None] = lambda run: None, *, allow_large: bool = False
) -> Run:
    """Unpacks an archive into `runs` under its own id, or that id with a suffix when it is taken. Files and
    folders are private.

    The archive is read twice: once to see whether it may be unpacked, so that one that may not costs no disk.
    `finish` is called before the run is there under its id. `allow_large` lifts the limits of `untar.LIMITS`.

    Raises `InvalidArgument` for a file that is no archive of a run, `StorageError` when it cannot be
    unpacked; then nothing is left.
    """
    limits = LARGE if allow_large else LIMITS
    with _reading(archive):
        run_id = _looked_through(archive, limits, runs.base)

        def build(run: Run) -> None:
            _unpack(archive, limits, run_id, run.path)
            finish(run)

        return runs.create(build, run_id=run_id)


def restorable(archive: Path, *, allow_large: bool = False) -> str:
    """Why `restore_run` would refuse an archive; "" when it would not. Raises
    `StorageError` when it cannot be read.
    """
    try:
        with _reading(archive):
            _looked_through(archive, LARGE if allow_large else LIMITS, None)
    except InvalidArgument as error:
        return error.message
    return ""


@contextlib.contextmanager
def _reading(archive: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error) as error:
        plain = isinstance(error, zlib.error) and "incorrect header check" in str(error)
        what = "is not a .tar.gz file" if plain else "is cut off or damaged"
        raise InvalidArgument(
            f"{archive} {what}", hint=_HINT if plain else "copy it again from where it came"
        ) from None
    except BeyondLimit as error:
        raise InvalidArgument(f"{archive} {error}", hint=error.hint) from None
    except NotAnArchive as error:
        raise InvalidArgument(f"{archive} is not a run archive: it {error}", hint=_HINT) from None
    except OSError as error:
        raise storage_error("read", archive, error) from error


def _looked_through(archive: Path, limits: Limits, base: Path | None) -> str:
    """The id of the run in an archive, once all of it was read and found restorable, and
    to fit on the disk of `base`.
    """
    free = math.inf if base is None else _free(base)
    run_id, wanted = "", 0
    with open(archive, "rb") as file:
        for member in members(file, limits):
            run_id = _top(member, run_id)
            wanted += _ON_DISK - -member.size // _ON_DISK * _ON_DISK
            if wanted - _ON_DISK > free:
                raise StorageError(
                    f"{archive} unpacks to {wanted / 2**20:.1f} MiB or more, and {base} has "
                    f"{free / 2**20:.1f} MiB free",
                    hint="free some space or set ORCHESTRATION_BASE_DIR to another disk",
                )
    if not run_id:
        raise NotAnArchive("holds nothing")
    return run_id


def _top(member: Member, run_id: str) -> str:
    """The run that a member belongs to. Raises `NotAnArchive` when that is none, or another one."""
    top = member.parts[0] if member.parts else run_id
    if (top and not is_run_id(top)) or (run_id and top != run_id):
        raise NotAnArchive(
            f"holds '{top[:100]}', which is no run"
            if not run_id
            else f"holds two runs, {run_id} and '{top[:100]}'"
        )
    return top


def _free(base: Path) -> int:
    """Bytes on the disk where `base` is, or will be."""
    place = next((folder for folder in (base, *base.parents) if folder.is_dir()), base)
    space = os.statvfs(place)
    return space.f_bavail * space.f_frsize


def _unpack(archive: Path, limits: Limits, run_id: str, folder: Path) -> None:
    """Writes the folders and files of an archive. Two that have the same name here, as two that differ in
    case have on some file systems, end it: no file is ever written twice."""
    with open(archive, "rb") as file:
        for member in members(file, limits):
            _top(member, run_id)
            target = folder.joinpath(*member.parts[1:])
            try:
                _write(member, target)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                shown = "/".join(member.parts)
                raise NotAnArchive(f"holds '{shown}' in the place of another member") from None
            except OSError as error:
                raise storage_error("unpack", "/".join(member.parts), error) from error


def _write(member: Member, target: Path) -> None:
    if member.is_folder:
        make_folder(target)
        return
    make_folder(target.parent)
    # Private, and executable for nobody: whoever made the archive does not say who may read or run it here.
    descriptor = os.open(
        target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE_FILE
    )
    with open(descriptor, "wb") as file:
        file.writelines(member.pieces())
    os.utime(target, (member.mtime, member.mtime))
