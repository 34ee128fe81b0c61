"""What helps when a file or folder of the workspace is missing, damaged, taken, full or out of
reach. Nothing is ever deleted.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

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

_BOM = b"\xef\xbb\xbf"
_LOCK_PROBE, _LOCKED = "workspace.lock", "workspace_locked"
_LOCK_TRIES, _LOCK_SECONDS = 5, 2.0
#: Which command makes what, from the inputs that are there.
_MADE_BY = {
    "outputs/reviews/validation_report.json": "validate",
    "outputs/reviews/validation_report.md": "validate",
    "outputs/plan/plan.json": "plan",
    "outputs/reviews/diff_report.json": "iterate",
}
_CURRICULUM = "outputs/curriculum/curriculum.json"
_CONFLICT = re.compile(rb"^(?:<<<<<<<|=======|>>>>>>>)", re.MULTILINE)


def artifact_of(failure: Failure, run: Path) -> str:
    """The artifact of the run that the failure is about, relative to it; "" when it is none."""
    path = failing_path(failure, run)
    if path is None:
        named = re.search(r"\b((?:inputs|outputs|logs)/[\w./-]{1,200}\.\w+)", failure.message)
        path = run / named[1] if named else None
    if path is None or ".." in path.parts or not path.is_relative_to(run):
        return ""
    return path.relative_to(run).as_posix()


class StripBom(RecoveryAction):
    """Takes a UTF-8 byte order mark off the file where what is left is sound; the file as it
    was is kept in `logs/kept/`.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        name = artifact_of(failure, context.run)
        data = context.read(name) if name else None
        if data is None:
            return RecoveryOutcome(
                changed=False, message="no file of the run is named that could be looked at"
            )
        if not data.startswith(_BOM):
            return RecoveryOutcome(changed=False, message=f"{name} has no byte order mark")
        rest = data.removeprefix(_BOM)
        try:
            text = rest.decode("utf-8")
            if name.endswith(".json"):
                json.loads(text)
        except ValueError as error:
            return RecoveryOutcome(
                changed=False,
                message=f"{name} has a byte order mark, but would not be sound without it: {error}",
            )
        kept = context.keep(name)
        context.write(name, rest)
        return RecoveryOutcome(changed=True, message=f"{name} without its byte order mark; as it was: {kept}")


class RemakeReports(RecoveryAction):
    """Runs the command that makes the report, plan or diff which is missing. Only what is made from other
    artifacts is made anew, and no input.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        name = artifact_of(failure, context.run)
        command = _MADE_BY.get(name)
        if command is None or (context.run / name).exists():
            return RecoveryOutcome(changed=False, message="no report, plan or diff is missing")
        if not context.dagogy(command, context.run_id).ok:
            return RecoveryOutcome(
                changed=False, message=f"{command} fails", commands=(f"dagogy {command} {context.run_id}",)
            )
        return RecoveryOutcome(changed=True, message=f"{name} made by {command}")


class RemakeArtifact(RecoveryAction):
    """Recreates a damaged report, plan, diff or curriculum; the damaged file is kept in `logs/kept/`. An
    input is never made up.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        name = artifact_of(failure, context.run)
        command = "run" if name == _CURRICULUM else _MADE_BY.get(name)
        if command is None:
            return RecoveryOutcome(
                changed=False, message=f"{name or 'what is damaged'} cannot be recreated from other artifacts"
            )
        kept = context.keep(name)
        done = context.dagogy(command, context.run_id)
        message = f"; as it was: {kept}" if kept else ""
        return RecoveryOutcome(
            changed=done.ok,
            message=f"{name} {'recreated' if done.ok else 'cannot be recreated'} by {command}{message}",
        )


class FixInput(RecoveryAction):
    """Line and column of what cannot be parsed, or the lines with conflict marks, in an editor's command."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        name = artifact_of(failure, context.run)
        path = failing_path(failure, context.run) or context.run / (name or "inputs")
        again = f"dagogy recover {context.run_id}"
        line, why = _damage(path)
        edit = f'"${{EDITOR:-vi}}" {f"+{line} " if line else ""}{shlex.quote(str(path))}'
        return RecoveryOutcome(
            changed=False,
            message=f"{path}: {why}; keep a copy, and put no empty document in its place",
            commands=(f"cp {shlex.quote(str(path))} {shlex.quote(str(path) + '.bad')}", edit, again),
        )


def _damage(path: Path) -> tuple[int, str]:
    """The line that is damaged, from 1 (0: none can be named), and how."""
    try:
        data = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        return 0, error.strerror or "it cannot be read"
    conflict = _CONFLICT.search(data)
    if conflict:
        return data.count(b"\n", 0, conflict.start()) + 1, "it has conflict marks of a merge"
    if b"\0" in data:
        return data.count(b"\n", 0, data.index(b"\0")) + 1, "it has NUL bytes: half-written, or UTF-16"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1, "it is not UTF-8: save it as such"
    if path.suffix == ".json":
        try:
            json.loads(text)
        except ValueError as error:
            return getattr(error, "lineno", 0), str(error)
    return 0, "it cannot be parsed as it must be"


class FindArtifact(RecoveryAction):
    """The same command on the run that was probably meant, where what is missing may be, and how a run is
    brought back from its archive.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        wanted, near = near_runs(failure, context.run.parent)
        if wanted and not (context.run.parent / wanted).exists() and wanted in failure.command:
            commands = [
                shlex.join(near[0] if word == wanted else word for word in failure.command) for _ in near[:1]
            ]
            packed = packed_runs(wanted, context.run.parent, context.setting("ORCHESTRATION_ARCHIVE_DIR"))
            commands += [f"dagogy init --from {shlex.quote(str(p))}" for p in packed[:1]]
            message = f"there is no run '{wanted}'" + (f"; like it: {', '.join(near)}" if near else "")
        else:
            path = failing_path(failure, context.run)
            commands = [] if path is None else [f"ls -la {shlex.quote(str(nearest_existing(path)))}"]
            message = f"{path or 'a file'} is not there: put it back"
        return RecoveryOutcome(changed=False, message=message, commands=(*commands, "dagogy list"))


class WaitForLock(RecoveryAction):
    """Asks the probe of the lock up to five times, two seconds apart. Once nobody holds
    it, the command is run again.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        for turn in range(_LOCK_TRIES):
            if turn:
                context.wait(_LOCK_SECONDS)
            found = context.probe(_LOCK_PROBE)
            if found and not any(_LOCKED in result.confirms for result in found):
                return RecoveryOutcome(changed=True, message="nobody holds the run now")
        return RecoveryOutcome(
            changed=False, message=f"the run is still held after {(_LOCK_TRIES - 1) * _LOCK_SECONDS:g} s"
        )


class WhoHoldsLock(RecoveryAction):
    """The process that holds the run. The lock is the kernel's and goes with its process, so there is never a
    stale one to break.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        holder = failure.details.get("holder")
        pid = holder.get("pid") if isinstance(holder, dict) else None
        seen = next((p.message for p in context.probes if p.subject == "lock"), "")
        message = seen or (
            f"process {pid} held it when the command failed" if pid else "another process holds it"
        )
        look = (
            (f"ps -o pid,lstart,args -p {int(pid)}",)
            if isinstance(pid, int)
            else (f"fuser -v {shlex.quote(str(context.run / '.lock'))}",)
        )
        waiting = (
            shlex.join([*failure.command, "--wait", "60"])
            if failure.command and "--wait" not in failure.command
            else f"dagogy recover {context.run_id}"
        )
        return RecoveryOutcome(
            changed=False, message=f"{message}; wait for it, or stop it", commands=(*look, waiting)
        )


class MakeRoom(RecoveryAction):
    """`df` of every folder that is written to, the largest runs, and the ways to another disk. What to remove
    is for a person to say.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        home = context.setting("CODEX_HOME").strip()
        folders = [context.run, temporary_folder(context.setting("TMPDIR")), *([Path(home)] if home else [])]
        parts = [
            f"{place}: {free / 2**20:,.0f} MiB"
            + (f" and {inodes:,.0f} inodes" if inodes >= 0 else "")
            + " free"
            for place, free, inodes in spaces(*folders)
        ]
        names = " ".join(shlex.quote(str(f)) for f in folders)
        sizes = sorted(
            ((_size(p), p.name) for p in context.run.parent.iterdir() if p.is_dir() and p != context.run),
            reverse=True,
        )[:3]
        largest = (
            "; largest: " + ", ".join(f"{name} ({size / 2**20:,.1f} MiB)" for size, name in sizes)
            if sizes
            else ""
        )
        runs = [name for _, name in sizes if re.match(r"\d{8}-\d{6}", name)]
        pack = tuple(
            f"ORCHESTRATION_ARCHIVE_DIR=/another/disk dagogy archive {name} --remove" for name in runs[:1]
        )
        return RecoveryOutcome(
            changed=False,
            message="; ".join(parts) + largest,
            commands=(
                f"df -h {names}",
                f"df -i {names}",
                *pack,
                "export TMPDIR=/another/disk",
                f"dagogy recover {context.run_id}",
            ),
        )


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


class GiveBack(RecoveryAction):
    """The exact `chown` for what belongs to another user, or the mount that is
    read-only. Modes are not widened.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        path = nearest_existing(failing_path(failure, context.run) or context.run)
        about, me = path.lstat(), os.geteuid()
        point, options = mount(path)
        again, shown = f"dagogy recover {context.run_id}", shlex.quote(str(path))
        look = f"ls -ld {shown} {shlex.quote(str(path.parent))}"
        if "ro" in options.split(","):
            message = f"{path} is on {point}, which is mounted read-only"
            return RecoveryOutcome(
                changed=False,
                message=message,
                commands=(f"sudo mount -o remount,rw {shlex.quote(point)}", again),
            )
        text = f"{path}: {owner(path)}; we are {user(me)}"
        if about.st_uid != me:
            whole = context.run if path.is_relative_to(context.run) else path
            back = f"sudo chown -R {user(me)}: {shlex.quote(str(whole))}"
            return RecoveryOutcome(changed=False, message=text, commands=(look, back, again))
        mode = "u+rwX" if path.is_dir() else "u+rw"
        return RecoveryOutcome(
            changed=False, message=text, commands=(look, f"lsattr -d {shown}", f"chmod {mode} {shown}", again)
        )
