"""The error taxonomy: every failure a user can meet has a stable `code` and exit status.

`message` is one line that names the thing, the value and what is wrong; `hint` is the way out; `details` holds facts for
machines. A failing command prints `[code] message` as its first line on stderr.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DagogyError(Exception):
    """Base of all typed failures. Raise a subclass; the class decides `code` and `exit_status`."""

    code: ClassVar[str] = "internal_error"
    exit_status: ClassVar[int] = 10

    def __init__(self, message: str, *, hint: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = " ".join(str(message).split())
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})

    def as_dict(self) -> dict[str, Any]:
        """`{"code", "message", "details", "hint"}`, the shape of every failure in JSON."""
        return {"code": self.code, "message": self.message, "details": self.details, "hint": self.hint}


class InvalidArgument(DagogyError):
    """What the user typed cannot be meant: an unknown option, a bad id, an unusable file."""

    code = "invalid_argument"
    exit_status = 2


class NotFound(DagogyError):
    """The run, artifact, rule or plugin that was named does not exist."""

    code = "not_found"
    exit_status = 3


class ValidationFailed(DagogyError):
    """The curriculum has findings of severity `error`, or a rule could not run."""

    code = "validation_failed"
    exit_status = 4


class StageConflict(DagogyError):
    """The run has not reached the stage that this command starts from."""

    code = "stage_conflict"
    exit_status = 5


class StorageError(DagogyError):
    """A file or folder could not be read or written, or holds something other than it must."""

    code = "io_error"
    exit_status = 6


class ConfigError(DagogyError):
    """An environment variable, a configuration file or a flag has a value that cannot be used."""

    code = "config_error"
    exit_status = 7


class ProviderError(DagogyError):
    """A provider could not answer. `details` carries what is known: status, machine code, request id."""

    code = "provider_error"
    exit_status = 8


class Locked(DagogyError):
    """Another process holds the run."""

    code = "locked"
    exit_status = 9


class InternalError(DagogyError):
    """A bug in dagogy itself."""

    code = "internal_error"
    exit_status = 10


class PluginError(DagogyError):
    """A plugin misbehaved; the message names it with its distribution and version."""

    code = "plugin_error"
    exit_status = 11


class Interrupted(DagogyError):
    """The user or the system asked the command to stop."""

    code = "interrupted"
    exit_status = 130
