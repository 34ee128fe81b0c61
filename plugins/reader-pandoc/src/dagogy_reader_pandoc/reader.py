"""The reader `pandoc`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dagogy.api.errors import InvalidArgument
from dagogy.api.providers import Readiness
from dagogy.api.readers import BlockWriter, Inline, Reader, Source
from dagogy.api.scope import Block, ScopeDocument

from dagogy_reader_pandoc.formats import BINARY, format_of, recognised, refuse_bomb
from dagogy_reader_pandoc.inline import text_of
from dagogy_reader_pandoc.latex import latex_tree
from dagogy_reader_pandoc.places import plain_lines, spans
from dagogy_reader_pandoc.prepare import prepared
from dagogy_reader_pandoc.process import INSTALL, pandoc_path, syntax_tree
from dagogy_reader_pandoc.tree import Tree

#: Extensions of pandoc's that are switched for a format.
_EXTENSIONS = {"html": "html-native_divs-native_spans", "latex": "latex+raw_tex"}
#: Formats whose title is one of the page or file, not a heading of the text.
_TITLE_APART = frozenset(("html", "epub", "opml", "xlsx"))
#: Formats that keep the text of notes at the end.
_NOTES_LAST = frozenset(("rst", "org"))


class PandocReader(Reader):
    """Pandoc parses, in a process of its own with bounds; its syntax tree becomes blocks."""

    def ready(self) -> Readiness:
        if pandoc_path() is None:
            return Readiness(ready=False, message="pandoc is not installed", hint=INSTALL)
        return Readiness(ready=True, message="pandoc of pypandoc_binary")

    def recognises(self, source: Source) -> float:
        return recognised(source)[1]

    def read(self, source: Source) -> ScopeDocument:
        pandoc_format = format_of(source)
        if pandoc_format in BINARY:
            if pandoc_format != "rtf":
                refuse_bomb(source)
            text, tree = "", syntax_tree(source.data, pandoc_format, source.name)
        else:
            text = source.text()
            tree = _tree_of(text, pandoc_format, source.name)
        blocks, title = _blocks(tree, pandoc_format)
        if not blocks:
            raise InvalidArgument(
                f"scope file '{source.name}' has no text that could be read as {pandoc_format}",
                hint="look whether it is the right file; --scope-format names another reader",
                details={"source": source.name, "format": pandoc_format},
            )
        if text:
            blocks = BlockWriter.with_lines(blocks, spans(blocks, plain_lines(text, pandoc_format)))
        else:
            text, blocks = BlockWriter.rendered(_located(blocks))
        return ScopeDocument(source.name, source.name, text, blocks, title or source.title(blocks))


def _tree_of(text: str, pandoc_format: str, name: str) -> dict[str, Any]:
    if pandoc_format == "html":
        from dagogy_reader_pandoc.pages import main_content

        text = main_content(text)
    extended = _EXTENSIONS.get(pandoc_format, pandoc_format)
    if pandoc_format == "latex":
        return latex_tree(text, lambda shown: syntax_tree(shown.encode(), extended, name))
    return syntax_tree(prepared(text, pandoc_format).encode(), extended, name)


def _blocks(tree: dict[str, Any], pandoc_format: str) -> tuple[tuple[Block, ...], str]:
    """The blocks, and the title that the document's metadata give it."""
    nodes, title = tree["blocks"], _title_nodes(tree.get("meta", {}))
    words = Inline.tidy(text_of(title))
    headings = [n for n in nodes if n["t"] == "Header"]
    repeated = any(Inline.tidy(text_of(n["c"][2])).casefold() == words.casefold() for n in headings[:2])
    apart = not words or repeated or pandoc_format in _TITLE_APART
    shift = 0 if apart or all(n["c"][0] > 1 for n in headings) else 1
    walker = Tree(shift=shift, notes_last=pandoc_format in _NOTES_LAST, slides=pandoc_format == "pptx")
    if not apart:
        walker.title(title)
    return walker.walk(nodes), words


def _title_nodes(meta: dict[str, Any]) -> list[dict[str, Any]]:
    title = meta.get("title", {})
    if title.get("t") == "MetaInlines":
        return title["c"]  # type: ignore[no-any-return]
    if title.get("t") == "MetaString":
        return [{"t": "Str", "c": title["c"]}]
    return []


def _located(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The blocks with the heading path as the place of those that have no other."""
    return tuple(b if b.locator else replace(b, locator=" > ".join(b.path)) for b in blocks)
