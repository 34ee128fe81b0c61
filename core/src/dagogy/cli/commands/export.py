"""`dagogy export`."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagogy import __version__
from dagogy.api.errors import InvalidArgument, ValidationFailed
from dagogy.cli.app import App
from dagogy.cli.options import common, complete_plugins, run_argument
from dagogy.contracts.suggest import did_you_mean
from dagogy.host.manager import Plugin
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.files import export_atomic, from_json
from dagogy.workspace.stages import CURRICULUM, PLAN

if TYPE_CHECKING:
    from dagogy.api.exporters import ExportContext


@click.command("export", epilog="\b\nExample:\n  dagogy export latest --format mermaid --output graph.mmd")
@run_argument
@click.option(
    "--format", "format_id", required=True, metavar="FORMAT", help="Id of an exporter of curricula or plans.", shell_complete=complete_plugins("exporter")
)
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead of stdout.")
@common
def export(app: App, reference: str, format_id: str, output: Path | None) -> None:
    """Writes the curriculum or the plan of a run in another tool's format ('validate --format' does it for reports)."""
    from dagogy.api.exporters import ExportContext

    plugin = find_exporter(app, format_id, ("curriculum", "plan"))
    artifact = CURRICULUM if plugin.info.subject == "curriculum" else PLAN
    with app.reading(reference) as opened:
        opened.require(artifact, "export")
        document: Any = _curriculum(opened) if artifact == CURRICULUM else _plan(opened)
    text = exported(app, plugin, ExportContext(document=document, artifact=artifact, version=__version__))
    if output is not None:
        export_atomic(output.absolute(), text.encode(errors="backslashreplace"))
    if output is None and not app.json:
        app.write_export(text, plugin.info.media_type)
        return
    document = {"run_id": opened.run.id, "format": format_id, "output": str(output) if output else "", "text": "" if output else text}
    app.emit(document | slow_plugins(app), f"written {output}")


def _plan(opened: OpenRun) -> Any:
    """The plan, which is current and so as `plan` wrote it, unless somebody changed its stamp as well."""
    try:
        document = from_json(opened.run.read(PLAN))
    except ValueError as error:
        raise ValidationFailed(f"{PLAN} is not JSON: {error}", hint=f"dagogy plan {opened.run.id}") from None
    return document


def find_exporter(app: App, format_id: str, subjects: tuple[str, ...], own: tuple[str, ...] = ()) -> Plugin:
    """The exporter `format_id`, which must be one for `subjects`; `own` are formats that need none. Raises `InvalidArgument` or `PluginError`."""
    plugins = {p.id: p for p in app.host.load("exporter")}
    plugin = plugins.get(format_id)
    if plugin is None:
        known = [*own, *(p.id for p in plugins.values() if p.info is not None and p.info.subject in subjects)]
        message = f"--format '{format_id}' is not one of {', '.join(known) or 'the installed exporters (there are none)'}"
        raise InvalidArgument(message, hint=did_you_mean(format_id, known) or "'dagogy plugins list --kind exporter' shows the exporters")
    if plugin.state == "failed":
        raise plugin.error()
    if plugin.info.subject not in subjects:
        command = "validate" if plugin.info.subject == "report" else "export"
        raise InvalidArgument(
            f"--format '{format_id}' shows a {plugin.info.subject}, not a {' or a '.join(subjects)}", hint=f"dagogy {command} RUN --format {format_id}"
        )
    return plugin


def _curriculum(opened: OpenRun) -> Any:
    """The curriculum as plain JSON values. Exporters are promised one that meets its schema: `ValidationFailed` otherwise."""
    context = opened.context()
    _ = context.curriculum
    return context.document


def exported(app: App, plugin: Plugin, context: ExportContext) -> str:
    """What the exporter makes of `context`. Whatever goes wrong in it is a `PluginError` that names it."""
    exporter = app.host.implementation(plugin)
    # A third party's may change what it is given; the verdict on it is still to come.
    shown = context if plugin.ours else copy.deepcopy(context)
    text = plugin.call(lambda: exporter(plugin.info).export(shown), timed=True)
    if not isinstance(text, str):
        plugin.fail(f"it answered with a {type(text).__name__}, not with text")
        raise plugin.error()
    try:
        text.encode()
    except UnicodeEncodeError as error:
        plugin.fail(f"its text holds half of a surrogate pair at character {error.start}, which no file can hold")
        raise plugin.error() from error
    return text


def slow_plugins(app: App) -> dict[str, Any]:
    """For the JSON of a command: the plugins that took too long, where there are any."""
    slow = app.host.slow()
    return {"slow_plugins": slow} if slow else {}


COMMANDS = {"export": export}
