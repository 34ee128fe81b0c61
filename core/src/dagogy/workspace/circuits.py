"""The circuit breakers: who is known not to answer is not asked again before its time,
whichever process found that out.

The states are those of Michael Nygard, *Release It!* (2nd edition, 2018, chapter 5, "Circuit Breaker"):
closed; open until a time; then half open, which lets one trial through, whose success closes the breaker and
whose failure opens it again. Here no count of failures opens one but a diagnosis. The breakers of all runs
stand in one file of the runs dir.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from dagogy.api.errors import ProviderError, StorageError
from dagogy.workspace.files import from_json, read_regular, to_json, write_atomic
from dagogy.workspace.lock import alone
from dagogy.workspace.state import user_key

CIRCUITS = "circuits.json"
_LOCK = ".circuits.lock"
#: No breaker stays open longer, whatever a service said: a date that far is a mistake.
LONGEST_SECONDS = 31 * 86_400.0
#: The year 9000, in seconds since the epoch: a time that a date can be made of.
_LATEST = 222_000_000_000.0


class Circuit(NamedTuple):
    """What a breaker is for. `settings`: the fingerprint of the provider's own settings, its key among them:
    who changes one is not kept out.
    """

    provider: str
    endpoint: str
    model: str
    settings: str = ""

    def __str__(self) -> str:
        return f"provider '{self.provider}' at {self.endpoint}" + (
            f", model {self.model}" if self.model else ""
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """An open breaker: since when and until when (seconds since the epoch), for which incident. `told`: the
    service gave the time itself.
    """

    circuit: Circuit
    incident: str
    since: float
    until: float
    stated: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.circuit._asdict(),
            "incident": self.incident,
            "since_utc": _utc(self.since),
            "until_utc": _utc(self.until),
            "told": self.stated,
        }


def fingerprint(values: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """What tells one set of settings from another and gives none of them away: an HMAC under a key that never
    leaves the user's state folder.

    "" where that folder cannot be used: then the breaker is for provider, endpoint and model alone.
    """
    try:
        key = user_key(environ)
    except StorageError:
        return ""
    return hmac.new(
        key, b"dagogy circuit 1\0" + json.dumps(sorted(values.items())).encode(), hashlib.sha256
    ).hexdigest()[:16]


class Breakers:
    """The breakers of one runs dir. `now` is the time in seconds since the epoch; `note` gets a line about a
    file that cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        now: Callable[[], float] = time.time,
        note: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._folder, self._now, self._note = folder, now, note

    def opened(self) -> list[Opened]:
        """Those that are open or half open. A file that cannot be read has none: a breaker
        spares time, it decides nothing.
        """
        path = self._folder / CIRCUITS
        try:
            return (
                [_opened(entry) for entry in from_json(read_regular(path))["circuits"]]
                if path.exists()
                else []
            )
        except (
            StorageError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            OSError,
        ) as error:
            self._note(
                f"{path} is ignored, it is no list of circuit breakers: "
                f"{' '.join(str(error).split()) or type(error).__name__}"
            )
            return []

    def open(self, circuit: Circuit, incident: str, seconds: float, *, stated: bool) -> None:
        """Opens the breaker for so long from now on. Raises `StorageError`."""
        now = self._now()
        entry = Opened(circuit, incident, now, now + min(max(seconds, 0.0), LONGEST_SECONDS), stated)
        self._change(lambda entries: [*(e for e in entries if e.circuit != circuit), entry])

    def half_open(self, provider: str, endpoint: str) -> None:
        """Lets whoever asks next through, unless the service itself said until when it will not answer.
        Raises `StorageError`.
        """
        now = self._now()

        def due(entry: Opened) -> bool:
            return entry.circuit[:2] == (provider, endpoint) and not entry.stated and entry.until > now

        self._change(lambda entries: [replace(e, until=now) if due(e) else e for e in entries])

    def close(self, wanted: Callable[[Circuit], bool]) -> list[Opened]:
        """Closes the breakers of the wanted circuits; returns those that were open. Raises `StorageError`."""
        gone: list[Opened] = []

        def left(entries: Sequence[Opened]) -> list[Opened]:
            gone[:] = [e for e in entries if wanted(e.circuit)]
            return [e for e in entries if e not in gone]

        self._change(left)
        return gone

    @contextlib.contextmanager
    def asking(self, circuit: Circuit) -> Iterator[Callable[[], None]]:
        """Around whatever is asked of a provider; what it gives is to be called once there was an answer.

        Raises `ProviderError` (cause `circuit_open`) while the breaker is open, and while another process
        holds the one trial of a half-open one.
        """
        if self._find(circuit) is None:
            yield lambda: None
            return
        self._refuse_early(circuit)
        with self._trial(circuit):
            self._refuse_early(circuit)  # the trial of another one may have failed meanwhile

            def answered() -> None:
                with contextlib.suppress(StorageError):  # it is tried once more the next time
                    self.close(lambda other: other == circuit)

            yield answered

    def _find(self, circuit: Circuit) -> Opened | None:
        return next((e for e in self.opened() if e.circuit == circuit), None)

    def _refuse_early(self, circuit: Circuit) -> None:
        entry = self._find(circuit)
        # Before it was opened: the clock was put back, and nobody knows for how long
        # it is open. A trial tells.
        if entry is not None and entry.since <= self._now() < entry.until:
            raise self._refusal(
                entry,
                f"is not asked before {_utc(entry.until)}: {entry.incident} since {_utc(entry.since)}",
                entry.until - self._now(),
            )

    def _refusal(self, entry: Opened, why: str, seconds: float) -> ProviderError:
        facts = {**entry.as_dict(), "cause": "circuit_open", "retry_after_seconds": round(seconds, 3)}
        return ProviderError(
            f"{entry.circuit} {why}",
            hint=(
                "run it again after that time, or with another --provider; 'dagogy incidents reset' lets it "
                "be asked at once"
            ),
            details=facts,
        )

    @contextlib.contextmanager
    def _trial(self, circuit: Circuit) -> Iterator[None]:
        """Holds the one trial of a circuit. The lock is the kernel's, so a killed process leaves none; where
        none can be had, nobody is kept out.
        """
        name = hashlib.sha256("\0".join(circuit).encode(errors="backslashreplace")).hexdigest()[:16]
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(alone(self._folder / f".circuit-{name}.lock", wait=False))
            except BlockingIOError:
                entry = self._find(circuit)
                if entry is not None:
                    raise self._refusal(
                        entry,
                        (
                            f"is being tried by another process, after {entry.incident} since "
                            f"{_utc(entry.since)}"
                        ),
                        1.0,
                    ) from None
            except StorageError:
                pass
            yield

    def _change(self, change: Callable[[Sequence[Opened]], Sequence[Opened]]) -> None:
        """Writes what `change` makes of the breakers, unless that is nothing new. One process at a time,
        where a lock can be had.
        """
        if not self._folder.is_dir():
            return
        with contextlib.ExitStack() as held:
            with contextlib.suppress(StorageError):
                held.enter_context(alone(self._folder / _LOCK))
            before = self.opened()
            after = list(change(before))
            if after != before:
                entries = [_entry(e) for e in after]
                write_atomic(self._folder / CIRCUITS, to_json({"schema_version": 1, "circuits": entries}))


def _entry(opened: Opened) -> dict[str, Any]:
    """An open breaker as the file has it."""
    times = {"since": opened.since, "until": opened.until, "until_utc": _utc(opened.until)}
    return {"circuit": opened.circuit._asdict(), "incident": opened.incident, **times, "told": opened.stated}


def _opened(entry: dict[str, Any]) -> Opened:
    """Raises `ValueError`, `KeyError` or `TypeError` for what is no entry."""
    fields = entry["circuit"]
    circuit = Circuit(
        str(fields["provider"]),
        str(fields["endpoint"]),
        str(fields["model"]),
        str(fields.get("settings", "")),
    )
    since, until = float(entry["since"]), float(entry["until"])
    if not 0 <= since < _LATEST:
        raise ValueError(f"the breaker of {circuit} was opened at {since}")
    if not since <= until <= since + LONGEST_SECONDS + 1:
        raise ValueError(f"the breaker of {circuit} is open from {since} to {until}")
    return Opened(circuit, str(entry["incident"]), since, until, bool(entry["told"]))


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
