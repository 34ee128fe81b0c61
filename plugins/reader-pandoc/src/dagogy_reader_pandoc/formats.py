"""Which of pandoc's formats a file has: by its suffix, else by what it begins with or holds."""

from __future__ import annotations

import io
import re
import zipfile

from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import Source

__all__ = ["BINARY", "format_of", "recognised", "refuse_bomb"]

_BY_SUFFIX = {
    ".docx": "docx",
    ".pptx": "pptx",
    ".odt": "odt",
    ".epub": "epub",
    ".xlsx": "xlsx",
    ".rtf": "rtf",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".ipynb": "ipynb",
    ".rst": "rst",
    ".rest": "rst",
    ".org": "org",
    ".adoc": "asciidoc",
    ".asciidoc": "asciidoc",
    ".asc": "asciidoc",
    ".tex": "latex",
    ".latex": "latex",
    ".ltx": "latex",
    ".typ": "typst",
    ".opml": "opml",
    ".textile": "textile",
    ".mediawiki": "mediawiki",
    ".wiki": "mediawiki",
}
#: Formats that are no text with lines.
BINARY = frozenset(("docx", "pptx", "odt", "epub", "xlsx", "rtf"))
_PARTS = {"word/": "docx", "ppt/": "pptx", "xl/": "xlsx"}
_MIMES = {b"application/vnd.oasis.opendocument.text": "odt", b"application/epub+zip": "epub"}
_MAX_ENTRIES = 10_000
#: What an archive may hold when it is unpacked, and how much more than its own size that may be.
_MAX_UNPACKED = 256 * 1024 * 1024
_MAX_RATIO = 200
_SNIFFED = 8192
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>]|head[\s>]|body[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_LATEX = re.compile(rb"^\s*\\(?:documentclass|documentstyle|begin\{document\})", re.MULTILINE)
_ORG = re.compile(rb"^#\+(?:TITLE|AUTHOR|OPTIONS|STARTUP|DATE):", re.MULTILINE | re.IGNORECASE)
_NOTEBOOK = re.compile(rb"\s*\{")


def format_of(source: Source) -> str:
    """Pandoc's name of the format. Raises `InvalidArgument` where it is none of those that are read."""
    inside = _of_archive(source.data) if source.data.startswith(b"PK\x03\x04") else ""
    found = inside or _BY_SUFFIX.get(source.suffix, "") or recognised(source)[0]
    if not found or (found in BINARY and found != "rtf" and not inside):
        what = (
            "a zip archive of another kind"
            if source.data.startswith(b"PK")
            else "of no format that pandoc reads here"
        )
        raise InvalidArgument(
            f"scope file '{source.name}' is {what} ({len(source.data):,} bytes)",
            hint="give a document, or name its reader with --scope-format",
            details={"source": source.name},
        )
    return found


def recognised(source: Source) -> tuple[str, float]:
    """The format that the content speaks for, and how surely; ("", 0) for none."""
    head = source.data[:_SNIFFED]
    if head.startswith(b"PK\x03\x04"):
        found = _of_archive(source.data)
        return found, 1.0 if found else 0.0
    if head.startswith(b"{\\rtf"):
        return "rtf", 1.0
    if _HTML.match(head):
        return "html", 0.95
    if _NOTEBOOK.match(head) and b'"cells"' in source.data and b'"nbformat"' in source.data:
        return "ipynb", 0.95
    if _LATEX.search(head):
        return "latex", 0.9
    if _ORG.search(head):
        return "org", 0.8
    if b"<opml" in head:
        return "opml", 0.9
    return "", 0.0


def _of_archive(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()[:_MAX_ENTRIES]
            if names and names[0] == "mimetype" and archive.getinfo("mimetype").file_size < 200:
                return _MIMES.get(archive.read("mimetype").strip(), "")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return ""
    if "[Content_Types].xml" not in names:
        return ""
    return next((found for part, found in _PARTS.items() if any(n.startswith(part) for n in names)), "")


def refuse_bomb(source: Source) -> None:
    """Raises `InvalidArgument` for an archive that unpacks to more than a document has. What lies about its
    size meets pandoc's bound on memory.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InvalidArgument(
            f"scope file '{source.name}' is a damaged archive: {error}",
            hint="save it anew",
            details={"source": source.name},
        ) from None
    unpacked = sum(entry.file_size for entry in entries)
    if (
        len(entries) > _MAX_ENTRIES
        or unpacked > _MAX_UNPACKED
        or unpacked > _MAX_RATIO * max(len(source.data), 50_000)
    ):
        raise InvalidArgument(
            f"scope file '{source.name}' holds {len(entries):,} files of {unpacked:,} bytes in "
            f"{len(source.data):,}; so much is not unpacked",
            hint="take the pictures and attachments out of it, or export it as Markdown",
            details={"source": source.name, "entries": len(entries), "unpacked": unpacked},
        )
