"""How a text says that something ended: its exit status, a time limit of ours, and the last words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dagogy.api._lines import Line, Unit
from dagogy.api.dialects import LogDialect

_EXIT = re.compile(
    r"(?i)\b(?:rc|return ?code|exit[ -]?(?:code|status)|exited with(?: code)?"
    r"|exited|^exit:)\s{0,8}(?:[=:]\s{0,8})?(-?\d{1,3})\b"
)
_SIGNALLED = re.compile(
    r"\b(?:ended|killed|terminated|died) (?:by|with|from) (?:<Signals\.)?(?:signal )?(?P<name>SIG[A-Z]+)",
    re.IGNORECASE,
)
_SIGNALS = {
    "SIGHUP": 1,
    "SIGINT": 2,
    "SIGQUIT": 3,
    "SIGABRT": 6,
    "SIGKILL": 9,
    "SIGSEGV": 11,
    "SIGPIPE": 13,
    "SIGTERM": 15,
}
_OUR_TIMEOUT = re.compile(
    r"(?i)\btime(?:out|d out) after [\d.]+ ?s(?:ec(?:ond)?s?)?\b.{0,40}\b"
    r"(?:SIGKILL|SIGTERM|kill)|\bTimeoutExpired\b.{0,400}\btimed out after\b"
)
#: An event that says that something failed.
FAILED_EVENT = re.compile(r'"type":\s?"[\w.]{1,40}\.failed"')


def told_exit(lines: Sequence[Line]) -> tuple[int | None, tuple[str, ...]]:
    """The exit status that is told last, negative for a signal, and the line that
    tells it; None where none does.
    """
    for line in reversed(lines):
        if line.kind in ("plain", "error"):
            named, message = _SIGNALLED.search(line.text), _EXIT.search(line.text)
            if named and named["name"].upper() in _SIGNALS:
                return -_SIGNALS[named["name"].upper()], (line.text,)
            if message:
                return int(message[1]), (line.text,)
    return None, ()


def timeout_lines(lines: Sequence[Line]) -> tuple[str, ...]:
    """The last line that tells of a time limit at which a process was ended."""
    return tuple(
        line.text
        for line in lines
        if line.kind in ("plain", "error", "warning") and _OUR_TIMEOUT.search(line.text)
    )[-1:]


def last_words(
    units: Sequence[Unit], writers: Sequence[LogDialect], exit_status: int | None
) -> Sequence[Unit]:
    """The units that say why it ended: errors; else, where there is none, what was logged, retried or just
    printed. `writers`: the dialects of those that wrote a transcript."""
    events = [u for u in units if u.lines[0].startswith('{"type":')]
    final = _final(events)
    if final:
        return final
    units = [u for u in units if u not in events]
    for dialect in writers:
        words = dialect.last_words(units)
        if words is not None:
            return words
    return _errors(units) if any(u.kind == "error" for u in units) else _without_errors(units, exit_status)


def _final(events: Sequence[Unit]) -> list[Unit]:
    """The events that say that something failed, or else the last error among them."""
    return [u for u in events if FAILED_EVENT.search(u.lines[0][:60])] or [
        u for u in events if u.lines[0].startswith('{"type":"error"')
    ][-1:]


def _errors(units: Sequence[Unit]) -> list[Unit]:
    return [u for u in units if u.kind in ("error", "plain")]


def _without_errors(units: Sequence[Unit], exit_status: int | None) -> list[Unit]:
    if exit_status == 0:
        return []  # it went on from what was retried, and what it printed is its work
    return [u for u in units if u.kind == "plain"] + [u for u in units if u.kind in ("retry", "trace")]
