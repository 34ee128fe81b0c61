"""The passages of the sources that speak of a node: where its evidence and its resources point, else where
its title stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dagogy.api.providers import Passage
from dagogy.api.scope import ScopeDocument, local_place
from dagogy.api.text import Words
from dagogy.contracts.types import Node
from dagogy.pipeline.evidence import Concept

#: Sections of a source that are looked at where nothing but the title tells.
_MOST_SECTIONS = 2
#: A range of more lines names the document rather than a passage.
_LONGEST_CITED = 400


class _Section(NamedTuple):
    first: int
    last: int
    form: str


class PassageFinder:
    """Finds passages in `sources`, each looked through once."""

    def __init__(self, sources: Sequence[ScopeDocument]) -> None:
        self._lines = {source.location: source.text.split("\n") for source in sources}
        self._sections = {source.location: list(_sections(source)) for source in sources}

    def of(self, node: Node, concept: Concept | None, most_chars: int) -> list[Passage]:
        """The passages about `node`, with at most `most_chars` of text together: the sections in which its
        places lie, as far as they go; of what is too long the lines from the place on.
        """
        found: list[Passage] = []
        left = most_chars
        for location, first, last in self._ranges(node, concept):
            if left <= 0:
                break
            section = self._section(location, first)
            if any(p.location == location and p.lines[0] <= first <= p.lines[1] for p in found):
                continue
            begin, end = section.first, max(section.last, last)
            whole = self._text(location, begin, end)
            if len(whole) > left:
                # Its beginning may be far from the place: what counts stands there.
                begin = first
            passage = self._cut(location, begin, end, left, len(whole))
            if passage is not None:
                found.append(passage)
                left -= len(passage.text)
        return found

    def _ranges(self, node: Node, concept: Concept | None) -> Iterator[tuple[str, int, int]]:
        told = list(self._told(node, concept))
        yield from dict.fromkeys(told or self._named(Words.form(node.title)))

    def _told(self, node: Node, concept: Concept | None) -> Iterator[tuple[str, int, int]]:
        if concept is not None and self._has(concept.location, *concept.lines):
            yield concept.location, *concept.lines
        for resource in node.resources:
            place = local_place(resource.url)
            if place is None:
                continue
            location, first, last = place
            if last - first < _LONGEST_CITED and self._has(location, first, last):
                yield location, first, last

    def _has(self, location: str, first: int, last: int) -> bool:
        return location in self._lines and 1 <= first <= last <= len(self._lines[location])

    def _named(self, title: str) -> list[tuple[str, int, int]]:
        places = [
            (location, section.first, section.last)
            for location, sections in self._sections.items()
            for section in sections
            if title and f" {title} " in section.form
        ]
        return places[:_MOST_SECTIONS]

    def _section(self, location: str, line: int) -> _Section:
        for section in self._sections[location]:
            if section.first <= line <= section.last:
                return section
        return _Section(line, line, "")

    def _text(self, location: str, first: int, last: int) -> str:
        return "\n".join(self._lines[location][first - 1 : last])

    def _cut(self, location: str, first: int, last: int, most: int, whole: int) -> Passage | None:
        """As many whole lines from `first` on as fit, and of the next one as many words: a paragraph may be
        one long line.
        """
        text, end = "", first - 1
        for number in range(first, last + 1):
            line = self._lines[location][number - 1]
            room = most - len(text) - (number > first)
            if len(line) > room:
                line = line[: max(line.rfind(" ", 0, max(room, 0) + 1), 0)]
                if not line and number > first:
                    break
                line = line or self._lines[location][number - 1][:most]
                last = number
            text += ("\n" if number > first else "") + line
            end = number
            if number == last:
                break
        return Passage(location, (first, end), text, max(0, whole - len(text))) if text.strip() else None


def _sections(source: ScopeDocument) -> Iterable[_Section]:
    """From one heading to the next, of whatever level."""
    lines = source.text.split("\n")
    starts = sorted({1, *(block.lines[0] for block in source.headings())})
    for position, first in enumerate(starts):
        last = starts[position + 1] - 1 if position + 1 < len(starts) else len(lines)
        text = "\n".join(lines[first - 1 : last])
        if text.strip():
            yield _Section(first, last, f" {Words.form(text)} ")
