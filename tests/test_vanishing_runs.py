"""A run that is archived away while somebody reads it: `not_found` with its id,
whichever file was missed first.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dagogy.workspace.archive import remove_run
from dagogy.workspace.runs import Run
from hostile_support import finished
from support import CommandRunner, forked, some_fast

#: What is read of a file system, and what is changed.
_READS = ("open", "stat", "lstat", "scandir", "listdir", "readlink")
_CHANGES = ("rename", "unlink", "rmdir")
READERS = (
    ("status", "latest"),
    ("next", "latest"),
    ("diff", "latest"),
    ("why", "latest", "Brewing"),
    ("export", "latest", "--format", "mermaid"),
    ("diagnose", "latest", "--no-probe"),
    ("recover", "latest", "--dry-run", "--no-probe"),
    ("postmortem", "latest"),
    ("escalate", "latest"),
    ("list",),
    ("incidents", "list"),
)


@contextmanager
def stopped(names: tuple[str, ...], number: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Calls `act` just before the `number`-th of the calls; gives their count so far."""
    seen = [0]
    busy = [False]

    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if not busy[0]:
                seen[0] += 1
                if seen[0] == number:
                    busy[0] = True
                    act()
                    busy[0] = False
            return original(*arguments, **options)

        return call

    originals = {name: getattr(os, name) for name in names}
    for name, original in originals.items():
        setattr(os, name, wrapped(original))
    try:
        yield seen
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def _saved(runner: CommandRunner) -> tuple[Path, Path]:
    run = finished(runner)
    # What `find` records of a command that was killed is recorded: no reader has anything to write.
    runner("status", "latest")
    saved = runner.folder / "saved"
    shutil.copytree(runner.runs, saved)
    return run, saved


def _back(runner: CommandRunner, saved: Path) -> None:
    shutil.rmtree(runner.runs)
    shutil.copytree(saved, runner.runs)


def _check(
    runner: CommandRunner, run: Path, saved: Path, command: tuple[str, ...], numbers: Iterator[int]
) -> int:
    """Removes the run before each of the given reads of `command`; returns how often it was `not_found`."""
    _back(runner, saved)
    sound = runner(*command)
    gone = 0
    for number in numbers:
        _back(runner, saved)
        with stopped(_READS, number, lambda: remove_run(Run(run))) as seen:
            done = runner(*command)
        if seen[0] < number:
            break
        if command[0] in ("list", "incidents"):
            # These look at all runs: one that is gone is not among them, and no reason to fail.
            assert done.status == 0, (number, done.err)
            assert "not read" not in done.out, (number, done.out)
            assert done.out in (sound.out, runner(*command).out) or command[0] == "incidents", (
                number,
                done.out,
            )
        elif done.status == 3:
            gone += 1
            assert done.code == "not_found"
            # Before the first look at the runs dir is over, `latest` means none.
            assert run.name in done.err or "there is no run in" in done.err, (number, done.err)
            assert "Traceback" not in done.err
        else:
            assert done.status == sound.status, (number, done.err)
            assert command[0] in ("recover", "escalate") or done.out == sound.out, (number, done.out)
        assert [p.name for p in runner.runs.glob("2*")] in ([], [run.name]), number
        assert not list(runner.runs.glob("2*/*")) or seen[0] < number, (
            f"{number}: something was written where the run was"
        )
    return gone


@pytest.mark.parametrize("command", some_fast(READERS, *READERS[:2]), ids=lambda command: command[0])
def test_a_run_removed_at_some_reads_is_not_found(runner: CommandRunner, command: tuple[str, ...]) -> None:
    run, saved = _saved(runner)
    gone = _check(runner, run, saved, command, iter(range(2, 400, 67)))
    assert gone or command[0] in ("list", "incidents")


@pytest.mark.slow
@pytest.mark.parametrize("command", READERS, ids=lambda command: command[0])
def test_a_run_removed_at_any_read_is_not_found(runner: CommandRunner, command: tuple[str, ...]) -> None:
    run, saved = _saved(runner)
    _check(runner, run, saved, command, iter(range(1, 100_000)))


@pytest.mark.slow
def test_a_removal_stopped_at_any_step_leaves_the_run_or_none(runner: CommandRunner) -> None:
    run, saved = _saved(runner)
    for number in range(1, 500, 4):
        _back(runner, saved)

        def removing(number: int = number) -> int:
            with stopped(_CHANGES, number, lambda: os.kill(os.getpid(), signal.SIGKILL)):
                return runner("archive", "latest", "--remove").status

        ended = forked(removing, runner.folder)
        done = runner("status", run.name)
        assert done.status in (0, 3), (number, done.err)
        if done.status:
            assert done.code == "not_found"
            assert run.name in done.err
        if ended.status == 0:
            break
    assert done.status == 3
    assert number > 5
