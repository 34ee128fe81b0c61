"""`dagogy archive`."""

from __future__ import annotations

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument, wait_option


@click.command("archive", epilog="\b\nExample:\n  dagogy archive 20260131-120000-linear-algebra")
@run_argument
@click.option("--remove", is_flag=True, help="Remove the run after its archive is on disk.")
@wait_option
@common
def archive(app: App, reference: str, remove: bool, wait_seconds: float) -> None:
    """Packs a run into a .tar.gz in the archive dir, also one whose metadata is invalid; 'init --from'
    restores it. The run stays.
    """
    run = app.open(reference, wait_seconds)
    path, problem = run.archive(remove=remove)
    if problem:
        app.note(f"warning: 'dagogy init --from' would refuse it: {problem}")
    app.emit(
        {"run_id": run.id, "archive": str(path), "removed": remove},
        f"archived {run.id}: {path}" + (" (run removed)" if remove else ""),
    )


COMMANDS = {"archive": archive}
