"""`dagogy list`."""

from __future__ import annotations

from typing import Any

import click

from dagogy.api.errors import InvalidArgument, NotFound, StorageError
from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.workspace.runs import Runs


@click.command("list", epilog="\b\nExample:\n  dagogy list --json")
@common
def list_runs(app: App) -> None:
    """Lists the runs, oldest first, each with the stage that the last command on it recorded ('status' infers it anew)."""
    runs = app.session.runs
    rows = [row for run_id in runs.ids() if (row := _row(runs, run_id)) is not None]
    lines = [f"{row['run_id']}  {row['problem'] or row['stage']}" for row in rows]
    app.emit({"runs_dir": str(runs.base), "runs": rows}, *(lines or [f"no runs in {runs.base}; 'dagogy init NAME' makes one"]))


def _row(runs: Runs, run_id: str) -> dict[str, Any] | None:
    """The row of a run; None for one that was archived away meanwhile."""
    try:
        run = runs.named(run_id)
        with run.standing():
            _, metadata = run.metadata()
    except NotFound:
        return None
    except (InvalidArgument, StorageError) as error:
        return {"run_id": run_id, "stage": None, "created_at_utc": None, "problem": error.message}
    return {"run_id": run_id, "stage": metadata.stage, "created_at_utc": metadata.created_at_utc, "problem": ""}


COMMANDS = {"list": list_runs}
