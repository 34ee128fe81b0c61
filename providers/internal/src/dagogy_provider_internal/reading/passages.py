"""What the source says of a concept, sentence by sentence, each with its lines and its role."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from dagogy.api.scope import Block, ScopeDocument
from dagogy.api.text import sentences

from dagogy_provider_internal.language.keys import same_key
from dagogy_provider_internal.language.lexicon import (
    NEEDS,
    OUTCOME_VERBS,
    column_role,
    imperative_of,
    is_imperative,
    is_pointer,
    is_prerequisite,
    label,
    pitfall_strength,
)
from dagogy_provider_internal.language.naming import balanced, split_gloss
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.estimates import stated_minutes

Role = Literal[
    "definition", "fact", "pitfall", "practice", "example", "requires", "question", "pointer", "code", "other"
]

#: A command or an expression, whose first letter stays as it is.
COMMAND = re.compile(r"^[a-z]\w* (?:[|<>=+*/&(-]|\S+ \|)")
_SPLIT_INSIDE = 400  # characters
_LONGEST_NAME = 300  # characters; what is longer names no concept
#: Opens like an order and gives none to carry out: it points out, tells a story, or steers the reader.
NO_TASK = re.compile(
    r"^(?:note\b|notice\b|say (?:we|you|that)\b|let\b|look at\b|see\b"
    r"|keep in mind\b|remember\b|use (?:this|the following)\b|turn to\b|"
    r"state of\b|work in progress|read (?:on|more|about)\b|get to know\b|\w+ (?:that|:))",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"\b(?:for example|for instance|e\.g\.|such as|examples? (?:include|are|of)|like)\b", re.IGNORECASE
)
#: A sentence that only lists what belongs to the concept.
TABLE_OF_CONTENTS = re.compile(
    r"^(?:topics )?(?P<verb>covers|includes?|contents)\b:?\s*(?=\S)", re.IGNORECASE
)
_CHECKABLE = re.compile(
    r"\b(?:must|should then|has to|have to|should)\b.{0,400}?\d|"
    r"^(?:after|with|on|from|for|when|in)\b.*\bmust\b|\b(?:confirm|verify|check that|expect|measure)\b",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r"[,;]\s+(?:then |and )?| and | then ")
_ABLE = re.compile(
    r"^(?:be able to|you (?:can(?! only\b| not\b)|should be able to)"
    r"|(?:students?|learners?) (?:can|will be able to)|can|know how to)\s+(?=\w)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Passage:
    """A sentence (or a block of code) about a concept. `first`: it opens what is said of it. `explicit`: the
    source itself gave it this role by a label or a column. `data`: a row of a table inside the concept.
    `column`: the header of the cell it stands in; `part`: which sentence of its block or cell it is, where
    there are several. `member`: of a concept that others were merged into, the one it is about.
    `step`: an item of a numbered list."""

    text: str
    lines: tuple[int, int]
    role: Role
    explicit: bool = False
    first: bool = False
    data: bool = False
    column: str = ""
    part: str = ""
    member: str = ""
    step: bool = False


def passages(concept: Concept) -> list[Passage]:
    """All passages of a concept in document order, split once: a run that reads a document goes on to propose
    of the same concepts.
    """
    if not _latest or _latest[0][0] is not concept.document:
        _latest[:] = [(concept.document, {})]
    known = _latest[0][1]
    key = (
        concept.title,
        concept.anchor,
        concept.gloss,
        tuple(concept.blocks),
        tuple(concept.merged),
        concept.needs,
    )
    if key not in known:
        known[key] = _passages(concept)
    return known[key]


#: The passages of the concepts of the document that was read last, by all that they depend on.
_latest: list[tuple[ScopeDocument, dict[object, list[Passage]]]] = []


def _passages(concept: Concept) -> list[Passage]:
    blocks = concept.document.blocks
    out: list[Passage] = []
    members = {same_key(m): m for m in concept.merged}
    for at in concept.blocks:
        block = blocks[at]
        if block.kind == "heading":
            continue
        start = len(out)
        if _only_points(block) and at != concept.anchor:
            continue
        if block.kind == "table_row":
            out.extend(_cells(block, concept, at == concept.anchor))
        elif block.kind == "code":
            out.append(Passage(block.text, block.lines, "code"))
        else:
            text = concept.gloss if at == concept.anchor else block.text
            out.extend(_sentences(text, block.lines))
        if block.ordered and at != concept.anchor:
            for passage in out[start:]:
                passage.step = not passage.explicit
        if members:
            member = _member(block, members)
            for passage in out[start:]:
                passage.member = member
    opens = [
        p
        for p in out
        if p.role in ("definition", "fact", "example") or (p.role == "pitfall" and not p.explicit)
    ]
    # What has to be known before is no definition, where anything else is said.
    opening = next(
        (p for p in opens if p.explicit or not (is_prerequisite(p.text) or NEEDS.search(p.text))),
        opens[0] if opens else None,
    )
    if opening is not None:
        opening.first = True
        if opening is out[0] or opening.role in ("fact", "example"):
            opening.role = "definition"
    out.extend(Passage(cue, lines, "requires", explicit=True) for cue, lines in concept.needs)
    return out


_POINTING_WORDS = 2


def _only_points(block: Block) -> bool:
    """Whether an item is nothing but a link with a word or two (`[Solution](a/solution.md)`): a resource,
    and no statement."""
    return (
        block.kind == "list_item"
        and len(block.links) == 1
        and block.links[0].text.strip() == block.text.strip()
        and len(block.text.split()) <= _POINTING_WORDS
    )


def _member(block: Block, members: Mapping[tuple[str, ...], str]) -> str:
    """Which of the merged concepts a block is about: by its label, its first
    cells, or the nearest heading.
    """
    names = [block.lead, *block.cells[:2], split_gloss(block.text)[0], *reversed(block.path)]
    return next(
        (
            members[k]
            for k in map(same_key, (n for n in names if 0 < len(n) <= _LONGEST_NAME))
            if k in members
        ),
        "",
    )


def whole_sentences(text: str) -> list[str]:
    """The sentences of `text`; one that ends inside a bracket or quotation that it opened goes on to where
    that is closed, if it soon is.
    """
    out: list[str] = []
    for piece in sentences(text):
        if (
            out
            and len(out[-1]) < _SPLIT_INSIDE
            and not balanced(out[-1])
            and (balanced(f"{out[-1]} {piece}") or not balanced(piece))
        ):
            out[-1] = f"{out[-1]} {piece}"
        else:
            out.append(piece)
    return out


def _cells(row: Block, concept: Concept, named_here: bool) -> Iterator[Passage]:
    """The cells of a row by their columns. Rows that are data inside a concept become one
    passage with the column names.
    """
    if not named_here:
        joined = "; ".join(f"{h}: {c}" if h else c for h, c in zip(row.header, row.cells, strict=False) if c)
        yield Passage(joined or row.text, row.lines, "example", data=True)
        return
    for number, (header, cell) in enumerate(zip(row.header, row.cells, strict=False), 1):
        role = column_role(header)
        if (
            not cell.strip()
            or role == "name"
            or same_key(cell) == same_key(concept.title)
            or stated_minutes(header, cell) is not None
        ):
            continue
        column = header.strip() or str(number)
        if role == "requires":
            yield Passage(cell, row.lines, "requires", explicit=True, column=column)
        elif role in ("pitfall", "practice"):
            yield Passage(
                " ".join(cell.split()),
                row.lines,
                "pitfall" if role == "pitfall" else "practice",
                explicit=True,
                column=column,
            )
        elif role:
            found = whole_sentences(cell)
            for i, sentence in enumerate(found):
                said_as: Role = (
                    "definition"
                    if role == "definition" and i == 0
                    else "example"
                    if role == "example"
                    else "fact"
                )
                yield Passage(
                    sentence, row.lines, said_as, explicit=True, column=column, part=_part(i, found)
                )
        else:
            yield Passage(f"{header}: {cell}" if header else cell, row.lines, "other", column=column)


def _sentences(text: str, lines: tuple[int, int]) -> Iterator[Passage]:
    """The sentences of a block. A label at its head (`Common mistake: …`) gives its role to what it labels,
    which may be two sentences; one inside it to its own sentence."""
    role, rest = label(" ".join(text.split()))
    if role in ("pitfall", "practice"):
        yield Passage(_capital(rest), lines, "pitfall" if role == "pitfall" else "practice", explicit=True)
        return
    found = whole_sentences(rest)
    for i, sentence in enumerate(found):
        labelled, message = label(sentence) if i else ("", sentence)
        if labelled in ("pitfall", "practice"):
            # What goes on with a small letter may be code, which keeps it: there the label stays in front.
            yield Passage(
                sentence if message[:1].islower() else message,
                lines,
                "pitfall" if labelled == "pitfall" else "practice",
                explicit=True,
                part=_part(i, found),
            )
            continue
        stated_role: Role = (
            "definition"
            if role == "definition" and i == 0
            else "example"
            if role == "example"
            else "requires"
            if role == "requires"
            else _role(sentence)
        )
        yield Passage(_capital(sentence), lines, stated_role, explicit=bool(role), part=_part(i, found))


def _part(i: int, found: Sequence[str]) -> str:
    return f"sentence {i + 1}" if len(found) > 1 else ""


@lru_cache(maxsize=100_000)
def _role(sentence: str) -> Role:
    if sentence.rstrip().endswith(("?", "？", "؟")):
        return "question"
    sentence = _capital(sentence)
    if is_practice(sentence):
        return "practice"
    if is_pointer(sentence):
        return "pointer"
    if TABLE_OF_CONTENTS.match(sentence):
        return "other"
    if pitfall_strength(sentence) == 2:
        return "pitfall"
    return "example" if _EXAMPLE.search(sentence) else "fact"


def is_practice(sentence: str) -> bool:
    """Whether a sentence asks for something to be done, or states what must then be seen."""
    if _ABLE.match(sentence) or (
        is_imperative(sentence) and pitfall_strength(sentence) < 2 and not NO_TASK.match(sentence)
    ):
        return True
    name, rest = split_gloss(sentence)
    if rest and len(name.split()) == 1 and imperative_of(name):
        return True
    if pitfall_strength(sentence) == 2:
        return False
    return bool(_CHECKABLE.search(sentence)) and (
        any(imperative_of(p.split(" ", 1)[0]) in OUTCOME_VERBS for p in _CLAUSES.split(sentence) if p)
        or bool(re.search(r"\bmust\b", sentence))
    )


def _capital(text: str) -> str:
    """`text` with a capital at its start, unless the first word has capitals or digits of its own (`iPhone`,
    `t-test`, `x86`).
    """
    if COMMAND.match(text):
        return text
    first = text.split(" ", 1)[0]
    return (
        text[:1].upper() + text[1:]
        if (first.isalpha() and first.islower() and len(first) > 1) or first == "a"
        else text
    )
