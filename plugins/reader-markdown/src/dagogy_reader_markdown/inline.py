"""Inline tokens to plain text with label, links and emphasis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import TYPE_CHECKING

from dagogy.api.readers import Inline
from dagogy.api.scope import Link

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["ALERT", "TASK", "read_inline", "render_tag", "unescaped"]

_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
_HREF = re.compile(r"""<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_FUNCTIONS = frozenset("sin cos tan cot sec csc log chi exp".split())
TASK = re.compile(r"^\[([ xX])\](?:\s+|$)")
ALERT = re.compile(r"^\[!\w+\]\s*")
_OPENS_LABEL = frozenset({"strong_open", "link_open"})


#: What is put for a token; "" for its content.
_PLAIN = {"code_inline": "", "softbreak": " ", "hardbreak": "\n"}


def _render(tokens: Sequence[Token], links: list[Link]) -> str:
    """Plain text of `tokens`, a hard line break as a newline; links are appended to `links`."""
    parts: list[str] = []
    open_links: list[tuple[str, int]] = []
    for number, token in enumerate(tokens):
        kind = token.type
        if kind in ("text", "text_special"):
            if kind == "text" and _is_note_mark(tokens, number, parts):
                continue
            parts.append(token.content)
            if not open_links:
                links += Inline.bare_links(token.content)
        elif kind in _PLAIN:
            parts.append(_PLAIN[kind] or token.content)
        elif kind == "image":
            parts.append(_render(token.children or (), []))
        elif kind == "link_open":
            open_links.append((str(token.attrGet("href") or ""), len(parts)))
        elif kind == "html_inline":
            render_tag(token.content, parts, open_links, links)
        elif kind == "link_close":
            _close_link(parts, open_links, links)
    return "".join(parts)


def _is_note_mark(tokens: Sequence[Token], at: int, parts: Sequence[str]) -> bool:
    """Whether the text is the raised number of a note (`jobs<sup>2</sup>`) and no exponent (`cm<sup>2</sup>`,
    `sin<sup>2</sup>`).
    """
    if (
        not tokens[at].content.isdecimal()
        or not 0 < at < len(tokens) - 1
        or tokens[at - 1].content.lower() != "<sup>"
    ):
        return False
    before = re.search(r"(?:^|[^\W\d_]*\W)([^\W\d_]{3,}[.,;:)]?)$", " " + "".join(parts[-3:])[-40:])
    return before is not None and before[1].lower() not in _FUNCTIONS


def render_tag(tag: str, parts: list[str], open_links: list[tuple[str, int]], links: list[Link]) -> None:
    """Takes a tag inside a paragraph: a line break, the beginning or the end of a link."""
    lowered = tag[:4].lower()
    if lowered.startswith("<br"):
        parts.append("\n")
    elif lowered == "</a>":
        _close_link(parts, open_links, links)
    elif lowered.startswith("<a") and (href := _HREF.match(tag)):
        # one at a time: they do not nest
        open_links[:] = [(unescaped(href[1] or href[2] or href[3] or ""), len(parts))]


def _close_link(parts: list[str], open_links: list[tuple[str, int]], links: list[Link]) -> None:
    if not open_links:
        return
    url, start = open_links.pop()
    text = Inline.tidy("".join(parts[start:]))
    links.append(Link(text, url))
    if text.startswith("^"):  # a footnote mark whose note is a bare address
        del parts[start:]


def read_inline(tokens: list[Token], *, labels: bool = True, cell: bool = False) -> Inline:
    """Text, links and label of inline `tokens`; in a `cell` each line is a part.

    A label is bold text or a link at the start that is set off from what follows, or stands alone.
    """
    links: list[Link] = []
    text = _render(tokens, links)
    found = Inline(
        Inline.cell_text(text) if cell else Inline.tidy(text),
        links=tuple(links),
        emphasised=_emphasised(tokens),
    )
    first = next(
        (i for i, t in enumerate(tokens) if t.type not in ("text", "html_inline") or t.content.strip()),
        len(tokens),
    )
    if not labels or first == len(tokens) or tokens[first].type not in _OPENS_LABEL:
        return found
    opener = tokens[first]
    close = opener.type.replace("open", "close")
    last = next(
        (
            i
            for i in range(first + 1, len(tokens))
            if tokens[i].type == close and tokens[i].level == opener.level
        ),
        None,
    )
    if last is None or opener.info == "auto":
        return found
    label = Inline.tidy(_render(tokens[first : last + 1], []))
    return found.labelled(label, _render(tokens[last + 1 :], []))


def _emphasised(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The phrases in bold or italics, the outermost marks of each."""
    found: list[str] = []
    start, level = -1, 0
    for position, token in enumerate(tokens):
        if start < 0 and token.type in ("strong_open", "em_open"):
            start, level = position, token.level
        elif start >= 0 and token.level == level and token.type in ("strong_close", "em_close"):
            found.append(Inline.tidy(_render(tokens[start + 1 : position], [])))
            start = -1
    return tuple(phrase for phrase in found if phrase)


def unescaped(text: str) -> str:
    """`text` with its HTML entities decoded. Unlike `html.unescape` it takes no number with thousands of
    digits, which Python refuses.
    """
    return _ENTITY.sub(lambda m: unescape(m[0]), text) if "&" in text else text
