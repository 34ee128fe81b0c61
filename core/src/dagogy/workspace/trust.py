"""Which configuration files the user has trusted: path, owner and content, remembered outside any project.

A configuration file may come from a stranger: an archive, a clone, a parent folder that others can write to.
What it says about rules and limits counts all the same. Settings that start a program, choose a provider or
say where a key goes (`Settings.is_sensitive`) count only once the user has trusted the file; git
(`safe.directory`) and direnv (`direnv allow`) do the same.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import json
import os
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dagogy.api.errors import ConfigError, DagogyError, StorageError
from dagogy.contracts.depth import is_deeper_than
from dagogy.workspace.events import utc_now
from dagogy.workspace.files import open_regular, read_regular, to_json, write_atomic
from dagogy.workspace.lock import alone
from dagogy.workspace.state import privacy_problem, private_dir, state_dir, user_key

TRUSTED = "trusted.json"
_LOCK = ".trusted.lock"
#: Bytes. No configuration is that long; a file that is was not meant to be one.
LARGEST_FILE = 2**20
#: tomllib needs quadratic time for a key of many dotted parts, and a deep table ends
#: its recursion: bounds on both.
_MOST_DOTS_SQUARED, _DEEPEST = 4_000_000, 50


@dataclass(frozen=True)
class ConfigFile:
    """A configuration file as it was read, once. `real`: its path without symlinks; `problem`: why it can
    never be trusted as it stands, or "".
    """

    path: Path
    real: Path
    data: bytes
    owner: int
    problem: str
    hint: str

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def table(self) -> dict[str, Any]:
        """The bytes as TOML. Raises `ConfigError`."""
        import tomllib

        try:
            text = self.data.decode("utf-8-sig").replace("\r\n", "\n")
            if sum(line.count(".") ** 2 for line in text.split("\n")) > _MOST_DOTS_SQUARED:
                raise RecursionError
            table = tomllib.loads(text)
            if is_deeper_than(table, _DEEPEST):
                raise RecursionError
        except RecursionError:
            raise ConfigError(
                f"{self.path} is nested too deeply to be a configuration", hint="correct or remove it"
            ) from None
        except ValueError as error:
            raise ConfigError(f"{self.path} is not TOML: {error}", hint="correct or remove it") from None
        return table


@dataclass(frozen=True, slots=True)
class Trusted:
    """A file that was trusted: its path without symlinks, its owner's uid and the
    SHA-256 of its content then.
    """

    path: str
    owner: int
    sha256: str
    trusted_at_utc: str


def read_config(path: Path) -> ConfigFile:
    """The file, with what speaks against trusting it. Raises `ConfigError` for what cannot be read, is no
    regular file, or is too long.

    Content, owner and mode come from one open file, so that nothing can change between the check and the use.
    """
    try:
        real = Path(os.path.realpath(path, strict=True))
        with open_regular(real, os.O_NOFOLLOW) as file:
            found = os.fstat(file.fileno())
            data = file.read(LARGEST_FILE + 1)
        problem, hint = _problem(path, real, found)
    except OSError as error:
        replace = "replace it by a file, or remove it" if error.errno in (errno.EISDIR, errno.EINVAL) else ""
        raise ConfigError(f"{path} cannot be read: {error.strerror}", hint=replace) from None
    if len(data) > LARGEST_FILE:
        raise ConfigError(
            f"{path} is longer than {LARGEST_FILE:,} bytes, which no configuration is",
            hint="shorten or remove it",
        )
    return ConfigFile(path, real, data, found.st_uid, problem, hint)


def _problem(path: Path, real: Path, found: os.stat_result) -> tuple[str, str]:
    """Why a file cannot be trusted, whoever trusts it, and what to do about it; two empty texts where it can.

    Somebody else could replace it, or put another one in its place: its owner and mode count, and those of
    its folder; of a symlink, both ends.
    """
    places = [("it", real, found), (f"its folder {real.parent}", real.parent, os.stat(real.parent))]
    if os.path.islink(path):
        folder = Path(os.path.abspath(path.parent))
        places += [
            ("the symlink", path, os.lstat(path)),
            (f"the folder {folder} of the symlink", folder, os.stat(folder)),
        ]
    # The superuser's folder is as safe as one's own; the file itself is to be one's own.
    judged = [
        (name, place, privacy_problem(seen, (0,) if stat.S_ISDIR(seen.st_mode) else ()))
        for name, place, seen in places
    ]
    wrong = [(f"{name} {problem}", place, "mode" in problem) for name, place, problem in judged if problem]
    if not wrong:
        return "", ""
    if not all(of_mode for _, _, of_mode in wrong):
        return next(
            problem for problem, _, of_mode in wrong if not of_mode
        ), "make a copy of your own in a folder of your own"
    return "; ".join(
        problem for problem, _, _ in wrong
    ), f"'chmod go-w {' '.join(dict.fromkeys(shlex.quote(str(p)) for _, p, _ in wrong))}'"


def exposure(path: Path) -> str:
    """Why a file cannot be the user's own word even where no trust is asked for: another user owns it (root
    apart), or everybody can write to it.

    A predicate; "" where neither is so. Of a symlink both ends count. It is not opened: a
    pipe in its place would wait.
    """
    for look in (os.lstat, os.stat):
        try:
            found = look(path)
        except OSError:
            continue
        if found.st_uid not in (os.geteuid(), 0):
            return f"belongs to another user (uid {found.st_uid})"
        if found.st_mode & stat.S_IWOTH and not stat.S_ISLNK(found.st_mode):
            return f"can be written to by others (mode {stat.S_IMODE(found.st_mode):04o})"
    return ""


class TrustStore:
    """The files that this user has trusted, in `trusted.json` of the state folder.

    Each entry has a MAC under the user's key. Where HOME is a checkout, as in some CI jobs, a repository
    could bring a list of its own: an entry without a valid MAC does not count.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.folder = state_dir(environ)
        self._environ = environ

    def entries(self) -> list[Trusted]:
        """All that count, by path. Raises `StorageError` when the list cannot be read, is not this user's
        alone, or cannot be checked.
        """
        path = self.folder / TRUSTED
        try:
            for place in (self.folder, path):
                found = os.lstat(place)
                mode = stat.S_IMODE(found.st_mode)
                readable = (
                    f"can be used by others (mode {mode:04o})" if place == path and mode & 0o077 else ""
                )
                problem = privacy_problem(found) or readable
                if problem:
                    raise StorageError(
                        f"{place} is ignored because it {problem}",
                        hint=f"remove {path}, and trust your files again",
                    )
            rows = json.loads(read_regular(path))["files"]
            read = [
                (
                    Trusted(str(r["path"]), int(r["owner"]), str(r["sha256"]), str(r["trusted_at_utc"])),
                    str(r.get("mac")),
                )
                for r in rows
            ]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(
                f"{path} cannot be read: {error.strerror}", hint="check its owner and mode"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise StorageError(
                f"{path} is not a valid list of trusted files", hint="remove it, and trust your files again"
            ) from None
        valid = [
            entry
            for entry, mac in read
            if hmac.compare_digest(self._mac(entry).encode(), mac.encode(errors="replace"))
        ]
        return sorted(valid, key=lambda entry: entry.path)

    def _mac(self, entry: Trusted) -> str:
        about = json.dumps(asdict(entry), sort_keys=True).encode()
        return hmac.new(user_key(self._environ), b"dagogy trusted 1\0" + about, hashlib.sha256).hexdigest()

    def objection(self, file: ConfigFile) -> tuple[str, str]:
        """Why the file is not trusted, and the way out; two empty texts where it is."""
        if file.problem:
            return file.problem, f"{file.hint}; then 'dagogy trust'"
        try:
            entry = next((e for e in self.entries() if e.path == str(file.real)), None)
        except DagogyError as error:
            return error.message, error.hint
        if entry is None:
            return "the file is not trusted", "'dagogy trust' shows and trusts it"
        if (entry.owner, entry.sha256) != (file.owner, file.sha256):
            return (
                "the file has changed since it was trusted",
                "'dagogy trust' shows and trusts it as it is now",
            )
        return "", ""

    def remember(self, file: ConfigFile) -> Trusted:
        """Trusts the file with the content that was read. Raises `ConfigError` for one that cannot be
        trusted, and `StorageError`.
        """
        if file.problem:
            raise ConfigError(f"{file.path} cannot be trusted: {file.problem}", hint=file.hint)
        entry = Trusted(str(file.real), file.owner, file.sha256, utc_now())
        with self._changing() as entries:
            entries[:] = [*(e for e in entries if e.path != entry.path), entry]
        return entry

    def forget(self, path: Path) -> bool:
        """Trusts the file no more; whether it was trusted. It need not exist any
        more. Raises `StorageError`.
        """
        with self._changing() as entries:
            left = [e for e in entries if e.path != os.path.realpath(path)]
            gone = len(left) < len(entries)
            entries[:] = left
        return gone

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[Trusted]]:
        """The entries, to be changed in place; written at the end. One process at a time."""
        private_dir(self.folder)
        with alone(self.folder / _LOCK):
            before = self.entries()
            entries = list(before)
            yield entries
            if entries != before:
                self._write(entries)

    def _write(self, entries: Sequence[Trusted]) -> None:
        before = os.umask(0o077)
        try:
            write_atomic(
                self.folder / TRUSTED,
                to_json(
                    {"schema_version": 1, "files": [{**asdict(e), "mac": self._mac(e)} for e in entries]}
                ),
            )
        finally:
            os.umask(before)
