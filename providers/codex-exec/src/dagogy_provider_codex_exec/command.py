"""The command that `CODING_AGENT_CMD` names: where it is, whether it starts, and which flags
this version of codex knows.
"""

from __future__ import annotations

import errno as errnos
import math
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagogy.api.errors import ConfigError, ProviderError

from dagogy_provider_codex_exec.process import Ended, run

INSTALL = "npm install -g @openai/codex"
#: A look at the command takes no longer than this.
LOOK_SECONDS = 5.0
_FLAG = re.compile(r"(?m)^[^\S\n]*(?:-\w, )?(--[a-z][\w-]*)")
_NO_INTERPRETER = re.compile(r"(?m)^(?:/usr/bin/)?env: \W?([\w./-]+)\W?: ")
_NO_PLATFORM_PACKAGE = re.compile(
    r"(?m)^Error: (Missing optional dependency .*"
    r"|Unsupported platform: .*|Cannot find (?:module|package) .*)$"
)
#: What `exec --help` said, by the command and the state of its file. npm gives every file the same time of
#: change, so that one is not asked for.
_known: dict[tuple[tuple[str, ...], int, int], frozenset[str]] = {}


@dataclass(frozen=True, slots=True)
class Command:
    """A command that can be looked at: its words, the first one an absolute path, and
    the setting as it was given.
    """

    words: tuple[str, ...]
    setting: str

    @property
    def name(self) -> str:
        """The file name of what is started, for people."""
        return Path(self.words[0]).name


def split(setting: str) -> list[str]:
    """The words of `CODING_AGENT_CMD`, as a shell splits them. Raises `ConfigError`."""
    try:
        words = shlex.split(setting)
    except ValueError as error:
        raise ConfigError(
            f"CODING_AGENT_CMD is '{setting}', which cannot be split into words: {error}",
            hint="close the quotation",
        ) from None
    if not words or not words[0] or any("\0" in word for word in words):
        raise ConfigError(
            f"CODING_AGENT_CMD is {setting!r}, which names no command",
            hint="set it to 'codex', or to the path of codex",
        )
    return words


def find(setting: str, environ: Mapping[str, str]) -> Command:
    """The command, looked up on the PATH of `environ`. Raises `ConfigError`, or `ProviderError` with the
    cause `binary_missing`.
    """
    words = split(setting)
    path = shutil.which(os.path.expanduser(words[0]), path=environ.get("PATH"))
    if path is None:
        raise _not_found(setting, os.path.expanduser(words[0]), environ)
    # The child gets another current folder, where a relative path would name something else.
    rest = [
        os.path.abspath(w) if os.sep in w and not w.startswith("-") and os.path.exists(w) else w
        for w in words[1:]
    ]
    return Command((os.path.abspath(path), *rest), setting)


def flags(command: Command, environ: Mapping[str, str], folder: Path, seconds: float) -> frozenset[str]:
    """The long flags of `codex exec`, read out of its help once for each file;
    empty where it has no such help.

    No version number is looked at: a fork or a wrapper may count in its own way. Raises `ProviderError` with
    the cause `binary_missing`.
    """
    try:
        state = os.stat(command.words[0])
    except OSError as error:
        raise missing(command.setting, error.strerror or "", error.errno, command.words[0]) from error
    key = (command.words, state.st_ino, state.st_ctime_ns)
    if key not in _known:
        ended = look(command, ("exec", "--help"), environ, folder, seconds)
        if ended.returncode != 0:
            return frozenset()
        _known[key] = frozenset(_FLAG.findall(ended.stdout.decode(errors="replace")))
    return _known[key]


def look(
    command: Command,
    words: tuple[str, ...],
    environ: Mapping[str, str],
    folder: Path,
    seconds: float = math.inf,
) -> Ended:
    """What the command says to `words`, which ask for no work. Raises `ProviderError` with the cause
    `binary_missing` where it does not start.
    """
    try:
        ended = run(
            [*command.words, *words], environ=environ, folder=folder, seconds=min(seconds, LOOK_SECONDS)
        )
    except OSError as error:
        raise start_error(command, error) from error
    problem = unstarted(command, ended)
    if problem:
        raise problem
    return ended


def start_error(command: Command, error: OSError) -> ProviderError:
    """The error for a command that the system refuses to start."""
    why = (
        "the interpreter that its first line names is not there"
        if error.errno == errnos.ENOENT
        else (error.strerror or str(error))
    )
    return missing(command.setting, why, error.errno, command.words[0])


def unstarted(command: Command, ended: Ended) -> ProviderError | None:
    """The error for a command that ended before it was codex: no interpreter, no package for this platform.

    To be asked only where no prompt was given, or codex began no session: then stderr
    echoes nothing that others wrote.
    """
    stderr = ended.stderr.decode(errors="replace")
    interpreter, package = _NO_INTERPRETER.search(stderr), _NO_PLATFORM_PACKAGE.search(stderr)
    tail = {"returncode": ended.returncode, "stderr": stderr[-2000:]}
    if ended.returncode in (126, 127):
        number = errnos.ENOENT if ended.returncode == 127 else errnos.EACCES
        why = (
            f"it needs '{interpreter[1]}', which is not there"
            if interpreter
            else f"it ended with exit status {ended.returncode}"
        )
        return missing(
            command.setting, why, number, interpreter[1] if interpreter else command.words[0], **tail
        )
    if ended.returncode != 0 and package:
        return missing(command.setting, package[1], errnos.ENOENT, command.words[0], **tail)
    return None


def missing(setting: str, why: str, number: int | None, path: str, **facts: Any) -> ProviderError:
    """The error for a command that cannot be started. `number`: the errno; `path`:
    the file that is the matter.
    """
    return ProviderError(
        f"CODING_AGENT_CMD is '{setting}', which cannot be started: {why} ('{INSTALL}' installs codex)",
        hint=(
            f"install codex with '{INSTALL}', or set CODING_AGENT_CMD to the path of one; "
            "AGENT_PROVIDER=internal needs none"
        ),
        details={"cause": "binary_missing", "errno": number, "path": path, **facts},
    )


def _not_found(setting: str, word: str, environ: Mapping[str, str]) -> ProviderError:
    places = (
        [word]
        if os.sep in word
        else [os.path.join(place, word) for place in environ.get("PATH", os.defpath).split(os.pathsep)]
    )
    there = next((place for place in places if os.path.exists(place)), "")
    if there:
        return missing(
            setting,
            f"{there} is {'a folder' if os.path.isdir(there) else 'not executable'}",
            errnos.EACCES,
            there,
        )
    return missing(
        setting,
        f"there is no {word}" if os.sep in word else f"'{word}' is not on the PATH",
        errnos.ENOENT,
        word,
    )
