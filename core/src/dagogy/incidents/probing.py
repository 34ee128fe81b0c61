"""Probes are asked: each in a process of its own, all at once, and what hangs is killed.

A look at the machine can hang where no exception ends it (a name server that does not answer, a dead mount), and a thread that hangs
cannot be ended. A forked child can: it gets its own process group, which is killed when its time is up. In it Python's own ways to
write are closed.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NoReturn

from dagogy.api.incidents import Failure
from dagogy.api.probes import Probe, ProbeContext, ProbeResult
from dagogy.api.secrets import redacted, secrets_of
from dagogy.host.manager import Host, Plugin
from dagogy.incidents.commands import overlaid
from dagogy.workspace.settings import Settings

_STATES: dict[str, Literal["ok", "bad", "unknown"]] = {"ok": "ok", "bad": "bad", "unknown": "unknown"}
#: What one probe may say, in results and in characters.
_MOST_RESULTS, _MOST_TEXT = 50, 500
#: What a probe may write to us in all; who writes more is stopped.
_MOST_BYTES = 2**20
#: The audit events of calls that change a file or folder.
_CHANGES = frozenset(f"os.{call}" for call in "chmod chown link mkdir remove removexattr rename rmdir setxattr symlink truncate utime".split())
#: What follows its last result.
_END = b"end\n"
#: No probe gets more, whatever its description says.
_LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ProbeObservation:
    """What one probe found out about one thing."""

    probe: str
    result: ProbeResult

    def as_dict(self) -> dict[str, Any]:
        found = self.result
        return {
            "probe": self.probe,
            "subject": found.subject,
            "state": found.state,
            "message": found.message,
            "confirms": list(found.confirms),
            "refutes": list(found.refutes),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ProbeObservation:
        """The look that an event tells of. Raises `KeyError` or `TypeError` when it tells of none."""
        texts = {key: str(document[key]) for key in ("subject", "message")}
        state = _STATES.get(document["state"], "unknown")
        return cls(str(document["probe"]), ProbeResult(**texts, state=state, confirms=tuple(document["confirms"]), refutes=tuple(document["refutes"])))

    def line(self) -> str:
        """For people."""
        return f"{self.result.state:<7} {self.result.subject}: {self.result.message}"


class _Context(ProbeContext):
    """The settings of this command, with those of `environment` over them."""

    def __init__(self, settings: Settings, run: Path | None, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._environment = environment
        self.run, self.runs_dir = run, settings.runs_dir
        self.environ_names = frozenset(overlaid(settings.environ, environment))

    def setting(self, name: str) -> str:
        if name in self._environment:
            return self._environment[name]
        value, _ = self._settings.raw(name)
        return "" if value is None else str(value)


@dataclass(slots=True)
class _Child:
    """A probe at work: its process, the pipe that it answers through, and when its time is up."""

    plugin: Plugin
    pid: int
    pipe: int
    until: float
    data: bytearray = field(default_factory=bytearray)


def ask(
    host: Host,
    settings: Settings,
    failure: Failure,
    run: Path | None = None,
    *,
    about: Collection[str] | None = None,
    only: str = "",
    environment: Mapping[str, str] | None = None,
) -> list[ProbeObservation]:
    """What the installed probes find out; without secrets. None of them can raise here, or take longer than it may.

    `about`: only probes for one of these incidents. `only`: the probe of this id alone. `environment`: settings that hold for this look; ""
    takes one out.
    """
    changes = dict(environment or {})
    chosen = [p for p in host.load("probe") if p.state == "ready" and (not only or p.id == only)]
    chosen = [p for p in chosen if about is None or not set(about).isdisjoint(p.info.incidents)]
    if not chosen:
        return []
    context = _Context(settings, run, changes)
    declared = [s.name for p in host.load("provider") if p.state == "ready" for s in p.info.settings if s.secret]
    hidden = secrets_of({**_texts(settings.file), **settings.environ, **changes}, declared)
    return observe([(plugin, partial(_results, host, plugin, failure, context)) for plugin in chosen], hidden)


def observe(probes: Sequence[tuple[Plugin, Callable[[], Iterable[ProbeResult]]]], secrets: Mapping[str, str]) -> list[ProbeObservation]:
    """The results of calling each of `probes` in a process of its own, in their order; all of them run at the same time."""
    observations: list[ProbeObservation] = []
    for child, reason in _finished([_start(plugin, look) for plugin, look in probes]):
        observations += _read(child, reason, secrets)
    return observations


def _texts(table: Mapping[str, Any]) -> dict[str, str]:
    return {key.upper(): value for key, value in table.items() if isinstance(value, str)}


def _start(plugin: Plugin, look: Callable[[], Iterable[ProbeResult]]) -> _Child:
    ours, theirs = os.pipe()
    seconds = min(float(plugin.info.seconds), _LONGEST_SECONDS)
    pid = os.fork()
    if pid == 0:
        _be_a_probe(look, ours, theirs)
    os.close(theirs)
    with contextlib.suppress(OSError):  # both sides do it: whichever comes first
        os.setpgid(pid, pid)
    return _Child(plugin, pid, ours, time.monotonic() + seconds)


def _results(host: Host, plugin: Plugin, failure: Failure, context: ProbeContext) -> Iterable[ProbeResult]:
    probe: Probe = host.implementation(plugin)(plugin.info)
    return probe.look(failure, context)


def _be_a_probe(look: Callable[[], Iterable[ProbeResult]], ours: int, theirs: int) -> NoReturn:
    """The child's whole life. It prints nothing, holds no signal handler of ours, and leaves without any clean-up of the parent's things."""
    status = 1
    try:
        os.setpgid(0, 0)
        os.close(ours)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        sys.stdout = sys.stderr = os.fdopen(null, "w")  # whatever they were before, a test's or a recorder's
        sys.dont_write_bytecode = True
        sys.addaudithook(_read_only)
        try:
            for result in look():
                _send(theirs, _document(result))
        except BaseException as error:
            _send(theirs, {"reason": f"it raised {type(error).__name__}: {error}"})
        os.write(theirs, _END)
        status = 0
    finally:
        os._exit(status)


def _read_only(event: str, arguments: tuple[Any, ...]) -> None:
    """Ends what would change a file. It is no prison (a program that is started can write), but keeps an honest probe honest."""
    if event == "open":
        path, _, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        if writes and not isinstance(path, int) and not os.fsdecode(path).startswith("/dev/"):
            raise PermissionError(f"a probe may not write to {os.fsdecode(path)}")
    elif event in _CHANGES:
        raise PermissionError(f"a probe may not call {event}")


def _send(pipe: int, document: Mapping[str, Any]) -> None:
    data = json.dumps(document).encode() + b"\n"
    while data:
        data = data[os.write(pipe, data) :]


def _document(result: Any) -> dict[str, Any]:
    if not isinstance(result, ProbeResult):
        return {"reason": f"it answered with {type(result).__name__}, not with a ProbeResult"}
    texts = {"subject": str(result.subject), "state": str(result.state), "message": str(result.message)}
    return {**texts, "confirms": [str(i) for i in result.confirms], "refutes": [str(i) for i in result.refutes]}


def _finished(children: Sequence[_Child]) -> Iterable[tuple[_Child, str]]:
    """Each child in its order, once all have ended, with what stopped it from coming to its own end."""
    reasons: dict[int, str] = {}
    try:
        with selectors.DefaultSelector() as selector:
            for child in children:
                selector.register(child.pipe, selectors.EVENT_READ, child)
            while selector.get_map():
                now = time.monotonic()
                for key in [k for k in selector.get_map().values() if k.data.until <= now]:
                    reasons[key.data.pid] = f"it did not finish within {key.data.plugin.info.seconds:g} s"
                    selector.unregister(key.fileobj)
                waiting = [k.data.until for k in selector.get_map().values()]
                for key, _ in selector.select(max(0.0, min(waiting) - now)) if waiting else ():
                    piece = os.read(key.fd, 65_536)
                    key.data.data += piece
                    if not piece or len(key.data.data) > _MOST_BYTES or key.data.data.endswith(_END):
                        selector.unregister(key.fileobj)
    finally:
        for child in children:
            _end(child)
    return [(child, reasons.get(child.pid, "")) for child in children]


def _end(child: _Child) -> None:
    """Its whole process group goes, whether it has come to its end or not; nothing that it started outlives it."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(child.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.waitpid(child.pid, 0)
    os.close(child.pipe)


def _read(child: _Child, reason: str, secrets: Mapping[str, str]) -> list[ProbeObservation]:
    """A child's answers. One that nobody could have given honestly becomes `unknown`, with the reason."""
    observations, known = [], set(child.plugin.info.incidents)
    if not child.data.endswith(_END):
        reason = reason or "it ended before it had reported everything"
    for line in bytes(child.data).removesuffix(_END).split(b"\n")[:-1][:_MOST_RESULTS]:
        document = json.loads(line)
        reason = reason or document.get("reason", "")
        if "reason" in document:
            continue
        document = redacted(document, secrets)
        odd = sorted({*document["confirms"], *document["refutes"]} - known)
        if odd:
            reason = reason or f"it spoke of {', '.join(odd)}, which is not one of its incidents"
            continue
        state = _STATES.get(document["state"], "unknown")
        texts = {key: " ".join(document[key].split())[:_MOST_TEXT] for key in ("subject", "message")}
        result = ProbeResult(**texts, state=state, confirms=tuple(document["confirms"]), refutes=tuple(document["refutes"]))
        observations.append(ProbeObservation(child.plugin.id, result))
    if reason:
        message = " ".join(str(redacted(f"probe {child.plugin.id} of {child.plugin.origin}: {reason}", secrets)).split())[:_MOST_TEXT]
        observations.append(ProbeObservation(child.plugin.id, ProbeResult(subject=child.plugin.id, state="unknown", message=message)))
    return observations
