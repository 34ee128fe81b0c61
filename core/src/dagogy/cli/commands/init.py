"""`dagogy init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagogy.api.errors import InvalidArgument, StorageError
from dagogy.cli.app import App
from dagogy.cli.options import common

if TYPE_CHECKING:
    from dagogy.api.runs import Run


@click.command(
    "init",
    epilog=(
        "\b\nExamples:\n  dagogy init linear-algebra\n  dagogy init --from "
        "runs/archives/20260131-120000-linear-algebra.tar.gz"
    ),
)
@click.argument("name", required=False)
@click.option(
    "--from",
    "archive",
    type=click.Path(path_type=Path),
    metavar="ARCHIVE",
    help="Restore a run from an archive instead.",
)
@click.option(
    "--allow-large",
    is_flag=True,
    help="With --from: no limits but those of the disk; for an archive whose maker you trust.",
)
@common
def init(app: App, name: str | None, archive: Path | None, allow_large: bool) -> None:
    """Makes a new run, NAME becoming part of its id; then fill in its inputs/topic_spec.json,
    or give 'run' a scope file.
    """
    if archive is not None:
        if name:
            raise InvalidArgument(
                "init takes a NAME or --from ARCHIVE, not both", hint="a restored run keeps its id"
            )
    elif allow_large:
        raise InvalidArgument(
            "--allow-large is about an archive: give it with --from",
            hint="dagogy init --from ARCHIVE --allow-large",
        )
    problem = ""
    if archive is not None:
        app.at_work = archive.is_file()  # what is wrong from here on is wrong with the archive
        run = app.workspace.restore(archive, allow_large=allow_large)
    else:
        run = app.workspace.create(name or "")
        if name and run.id.count("-") < 2:
            app.note(f"'{name}' has no letter or digit that can stand in a run id; the id is the time alone")
    try:
        facts = run.facts()
    except StorageError as error:
        # It is restored as it was archived: what cannot be read of it is no failure of this command.
        if archive is None:
            raise
        facts, problem = _unreadable(run), error.message
        app.note(f"warning: the run is restored as it was archived, and cannot be read: {problem}")
    message = (
        f"run {run.id} is {facts['stage']}: {run.path}"
        if facts["stage"]
        else f"run {run.id} is restored: {run.path}"
    )
    app.emit(
        {**facts, **({"problem": problem} if archive is not None else {})},
        message,
        f"next: {facts['next']['command']}",
    )


def _unreadable(run: Run) -> dict[str, Any]:
    """`OpenRun.facts` of a run that cannot be opened."""
    step = {
        "command": f"dagogy triage {run.id}",
        "reason": "it shows what is wrong with the run and what can be done",
        "alternatives": [],
    }
    return {"run_id": run.id, "path": str(run.path), "stage": None, "next": step}


COMMANDS = {"init": init}
