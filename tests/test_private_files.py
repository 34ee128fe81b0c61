"""What dagogy keeps is its user's alone, whatever the umask; what is exported follows it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dagogy.workspace.files import export_atomic, make_folder, write_atomic
from hostile_support import finished
from support import CommandRunner


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _wider(folder: Path, allowed: int = 0o077) -> list[str]:
    """What somebody else may read or write."""
    return [
        f"{stat.S_IMODE(p.lstat().st_mode):o} {p}"
        for p in (folder, *folder.rglob("*"))
        if p.lstat().st_mode & allowed and not p.is_symlink()
    ]


@pytest.mark.parametrize("mask", [0, 0o022])
def test_all_that_a_run_leaves_is_private(runner: CommandRunner, mask: int) -> None:
    with umask(mask):
        finished(runner)
        runner("status", "latest")
        runner.ok("archive", "latest")
        runner.ok("escalate", "latest")
        runner("run", "latest", "--scope-section", "No such heading")
        runner("plan", "no-such-run")
        archive = next((runner.runs / "archives").glob("*-course.tar.gz"))
        runner.ok("init", "--from", str(archive))
    names = {p.name for p in runner.runs.rglob("*")}
    assert {
        "archives",
        "circuits.json",
        ".lock",
        "events.jsonl",
        "scope.md",
        "failures",
        ".circuits.lock",
    } <= names
    assert any(name.endswith(".escalation.tar.gz") for name in names)
    assert _wider(runner.runs) == []


def test_a_narrower_umask_stays(tmp_path: Path) -> None:
    with umask(0o277):
        write_atomic(tmp_path / "file", b"x")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o400


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_an_export_follows_the_umask(runner: CommandRunner, mask: int, mode: int) -> None:
    finished(runner)
    with umask(mask):
        runner.ok("export", "latest", "--format", "mermaid", "-o", "graph.mmd")
        runner.ok("postmortem", "latest", "-o", "report.md")
        export_atomic(runner.folder / "below/x", b"x")
    for name in ("graph.mmd", "report.md", "below/x"):
        assert stat.S_IMODE((runner.folder / name).stat().st_mode) == mode


def test_a_run_with_wider_modes_keeps_working_and_its_new_files_are_private(runner: CommandRunner) -> None:
    run = finished(runner)
    for path in (runner.runs, *runner.runs.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    with umask(0):
        runner.ok("run", "latest")
        runner.ok("validate", "latest")
    new = (
        "outputs/reviews/validation_report.json",
        "outputs/reviews/validation_report.md",
        "run.json",
        "outputs/plan/plan.json",
    )
    assert {stat.S_IMODE((run / name).stat().st_mode) for name in new} == {0o600}


def test_folders_are_made_without_recursion_and_never_the_one_above(tmp_path: Path) -> None:
    with umask(0):
        make_folder(tmp_path / "a/b/c")
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3
    with pytest.raises(FileNotFoundError):
        make_folder(tmp_path / "gone/logs", inside=tmp_path / "gone")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        make_folder(tmp_path / "file/below")
