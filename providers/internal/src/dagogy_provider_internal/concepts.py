"""Which blocks of a document are concepts.

The document's own structure decides. Of each section it is asked: does it hold a table of topics, a list of named items, sub-sections that
are concepts, a list of bare labels, or text of its own? In the last case the heading is the concept, else its members are. Whether lists
are members or content is voted on by all sections of the same level, so that one unusual section does not change the reading of the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from dagogy.api import Block, ScopeDocument

from dagogy_provider_internal.estimates import stated_minutes
from dagogy_provider_internal.lexicon import column_role, folded, is_imperative, is_label, label, meta_role, numbering
from dagogy_provider_internal.naming import aliases, is_sentence, same_key, split_cue, split_gloss, split_label, tidy_title
from dagogy_provider_internal.outline import Item, Section, items_of, outline

#: An item of at most this many words is a label rather than a statement.
_LABEL_WORDS = 8
#: A grouping heading with at least this many words of its own among siblings that are concepts is one of them.
_SUBSTANTIAL_WORDS = 40

#: Leads that label a text in one list and name a concept in another.
_AMBIGUOUS = frozenset(
    {"errors", "tests", "checks", "mistakes", "traps", "faults", "exercises", "practice", "examples", "definitions", "questions", "syntax", "usage"}
)


@dataclass(slots=True)
class Concept:
    """A concept and where the source treats it.

    `anchor`: the block that names it, -1 when none does. `blocks`: what the source says of it, in document order, the anchor included where it
    holds more than the name. `gloss`: the text beside the name in the anchor. `parts`: titles and blocks of its own sub-sections. `number`: the
    number in front of its title. `ordered`: an item of a numbered list. `needs`: what stands in parentheses behind the name and tells what comes
    before it, with its lines. `minutes`: the time that a column of the table gives it.
    """

    title: str
    document: ScopeDocument
    anchor: int
    blocks: list[int]
    path: tuple[str, ...]
    gloss: str = ""
    names: list[str] = field(default_factory=list)
    parts: list[tuple[str, list[int]]] = field(default_factory=list)
    number: tuple[int, ...] = ()
    ordered: bool = False
    id: str = ""
    merged: list[str] = field(default_factory=list)
    needs: tuple[tuple[str, tuple[int, int]], ...] = ()
    minutes: float | None = None

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line of the contiguous stretch of blocks that starts at the anchor."""
        blocks = self.document.blocks
        own = [blocks[b].lines for b in ([self.anchor] if self.anchor >= 0 else []) + self.blocks]
        return (min(a for a, _ in own), max(b for _, b in own)) if own else (1, 1)


@dataclass(slots=True)
class Found:
    """The concepts of a document and what was left out, with the reason."""

    concepts: list[Concept] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def find_concepts(document: ScopeDocument) -> Found:
    """All concepts of `document`, each once, in document order."""
    found = _Reader(document).read() if document.mode != "seed-list" else _seeds(document)
    return _merged(found)


def _seeds(document: ScopeDocument) -> Found:
    """A seed list: every list item is a concept; without items every heading; without these every line."""
    blocks = document.blocks
    items = [i for i, b in enumerate(blocks) if b.kind == "list_item"]
    headings = [i for i, b in enumerate(blocks) if b.kind == "heading"]
    tops = [i for i in headings if blocks[i].level == 1]
    if len(tops) == 1 and tops[0] == headings[0]:
        headings = headings[1:]
    rows = [i for i, b in enumerate(blocks) if b.kind == "table_row"]
    chosen = items or headings or rows or [i for i, b in enumerate(blocks) if b.kind in ("paragraph", "quote", "code")]
    found = Found()
    several = _repeated(blocks[i] for i in items)
    for at in chosen:
        block = blocks[at]
        if block.kind == "list_item":
            name, gloss, needs = _label_of(block, several)
            _add(found, Concept(tidy_title(name), document, at, [at] if gloss else [], block.path, gloss, ordered=block.ordered, needs=needs))
        elif headings or rows:
            text = block.cells[0] if block.cells else block.lead or block.text
            name, gloss = (text, block.rest) if block.lead else split_gloss(text)
            own = [at] if gloss or len(block.cells) > 1 else []
            _add(found, Concept(tidy_title(name), document, at, own, block.path, gloss, minutes=_minutes_of(block)))
        else:
            lines = document.text.split("\n")[block.lines[0] - 1 : block.lines[1]]
            for line in lines:
                _add(found, Concept(tidy_title(re.sub(r"^[\s>*+-]+", "", line)), document, at, [], block.path))
    return found


def _add(found: Found, concept: Concept) -> None:
    if not any(c.isalnum() for c in concept.title):
        found.skipped.append((concept.title or "(no text)", "has no letters or digits"))
    elif is_sentence(concept.title):
        found.skipped.append((concept.title[:80], "is a sentence, not the name of a concept"))
    else:
        found.concepts.append(concept)


class _Reader:
    """Walks the outline of one document."""

    def __init__(self, document: ScopeDocument) -> None:
        self.document = document
        self.root = outline(document)
        self.found = Found()
        self.bold_levels, self.label_levels = self._vote()
        self.concept_levels = self._levels_with_content()

    def read(self) -> Found:
        self._section(self.root)
        if not self.found.concepts:
            self._bold_paragraphs()
        return self.found

    # ------------------------------------------------------------------------------------------------------- votes by heading level

    def _vote(self) -> tuple[set[int], set[int]]:
        """The heading levels whose lists of named items, and whose lists of bare labels, are the concepts and not text under one."""
        prose: dict[int, int] = {}
        named: dict[int, int] = {}
        labels: dict[int, int] = {}
        for section in self.root.walk():
            if section.kind in ("skip", "meta", "part") or section.children:
                continue
            items, loose = items_of(self.document, section.own)
            level = section.level
            prose[level] = prose.get(level, 0) + self._size(p for p in loose if self.document.blocks[p].kind != "table_row")
            bold = _named_items(items)
            named[level] = named.get(level, 0) + sum(self._size(i.blocks()) for i in bold)
            if not bold and _bare(items):
                labels[level] = labels.get(level, 0) + self._size(i.at for i in items)
            elif not bold:
                prose[level] += sum(self._size(i.blocks()) for i in items)
        return {v for v in prose if named.get(v, 0) > 1.5 * prose[v]}, {v for v in prose if labels.get(v, 0) > 1.5 * prose[v]}

    def _levels_with_content(self) -> set[int]:
        """The heading levels most of whose headings have text and no sub-headings: there a heading with both is a concept with parts."""
        total: dict[int, int] = {}
        leaves: dict[int, int] = {}
        for section in self.root.walk():
            if section.head >= 0 and section.kind == "concept":
                total[section.level] = total.get(section.level, 0) + 1
                inner = [c for c in section.children if c.kind == "concept"]
                leaves[section.level] = leaves.get(section.level, 0) + (not inner and bool(section.own))
        return {level for level, count in total.items() if leaves[level] >= 0.6 * count}

    # ------------------------------------------------------------------------------------------------------------------- sections

    def _section(self, section: Section) -> None:
        document, skipped = self.document, self.found.skipped
        if section.kind == "meta":
            skipped.append((section.title, f"says what is {meta_role(section.title).replace('_', ' ')}, no concept"))
            return
        inner = [c for c in section.children if c.kind in ("concept", "group")]
        if section.kind == "skip":
            members = any(c.kind == "concept" and c.own for c in section.children)
            skipped.append((section.title, "is a structural heading"))
            if not members:
                return
        tables = self._topic_rows(section)
        items, _ = items_of(document, section.own)
        named = [] if tables else self._members(section, items)
        if tables or named:
            self._group(section, "groups the topics of its table" if tables else "groups the items of its list")
            for concept in tables or named:
                _add(self.found, concept)
            self._children(section, all_kinds=False)
        elif section.head < 0 or section is self.root:
            self._children(section, all_kinds=True)
        elif (not any(c.kind == "concept" for c in inner) and section.kind == "concept") or (
            section.kind == "concept" and self._size(section.own) >= _SUBSTANTIAL_WORDS and section.level in self.concept_levels
        ):
            self._heading_concept(section)
        else:
            self._group(section, "groups other concepts")
            self._children(section, all_kinds=True)

    def _children(self, section: Section, *, all_kinds: bool) -> None:
        for child in section.children:
            if all_kinds or child.kind not in ("part", "skip"):
                self._section(child)
            else:
                self.found.skipped.append((child.title, "is a structural heading"))

    def _group(self, section: Section, reason: str) -> None:
        if section.head >= 0 and section is not self.root and section.kind != "skip":
            self.found.skipped.append((section.title, reason))

    def _size(self, positions: Iterable[int]) -> int:
        """Words in these blocks."""
        return sum(len(self.document.blocks[p].text.split()) for p in positions)

    def _heading_concept(self, section: Section) -> None:
        block = self.document.blocks[section.head]
        parts = [(tidy_title(c.title), c.blocks()) for c in section.children if c.kind == "concept"]
        concept = Concept(
            tidy_title(section.title), self.document, section.head, section.blocks(), block.path[:-1], parts=parts, number=numbering(section.title)
        )
        for child in section.children:
            for below in child.walk():
                self.found.skipped.append((below.title, f"is part of “{concept.title}”"))
        _add(self.found, concept)

    # ----------------------------------------------------------------------------------------------------------------------- tables

    def _topic_rows(self, section: Section) -> list[Concept]:
        """The rows of the tables of topics in a section: those with a name column, or whose other columns say what a concept has."""
        blocks = self.document.blocks
        out: list[Concept] = []
        for at in section.own:
            row = blocks[at]
            if row.kind != "table_row" or not row.cells:
                continue
            roles = [column_role(h) for h in row.header]
            column = roles.index("name") if "name" in roles else 0
            if "name" not in roles and not ({"definition", "requires", "pitfall"} & set(roles[1:])):
                continue
            title = tidy_title(row.cells[column]) if column < len(row.cells) else ""
            if title:
                out.append(Concept(title, self.document, at, [at], row.path, minutes=_minutes_of(row)))
        return out

    # ------------------------------------------------------------------------------------------------------------------------ lists

    def _members(self, section: Section, items: list[Item]) -> list[Concept]:
        """The items of a section that are concepts themselves; empty when the list is text about the heading's concept."""
        items = [i for i in items if not meta_role(_item_name(i))]
        free = section is self.root or section.kind in ("group", "skip")
        named = _named_items(items)
        if len(named) >= 2 and (free or section.level in self.bold_levels):
            for item in items:
                if item not in named:
                    self.found.skipped.append(
                        (_item_name(item)[:80], "groups other items" if item.children else "is not set off as a concept in a list that sets its concepts off")
                    )
            several = _repeated(i.block for i in named)
            return [self._item_concept(i, _path_of(i, self.document), several) for i in named]
        if section.kind != "skip" and _bare(items) and (free or section.level in self.label_levels):
            leaves = self._leaves(items)
            several = _repeated(i.block for i in leaves)
            return [self._item_concept(i, _path_of(i, self.document), several) for i in leaves]
        return []

    def _leaves(self, items: Iterable[Item]) -> list[Item]:
        """Items that are concepts in a list of bare labels: an item whose sub-items are labels groups them."""
        out: list[Item] = []
        for item in items:
            if len(item.children) >= 2 and _bare(item.children):
                self.found.skipped.append((_item_name(item)[:80], "groups other items"))
                out.extend(self._leaves(item.children))
            else:
                out.append(item)
        return out

    def _item_concept(self, item: Item, path: tuple[str, ...], several: frozenset[tuple[str, ...]]) -> Concept:
        block = item.block
        name, gloss, needs = _label_of(block, several)
        blocks = item.blocks() if gloss else item.blocks()[1:]
        number = numbering(block.lead or block.text)
        return Concept(tidy_title(name), self.document, item.at, blocks, path, gloss, number=number, ordered=block.ordered, needs=needs)

    def _bold_paragraphs(self) -> None:
        """The last resort, and the way of glossaries: paragraphs that start with a bold term. Each takes the text up to the next."""
        blocks = self.document.blocks
        leads = [
            i for i, b in enumerate(blocks) if b.kind in ("paragraph", "list_item") and b.lead and not is_label(b.lead) and len(b.lead.split()) <= _LABEL_WORDS
        ]
        for at, following in zip(leads, [*leads[1:], len(blocks)], strict=False):
            own = [p for p in range(at, following) if blocks[p].kind != "heading" and blocks[p].path == blocks[at].path]
            _add(self.found, Concept(tidy_title(blocks[at].lead), self.document, at, own, blocks[at].path, blocks[at].rest.lstrip(" :")))


def _label_of(block: Block, several: frozenset[tuple[str, ...]]) -> tuple[str, str, tuple[tuple[str, tuple[int, int]], ...]]:
    """Of a list item its name, its gloss, and what it says in parentheses of what comes before. A label that stands before `several` items
    (`SQL: joins and unions`, `SQL: window functions`) names none of them."""
    if block.lead:
        name, gloss = block.lead, block.rest.lstrip(" :–—-")
        rest, cue = split_cue(f"{name} {gloss}") if gloss else split_cue(name)
        name, gloss = (name, rest[len(name) :].strip()) if gloss else (rest, "")
    else:
        text, cue = split_cue(block.text)
        name, gloss = split_label(text)
        if gloss and same_key(tidy_title(name)) in several:
            name, gloss = split_gloss(text)
    name, early = split_cue(name)
    cues = [c for c in (early, cue) if c]
    return name, gloss, tuple((c, block.lines) for c in cues)


def _repeated(blocks: Iterable[Block]) -> frozenset[tuple[str, ...]]:
    """The labels that more than one of these items has."""
    counts = Counter(same_key(tidy_title(b.lead or split_label(split_cue(b.text)[0])[0])) for b in blocks)
    return frozenset(k for k, n in counts.items() if n > 1)


def _minutes_of(row: Block) -> float | None:
    return next((m for m in (stated_minutes(h, c) for h, c in zip(row.header, row.cells, strict=False)) if m is not None), None)


def _item_name(item: Item) -> str:
    return item.block.lead or split_gloss(item.block.text)[0]


def _named_items(items: Sequence[Item]) -> list[Item]:
    """The items that start with a bold name, at the highest depth at which most items do; sub-items of such an item are its content."""
    level = list(items)
    while level:
        named = [i for i in level if i.block.lead and not is_label(i.block.lead) and len(i.block.lead.split()) <= 2 * _LABEL_WORDS]
        if named and len(named) >= 0.5 * len(level):
            # "Errors" among a dozen named concepts is one more; "Note" is not.
            return named if len(named) < 0.8 * len(level) else [i for i in level if i in named or (i.block.lead and folded(i.block.lead) in _AMBIGUOUS)]
        level = [c for i in level for c in i.children if not meta_role(_item_name(i))]
    return []


def _bare(items: Sequence[Item]) -> bool:
    """Whether a list names things (`Bubble sort`) instead of saying things about one."""
    if not items:
        return False
    names = [split_gloss(i.block.text)[0] for i in items]
    said = sum(
        (n.rstrip().endswith((".", "!", ";")) and not n.rstrip().endswith("etc.")) or bool(label(i.block.text)[0]) for n, i in zip(names, items, strict=True)
    )
    asked = sum(is_imperative(n) and len(n.split()) > 4 for n in names)
    return median(len(n.split()) for n in names) <= _LABEL_WORDS and said <= 0.3 * len(items) and asked <= 0.5 * len(items)


def _path_of(item: Item, document: ScopeDocument) -> tuple[str, ...]:
    """The heading path of an item with the items above it, which group it."""
    above: list[str] = []
    parent = item.block.parent
    while parent >= 0:
        above.append(tidy_title(document.blocks[parent].lead or document.blocks[parent].text)[:80])
        parent = document.blocks[parent].parent
    return (*item.block.path, *reversed(above))


# --------------------------------------------------------------------------------------------------------------------------- merging


def _merged(found: Found) -> Found:
    """Concepts with the same name, an inflection of it, or an alias in common become one, which has all their text."""
    by_key: dict[tuple[str, ...], Concept] = {}
    kept: list[Concept] = []
    for concept in found.concepts:
        concept.names = aliases(concept.title)
        keys = [same_key(n) for n in concept.names]
        other = next((by_key[k] for k in keys if k in by_key), None)
        if other is None:
            kept.append(concept)
        else:
            _absorb(other, concept)
            found.skipped.append((concept.title, f"is “{other.title}” again"))
        for key in keys:
            by_key.setdefault(key, other or concept)
    found.concepts = kept
    return found


def _absorb(concept: Concept, other: Concept) -> None:
    if other.document is concept.document:
        concept.blocks = sorted({*concept.blocks, *other.blocks})
    concept.names.extend(n for n in other.names if n not in concept.names)
    concept.gloss = concept.gloss or other.gloss
    concept.needs = (*concept.needs, *other.needs)
    concept.minutes = other.minutes if concept.minutes is None else concept.minutes
