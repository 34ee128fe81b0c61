"""Failures come in: from a failure record of ours, or from any text, such as a CI log, a traceback or the
output of a coding agent.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError, InvalidArgument, NotFound
from dagogy.api.incidents import Failure
from dagogy.incidents.record import TAILS
from dagogy.workspace.files import from_json, read_regular
from dagogy.workspace.shapes import Shape, shaped, table, tables, text, text_table, texts, whole_or_none
from dagogy.workspace.stages import FAILURES

#: Commands about failures; when one of them fails itself, that is not the run's last
#: failure, nor one to recover from.
_ABOUT_FAILURES = frozenset({"diagnose", "triage", "recover", "escalate", "postmortem", "incidents"})
#: How a caller that only has a word for it names the end of a process: who ended it.
_ENDS = {"timeoutexpired": "timeout", "timeout": "timeout"}


def last_record(run: Path) -> Path | None:
    """The newest failure record of the run in the folder `run`, but for those of
    commands that only look at it.
    """
    paths = record_paths(run)
    return next((p for p in reversed(paths) if not _only_inspects(p)), paths[-1] if paths else None)


def record_paths(run: Path) -> list[Path]:
    """The failure records of a run, oldest first; their names begin with the time."""
    folder = run / FAILURES
    return sorted(folder.glob("*.json")) if folder.is_dir() else []


def _only_inspects(path: Path) -> bool:
    try:
        return about_failures(read_record(path).command)
    except DagogyError:
        return True


def about_failures(line: Sequence[str]) -> bool:
    """Whether the command line (`dagogy` and its words) is one about failures."""
    return command_name(line) in _ABOUT_FAILURES


def command_name(line: Sequence[str]) -> str:
    """The name of the command in a command line, `dagogy` and its words; "" where it has none."""
    return next((word for word in line[1:] if not word.startswith("-")), "")


def read_record(path: Path) -> Failure:
    """The failure in a record. Raises `InvalidArgument` when the file is none."""
    return from_record(read_document(path), str(path))


def read_document(path: Path) -> dict[str, Any]:
    """A failure record as it is written. Raises `InvalidArgument` when the file is none."""
    document = record_document(path)
    if "code" not in document or "message" not in document:
        raise InvalidArgument(
            f"{path} is not a failure record: it has no 'code' and 'message'",
            hint="'dagogy schema failure' shows what one has",
        )
    return document


_SHAPES: dict[str, Shape] = {
    **dict.fromkeys(
        (
            "at_utc code message hint run_id stage provider endpoint model folder machine_code request_id "
            "killed_by"
        ).split(),
        text,
    ),
    **dict.fromkeys(("exit_status", "errno", "child_exit_status", "signal", "http_status"), whole_or_none),
    **dict.fromkeys(("details", "output_tails", "environment"), table),
    **dict.fromkeys(("versions", "plugins"), text_table),
    **dict.fromkeys(("artifacts", "exception_chain"), tables),
    "command": texts,
}


def record_document(path: Path) -> dict[str, Any]:
    """What a failure record says, without the values that are of another type than those that we write.

    Raises `InvalidArgument` when the file is none, `StorageError` when it cannot be read.
    """
    try:
        document = from_json(read_regular(path))
    except ValueError as error:
        raise InvalidArgument(
            f"{path} is not a failure record: {error}",
            hint="pass a text on standard input: 'dagogy diagnose -'",
        ) from None
    if not isinstance(document, dict):
        raise InvalidArgument(
            f"{path} is not a failure record: it is no object",
            hint="'dagogy schema failure' shows what one has",
        )
    return shaped(document, _SHAPES)


def from_record(document: Mapping[str, Any], source: str = "") -> Failure:
    """The failure of a record's document. Keys that a record may lack are looked for in its details."""
    details, tails = _mapping(document, "details"), _mapping(document, "output_tails")
    known = {**details, **tails, **{k: v for k, v in document.items() if v not in (None, "", [])}}
    command = document.get("command")
    return Failure(
        code=str(document.get("code") or ""),
        message=str(document.get("message") or ""),
        command=tuple(map(str, command)) if isinstance(command, list) else (),
        run_id=_text(known, "run_id"),
        stage=_text(known, "stage"),
        provider=_text(known, "provider"),
        endpoint=_text(known, "endpoint"),
        model=_text(known, "model"),
        folder=_text(document, "folder"),
        details=details,
        hint=_text(known, "hint"),
        exception_chain=_exception_chain(document),
        errno=_number(known, "errno"),
        exit_status=_number(
            {**details, "child": document.get("child_exit_status")}, "child", "exit_status", "returncode"
        ),
        signal=_number(known, "signal"),
        killed_by=_text(known, "killed_by"),
        http_status=_number(known, "http_status", "status"),
        machine_code=_text(known, "machine_code"),
        request_id=_text(known, "request_id"),
        text="\n".join(str(known[k]) for k in (*TAILS, "text") if isinstance(known.get(k), str)),
        source=source,
        at_utc=_text(known, "at_utc"),
    )


def _mapping(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _exception_chain(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(c.get("type", "")), str(c.get("message", "")))
        for c in document.get("exception_chain") or []
        if isinstance(c, dict)
    )


def from_text(
    text: str, exit_code: str = "", http_status: int | None = None, source: str = "standard input"
) -> Failure:
    """The failure that `text` tells of. `exit_code` is a number, a signal's name, or `TimeoutExpired` where
    the caller ended it.
    """
    word = exit_code.strip()
    if not word:
        return Failure(text=text, http_status=http_status, source=source)
    if word.lower() in _ENDS:
        return Failure(text=text, http_status=http_status, killed_by=_ENDS[word.lower()], source=source)
    if word.upper() in signal.Signals.__members__:
        return Failure(
            text=text, http_status=http_status, signal=int(signal.Signals[word.upper()]), source=source
        )
    try:
        return Failure(text=text, http_status=http_status, exit_status=int(word, 10), source=source)
    except ValueError:
        raise InvalidArgument(
            f"exit code is '{exit_code}'; accepted: a number, a signal's name (SIGKILL), or TimeoutExpired"
        ) from None


def find_record(reference: str) -> Path | None:
    """The record that `reference` names as a path, or None when it is none."""
    path = Path(reference)
    if path.suffix == ".json" or path.is_file():
        if not path.is_file():
            raise NotFound(f"there is no failure record {path}", hint=f"records are in a run's {FAILURES}/")
        return path
    return None


def _text(known: Mapping[str, Any], key: str) -> str:
    value = known.get(key)
    return value if isinstance(value, str) else ""


def _number(known: Mapping[str, Any], *keys: str) -> int | None:
    return next(
        (known[k] for k in keys if isinstance(known.get(k), int) and not isinstance(known[k], bool)), None
    )
