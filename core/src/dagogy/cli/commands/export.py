"""`dagogy export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dagogy.api.errors import InvalidArgument
from dagogy.cli.app import App
from dagogy.cli.options import common, complete_plugins, run_argument
from dagogy.workspace.files import export_atomic

#: What stands for stdout.
_STDOUT = Path("-")


@click.command(
    "export",
    epilog=(
        "\b\nExamples:\n  dagogy export latest --format mermaid --output graph.mmd\n"
        "  dagogy export latest --format FORMAT --set NAME=VALUE"
    ),
)
@run_argument
@click.option(
    "--format",
    "format_id",
    required=True,
    metavar="FORMAT",
    help="Id of an exporter of curricula, plans or runs.",
    shell_complete=complete_plugins("exporter"),
)
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the exporter ('dagogy explain FORMAT' shows them); repeatable.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=(
        "Write there instead of stdout; in a folder, to a file named after the run. A binary format goes to "
        "such a file in the current folder by default, and to stdout with '-'."
    ),
)
@common
def export(app: App, reference: str, format_id: str, given: Sequence[str], output: Path | None) -> None:
    """Writes the curriculum, the plan or all of a run in another tool's format ('validate
    --format' does it for reports).
    """
    options = _pairs(given)
    plugin = app.workspace.exporter(format_id)
    run = app.open(reference)
    to_stdout = output == _STDOUT
    if to_stdout and app.json:
        raise InvalidArgument("--json and --output - ask for two documents", hint="leave one of the two out")
    named = Path(f"{run.id}{plugin.info.suffix}")
    path = None if to_stdout else output / named if output is not None and output.is_dir() else output
    made = run.export(format_id, path, options=options)
    if isinstance(made, bytes):
        if to_stdout:
            app.write_bytes(made)
            return
        if path is None:
            path = named
            export_atomic(path.absolute(), made)
    elif path is None and not app.json:
        app.write_export(made, plugin.info.media_type)
        return
    _tell(app, {"run_id": run.id, "format": format_id}, path, made)


def _tell(app: App, facts: dict[str, str], path: Path | None, made: str | bytes) -> None:
    document = {**facts, "output": str(path) if path else "", "text": made if path is None else ""}
    app.emit(document | slow_plugins(app), f"written {path}")


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """What `--set` gives. Raises `InvalidArgument`."""
    pairs: dict[str, str] = {}
    for entry in given:
        name, is_pair, value = entry.partition("=")
        if not is_pair or not name.strip():
            raise InvalidArgument(f"--set {entry} is no NAME=VALUE", hint="as in --set title=Baking")
        if name.strip() in pairs:
            raise InvalidArgument(f"--set gives '{name.strip()}' twice", hint="leave one of the two out")
        pairs[name.strip()] = value
    return pairs


def slow_plugins(app: App) -> dict[str, Any]:
    """For the JSON of a command: the plugins that took too long, where there are any."""
    slow = app.host.slow()
    return {"slow_plugins": slow} if slow else {}


COMMANDS = {"export": export}
