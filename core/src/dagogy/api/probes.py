"""Probes: a look at the machine that settles what the text of a failure cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dagogy.api.incidents import Failure
from dagogy.api.plugins import ProbeInfo

__all__ = ["Probe", "ProbeContext", "ProbeResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What a probe found out about one thing.

    `subject`: the thing it looked at (`DNS api.example.com`). `state`: `ok`, `bad`, or `unknown` where it
    could not tell. `message`: one line for people, without secrets. `confirms`, `refutes`: ids among the
    probe's incidents that must be, or cannot be, what is the matter. A fault that may have passed since
    refutes nothing: that the disk has room now does not say that it had room then.
    """

    subject: str
    state: Literal["ok", "bad", "unknown"]
    message: str
    confirms: Sequence[str] = ()
    refutes: Sequence[str] = ()


class ProbeContext:
    """What a probe may know. The host makes it.

    `run`: the folder of the failed run, None where there is none. `runs_dir`: where the runs are.
    `environ_names`: the names of all variables that are set.
    """

    run: Path | None = None
    runs_dir: Path
    environ_names: Collection[str] = ()

    def setting(self, name: str) -> str:
        """The value of a setting, or of any environment variable; "" when it is not set."""
        raise NotImplementedError


class Probe:
    """Base of all probes.

    A probe looks and changes nothing: no file is written, no prompt is sent, no money is spent. Each runs in
    a process of its own that is killed after `ProbeInfo.seconds`; what it yielded until then counts. Secrets
    are taken out of its results, but it should not put any in.
    """

    def __init__(self, info: ProbeInfo) -> None:
        self.info = info

    def look(self, failure: Failure, context: ProbeContext) -> Iterable[ProbeResult]:
        """Yields a result for each thing looked at; none where there is nothing to look at."""
        raise NotImplementedError
