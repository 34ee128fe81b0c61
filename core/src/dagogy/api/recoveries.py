"""Recovery actions: what helps against a diagnosed failure, what an action gets, and what it says it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from dagogy.api.incidents import Diagnosis, Failure
from dagogy.api.plugins import RecoveryInfo
from dagogy.api.probes import ProbeResult

__all__ = ["RecoveryAction", "RecoveryContext", "RecoveryOutcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """How a `dagogy` command ended that an action ran. `text` is what it printed, stdout
    before stderr, without secrets.
    """

    exit_status: int
    text: str = ""

    @property
    def ok(self) -> bool:
        return self.exit_status == 0


class RecoveryContext:
    """What an action works with: the run, the effective settings, and a way to run
    commands. The host makes it.

    `run`: the run's folder, `run_id` its name. `providers`: ids of the installed providers;
    `failed_providers`: those that failed in this recovery, first first. `probes`: what the probes found that
    were asked about this failure. `attempt`: how often this action was carried out already in this recovery.
    """

    run: Path
    run_id: str
    providers: Sequence[str] = ()
    failed_providers: Sequence[str] = ()
    probes: Sequence[ProbeResult] = ()
    attempt: int = 0

    def setting(self, name: str) -> str:
        """The value of a setting as the failed command found it in the environment or the configuration file;
        "" when it is not set.
        """
        raise NotImplementedError

    def in_file(self, name: str) -> bool:
        """Whether the configuration file sets it, so that taking it out of the
        environment would not unset it.
        """
        raise NotImplementedError

    def dagogy(self, *arguments: str, environment: Mapping[str, str] | None = None) -> CommandResult:
        """Runs `dagogy ARGUMENTS…` in a process of its own and waits for its end. A variable that
        is set to "" is taken out.
        """
        raise NotImplementedError

    def keep(self, relative: str) -> Path | None:
        """Keeps a copy of a file of the run (in `logs/kept/`) before it is overwritten; None
        when there is no such file.

        The same content is kept once.
        """
        raise NotImplementedError

    def read(self, relative: str) -> bytes | None:
        """A file of the run; None when there is none. Raises `StorageError` for a pipe, a device, and a
        symlink anywhere below the run's folder.

        A run may be a stranger's: an action reads and writes its files through these two alone.
        """
        raise NotImplementedError

    def write(self, relative: str, data: bytes, run_id: str = "") -> None:
        """Writes a file of the run whole or not at all, private; or of the run `run_id`, which must be one
        that this user made and that `replace_by` or `replacement` named. Raises `StorageError` for a symlink
        anywhere below the run's folder."""
        raise NotImplementedError

    def replacement(self) -> str:
        """The id of the run that took this one's place, made by this user, as both runs
        tell; "" where there is none.
        """
        raise NotImplementedError

    def replace_by(self, run_id: str) -> None:
        """Notes in both runs that `run_id`, which this user made, takes the place of this
        one. Raises `StorageError`.
        """
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        """Lets so much time pass; the host may shorten it to what its own budget leaves."""
        raise NotImplementedError

    def probe(self, probe_id: str, environment: Mapping[str, str] | None = None) -> Sequence[ProbeResult]:
        """Asks one probe again, with other settings if `environment` has some;
        nothing when it cannot be asked.
        """
        raise NotImplementedError

    def spec_problems(self) -> Sequence[str]:
        """What is missing or wrong in the topic spec, one line each."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryOutcome:
    """What an action did: `changed` tells whether trying again makes sense;
    `commands` are for a person to type.

    `environment`: settings for the next attempt alone; "" takes a variable out. `run_id`: the run that took
    the place of the failed one, on which the failed command is to be run from now on.
    """

    changed: bool
    message: str
    environment: Mapping[str, str] = field(default_factory=dict)
    commands: Sequence[str] = ()
    run_id: str = ""


class RecoveryAction:
    """Base of all recovery actions. Running one twice does no more than running it once.

    A `safe` action loses nothing and changes no input of the user; a `manual` one changes nothing at all, it
    only gives commands.
    """

    #: Whether it changes nothing before its first `context.dagogy`, `keep` or `wait`, and nothing
    #: at all where it calls none of them. Then a dry run asks it whether it has anything to do,
    #: and stops it at that call.
    rehearsable: ClassVar[bool] = False

    def __init__(self, info: RecoveryInfo) -> None:
        self.info = info

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        """Carries the action out; raises a `DagogyError` when it cannot."""
        raise NotImplementedError
