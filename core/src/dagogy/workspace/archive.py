"""Packs a run into one `.tar.gz`, whole or not at all, and unpacks it again."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from dagogy.api.errors import InvalidArgument, StorageError
from dagogy.workspace.files import storage_error, sync_folder, umask
from dagogy.workspace.lock import LOCK_NAME
from dagogy.workspace.runs import Run, Runs, is_run_id

_HINT = "give a .tar.gz that 'dagogy archive' wrote"


def archive_run(run: Run, folder: Path) -> Path:
    """Writes `folder/<run id>.tar.gz` (with a suffix when that is taken) and returns it. Needs no valid `run.json`.

    Only for who holds the lock. Raises `StorageError`; then no archive is left behind. Symlinks and locks are not packed.
    """
    return write_archive(folder, run.id, lambda tar: tar.add(run.path, run.id, recursive=True, filter=lambda member: _packed(member, run.path)))


def write_archive(folder: Path, name: str, fill: Callable[[tarfile.TarFile], None]) -> Path:
    """Writes `folder/<name>.tar.gz` (with a suffix when that is taken) with what `fill` puts into it, whole or not at all; returns it.

    Two processes must not write the same name at a time. Raises `StorageError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
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
        # The second name of a file: it is packed as a file of its own, since an archive with links is not unpacked again.
        member.type, member.linkname = tarfile.REGTYPE, ""
        member.size = (run.parent / member.name).stat().st_size
    return member if member.isfile() or member.isdir() else None


def _keep(temporary: Path, folder: Path, name: str) -> Path:
    """Gives the finished file its name; a link never takes a name that is there."""
    os.chmod(temporary, 0o666 & ~umask())
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
    """Removes a run. It leaves the list of runs in one step, so that whatever stops us leaves no half of it there."""
    try:
        hidden = Path(tempfile.mkdtemp(prefix=".new-removed-", dir=run.path.parent))
        os.rename(run.path, hidden / run.id)
        sync_folder(run.path.parent)
        shutil.rmtree(hidden)
    except OSError as error:
        raise storage_error("remove", run.path, error) from error


def restore_run(archive: Path, runs: Runs) -> Run:
    """Unpacks an archive into `runs` under its own id, or that id with a suffix when it is taken.

    Raises `InvalidArgument` for a file that is no archive of a run, `StorageError` when it cannot be unpacked; then nothing is left.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            _read_to_the_end(tar)
            run_id = _run_id(archive, members)
            _require_space(archive, members, runs.base)
            return runs.create(lambda run: _unpack(tar, members, run_id, run.path), run_id=run_id)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InvalidArgument(f"{archive} is cut off or damaged", hint="copy it again from where it came") from None
    except (tarfile.TarError, ValueError) as error:
        raise InvalidArgument(f"{archive} is not a run archive: {error}", hint=_HINT) from None
    except OSError as error:
        raise storage_error("read", archive, error) from error


def _read_to_the_end(tar: tarfile.TarFile) -> None:
    """What stands after the last member is the checksum, the only thing that notices a flipped bit. Raises `BadGzipFile` or `EOFError`."""
    while tar.fileobj is not None and tar.fileobj.read(1 << 20):
        pass


def _unpack(tar: tarfile.TarFile, members: list[tarfile.TarInfo], run_id: str, folder: Path) -> None:
    """Writes the folders and files of an archive, which are all that `_is_stray` lets in. By hand: `tarfile` has its filters since Python 3.11.4 only,
    and Debian 12 comes with 3.11.2."""
    for member in members:
        target = folder.joinpath(*PurePosixPath(member.name).parts[1:])
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        source = tar.extractfile(member)
        assert source is not None, "a regular file has bytes"
        with source, open(target, "wb") as file:
            shutil.copyfileobj(source, file)
        # Nobody else may write to it; whoever made the archive does not say who may run it here.
        os.chmod(target, (member.mode & 0o755) | 0o600)
        with contextlib.suppress(OverflowError):
            os.utime(target, (member.mtime, member.mtime))


def _run_id(archive: Path, members: list[tarfile.TarInfo]) -> str:
    tops = {PurePosixPath(m.name).parts[0] for m in members if PurePosixPath(m.name).parts}
    strays = [m.name for m in members if _is_stray(m)]
    if len(tops) != 1 or strays or not is_run_id(next(iter(tops))):
        what = f"holds '{strays[0]}'" if strays else f"holds {', '.join(sorted(tops)[:3]) or 'nothing'}"
        raise InvalidArgument(f"{archive} is not a run archive: it {what}", hint=_HINT)
    return next(iter(tops))


def _is_stray(member: tarfile.TarInfo) -> bool:
    """What no run has: a way out of its folder, a link, a device, a file in the place of the folder itself."""
    parts = PurePosixPath(member.name).parts
    return ".." in parts or member.name.startswith("/") or not (member.isdir() or (member.isfile() and len(parts) > 1))


def _require_space(archive: Path, members: list[tarfile.TarInfo], base: Path) -> None:
    """A small archive may hold more than the disk: better said before than found when it is full."""
    base.mkdir(parents=True, exist_ok=True)
    space = os.statvfs(base)
    free, wanted = space.f_bavail * space.f_frsize, sum(m.size for m in members)
    if wanted > free:
        raise StorageError(
            f"{archive} unpacks to {wanted / 2**20:.1f} MiB, and {base} has {free / 2**20:.1f} MiB free",
            hint="free some space or set ORCHESTRATION_BASE_DIR to another disk",
        )
