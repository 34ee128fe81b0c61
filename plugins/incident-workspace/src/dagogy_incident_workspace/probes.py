"""Looks at the workspace's disk, owners, locks and runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from dagogy.api.failures import Failure
from dagogy.api.probes import Probe, ProbeContext, ProbeResult

from dagogy_incident_workspace.places import (
    failing_path,
    mount,
    near_runs,
    nearest_existing,
    owner,
    packed_runs,
    spaces,
    temporary_folder,
    user,
)

_MISSING, _LOCKED, _FULL, _DENIED = "artifact_missing", "workspace_locked", "disk_full", "permission_denied"
#: Below so much a run cannot be written.
_LEAST_BYTES, _LEAST_INODES = 2**20, 10
_LOCK = ".lock"


class Disk(Probe):
    """How much room is left, in bytes and inodes, for the run, the runs dir, `TMPDIR` and `CODEX_HOME`?"""

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        home = context.setting("CODEX_HOME").strip()
        folders = [
            f
            for f in (
                context.run,
                context.runs_dir,
                temporary_folder(context.setting("TMPDIR")),
                Path(home) if home else None,
            )
            if f is not None
        ]
        for place, free, inodes in spaces(*folders):
            full = free < _LEAST_BYTES or 0 <= inodes < _LEAST_INODES
            message = f"{free / 2**20:,.0f} MiB free" + (
                f", {inodes:,.0f} inodes free" if inodes >= 0 else ""
            )
            yield ProbeResult(
                subject=f"disk of {place}",
                state="bad" if full else "ok",
                message=message,
                confirms=(_FULL,) if full else (),
            )


class Access(Probe):
    """Whose is the path that failed, with which mode, on which mount, and may we write there?"""

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        path = failing_path(failure, context.run or context.runs_dir) or context.run
        if path is None:
            return
        place = nearest_existing(path)
        point, options = mount(place)
        mode = os.R_OK | os.W_OK | (os.X_OK if place.is_dir() else 0)
        allowed = os.access(place, mode)
        message = (
            f"{owner(place)}; mounted at {point or '?'} ({options.split(',')[0] or '?'}); we are "
            f"{user(os.geteuid())}"
        )
        refused = () if allowed else (_DENIED,)
        yield ProbeResult(
            subject=str(place),
            state="ok" if allowed else "bad",
            message=message + ("" if allowed else ": no right to write"),
            confirms=refused,
        )


class LockHolder(Probe):
    """Is the run's lock held, by which process, and is that one alive? The lock is the
    kernel's: no process, no lock.
    """

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        path = context.run / _LOCK if context.run else None
        if path is None or not path.is_file():
            return
        held, holder = held_by(path)
        if not held:
            yield ProbeResult(subject="lock", state="ok", message="nobody holds it now")
            return
        pid = holder.get("pid")
        message = (
            f"process {pid} ('{holder.get('command', '?')}', since {holder.get('since_utc', '?')})"
            if pid
            else "another process"
        )
        alive = " is alive" if isinstance(pid, int) and _alive(pid) else " (it is not visible from here)"
        yield ProbeResult(
            subject="lock", state="bad", message=f"held by {message}{alive}", confirms=(_LOCKED,)
        )


def held_by(path: Path) -> tuple[bool, dict[str, object]]:
    """Whether some process holds the lock file, and what it wrote about itself. Taking it
    for a moment, shared, tells.
    """
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(ValueError, RecursionError):
                document = json.loads(file.read(65_536))
                return True, document if isinstance(document, dict) else {}
            return True, {}
    return False, {}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


class NearRuns(Probe):
    """Which runs have an id like the one that is missing, and is it in the archive?"""

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        wanted, near = near_runs(failure, context.runs_dir)
        if wanted and not (context.runs_dir / wanted).exists() and context.run is None:
            text = f"like it: {', '.join(near)}" if near else "none has an id like it"
            yield ProbeResult(
                subject=f"run {wanted}",
                state="bad",
                message=f"not in {context.runs_dir}; {text}",
                confirms=(_MISSING,),
            )
            packed = packed_runs(wanted, context.runs_dir, context.setting("ORCHESTRATION_ARCHIVE_DIR"))
            if packed:
                names = ", ".join(p.name for p in packed[:3])
                yield ProbeResult(subject=f"archive {packed[0].parent}", state="ok", message=names)
            return
        path = failing_path(failure, context.run or context.runs_dir)
        if path is None:
            return
        if os.path.lexists(path):
            yield ProbeResult(subject=str(path), state="ok", message="it is there now")
        else:
            yield ProbeResult(
                subject=str(path),
                state="bad",
                message=f"it is not there; the nearest folder that is: {nearest_existing(path)}",
                confirms=(_MISSING,),
            )
