"""Runs `dagogy` commands as processes of their own: what an action needs done, and
the failed command once more.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from dagogy.api.errors import StorageError
from dagogy.api.recoveries import CommandResult
from dagogy.api.secrets import redacted, secrets_of

#: What is kept of a command's output, from its end.
_TAIL = 20_000
GRACE_SECONDS = 10.0
_PREFIX = "AGENT_"
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
#: The options of a command that recovers by itself: those without a value, and those with one.
_HEALING_FLAGS = frozenset({"--self-heal", "--unsafe"})
_HEALING_OPTIONS = frozenset({"--heal-attempts", "--heal-seconds", "--heal-calls"})


def overlaid(environ: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """`environ` with `changes`; a variable that is set to "" is taken out."""
    merged = {**environ, **changes}
    return {name: value for name, value in merged.items() if value or name not in changes}


def plain(command: Sequence[str]) -> tuple[str, ...]:
    """`command` without the words that make it recover by itself: a recovery runs it again, and does not
    start another one.
    """
    return _without(command, _HEALING_FLAGS, _HEALING_OPTIONS) if "--self-heal" in command else tuple(command)


def under(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """`command` without the options that stand for one of the settings in
    `environment`, which they would win over.
    """
    return _without(command, (), {flag_of(name) for name in environment if name.startswith(_PREFIX)})


def _without(command: Sequence[str], flags: Collection[str], options: Collection[str]) -> tuple[str, ...]:
    """`command` without `flags`, and without `options` and their values."""
    kept: list[str] = []
    words = iter(command)
    for word in words:
        if word == "--":
            return (*kept, word, *words)
        if word in options:
            next(words, None)
        elif word not in flags and word.partition("=")[0] not in options:
            kept.append(word)
    return tuple(kept)


def flag_of(name: str) -> str:
    """The option that stands for a setting: `--model` for `AGENT_MODEL`."""
    return "--" + name.removeprefix(_PREFIX).lower().replace("_", "-")


def run_command(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    folder: Path | None = None,
    seconds: float | None = None,
) -> CommandResult:
    """`dagogy ARGUMENTS…` to its end, or until `seconds` are over.

    Whoever interrupts or kills us stops it as well. However it is stopped, it gets the time to leave
    everything whole.
    """
    try:
        process = subprocess.Popen(
            # -P: what lies in the folder is none of our modules
            [sys.executable, "-P", "-m", "dagogy", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=dict(environ),
            preexec_fn=None if _LIBC is None else _end_with_us,  # noqa: PLW1509 (it calls one C function)
        )
    except (OSError, ValueError) as error:
        raise StorageError(f"'dagogy {' '.join(arguments)}' cannot be started: {error}") from error
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        out, err = _stopped(process, signal.SIGALRM)
    except BaseException:
        _stopped(process, signal.SIGTERM)
        raise
    text = "\n".join(
        part for part in (stream.decode("utf-8", "replace").strip() for stream in (out, err)) if part
    )
    return CommandResult(
        exit_status=process.returncode, text=str(redacted(text, secrets_of(environ)))[-_TAIL:]
    )


def _end_with_us() -> None:
    """In the child, on Linux: a recovery that is killed leaves no command behind that
    goes on, and spends, by itself.
    """
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stopped(process: subprocess.Popen[bytes], number: signal.Signals) -> tuple[bytes, bytes]:
    """Asks the process to stop, insists after a while, and returns what it printed."""
    process.send_signal(number)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=GRACE_SECONDS)
    process.kill()
    return process.communicate()
