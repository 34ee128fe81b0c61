"""`dagogy list`."""

from __future__ import annotations

import click

from dagogy.cli.app import App
from dagogy.cli.options import common


@click.command("list", epilog="\b\nExample:\n  dagogy list --json")
@common
def list_runs(app: App) -> None:
    """Lists the runs, oldest first, each with the stage that the last command on it
    recorded ('status' infers it anew).
    """
    rows = app.workspace.runs()
    base = app.settings.runs_dir
    lines = [f"{row['run_id']}  {row['problem'] or row['stage']}" for row in rows]
    app.emit(
        {"runs_dir": str(base), "runs": rows},
        *(lines or [f"no runs in {base}; 'dagogy init NAME' makes one"]),
    )


COMMANDS = {"list": list_runs}
