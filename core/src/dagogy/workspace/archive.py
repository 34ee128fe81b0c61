"""Packs a run into one `.tar.gz`, whole or not at all, and unpacks it again."""

from __future__ import annotations

import contextlib
import os
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

from dagogy.api.errors import InvalidArgument, StorageError
from dagogy.workspace.files import storage_error, sync_folder
from dagogy.workspace.lock import LOCK_NAME
from dagogy.workspace.runs import Run, Runs, is_run_id


def archive_run(run: Run, folder: Path) -> Path:
    """Writes `folder/<run id>.tar.gz` (with a suffix when that is taken) and returns it. Needs no valid `run.json`.

    Raises `StorageError`; then no archive is left behind. Symlinks and locks are not packed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{run.id}.", suffix=".tmp", dir=folder)
    except OSError as error:
        raise storage_error("write an archive in", folder, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
                tar.add(run.path, run.id, recursive=True, filter=_packed)
            file.flush()
            os.fsync(file.fileno())
        return _keep(temporary, folder, run.id)
    except (OSError, tarfile.TarError) as error:
        cause = error if isinstance(error, OSError) else OSError(str(error))
        raise storage_error(f"archive {run.path} to", folder, cause) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _packed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = PurePosixPath(member.name).name
    if name == LOCK_NAME or (name.startswith(".") and name.endswith(".tmp")):
        return None
    return member if member.isfile() or member.isdir() else None


def _keep(temporary: Path, folder: Path, run_id: str) -> Path:
    """Gives the finished file its name; a link never takes a name that is there."""
    for suffix in range(1, 10_000):
        target = folder / (f"{run_id}.tar.gz" if suffix == 1 else f"{run_id}-{suffix}.tar.gz")
        try:
            os.link(temporary, target)
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links
            if target.exists():
                continue
            os.rename(temporary, target)
        os.chmod(target, 0o644)
        sync_folder(folder)
        return target
    raise StorageError(f"no free name for an archive of {run_id} in {folder}", hint="remove old archives")


def restore_run(archive: Path, runs: Runs) -> Run:
    """Unpacks an archive into `runs` under its own id, or that id with a suffix when it is taken.

    Raises `InvalidArgument` for a file that is no archive of a run, `StorageError` when it cannot be unpacked; then nothing is left.
    """
    try:
        with tarfile.open(archive, "r:*") as tar:
            members = tar.getmembers()
            run_id = _run_id(archive, members)

            def build(run: Run) -> None:
                for member in members:
                    inner = member.replace(name=str(PurePosixPath(member.name).relative_to(run_id)), deep=False)
                    if inner.name != ".":
                        tar.extract(inner, run.path, filter="data")

            return runs.create(build, run_id=run_id)
    except tarfile.TarError as error:
        raise InvalidArgument(f"{archive} is not a run archive: {error}", hint="give a .tar.gz that 'dagogy archive' wrote") from None
    except (EOFError, zlib.error):
        raise InvalidArgument(f"{archive} is cut off", hint="copy it again from where it came") from None
    except OSError as error:
        raise storage_error("read", archive, error) from error


def _run_id(archive: Path, members: list[tarfile.TarInfo]) -> str:
    tops = {PurePosixPath(m.name).parts[0] for m in members if PurePosixPath(m.name).parts}
    strays = [m.name for m in members if ".." in PurePosixPath(m.name).parts or m.name.startswith("/") or not (m.isfile() or m.isdir())]
    if len(tops) != 1 or strays or not is_run_id(next(iter(tops))):
        what = f"holds '{strays[0]}'" if strays else f"holds {', '.join(sorted(tops)[:3]) or 'nothing'}"
        raise InvalidArgument(f"{archive} is not a run archive: it {what}", hint="give a .tar.gz that 'dagogy archive' wrote")
    return next(iter(tops))
