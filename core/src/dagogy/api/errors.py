"""The error taxonomy: every failure a user can meet has a stable `code` and exit status.

`message` is one line that names the thing, the value and what is wrong; `hint` is the way out; `details`
holds facts for machines. A failing command prints `[code] message` as its first line on stderr.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "ConfigError",
    "DagogyError",
    "InvalidArgument",
    "Locked",
    "NotFound",
    "PluginError",
    "ProviderError",
    "StageConflict",
    "StorageError",
    "ValidationFailed",
]


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
    """Invalid input: an unknown option, a bad id, an unusable file."""

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
    """A provider could not answer. `details` carries what is known, as facts, with every secret out of it.

    `cause`: why, where the provider itself knows, one of `CAUSES`. `provider`, `endpoint` (who was
    asked: `Provider.endpoint`), `model`. `http_status`, `machine_code` (the innermost code of the
    service), `request_id`, `retry_after_seconds` (until which it will not answer, where it said so).
    `returncode`, `signal`, `killed_by` (`timeout` when we ended it) of a child process. `stdout`,
    `stderr`, `last_message`, `events`,
    `output`: the ends of what was printed or answered. `usage`: what was spent all the same.
    """

    #: What a provider can say of its own knowledge; everything else is told by status, machine code,
    #: exception chain or output.
    CAUSES: ClassVar[tuple[str, ...]] = (
        "refusal",  # the model declined
        "content_filter",  # the service withheld the answer
        "incomplete",  # the answer was cut off: token limit, or the stream ended before it was whole
        "empty",  # nothing was answered
        "prose",  # text that holds no JSON
        "not_json",  # text that was meant to be JSON and does not parse
        "wrong_shape",  # JSON that does not meet the schema
        "html",  # a web page instead of an API's answer
        "error_body",  # an error object where an answer was expected, under a status that says success
        "timeout",  # our own wall clock ended it
        "key_missing",
        "key_malformed",  # white space, a line end, or characters that no header can carry
        "base_url_malformed",
        "binary_missing",  # the command cannot be started
        "calls_spent",  # AGENT_MAX_CALLS
        "tokens_spent",  # AGENT_MAX_TOKENS
        "circuit_open",  # known to fail until a time that has not come
    )

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


#: The exit status of each code.
EXIT_STATUSES = {kind.code: kind.exit_status for kind in DagogyError.__subclasses__()}
