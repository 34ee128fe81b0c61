"""Starts a command line in a fork of this process, which has dagogy imported already,
and bounds what it may take.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import resource
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Seconds of processor time, which a busy machine does not change, and of the clock for what sleeps for ever.
CPU_SECONDS, WALL_SECONDS = 20, 600
#: What sleeps so long, with all that it started, and uses no processor meanwhile, will not wake up. However
#: busy the machine, a command that could go on is not asleep.
_ASLEEP_SECONDS, _LOOK_SECONDS = 30.0, 5.0
_MEMORY_BYTES = 6 * 2**30
_FILE_BYTES = 2 * 2**30
#: What a command may print; nobody reads more.
MOST_OUTPUT = 8 * 2**20
_PR_SET_CHILD_SUBREAPER = 36
_OURS = (
    "DAGOGY_",
    "AGENT_",
    "ORCHESTRATION_",
    "OPENAI_",
    "CODING_AGENT_",
    "XDG_",
    "PYTHON",
    "COV_",
    "GITHUB_",
    "_DAGOGY",
)
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command line ended. `status` is negative for a signal; `cpu` in seconds, with the
    processes that it waited for.
    """

    argv: tuple[str, ...]
    status: int
    out: bytes
    err: bytes
    cpu: float
    seconds: float
    hung: bool
    waits: str = ""

    @property
    def summary(self) -> str:
        """The first line of stderr, for a report."""
        return self.err.decode("utf-8", "replace").split("\n", 1)[0][:300]


@dataclass(slots=True)
class Started:
    """A command that is at work."""

    argv: tuple[str, ...]
    pid: int
    end: int
    out: Path
    err: Path
    began: float


@dataclass(slots=True)
class Harness:
    """Where one worker works: `work` is the current folder of its commands, `home` their home, `scratch` is
    nobody's but ours.

    The paths stay the same for all cases of a worker, so that a saved workspace can be
    put back where it was made.
    """

    root: Path
    work: Path = field(init=False)
    home: Path = field(init=False)
    scratch: Path = field(init=False)
    _number: int = 0
    _saved: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work, self.home, self.scratch = (self.root / name for name in ("work", "home", "scratch"))
        for folder in (self.work, self.home, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    @property
    def runs(self) -> Path:
        return self.work / "runs"

    def empty(self) -> None:
        """Takes away whatever a case left; also what a killed command had started in
        a process group of its own.
        """
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        for folder in (self.work, self.home):
            remove_tree(folder)
            folder.mkdir()

    def restore(self, name: str, build: Callable[[Harness], None]) -> None:
        """Puts the workspace `name` in place, which `build` makes the first time."""
        if name not in self._saved:
            self.empty()
            build(self)
            saved = self.root / "saved" / name
            shutil.copytree(self.work, saved / "work", symlinks=True)
            shutil.copytree(self.home, saved / "home", symlinks=True)
            self._saved[name] = saved
            return
        self.empty()
        for folder in (self.work, self.home):
            shutil.copytree(self._saved[name] / folder.name, folder, symlinks=True, dirs_exist_ok=True)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a command: none of this machine's settings."""
        kept = {k: v for k, v in os.environ.items() if k in _KEPT and not k.startswith(_OURS)}
        return {**kept, "HOME": str(self.home), "TMPDIR": str(self.scratch), "LANG": "C.UTF-8", **more}

    def start(
        self,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        before: Callable[[], None] | None = None,
        cpu: int = CPU_SECONDS,
    ) -> Started:
        """Starts `dagogy ARGV…` in a fork. `before` is called in the child just before the command."""
        self._number += 1
        out, err, source = (self.scratch / f"{self._number}.{name}" for name in ("out", "err", "in"))
        source.write_bytes(stdin)
        mine, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(mine)
            _child(
                list(argv),
                self.work,
                dict(self.environment() if environ is None else environ),
                (source, out, err),
                before,
                cpu,
            )
        os.close(theirs)
        return Started(tuple(argv), pid, mine, out, err, time.monotonic())

    def finish(self, started: Started, *, kill_after: float | None = None, wall: float = WALL_SECONDS) -> Ran:
        """Waits for its end. With `kill_after` it is killed (SIGKILL, it alone) after so many seconds."""
        hung, waits = False, ""
        if kill_after is None:
            ended, waits = _watched(started, wall)
            if not ended:
                hung = True
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(started.pid, signal.SIGKILL)
        elif not select.select(
            [started.end], [], [], max(kill_after - (time.monotonic() - started.began), 0.0)
        )[0]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(started.pid, signal.SIGKILL)
        os.close(started.end)
        _, waited, used = os.wait4(started.pid, 0)
        seconds = time.monotonic() - started.began
        _reap(started.pid)
        streams = []
        for path in (started.out, started.err):
            with contextlib.suppress(FileNotFoundError):
                with open(path, "rb") as file:
                    streams.append(file.read(MOST_OUTPUT))
                path.unlink()
                continue
            streams.append(b"")
        with contextlib.suppress(FileNotFoundError):
            started.out.with_suffix(".in").unlink()
        status = os.waitstatus_to_exitcode(waited)
        hung = hung or status == -signal.SIGXCPU
        return Ran(
            started.argv,
            status,
            streams[0],
            streams[1],
            used.ru_utime + used.ru_stime,
            seconds,
            hung,
            waits if hung else "",
        )

    def run(self, *argv: str, kill_after: float | None = None, **options: Any) -> Ran:
        """Starts a command and waits for its end."""
        return self.finish(self.start(argv, **options), kill_after=kill_after)


def _watched(started: Started, wall: float) -> tuple[bool, str]:
    """Whether the command came to its end by itself, and else where in the kernel it waits."""
    asleep, used = 0.0, -1
    while time.monotonic() - started.began < wall:
        if select.select([started.end], [], [], _LOOK_SECONDS)[0]:
            return True, ""
        awake, ticks, waits = _activity(started.pid)
        asleep = 0.0 if awake or ticks != used else asleep + _LOOK_SECONDS
        used = ticks
        if asleep >= _ASLEEP_SECONDS:
            return False, waits
    return False, ""


def _activity(group: int) -> tuple[bool, int, str]:
    """Of all processes of the session: whether one could go on, the processor time
    used, and where the first waits.
    """
    awake, ticks, waits = False, 0, ""
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (place / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == group:
                awake = awake or fields[0] in "RD"
                ticks += int(fields[11]) + int(fields[12])
                waits = waits or (place / "wchan").read_text()
    return awake, ticks, waits


def remove_tree(folder: Path) -> None:
    """Removes a tree that may be thousands of levels deep or read-only."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink()
        return
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        os.spawnlp(os.P_WAIT, "chmod", "chmod", "-R", "u+rwx", str(folder))
        os.spawnlp(os.P_WAIT, "rm", "rm", "-rf", str(folder))


def _reap(group: int, seconds: float = 15.0) -> None:
    """Waits until nothing of the command is left; what a killed command had started
    ends by itself, or is ended.
    """
    give_up = time.monotonic() + seconds
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-group, os.WNOHANG)[0]:
                pass
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return
        if time.monotonic() > give_up:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        time.sleep(0.005)


def _child(
    argv: list[str],
    folder: Path,
    environ: dict[str, str],
    streams: tuple[Path, Path, Path],
    before: Callable[[], None] | None,
    cpu: int,
) -> None:
    """Never returns."""
    status = 99
    try:
        os.setsid()
        source, out, err = streams
        for number, path, flags in (
            (0, source, os.O_RDONLY),
            (1, out, os.O_WRONLY | os.O_CREAT),
            (2, err, os.O_WRONLY | os.O_CREAT),
        ):
            opened = os.open(path, flags, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        sys.stdin = io.TextIOWrapper(
            io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape"
        )
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(
                io.BufferedWriter(io.FileIO(number, "w", closefd=False)), "utf-8", errors, write_through=True
            )
            for number, errors in ((1, "strict"), (2, "backslashreplace"))
        )
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(folder)
        os.environb.clear()
        os.environb.update({os.fsencode(k): os.fsencode(v) for k, v in environ.items()})
        sys.argv = ["dagogy", *argv]
        if before is not None:
            before()
        from dagogy.cli.main import main

        main(argv)
        status = 0
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status & 0xFF)


def warm(root: Path) -> None:
    """Imports, in this process, what commands import, by going once through them; every fork then has it."""
    import importlib
    import subprocess

    from dagogy.cli.app import COMMANDS
    from dagogy.cli.group import run
    from dagogy.host.manager import Host

    folder = root / "warm"
    folder.mkdir()
    before = Path.cwd(), dict(os.environ)
    os.chdir(folder)
    for name in [n for n in os.environ if n.startswith(_OURS)]:
        del os.environ[name]
    os.environ["HOME"] = str(folder)
    (folder / "tea.md").write_text(
        "# Tea\n\n## Water\nWater carries the taste.\n\n## Leaves\nLeaves need water. They give colour.\n"
    )
    lines: tuple[tuple[str, ...], ...] = (
        ("init", "warm"), ("run", "latest", "--scope-file", "tea.md"), ("validate", "latest", "--format",
        "sarif"), ("why", "latest", "water"),
        ("plan", "latest"), ("diff", "latest"), ("archive", "latest"), ("list",), ("doctor",), ("plan",
        "nothing"), ("explain", "graph.acyclic"),
        ("status", "latest"), ("escalate", "latest"), ("postmortem", "latest"), ("diagnose", "latest"),
        ("recover", "latest", "--dry-run"),
        ("triage", "latest", "--no-fix"), ("incidents", "list"), ("plugins", "list"), ("export", "latest",
        "--format", "mermaid"),
    )  # fmt: skip
    try:
        for module, _ in COMMANDS.values():
            importlib.import_module(f"dagogy.cli.commands.{module}")
        Host().load("provider")
        with (
            open(os.devnull, "w") as null,
            contextlib.redirect_stdout(null),
            contextlib.redirect_stderr(null),
        ):
            for line in lines:
                run(list(line))
    finally:
        os.chdir(before[0])
        os.environ.clear()
        os.environ.update(before[1])
    assert subprocess  # what recover starts commands with
