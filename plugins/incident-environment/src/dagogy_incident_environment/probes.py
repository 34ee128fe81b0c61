"""Looks at the Python that runs, and at who ran out of memory."""

from __future__ import annotations

import locale
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from dagogy.api.failures import Failure
from dagogy.api.probes import Probe, ProbeContext, ProbeResult

_ENVIRONMENT, _MEMORY = "environment_incompatible", "out_of_memory"
_OLDEST = (3, 11)


class PythonInUse(Probe):
    """Which Python runs, from where, and in which encoding."""

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        version = ".".join(map(str, sys.version_info[:3]))
        fit = sys.version_info >= _OLDEST
        text = f"{version} in {sys.prefix}" + (
            "" if sys.prefix != sys.base_prefix else ", no virtual environment"
        )
        yield ProbeResult(
            subject="Python",
            state="ok" if fit else "bad",
            message=text,
            confirms=() if fit else (_ENVIRONMENT,),
        )
        encoding = locale.getpreferredencoding(False)
        utf8 = sys.flags.utf8_mode == 1 or encoding.lower().replace("-", "") == "utf8"
        message = (
            encoding
            if utf8
            else f"{encoding}: not every text can be shown or read in it; PYTHONUTF8=1 makes it UTF-8"
        )
        yield ProbeResult(subject="encoding", state="ok" if utf8 else "bad", message=message)
        missing = _missing_module(failure)
        if missing:
            yield self._module(missing)

    def _module(self, name: str) -> ProbeResult:
        from importlib.util import find_spec

        try:
            there = find_spec(name.partition(".")[0]) is not None
        except (ImportError, ValueError):
            there = False
        if there:
            return ProbeResult(subject=f"module {name}", state="ok", message="this Python has it now")
        return ProbeResult(
            subject=f"module {name}",
            state="bad",
            message=f"{sys.executable} does not have it",
            confirms=(_ENVIRONMENT,),
        )


def _missing_module(failure: Failure) -> str:
    texts = [message for _, message in failure.exception_chain] + [failure.message, failure.text[-8000:]]
    found = re.search(r"No module named '?([A-Za-z_][\w.]*)'?", "\n".join(texts))
    return found[1] if found else ""


class Memory(Probe):
    """Did the kernel kill something for lack of memory? `memory.events` of this process's cgroups, and the
    count since the machine started.
    """

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        for group in cgroups():
            events = counters(group / "memory.events")
            if "oom_kill" in events:
                killed, limit = events["oom_kill"], _text(group / "memory.max")
                message = f"oom_kill {killed}, limit {limit or 'unknown'}"
                yield ProbeResult(
                    subject=f"cgroup {group}",
                    state="bad" if killed else "ok",
                    message=message,
                    confirms=(_MEMORY,) if killed else (),
                )
        since_start = counters(Path("/proc/vmstat")).get("oom_kill")
        if since_start is not None:
            # Only where the machine has run on since then does 0 say that nobody was killed; and a
            # MemoryError needs no kill.
            never = since_start == 0 and killed_silently(failure) and failed_since_start(failure)
            message = f"{since_start} processes killed for memory since the machine started"
            yield ProbeResult(
                subject="kernel",
                state="unknown" if since_start else "ok",
                message=message,
                refutes=(_MEMORY,) if never else (),
            )


def cgroups() -> list[Path]:
    """The cgroups (v2) of this process that count events, innermost first."""
    found = re.search(r"^0::(/.*)$", _text(Path("/proc/self/cgroup")), re.MULTILINE)
    inner = Path("/sys/fs/cgroup") / (found[1].lstrip("/") if found else "")
    paths = [inner, *inner.parents]
    return [p for p in paths if p.is_relative_to("/sys/fs/cgroup") and (p / "memory.events").is_file()]


def counters(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"^(\w+) (\d+)$", _text(path), re.MULTILINE)}


def killed_silently(failure: Failure) -> bool:
    """Whether nothing but the end of the process speaks of memory."""
    return failure.signal == 9 or failure.exit_status in (-9, 137)


def failed_since_start(failure: Failure) -> bool:
    started = re.search(r"^btime (\d+)$", _text(Path("/proc/stat")), re.MULTILINE)
    try:
        return started is not None and os.stat(failure.source).st_mtime > int(started[1])
    except (OSError, ValueError):
        return False


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
