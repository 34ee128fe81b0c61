"""pydantic models of what is kept of commands and their failures, and the base of all models of what dagogy
itself writes.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Open(BaseModel):
    """A shape that dagogy writes: later versions may add keys, which have a default, so readers ignore those
    they do not know and miss none.
    """

    model_config = ConfigDict(extra="allow", defer_build=True)


class Event(Open):
    """One line of `logs/events.jsonl`."""

    at_utc: str
    event: str


class ArtifactFact(Open):
    """An artifact as it was when the command failed; one that is too large has no hash."""

    path: str
    size: int
    mtime_utc: str
    sha256: str


class VariableFact(Open):
    """An environment variable: whether it was set and how long its value was, never the value."""

    set: bool
    length: int


class FailureRecord(Open):
    """`logs/failures/*.json`."""

    schema_version: Literal[1]
    at_utc: str
    code: str
    message: str
    details: dict[str, Any]
    hint: str
    exit_status: int
    command: list[str]
    run_id: str
    stage: str
    provider: str
    endpoint: str
    model: str
    folder: str
    exception_chain: list[dict[str, str]]
    errno: int | None
    child_exit_status: int | None
    signal: int | None
    killed_by: str
    http_status: int | None
    machine_code: str
    request_id: str
    output_tails: dict[str, str]
    artifacts: list[ArtifactFact]
    environment: dict[str, VariableFact]
    versions: dict[str, str]
    plugins: dict[str, str]
    #: The recovery that started the command: `action`, `incident`, `record` (of the failure that
    #: it recovers from), `role`.
    recovery: dict[str, Any] | None = None
    #: Who wrote the record: `at_utc`, `uid`, `host`, `mac`. Without a valid one its
    #: command is never run again.
    seal: dict[str, Any] | None = None
