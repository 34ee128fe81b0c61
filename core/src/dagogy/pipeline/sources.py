"""What is given to be compiled: the files, where they are, and how they are to be read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dagogy.api.errors import InvalidArgument
from dagogy.pipeline.workspace import BaseWorkspace

if TYPE_CHECKING:
    from dagogy.pipeline.stages.inputs import ScopeRequest


def scope_of(
    workspace: BaseWorkspace,
    source: str | Path | Sequence[str | Path],
    mode: str,
    sections: Sequence[str],
    reader: str,
) -> ScopeRequest | None:
    """The scope document as it was given, its files read; None where none was. Raises
    `InvalidArgument` or `StorageError`.
    """
    paths = paths_of(source)
    if not paths:
        if mode or sections or reader:
            raise InvalidArgument(
                "a scope mode, section or format needs a scope file", hint="add --scope-file FILE"
            )
        return None
    from dagogy.pipeline.given import given_files
    from dagogy.pipeline.stages.inputs import scope_request

    files = given_files(paths, workspace.session.readers, lambda name: str(workspace.clean(name)))
    named = str(workspace.clean(", ".join(map(str, paths))))
    request = scope_request(files, named, mode or ("section" if sections else "full"), sections, reader)
    return replace(request, paths=workspace.clean(absolute(source)))


def paths_of(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files and folders of a source. An empty name is none: `Path("")` would be the folder at hand."""
    if source == "":
        return []
    return [Path(source)] if isinstance(source, str | Path) else [Path(path) for path in source]


def several(names: Sequence[str]) -> Sequence[str]:
    """A single name stands for a list of one."""
    return (names,) if isinstance(names, str) else names


def absolute(source: str | Path | Sequence[str | Path]) -> list[str]:
    """Where the files of a source are, from whichever folder they are named."""
    return [os.path.abspath(path) for path in paths_of(source)]
