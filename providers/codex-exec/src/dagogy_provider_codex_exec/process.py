"""A child process that cannot outlive us: its own session, our clock, and nothing left alive behind it.

The child and what it starts is one process group. At the end of the time it gets SIGTERM, then SIGKILL, and
so it is when this process is stopped by a signal. What left the group (codex starts each command of the
agent, and a shell of the user's, in a session of its own) is found by a mark in its environment, on Linux.
After `kill -9` of this process, when nothing can be done from here, the kernel of Linux sends the child
SIGTERM, which codex heeds. What remains then is the temporary folder, and for as long as they run: shells
that codex had started, a wrapper that does not pass the signal on.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: The variable that marks every process of one run.
MARK = "DAGOGY_CODEX_EXEC"
#: Most that is kept of an output, and of one line of it.
MOST_BYTES = 8 * 2**20
#: How long the child may take to end after SIGTERM. A command that the user interrupts waits as long.
GRACE_SECONDS = 2.0
#: How long a child that has said all may take to end by itself.
LINGER_SECONDS = 5.0
#: How long the outputs may stay open after the end of the child.
_DRAIN_SECONDS = 1.0
_TICK_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `returncode` is negative for a signal. We ended it where it `timed_out`, or
    `lingered` after it had said all.
    """

    returncode: int
    timed_out: bool
    lingered: bool
    stdout: bytes
    stderr: bytes


def run(
    words: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    text: bytes = b"",
    seconds: float,
    on_line: Callable[[bytes], None] = lambda line: None,
    finished: Callable[[], bool] = lambda: False,
) -> Ended:
    """Runs `words` in `folder` with `text` on stdin, for at most `seconds` and the grace.

    `on_line` gets each line of stdout as it comes; `finished` says that nothing more is wanted. Raises
    `OSError` when it cannot be started.
    """
    deadline = time.monotonic() + seconds
    child = _Child(words, environ, folder, text, on_line)
    timed_out = lingered = False
    finished_at: float | None = None
    try:
        while child.pump(_TICK_SECONDS):
            now = time.monotonic()
            finished_at = (finished_at or now) if finished() else None
            timed_out = finished_at is None and now >= deadline
            lingered = finished_at is not None and now >= min(deadline, finished_at + LINGER_SECONDS)
            if timed_out or lingered:
                child.stop()
                break
    except BaseException:
        child.stop()
        raise
    finally:
        child.end()
    return Ended(
        child.process.returncode, timed_out, lingered, bytes(child.stdout.kept), bytes(child.stderr.kept)
    )


class _Tail:
    """The end of an output, and its lines as they become whole. A line longer than
    the limit is not handed on.
    """

    def __init__(self, on_line: Callable[[bytes], None]) -> None:
        self.kept = bytearray()
        self._line = bytearray()
        self._on_line = on_line

    def add(self, data: bytes) -> None:
        self.kept += data
        if len(self.kept) > 2 * MOST_BYTES:
            del self.kept[:-MOST_BYTES]
        *whole, rest = data.split(b"\n")
        for part in whole:
            self._more(part)
            self.flush()
        self._more(rest)

    def _more(self, part: bytes) -> None:
        if len(self._line) <= MOST_BYTES:
            self._line += part

    def flush(self) -> None:
        line = bytes(self._line)
        self._line.clear()
        if line and len(line) <= MOST_BYTES:
            self._on_line(line)


class _Child:
    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        text: bytes,
        on_line: Callable[[bytes], None],
    ) -> None:
        self._mark = f"{MARK}={folder}".encode()
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**environ, "PWD": str(folder), MARK: str(folder)},
            start_new_session=True,
            preexec_fn=_die_with_parent if _libc else None,  # noqa: PLW1509 - it is one call of libc, which takes no lock
        )
        self.stdout, self.stderr = _Tail(on_line), _Tail(lambda line: None)
        self._text = memoryview(text)
        self._selector = selectors.DefaultSelector()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        for pipe, event, what in (
            (self.process.stdin, selectors.EVENT_WRITE, None),
            (self.process.stdout, selectors.EVENT_READ, self.stdout),
            (self.process.stderr, selectors.EVENT_READ, self.stderr),
        ):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, event, what)

    def pump(self, seconds: float) -> bool:
        """Moves what can be moved, waiting at most `seconds` for it; whether the child still runs."""
        if not self._selector.get_map():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        for key, _ in self._selector.select(seconds) if self._selector.get_map() else ():
            self._move(key)
        return self.process.poll() is None

    def _move(self, key: selectors.SelectorKey) -> None:
        try:
            if key.data is None:
                self._text = self._text[os.write(key.fd, self._text[:65536]) :] if self._text else self._text
                more = bool(self._text)
            else:
                data = os.read(key.fd, 65536)
                key.data.add(data)
                more = bool(data)
        except BlockingIOError:
            return
        except OSError:  # the other end is closed
            more = False
        if not more:
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]

    def stop(self) -> None:
        """SIGTERM to the group, and the grace to heed it. What it prints meanwhile is read."""
        self._signal(signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and self.pump(_TICK_SECONDS):
            pass

    def end(self) -> None:
        """SIGKILL to all that is left, then what is still in the pipes."""
        try:
            self._signal(signal.SIGKILL)
            self.process.wait()
            until = time.monotonic() + _DRAIN_SECONDS
            while (_kill_marked(self._mark) or self._outputs_are_open()) and time.monotonic() < until:
                self.pump(_TICK_SECONDS)
            self.stdout.flush()
        finally:
            for key in list(self._selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
            self._selector.close()

    def _outputs_are_open(self) -> bool:
        return any(key.data is not None for key in self._selector.get_map().values())

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def _die_with_parent() -> None:
    assert _libc is not None
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_marked(mark: bytes) -> int:
    """Kills every process with `mark` in its environment, as far as there is a /proc to find
    it in; how many were there.
    """
    found = 0
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in path.read_bytes().split(b"\0"):
                os.kill(int(path.parent.name), signal.SIGKILL)
                found += 1
    return found
