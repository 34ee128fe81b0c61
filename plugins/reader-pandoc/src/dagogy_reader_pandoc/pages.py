"""HTML pages without navigation, page header and footer, scripts and other boilerplate.

selectolax parses as a browser does, and what a page itself declares to be none of its text goes: by element,
ARIA role, or the names that site generators give. The extractors that guess the main text by the density of
words and links (trafilatura, readability, resiliparse) were tried on twelve course pages: each drops
schedules or lists of topics there, since in a course these are links and short lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

__all__ = ["main_content"]

_NO_TEXT = (
    "script, style, noscript, template, button, input, select, textarea, svg, iframe, object, embed, head, "
    "[hidden], [aria-hidden=true]"
)
_PARTS = "nav, aside, footer, form, dialog, header"
_ROLES = ", ".join(
    f"[role={role}]"
    for role in "navigation banner contentinfo search complementary menu menubar dialog alertdialog".split()
)
_HIDDEN = re.compile(r"display\s*:\s*none")
#: Words of a class or id that stand for boilerplate, whole or between dashes.
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|navlinks?|breadcrumbs?|menu|sidebar|sphinxsidebar|footer|site-header|masthead|topbar|cookies?|pagination|pager|"
    r"headerlink|anchorjs-link|skip-?link|skip-to-content|sr-only|visually-hidden|screen-reader-text|social|toolbar|searchbox|related|page-toc|bd-toc|"
    r"toc-drawer|copybtn|edit-this-page)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NEVER = frozenset("html body main article h1 table tbody thead tr td th".split())
#: What holds the text of a page, the surest first.
_MAIN = ("main", "[role=main]", "article")
#: A main part with fewer of the page's characters is not believed to be all of it, and a larger part of the
#: page not to be boilerplate.
_SHARE = 0.5
_NUMBERED = re.compile(r"\s*(\d{1,3})[.\s\u00a0]")
_FEW = 3


def main_content(html: str) -> str:
    """The page as HTML, with its text alone. Where nothing would be left, the page as it is."""
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(html)
    body = page.body
    if body is None:
        return html
    found = page.css_first("head > title")
    title = found.text(strip=True) if found is not None else ""
    has_contents = _remove_boilerplate(body)
    left = _length(body)
    if not left:
        return html
    parts = (part for path in _MAIN for part in body.css(path) if _length(part) >= _SHARE * left)
    part = body if has_contents else next(parts, body)
    escaped = title.replace("&", "&amp;").replace("<", "&lt;")
    return f"<html><head><title>{escaped}</title></head><body>{part.inner_html or ''}</body></html>"


def _remove_boilerplate(body: LexborNode) -> bool:
    """Takes out what is no text of the page; whether the contents of a book were kept."""
    for node in body.css(_NO_TEXT):
        node.decompose()
    whole = _length(body)
    contents: set[int] = set()
    for node in body.css(f"{_PARTS}, {_ROLES}, [class], [id], [style]"):
        if node.parent is None or not _is_boilerplate(node, whole):
            continue
        if _is_book_contents(node) or any(above.mem_id in contents for above in _ancestors(node)):
            contents.add(node.mem_id)
        else:
            node.decompose()
    return bool(contents)


def _is_boilerplate(node: LexborNode, whole: int) -> bool:
    attributes = node.attributes
    if _HIDDEN.search(attributes.get("style") or ""):
        return True
    if node.tag in _NEVER or _length(node) >= _SHARE * whole:
        return False  # such as a page that is one form
    named = (
        node.css_matches(f":is(nav, aside, footer, form, dialog, {_ROLES})")
        or _NAMES.search(_names(node)) is not None
    )
    if node.tag == "header" and not named:
        # That of the page, not that of an article or with the title in it.
        named = node.css_first("h1") is None and node.parent is not None and node.parent.tag == "body"
    return named


def _names(node: LexborNode) -> str:
    return f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"


def _length(node: LexborNode) -> int:
    return len("".join((node.text() or "").split()))


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def _is_book_contents(node: LexborNode) -> bool:
    """Whether it is the table of contents of a book with numbered chapters, which says what is taught; not
    one of the page itself.
    """
    links = [link for link in node.css("a") if not (link.attributes.get("href") or "").startswith("#")]
    numbers = [int(found[1]) for link in links if (found := _NUMBERED.match(link.text()))]
    return len(numbers) >= _FEW and numbers == sorted(set(numbers))
