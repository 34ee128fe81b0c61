"""Inline content of pandoc's syntax tree as plain text with label, links and emphasis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dagogy.api.readers import Inline
from dagogy.api.scope import Link

__all__ = ["box_of", "inline_of", "notes_of", "text_of"]

Node = dict[str, Any]
#: Where the children of an element stand in its content; the whole content where it is None.
_CHILDREN: dict[str, int | None] = {
    **dict.fromkeys(("Emph", "Strong", "Underline", "Strikeout", "SmallCaps", "Superscript", "Subscript")),
    **dict.fromkeys(("Quoted", "Cite", "Span", "Link"), 1),
}
#: Spans of marks that are not part of the text: the keyword and tags of an Org heading,
#: and what a Word user remarked.
_DROPPED_SPANS = frozenset(
    ("todo", "done", "tag", "comment-start", "comment-end", "deletion", "note", "line-number")
)
_QUOTES = {"SingleQuote": ("‘", "’"), "DoubleQuote": ("“", "”")}
_BOXES = {"☐": False, "☒": True, "☑": True}


def children_of(node: Node) -> list[Node]:
    """The inline content of an element."""
    if node["t"] not in _CHILDREN:
        return []
    at = _CHILDREN[node["t"]]
    found: list[Node] = node["c"] if at is None else node["c"][at]
    return found


def text_of(nodes: Sequence[Node], links: list[Link] | None = None) -> str:
    """Plain text, a hard line break as a newline; links are appended to `links`."""
    parts: list[str] = []
    _render(nodes, parts, links)
    return "".join(parts)


def _render(nodes: Sequence[Node], parts: list[str], links: list[Link] | None) -> None:
    for node in nodes:
        kind = node["t"]
        if kind == "Str":
            parts.append(node["c"])
            if links is not None:
                links += Inline.bare_links(node["c"])
        elif kind in _PLAIN:
            parts.append(_PLAIN[kind])
        elif kind in _VERBATIM:
            parts.append(_VERBATIM[kind](node["c"]))
        elif kind == "Quoted":
            before, after = _QUOTES[node["c"][0]["t"]]
            parts.append(before)
            _render(node["c"][1], parts, links)
            parts.append(after)
        elif kind == "Link":
            start = len(parts)
            _render(node["c"][1], parts, None)
            text = Inline.tidy("".join(parts[start:]))
            if links is not None:
                links.append(Link(text, node["c"][2][0]))
        elif kind == "Image":
            parts.append(_alternative(node["c"][1]))
        elif kind == "Span" and not _DROPPED_SPANS.isdisjoint(node["c"][0][1]):
            continue
        elif kind in _CHILDREN:
            _render(children_of(node), parts, links)


_PLAIN = {"Space": " ", "SoftBreak": " ", "LineBreak": "\n"}
_VERBATIM: dict[str, Callable[[Any], str]] = {
    "Code": lambda c: c[1],
    "Math": lambda c: f"$${c[1]}$$" if c[0]["t"] == "DisplayMath" else f"${c[1]}$",
    "RawInline": lambda c: "\n" if c[0] == "html" and c[1].lower().startswith("<br") else "",
}


def _alternative(nodes: Sequence[Node]) -> str:
    text = text_of(nodes)
    return "" if text == "image" else text


def inline_of(nodes: Sequence[Node], *, labels: bool = True, cell: bool = False) -> Inline:
    """The content of a paragraph, heading, item or cell. `labels`: a bold text or
    link at its start may be one.
    """
    links: list[Link] = []
    text = text_of(nodes, links)
    found = Inline(
        Inline.cell_text(text) if cell else Inline.tidy(text),
        links=tuple(links),
        emphasised=tuple(_emphasised(nodes)),
    )
    nodes = _unwrapped(nodes)
    first = next((i for i, n in enumerate(nodes) if text_of([n]).strip()), None)
    if not labels or first is None or nodes[first]["t"] not in ("Strong", "Link"):
        return found
    if "uri" in _classes(nodes[first]):  # an address that is its own text
        return found
    return found.labelled(Inline.tidy(text_of([nodes[first]])), text_of(nodes[first + 1 :]))


def _classes(node: Node) -> list[str]:
    return node["c"][0][1] if node["t"] in ("Link", "Span") else []


def _unwrapped(nodes: Sequence[Node]) -> Sequence[Node]:
    """The content of a span around all of it, which carries nothing but attributes."""
    while len(nodes) == 1 and nodes[0]["t"] in ("Span", "Underline", "SmallCaps"):
        nodes = children_of(nodes[0])
    return nodes


def _emphasised(nodes: Sequence[Node]) -> Iterator[str]:
    """The phrases in bold or italics, the outermost marks of each."""
    for node in nodes:
        if node["t"] in ("Strong", "Emph"):
            if text := Inline.tidy(text_of(node["c"])):
                yield text
        elif node["t"] in _CHILDREN:
            yield from _emphasised(children_of(node))


def notes_of(nodes: Sequence[Node]) -> Iterator[list[Node]]:
    """The blocks of each footnote in the content."""
    for node in nodes:
        if node["t"] == "Note":
            yield node["c"]
        elif node["t"] in _CHILDREN:
            yield from notes_of(children_of(node))


def box_of(nodes: Sequence[Node]) -> tuple[bool | None, Sequence[Node]]:
    """Whether the box that an item starts with is ticked, and the content after it;
    None where there is no box.
    """
    if nodes and nodes[0]["t"] == "Str" and nodes[0]["c"] in _BOXES:
        return _BOXES[nodes[0]["c"]], nodes[1:]
    return None, nodes
