"""What a command says: its result on stdout, everything else on stderr, each line safe for a terminal."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from typing import Any, TextIO

from dagogy.api.display import json_text, one_line, printed, visible_export
from dagogy.host.calls import own_stdout


class Streams:
    """The two streams of a command. `json`: the result is a document; `emitted`:
    whether there was a result.
    """

    def __init__(self) -> None:
        self.json = False
        self.emitted = False

    def emit(self, document: Any, *lines: str) -> None:
        """The result: `document` as JSON with `--json`, else `lines` of text, each of them one line."""
        if self.json:
            self.emit_json(document)
        else:
            for line in lines:
                self.write(line)

    def emit_json(self, document: Any) -> None:
        """`document` on stdout. JSON is UTF-8; where stdout is not, in ASCII, which is the
        same JSON in any encoding.
        """
        stdout = own_stdout()
        encoding = (getattr(stdout, "encoding", None) or "").lower().replace("-", "").replace("_", "")
        self._put(json_text(document, ascii_only=encoding != "utf8"))

    def write(self, line: str, *, styled: str = "") -> None:
        """One line on stdout; see `dagogy.api.display` for what becomes of characters that are no text.

        `styled`: what stands before it as it is, colours included; nothing from elsewhere may be in it.
        """
        self._put(styled + printed(one_line(line)))

    def write_export(self, text: str, media_type: str) -> None:
        """What an exporter made, on stdout: workflow commands are its business, a terminal's are not."""
        self._put(visible_export(text.removesuffix("\n"), media_type))

    def write_bytes(self, data: bytes) -> None:
        """A binary export on stdout, as it is."""
        stdout = own_stdout()
        if stdout is not None:
            try:
                stdout.buffer.write(data)
                stdout.buffer.flush()
            except BrokenPipeError:
                abandon(stdout)
        self.emitted = True

    def _put(self, text: str) -> None:
        """Safe lines on stdout. A stdout that was closed takes nothing, and the
        command goes on to its own end.
        """
        stdout = own_stdout()
        if stdout is not None:
            try:
                stdout.write(text + "\n")
            except BrokenPipeError:
                abandon(stdout)
        # Only now: who is interrupted before it still owes an answer.
        self.emitted = True

    def note(self, *lines: str) -> None:
        """Lines for people, on stderr; none with `--json`."""
        if not self.json:
            self.report(*lines)

    def report(self, *lines: str) -> None:
        """Lines on stderr. That nobody can read them is no reason to stop."""
        if sys.stderr is not None:
            try:
                sys.stderr.write("".join(printed(one_line(line)) + "\n" for line in lines))
                sys.stderr.flush()
            except (OSError, ValueError):
                abandon(sys.stderr)


def escape_what_cannot_be_shown() -> None:
    """A title that the terminal's encoding does not have is shown in escapes; it is no reason to fail."""
    # An interrupt in the middle of it would leave a stream behind that takes nothing more;
    # it comes when this is done.
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    )
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def flush() -> None:
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            abandon(sys.stdout)


def stdout_is_gone() -> bool:
    """Whether a broken pipe is our own stdout's, and not, say, that of a program which a provider started."""
    import select

    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
        gone = any(events & select.POLLERR for _, events in poll.poll(0))
    except (OSError, ValueError, AttributeError):
        return False
    if gone:
        abandon(sys.stdout)
    return gone


def abandon(stream: TextIO) -> None:
    """Nobody reads this stream any more: what is still to be written goes nowhere,
    and nothing is said at exit.
    """
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(null, stream.fileno())
        os.close(null)
