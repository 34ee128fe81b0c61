"""dagogy exporter `html`, and the command `open`, which shows what it makes."""

from collections.abc import Iterator

from dagogy.api import CommandInfo, ExporterInfo, hookimpl


@hookimpl
def dagogy_exporters() -> Iterator[ExporterInfo]:
    yield ExporterInfo(
        id="html",
        summary="One self-contained web page of the whole run: graph, list, weeks, gaps and evidence.",
        api_version=1,
        impl="dagogy_exporter_html.exporter:Page",
        subject="run",
        media_type="text/html",
        suffix=".html",
    )


@hookimpl
def dagogy_commands() -> Iterator[CommandInfo]:
    yield CommandInfo(
        id="open",
        summary="Write the page of a run and open it in the browser.",
        api_version=1,
        impl="dagogy_exporter_html.command:command",
    )
