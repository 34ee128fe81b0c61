"""Where the concepts of a document stand: the columns, headings and lists that `concepts_from` names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dagogy.api._blocks import tidy
from dagogy.api.errors import InvalidArgument
from dagogy.api.scope import Place, ScopeDocument
from dagogy.contracts.suggest import nearest
from dagogy.pipeline.sections import loose_key, matching, sections_of, short, strict_key

_MOST_LISTED = 30

_SELECTOR = re.compile(r"(column|heading|list) ?: ?(.+)", re.IGNORECASE)

_ACCEPTED = "'column: NAME', 'heading: NAME', 'heading: LEVEL', 'list: NAME' or 'list: LEVEL'"


def places_of(document: ScopeDocument, selector: str, origin: str) -> list[Place]:
    """The places that `column: Topic` and the like name."""
    match = _SELECTOR.fullmatch(tidy(selector))
    if match is None:
        raise InvalidArgument(
            f"{origin} '{short(selector)}' does not say what it names; accepted: {_ACCEPTED}",
            hint=_likely(document, tidy(selector)) or f"the document has {_inventory(document)}",
            details={"source": document.source, "selector": selector},
        )
    kind, name = match[1].lower(), match[2]
    found = {"column": _column, "heading": _heading, "list": _list}[kind](document, name)
    if found:
        return found
    known = _known_names(document, kind)
    near = nearest(short(name), known)
    raise InvalidArgument(
        f"{origin} '{short(selector)}': '{document.source}' has no {_MISSING[kind]}; it has "
        f"{_inventory(document)}",
        hint=f"did you mean '{kind}: {near}'?" if near else f"accepted: {_ACCEPTED}",
        details={
            "source": document.source,
            "selector": selector,
            "columns": _columns(document)[:1000],
            "headings": _titles(document)[:1000],
        },
    )


_MISSING = {
    "column": "column of that name or number",
    "heading": "headings of that level, nor headings below one of that name",
    "list": "list items of that depth, nor under a heading of that name",
}


def _column(document: ScopeDocument, name: str) -> list[Place]:
    """The cells of all columns of that name, or else of the column with that number, from 1."""
    rows = [(i, b) for i, b in enumerate(document.blocks) if b.kind == "table_row"]
    for key in (strict_key, loose_key):
        wanted = key(name)
        found = [
            Place(i, k)
            for i, b in rows
            for k, head in enumerate(b.header[: len(b.cells)])
            if wanted and key(head) == wanted and b.cells[k].strip()
        ]
        if found:
            return found
    number = _number(name)
    return [
        Place(i, number - 1)
        for i, b in rows
        if number and number <= len(b.cells) and b.cells[number - 1].strip()
    ]


def _heading(document: ScopeDocument, name: str) -> list[Place]:
    """The headings right below the heading of that name, or else those of that level."""
    sections = sections_of(document)
    below: list[Place] = []
    for at in matching(name, sections):
        inside = [s for s in sections if at in s.ancestors]
        nearest_level = min((document.blocks[s.start].level for s in inside), default=0)
        below += [Place(s.start) for s in inside if document.blocks[s.start].level == nearest_level]
    level = _number(name)
    return below or [
        Place(i) for i, b in enumerate(document.blocks) if b.kind == "heading" and b.level == level
    ]


def _list(document: ScopeDocument, name: str) -> list[Place]:
    """The list items under the heading of that name that are part of no other
    item, or else all of that depth.
    """
    sections = sections_of(document)
    inside = {i for at in matching(name, sections) for i in range(sections[at].start, sections[at].end)}
    depth = 1 if inside else _number(name)
    return [
        Place(i)
        for i, b in enumerate(document.blocks)
        if b.kind == "list_item" and b.level == depth and (not inside or i in inside) and b.text
    ]


def _number(name: str) -> int:
    return int(name) if name.isascii() and name.isdecimal() and len(name) < 4 else 0


def _columns(document: ScopeDocument) -> list[str]:
    return list(
        dict.fromkeys(
            tidy(head) for b in document.blocks if b.kind == "table_row" for head in b.header if tidy(head)
        )
    )


def _titles(document: ScopeDocument) -> list[str]:
    return list(dict.fromkeys(b.text for b in document.headings()))


def _known_names(document: ScopeDocument, kind: str) -> list[str]:
    # A long document has too many names to compare them all.
    return [short(name) for name in (_columns(document) if kind == "column" else _titles(document))[:2000]]


def _likely(document: ScopeDocument, name: str) -> str:
    """What a name without its kind most likely means."""
    for kind, find in (("column", _column), ("heading", _heading), ("list", _list)):
        if find(document, name):
            return f"did you mean '{kind}: {short(name)}'?"
    return ""


def _inventory(document: ScopeDocument) -> str:
    """The columns, headings and lists that there are, in words."""
    columns, titles = _columns(document), _titles(document)
    depth = max((b.level for b in document.blocks if b.kind == "list_item"), default=0)
    parts = [
        f"the columns {_listed(columns)}" if columns else "no table with named columns",
        f"the headings {_listed(titles)}" if titles else "no headings",
        f"list items of depth 1 to {depth}" if depth > 1 else "list items of depth 1" if depth else "no list",
    ]
    return "; ".join(parts)


def _listed(names: Sequence[str]) -> str:
    more = f", … and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(f"'{short(name)}'" for name in names[:_MOST_LISTED]) + more
