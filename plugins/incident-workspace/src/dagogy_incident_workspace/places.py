"""What probes and actions of the workspace both ask: which file failed, who owns it, where it is mounted,
which runs are near.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from dagogy.api.failures import Failure

_PATH = re.compile(r"['\"](?P<quoted>/[^'\"\n]+)['\"]|(?:^|[\s:(])(?P<bare>/[^\s:'\"(),;]+)")
_RUN_ID = re.compile(r"\b\d{8}-\d{6}(?:-[a-z0-9-]+)?\b")


def failing_path(failure: Failure, folder: Path) -> Path | None:
    """The file or folder that the failure names: in its details, else the last absolute path that it tells
    of. `folder`: where relative ones are.
    """
    given = failure.details.get("path") or failure.details.get("artifact")
    if isinstance(given, str) and given:
        return folder / given
    texts = [failure.message, *(message for _, message in failure.exception_chain), failure.text[-4000:]]
    found = [m["quoted"] or m["bare"] for text in texts for m in _PATH.finditer(text)]
    return Path(found[-1]) if found else None


def nearest_existing(path: Path) -> Path:
    """`path`, or the folder above it that is there: what has to be writable so that it can be made."""
    for each in (path, *path.parents):
        try:
            each.lstat()
            return each
        except OSError:
            continue
    return Path("/")


def owner(path: Path) -> str:
    """Owner, group id and mode of what is at `path`, as `ls -ld` would say."""
    about = path.lstat()
    return f"owner {user(about.st_uid)}, mode {about.st_mode & 0o7777:o}"


def user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def mount(path: Path) -> tuple[str, str]:
    """The mount point that `path` is on, and its options; empty where the system does not tell."""
    best = ("", "")
    try:
        rows = [
            line.split(" ")
            for line in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        ]
    except OSError:
        return best
    resolved = path.resolve()
    for row in rows:
        place = row[1].encode().decode("unicode_escape")
        if resolved.is_relative_to(place) and len(place) >= len(best[0]):
            best = (place, row[3])
    return best


def spaces(*folders: Path) -> Iterator[tuple[Path, float, float]]:
    """Of each folder's disk the free bytes and the free inodes (-1 where the disk does not
    count them); of one disk once.
    """
    seen = set()
    for folder in folders:
        try:
            place = nearest_existing(folder)
            device, about = place.stat().st_dev, os.statvfs(place)
        except OSError:
            continue
        if device not in seen:
            seen.add(device)
            yield (
                place,
                float(about.f_bavail * about.f_frsize),
                float(about.f_favail) if about.f_files else -1.0,
            )


def temporary_folder(given: str) -> Path:
    """Where temporary files go by the setting `TMPDIR`. Asking `tempfile` would write one to find out."""
    return Path(given.strip() or "/tmp")  # noqa: S108


def near_runs(failure: Failure, runs_dir: Path) -> tuple[str, list[str]]:
    """The run that was asked for and is not there, and the ids most like it."""
    try:
        ids = [p.name for p in runs_dir.iterdir() if p.is_dir() and _RUN_ID.fullmatch(p.name)]
    except OSError:
        ids = []
    wanted = _asked_for(failure)
    if not wanted or wanted in ids:
        return wanted, []
    slugs = {i.split("-", 2)[2]: i for i in ids if i.count("-") >= 2}
    near = [
        *get_close_matches(wanted, ids, 3, 0.6),
        *(slugs[s] for s in get_close_matches(wanted, slugs, 3, 0.6)),
    ]
    return wanted, list(dict.fromkeys(near))[:3]


def _asked_for(failure: Failure) -> str:
    """The run as the failure's details, its message or its command name it."""
    if failure.details.get("run"):
        return str(failure.details["run"])
    quoted = re.search(r"\brun '([^']+)'", failure.message)
    words = [w for w in failure.command[2:] if not w.startswith("-")]
    return quoted[1] if quoted else words[0] if words else ""


def packed_runs(wanted: str, runs_dir: Path, archive_dir: str) -> list[Path]:
    """The archives of a run, by name. `archive_dir` as it is set; "" for the one in the runs dir."""
    archive = Path(archive_dir.strip() or runs_dir / "archives")
    return sorted(p for p in archive.glob("*.tar.gz") if wanted in p.name) if archive.is_dir() else []
