"""dagogy exporter `github`."""

from collections.abc import Iterator

from dagogy.api import ExporterInfo, hookimpl


@hookimpl
def dagogy_exporters() -> Iterator[ExporterInfo]:
    yield ExporterInfo(
        id="github",
        summary="A report as GitHub Actions workflow commands: annotations on the changed files.",
        api_version=1,
        impl="dagogy_exporter_github.exporter:GitHub",
        subject="report",
        media_type="text/plain",
        suffix=".txt",
    )
