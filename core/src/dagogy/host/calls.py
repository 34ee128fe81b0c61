"""Around every call into a plugin and every import of one: what it prints, how long
it takes, and what it raised.

Stdout is dagogy's own: a `print` in a rule would stand before the JSON of `--json`. While a plugin is called,
Python's stdout is one whose lines go to whoever listens, with the plugin's name in front; what is written to
descriptor 1 (by `os.write`, an extension, a child process) is caught in a file without a name and follows
when the call ends. What comes later still, from a thread or at exit, finds stderr behind descriptor 1, since
`dagogy.cli.main` moves our own stdout to another one.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

#: A plugin that takes more of the processor's time for one call is named, with its seconds.
SLOW_SECONDS = 2.0
#: What is kept of the lines of one command; of the rest only how many there were.
_MOST_LINES = 2000
#: A line that does not end is cut here.
_LONGEST_LINE = 65_536


class OutOfTime(BaseException):
    """Raised in the middle of whatever takes too long; no `except Exception` of a plugin keeps it."""


class Heard:
    """What plugins printed in one command, how they failed and which were slow."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._more = 0
        self.faults: list[BaseException] = []

    def line(self, text: str) -> None:
        """One line, with the name of its plugin in front."""
        if len(self._lines) < _MOST_LINES:
            self._lines.append(text)
        else:
            self._more += 1

    def take(self) -> list[str]:
        """The lines that were kept, once."""
        lines, more = self._lines, self._more
        self._lines, self._more = [], 0
        return [*lines, f"… and {more} more lines of plugins"] if more else lines


class _Stderr(Heard):
    """Where no command listens: each line goes to stderr at once."""

    def line(self, text: str) -> None:
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(text + "\n")
                sys.stderr.flush()


_listeners: list[Heard] = [_Stderr()]
#: By call into a plugin, the outermost first: Python's stdout before it, and what
#: was behind descriptor 1 then.
_around: list[tuple[TextIO | None, int]] = []


@contextlib.contextmanager
def listening(heard: Heard) -> Iterator[Heard]:
    """As long as the body runs, `heard` hears what plugins print. Without a
    listener it goes to stderr at once.
    """
    _listeners.append(heard)
    try:
        yield heard
    finally:
        _listeners.remove(heard)


def report(line: str) -> None:
    """Hands a line about a plugin to whoever listens."""
    _listeners[-1].line(line)


def processor_seconds() -> float:
    """The processor time of this process and of those it waited for. How busy the machine is with others,
    which no plugin can help, does not count.
    """
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@dataclass(slots=True)
class Call:
    """One call into a plugin; `seconds` of processor time, once it ended."""

    name: str
    seconds: float = 0.0
    _began: float = field(default_factory=processor_seconds)

    def slow_seconds(self) -> float | None:
        """Reports a call that took longer than it should, and returns its seconds; None where it did not."""
        if self.seconds <= SLOW_SECONDS:
            return None
        report(f"{self.name} took {self.seconds:.1f} s of processor time")
        return round(self.seconds, 1)


@contextlib.contextmanager
def contained(name: str) -> Iterator[Call]:
    """Around a call into the plugin `name` (kind, id, distribution and version): nothing that it prints
    reaches our stdout.

    For one thread at a time: descriptors are the process's.
    """
    before = sys.stdout
    for stream in (before, sys.__stdout__):
        _flush(stream)
    lines, call = _Lines(name), Call(name)
    # An unbuffered stream is one to write to all the same.
    caught: TextIO = io.TextIOWrapper(lines, encoding="utf-8", errors="backslashreplace", write_through=True)  # type: ignore[type-var]
    spool, kept = _spool()
    # Noted before our stdout is put aside: whoever is interrupted must find it again.
    _around.append((before, kept))
    try:
        if kept >= 0:
            os.dup2(spool, 1)
        sys.stdout = caught
        yield call
    except MemoryError as error:
        error.add_note(f"in {name}")
        raise
    finally:
        call.seconds = processor_seconds() - call._began
        _flush(sys.stdout)
        sys.stdout = before
        _flush(sys.__stdout__)
        # Only when our stdout is behind its descriptor again is the note of where it was taken away.
        if kept >= 0:
            os.dup2(kept, 1)
        _around.pop()
        _hand_on(spool, kept, lines)
        lines.finish()


def own_stdout() -> TextIO | None:
    """Where dagogy itself writes its answer, also in the middle of a call into a plugin (that of a
    `progress`, say); None where stdout was closed.
    """
    if not _around:
        return sys.stdout
    stream, kept = _around[0]
    try:
        behind = stream.fileno() if stream is not None and kept >= 0 else -1
    except (OSError, ValueError, AttributeError):
        behind = -1
    if stream is None or behind != 1:
        return stream
    return io.TextIOWrapper(
        io.FileIO(kept, "w", closefd=False),
        encoding=stream.encoding,
        errors=stream.errors,
        write_through=True,
    )


def account(error: BaseException, *modules: str) -> str:
    """`LookupError: lost (house/rule.py:12)`: what a plugin raised, and the innermost line of its own code,
    that is of a package in `modules`.

    The error is kept for `--debug`.
    """
    _listeners[-1].faults.append(error)
    try:
        message = " ".join(str(error).split())
    except Exception as odd:  # a plugin's exception may not even be printable
        message = f"(its message raised {type(odd).__name__})"
    place = _place(error, {module.partition(":")[0].partition(".")[0] for module in modules})
    return f"{type(error).__name__}: {message}".rstrip(": ") + (f" ({place})" if place else "")


def is_stop(error: BaseException) -> bool:
    """Whether this ends more than the plugin that was at work: the user (or SIGTERM) asked the command to
    stop, its time is up, or there is no memory.

    All else that a plugin raises is its own failure, `sys.exit()` too.
    """
    return type(error) is KeyboardInterrupt or isinstance(error, MemoryError | OutOfTime)


def _place(error: BaseException, packages: set[str]) -> str:
    found, frame = "", error.__traceback__
    while frame is not None:
        module = str(frame.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in packages:
            path = frame.tb_frame.f_code.co_filename
            parts = module.count(".") + 1 + (os.path.basename(path) == "__init__.py")
            found = f"{'/'.join(path.split(os.sep)[-parts:])}:{frame.tb_lineno}"
        frame = frame.tb_next
    return found


class _Lines(io.RawIOBase):
    """A stream that hands on whole lines, with a name in front of each."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._rest = b""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """For child processes that are handed `sys.stdout`: what is caught for it."""
        return 1

    def write(self, data: object) -> int:
        given = bytes(data)  # type: ignore[call-overload]
        *lines, self._rest = (self._rest + given).split(b"\n")
        for line in lines:
            self._hand_on(line)
        if len(self._rest) > _LONGEST_LINE:
            self.finish()
        return len(given)

    def finish(self) -> None:
        """The last line, where it has no end."""
        if self._rest:
            line, self._rest = self._rest, b""
            self._hand_on(line)

    def _hand_on(self, line: bytes) -> None:
        report(f"{self._name}: {line.decode('utf-8', 'backslashreplace').rstrip()}")


def _flush(stream: object) -> None:
    # closed, or put there by a plugin; whose stdout is gone is found out by who writes to it
    with contextlib.suppress(Exception):
        stream.flush()  # type: ignore[attr-defined]


def _spool() -> tuple[int, int]:
    """A file without a name to put behind descriptor 1, and another descriptor of what is there now; -1 and
    -1 where that cannot be done.
    """
    spool = kept = -1
    try:
        spool, kept = _unnamed_file(), os.dup(1)
    except OSError:  # no descriptor left, or no stdout at all
        for number in (spool, kept):
            if number >= 0:
                os.close(number)
        return -1, -1
    return spool, kept


def _hand_on(spool: int, kept: int, lines: _Lines) -> None:
    """What came out at descriptor 1 goes to `lines`; what `_spool` opened is closed."""
    if spool < 0:
        return
    os.close(kept)
    try:
        if os.fstat(spool).st_size:
            lines.finish()
            os.lseek(spool, 0, os.SEEK_SET)
            while piece := os.read(spool, 65_536):
                lines.write(piece)
    except OSError:
        pass
    finally:
        os.close(spool)


def _unnamed_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("dagogy-plugin-stdout")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
