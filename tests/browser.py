"""A real headless Chromium for tests of pages, spoken to over a pipe; pages are opened from files."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support import HANGS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# The browser wants its pipe at 3 (commands) and 4 (answers).
_AT_3_AND_4 = """
import os, sys
to_read, to_write = (os.dup(int(number)) for number in sys.argv[1:3])
high = os.dup(to_read), os.dup(to_write)
os.dup2(high[0], 3)
os.dup2(high[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1200,800",
    "--remote-debugging-pipe",
)


class Tab:
    """One page. `requests`: the addresses it asked for; `errors`: what its console said of errors."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._loaded = False

    def begin(self) -> None:
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(self, path: Path, fragment: str = "") -> None:
        """Opens a file and waits until it is loaded and drawn."""
        # From an empty page: where the fragment alone differs, nothing is loaded, and nothing tells of it.
        for address in ("about:blank", path.as_uri() + fragment):
            self._loaded = False
            answer = self._call("Page.navigate", url=address)
            assert "errorText" not in answer, answer["errorText"]
            while not self._loaded:
                self._event()
        self.requests = [asked for asked in self.requests if asked != "about:blank"]
        self.drawn()

    def drawn(self) -> None:
        """Waits until what was asked of the page is on its canvas."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """One key, as a person presses it."""
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "ArrowRight": 39}
        facts: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        typed = {"text": "\r"} if key == "Enter" else {"text": text or key} if len(key) == 1 else {}
        self._call("Input.dispatchKeyEvent", type="keyDown" if typed else "rawKeyDown", **facts, **typed)
        self._call("Input.dispatchKeyEvent", type="keyUp", **facts)
        self.drawn()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._event()
            if answer.get("id") == message["id"]:
                assert "error" not in answer, (method, answer["error"])
                return dict(answer["result"])

    def _event(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], HANGS)
            assert ready, "the browser hangs"
            data = os.read(self._answers, 1 << 16)
            assert data, "the browser ended"
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        event: dict[str, Any] = json.loads(text)
        facts = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(facts["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(facts["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled" if facts["type"] in ("error", "warning", "assert"):
                self.errors.append(str(facts["args"]))
            case "Log.entryAdded" if facts["entry"]["level"] in ("error", "warning"):
                self.errors.append(facts["entry"]["text"])
            case "Page.loadEventFired":
                self._loaded = True
        return event


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A tab of a browser of its own, which is ended at the end."""
    assert CHROMIUM is not None
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    command = [sys.executable, "-c", _AT_3_AND_4, str(theirs_in), str(theirs_out), CHROMIUM, *_OPTIONS]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={profile}"],
        pass_fds=(theirs_in, theirs_out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(profile)},
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        tab = Tab(ours_out, ours_in)
        tab.begin()
        yield tab
    finally:
        process.kill()
        process.wait()
        os.close(ours_out)
        os.close(ours_in)
