"""Sections of a document, chosen by their headings: whatever its format, since headings and
lines are all that it takes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dagogy.api._blocks import tidy
from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import BlockWriter
from dagogy.api.scope import Block, ScopeDocument
from dagogy.api.text import Words
from dagogy.contracts.suggest import nearest

__all__ = [
    "Section",
    "loose_key",
    "matching",
    "no_such_section",
    "sections_of",
    "select_sections",
    "short",
    "strict_key",
]

_MAX_LISTED_HEADINGS = 30
Surroundings = Callable[[ScopeDocument, Sequence[int]], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its section: the positions of its blocks (the heading is the first, `end` excluded) and
    its lines, and the headings above it.
    """

    path: tuple[str, ...]
    start: int
    end: int
    lines: tuple[int, int]
    ancestors: tuple[int, ...]


def select_sections(
    document: ScopeDocument, wanted: Sequence[str], surroundings: Surroundings
) -> ScopeDocument:
    """The sections of the document under the `wanted` headings, each with the headings above it, in the order
    of the text; `mode` is `section`.

    A wanted heading is compared without regard to case and punctuation (when one agrees to the letter, only
    that one counts); `Chapter > Section` names a heading by those above it. Of equal headings all are taken.
    `surroundings` is `Reader.surroundings` of the reader. Raises `InvalidArgument` for every wanted heading
    that is not there, with a list of those that are.
    """
    sections = sections_of(document)
    chosen: set[int] = set()
    unmatched: list[str] = []
    for want in wanted:
        matches = matching(want, sections)
        chosen.update(matches)
        if not matches:
            unmatched.append(want)
    if unmatched or not wanted:
        raise no_such_section(unmatched, sections, document.source)
    positions: set[int] = set()
    lines: set[int] = set()
    for section in (sections[i] for i in chosen):
        positions.update(range(section.start, section.end))
        lines.update(range(section.lines[0], section.lines[1] + 1))
        for above in section.ancestors:
            first, last = document.blocks[sections[above].start].lines
            positions.add(sections[above].start)
            lines.update(range(first, last + 1))
    return _only(document, sorted(positions), sorted(lines), surroundings)


def _only(
    document: ScopeDocument, positions: Sequence[int], lines: Sequence[int], surroundings: Surroundings
) -> ScopeDocument:
    """The document with these blocks alone, and with these lines of its text."""
    place = {old: new for new, old in enumerate(positions)}
    blocks = tuple(
        replace(document.blocks[i], parent=place.get(document.blocks[i].parent, -1)) for i in positions
    )
    kept = set(lines)
    if any(
        i not in place and kept.intersection(range(b.lines[0], b.lines[1] + 1))
        for i, b in enumerate(document.blocks)
    ):
        # Lines that hold more than the sections, as those of a web page may.
        text, blocks = BlockWriter.rendered(blocks)
        return replace(document, text=text, blocks=blocks, mode="section")
    before, after = surroundings(document, lines)
    body, at = _joined(document.text.split("\n"), lines)
    offset = before.count("\n") + 2 if before else 0
    text = "\n\n".join(part for part in (before, body, after) if part) + "\n"
    moved = tuple(replace(b, lines=(at[b.lines[0]] + offset, at[b.lines[1]] + offset)) for b in blocks)
    return replace(document, text=text, blocks=moved, mode="section")


def _joined(lines: Sequence[str], kept: Sequence[int]) -> tuple[str, dict[int, int]]:
    """The kept lines, with a blank line wherever some were left out, and where each of them stands then."""
    out: list[str] = []
    at: dict[int, int] = {}
    before = 0
    for number in kept:
        line = lines[number - 1]
        if out and number != before + 1 and out[-1].strip():
            out.append("")
        before = number
        if out or line.strip():
            out.append(line)
            at[number] = len(out)
    while out and not out[-1].strip():
        out.pop()
    return "\n".join(out), at


def sections_of(document: ScopeDocument) -> list[Section]:
    """The sections of the document, in its order."""
    headings = [(i, b) for i, b in enumerate(document.blocks) if b.kind == "heading"]
    ends = [(len(document.blocks), document.text.count("\n") + 1)] * len(headings)
    stack: list[int] = []
    found: list[Section] = []
    for index, (position, block) in enumerate(headings):
        while stack and headings[stack[-1]][1].level >= block.level:
            ends[stack.pop()] = (position, _line_before(block, headings[index - 1][1]))
        found.append(Section(block.path, position, 0, (block.lines[0], 0), tuple(stack)))
        stack.append(index)
    return [
        replace(s, end=end, lines=(s.lines[0], max(s.lines[0], line)))
        for s, (end, line) in zip(found, ends, strict=True)
    ]


def _line_before(block: Block, before: Block) -> int:
    """The last line of what stands above a heading."""
    return max(block.lines[0] - 1, before.lines[1])


@lru_cache(maxsize=100_000)
def strict_key(text: str) -> str:
    """A heading as it is compared: without regard to case and kinds of spaces."""
    return tidy(Words.normalized(Words.normalized(text).casefold()))


@lru_cache(maxsize=100_000)
def loose_key(text: str) -> str:
    """The same without regard to punctuation."""
    kept = (c if unicodedata.category(c)[0] in "LNM" else " " for c in strict_key(text))
    return " ".join("".join(kept).split())


def matching(want: str, sections: Sequence[Section]) -> list[int]:
    """The sections that `want` names: by the whole of it as a heading, else as a path; each to the letter
    first, then loosely.
    """
    bare = re.sub(r"^\s*#{1,6}\s+", "", want)
    ways = [[want], [bare]]
    steps = [step.strip() for step in bare.split(">")]
    if len(steps) > 1 and all(steps):
        ways.append(steps)
    for way in ways:
        for key in (strict_key, loose_key):
            keys = [key(step) for step in way]
            if all(keys) and (matches := [i for i, s in enumerate(sections) if _is_named(s.path, keys, key)]):
                return matches
    return []


def _is_named(path: tuple[str, ...], keys: Sequence[str], key: Callable[[str], str]) -> bool:
    """Is the last heading of `path` the last of `keys`, and do the others come above it in that order?"""
    if key(path[-1]) != keys[-1]:
        return False
    above = iter(path[:-1])
    return all(any(key(title) == step for title in above) for step in keys[:-1])


def no_such_section(
    unmatched: Sequence[str], sections: Sequence[Section], source: str, origin: str = "", besides: str = ""
) -> InvalidArgument:
    """The error that lists the headings there are. `origin`: who named the sections, where it was not
    --scope-section; `besides`: what else was looked for.
    """
    titles = list(dict.fromkeys(s.path[-1] for s in sections))
    details = {"source": source, "unmatched": list(unmatched), "headings": titles[:1000]}
    named = ", ".join(repr(short(u)) for u in unmatched)
    prefix, hint = (
        (f"{origin} {named}: ", f"take it out: {origin}")
        if origin
        else ("", "read all of it: --scope-mode full")
    )
    besides = f", {besides}" if besides else ""
    if not titles:
        return InvalidArgument(
            f"{prefix}scope file '{source}' has no headings to choose sections by{besides}",
            hint=hint,
            details=details,
        )
    listed = ", ".join(f"'{short(t)}'" for t in titles[:_MAX_LISTED_HEADINGS])
    more = f", … and {len(titles) - _MAX_LISTED_HEADINGS} more" if len(titles) > _MAX_LISTED_HEADINGS else ""
    if not unmatched:
        return InvalidArgument(
            f"no section of scope file '{source}' was named; its headings: {listed}{more}",
            hint="--scope-section HEADING",
            details=details,
        )
    suggested = _near(unmatched, titles)
    return InvalidArgument(
        f"{prefix}scope file '{source}' has no heading {named}{besides}; its headings: {listed}{more}",
        hint=f"did you mean {' or '.join(suggested)}?"
        if suggested
        else "name one of its headings, or a path such as 'Chapter > Section'",
        details=details,
    )


def _near(unmatched: Sequence[str], titles: Sequence[str]) -> list[str]:
    """The headings that are meant most likely, in quotation marks. A long document has
    too many to compare them all.
    """
    near = dict.fromkeys(nearest(short(u), (short(t) for t in titles[:2000])) for u in unmatched)
    return [f"'{n}'" for n in near if n is not None]


def short(text: str) -> str:
    """A name as messages show it."""
    text = tidy(text)
    return text if len(text) <= 80 else text[:79] + "…"
