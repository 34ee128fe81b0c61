"""What a table of contents lists: parts and entries with their depth, line and file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import yaml
from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import Inline
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["Entry", "summary_entries", "title_of_file", "yaml_entries"]

#: Keys whose value is the name of an entry, and those whose value is its file.
_NAMES = ("title", "caption", "part", "text", "name", "label", "header", "section", "chapter", "heading")
_FILES = ("file", "href", "url", "path", "glob", "link", "src", "page", "index")
#: Keys that hold the contents of a site's or book's configuration; where there is
#: one, the rest is no part of it.
_ROOTS = (
    "nav",
    "toc",
    "parts",
    "chapters",
    "rmd_files",
    "contents",
    "sections",
    "items",
    "book",
    "website",
    "sidebar",
    "navbar",
)
#: Keys whose values are settings, not entries.
_SETTINGS = frozenset(
    (
        "format root defaults options numbered maxdepth hidden titlesonly style theme icon class id type "
        "weight site_name site_url site_author site_description repo_url repo_name edit_uri docs_dir "
        "site_dir extra extra_css extra_javascript plugins markdown_extensions copyright slug collapsed "
        "expanded key"
    ).split()
)
_PATH = re.compile(r"[\w./~%+@ -]+\Z")
_DOCUMENT = re.compile(
    r"\.(?:md|markdown|rst|ipynb|qmd|rmd|html?|adoc|asciidoc|tex|txt|org|py|docx|pdf)\Z", re.IGNORECASE
)
_NUMBER = re.compile(r"^(?:\d{1,4}(?:[._-]\d{1,4})*[a-z]?[._-]|\d{1,4}(?=[A-Za-z]))+")
_WORDS = re.compile(r"[-_\s]+")
_MAX_ENTRIES = 20_000
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """`part`: it names a group of what follows at greater depth, or the whole; else it is an entry. `depth`
    from 1; `line` from 1.
    """

    title: str
    depth: int
    line: int
    file: str = ""
    part: bool = False


def title_of_file(name: str) -> str:
    """A file's name as a title: `01-pyart-basics.md` is `pyart basics`; that of
    an `index` is its folder's.
    """
    path = PurePosixPath(unquote(name.partition("#")[0].rstrip("/")))
    stem = path.name[: -len(found[0])] if (found := _DOCUMENT.search(path.name)) else path.name
    if (
        stem.lower() in ("index", "readme", "intro", "_index")
        and path.parent.name
        and stem.lower() != "intro"
    ):
        stem = path.parent.name
    return Inline.tidy(_WORDS.sub(" ", _NUMBER.sub("", stem) or stem))


def yaml_entries(text: str, name: str) -> list[Entry]:
    """The entries of a YAML file. Raises `InvalidArgument`, with the line, where it is no YAML."""
    try:
        root = yaml.compose(_without_tags(text), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark is not None else ""
        reason = getattr(error, "problem", None) or "it is nested too deeply"
        raise InvalidArgument(
            f"scope file '{name}'{place}: it cannot be read as YAML: {reason}",
            hint="correct the line, or give the contents as a list in Markdown",
        ) from None
    found: list[Entry] = []
    if root is not None:
        for entry in _entries(_contents(root), 1, set()):
            found.append(entry)
            if len(found) > _MAX_ENTRIES:
                raise InvalidArgument(
                    f"scope file '{name}' lists more than {_MAX_ENTRIES:,} entries",
                    hint="give the part that is to be taught",
                )
    return found


_TAG = re.compile(r"(?<=[\s\[,:])!!?[\w/:.-]+")


def _without_tags(text: str) -> str:
    """The text without tags such as `!!python/name:x`: nothing is made of them, and
    what they name does not matter.
    """
    return _TAG.sub("", text)


def _contents(root: Node) -> Node:
    """The part of a configuration that holds the table of contents."""
    if isinstance(root, MappingNode):
        keys = {k.value: v for k, v in root.value if isinstance(k, ScalarNode)}
        for key in _ROOTS:
            if isinstance(keys.get(key), SequenceNode | MappingNode):
                return (
                    _contents(keys[key])
                    if key in ("book", "website", "sidebar")
                    else keys[key]
                    if not keys.keys() & {"root", "format"}
                    else root
                )
    return root


def _entries(node: Node, depth: int, above: set[int]) -> Iterator[Entry]:
    if depth > _MAX_DEPTH or id(node) in above:  # an alias of what it stands in
        return
    above = above | {id(node)}
    line = node.start_mark.line + 1
    if isinstance(node, ScalarNode):
        if title := _title(node.value):
            yield Entry(title, depth, line, node.value if _is_file(node.value) else "")
    elif isinstance(node, SequenceNode):
        for child in node.value:
            yield from _entries(child, depth, above)
    elif isinstance(node, MappingNode):
        yield from _mapping(node, depth, above)


def _mapping(node: MappingNode, depth: int, above: set[int]) -> Iterator[Entry]:
    pairs = [(k.value, v, k.start_mark.line + 1) for k, v in node.value if isinstance(k, ScalarNode)]
    own = _own_entry(pairs, depth)
    if own is not None:
        yield own
        depth += 1
    for key, value, line in pairs:
        lowered = key.lower()
        if lowered in _SETTINGS:
            continue
        if isinstance(value, ScalarNode):
            # `Title: file.md`, as mkdocs has it; or a title with something said of it.
            if lowered not in _NAMES and lowered not in _FILES:
                yield Entry(Inline.tidy(key), depth, line, value.value if _is_file(value.value) else "")
        elif lowered in _ROOTS or lowered in ("entries", "subtrees", "children", "pages"):
            yield from _entries(value, depth, above)
        else:
            yield Entry(Inline.tidy(key), depth, line, part=True)
            yield from _entries(value, depth + 1, above)


def _own_entry(pairs: Sequence[tuple[str, Any, int]], depth: int) -> Entry | None:
    """The entry that a mapping itself is, by its keys for a title and a file; None where it has neither."""
    scalars = {k.lower(): (v.value, line) for k, v, line in pairs if isinstance(v, ScalarNode)}
    given = {key: found for key, found in scalars.items() if found[0]}
    file, line_of_file = next((given[key] for key in _FILES if key in given), ("", 0))
    named = next((given[key] for key in _NAMES if key in given), None)
    title, line = named or (_title(file), line_of_file)
    if not title:
        return None
    holds = any(not isinstance(v, ScalarNode) and k.lower() not in _SETTINGS for k, v, _ in pairs)
    return Entry(Inline.tidy(title), depth, line, file, holds and not file)


def _is_file(text: str) -> bool:
    return bool(_DOCUMENT.search(text)) or ("/" in text and " " not in text and bool(_PATH.match(text)))


def _title(text: str) -> str:
    """What a leaf is called: a title as it is, a file by its name."""
    text = Inline.tidy(text)
    if not text or "://" in text:
        return ""
    return (
        title_of_file(text)
        if _is_file(text) or (" " not in text and bool(re.search(r"[-_]", text)))
        else text
    )


def summary_entries(text: str) -> Iterator[Entry]:
    """The entries of a `SUMMARY.md`: headings are parts, the items of its lists entries."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").parse(text)
    depth = 0
    for opener, token in pairwise([None, *tokens]):
        assert token is not None
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
        elif token.type == "inline":
            is_part = opener is not None and opener.type == "heading_open"
            title, file = _title_and_file(token.children or ())
            if title and (depth or is_part or file):
                yield Entry(title, max(depth, 1), (token.map or [0])[0] + 1, file, is_part)


def _title_and_file(children: Sequence[Token]) -> tuple[str, str]:
    """The text of a line, else the title of the file that it links to; and that file."""
    file = next((str(c.attrGet("href") or "") for c in children if c.type == "link_open"), "")
    text = "".join(c.content for c in children if c.type in ("text", "code_inline", "softbreak"))
    return Inline.tidy(text) or title_of_file(file), file
