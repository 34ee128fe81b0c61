"""dagogy readers `pandoc` and `csv`."""

from collections.abc import Iterator

from dagogy.api import ReaderInfo, hookimpl


@hookimpl
def dagogy_readers() -> Iterator[ReaderInfo]:
    yield ReaderInfo(
        id="pandoc",
        summary=(
            "Reads Word, slides, EPUB, HTML, notebooks, reStructuredText, Org, AsciiDoc, LaTeX and more with "
            "pandoc."
        ),
        api_version=1,
        impl="dagogy_reader_pandoc.reader:PandocReader",
        suffixes=(
            *(
                ".docx",
                ".pptx",
                ".odt",
                ".epub",
                ".xlsx",
                ".rtf",
                ".html",
                ".htm",
                ".xhtml",
                ".ipynb",
                ".rst",
                ".rest",
                ".org",
            ),
            *(
                ".adoc",
                ".asciidoc",
                ".asc",
                ".tex",
                ".latex",
                ".ltx",
                ".typ",
                ".opml",
                ".textile",
                ".mediawiki",
                ".wiki",
            ),
        ),
        media_types=(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.oasis.opendocument.text",
            "application/epub+zip",
            "application/rtf",
            "application/x-ipynb+json",
            "application/x-latex",
            "text/asciidoc",
            "text/html",
            "text/mediawiki",
            "text/org",
            "text/textile",
            "text/x-opml",
            "text/x-rst",
        ),
        signatures=("PK\x03\x04", "{\\rtf"),
    )
    yield ReaderInfo(
        id="csv",
        summary="Reads tables of separated values, one row a topic, week or lesson.",
        api_version=1,
        impl="dagogy_reader_pandoc.tables:CsvReader",
        suffixes=(".csv", ".tsv"),
        media_types=("text/csv", "text/tab-separated-values"),
    )
