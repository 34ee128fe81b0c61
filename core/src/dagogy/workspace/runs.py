"""Runs: folders with an id, found by id, prefix, slug or `latest`; and the metadata in `run.json`."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from dagogy.api.errors import DagogyError, InvalidArgument, NotFound, StorageError
from dagogy.contracts.depth import is_deeper_than
from dagogy.workspace.events import append_event, utc_now
from dagogy.workspace.files import (
    TooDeep,
    from_json,
    guarded,
    make_folder,
    read_regular,
    remove_tree,
    storage_error,
    sync_folder,
    to_json,
    write_atomic,
)
from dagogy.workspace.provenance import is_made_here

STAGES = ("initialized", "spec_ready", "generated", "validated", "planned", "iterated")
SCHEMA_VERSION = 1
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}(?:-[a-z0-9-]+)?")
_STAMP = len("20260131-120000")
#: The history in `run.json` keeps this many entries; the events log has all of them.
HISTORY_LIMIT = 200
#: Where a run tells which one took its place, and that one whose place it took.
REPLACED_BY, REPLACES = "logs/replaced_by", "logs/replaces"
_SLUG_LIMIT = 60
#: `run.json` is a few levels deep; what is deeper could be read, but not written again.
_DEPTH_LIMIT = 40
#: The folder of a run in the making, and the age from which one that nobody fills is a dead one's.
_NEW = ".new-"
_NEW_SECONDS = 60.0


def is_run_id(name: str) -> bool:
    """Whether `name` has the form of a run id."""
    return _RUN_ID.fullmatch(name) is not None


def slugify(name: str) -> str:
    """The slug of a name: lower-case ASCII letters, digits and single dashes; ""
    when nothing is left of it.
    """
    import unicodedata

    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_LIMIT].rstrip("-")


@dataclass(eq=False, repr=False)
class Metadata:
    """`run.json`. `stamps` say, by artifact, from which content it was made."""

    run_id: str
    created_at_utc: str
    stage: str = STAGES[0]
    history: list[dict[str, Any]] = field(default_factory=list)
    stamps: dict[str, dict[str, Any]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def note(self, event_type: str, message: str, **metadata: Any) -> None:
        """Adds to the history."""
        self.history.append(
            {
                "at_utc": utc_now(),
                "event_type": event_type,
                "stage": self.stage,
                "message": message,
                "metadata": metadata,
            }
        )
        del self.history[:-HISTORY_LIMIT]

    def as_dict(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "created_at_utc": self.created_at_utc,
            "stage": self.stage,
            **self.extra,
            "stamps": self.stamps,
            "history": self.history,
        }


def invalid_metadata(run_id: str, why: str) -> StorageError:
    """The runbook's `invalid run metadata`, with its way out."""
    return StorageError(
        f"invalid run metadata: {run_id}/run.json {why}",
        hint=f"dagogy archive {run_id}, then 'dagogy init' a fresh run and regenerate (runbook 3F)",
        details={"run_id": run_id, "artifact": "run.json"},
    )


def parse_metadata(run_id: str, data: bytes) -> Metadata:
    """Reads `run.json`. Raises `StorageError` ("invalid run metadata") that says what is wrong with it."""
    try:
        document = from_json(data)
    except TooDeep:
        raise invalid_metadata(run_id, "is nested too deeply") from None
    except ValueError as error:
        raise invalid_metadata(run_id, "is empty" if not data.strip() else f"is not JSON: {error}") from None
    wrong = _wrong_metadata(document)
    if wrong:
        raise invalid_metadata(run_id, wrong)
    known = {"schema_version", *_METADATA_SHAPES}
    return Metadata(
        run_id,
        document["created_at_utc"],
        document["stage"],
        document["history"],
        document["stamps"],
        {k: v for k, v in document.items() if k not in known},
    )


_METADATA_SHAPES = {"run_id": str, "created_at_utc": str, "stage": str, "history": list, "stamps": dict}


def _wrong_metadata(document: Any) -> str:
    """What is wrong with the document of `run.json`; "" where nothing is."""
    if not isinstance(document, dict):
        return "is not an object"
    wrong = _wrong_version(document.get("schema_version")) or next(
        (
            f"has no valid '{key}'"
            for key, kind in _METADATA_SHAPES.items()
            if not isinstance(document.get(key), kind)
        ),
        "",
    )
    if wrong:
        return wrong
    if document["stage"] not in STAGES:
        return f"has the unknown stage {document['stage']!r}"
    if not all(isinstance(entry, dict) for entry in (*document["stamps"].values(), *document["history"])):
        return "has stamps or history entries that are not objects"
    return "is nested too deeply" if is_deeper_than(document, _DEPTH_LIMIT) else ""


def _wrong_version(version: Any) -> str:
    if version == SCHEMA_VERSION and not isinstance(version, bool):
        return ""
    newer = isinstance(version, int) and version > SCHEMA_VERSION
    account = "newer than this dagogy reads" if newer else "incompatible"
    return f"has schema_version {version!r}, {account} (wanted {SCHEMA_VERSION})"


def gone(run: Path) -> NotFound:
    """The failure of whoever was at work on a run that is there no more."""
    return NotFound(
        f"run {run.name} is gone: it was removed or archived away from {run.parent}",
        hint="'dagogy list' shows the runs that are there",
        details={"run_id": run.name},
    )


class Run(NamedTuple):
    """One run folder. Paths are given relative to it, in the words of the contract."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    def file(self, relative: str) -> Path:
        """The path of an artifact. Raises `StorageError` when a symlink leads it out of the run."""
        return guarded(self.path / relative, self.path)

    def read(self, relative: str) -> bytes:
        return read_regular(self.file(relative))

    def exists(self, relative: str) -> bool:
        return os.path.lexists(self.path / relative)

    def write(self, relative: str, data: bytes) -> None:
        if not self.is_there():
            raise gone(self.path)
        write_atomic(self.file(relative), data, inside=self.path)

    def write_json(self, relative: str, document: Any) -> bytes:
        data = to_json(document)
        self.write(relative, data)
        return data

    def remove(self, relative: str) -> None:
        path = self.file(relative)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error("remove", path, error) from error

    def is_there(self) -> bool:
        """Whether the run is there. It leaves in one step: a folder that is there is all of it."""
        return self.path.is_dir()

    @contextlib.contextmanager
    def standing(self) -> Iterator[None]:
        """Around whatever reads the run without its lock. A run may be archived away in the
        meantime, and then neither what was read of it counts nor what failed: that is `NotFound`,
        whichever file was missed first."""
        before = self._identity()
        try:
            yield
        except Exception as error:
            if before is None or self._identity() != before:
                raise gone(self.path) from error
            raise
        if before is None or self._identity() != before:
            raise gone(self.path)

    def _identity(self) -> tuple[int, int] | None:
        try:
            about = os.stat(self.path)
        except OSError:
            return None
        return about.st_dev, about.st_ino

    def metadata(self) -> tuple[bytes, Metadata]:
        """`run.json` as it is and as it is read. Raises `StorageError` ("invalid run metadata")."""
        if not self.exists("run.json"):
            raise invalid_metadata(self.id, "is missing")
        data = self.read("run.json")
        return data, parse_metadata(self.id, data)

    def save(self, metadata: Metadata) -> None:
        metadata.run_id = self.id
        self.write_json("run.json", metadata.as_dict())

    def event(self, event: str, **facts: Any) -> None:
        if self.path.is_dir():
            append_event(self.file("logs/events.jsonl"), event, **facts)


class Runs:
    """The runs dir. `environ` says where the user's key is, which tells their own runs."""

    def __init__(self, base: Path, environ: Mapping[str, str]) -> None:
        self.base, self._environ = base, environ

    def ids(self) -> list[str]:
        """Ids of all runs, oldest first. A runs dir that is not there has none. Raises `StorageError`."""
        try:
            with os.scandir(self.base) as entries:
                return sorted(e.name for e in entries if is_run_id(e.name) and _is_folder(e))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error("read the runs dir", self.base, error) from error

    def find(self, reference: str) -> Run:
        """The run that `reference` means: an id, a unique prefix of one, a unique slug, or `latest`.

        Raises `InvalidArgument` for what could leave the runs dir or means several runs,
        `NotFound` for what means none.
        """
        if not reference or reference.startswith(".") or any(c in reference for c in "/\\\x00"):
            raise InvalidArgument(
                f"'{reference}' is not a run id",
                hint="'dagogy list' shows the ids; a unique prefix, a slug or 'latest' will do",
            )
        ids = self.ids()
        if reference == "latest":
            if not ids:
                raise NotFound(f"there is no run in {self.base}", hint="'dagogy init NAME' makes one")
            return self.named(self._newest(ids))
        if reference in ids:
            return self.named(reference)
        # A run that another one took the place of has left its name to that one; its whole id still finds it.
        slugs = list(dict.fromkeys(self._in_place_of(i) for i in ids if i[_STAMP + 1 :] == reference))
        hits = slugs or [i for i in ids if i.startswith(reference)]
        if len(hits) != 1:
            raise self._not_one(reference, ids, hits)
        return self.named(hits[0])

    def _not_one(self, reference: str, ids: Sequence[str], hits: Sequence[str]) -> DagogyError:
        """The error for a reference that means several runs, or none."""
        if hits:
            shown = ", ".join(hits[-5:]) + (f" and {len(hits) - 5} more" if len(hits) > 5 else "")
            return InvalidArgument(
                f"'{reference}' means {len(hits)} runs: {shown}",
                hint="give the whole id",
                details={"candidates": list(hits[:100])},
            )
        from dagogy.contracts.suggest import did_you_mean

        known = [*ids[-200:], *(i[_STAMP + 1 :] for i in ids[-200:] if len(i) > _STAMP + 1)]
        return NotFound(
            f"no run '{reference}' in {self.base}",
            hint=did_you_mean(reference, known) or "'dagogy list' shows the runs",
        )

    def replacement(self, run_id: str) -> str:
        """The id of the run that took the place of this one, as both tell, if this user made
        it here; "" where none did.

        What runs of strangers say of one another gives none of them the name of a third.
        """
        try:
            fresh = read_regular(self.base / run_id / REPLACED_BY)[:200].decode().strip()
            mutual = (
                is_run_id(fresh)
                and read_regular(self.base / fresh / REPLACES)[:200].decode().strip() == run_id
            )
        except (StorageError, UnicodeDecodeError):
            return ""
        return fresh if mutual and is_made_here(self.base / fresh, self._environ) else ""

    def _in_place_of(self, run_id: str) -> str:
        """The run itself, or the last one that took the place of it."""
        seen = {run_id}
        while (fresh := self.replacement(run_id)) and fresh not in seen:
            seen.add(fresh)
            run_id = fresh
        return run_id

    def _newest(self, ids: list[str]) -> str:
        """The last by time; among runs of one second the one whose metadata says it was made last."""
        same = [i for i in ids if i[:_STAMP] == ids[-1][:_STAMP]]
        if len(same) == 1:
            return same[0]

        def made(run_id: str) -> tuple[str, str]:
            with contextlib.suppress(StorageError, InvalidArgument):
                return self.named(run_id).metadata()[1].created_at_utc, run_id
            return "", run_id

        return max(same, key=made)

    def named(self, run_id: str) -> Run:
        """The run of that id. A symlink to another run is that other run; raises `InvalidArgument` for one
        out of the runs dir.
        """
        path = self.base / run_id
        if not path.is_symlink():
            return Run(path)
        try:
            target = path.resolve()
            inside = target.parent == self.base.resolve() and is_run_id(target.name)
        except (OSError, RuntimeError):
            inside = False
        if not inside:
            raise InvalidArgument(
                f"run '{run_id}' is a symlink that leads out of {self.base}",
                hint="move the run itself into the runs dir",
            )
        return Run(self.base / target.name)

    def create(self, build: Callable[[Run], None], *, run_id: str = "", slug: str = "") -> Run:
        """A new run: `build` fills a hidden folder, which then gets its id in one step: `run_id`, or
        one made of the time and `slug`. An id that is taken gets a suffix. Raises `StorageError`;
        then nothing is left behind."""
        try:
            make_folder(self.base)
            self._sweep()
            hidden = Path(tempfile.mkdtemp(prefix=_NEW, dir=self.base))
        except OSError as error:
            raise storage_error("create a run in", self.base, error) from error
        try:
            with _alive(hidden):
                build(Run(hidden))
                return self._place(
                    hidden,
                    run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + (f"-{slug}" if slug else ""),
                )
        except OSError as error:
            raise storage_error("create a run in", self.base, error) from error
        finally:
            with contextlib.suppress(OSError):
                remove_tree(hidden)

    def _sweep(self) -> None:
        """Removes what a killed `create` left. A folder that is being filled is locked, or so
        young that it is about to be.
        """
        with contextlib.suppress(OSError), os.scandir(self.base) as entries:
            for entry in [e for e in entries if e.name.startswith(_NEW)]:
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > _NEW_SECONDS:
                        with _alive(Path(entry.path)):
                            remove_tree(Path(entry.path))

    def _place(self, hidden: Path, run_id: str) -> Run:
        """Renaming a folder onto one that is not empty fails, so no other run's folder is ever taken."""
        for suffix in range(1, 10_000):
            name = run_id if suffix == 1 else f"{run_id}-{suffix}"
            if os.path.lexists(self.base / name):
                continue
            _set_run_id(hidden / "run.json", name)
            try:
                os.rename(hidden, self.base / name)
            except OSError:
                if os.path.lexists(self.base / name):
                    continue
                raise
            sync_folder(self.base)
            return Run(self.base / name)
        raise StorageError(f"no free id for a run '{run_id}' in {self.base}", hint="archive some runs")


def _set_run_id(path: Path, run_id: str) -> None:
    """Writes the final id into `run.json`; an invalid one (of a restored run) stays as it is."""
    try:
        metadata = parse_metadata(run_id, read_regular(path))
    except StorageError:
        return
    write_atomic(path, to_json(metadata.as_dict()))


@contextlib.contextmanager
def _alive(folder: Path) -> Iterator[None]:
    """Shows others that `folder` is being filled. Raises `BlockingIOError` when one does already; a dead
    one's lock is gone.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symlink loop
        return False
