"""Sixty-four processes at once, and disks that are full or read-only."""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import resource
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from torture.harness import Harness, Ran
from torture.hooks import quiet
from torture.inputs import judged
from torture.kinds import BUILDERS, Case, build_iterated, the_run
from torture.oracle import ended, files_of, printed, whole

CROWD = 64
_ON_ONE_RUN = (
    ("run", "latest", "--scope-file", "tea.md"), ("run", "latest", "--scope-file", "more.md"), ("validate",
    "latest"), ("plan", "latest"),
    ("iterate", "latest"), ("archive", "latest"), ("status", "latest"), ("list",), ("next", "latest"),
    ("diff", "latest"), ("diagnose", "latest", "--no-probe"),
    ("escalate", "latest"), ("recover", "latest", "--dry-run", "--no-probe"), ("validate", "latest", "--wait",
    "60"), ("plan", "latest", "--wait", "60"),
)  # fmt: skip


def crowd(harness: Harness, number: int, random: Random) -> Case:
    """Sixty-four commands start at once, on one run or on one runs dir."""
    harness.restore("iterated", build_iterated)
    first = the_run(harness).name
    mixed = number % 2 == 1
    lines: list[tuple[str, ...]] = []
    for _ in range(CROWD):
        line = random.choice(_ON_ONE_RUN)
        if mixed and random.random() < 0.6:
            lines.append(("init", random.choice(("same", "same", "other"))))
        else:
            lines.append(tuple(first if w == "latest" else w for w in line))
    case = Case(f"{CROWD} commands at once {'in one runs dir' if mixed else 'on one run'}", tried=CROWD)
    at_work = [harness.start((*line, "--json"), before=quiet, cpu=60) for line in lines]
    done = [harness.finish(one) for one in at_work]
    for ran in done:
        case.losses += [*ended(ran, as_json=True), *printed(ran)]
    for run_id in {*_made_runs(case, done), first}:
        ran = harness.run("status", run_id, "--json", before=quiet)
        if ran.status:
            case.lost("run lost", f"{run_id}: {ran.summary}")
    case.losses += whole(harness.work)
    _check_archives(harness, case, done)
    after = harness.run("run", first, "--scope-file", "tea.md", before=quiet)
    if after.status:
        case.lost("run", f"afterwards: {after.summary}")
    return case


def _made_runs(case: Case, done: Sequence[Ran]) -> list[str]:
    """The ids of the runs that were made; each `init` must make one of its own."""
    inits = [ran for ran in done if ran.argv[0] == "init"]
    made = [json.loads(ran.out)["run_id"] for ran in inits if ran.status == 0]
    if len(set(made)) != len(made):
        case.lost("ids", f"{len(made) - len(set(made))} run ids were given twice")
    if refused := [ran.summary for ran in inits if ran.status]:
        case.lost("init", f"{len(refused)} of the new runs were refused: {refused[0]}")
    return made


def _check_archives(harness: Harness, case: Case, done: Sequence[Ran]) -> None:
    """Each `archive` that ended well must have made a file of its own."""
    archived = [
        json.loads(ran.out)["archive"] for ran in done if ran.argv[0] == "archive" and ran.status == 0
    ]
    if len(set(archived)) != len(archived) or not all((harness.work / path).is_file() for path in archived):
        case.lost("archive lost", f"{len(archived)} commands archived to {len(set(archived))} files")


# --- disks

_WRITERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("initialized", "run", ("run", "latest", "--scope-file", "tea.md")), ("iterated", "run", ("run", "latest",
    "--scope-file", "tea.md")),
    ("edited", "validate", ("validate", "latest")), ("fixable", "validate", ("validate", "latest", "--fix")),
    ("unplanned", "plan", ("plan", "latest")),
    ("iterated", "iterate", ("iterate", "latest")), ("iterated", "archive", ("archive", "latest")),
    ("iterated", "archive", ("archive", "latest", "--remove")),
    ("iterated", "init", ("init", "other")), ("archived", "init", ("init", "--from", "packed.tar.gz")),
    ("failed", "escalate", ("escalate", "latest")),
    ("edited", "status", ("status", "latest")), ("failed", "recover", ("recover", "latest", "--no-probe")),
    ("spoilt", "validate", ("validate", "latest")),
    ("iterated", "export", ("export", "latest", "--format", "mermaid", "-o", "runs/graph.mmd")), ("failed",
    "postmortem", ("postmortem", "latest", "-o", "runs/p.md")),
)  # fmt: skip
_READERS = (
    ("status", "latest"),
    ("list",),
    ("diff", "latest"),
    ("why", "latest", "water"),
    ("next", "latest"),
    ("export", "latest", "--format", "mermaid"),
    ("diagnose", "latest", "--no-probe"),
    ("incidents", "list"),
    ("postmortem", "latest"),
    ("plugins", "list"),
)
_UNSHARE_MOUNTS, _PRIVATE, _RDONLY, _REMOUNT = 0x20000, 0x44000, 1, 0x20


def disks(harness: Harness, number: int, random: Random) -> Case:
    """The runs dir is on a disk that has no room, or that cannot be written to; or the home is."""
    kind = ("full", "full", "file size", "read-only", "read-only home")[number % 5]
    workspace, _, argv = random.choice(_WRITERS)
    harness.restore(workspace, BUILDERS[workspace])
    what = f"{kind}: {workspace}: dagogy {' '.join(argv)}"
    if kind == "file size":
        limit = random.choice((0, 1, 100, 1000, 2500, 5000))

        def small() -> None:
            quiet()
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return _tight(harness, Case(f"{what}, no file over {limit} bytes"), argv, before=small)
    case = _mounted(harness, lambda: _on_disk(harness, Case(what), kind, argv, random))
    return case if case is not None else Case(f"{what}: no file system can be mounted here", tried=0)


def _tight(harness: Harness, case: Case, argv: tuple[str, ...], before: Callable[[], None]) -> Case:
    """The command fails for want of room, or does without; what was there is whole,
    and with room it ends well.
    """
    good = {
        str(p): p.read_bytes()
        for p in files_of(harness.work)
        if p.suffix == ".json" and "failures" not in p.parts and p.name != "run.json"
    }
    ran = harness.run(*argv, "--json", before=before)
    # What cannot print its failure whole cannot give a JSON document either: the
    # streams of the stand are files.
    case.losses += judged(ran) if case.what.startswith("file size") else judged(ran, as_json=True)
    if case.what.startswith("file size"):
        case.losses = [loss for loss in case.losses if loss.what not in ("untyped", "control")]
    case.losses += whole(harness.work)
    if ran.status == 6:
        for path, content in good.items():
            if (
                not os.path.exists(path)
                and not path.endswith("validation_report.json")
                and "--remove" not in argv
            ):
                case.lost("artifact lost", f"{path} ({len(content)} bytes)")
    return case


def _has_runs(harness: Harness) -> bool:
    return any(p.name[:1].isdigit() for p in harness.runs.iterdir())


def _on_disk(harness: Harness, case: Case, kind: str, argv: tuple[str, ...], random: Random) -> Case:
    """In a process with mounts of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if kind == "read-only home":
        _mount(libc, harness.home, "64k")
        _remount_read_only(libc, harness.home)
        ran = harness.run(*argv, before=quiet)
        case.losses += judged(ran)
        if ran.status in (6, 7):
            case.lost("home", f"dagogy does nothing without a home that it can write to: {ran.summary}")
        return case
    saved = harness.scratch / "kept"
    shutil.rmtree(saved, ignore_errors=True)
    if harness.runs.exists():
        shutil.copytree(harness.runs, saved, symlinks=True)
    else:
        saved.mkdir()
        harness.runs.mkdir()
    _mount(libc, harness.runs, "2M")
    shutil.copytree(saved, harness.runs, symlinks=True, dirs_exist_ok=True)
    if kind == "read-only":
        _remount_read_only(libc, harness.runs)
        ran = harness.run(*argv, "--json", before=quiet)
        case.losses += judged(ran, as_json=True)
        reader = random.choice(_READERS)
        ran = harness.run(*reader, before=quiet)
        case.losses += judged(ran)
        if _has_runs(harness) and ran.status not in (0, 3, 5):
            case.lost("read-only", f"dagogy {' '.join(reader)}: {ran.summary}")
        return case
    filler, space = harness.runs / "filler", os.statvfs(harness.runs)
    with open(filler, "wb") as file:
        file.write(b"\0" * max(0, (space.f_bavail - random.randrange(40)) * space.f_frsize))
    _tight(harness, case, argv, quiet)
    if _has_runs(harness):
        ran = harness.run("status", "latest", "--json", before=quiet)
        if ran.status:
            case.lost("status", f"with the disk full: {ran.summary}")
    filler.unlink()
    if _has_runs(harness):
        ran = harness.run("run", "latest", "--scope-file", str(harness.work / "tea.md"), before=quiet)
        if ran.status:
            case.lost("rerun", f"with room again: {ran.summary}")
    return case


def _mount(libc: ctypes.CDLL, target: Path, size: str) -> None:
    if libc.mount(b"tmpfs", bytes(target), b"tmpfs", 0, f"size={size},mode=0700".encode()):
        raise OSError(ctypes.get_errno(), "cannot mount", str(target))


def _remount_read_only(libc: ctypes.CDLL, target: Path) -> None:
    if libc.mount(b"tmpfs", bytes(target), b"tmpfs", _REMOUNT | _RDONLY, None):
        raise OSError(ctypes.get_errno(), "cannot remount", str(target))


def _mounted(harness: Harness, function: Callable[[], Case]) -> Case | None:
    """Calls the function in a forked process with a mount namespace of its own; None
    where that is not permitted.
    """
    answer = harness.root / "answer"
    answer.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(_UNSHARE_MOUNTS) or libc.mount(b"none", b"/", None, _PRIVATE, None):
                os._exit(77)
            try:
                case = function()
            except Exception:
                import traceback

                case = Case("disks")
                case.lost("torture broke", traceback.format_exc()[-900:])
            answer.write_bytes(pickle.dumps(case))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return pickle.loads(answer.read_bytes()) if answer.exists() else None
