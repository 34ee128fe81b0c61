"""What must hold of every command, whatever it was given: typed ends, clean text, whole files."""

from __future__ import annotations

import json
import os
import re
import stat
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dagogy.api.errors import EXIT_STATUSES

from torture.harness import Harness, Ran

#: What a command on anything but a bug and a bad plugin may end with; no case brings a plugin of its own.
#: That the codes have the statuses that the contract gives them, a test of the commands holds.
ALLOWED = frozenset({0, *EXIT_STATUSES.values()} - {10, 11})
_FIRST_LINE = re.compile(rb"\[([a-z_]+)\] .")
#: C0 but line feed and tab, DEL, C1, and the marks that turn the direction of text.
CONTROL = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)
#: What a planted document or message has at the start of a line; a CI service obeys it there.
COMMAND_LINE = re.compile(
    rb"(?m)^[ \t]*(::[a-z-]+[^:\n]*::PLANTED|##\[[a-z]+\]PLANTED|##vso\[[^\]]*\]PLANTED)"
)


@dataclass(frozen=True, slots=True)
class Loss:
    """One promise that was not kept: which (a word for the table), and what was seen."""

    what: str
    seen: str


def ended(ran: Ran, *, debug: bool = False, as_json: bool = False) -> Iterator[Loss]:
    """Whether it ended as a command may end."""
    line = "dagogy " + " ".join(map(repr, ran.argv))
    if len(line) > 400:
        line = line[:400] + "…"
    if ran.hung:
        waits = f", waiting in {ran.waits}" if ran.waits else ""
        yield Loss("hang", f"{line}: {ran.cpu:.1f} s of processor time, {ran.seconds:.0f} s in all{waits}")
        return
    if not debug and b"Traceback (most recent call last)" in ran.out + ran.err:
        last = ran.err.decode("utf-8", "replace").rstrip().rsplit("\n", 1)[-1]
        yield Loss("traceback", f"{line}: {last[:300]}")
    if ran.status not in ALLOWED:
        yield Loss(f"exit {ran.status}", f"{line}: {ran.summary}")
    elif ran.status:
        found = _FIRST_LINE.match(ran.err)
        code = found[1].decode() if found else ""
        if EXIT_STATUSES.get(code) != ran.status:
            yield Loss("untyped", f"{line}: exit {ran.status} with {ran.summary!r}")
    if as_json and ran.status in ALLOWED:
        try:
            json.loads(ran.out)
        except (ValueError, RecursionError) as error:
            yield Loss("not JSON", f"{line}: {error}: {ran.out[:120]!r}")


def clean(text: bytes, where: str) -> Iterator[Loss]:
    """Whether text may go to a terminal, a report or a CI log."""
    try:
        shown = text.decode()
    except UnicodeDecodeError as error:
        yield Loss(
            "control",
            (
                f"{where}: not UTF-8 at byte {error.start}: "
                f"{text[max(error.start - 30, 0) : error.start + 20]!r}"
            ),
        )
        shown = text.decode("utf-8", "replace")
    if found := CONTROL.search(shown):
        yield Loss(
            "control", f"{where}: {found[0]!r} in {shown[max(found.start() - 40, 0) : found.end() + 20]!r}"
        )
    if planted := COMMAND_LINE.search(text):
        yield Loss("CI command", f"{where}: a line begins with {planted[0].decode()!r}")


def printed(ran: Ran) -> Iterator[Loss]:
    """Whether both streams of a command are clean."""
    name = " ".join(ran.argv[:2])
    yield from clean(ran.out, f"stdout of {name!r}")
    yield from clean(ran.err, f"stderr of {name!r}")


def leaked(text: bytes, secrets: Mapping[str, str], where: str) -> Iterator[Loss]:
    """The planted secrets that stand in `text`, as they are or with what hides
    them from the eye taken out.
    """
    shown = text.decode("utf-8", "replace")
    forms = (shown, re.sub("\x1b\\[[0-9;]*m|[\u200b-\u200d\u2060\ufeff]", "", shown))
    for name, secret in secrets.items():
        for form in forms:
            if (at := form.find(secret)) >= 0:
                yield Loss("secret", f"{where}: {name} in {form[max(at - 40, 0) : at]!r}…")
                break


def whole(folder: Path) -> Iterator[Loss]:
    """Whether every file that has its name is complete; one kill tears one line of an events log at most."""
    for path in files_of(folder):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.suffix == ".json":
            try:
                json.loads(path.read_bytes())
            except ValueError as error:
                yield Loss("torn file", f"{path}: {error}")
        elif path.suffix == ".jsonl":
            torn = sum(not _parses(line) for line in path.read_bytes().split(b"\n") if line)
            if torn > 1:
                yield Loss("torn file", f"{path}: {torn} lines that are no JSON")
        elif path.name.endswith(".tar.gz"):
            try:
                with tarfile.open(path) as tar:
                    tar.getmembers()
            except (OSError, EOFError, tarfile.TarError) as error:
                yield Loss("torn file", f"{path}: {error}")


def _parses(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def files_of(folder: Path) -> Iterator[Path]:
    """Every regular file below `folder`; symlinks are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def snapshot(harness: Harness) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in files_of(harness.work)}


def written(harness: Harness, before: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """What is in the workspace now and was not before: new and changed files, what was appended to a log, and
    what archives hold.
    """
    for path in files_of(harness.work):
        data, old = path.read_bytes(), before.get(str(path))
        if data == old:
            continue
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as tar:
                for member in tar:
                    file = tar.extractfile(member)
                    # An archive of the run holds the run as it is; a bundle is what is sent to others.
                    if file is not None and "escalation" in path.name and "/inputs/" not in member.name:
                        yield f"{path.name}/{member.name}", file.read()
        elif old is not None and data.startswith(old):
            yield str(path), data[len(old) :]
        else:
            yield str(path), data
