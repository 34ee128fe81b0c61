"""What the source says of a concept: its sentences and items, each with its lines and what it is for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from dagogy.api.scope import Block, ScopeDocument

from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.language.keys import content_tokens, same_key
from dagogy_provider_internal.language.lexicon import (
    column_role,
    is_imperative,
    is_prerequisite,
    label,
    pitfall_strength,
)
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.estimates import stated_minutes
from dagogy_provider_internal.reading.passages import whole_sentences
from dagogy_provider_internal.reading.recognition.roles import SURE, roles
from dagogy_provider_internal.writing.standing import capital, is_question, is_task, is_topic, plain, stands

Role = Literal[
    "definition", "statement", "topic", "example", "warning", "objective", "exercise", "question", "solution",
    "option", "none",
]  # fmt: skip
#: What the labels and columns of the lexicon are here.
_LABELLED: Mapping[str, Role] = {
    "definition": "definition", "fact": "statement", "pitfall": "warning", "practice": "exercise",
    "example": "example", "requires": "none",
}  # fmt: skip
#: What the heading over a text says of it, by the category of its cues; what is not named here says nothing.
_HEADED: Mapping[str, Role] = {
    "exercise": "exercise", "objective": "objective", "warning": "warning", "example": "example",
    "definition": "definition", "resource": "none", "administration": "none", "assessment": "none",
    "prerequisite": "none", "holiday": "none", "person": "none", "tool": "none", "time": "none",
}  # fmt: skip
_HEADED_SHARE = 0.3
#: What the model of roles says of a block; what is not named here says nothing.
_LEARNED: Mapping[str, Role] = {
    "definition": "definition", "explanation": "statement", "example": "example", "objective": "objective",
    "exercise": "exercise", "question": "exercise", "option_right": "option", "option_wrong": "option",
    "warning": "warning", "motivation": "none", "resource": "none", "prerequisite": "none",
    "schedule": "none",
    "administration": "none", "assessment": "none", "person": "none", "tool": "none", "structure": "none",
    "boilerplate": "none", "title": "none",
}  # fmt: skip
#: How sure the model has to be that a text is not to be quoted.
_SURELY_NONE = 0.65
_LINKED = 0.5  # share of an item that is links
_SOLUTIONS = (
    "solution", "solutions", "answer", "answers", "lösung", "lösungen", "antwort", "solución", "respuesta",
    "réponse", "corrigé", "resposta", "solução", "soluzione", "risposta", "ответ", "решение", "答案", "解答",
    "解答例", "passed when", "pass criteria", "success criteria",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quote:
    """A text of the source as it can be quoted, and where it stands. `named`: whether it has a telling word
    of the concept's name in it; `first`: whether it opens its block."""

    text: str
    lines: tuple[int, int]
    role: Role
    at: int
    named: bool = False
    first: bool = False
    location: str = ""


class Column(NamedTuple):
    header: str
    cell: str
    at: int


def quotes_of(concept: Concept, language: str) -> list[Quote]:
    """What can be quoted of the concept, in the order of the document, each text once."""
    reader = _Reader(concept, language)
    seen: set[str] = set()
    out = []
    for quote in reader.all():
        key = quote.text.casefold().rstrip(".。 ")
        if key not in seen and same_key(quote.text) != same_key(concept.title):
            seen.add(key)
            out.append(quote)
    return out


class _Reader:
    """Reads the blocks of one concept."""

    def __init__(self, concept: Concept, language: str) -> None:
        self.concept, self.language = concept, language
        self.blocks = concept.document.blocks
        self.words = set(content_tokens(concept.title))
        self.own = set(concept.blocks)
        self.children = _children(concept.document)

    def all(self) -> Iterator[Quote]:
        for at in sorted(self.own):
            block = self.blocks[at]
            if block.kind in ("heading", "code", "html"):
                continue
            if block.kind == "table_row":
                yield from self._cells(block, at)
            else:
                yield from self._text(block, at)

    # ------------------------------------------------------------------------------------------- rows

    def _cells(self, row: Block, at: int) -> Iterator[Quote]:
        """The cells beside the name of the concept, by their columns; rows inside a concept are data."""
        if at != self.concept.anchor:
            return
        for column, (header, cell) in enumerate(zip(row.header, row.cells, strict=False)):
            told = column_role(header)
            if (
                not cell.strip()
                or told == "name"
                or same_key(cell) == same_key(self.concept.title)
                or stated_minutes(header, cell) is not None
            ):
                continue
            role = _LABELLED.get(told) or headed(header) or learned(self.concept.document, at, column)
            for line in cell.split("\n"):
                yield from self._said(capital(line), row, at, role, item=True)

    # ------------------------------------------------------------------------------------------- text

    def _text(self, block: Block, at: int) -> Iterator[Quote]:
        gloss = at == self.concept.anchor
        text = capital(self.concept.gloss) if gloss else block.text
        if not text.strip():
            return
        told, rest = self._labelled(block, text, gloss=gloss)
        role = _LABELLED.get(told, "")
        solution = _is_solution(text) or self._under_solution(block)
        if solution:
            yield from self._whole(text.partition(":")[2] or text, block, at, "solution")
            return
        role = (
            role or self._structure(block, at) or self._heading(block) or learned(self.concept.document, at)
        )
        if block.kind == "list_item" and self.children.get(at) and rest.rstrip().endswith((":", "：")):
            return
        yield from self._said(rest, block, at, role, item=gloss or block.kind == "list_item")

    @staticmethod
    def _labelled(block: Block, text: str, *, gloss: bool) -> tuple[str, str]:
        """What a label in front of the text says of it, and the text behind it."""
        told, rest = label(" ".join(text.split()))
        if block.lead and block.rest and not told and not gloss:
            told = label(f"{block.lead}: x")[0]
            rest = block.rest if told else rest
        return told, capital(rest) if told else rest

    def _structure(self, block: Block, at: int) -> Role | Literal[""]:
        """What the block is by where it stands: an option of a question, an item of a list that was led
        in.
        """
        before = self._lead_in(block, at)
        if block.marked is not None or (
            block.kind == "list_item" and before is not None and is_question(before)
        ):
            return "solution" if block.marked and before is not None and is_question(before) else "option"
        return ""

    def _lead_in(self, block: Block, at: int) -> str | None:
        """The text that stands right above the list that an item is of; None of what is no item."""
        if block.kind != "list_item":
            return None
        if block.parent >= 0:
            return self.blocks[block.parent].text
        before = at - 1
        while before >= 0 and self.blocks[before].kind == "list_item":
            before -= 1
        return self.blocks[before].text if before >= 0 else ""

    def _heading(self, block: Block) -> Role | Literal[""]:
        """What the headings below the concept's own say of the block."""
        own = len(self.concept.path) + (
            self.blocks[self.concept.anchor].kind == "heading" if self.concept.anchor >= 0 else 0
        )
        return next((role for name in reversed(block.path[own:]) if (role := headed(name))), "")

    def _under_solution(self, block: Block) -> bool:
        return any(_is_solution(f"{name}:") for name in block.path[-1:])

    # ---------------------------------------------------------------------------------------- sentences

    def _said(self, text: str, block: Block, at: int, role: str, *, item: bool) -> Iterator[Quote]:
        if role in ("none", "option"):
            return
        if role in ("exercise", "question"):
            yield from self._whole(text, block, at, "exercise")
            return
        if role == "solution":
            yield from self._whole(text, block, at, "solution")
            return
        found = whole_sentences(text)
        if item and len(found) == 1 and not found[0].rstrip().endswith((".", "!", "。", "！", "?", "？")):
            yield from self._item(found[0], block, at, role)
            return
        for i, sentence in enumerate(found):
            told, message = label(sentence) if i else ("", sentence)
            sentence = plain(capital(message) if told else sentence, self.language)
            as_is: str = _LABELLED.get(told, "") or role
            if is_question(sentence):
                if len(found) == 1:
                    yield from self._whole(sentence, block, at, "question")
                continue
            if as_is in ("", "statement") and self.language in ("en", "") and is_imperative(sentence):
                yield from self._whole(sentence, block, at, "exercise")
                continue
            if as_is == "none" or is_prerequisite(sentence) or not stands(sentence, self.language):
                continue
            yield self._quote(sentence, block, at, self._kind(sentence, as_is, first=i == 0), first=i == 0)

    def _kind(self, sentence: str, role: str, *, first: bool) -> Role:
        if role in ("warning", "objective", "example"):
            return role  # type: ignore[return-value]
        if pitfall_strength(sentence) == 2:
            return "warning"
        return "definition" if role == "definition" and first else "statement"

    def _item(self, text: str, block: Block, at: int, role: str) -> Iterator[Quote]:
        """An item without a full stop, or a line of a cell: a part of the concept where it stands under its
        very name, and no lead-in needs it to be a sentence."""
        text = plain(text, self.language).rstrip(";；,，、 ")
        lead = self._lead_in(block, at)
        led = bool(lead) and str(lead).rstrip().endswith((":", "：")) and block.parent != self.concept.anchor
        led = led and at != self.concept.anchor
        if sum(len(link.text) for link in block.links) > _LINKED * len(text):
            return  # what is to be read, not a part of the concept
        if role == "objective" and is_topic(text, self.language):
            yield self._quote(text, block, at, "objective")
        elif role in ("warning", "definition") and is_topic(text, self.language):
            yield self._quote(text, block, at, "warning" if role == "warning" else "topic")
        elif not led and role in ("", "statement", "topic") and is_topic(text, self.language):
            yield self._quote(text, block, at, "topic")

    def _whole(self, text: str, block: Block, at: int, role: Role) -> Iterator[Quote]:
        """An exercise, a question or a solution as one text."""
        text = plain(text, self.language)
        if role == "solution" or is_task(text, self.language):
            yield self._quote(text, block, at, role)

    def _quote(self, text: str, block: Block, at: int, role: Role, *, first: bool = False) -> Quote:
        named = bool(self.words & set(content_tokens(text)))
        return Quote(text, block.lines, role, at, named, first, self.concept.document.location)


def _is_solution(text: str) -> bool:
    head = text[:40].casefold().lstrip("*_ ")
    return any(head.startswith(f"{word}{mark}") for word in _SOLUTIONS for mark in (":", "：", " :"))


def headed(name: str) -> Role | Literal[""]:
    """What a heading or a column says of what stands under it."""
    found = [
        (share, category)
        for share, category in zip(shares(name), categories(), strict=True)
        if category in _HEADED and share >= _HEADED_SHARE
    ]
    return _HEADED[max(found)[1]] if found else ""


def learned(document: ScopeDocument, at: int, column: int = -1) -> str:
    """What the model of roles takes a block or a cell for; "" where it is not sure or the document is
    too long for it, of a cell "none"."""
    unsure = "none" if column >= 0 else ""
    if (by_model := roles(document)) is None:
        return unsure
    role = by_model.of(at, column)
    told = _LEARNED.get(role.name, "none" if column >= 0 else "")
    least = _SURELY_NONE if told == "none" else SURE
    return told if role.probability >= least else unsure


_latest: list[tuple[ScopeDocument, Mapping[int, Sequence[int]]]] = []


def _children(document: ScopeDocument) -> Mapping[int, Sequence[int]]:
    if not _latest or _latest[0][0] is not document:
        found: dict[int, list[int]] = defaultdict(list)
        for at, block in enumerate(document.blocks):
            if block.parent >= 0:
                found[block.parent].append(at)
        _latest[:] = [(document, found)]
    return _latest[0][1]
