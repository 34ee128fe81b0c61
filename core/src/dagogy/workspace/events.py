"""The events log of a run: one JSON object a line, append only, readable after any crash."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagogy.api.display import json_text
from dagogy.workspace.files import PRIVATE_FILE, PRIVATE_FOLDER, from_json, open_regular, storage_error
from dagogy.workspace.shapes import (
    Shape,
    number,
    shaped,
    table,
    tables,
    text,
    text_table,
    texts,
    truth,
    whole,
    words,
)


def utc_now() -> str:
    """The time as `2026-01-31T12:00:00.123456Z`."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanoseconds // 1000:06d}Z"


_SHAPES: dict[str, Shape] = {
    **dict.fromkeys(
        (
            "at_utc last_utc stage folder code message incident record failure action safety outcome told "
            "by run_id reason name provider cause"
        ).split(),
        text,
    ),
    **dict.fromkeys(("pid", "exit_status"), whole),
    **dict.fromkeys(("score", "minutes", "time_delta_minutes"), number),
    **dict.fromkeys(("words", "records", "fixes", "actions"), texts),
    **dict.fromkeys(("environment", "incidents"), text_table),
    **dict.fromkeys(("probes", "ran"), tables),
    "passed": truth,
    "command": words,
    "usage": table,
}


def _event(line: bytes) -> dict[str, Any] | None:
    """The event in a line of the log; None for what is none. Facts of another type
    than we write are left out.
    """
    try:
        event = from_json(line)
    except ValueError:
        return None
    return shaped(event, _SHAPES) if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def append_event(path: Path, event: str, /, **facts: Any) -> None:
    """Appends one event. A line that a killed writer left torn is closed first,
    so that it spoils no other.
    """
    line = json_text({"at_utc": utc_now(), "event": event, **facts}, indent=None).encode() + b"\n"
    try:
        # This folder alone: a run that was removed meanwhile does not come back as a folder with a log.
        with contextlib.suppress(FileExistsError):
            os.mkdir(path.parent, PRIVATE_FOLDER)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            if end and os.pread(descriptor, 1, end - 1) != b"\n":
                line = b"\n" + line
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage_error("append to", path, error) from error


#: How a command is over, as its run's log tells; `command_lost` where a later command found that
#: one had gone without a word.
_ENDS = frozenset({"command_ended", "command_stopped", "command_failed", "command_lost"})
#: What is read of the log's end to find the last command. A command writes a few lines.
_END_BYTES = 256 * 1024


def last_lost(path: Path) -> int | None:
    """The process of the last command on the run, if a later one found that it had
    died without a word; else None.
    """
    last: dict[str, Any] = {}
    for event in _last_events(path):
        if event["event"] in _ENDS or event["event"] == "command_started":
            last = event
    return last.get("pid") if last.get("event") == "command_lost" else None


def unfinished(path: Path) -> dict[str, Any] | None:
    """The `command_started` of the last command, as long as nothing says that it is over, with the time of
    its last event as `last_utc`.

    Commands that write take turns, so who may hold the run's lock and finds one knows that its
    process died without a word.
    """
    started: dict[str, Any] | None = None
    for event in _last_events(path):
        if event["event"] == "command_started":
            started = {**event, "last_utc": event.get("at_utc")}
        elif started is not None:
            over = event["event"] in _ENDS and event.get("pid", started.get("pid")) == started.get("pid")
            started = None if over else {**started, "last_utc": event.get("at_utc")}
    return started


def _last_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events at the log's end, in order: of a log of any length the same work.
    None where it cannot be read.
    """
    try:
        with open_regular(path) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _END_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return
    for line in lines:
        event = _event(line)
        if event is not None:
            yield event


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events in order; a torn line, and what is no event, is passed over. No log, no
    events. Raises `StorageError`.
    """
    try:
        with open_regular(path) as file:
            for line in file:
                event = _event(line)
                if event is not None:
                    yield event
    except FileNotFoundError:
        return
    except OSError as error:
        raise storage_error("read", path, error) from error
