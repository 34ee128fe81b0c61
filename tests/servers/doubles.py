"""Where the test doubles are that `make` installs, and how they are started."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
NODE = VENV / "node"
CODEX = NODE / "node_modules/.bin/codex"
AIMOCK = NODE / "node_modules/.bin/llmock"
LLMOCK = VENV / "llmock/bin/llmock"
MODEL = VENV / "model/bin/python"
#: How every reason begins for which a test is skipped that needs what npm installs.
NEEDS_NPM = "needs npm: "


def missing_from_npm(command: Path) -> str:
    """Why the tests with `command` cannot run; "" when they can."""
    if not shutil.which("node"):
        return f"{NEEDS_NPM}node is not installed"
    if command.exists():
        return ""
    reason = NODE / "unavailable"
    return NEEDS_NPM + (
        reason.read_text().strip()
        if reason.exists()
        else f"{command.name} is not there; 'make test' installs it"
    )


_LIBC = ctypes.CDLL(None)


def _end_with_the_tests() -> None:
    """In the child: killed when the tests are, which then have no time to do it."""
    pr_set_pdeathsig = 1
    _LIBC.prctl(pr_set_pdeathsig, signal.SIGKILL)


@contextmanager
def started(command: Sequence[str | Path], until: str, **environment: str) -> Iterator[str]:
    """A server as long as the block runs, in a process group of its own; yields the line that it prints when
    it is ready, which holds `until`.
    """
    process = subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
        preexec_fn=_end_with_the_tests,
    )
    assert process.stdout is not None
    printed = []
    try:
        for line in process.stdout:
            printed.append(line)
            if until in line:
                break
        else:
            raise AssertionError(f"{command} ended with {process.wait()}: {''.join(printed)}")
        # What it prints from now on is read, so that it never waits for a full pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield printed[-1]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def call(url: str, body: Any = None, method: str = "") -> Any:
    """A request to a server's own pages: JSON there, JSON back."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(
        url, data, {"Content-Type": "application/json"}, method=method or ("GET" if data is None else "POST")
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def codex_home(folder: Path, base_url: str, **settings: int | str | None) -> dict[str, str]:
    """A CODEX_HOME in which `base_url` is the model provider and nothing else is asked of the network; the
    environment that goes with it.

    `settings` are those of the model provider: `request_max_retries`, `stream_max_retries`,
    `stream_idle_timeout_ms`, …; None leaves one out.
    """
    folder.mkdir(parents=True)
    own = {"name": "local", "base_url": base_url, "wire_api": "responses", "env_key": "LOCAL_KEY", **settings}
    lines = [
        'model = "gpt-fake"',
        'model_provider = "local"',
        "check_for_update_on_startup = false",
        "[analytics]",
        "enabled = false",
        "[features]",
        "plugins = false",
        "[model_providers.local]",
        *(f"{name} = {json.dumps(value)}" for name, value in own.items() if value is not None),
    ]
    (folder / "config.toml").write_text("\n".join(lines) + "\n")
    return {"CODEX_HOME": str(folder), "CODING_AGENT_CMD": str(CODEX)}


def processes_with(mark: Mapping[str, str]) -> list[str]:
    """The command lines of the living processes in whose environment all of `mark` stands: what a test
    started, however it was handed on.
    """
    wanted = [f"{name}={value}".encode() for name, value in mark.items()]
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            if (
                all(part in environment for part in wanted)
                and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            ):
                found.append(
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                )
        except OSError:
            continue
    return found


def none_left(mark: Mapping[str, str], within: float = 60.0) -> list[str]:
    """What is still alive of it when `within` seconds are over: a killed
    process takes a moment to be gone.
    """
    end = time.monotonic() + within
    while (found := processes_with(mark)) and time.monotonic() < end:
        time.sleep(0.05)
    return found
