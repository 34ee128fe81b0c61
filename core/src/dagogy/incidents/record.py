"""The typed failure record: what is known of a command that failed, as facts, without secrets."""

from __future__ import annotations

import errno as errnos
import hashlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from dagogy import __version__
from dagogy.api.errors import DagogyError, Interrupted
from dagogy.api.secrets import redacted, secrets_of
from dagogy.workspace.events import unfinished, utc_now
from dagogy.workspace.files import read_regular, to_json, write_atomic
from dagogy.workspace.known_settings import CORE_SETTINGS
from dagogy.workspace.lock import shared
from dagogy.workspace.provenance import SEAL, foreign, recovery_account, sealed
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import (
    CONCEPTS,
    CURRICULUM,
    DAG,
    DIFF,
    EVENTS,
    EVIDENCE,
    FAILURES,
    PLAN,
    PREVIOUS,
    REPORT_JSON,
    REPORT_MD,
    SCOPE,
    SPEC,
    TRACE,
    VALID,
)

#: Where a failure is recorded that is about no run, in the runs dir.
FAILURES_WITHOUT_RUN = "failures"
#: What an event has beyond the facts that were sealed: `append_event` and `unfinished` add it.
_NOT_SEALED = frozenset({"at_utc", "event", "last_utc"})
#: Outputs of programs and services, as a provider's details name them. Only their ends are kept.
TAILS = ("output", "stdout", "stderr", "output_tail", "stderr_tail", "last_message", "events")
_TAIL = 8000
_STRAY = re.compile(r"[^A-Za-z0-9_.-]")
_ARTIFACTS = (
    "run.json",
    SPEC,
    SCOPE,
    CURRICULUM,
    PREVIOUS,
    TRACE,
    REPORT_MD,
    REPORT_JSON,
    PLAN,
    DIFF,
    VALID,
    CONCEPTS,
    DAG,
    EVIDENCE,
)
#: What is larger is not hashed: a failing command must not make its user wait.
_MOST_HASHED = 64 * 2**20
_MOST_LINKS = 20
#: Who sends a signal that asks a command to stop: the terminal, or whoever runs it under a time limit. The
#: rest comes from the system.
_SENDERS = {int(signal.SIGINT): "user", int(signal.SIGALRM): "timeout"}


class FailureContext(NamedTuple):
    """What the command knew when it failed.

    `run`: the folder of its run; `provider`, `endpoint` and `model`: who was asked, or would have been;
    `folder`: where the command was run;
    `declared`: variables that providers read, and which are secret.
    """

    run: Path | None = None
    stage: str = ""
    provider: str = ""
    endpoint: str = ""
    model: str = ""
    folder: str = ""
    declared: Mapping[str, bool] = {}
    plugins: Mapping[str, str] = {}


def failure_document(
    error: DagogyError,
    command: Sequence[str],
    environ: Mapping[str, str],
    at: FailureContext | None = None,
    secrets: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The record (`dagogy schema failure`)."""
    at = at or FailureContext()
    hidden = secrets_of(environ, _secret(at.declared)) if secrets is None else secrets
    chain = list(_chain(error))
    # Before anything is cut: of a secret that a cut goes through half would stay.
    details: dict[str, Any] = redacted(_plain(error.details), hidden)
    document = {
        "schema_version": 1,
        "at_utc": utc_now(),
        **error.as_dict(),
        "details": {k: v for k, v in details.items() if k not in TAILS},
        "exit_status": error.exit_status,
        "command": list(command),
        "run_id": at.run.name if at.run else "",
        "stage": at.stage,
        "provider": at.provider,
        "endpoint": at.endpoint,
        "model": _word(details, "model") or at.model,
        "folder": at.folder,
        "exception_chain": [_link(cause, hidden) for cause in chain],
        **_origin(details, chain),
        "output_tails": {k: _end(v) for k, v in details.items() if k in TAILS},
        "artifacts": list(_artifacts(at.run)) if at.run else [],
        "environment": _environment(environ, at.declared),
        "versions": {"dagogy": __version__, "python": sys.version.split()[0]},
        "plugins": dict(at.plugins),
    }
    account = recovery_account(environ)
    if account:
        document["recovery"] = account
    cleaned: dict[str, Any] = redacted(document, hidden)
    return cleaned


def _secret(declared: Mapping[str, bool]) -> list[str]:
    return [name for name, secret in declared.items() if secret]


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_MOST_LINKS):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _link(cause: BaseException, hidden: Mapping[str, str]) -> dict[str, str]:
    link = {
        "type": f"{type(cause).__module__}.{type(cause).__qualname__}",
        "message": " ".join(str(redacted(_cause_text(cause), hidden)).split())[:2000],
    }
    if isinstance(cause, OSError) and cause.errno and cause.errno in errnos.errorcode:
        link["errno"] = errnos.errorcode[cause.errno]
    return link | _place(cause.__traceback__)


def _place(frame: TracebackType | None) -> dict[str, str]:
    """Where it was raised: module, function and line of the innermost frame."""
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return {}
    return {
        "raised_at": (
            f"{frame.tb_frame.f_globals.get('__name__', '')}:{frame.tb_frame.f_code.co_name}:"
            f"{frame.tb_lineno}"
        )
    }


def _cause_text(cause: BaseException) -> str:
    try:
        return str(cause)
    except Exception as error:  # a plugin's exception may not even be printable
        return f"(its message raised {type(error).__name__})"


def _origin(details: Mapping[str, Any], chain: Sequence[BaseException]) -> dict[str, Any]:
    """The facts that a provider gave in its details, or that the exceptions carry: errno, the end of a child
    process, the service's answer.
    """
    leaf = next((c for c in reversed(chain) if isinstance(c, OSError) and c.errno), None)
    status = _whole(details, "returncode", "child_exit_status")
    if status is None:
        ended = next((c for c in chain if isinstance(getattr(c, "returncode", None), int)), None)
        status = getattr(ended, "returncode", None)
    number, killer = _killed(details, chain, status)
    return {
        "errno": _whole(details, "errno") if leaf is None else leaf.errno,
        "child_exit_status": status,
        "signal": number,
        "killed_by": killer,
        "http_status": _whole(details, "http_status", "status"),
        "machine_code": _word(details, "machine_code"),
        "request_id": _word(details, "request_id"),
    }


def _killed(
    details: Mapping[str, Any], chain: Sequence[BaseException], status: int | None
) -> tuple[int | None, Any]:
    """The signal that ended the child process or us, and who sent it. `status`: the child's exit status."""
    number, killer = _whole(details, "signal"), _word(details, "killed_by")
    if isinstance(chain[-1], KeyboardInterrupt):
        number = next((n for n in chain[-1].args if isinstance(n, int)), int(signal.SIGINT))
        return number, _SENDERS.get(number, "system")
    if number is None and status is not None and status < 0:
        number = -status
    if any(type(c).__name__ == "TimeoutExpired" and type(c).__module__ == "subprocess" for c in chain):
        killer = killer or "timeout"
    return number, killer


def _whole(details: Mapping[str, Any], *keys: str) -> int | None:
    return next(
        (details[k] for k in keys if isinstance(details.get(k), int) and not isinstance(details[k], bool)),
        None,
    )


def _word(details: Mapping[str, Any], key: str) -> str:
    value = details.get(key)
    return value if isinstance(value, str) else ""


def _end(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _TAIL else f"[{len(text) - _TAIL} characters before]\n{text[-_TAIL:]}"


def _artifacts(run: Path) -> Iterator[dict[str, Any]]:
    """Those that are there. A symlink is not followed: what it leads to is no part of the run."""
    for name in _ARTIFACTS:
        path = run / name
        try:
            about = path.lstat()
            if path.is_symlink():
                continue
            digest = hashlib.sha256(read_regular(path)).hexdigest() if about.st_size <= _MOST_HASHED else ""
        except (OSError, DagogyError):
            continue
        yield {"path": name, "size": about.st_size, "mtime_utc": _time(about.st_mtime), "sha256": digest}


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _environment(environ: Mapping[str, str], declared: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of each variable whether it is set, and how long its value is; never the value."""
    names = {*CORE_SETTINGS, *declared}
    return {name: {"set": name in environ, "length": len(environ.get(name, ""))} for name in sorted(names)}


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """`details` as JSON values; a plugin may have put anything there."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(details, default=str, skipkeys=True))
        to_json(plain)
    except (TypeError, ValueError, RecursionError):
        plain = {"details": str(details)}
    return plain


def record_lost(run: Run, secrets: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Records the last command on the run, if it died without a word. Two that
    find it at once write the same.

    The record is this user's own (`environ` says where the user's key is) exactly if the event of the
    command's start is.

    Raises `Locked` when it, or another one, is at work; `NotFound` when the run is gone; `StorageError`.
    """
    with shared(run.path):
        started = unfinished(run.path / EVENTS)
        if started is None:
            return
        document = _lost(run.path, started, secrets)
        if not foreign({k: v for k, v in started.items() if k not in _NOT_SEALED}, run.path, environ):
            document = sealed(document, run.path, environ, at_utc=started[SEAL]["at_utc"])
        record = write_failure(run.path / FAILURES, document, started.get("pid"))
        if record is not None:
            facts = {
                "command": started.get("command"),
                "pid": started.get("pid"),
                "message": document["message"],
            }
            run.event("command_lost", code=document["code"], record=record.name, **facts)


def _lost(run: Path, started: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The record of a command that could not write one: `started` as `unfinished` gives it. What is not known
    of it stays empty.
    """
    line = str(started.get("command") or "a command")
    error = Interrupted(
        f"'{line}' did not finish: process {started.get('pid')} ended without recording why",
        hint="run the same command again to go on",
        details={
            "pid": started.get("pid"),
            "started_at_utc": started.get("at_utc"),
            "last_sign_utc": started.get("last_utc"),
        },
    )
    words = started.get("words")
    at = FailureContext(run, str(started.get("stage") or ""), folder=str(started.get("folder") or ""))
    document = failure_document(
        error,
        ["dagogy", *map(str, words)] if isinstance(words, list) and words else line.split(" "),
        {},
        at,
        secrets,
    )
    recovery = started.get("recovery")
    more = {"recovery": redacted(recovery, secrets)} if isinstance(recovery, dict) else {}
    return {
        **document,
        "at_utc": str(started.get("last_utc")),
        "killed_by": "unknown",
        "environment": {},
        **more,
    }


def write_failure(folder: Path, document: Mapping[str, Any], pid: object = None) -> Path | None:
    """Writes the record into `folder`; returns its path, or None when that cannot be done (the
    failure itself is told anyway).

    The folder above must be there: a run that was removed, or a runs dir that was mistyped, is not made
    again. `pid` is the failed process.
    """
    stamp = str(document["at_utc"]).replace("-", "").replace(":", "").replace(".", "-")
    # Of a lost command both stood in the run's log, which anybody may have written: they name no other place.
    path = folder / _STRAY.sub("", f"{stamp[:40]}-{str(pid or os.getpid())[:20]}-{document['code']}.json")
    if not folder.parent.is_dir() or folder.parent.is_symlink() or folder.is_symlink():
        return None
    try:
        write_atomic(path, to_json(document), inside=folder.parent)
    except DagogyError:
        return None
    return path
