"""Fixtures of all tests."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import forkserver
import pytest
from codex_support import codex_command  # noqa: F401 - a fixture
from hypothesis import settings
from servers.fixtures import (  # noqa: F401
    aimock,
    codex,
    faulty,
    faulty_tls,
    good_curriculum,
    good_faulty,
    llmock,
    pytest_terminal_summary,
    self_signed,
)
from support import CommandRunner, SitePackages

# What this process imports, the processes that it starts find compiled: they write no bytecode, and compiling
# takes them five times as long as their work.
sys.dont_write_bytecode = False

# Whoever runs the tests may ignore signals, as nohup does and a shell for what it puts in the background.
# Children inherit that, and ours are to heed them.
for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, _handler)

# What belongs to the user (files that were trusted, keys of this machine) is none of the tests' business.
# Children inherit this, too.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="dagogy-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

# A busy machine is no failure: examples have no deadline. 40 of them find what 100 do in most tests, at less
# than half the time.
settings.register_profile("dagogy", deadline=None, max_examples=40, print_blob=True)
settings.load_profile("dagogy")

if forkserver.supported:
    forkserver.ForkServer(os.environ).install()


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: some tests wait, for a service that is slow
    or a process that is to end.
    """
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


@pytest.fixture
def fresh_interpreters() -> Iterator[None]:
    """`python -m dagogy` is started anew each time: for what depends on what it imports, and when."""
    with forkserver.fresh_interpreters():
        yield


@pytest.fixture(autouse=True, scope="session")
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What dagogy keeps for its user is kept for the tests in a folder of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SitePackages]:
    """A folder for fake distributions that is on `sys.path`; what was imported from
    it is forgotten afterwards.
    """
    for name in ("DAGOGY_DISABLE", "DAGOGY_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = SitePackages(tmp_path / "site")
    monkeypatch.syspath_prepend(str(made.folder))
    yield made
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandRunner:
    """An empty workspace as the current folder, without any setting of ours. Nothing waits for the disk."""
    for name in os.environ:
        if name.startswith(("DAGOGY_", "AGENT_", "ORCHESTRATION_", "OPENAI_", "CODING_AGENT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return CommandRunner(folder)
