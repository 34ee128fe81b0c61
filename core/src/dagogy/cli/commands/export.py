"""`dagogy export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, complete_plugins, run_argument


@click.command("export", epilog="\b\nExample:\n  dagogy export latest --format mermaid --output graph.mmd")
@run_argument
@click.option(
    "--format",
    "format_id",
    required=True,
    metavar="FORMAT",
    help="Id of an exporter of curricula or plans.",
    shell_complete=complete_plugins("exporter"),
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead of stdout."
)
@common
def export(app: App, reference: str, format_id: str, output: Path | None) -> None:
    """Writes the curriculum or the plan of a run in another tool's format ('validate
    --format' does it for reports).
    """
    plugin = app.workspace.exporter(format_id)
    run = app.open(reference)
    text = run.export(format_id, output)
    if output is None and not app.json:
        app.write_export(text, plugin.info.media_type)
        return
    document = {
        "run_id": run.id,
        "format": format_id,
        "output": str(output) if output else "",
        "text": "" if output else text,
    }
    app.emit(document | slow_plugins(app), f"written {output}")


def slow_plugins(app: App) -> dict[str, Any]:
    """For the JSON of a command: the plugins that took too long, where there are any."""
    slow = app.host.slow()
    return {"slow_plugins": slow} if slow else {}


COMMANDS = {"export": export}
