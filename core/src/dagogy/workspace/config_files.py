"""Finds the configuration file of a command: `dagogy.toml`, or `[tool.dagogy]` of a `pyproject.toml`, in the
current folder or the nearest one above it, up to the root of the repository or the user's home, and never
inside a runs dir.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dagogy.api.errors import ConfigError
from dagogy.workspace.trust import ConfigFile, exposure, read_config

_FILES = ("dagogy.toml", "pyproject.toml")


class Ignored(NamedTuple):
    """What was not read from a file: a setting by its key there ("" for the whole file), the
    file, why not, and the way out.

    `loud`: every command says so, since the file would have counted, were it not for who can write to it.
    """

    key: str
    path: Path
    reason: str
    hint: str
    loud: bool = False


def find_file(
    folder: Path, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None
) -> tuple[ConfigFile | None, dict[str, Any], tuple[Ignored, ...]]:
    """The nearest configuration file from `folder` upwards with its table, and the files that were passed
    over. Raises `ConfigError`.

    The search ends at the root of a repository (a folder with `.git`), and at the user's home. Runs come from
    other people too, so what lies inside a runs dir is none of the user's: a file there is not even read, and
    a `.git` there is no end. Neither is a file that another user owns or that everybody can write to.
    """
    from dagogy.workspace.state import home

    end = os.path.realpath(home(environ))
    skipped: list[Ignored] = []
    for place in (folder, *folder.parents):
        is_repository = os.path.lexists(place / ".git")
        names = [name for name in _FILES if os.path.lexists(place / name)]
        runs_dir = _runs_dir_around(place, folder, environ, flags or {}) if names or is_repository else None
        if runs_dir is None:
            source, table = config_in(place, skipped)
            if source is not None:
                return source, table, tuple(skipped)
        elif "dagogy.toml" in names:
            reason = f"it is inside the runs dir {runs_dir}"
            skipped.append(
                Ignored(
                    "",
                    place / "dagogy.toml",
                    reason,
                    "a configuration file belongs beside or above the runs dir",
                )
            )
        if (is_repository and runs_dir in (None, place)) or str(place) == end:
            break
    return None, {}, tuple(skipped)


def config_in(place: Path, skipped: list[Ignored] | None = None) -> tuple[ConfigFile | None, dict[str, Any]]:
    """The configuration file of one folder with its table; None where it has none. Raises `ConfigError`.

    With `skipped` a file that another user owns, or that everybody can write to, is
    not read, and is noted there.
    """
    for path in (place / "dagogy.toml", place / "pyproject.toml"):
        if not os.path.lexists(path):
            continue
        problem = exposure(path) if skipped is not None else ""
        if problem and skipped is not None:
            if _has_settings(path):
                plain = path.is_file() and not path.is_symlink()
                way = (
                    f"'chmod go-w {shlex.quote(str(path))}'"
                    if "mode" in problem and plain
                    else "put a file of your own in its place"
                )
                skipped.append(Ignored("", path, f"it {problem}", way, loud=True))
            continue
        if path.name == "pyproject.toml" and not path.exists():
            continue
        source = read_config(path)
        table = table_of(source)
        if table is not None:
            return source, table
    return None, {}


def _has_settings(path: Path) -> bool:
    """Whether a file that is not read would be a configuration: a pyproject.toml is one of many tools."""
    if path.name != "pyproject.toml":
        return True
    try:
        return b"tool.dagogy" in read_config(path).data
    except ConfigError:
        return False


def table_of(source: ConfigFile) -> dict[str, Any] | None:
    """The settings in a configuration file; None for a pyproject.toml without any, which need not be parsed
    for that. Raises `ConfigError`.
    """
    if source.path.name != "pyproject.toml":
        return source.table()
    tool = source.table().get("tool", {}) if b"tool.dagogy" in source.data else {}
    return tool["dagogy"] if isinstance(tool, dict) and isinstance(tool.get("dagogy"), dict) else None


def _runs_dir_around(
    place: Path, folder: Path, environ: Mapping[str, str], flags: Mapping[str, Any]
) -> Path | None:
    """The runs dir that `place` is, or lies in: the one that was set, or any folder that holds runs."""
    given = flags.get("ORCHESTRATION_BASE_DIR") or environ.get("ORCHESTRATION_BASE_DIR", "").strip()
    if given:
        configured = Path(os.path.realpath(folder / os.path.expanduser(str(given))))
        if place.is_relative_to(configured):
            return configured
    for above in (place, *place.parents):
        if _is_run(above):
            return above.parent
        try:
            with os.scandir(above) as entries:
                if any(_is_run(Path(entry.path)) for entry in entries):
                    return above
        except OSError:
            continue
    return None


def _is_run(folder: Path) -> bool:
    """Whether it looks like a run. One that came from somewhere else may lack its `run.json`."""
    from dagogy.workspace.runs import is_run_id

    return is_run_id(folder.name) and any(
        os.path.lexists(folder / name) for name in ("run.json", "inputs", "outputs", "logs")
    )
