"""dagogy reader `pdf`."""

from collections.abc import Iterator

from dagogy.api import ReaderInfo, hookimpl


@hookimpl
def dagogy_readers() -> Iterator[ReaderInfo]:
    yield ReaderInfo(
        id="pdf",
        summary="Reads the text of PDF files, with headings by the size of their type.",
        api_version=1,
        impl="dagogy_reader_pdf.reader:PdfReader",
        suffixes=(".pdf",),
        media_types=("application/pdf",),
        signatures=("%PDF-",),
    )
