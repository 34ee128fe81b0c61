"""dagogy exporter `sarif`."""

from collections.abc import Iterator

from dagogy.api import ExporterInfo, hookimpl


@hookimpl
def dagogy_exporters() -> Iterator[ExporterInfo]:
    yield ExporterInfo(
        id="sarif",
        summary="A report as SARIF 2.1.0, for code scanning services and editors.",
        api_version=1,
        impl="dagogy_exporter_sarif.exporter:Sarif",
        subject="report",
        media_type="application/sarif+json",
        suffix=".sarif",
    )
