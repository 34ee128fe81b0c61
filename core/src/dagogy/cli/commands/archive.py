"""`dagogy archive`."""

from __future__ import annotations

from pathlib import Path

import click

from dagogy.api.errors import StorageError
from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument, wait_option
from dagogy.workspace.lock import locked


@click.command("archive", epilog="\b\nExample:\n  dagogy archive 20260131-120000-linear-algebra")
@run_argument
@click.option("--remove", is_flag=True, help="Remove the run after its archive is on disk.")
@wait_option
@common
def archive(app: App, reference: str, remove: bool, wait_seconds: float) -> None:
    """Packs a run into a .tar.gz in the archive dir, also one whose metadata is invalid; 'init --from' restores it. The run stays."""
    from dagogy.workspace.archive import archive_run, remove_run, restorable

    run = app.find(reference)
    app.record_lost(run)
    folder: Path = app.settings.archive_dir
    with locked(run.path, app.command_line(), wait_seconds):
        path = archive_run(run, folder)
        problem = restorable(path)
        if remove and problem and restorable(path, allow_large=True):
            raise StorageError(
                f"the run is not removed, since its archive cannot be restored: {problem}",
                hint=f"rename what it names and archive again; '{path}' can be unpacked by tar",
                details={"run_id": run.id, "archive": str(path)},
            )
        if remove:
            remove_run(run)
    if problem:
        app.note(f"warning: 'dagogy init --from' would refuse it: {problem}")
    app.emit({"run_id": run.id, "archive": str(path), "removed": remove}, f"archived {run.id}: {path}" + (" (run removed)" if remove else ""))


COMMANDS = {"archive": archive}
