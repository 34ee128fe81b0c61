"""A scope document as it was read: blocks of text with their heading path and lines, and
what a provider reads out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple
from urllib.parse import unquote

__all__ = [
    "Block",
    "EdgeEvidence",
    "LeftOut",
    "Link",
    "Place",
    "Quotation",
    "Refusal",
    "ScopeConcept",
    "ScopeDocument",
    "ScopeEdge",
    "ScopeReading",
    "StatedTime",
    "local_place",
]

BlockKind = Literal["heading", "paragraph", "list_item", "table_row", "code", "quote", "html"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link in the text: what it says and where it leads."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the document.

    `text` is plain text without markup (of a code block: the code). `lines` are the first and last line in
    the scope file, counted from 1. `path` is the heading path the block stands under; for a heading it ends
    with the heading itself.
    `level`: of a heading 1 to 6, of a list item its depth from 1, else 0. `lead` is what a paragraph or list
    item starts with in bold (or as a link) when that is set off as a label, as in `**RDF**: a data model`;
    `rest` is the text after it.
    `parent`: the position of the enclosing list item, or -1. Of a table row `cells` are the texts (the parts
    of one, such as those that `<br>` divides, on lines of their own) and `header` the column names.
    `ordered`: the item of a numbered list. `links`: those inside the block. `emphasised`: what is set in bold
    or italics in it. `marked`: whether the box before a list item is ticked; None where it has none.
    `locator`: the place of the block in the file as given, where lines do not say it or do not say all:
    `slide 3`, `page 12`, `cell 4`, `02-loops.md`.
    """

    kind: BlockKind
    text: str
    lines: tuple[int, int]
    path: tuple[str, ...] = ()
    level: int = 0
    lead: str = ""
    rest: str = ""
    parent: int = -1
    cells: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    ordered: bool = False
    links: tuple[Link, ...] = ()
    emphasised: tuple[str, ...] = ()
    marked: bool | None = None
    locator: str = ""


class Place(NamedTuple):
    """Where a document names a concept: the position of the block, and of a table row the
    position of the cell (else -1).
    """

    block: int
    cell: int = -1


@dataclass(frozen=True, slots=True)
class ScopeDocument:
    """A document that was read.

    `text` is what the lines of the blocks count in: the text of the file where the file is one, else its
    blocks as Markdown. `source`: the file as the user named it. `location`: where the text lies in the run
    (`inputs/scope.md`), or the file relative to the workspace root. `mode`: `full`, `section` (then `text`
    holds the chosen sections alone) or `seed-list` (each list item, heading or line names one concept).
    `front_matter`: the metadata at its head as a mapping. `concepts_at`: what names the concepts, where the
    user said so: these places and no others; empty where a provider is to find them. What the user said is
    not to be read is no block of it, and blank in `text`.
    """

    source: str
    location: str
    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    mode: Literal["full", "section", "seed-list"] = "full"
    front_matter: Mapping[str, Any] = field(default_factory=dict)
    concepts_at: tuple[Place, ...] = ()

    def headings(self) -> Iterator[Block]:
        """The heading blocks, in order."""
        return (b for b in self.blocks if b.kind == "heading")


@dataclass(frozen=True, slots=True)
class ScopeConcept:
    """A concept read out of the document: what it is called, where it stands, the text that shows it.

    `location`: of the document, as in `ScopeDocument`, where it is not the scope document; `lines` are (0, 0)
    where it names the place itself.
    `merged`: the titles of other concepts that went into it. `probability`: how sure the provider is that it
    is one, in [0, 1]; None where it cannot tell.
    """

    id: str
    title: str
    path: tuple[str, ...]
    lines: tuple[int, int]
    evidence: str
    location: str = ""
    merged: tuple[str, ...] = ()
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What could have been a concept and is none: its text, and in words why (`is a structural heading`).

    `role`: what it is instead, in one word: `group` (a module, a week), `merged` (a concept of another name
    has it), or a word of the provider's (`administration`). `probability`: how sure the provider is that it
    is a concept after all, in [0, 1]; None where it cannot tell. `lines`: first and last line in the
    document; (0, 0) where they are not known.
    """

    #: The roles that have a meaning for the host: what stands above concepts, and what is the same as a
    #: concept that was taken.
    GROUP: ClassVar[str] = "group"
    MERGED: ClassVar[str] = "merged"

    text: str
    reason: str
    role: str = ""
    probability: float | None = None
    lines: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is to be compiled of a document: one line, the way out, and facts as JSON values."""

    message: str
    hint: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EdgeEvidence:
    """One piece of evidence for an edge: its kind, `weight` in (0, 1], and the words (`quote`) that stand in
    `lines` of the document at `location`.

    `lines` are (0, 0) where the document is none of lines and `location` itself names the place
    (`inputs/topic_spec.json#/scope_in/0`). What no statement of the source says has neither lines nor quote,
    and a `note` that says what it is: general knowledge, say.
    """

    kind: str
    weight: float
    lines: tuple[int, int] = (0, 0)
    quote: str = ""
    location: str = ""
    note: str = ""


#: Why a pair of concepts with evidence is no edge. `weak`: it is less than an edge takes. `opposed`: there is
#: more for the other direction. `cycle`: with better supported edges it would close a cycle. `rank`: all
#: the evidence together puts the prerequisite above the dependent. `complete`: the source lists the
#: prerequisites of the dependent in full, without this one. `limit`: others are better supported and no more
#: are allowed. `implied`: other edges already imply it.
DropReason = Literal["weak", "opposed", "cycle", "rank", "complete", "limit", "implied"]


@dataclass(frozen=True, slots=True)
class ScopeEdge:
    """`prerequisite` comes before `dependent`, because of `evidence` (a quotation) in
    `lines`; `weight` in (0, 1].

    `kind` is that of the strongest piece of evidence, `lines` and `evidence` are those of the strongest
    quotation ((0, 0) and "" where there is none), `weight` is that of all of it; `pieces` has the single
    ones, strongest first. `dropped`: why the pair is no edge in spite of it; "" for an edge.
    """

    prerequisite: str
    dependent: str
    kind: str
    weight: float
    lines: tuple[int, int]
    evidence: str
    pieces: tuple[EdgeEvidence, ...] = ()
    dropped: DropReason | Literal[""] = ""

    @property
    def quoted(self) -> bool:
        """Whether a statement of the source says so."""
        return any(p.quote for p in self.pieces) if self.pieces else bool(self.evidence)


@dataclass(frozen=True, slots=True)
class Quotation:
    """A text of a node that stands in a document: `place` is its place in the node (`core_ideas/0`,
    `mastery_check/task`), `lines` are those of the document at `location`.
    """

    node: str
    place: str
    text: str
    lines: tuple[int, int]
    location: str = ""


@dataclass(frozen=True, slots=True)
class StatedTime:
    """What a document says of the time of its course as a whole: hours a week, hours in all, weeks; None
    where it says nothing. `quotes`: the words that say so. `assumed`: by what convention the hours in all
    were made of something else that it says; empty where they are stated.
    """

    hours_per_week: float | None = None
    total_hours: float | None = None
    weeks: float | None = None
    quotes: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScopeReading:
    """What a provider reads out of a scope document: the material of `scope_concepts.json`, `scope_dag.json`
    and, where the user gave no topic spec, of the synthesised one. `scope_out`, `prerequisites` and `goal`
    are what the document itself says; empty when it says nothing. `skipped` lists all that could have been a
    concept and is none, in the order of the document, `dropped` pairs with evidence that are no edges (each
    with its reason). `time`: the hours and weeks that it states. `course`: how probable it is that the
    document is a course; None where the provider cannot tell. `refusal`: why no run is to be made of it;
    what was read stands in the other fields all the same, as far as there is anything. `quotations`: where
    the texts of a curriculum stand that was made of it."""

    #: Concepts that a reading has at most, where the document's front matter does not ask for more: a longer
    #: curriculum is followed by nobody. What is beyond is merged into others, by the document's own
    #: structure, and listed there.
    MAX_CONCEPTS: ClassVar[int] = 400

    concepts: tuple[ScopeConcept, ...]
    edges: tuple[ScopeEdge, ...] = ()
    goal: str = ""
    audience: str = ""
    prerequisites: tuple[str, ...] = ()
    scope_out: tuple[str, ...] = ()
    skipped: tuple[LeftOut, ...] = ()
    dropped: tuple[ScopeEdge, ...] = ()
    time: StatedTime = StatedTime()
    course: float | None = None
    refusal: Refusal | None = None
    quotations: tuple[Quotation, ...] = ()


_LOCAL = re.compile(r"local://([^#]+)#L(\d{1,9})(?:-L?(\d{1,9}))?")


def local_place(url: str) -> tuple[str, int, int] | None:
    """The location, first and last line that an address such as `local://inputs/scope.md#L3-L9` names; None
    for another address.
    """
    found = _LOCAL.fullmatch(url)
    return None if found is None else (unquote(found[1]), int(found[2]), int(found[3] or found[2]))
