"""dagogy reader `markdown`."""

from collections.abc import Iterator

from dagogy.api import ReaderInfo, hookimpl


@hookimpl
def dagogy_readers() -> Iterator[ReaderInfo]:
    yield ReaderInfo(
        id="markdown",
        summary="Reads Markdown of all sorts, and plain text with outlines that are numbered by hand.",
        api_version=1,
        impl="dagogy_reader_markdown.reader:MarkdownReader",
        suffixes=(
            ".md",
            ".markdown",
            ".mdown",
            ".mkd",
            ".mdx",
            ".qmd",
            ".rmd",
            ".txt",
            ".text",
            ".rst",
            ".rest",
            ".adoc",
            ".asciidoc",
            ".asc",
        ),
        media_types=("text/markdown", "text/plain"),
        order=200,  # what reads reStructuredText and AsciiDoc by their own grammars comes first
    )
