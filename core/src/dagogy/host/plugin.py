"""One plugin: where it comes from, what state it is in, and how it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import CoroutineType
from typing import Any, Literal, TypeVar

from dagogy.api.errors import DagogyError, PluginError
from dagogy.host.calls import account, contained, is_stop
from dagogy.host.discovery import EntryPoint, normalized

T = TypeVar("T")
State = Literal["discovered", "ready", "disabled", "failed"]
#: Distributions whose name starts so are ours; `--no-third-party` keeps only them.
FIRST_PARTY = "dagogy-"


@dataclass(eq=False, repr=False)
class Plugin:
    """One plugin: where it comes from, what state it is in, and why."""

    entry: EntryPoint
    state: State = "discovered"
    reason: str = ""
    info: Any = None
    #: How long it took for a call, where that was too long.
    slow_seconds: float | None = None
    _impl: Any = field(default=None, repr=False)

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def origin(self) -> str:
        """Distribution and version, for messages."""
        return f"{self.entry.distribution} {self.entry.version}".strip()

    @property
    def name(self) -> str:
        """Kind, id, distribution and version, for messages."""
        return f"{self.entry.kind} '{self.id}' of {self.origin}"

    @property
    def ours(self) -> bool:
        """Whether it is one of dagogy's own."""
        return first_party(self.entry)

    def fail(self, reason: str) -> None:
        self.state, self.reason = "failed", " ".join(reason.split())

    def account(self, error: BaseException) -> str:
        """What it raised, with the file and line of its own code."""
        return account(error, self.entry.module, getattr(self.info, "impl", ""))

    def call(self, function: Callable[[], T], *, typed: bool = True, timed: bool = False) -> T:
        """What `function`, which runs code of this plugin, returns. Whatever goes
        wrong in it is a `PluginError`.

        `typed`: it may raise a `DagogyError` of its own, which passes. `timed`: it has nobody to wait for,
        and is named where it is slow.
        """
        with contained(self.name) as call:
            try:
                answer = function()
            except BaseException as error:
                if is_stop(error) or (typed and isinstance(error, DagogyError)):
                    raise
                self.fail(f"it raised {self.account(error)}")
                raise self.error() from error
        if timed:
            self.slow_seconds = call.slow_seconds()
        close_coroutine(answer)
        return answer

    def error(self) -> PluginError:
        return PluginError(
            f"{self.name} cannot be used: {self.reason}",
            hint=f"{self._remedy()}, or leave it out with DAGOGY_DISABLE={self.id}",
            details={
                "plugin": self.id,
                "kind": self.entry.kind,
                "distribution": self.entry.distribution,
                "version": self.entry.version,
            },
        )

    def _remedy(self) -> str:
        """What helps against its failure: another version, or, where an uninstall or a copy stopped half way,
        the same one again.
        """
        package = self.entry.module.partition(":")[0].partition(".")[0].strip()
        try:
            gone = find_spec(package) is None
        except (ImportError, ValueError):  # no name of a package, or one that a plugin broke
            gone = False
        distribution = self.entry.distribution
        return (
            f"install {distribution} again, its files are missing"
            if gone
            else f"update or remove {distribution}"
        )

    def as_dict(self) -> dict[str, str]:
        return {
            "id": self.id,
            "kind": self.entry.kind,
            "distribution": self.entry.distribution,
            "version": self.entry.version,
            "state": self.state,
            "reason": self.reason,
            "summary": self.info.summary if self.info else "",
        }


def first_party(entry: EntryPoint) -> bool:
    return normalized(entry.distribution).startswith(FIRST_PARTY)


def close_coroutine(answer: Any) -> bool:
    """Whether a plugin's function is async and gave a coroutine. It is closed:
    nobody is going to wait for it.
    """
    found = isinstance(answer, CoroutineType)
    if found:
        answer.close()
    return found
