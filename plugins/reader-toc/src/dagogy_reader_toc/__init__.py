"""dagogy reader `toc`."""

from collections.abc import Iterator

from dagogy.api import ReaderInfo, hookimpl


@hookimpl
def dagogy_readers() -> Iterator[ReaderInfo]:
    yield ReaderInfo(
        id="toc",
        summary=(
            "Reads the tables of contents of books and sites, and any YAML whose leaves are titles or files."
        ),
        api_version=1,
        impl="dagogy_reader_toc.reader:TocReader",
        names=(
            "summary.md",
            "_toc.yml",
            "_toc.yaml",
            "toc.yml",
            "toc.yaml",
            "mkdocs.yml",
            "mkdocs.yaml",
            "_quarto.yml",
            "_bookdown.yml",
        ),
        suffixes=(".yml", ".yaml"),
        media_types=("application/yaml",),
    )
