"""`dagogy export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dagogy import __version__
from dagogy.api.errors import InvalidArgument
from dagogy.cli.app import App
from dagogy.cli.options import common, complete_plugins, run_argument
from dagogy.contracts.suggest import did_you_mean
from dagogy.workspace.files import write_atomic
from dagogy.workspace.stages import CURRICULUM, PLAN


@click.command("export", epilog="Example:  dagogy export latest --format mermaid --output graph.mmd")
@run_argument
@click.option(
    "--format", "format_id", required=True, metavar="FORMAT", help="Id of an exporter of curricula or plans.", shell_complete=complete_plugins("exporter")
)
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead of stdout.")
@common
def export(app: App, reference: str, format_id: str, output: Path | None) -> None:
    """Writes the curriculum or the plan of a run in another tool's format ('validate --format' does it for reports)."""
    from dagogy.api.exporters import ExportSubject

    plugins = {p.id: p for p in app.host.load("exporter") if p.info is not None and p.info.subject != "report"}
    if format_id not in plugins:
        raise InvalidArgument(
            f"--format '{format_id}' is none of {', '.join(plugins) or 'the installed exporters (there are none)'}", hint=did_you_mean(format_id, plugins)
        )
    plugin = plugins[format_id]
    artifact = CURRICULUM if plugin.info.subject == "curriculum" else PLAN
    with app.reading(reference) as opened:
        opened.require(artifact, "export")
        document: Any = opened.subject().document if artifact == CURRICULUM else json.loads(opened.run.read(PLAN))
    text = app.host.implementation(plugin)(plugin.info).export(ExportSubject(document=document, artifact=artifact, version=__version__))
    if output is not None:
        write_atomic(output.absolute(), text.encode())
    app.emit(
        {"run_id": opened.run.id, "format": format_id, "output": str(output) if output else "", "text": "" if output else text},
        f"written {output}" if output else text.rstrip("\n"),
    )


COMMANDS = {"export": export}
