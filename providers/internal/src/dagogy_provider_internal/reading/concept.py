"""A concept, and what was found in a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from dagogy.api.scope import ScopeDocument

_SHOWN = 80  # characters of a text that was left out


@dataclass(slots=True)
class Concept:
    """A concept and where the source treats it.

    `anchor`: the block that names it, -1 when none does. `blocks`: what the source says of it, in
    document order, the anchor included where it holds more than the name. `gloss`: the text beside the
    name in the anchor. `parts`: titles and blocks of its own sub-sections. `number`: the number in
    front of its title, or that of the week, session or place which a column of its table gives.
    `ordered`: an item of a numbered list.
    `needs`: what stands in parentheses behind the name and tells what comes before it, with its lines.
    `minutes`: the time that a column of the table, its own heading or that of its module gives it. `group`:
    the module, week or unit that it belongs to. `optional`: the author marks it as such. `choice`: the
    heading of which it is one of several that are enough, "" where it is none. `probability`: how probable
    the model thinks it that this is one; None where it did not see it.
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
    group: str = ""
    optional: bool = False
    choice: str = ""
    probability: float | None = None

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line of the contiguous stretch of blocks that starts at the anchor."""
        blocks = self.document.blocks
        own = [blocks[b].lines for b in ([self.anchor] if self.anchor >= 0 else []) + self.blocks]
        return (min(a for a, _ in own), max(b for _, b in own)) if own else (1, 1)


@lru_cache(maxsize=100_000)
def length(text: str) -> int:
    """Words in a block. A block of megabytes may be that of a thousand concepts."""
    return len(text.split())


def is_bare(concept: Concept) -> bool:
    """Whether the document says no more of a concept than its row or its item: of an examination or a holiday
    there is nothing to say.
    """
    return (
        all(at == concept.anchor for at in concept.blocks)
        and not concept.gloss
        and not concept.document.blocks[concept.anchor].rest
    )


@dataclass(slots=True)
class Skipped:
    """A text that was looked at and is no concept: why, its role (`dagogy.api.LeftOut`; "" where its words
    are to tell), and the block it stands in.
    """

    text: str
    reason: str
    role: str
    at: int


@dataclass(slots=True)
class Found:
    """The concepts of a document and what was left out. `probabilities`: those of the titles that the model
    saw, by their text in lower case.
    """

    concepts: list[Concept] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    probabilities: Mapping[str, float] = field(default_factory=dict)
    #: The probability that the document is a course at all; None where there was no doubt,
    #: or too little text to judge.
    course: float | None = None
    #: Whether the concepts are what the sentences of a text define.
    defined: bool = False

    def skip(self, text: str, reason: str, role: str, at: int) -> None:
        """Notes what was left out."""
        self.skipped.append(Skipped(text[:_SHOWN], reason, role, at))

    def probability(self, title: str) -> float | None:
        """How probable the model thinks it that the title is a concept; None where it did not see it."""
        return self.probabilities.get(" ".join(title.casefold().split()))
