"""Module descriptions: tables that state the facts of a course, one a row, and its topics in one of them.

`| Credit points | 5 |`, `| Contents | Forces, moments, friction |`: the labels name nothing that is taught.
They come in tables of two columns, as rows of HTML with a bold label, and as paragraphs with one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from dagogy.api.scope import Block, ScopeDocument
from dagogy.api.text import Words, sentences

from dagogy_provider_internal.language.clauses import is_clause
from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.language.naming import is_sentence, tidy_title
from dagogy_provider_internal.language.numbering import is_chapter
from dagogy_provider_internal.reading.concept import Concept, Found, length
from dagogy_provider_internal.reading.items import label_of
from dagogy_provider_internal.reading.recognition.units import SEPARATORS, has_word, parted

#: What a label can be about, the first where several fit alike, and what is left out as what.
_ROLES = {
    "prerequisite": "prerequisite",
    "objective": "objective",
    "assessment": "assessment",
    "administration": "administration",
    "time": "schedule",
    "person": "person",
    "topic": "structure",
}
#: What only a description of a course tells; a timetable has times, examinations and topics too.
_OF_A_COURSE = frozenset(("prerequisite", "objective", "administration", "person"))
_LABEL_WORDS = 5
_LEAST_SHARE = 0.3  # cues among the words of a label: one of three
_LEAST_FACTS, _LEAST_ROLES, _MOST = 4, 3, 0.6  # rows, kinds of facts among them, and the share that are facts
#: A longer document is a book or a catalogue, and no description of one course.
_MOST_BLOCKS = 3000
_TITLE_WORDS = 12
_COLUMNS = 2  # labels, and what they stand for
_BOLD = re.compile(r"^\*\*([^*\n]{2,80})\*\*\s*:?\s*(.*)$", re.DOTALL)
_LAST = re.compile(r"(?<!-)\s(?:and|und|et|y|e|&)\s(?!-)")
_ALSO = re.compile(r"\s?(?:,|(?<!-)\s(?:sowie|as well as|ainsi que|así como|bem como|nonché))\s(?!-)")
_LINKING = re.compile(r"^(?:(?:and|und|et|y|e|sowie|der|die|das|the|les?|la|los|las|il|gli|os?|as?)\s)+")
_QUOTED = re.compile(r"[„“\"«]\s?([^„“”\"«»]{2,}?)\s?[“”\"»]")


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with its position, what it is about ("" where it is not known), and the texts of its value with
    theirs."""

    label: str
    at: int
    role: str
    values: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        """The value as one text."""
        return " ".join(text for _, text in self.values)


@dataclass(frozen=True, slots=True)
class Description:
    """The facts of a course, and the positions of all blocks that state them."""

    facts: tuple[Fact, ...]
    blocks: frozenset[int]

    def value(self, role: str) -> str:
        """The value of the first fact of a role, "" where there is none."""
        return next((f.text for f in self.facts if f.role == role), "")

    def share(self, document: ScopeDocument) -> float:
        """How much of the words of the document stand in it."""
        words = [length(b.text) for b in document.blocks]
        return sum(words[at] for at in self.blocks) / max(1, sum(words))


def description(document: ScopeDocument) -> Description | None:
    """What a document states of its course in tables of facts and the like; None where it has none."""
    if len(document.blocks) > _MOST_BLOCKS:
        return None
    facts: list[Fact] = []
    inside: set[int] = set()
    for positions, found in _tables(document.blocks):
        if _is_of_facts(found):
            facts += found
            inside.update(positions)
    return Description(tuple(facts), frozenset(inside)) if facts else None


def without(document: ScopeDocument, described: Description) -> ScopeDocument:
    """The document with nothing where the facts stand; all other blocks keep their positions."""
    blocks = tuple(
        replace(b, kind="html", text="", cells=(), header=(), lead="", rest="", emphasised=(), links=())
        if at in described.blocks
        else b
        for at, b in enumerate(document.blocks)
    )
    return replace(document, blocks=blocks)


def topics(document: ScopeDocument, described: Description) -> Found:
    """The concepts that the row of contents lists, in its order; the other rows as left out."""
    title = Words.form(document.title)
    listed = [
        (fact, titles)
        for fact in described.facts
        if fact.role == "topic"
        and Words.form(fact.text) != title
        and (titles := list(_topics(document, fact)))
    ]
    contents, titles = max(listed, key=lambda one: len(one[1]), default=(None, []))
    found = Found()
    for name, at, gloss in titles:
        own = [at] if gloss else []
        found.concepts.append(Concept(name, document, at, own, document.blocks[at].path, gloss, ordered=True))
    for fact in described.facts:
        if fact is not contents:
            role = _ROLES.get(fact.role, "administration")
            found.skip(fact.label, "labels a fact about the course", role, fact.at)
            for at, text in fact.values:
                found.skip(text, "is a fact about the course", role, at)
    return found


def names(text: str) -> list[str]:
    """The names in quotation marks, where a text sets several so; else nothing."""
    quoted = [q.strip(" ,.;") for q in _QUOTED.findall(text)]
    return quoted if len(quoted) > 1 else []


# -------------------------------------------------------------------------------------------------- the facts


def _tables(blocks: Sequence[Block]) -> Iterator[tuple[list[int], list[Fact]]]:
    """Runs of blocks that may be tables of facts, with what would be their facts."""
    for _, run in groupby(range(len(blocks)), key=lambda at: (blocks[at].path, blocks[at].kind == "heading")):
        positions = [at for at in run if blocks[at].kind != "heading"]
        rows = [at for at in positions if blocks[at].kind == "table_row"]
        for _, of_header in groupby(rows, key=lambda at: blocks[at].header):
            table = list(of_header)
            if all(len(blocks[at].cells) <= _COLUMNS for at in table):
                first = blocks[table[0]].header
                # The header of a table may be its first row.
                head = [_fact(first[0], table[0], [])] if len(first) == _COLUMNS and first[0].strip() else []
                yield table, [*(f for f in head if f.role), *_labelled(blocks, table, _row_label)[1]]
        is_html = any(blocks[at].kind == "html" and blocks[at].cells for at in positions)
        yield _labelled(blocks, positions, _row_label if is_html else _lead_label)


def _row_label(block: Block) -> tuple[str, str] | None:
    """The label of a row, in bold, in a cell or in a line of its own, and its value; None for what is no row,
    ("", "") for a row without a label."""
    if block.kind not in ("html", "table_row") or not block.cells:
        return None
    filled = [cell for cell in block.cells if cell.strip()]
    bold = _BOLD.match(block.cells[0])
    if bold is not None:
        return bold[1], " ".join([bold[2], *filled[1:]]).strip()
    if len(filled) == _COLUMNS:
        return filled[0], filled[1]
    label, _, value = filled[0].partition("\n") if len(filled) == 1 else ("", "", "")
    return (label, value) if value else ("", "")


def _lead_label(block: Block) -> tuple[str, str] | None:
    is_led = block.kind in ("paragraph", "list_item") and block.lead
    return (block.lead, block.rest.lstrip(" :")) if is_led else None


def _labelled(
    blocks: Sequence[Block], positions: Iterable[int], label: Callable[[Block], tuple[str, str] | None]
) -> tuple[list[int], list[Fact]]:
    """The facts of labels, each with its own value or with what follows up to the next label, and where they
    stand."""
    found: list[tuple[str, int, list[tuple[int, str]]]] = []
    inside: list[int] = []
    is_open = False
    for at in positions:
        told = label(blocks[at])
        if told is not None:
            is_open = bool(told[0]) and (not told[1] or "" in blocks[at].cells)
            found.append((told[0], at, [(at, told[1])] if told[1] else []))
        elif is_open and blocks[at].kind in ("paragraph", "list_item", "quote"):
            found[-1][2].append((at, blocks[at].text))
        else:
            is_open = False
            continue
        inside.append(at)
    return inside, [_fact(name, at, values) for name, at, values in found if name]


def _fact(label: str, at: int, values: Sequence[tuple[int, str]]) -> Fact:
    name = tidy_title(label.strip(" *:"))
    return Fact(name, at, _role(name), tuple(values))


@lru_cache(maxsize=10_000)
def _role(label: str) -> str:
    """What a label is about; "module" where it is the name of the course or of a part of it."""
    if not 0 < len(label.split()) <= _LABEL_WORDS:
        return ""
    found = dict(zip(categories(), shares(label), strict=True))
    best = max(_ROLES, key=lambda name: found[name])
    if found[best] < _LEAST_SHARE:
        return ""
    return "module" if best == "topic" and found["group"] else best


def _is_of_facts(facts: Sequence[Fact]) -> bool:
    """Whether most labels are of facts, of several kinds, and none is that of a week or a unit."""
    roles = [f.role for f in facts if f.role]
    return (
        len(facts) >= _LEAST_FACTS
        and len(roles) >= _MOST * len(facts)
        and len(set(roles)) >= _LEAST_ROLES
        and not _OF_A_COURSE.isdisjoint(roles)
        and not any(is_chapter(f.label) for f in facts)
    )


# ------------------------------------------------------------------------------------------------- the topics


def _topics(document: ScopeDocument, fact: Fact) -> Iterator[tuple[str, int, str]]:
    """The topics of a row of contents, with their positions and what is said of them."""
    items = [at for at, _ in fact.values if document.blocks[at].kind == "list_item"]
    for at, text in fact.values:
        block = document.blocks[at]
        if not items:
            for name in _enumerated(text):
                yield name, at, ""
        elif block.kind == "list_item" and block.level == 1:
            name, gloss, _ = label_of(block, frozenset())
            if _is_name(title := tidy_title(name)):
                yield title, at, gloss


def _enumerated(text: str) -> Iterator[str]:
    """What a text enumerates: between semicolons or line breaks, else between the commas of each sentence."""
    pieces = [p for p in parted(text, SEPARATORS["semicolon"]) if p.strip()]
    if len(pieces) < 2:
        pieces = [p for sentence in sentences(text) for p in _listed(sentence.strip(" .。"))]
    for piece in pieces:
        title = tidy_title(_LINKING.sub("", piece.strip(" .,;:-–•")))
        if _is_name(title):
            yield title


def _listed(sentence: str) -> list[str]:
    """The members of an enumeration; the whole sentence where it is a name, nothing where it is a clause."""
    parts = parted(sentence, _ALSO)
    if is_clause(parts[0]):
        return []
    if len(parts) == 1:
        return parts
    *others, last = parts
    ends = _LAST.split(last)
    return [*others, *ends] if len(ends) == 2 and _are_two(*(end.split() for end in ends)) else parts


def _are_two(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the words on both sides of an "and" are two names, as in "moments and trusses"; not so the
    adjectives of one, "parametric and nonparametric tests" or "lineare und nichtlineare Modelle"."""
    if not one or not other:
        return False
    if other[-1][:1].isupper():
        return one[-1][:1].isupper()
    return len(one) >= len(other)


def _is_name(title: str) -> bool:
    return (
        has_word(title)
        and len(title.split()) <= _TITLE_WORDS
        and not is_sentence(title)
        and not is_clause(title)
    )
