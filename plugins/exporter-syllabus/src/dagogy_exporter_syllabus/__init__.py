"""dagogy exporter `syllabus`."""

from collections.abc import Iterator

from dagogy.api import ExporterInfo, hookimpl


@hookimpl
def dagogy_exporters() -> Iterator[ExporterInfo]:
    yield ExporterInfo(
        id="syllabus",
        summary="What a course hands out, as Markdown: goal, weeks, tasks and reading.",
        api_version=1,
        impl="dagogy_exporter_syllabus.exporter:Syllabus",
        subject="run",
        media_type="text/markdown",
        suffix=".md",
    )
