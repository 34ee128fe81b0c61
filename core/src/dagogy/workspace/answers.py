"""The answers that providers were given: kept in the run, so that none is paid for twice and a
rejected one can be looked at.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from dagogy.api.errors import StorageError
from dagogy.api.providers import ResponseCache
from dagogy.workspace.events import utc_now
from dagogy.workspace.files import from_json, read_regular, to_json, write_atomic
from dagogy.workspace.runs import Run

ANSWERS = "logs/answers"
#: What providers learned of the services they ask, in the runs dir.
MEMORY = "provider_memory.json"
_HASH = re.compile(r"[0-9a-f]{16,128}")


class RunAnswers(ResponseCache):
    """The response cache of one run. With `fresh` nothing that was kept is found again.

    An answer is worth more than its copy: where none can be written (a full disk), whoever asked goes on with
    what was answered.

    `clean` takes secrets out of what is written, and what only looks like one too, but for `shapes=False`: a
    lesson may show what a key looks like.
    """

    def __init__(self, run: Run, runs_dir: Path, clean: Callable[..., Any], *, fresh: bool = False) -> None:
        super().__init__()
        self.memory = _Memory(runs_dir / MEMORY, clean)
        self._run, self._clean, self._fresh = run, clean, fresh

    def find(self, key: str) -> Mapping[str, Any] | None:
        if self._fresh or not _HASH.fullmatch(key):
            return None
        kept = _read_object(self._run.path / ANSWERS / f"{key}.json")
        return kept or None

    def keep(self, key: str, answer: Mapping[str, Any]) -> None:
        if _HASH.fullmatch(key):
            with contextlib.suppress(StorageError):
                self._run.write_json(
                    f"{ANSWERS}/{key}.json", self._clean({"at_utc": utc_now(), **answer}, shapes=False)
                )

    def reject(self, text: str, cause: str) -> str:
        stamp = re.sub(r"[-:]", "", utc_now()).replace(".", "-")
        place = f"{ANSWERS}/rejected-{stamp}-{cause}.txt"
        try:
            self._run.write(place, str(self._clean(text)).encode(errors="backslashreplace"))
        except StorageError:
            return ""
        return place


class _Memory(MutableMapping[str, str]):
    """Text by name in one file. One that cannot be read or written remembers nothing, and of two that are
    added at the same time one may be lost: either is learned once more.
    """

    def __init__(self, path: Path, clean: Callable[..., Any]) -> None:
        self._path, self._clean = path, clean

    def _read(self) -> dict[str, str]:
        return {name: value for name, value in _read_object(self._path).items() if isinstance(value, str)}

    def _write(self, entries: Mapping[str, str]) -> None:
        with contextlib.suppress(StorageError):
            write_atomic(self._path, to_json(self._clean(dict(entries))))

    def __getitem__(self, name: str) -> str:
        return self._read()[name]

    def __setitem__(self, name: str, value: str) -> None:
        self._write({**self._read(), name: value})

    def __delitem__(self, name: str) -> None:
        entries = self._read()
        del entries[name]
        self._write(entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


def _read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one where there is none, or something else."""
    try:
        document = from_json(read_regular(path))
    except (StorageError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
