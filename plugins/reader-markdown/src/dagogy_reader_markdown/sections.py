"""What chosen sections of a Markdown document need of the rest of it: the notes and link
definitions that they refer to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dagogy_reader_markdown.parser import FOOTNOTE_MARK, Parser

__all__ = ["used_notes", "used_references"]


def used_notes(parser: Parser, body: str, keep: set[int]) -> Iterator[str]:
    """The notes to the footnote marks in `body` that stand elsewhere, each up to
    the next blank line or note.
    """
    starts, used = set(parser.footnotes.values()), {m[1] for m in FOOTNOTE_MARK.finditer(body)}
    for label, start in parser.footnotes.items():
        if start not in keep and label in used and f"^{label}".upper() not in parser.references():
            end = start + 1
            while end < len(parser.lines) and end not in starts and parser.lines[end].strip():
                end += 1
            yield "\n".join(parser.lines[start:end])


def used_references(parser: Parser, body: str, keep: set[int]) -> str:
    """The definitions of the reference links in `body` that stand elsewhere in the
    document, often at its end.
    """
    elsewhere = {label: ref for label, ref in parser.references().items() if ref["map"][0] not in keep}
    if not elsewhere:
        return ""
    from markdown_it.common.utils import normalizeReference

    used = {normalizeReference(m) for m in re.findall(r"\[([^\[\]]{1,999})\]", body)}
    definitions = []
    for label, ref in elsewhere.items():
        if label in used:
            title = ref.get("title", "").replace("\\", "\\\\").replace('"', '\\"')
            definitions.append(
                f"[{label}]: <{ref['href']}>" + (f' "{title}"' if title and "\n\n" not in title else "")
            )
    return "\n".join(definitions)
