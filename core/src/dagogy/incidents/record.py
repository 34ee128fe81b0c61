"""The typed failure record: what is known of a command that failed, as facts, without secrets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dagogy import __version__
from dagogy.api.errors import DagogyError
from dagogy.incidents.redact import redacted, secrets_of
from dagogy.workspace.events import utc_now
from dagogy.workspace.files import to_json, write_atomic
from dagogy.workspace.stages import FAILURES


def failure_document(
    error: DagogyError, command: Sequence[str], environ: Mapping[str, str], *, run_id: str = "", stage: str = "", provider: str = ""
) -> dict[str, Any]:
    """The record (`dagogy schema failure`)."""
    chain: list[dict[str, str]] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < 20:
        chain.append({"type": f"{type(cause).__module__}.{type(cause).__qualname__}", "message": " ".join(str(cause).split())[:2000]})
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    document = {
        "schema_version": 1,
        "at_utc": utc_now(),
        **error.as_dict(),
        "details": _plain(error.details),
        "exit_status": error.exit_status,
        "command": list(command),
        "run_id": run_id,
        "stage": stage,
        "provider": provider,
        "exception_chain": chain,
        "versions": {"dagogy": __version__, "python": sys.version.split()[0]},
    }
    cleaned: dict[str, Any] = redacted(document, secrets_of(environ))
    return cleaned


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """`details` as JSON values; a plugin may have put anything there."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(details, default=str, skipkeys=True))
        to_json(plain)
    except (TypeError, ValueError, RecursionError):
        plain = {"details": str(details)[:2000]}
    return plain


def write_failure(run: Path, error: DagogyError, command: Sequence[str], environ: Mapping[str, str], *, stage: str = "", provider: str = "") -> Path | None:
    """Writes the record into the run; returns its path, or None when even that cannot be done (the failure itself is told anyway)."""
    document = failure_document(error, command, environ, run_id=run.name, stage=stage, provider=provider)
    stamp = document["at_utc"].replace("-", "").replace(":", "").replace(".", "-")
    path = run / FAILURES / f"{stamp}-{os.getpid()}-{error.code}.json"
    if not (run / "logs").is_dir() or (run / "logs").is_symlink() or (run / FAILURES).is_symlink():
        return None
    try:
        write_atomic(path, to_json(document))
    except DagogyError:
        return None
    return path
