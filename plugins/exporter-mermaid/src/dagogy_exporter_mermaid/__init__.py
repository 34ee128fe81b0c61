"""dagogy exporter `mermaid`."""

from collections.abc import Iterator

from dagogy.api import ExporterInfo, hookimpl


@hookimpl
def dagogy_exporters() -> Iterator[ExporterInfo]:
    yield ExporterInfo(
        id="mermaid",
        summary="The prerequisite graph as a Mermaid flowchart.",
        api_version=1,
        impl="dagogy_exporter_mermaid.exporter:Mermaid",
        subject="curriculum",
        media_type="text/vnd.mermaid",
        suffix=".mmd",
    )
