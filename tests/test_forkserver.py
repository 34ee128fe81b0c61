"""A command from the fork server is what a command in a fresh interpreter is; what the other tests see of
processes rests on that.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forkserver
import pytest
from support import HANGS, CommandRunner, clean_environment, make_plugin

pytestmark = pytest.mark.skipif(not forkserver.supported, reason="processes are forked on Linux only")

DECLARED = """
    from dagogy.api import CommandInfo, hookimpl

    @hookimpl
    def dagogy_commands():
        yield CommandInfo(id="facts", summary="s", api_version=1, impl="facts_command:facts")
"""
COMMAND = """
    import json, os, signal, sys, tempfile, threading
    from pathlib import Path

    import click

    @click.command()
    @click.argument("words", nargs=-1)
    def facts(words):
        os.umask(mask := os.umask(0))
        names = ["SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGPIPE", "SIGCHLD"]
        found = {
            "main": Path(sys.modules["__main__"].__file__).name,
            "parent": os.getppid(),
            "folder": os.getcwd(),
            "argv": sys.argv[1:],
            "orig_argv": sys.orig_argv,
            "environment": dict(os.environ),
            "shown": sorted(Path("/proc/self/environ").read_text().strip(chr(0)).split(chr(0))),
            "path": sys.path,
            "mask": mask,
            "temporary": tempfile.gettempdir(),
            "threads": threading.active_count(),
            "signals": [getattr(handler, "__name__", str(handler)) for handler in (signal.getsignal(getattr(signal, name)) for name in names)],
            "streams": [(s.encoding, s.errors, s.line_buffering, s.write_through, s.isatty()) for s in (sys.stdin, sys.stdout, sys.stderr)],
            "hidden": sys.flags.dont_write_bytecode or sys.dont_write_bytecode,
            "changed": hasattr(os, "changed_by_the_test"),
            "read": sys.stdin.read(),
        }
        click.echo(json.dumps(found))
"""  # noqa: E501


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return make_plugin(
        tmp_path / "site",
        "facts",
        entry_points={"command": {"facts": "facts_declared"}},
        modules={"facts_declared": DECLARED, "facts_command": COMMAND},
    )


def facts(site: Path, folder: Path, *python: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, *python, "-m", "dagogy", "facts", "a b", "ü"],
        cwd=folder,
        env=clean_environment([site], **environment),
        input="typed",
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("python", [(), ("-P",)], ids=["folder first", "safe path"])
def test_a_forked_command_finds_what_an_executed_one_finds(
    site: Path, tmp_path: Path, python: tuple[str, ...]
) -> None:
    (tmp_path / "tmp").mkdir()
    forked = facts(site, tmp_path, *python, TMPDIR=str(tmp_path / "tmp"), MORE="x")
    with forkserver.fresh_interpreters():
        executed = facts(site, tmp_path, *python, TMPDIR=str(tmp_path / "tmp"), MORE="x")
    assert (forked.pop("main"), executed.pop("main")) == ("forkserver.py", "__main__.py")
    assert forked["parent"] == os.getpid()
    assert forked == executed


def test_a_forked_command_has_the_terminal_that_it_was_given(site: Path, tmp_path: Path) -> None:
    def on_a_terminal() -> dict[str, Any]:
        leader, follower = pty.openpty()
        os.write(leader, b"typed\n\x04")
        command = [sys.executable, "-m", "dagogy", "facts"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=clean_environment([site]),
            stdin=follower,
            stdout=subprocess.PIPE,
            stderr=follower,
            timeout=HANGS,
        )
        os.close(leader)
        os.close(follower)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    forked = on_a_terminal()
    with forkserver.fresh_interpreters():
        executed = on_a_terminal()
    assert (forked.pop("main"), executed.pop("main")) == ("forkserver.py", "__main__.py")
    assert [stream[-1] for stream in forked["streams"]] == [True, False, True]
    assert (forked, forked["read"]) == (executed, "typed\n")


def test_nothing_of_what_a_test_changed_is_in_a_forked_command(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "changed_by_the_test", True, raising=False)
    found = facts(site, tmp_path)
    assert (found["main"], found["changed"]) == ("forkserver.py", False)


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONHASHSEED": "1"}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}],
    ids=lambda e: next(iter(e)),
)
def test_what_an_interpreter_reads_when_it_starts_gets_a_fresh_one(
    site: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert facts(site, tmp_path, **environment)["main"] == "__main__.py"


def test_a_module_that_stands_before_one_of_the_server_is_imported(site: Path, tmp_path: Path) -> None:
    (site / "click").mkdir()
    (site / "click/__init__.py").write_text("raise SystemExit(7)")
    done = subprocess.run(
        [sys.executable, "-m", "dagogy", "--help"],
        cwd=tmp_path,
        env=clean_environment([site]),
        capture_output=True,
        timeout=HANGS,
    )
    assert done.returncode == 7


def test_a_folder_that_is_not_there_is_an_error_of_whoever_starts_the_command(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        subprocess.run([sys.executable, "-m", "dagogy", "list"], cwd=tmp_path / "missing", check=False)


@pytest.fixture
def waiting(runner: CommandRunner) -> Iterator[subprocess.Popen[bytes]]:
    """A command that waits for its scope document."""
    runner.init()
    os.mkfifo(runner.folder / "scope")
    command = [sys.executable, "-m", "dagogy", "run", "latest", "--scope-file", "scope"]
    process = subprocess.Popen(
        command, cwd=runner.folder, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with open(runner.folder / "scope", "w"):  # returns when the command has opened it
        yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_forked_command_is_a_child_that_takes_signals(
    waiting: subprocess.Popen[bytes], number: signal.Signals, status: int
) -> None:
    assert waiting.poll() is None
    waiting.send_signal(number)
    assert waiting.wait(HANGS) == status
