"""What the source says of a concept, sentence by sentence, each with its lines and its role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from dagogy.api import Block, sentences

from dagogy_provider_internal.concepts import Concept
from dagogy_provider_internal.lexicon import OUTCOME_VERBS, column_role, imperative_of, is_imperative, is_pointer, label, pitfall_strength
from dagogy_provider_internal.naming import split_gloss

Role = Literal["definition", "fact", "pitfall", "practice", "example", "requires", "question", "pointer", "code", "other"]

_EXAMPLE = re.compile(r"\b(?:for example|for instance|e\.g\.|such as|examples? (?:include|are|of)|like)\b", re.IGNORECASE)
_TABLE_OF_CONTENTS = re.compile(r"^(?:covers|includes|topics include|contents)\b", re.IGNORECASE)
_CHECKABLE = re.compile(
    r"\b(?:must|should then|has to|have to|should)\b.*\d|^(?:after|with|on|from|for|when|in)\b.*\bmust\b|\b(?:confirm|verify|check that|expect|measure)\b",
    re.IGNORECASE,
)
_ABLE = re.compile(r"^(?:be able to|you (?:can|should be able to)|(?:students?|learners?) (?:can|will be able to)|can|know how to)\s+(?=\w)", re.IGNORECASE)


@dataclass(slots=True)
class Passage:
    """A sentence (or a block of code) about a concept. `first`: it opens what is said of it. `explicit`: the source itself gave it this role by a
    label or a column."""

    text: str
    lines: tuple[int, int]
    role: Role
    explicit: bool = False
    first: bool = False


def passages(concept: Concept) -> list[Passage]:
    """All passages of a concept in document order."""
    blocks = concept.document.blocks
    out: list[Passage] = []
    for at in concept.blocks:
        block = blocks[at]
        if block.kind == "heading":
            continue
        if block.kind == "table_row":
            out.extend(_cells(block, concept, at == concept.anchor))
        elif block.kind == "code":
            out.append(Passage(block.text, block.lines, "code"))
        else:
            text = concept.gloss if at == concept.anchor else block.text
            out.extend(_sentences(text, block.lines))
    opening = next((p for p in out if p.role in ("definition", "fact", "example") or (p.role == "pitfall" and not p.explicit)), None)
    if opening is not None:
        opening.first = True
        if opening is out[0] or opening.role in ("fact", "example"):
            opening.role = "definition"
    return out


def _cells(row: Block, concept: Concept, named_here: bool) -> Iterator[Passage]:
    """The cells of a row by their columns. Rows that are data inside a concept become one passage with the column names."""
    if not named_here:
        said = "; ".join(f"{h}: {c}" if h else c for h, c in zip(row.header, row.cells, strict=False) if c)
        yield Passage(said or row.text, row.lines, "example")
        return
    for header, cell in zip(row.header, row.cells, strict=False):
        role = column_role(header)
        if not cell.strip() or role == "name":
            continue
        if role == "requires":
            yield Passage(cell, row.lines, "requires", explicit=True)
        elif role in ("pitfall", "practice"):
            yield Passage(" ".join(cell.split()), row.lines, "pitfall" if role == "pitfall" else "practice", explicit=True)
        elif role:
            for i, sentence in enumerate(sentences(cell)):
                yield Passage(
                    sentence, row.lines, "definition" if role == "definition" and i == 0 else "example" if role == "example" else "fact", explicit=True
                )
        else:
            yield Passage(f"{header}: {cell}" if header else cell, row.lines, "other")


def _sentences(text: str, lines: tuple[int, int]) -> Iterator[Passage]:
    """The sentences of a block. A label at its head (`Common mistake: …`) gives its role to what it labels, which may be two sentences."""
    role, rest = label(" ".join(text.split()))
    if role in ("pitfall", "practice"):
        yield Passage(_capital(rest), lines, "pitfall" if role == "pitfall" else "practice", explicit=True)
        return
    for i, sentence in enumerate(sentences(rest)):
        said: Role = (
            "definition" if role == "definition" and i == 0 else "example" if role == "example" else "requires" if role == "requires" else _role(sentence)
        )
        yield Passage(_capital(sentence), lines, said, explicit=bool(role))


@lru_cache(maxsize=100_000)
def _role(sentence: str) -> Role:
    if sentence.rstrip().endswith("?"):
        return "question"
    sentence = _capital(sentence)
    if is_practice(sentence):
        return "practice"
    if is_pointer(sentence):
        return "pointer"
    if _TABLE_OF_CONTENTS.match(sentence):
        return "other"
    if pitfall_strength(sentence) == 2:
        return "pitfall"
    return "example" if _EXAMPLE.search(sentence) else "fact"


def is_practice(sentence: str) -> bool:
    """Whether a sentence asks for something to be done, or states what must then be seen."""
    if _ABLE.match(sentence) or (is_imperative(sentence) and pitfall_strength(sentence) < 2):
        return True
    name, rest = split_gloss(sentence)
    if rest and len(name.split()) == 1 and imperative_of(name):
        return True
    if pitfall_strength(sentence) == 2:
        return False
    later = re.split(r"[,;]\s+(?:then |and )?| and | then ", sentence)
    return bool(_CHECKABLE.search(sentence)) and (
        any(imperative_of(p.split(" ", 1)[0]) in OUTCOME_VERBS for p in later if p) or bool(re.search(r"\bmust\b", sentence))
    )


def _capital(text: str) -> str:
    """`text` with a capital at its start, unless the first word has capitals or digits of its own (`iPhone`, `t-test`, `x86`)."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if (first.isalpha() and first.islower() and len(first) > 1) or first == "a" else text
