"""Which files the `local_paths` of a run's topic spec may name.

What such a file says goes into the curriculum and its evidence, and to the provider. A run may come from a
stranger, so its spec reaches out of the run only where this user made the run (`dagogy init`) or has agreed
to the very entries (`dagogy trust RUN`). The workspace root is where they reach, and never the home folder, a
folder above it, or a file or folder whose name begins with a dot.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dagogy.api.errors import InvalidArgument, NotFound
from dagogy.workspace.events import append_event
from dagogy.workspace.provenance import MADE, own_events, sealed
from dagogy.workspace.runs import Run
from dagogy.workspace.state import home

_EVENTS = "logs/events.jsonl"
#: In the log of a run, sealed: to which `local_paths` the user agreed.
AGREED = "local_paths_trusted"


def agree(run: Run, names: Sequence[str], environ: Mapping[str, str]) -> None:
    """Seals that the user agreed to these `local_paths` of the run. Raises `StorageError`."""
    append_event(
        run.file(_EVENTS), AGREED, **sealed({"what": AGREED, "local_paths": list(names)}, run.path, environ)
    )


@dataclass(frozen=True)
class LocalPaths:
    """What the `local_paths` of one run may name. `root`: the workspace root, which
    relative entries count from.
    """

    run: Run
    root: Path
    environ: Mapping[str, str]

    @cached_property
    def _agreed(self) -> frozenset[str] | None:
        """The entries that the user agreed to; None where all count, since the run is the user's own."""
        events = own_events(self.run.path, (MADE, AGREED), self.environ)
        if any(e["event"] == MADE for e in events):
            return None
        return frozenset(name for e in events for name in e.get("local_paths") or () if isinstance(name, str))

    @cached_property
    def _root_objection(self) -> str:
        root, own_home = os.path.realpath(self.root), os.path.realpath(home(self.environ))
        if root == "/" or own_home == root or own_home.startswith(root + os.sep):
            return (
                f"the workspace root {self.root} is your home folder or above it, where no document is read"
            )
        return ""

    def path(self, name: str) -> Path | None:
        """The file that an entry means, symlinks followed; None where
        `objection` has something against it.
        """
        return self._found(name)[0]

    def objection(self, name: str) -> tuple[str, str]:
        """Why the entry does not count, and the way out; two empty texts where it does."""
        return self._found(name)[1:]

    def required(self, name: str) -> Path:
        """The file that an entry means. Raises `InvalidArgument` where the entry does not count, `NotFound`
        where there is no such file.
        """
        path = self.path(name)
        if path is None:
            reason, hint = self.objection(name)
            raise InvalidArgument(f"local_paths names '{name}', {reason}", hint=hint)
        if not os.path.isfile(path):  # which, unlike `Path.is_file`, is not upset by a name that is too long
            raise NotFound(
                f"local_paths names '{name}', and there is no such file in {self.root}",
                hint="correct context_pack.local_paths in inputs/topic_spec.json",
            )
        return path

    def is_own(self, path: Path) -> bool:
        """Whether the file lies in the run itself."""
        return path.is_relative_to(os.path.realpath(self.run.path))

    def _found(self, name: str) -> tuple[Path | None, str, str]:
        copy = "copy the document into the workspace, or remove the entry"
        try:
            path, root = Path(os.path.realpath(self.root / name)), Path(os.path.realpath(self.root))
        except (OSError, ValueError, RuntimeError):
            return None, "which is no path", "correct or remove the entry"
        place = Path(os.path.realpath(self.run.path)) if self.is_own(path) else root
        if not path.is_relative_to(place):
            return None, f"which lies outside the workspace root {self.root}", copy
        if any(part.startswith(".") for part in path.relative_to(place).parts):
            return None, "and files and folders whose names begin with a dot are not read", copy
        if self.is_own(path):
            return path, "", ""
        if self._root_objection:
            return (
                None,
                f"and {self._root_objection}",
                "put the workspace into a folder of its own, or copy the document into the run",
            )
        if self._agreed is not None and name not in self._agreed:
            reason = (
                "and the run was not made here by you, so its topic spec reaches nothing outside of the run"
            )
            return None, reason, f"'dagogy trust {self.run.id}' shows what it names, and agrees to it"
        return path, "", ""
