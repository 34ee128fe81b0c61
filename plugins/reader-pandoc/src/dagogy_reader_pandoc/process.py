"""Starts pandoc on bytes and gives its syntax tree. It reads and writes no file, asks no network, and has
bounds on time and memory.

The bound on time is one of processor seconds, so that a busy machine changes nothing; another of the clock
stands far behind it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from dagogy.api.errors import ConfigError, InvalidArgument
from dagogy.api.text import one_line, shorten

__all__ = ["INSTALL", "pandoc_path", "syntax_tree"]

INSTALL = "pip install pypandoc_binary"
_HEAP = "512M"
_BASE_SECONDS = 20
_BYTES_A_SECOND = 50_000
#: What the tree may have as JSON, in bytes: two hundred times a long book.
_MAX_TREE = 256 * 1024 * 1024


@cache
def pandoc_path() -> Path | None:
    """The pandoc that comes with `pypandoc_binary`, or None. No other is taken: what it does with a
    stranger's file is known of this one.
    """
    found = importlib.util.find_spec("pypandoc")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        path = Path(folder) / "files" / "pandoc"
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def syntax_tree(data: bytes, pandoc_format: str, name: str) -> dict[str, Any]:
    """The tree of `data` as pandoc's JSON has it: `meta` and `blocks`.

    Raises `ConfigError` where pandoc is not installed, and `InvalidArgument`, with file, format and reason,
    for what it cannot read.
    """
    program = pandoc_path()
    if program is None:
        raise ConfigError(
            f"'{name}' cannot be read: it takes pandoc, which is not installed",
            hint=INSTALL,
            details={"source": name, "format": pandoc_format},
        )
    seconds = _BASE_SECONDS + len(data) // _BYTES_A_SECOND
    command = [str(program), "-f", pandoc_format, "-t", "json", "--sandbox", "+RTS", f"-M{_HEAP}", "-RTS"]
    # The environment could name a folder with templates and filters of the user.
    environment = {"PATH": "/nonexistent", "HOME": "/nonexistent", "LANG": "C.UTF-8"}

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_TREE, _MAX_TREE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    import tempfile

    # A file without a name takes the tree, so that its size has a bound.
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(
                command,
                input=data,
                stdout=out,
                stderr=subprocess.PIPE,
                env=environment,
                cwd="/",
                timeout=seconds * 20,
                check=False,
                preexec_fn=bounded,
            )
        except subprocess.TimeoutExpired:
            raise _unreadable(name, pandoc_format, "it takes too long") from None
        except OSError as error:
            raise ConfigError(
                f"pandoc cannot be started: {error.strerror}",
                hint=f"{INSTALL} --force-reinstall",
                details={"program": str(program)},
            ) from None
        if done.returncode:
            raise _unreadable(name, pandoc_format, _reason(done.returncode, done.stderr, seconds))
        out.seek(0)
        try:
            tree = json.load(out)
        except (ValueError, RecursionError):
            raise _unreadable(name, pandoc_format, "it is nested too deeply") from None
    return tree  # type: ignore[no-any-return]


def _reason(status: int, stderr: bytes, seconds: int) -> str:
    text = stderr.decode("utf-8", "replace")
    if status == 251 or "heap exhausted" in text.lower():
        return f"it takes more than the {_HEAP} of memory that a document may"
    if status in (-24, -9):
        return f"it takes more than {seconds} seconds of processor time"
    if status == -25:
        return f"what comes of it has more than {_MAX_TREE // 2**20} MiB"
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("[")]
    return shorten(one_line(" ".join(lines[:3])), 300) or f"pandoc ended with status {status}"


def _unreadable(name: str, pandoc_format: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"scope file '{name}' cannot be read as {pandoc_format}: {reason}",
        hint=(
            "save it anew with the program it comes from, name its format with --scope-format, or export it "
            "as Markdown"
        ),
        details={"source": name, "format": pandoc_format, "reason": reason},
    )
