"""Probes are asked: each in a process of its own, all at once, and what hangs is killed.

A look at the machine can hang where no exception ends it (a name server that does not answer, a dead mount),
and a thread that hangs cannot be ended. A process of `multiprocessing` can: it gets its own process group,
which is killed when its time is up. It is forked, since a probe needs the plugins and settings that are
loaded here. In it no file can be changed (`incidents.readonly`), and what is printed is kept for stderr.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import IO, Any, Literal

from dagogy.api.incidents import Failure
from dagogy.api.probes import Probe, ProbeContext, ProbeResult
from dagogy.api.secrets import redacted, secrets_of
from dagogy.host.calls import report
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.incidents.commands import overlaid
from dagogy.incidents.readonly import forbid_changes
from dagogy.workspace.settings import Settings

_STATES: dict[str, Literal["ok", "bad", "unknown"]] = {"ok": "ok", "bad": "bad", "unknown": "unknown"}
#: What one probe may say, in results and in characters.
_MOST_RESULTS, _MOST_TEXT = 50, 500
#: What one answer of a probe, and all that it prints, may have in bytes; who has more is stopped.
_MOST_BYTES = 2**20
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
        return cls(
            str(document["probe"]),
            ProbeResult(
                **texts, state=state, confirms=tuple(document["confirms"]), refutes=tuple(document["refutes"])
            ),
        )

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
    """A probe at work: its process, what it answers through and prints to, and when its time is up."""

    plugin: Plugin
    process: ForkProcess
    pid: int
    answers: Connection
    printed: IO[bytes]
    until: float
    documents: list[dict[str, Any]] = field(default_factory=list)
    reason: str = "it ended before it had reported everything"


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
    """What the installed probes find out; without secrets. None of them can raise here,
    or take longer than it may.

    `about`: only probes for one of these incidents. `only`: the probe of this id alone. `environment`:
    settings that hold for this look; "" takes one out.
    """
    changes = dict(environment or {})
    chosen = [p for p in _ready(host, "probe") if not only or p.id == only]
    if about is not None:
        chosen = [p for p in chosen if not set(about).isdisjoint(p.info.incidents)]
    if not chosen:
        return []
    context = _Context(settings, run, changes)
    declared = [s.name for p in _ready(host, "provider") for s in p.info.settings if s.secret]
    hidden = secrets_of({**_texts(settings.file), **settings.environ, **changes}, declared)
    return observe([(plugin, partial(_results, host, plugin, failure, context)) for plugin in chosen], hidden)


def _ready(host: Host, kind: str) -> list[Plugin]:
    """The plugins of a kind that can be used."""
    return [plugin for plugin in host.load(kind) if plugin.state == "ready"]


def observe(
    probes: Sequence[tuple[Plugin, Callable[[], Iterable[ProbeResult]]]], secrets: Mapping[str, str]
) -> list[ProbeObservation]:
    """The results of calling each of `probes` in a process of its own, in their order; all
    of them run at the same time.
    """
    children: list[_Child] = []
    try:
        for plugin, look in probes:
            children.append(_start(plugin, look))
        _listen(children)
    finally:
        for child in children:
            _end(child)
    return [observation for child in children for observation in _read(child, secrets)]


def _texts(table: Mapping[str, Any]) -> dict[str, str]:
    return {key.upper(): value for key, value in table.items() if isinstance(value, str)}


def _start(plugin: Plugin, look: Callable[[], Iterable[ProbeResult]]) -> _Child:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    printed = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child
    process = context.Process(target=_be_a_probe, args=(look, theirs, printed), name=plugin.name)
    process.start()
    theirs.close()
    pid = process.pid
    assert pid, "it was started"
    with contextlib.suppress(OSError):  # both sides do it: whichever comes first
        os.setpgid(pid, pid)
    return _Child(
        plugin,
        process,
        pid,
        ours,
        printed,
        time.monotonic() + min(float(plugin.info.seconds), _LONGEST_SECONDS),
    )


def _results(host: Host, plugin: Plugin, failure: Failure, context: ProbeContext) -> Iterable[ProbeResult]:
    probe: Probe = host.implementation(plugin)(plugin.info)
    return probe.look(failure, context)


def _be_a_probe(look: Callable[[], Iterable[ProbeResult]], answers: Connection, printed: IO[bytes]) -> None:
    """The child's whole life. It holds no signal handler of ours, and its standard
    streams are a file of its own.
    """
    os.setpgid(0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    with open(os.devnull, "rb") as null:
        os.dup2(null.fileno(), 0)
    for standard in (1, 2):
        os.dup2(printed.fileno(), standard)
    # Whatever they were before, a test's or a recorder's. Unbuffered: it may be
    # killed in the middle of a line.
    raw = open(1, "wb", buffering=0, closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = sys.stderr = io.TextIOWrapper(
        raw, encoding="utf-8", errors="backslashreplace", write_through=True
    )
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_BYTES, _MOST_BYTES))
    forbid_changes()
    reason = ""
    try:
        for result in look():
            _send(answers, _document(result))
    except BaseException as error:
        reason = f"it raised {type(error).__name__}: {error}"
    _send(answers, {"reason": reason})


def _send(answers: Connection, document: Mapping[str, Any]) -> None:
    answers.send_bytes(json.dumps(document).encode())


def _document(result: Any) -> dict[str, Any]:
    if not isinstance(result, ProbeResult):
        return {"reason": f"it answered with {type(result).__name__}, not with a ProbeResult"}
    texts = {"subject": str(result.subject), "state": str(result.state), "message": str(result.message)}
    return {
        **texts,
        "confirms": [str(i) for i in result.confirms],
        "refutes": [str(i) for i in result.refutes],
    }


def _listen(children: Sequence[_Child]) -> None:
    """Takes what they answer, until each has said everything, gone on for too long, or ended."""
    at_work = {child.answers: child for child in children}
    while at_work:
        now = time.monotonic()
        for child in [child for child in at_work.values() if child.until <= now]:
            child.reason = f"it did not finish within {child.plugin.info.seconds:g} s"
            del at_work[child.answers]
        for answers in (
            wait(list(at_work), max(0.0, min(child.until for child in at_work.values()) - now))
            if at_work
            else ()
        ):
            child = at_work[answers]  # type: ignore[index]
            try:
                document = json.loads(child.answers.recv_bytes(_MOST_BYTES))
            except (EOFError, OSError):  # it is gone, or the answer is too long
                del at_work[child.answers]
                continue
            if "reason" not in document and len(child.documents) < _MOST_RESULTS:
                child.documents.append(document)
            else:
                child.reason = document.get("reason", f"it has more than {_MOST_RESULTS} results")
                del at_work[child.answers]


def _end(child: _Child) -> None:
    """Its whole process group goes, whether it has come to its end or not; nothing
    that it started outlives it.
    """
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.process.kill()
    child.process.join()
    child.process.close()
    child.answers.close()


def _read(child: _Child, secrets: Mapping[str, str]) -> list[ProbeObservation]:
    """A child's answers. One that nobody could have given honestly becomes `unknown`, with the reason. What
    it printed is handed to who listens.
    """
    with child.printed as printed:
        printed.seek(0)
        for line in printed.read(_MOST_BYTES).decode("utf-8", "backslashreplace").splitlines():
            report(f"{child.plugin.name}: {redacted(line.rstrip(), secrets)}")
    observations, known = [], set(child.plugin.info.incidents)
    reason = child.reason
    for answer in child.documents:
        document = redacted(answer, secrets)
        odd = sorted({*document["confirms"], *document["refutes"]} - known)
        if odd:
            reason = reason or f"it spoke of {', '.join(odd)}, which is not one of its incidents"
            continue
        state = _STATES.get(document["state"], "unknown")
        texts = {key: " ".join(document[key].split())[:_MOST_TEXT] for key in ("subject", "message")}
        result = ProbeResult(
            **texts, state=state, confirms=tuple(document["confirms"]), refutes=tuple(document["refutes"])
        )
        observations.append(ProbeObservation(child.plugin.id, result))
    if reason:
        message = " ".join(
            str(redacted(f"probe {child.plugin.id} of {child.plugin.origin}: {reason}", secrets)).split()
        )[:_MOST_TEXT]
        observations.append(
            ProbeObservation(
                child.plugin.id, ProbeResult(subject=child.plugin.id, state="unknown", message=message)
            )
        )
    return observations
