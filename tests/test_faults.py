"""What happens when a command is cut short: killed at any write, interrupted at any moment, the disk full,
read-only or gone.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagogy.cli.group import run as run_command
from dagogy.kit.cases import complete_spec
from dagogy.workspace.events import read_events
from support import (
    HANGS,
    CommandRunner,
    clean_environment,
    curriculum_of,
    forked,
    in_tmpfs,
    remount_read_only,
)

SCOPE = """# Tea

## Water
Water carries the taste. Soft water has few minerals, and it keeps the taste clear.

## Leaves
Leaves give water their colour. Green leaves are not oxidised, black leaves are.

## Brewing
Brewing needs water and leaves. Hot water draws the taste out of the leaves in minutes.
"""
_WRITES = ("open", "mkdir", "write", "fsync", "replace", "rename", "link", "unlink")


def _at_write(number: int, act: Callable[[], None]) -> None:
    """Calls `act` just before the `number`-th change of the file system; a write is first half done."""
    seen = 0

    def wrapped(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal seen
            if name != "open" or (len(arguments) > 1 and arguments[1] & os.O_CREAT):
                seen += 1
                if seen == number:
                    if name == "write":
                        original(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                    act()
            return original(*arguments, **options)

        return call

    for name in _WRITES:
        setattr(os, name, wrapped(name, getattr(os, name)))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _killed(runner: CommandRunner, number: int, *arguments: str) -> int:
    def child() -> int:
        _at_write(number, _die)
        return run_command(list(arguments))

    return forked(child, runner.folder).status


def _assert_whole(folder: Path) -> None:
    """Every artifact that has its name is complete; one kill tears one line of the events log at most."""
    for path in folder.rglob("*"):
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".jsonl":
            lines = [line for line in path.read_text().split("\n") if line]
            assert len(lines) - len(list(read_events(path))) <= 1
        elif path.name.endswith(".tar.gz"):
            with tarfile.open(path) as tar:
                assert any(name.endswith("/run.json") for name in tar.getnames())


def _temporaries(folder: Path) -> list[str]:
    """What was left half written. A failure record is written without the lock, so one is only removed when
    it is a minute old.
    """
    return [str(p) for p in folder.rglob(".*.tmp") if p.parent.name != "failures"]


def _redundant() -> dict[str, Any]:
    """A curriculum that one safe fix makes better."""
    return curriculum_of(
        {"id": "a"}, {"id": "b", "prerequisites": ["a"]}, {"id": "c", "prerequisites": ["a", "b"]}
    )


def _prepare(runner: CommandRunner, stage: str) -> Path:
    run = runner.init()
    (runner.folder / "tea.md").write_text(SCOPE)
    if stage == "by hand":
        (run / "inputs/topic_spec.json").write_text(json.dumps(complete_spec({})))
        (run / "outputs/curriculum/curriculum.json").write_text(json.dumps(_redundant()))
    elif stage != "initialized":
        runner.ok("run", "latest", "--scope-file", "tea.md")
        if stage == "edited":
            (run / "inputs/topic_spec.json").write_text(
                (run / "inputs/topic_spec.json").read_text().replace("Tea", "Green Tea")
            )
        elif stage == "generated":
            (run / "outputs/plan/plan.json").unlink()
    return run


_FIRST_RUN = ["run", "latest", "--scope-file", "tea.md"]
_NEXT_RUN = [*_FIRST_RUN, "--scope-section", "Water", "--scope-section", "Leaves"]


@pytest.mark.parametrize(
    ("stage", "command", "step"),
    [
        pytest.param("initialized", _FIRST_RUN, 41, marks=pytest.mark.slow),
        pytest.param("edited", ["validate", "latest"], 10, marks=pytest.mark.slow),
        pytest.param("by hand", ["validate", "latest", "--fix"], 13, marks=pytest.mark.slow),
        ("generated", ["plan", "latest"], 4),
        pytest.param("iterated", ["iterate", "latest"], 4, marks=pytest.mark.slow),
        ("edited", ["status", "latest"], 3),
        pytest.param("iterated", ["archive", "latest"], 3, marks=pytest.mark.slow),
        pytest.param("edited", ["status", "latest"], 1, marks=pytest.mark.slow),
        pytest.param("edited", ["validate", "latest"], 1, marks=pytest.mark.slow),
        pytest.param("iterated", ["archive", "latest"], 1, marks=pytest.mark.slow),
        pytest.param("initialized", _FIRST_RUN, 1, marks=pytest.mark.slow),
        pytest.param("iterated", _NEXT_RUN, 1, marks=pytest.mark.slow),
        pytest.param("by hand", ["validate", "latest", "--fix"], 1, marks=pytest.mark.slow),
        pytest.param("generated", ["plan", "latest"], 1, marks=pytest.mark.slow),
        pytest.param("iterated", ["iterate", "latest"], 1, marks=pytest.mark.slow),
    ],
    ids=lambda value: (
        " ".join(value[:1] + [v for v in value if v == "--fix"]) if isinstance(value, list) else str(value)
    ),
)
def test_a_kill_at_any_write_leaves_whole_artifacts_and_the_command_can_be_repeated(
    runner: CommandRunner, stage: str, command: list[str], step: int
) -> None:
    run = _prepare(runner, stage)
    saved = runner.folder / "saved"
    shutil.copytree(run, saved)
    unharmed = runner(*command).status
    wanted = runner.stage()
    for number in range(1, 1000, step):
        shutil.rmtree(runner.runs)
        shutil.copytree(saved, run)
        status = _killed(runner, number, *command)
        _assert_whole(runner.runs)
        runner.ok("status", "latest")
        runner.ok("list")
        if status != -signal.SIGKILL:
            assert status == unharmed
            break
        again = runner(*command)
        assert again.status == unharmed, (number, again.err)
        assert runner.stage() == wanted, number
        if command[0] == "status":  # cleaning up is for commands that hold the lock
            runner("validate", "latest")
        assert _temporaries(runner.runs) == [], number
        _assert_whole(runner.runs)
    assert number > 3 * step


#: Every write with the slow tests, every fourth one with the quick ones.
_STEPS = pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])


@_STEPS
def test_a_kill_at_any_write_of_init_leaves_no_half_run(runner: CommandRunner, step: int) -> None:
    for number in range(1, 200, step):
        shutil.rmtree(runner.runs, ignore_errors=True)
        status = _killed(runner, number, "init", "course")
        for row in runner.ok("list", "--json").json["runs"]:
            assert row["problem"] == ""
            assert runner.stage(row["run_id"]) == "initialized"
        if status != -signal.SIGKILL:
            break
        runner.init()
    assert number > 5


@_STEPS
def test_a_kill_at_any_write_of_archive_remove_leaves_the_run_or_its_archive(
    runner: CommandRunner, step: int
) -> None:
    run = _prepare(runner, "iterated")
    saved = runner.folder / "saved"
    shutil.copytree(run, saved)
    for number in range(1, 200, step):
        shutil.rmtree(runner.runs)
        shutil.copytree(saved, run)
        status = _killed(runner, number, "archive", "latest", "--remove")
        _assert_whole(runner.runs)
        archives = sorted(runner.runs.glob("archives/*.tar.gz"))
        if not runner.ok("list", "--json").json["runs"]:
            runner.ok("init", "--from", str(archives[0]))
        assert runner.stage() == "iterated"
        if status != -signal.SIGKILL:
            break
    assert number > 5


def test_what_a_killed_init_left_is_removed_by_a_later_one_and_a_living_one_is_not(
    runner: CommandRunner,
) -> None:
    import fcntl

    runner.runs.mkdir()
    dead, filled, young = (runner.runs / f".new-{name}" for name in ("dead", "filled", "young"))
    for folder in (dead, filled, young):
        folder.mkdir()
        (folder / "run.json").write_text("{}")
    for folder in (dead, filled):
        os.utime(folder, (1, 1))
    descriptor = os.open(filled, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        runner.init()
    finally:
        os.close(descriptor)
    assert [folder.exists() for folder in (dead, filled, young)] == [False, True, True]


def _interrupt_at_call(number: int, which: signal.Signals) -> None:
    """Sends the signal when the `number`-th function is called from now on."""
    left = number

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal left
        if event == "call":
            left -= 1
            if left == 0:
                sys.setprofile(None)
                os.kill(os.getpid(), which)

    sys.setprofile(profile)


@pytest.mark.parametrize(
    ("which", "step"),
    [
        (signal.SIGTERM, 5),
        *(pytest.param(s, 1, marks=pytest.mark.slow) for s in (signal.SIGINT, signal.SIGTERM)),
    ],
)
def test_a_signal_at_any_moment_ends_a_command_in_order(
    runner: CommandRunner, which: signal.Signals, step: int
) -> None:
    run = _prepare(runner, "initialized")
    saved = runner.folder / "saved"
    shutil.copytree(run, saved)
    stopped = 0
    moments = [*range(12, 60, 7), *(int(60 * 1.22**k) for k in range(48))][::step]
    for number in moments:
        shutil.rmtree(run)
        shutil.copytree(saved, run)

        def child(number: int = number) -> int:
            from dagogy.cli.main import main

            signal.signal(signal.SIGINT, signal.default_int_handler)
            # As `main` does first of all: what comes before it is Python's own start.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            _interrupt_at_call(number, which)
            try:
                main(["run", "latest", "--scope-file", "tea.md", "--json"])
            except SystemExit as stop:
                return int(str(stop.code))
            return 98

        done = forked(child, runner.folder)
        assert "Traceback" not in done.err, (number, done.err)
        if done.status == 130:
            stopped += 1
            assert done.err.startswith("[interrupted] "), (number, done.err)
            assert done.out, (number, done.err)
            assert (
                done.json["error"]["code"] == "interrupted"
                if "error" in done.json
                else done.json["stage"] == "iterated"
            )
        else:
            assert done.status == 0, (number, done.status, done.err)
            assert done.json["stage"] == "iterated"
        _assert_whole(run)
        runner.ok("status", "latest")
    assert stopped > len(moments) / 2
    runner.ok("run", "latest", "--scope-file", "tea.md")
    assert _temporaries(run) == []


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_waits_for_its_scope_file_can_be_stopped(
    runner: CommandRunner, which: signal.Signals
) -> None:
    runner.init()
    os.mkfifo(runner.folder / "scope")
    process = subprocess.Popen(
        [sys.executable, "-m", "dagogy", "run", "latest", "--scope-file", "scope", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    writer = os.open(runner.folder / "scope", os.O_WRONLY)  # returns when the other side has opened it
    try:
        process.send_signal(which)
        out, err = process.communicate(timeout=HANGS)
    finally:
        os.close(writer)
    assert process.returncode == 130
    assert err.startswith("[interrupted] ")
    assert "Traceback" not in err
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert runner.stage() == "initialized"


def _disk(size: str, runner: CommandRunner, function: Callable[[Path], None]) -> None:
    """`function` gets the runs dir, which is on a small disk of its own."""

    def body(disk: Path) -> None:
        os.environ["ORCHESTRATION_BASE_DIR"] = str(disk)
        function(disk)

    in_tmpfs(size, runner.folder.parent, body)


def _fill(disk: Path, leave: int) -> Path:
    """Fills the disk but for `leave` pages."""
    filler, space = disk / "filler", os.statvfs(disk)
    pages = space.f_bavail - leave
    with open(filler, "wb") as file:
        file.write(b"\0" * (max(pages, 0) * space.f_frsize))
    return filler


@pytest.mark.parametrize(
    "command",
    [
        ["run", "latest", "--scope-file", "tea.md"],
        *(
            pytest.param([c, "latest"], marks=pytest.mark.slow)
            for c in ("validate", "plan", "iterate", "archive")
        ),
        ["init", "other"],
    ],
    ids=lambda command: command[0],
)
def test_a_full_disk_is_an_io_error_and_what_was_there_is_intact(
    runner: CommandRunner, command: list[str]
) -> None:
    def body(disk: Path) -> None:
        (runner.folder / "tea.md").write_text(SCOPE)
        run = runner.init()
        runner.ok("run", "latest", "--scope-file", "tea.md")
        before = {p: p.read_bytes() for p in run.rglob("*.json") if "failures" not in p.parts}
        refused = 0
        for leave in range(40):
            filler = _fill(disk, leave)
            done = runner(*command, "--json")
            _assert_whole(disk)
            if done.status:
                refused += 1
                assert (done.status, done.code) == (6, "io_error"), (leave, done.err)
                assert "No space left" in done.err
                assert done.json["error"]["details"]["errno_name"] == "ENOSPC"
                assert _temporaries(disk) == []
                runner.ok("status", str(run.name))
            filler.unlink()
            if not done.status:
                break
            runner.ok("run", run.name)
            runner.ok("archive", run.name)
            shutil.rmtree(disk / "archives")
        assert refused, "the disk was never full"
        assert not done.status, "the disk was always full"
        assert {p: p.exists() for p in before} == dict.fromkeys(before, True)

    _disk("1M", runner, body)


@pytest.mark.slow
def test_a_read_only_runs_dir_is_read_and_refuses_what_writes(runner: CommandRunner) -> None:
    def body(disk: Path) -> None:
        (runner.folder / "tea.md").write_text(SCOPE)
        run = runner.init()
        runner.ok("run", "latest", "--scope-file", "tea.md")
        (run / "outputs/plan/plan.json").unlink()
        remount_read_only(disk)
        assert runner.stage() == "validated"
        runner.ok("list")
        runner.ok("diff", "latest")
        for command in (
            ["init", "x"],
            ["validate", "latest"],
            ["plan", "latest"],
            ["run", "latest"],
            ["archive", "latest"],
        ):
            done = runner(*command)
            assert (done.status, done.code) == (6, "io_error"), (command, done.err)
            assert "Read-only file system" in done.err
            assert "ORCHESTRATION_BASE_DIR" in done.err
        doctor = runner("doctor", "--json")
        assert doctor.status == 6
        assert [row["check"] for row in doctor.json["checks"] if not row["ok"]] == ["runs dir"]

    _disk("1M", runner, body)


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_commands_that_need_not_write_work_without_a_place_to_write_to(
    runner: CommandRunner, kind: str
) -> None:
    """And those that must are an io_error that leaves nothing, what was there is as it was."""

    def body(disk: Path) -> None:
        (runner.folder / "tea.md").write_text(SCOPE)
        run = runner.init()
        runner.ok("run", "latest", "--scope-file", "tea.md")
        put_scope = runner.folder / "binary.md"
        put_scope.write_bytes(b"\xff\x00" * 20)
        runner("run", "latest", "--scope-file", "binary.md")
        archive = Path(runner.ok("archive", "latest", "--json").json["archive"])
        outside = runner.folder / "outside.tar.gz"
        outside.write_bytes(archive.read_bytes())
        archive.unlink()
        (disk / "circuits.json").write_text('{"circuits": []}')
        before = {p: p.read_bytes() for p in disk.rglob("*") if p.is_file()}
        if kind == "full":
            before[_fill(disk, 0)] = b""
        else:
            remount_read_only(disk)
        for command in (
            ["status", "latest"],
            ["next", "latest"],
            ["list"],
            ["diff", "latest"],
            ["why", "latest", "Leaves"],
            ["diagnose", "latest"],
            ["export", "latest", "--format", "mermaid", "-o", "graph.mmd"],
            ["postmortem", "latest"],
            ["incidents", "list"],
            ["incidents", "reset"],
        ):
            runner.ok(*command)
        runner("recover", "latest", "--dry-run")
        for command in (
            ["init", "--from", str(outside)],
            ["escalate", "latest"],
            ["archive", "latest", "--remove"],
        ):
            done = runner(*command)
            assert (done.status, done.code) == (6, "io_error"), (command, done.err)
            assert _temporaries(disk) == []
        logs = ("filler", "events.jsonl", ".lock")
        assert {p: p.read_bytes() for p in before if p.name not in logs} == {
            p: data for p, data in before.items() if p.name not in logs
        }
        assert [p.name for p in disk.glob("2*")] == [run.name]
        assert not list(disk.glob(".new-*/*/run.json"))

    _disk("1M", runner, body)


def test_doctor_tells_of_a_disk_that_is_nearly_full(runner: CommandRunner) -> None:
    def body(disk: Path) -> None:
        done = runner("doctor")
        assert (done.status, done.code) == (6, "io_error")
        assert "MiB are free" in done.err

    _disk("1M", runner, body)


@pytest.mark.parametrize("kind", ["file", "loop", "below a file"])
def test_a_runs_dir_that_is_no_folder_is_named(
    runner: CommandRunner, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = runner.folder / "place"
    if kind == "loop":
        place.symlink_to(place)
    else:
        place.write_text("x")
    monkeypatch.setenv("ORCHESTRATION_BASE_DIR", "place/below" if kind == "below a file" else "place")
    for command in (["init", "x"], ["list"], ["status", "latest"], ["doctor"]):
        done = runner(*command, "--json")
        assert (done.status, done.code) == (6, "io_error"), (command, done.err)
        assert str(place) in done.err


def test_a_missing_runs_dir_has_no_runs_and_is_not_made_by_looking(runner: CommandRunner) -> None:
    assert runner.ok("list", "--json").json["runs"] == []
    assert runner("status", "latest").code == "not_found"
    assert not runner.runs.exists()


@pytest.mark.slow
def test_who_may_not_write_is_reported_so(runner: CommandRunner) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    run = runner.init()
    for folder in [runner.folder, *runner.folder.parents]:
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o055)
    for path in [runner.runs, *runner.runs.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)

    def as_nobody(*command: str) -> int:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        return run_command(list(command))

    assert forked(lambda: as_nobody("status", "latest"), runner.folder).status == 0
    for command in (["init", "x"], ["validate", "latest"], ["archive", "latest"]):
        done = forked(lambda command=command: as_nobody(*command), runner.folder)  # type: ignore[misc]
        assert (done.status, done.code) == (6, "io_error"), (command, done.err)
        assert "Permission denied" in done.err
    (run / "run.json").chmod(0)
    done = forked(lambda: as_nobody("status", "latest"), runner.folder)
    assert (done.status, done.code) == (6, "io_error")
    assert "run.json" in done.err
