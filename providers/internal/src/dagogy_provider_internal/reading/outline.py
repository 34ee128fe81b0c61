"""The document as a tree of sections, and the reading of the list items inside one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dagogy.api.scope import Block, ScopeDocument

from dagogy_provider_internal.language.headings import HeadingKind, heading_kind


@dataclass(slots=True)
class Section:
    """A heading (`head`, -1 for the document itself) with its own blocks (positions; the headings below it
    left out) and sub-sections.
    """

    head: int
    level: int
    title: str
    kind: HeadingKind
    own: list[int] = field(default_factory=list)
    children: list[Section] = field(default_factory=list)

    def walk(self) -> Iterator[Section]:
        """This section and all below it, in document order."""
        stack = [self]
        while stack:
            section = stack.pop()
            yield section
            stack.extend(reversed(section.children))

    def blocks(self) -> list[int]:
        """All block positions of the section, sub-headings left out."""
        return [b for section in self.walk() for b in section.own]


def outline(document: ScopeDocument) -> Section:
    """The tree. A single heading of level 1 that comes first is the title: its section is the root."""
    root = Section(-1, 0, document.title, "group")
    stack = [root]
    headings = [(i, b) for i, b in enumerate(document.blocks) if b.kind == "heading"]
    title_at = _title_position(headings)
    for i, block in enumerate(document.blocks):
        if block.kind != "heading":
            stack[-1].own.append(i)
        elif i == title_at:
            root.head = i
        else:
            while len(stack) > 1 and stack[-1].level >= block.level:
                stack.pop()
            below = any(s.kind == "concept" for s in stack[1:])
            section = Section(i, block.level, block.text, heading_kind(block.text, below_concept=below))
            stack[-1].children.append(section)
            stack.append(section)
    return root


def _title_position(headings: Sequence[tuple[int, Block]]) -> int:
    """The heading that names the whole document, or -1: the only one of the top level, with others below it
    or alone at the very top.
    """
    if not headings:
        return -1
    top = min(b.level for _, b in headings)
    tops = [i for i, b in headings if b.level == top]
    return tops[0] if len(tops) == 1 and tops[0] == headings[0][0] and (top == 1 or len(headings) > 1) else -1


@dataclass(slots=True)
class Item:
    """A list item of a section with the positions of what it holds (not of its sub-items)."""

    at: int
    block: Block
    content: list[int] = field(default_factory=list)
    children: list[Item] = field(default_factory=list)

    def walk(self) -> Iterator[Item]:
        stack = [self]
        while stack:
            item = stack.pop()
            yield item
            stack.extend(reversed(item.children))

    def blocks(self) -> list[int]:
        """The positions of the item and all it holds, in document order."""
        if not self.children and not self.content:
            return [self.at]
        return sorted(p for item in self.walk() for p in (item.at, *item.content))


def items_of(document: ScopeDocument, own: Sequence[int]) -> tuple[list[Item], list[int]]:
    """The list items at the top of a section, and the positions of its other blocks.

    A paragraph that stands between two items of one list (a lazily written list: the text was not indented)
    belongs to the item before it.
    """
    blocks = document.blocks
    by_position: dict[int, Item] = {}
    tops: list[Item] = []
    loose: list[int] = []
    pending: list[int] = []
    for at in own:
        block = blocks[at]
        parent = by_position.get(block.parent)
        if block.kind == "list_item":
            item = by_position[at] = Item(at, block)
            (parent.children if parent else tops).append(item)
            if parent is None:
                if len(tops) > 1 and pending and not blocks[pending[-1]].text.rstrip().endswith(":"):
                    tops[-2].content.extend(pending)
                else:
                    loose.extend(pending)
                pending = []
        elif parent is not None:
            parent.content.append(at)
        else:
            pending.append(at)
    return tops, sorted([*loose, *pending])
