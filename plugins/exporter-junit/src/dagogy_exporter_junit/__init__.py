"""dagogy exporter `junit`."""

from collections.abc import Iterator

from dagogy.api import ExporterInfo, hookimpl


@hookimpl
def dagogy_exporters() -> Iterator[ExporterInfo]:
    yield ExporterInfo(
        id="junit",
        summary="A report as JUnit XML, a test case a rule, for Jenkins and GitLab.",
        api_version=1,
        impl="dagogy_exporter_junit.exporter:JUnit",
        subject="report",
        media_type="application/xml",
        suffix=".xml",
    )
