"""The command `dagogy open`."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import click
from dagogy.api.errors import StorageError
from dagogy.api.runs import Run, Workspace
from dagogy.api.text import one_line


@click.command(epilog="\b\nExample:\n  dagogy open latest")
@click.argument("reference", metavar="RUN", default="latest")
@click.option("--no-browser", is_flag=True, help="Only write the page and print its path.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(reference: str, no_browser: bool, as_json: bool) -> None:
    """Writes the page of a run, outputs/page.html, and opens it in the browser: one file that needs
    no network. RUN is the latest one unless given.
    """
    run = Workspace().open(reference)
    path = page_path(run)
    run.export("html", path)
    opened = not no_browser and webbrowser.open(path.as_uri())
    if as_json:
        click.echo(json.dumps({"run_id": run.id, "path": str(path), "opened": opened}))
        return
    click.echo(one_line(str(path)))
    if not opened and not no_browser:
        click.echo("no browser could be started: open that file in one", err=True)


def page_path(run: Run) -> Path:
    """Where the page of a run stands. Raises `StorageError` where a symlink leads out of the run."""
    folder = run.path.resolve()
    path = folder / "outputs" / "page.html"
    if path.parent.resolve() != path.parent:
        raise StorageError(
            f"{path.parent} leads out of the run through a symlink",
            hint="replace the symlink by a folder, or use 'dagogy export RUN --format html --output FILE'",
        )
    if path.exists() and not path.is_file():
        raise StorageError(f"{path} is there and is no file", hint="remove it")
    return path
