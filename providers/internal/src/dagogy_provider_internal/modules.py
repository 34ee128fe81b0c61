"""The modules, weeks and units of a document: which concept belongs to which, how long they are said to take,
and which may be left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from dagogy.api.scope import ScopeDocument

from dagogy_provider_internal.amounts import labelled_amount, stated_amount
from dagogy_provider_internal.concept import Concept
from dagogy_provider_internal.headings import group_number, heading_kind
from dagogy_provider_internal.marks import is_choice, is_optional_group, without_optional
from dagogy_provider_internal.naming import stated_length

_SEARCHED = 6  # blocks under a heading that may say how long its module takes
_LONGEST_LINE = 160  # characters


def placed(concepts: Sequence[Concept]) -> None:
    """Gives the concepts their groups, the marks that their titles and groups have, and the time of their
    groups: what a module is said to take is divided among its concepts, unless these have times of their own.
    """
    headings: dict[int, dict[tuple[str, ...], int]] = {}
    members: dict[tuple[int, tuple[str, ...]], list[Concept]] = defaultdict(list)
    for concept in concepts:
        document = concept.document
        if id(document) not in headings:
            headings[id(document)] = {
                b.path: at for at, b in enumerate(document.blocks) if b.kind == "heading"
            }
        concept.title, marked = without_optional(concept.title)
        concept.optional = marked or any(is_optional_group(above) for above in concept.path)
        if concept.optional:
            concept.choice = next((above for above in reversed(concept.path) if is_choice(above)), "")
        concept.group = concept.group or _group(concept)
        for depth in range(len(concept.path), 0, -1):
            members[id(document), concept.path[:depth]].append(concept)
    _divide(members, headings)


def _group(concept: Concept) -> str:
    """The nearest heading or item above a concept that names a part of the course; a heading of structure
    (`Topics`) is none."""
    title = concept.document.title.strip()
    for above in reversed(concept.path):
        number = group_number(above)
        if above.strip() == title and not number:
            continue
        if number or heading_kind(above) == "concept":
            return " ".join(above.split())
    return ""


def _divide(
    members: Mapping[tuple[int, tuple[str, ...]], Sequence[Concept]],
    headings: Mapping[int, Mapping[tuple[str, ...], int]],
) -> None:
    for (owner, path), few in sorted(members.items(), key=lambda entry: -len(entry[0][1])):
        at = headings[owner].get(path)
        if at is None or len(path) < 2 or any(c.minutes is not None for c in few):
            continue
        minutes = _stated(few[0].document, at)
        for concept in few if minutes else ():
            concept.minutes = minutes / len(few) if minutes else None


def _stated(document: ScopeDocument, at: int) -> float | None:
    """The minutes that a heading (`Safety (40 hours)`) or a line right under it (`Duration: 40 h`) states."""
    blocks = document.blocks
    if length := stated_length(blocks[at].text):
        return stated_amount(length)
    for block in blocks[at + 1 : at + 1 + _SEARCHED]:
        if block.kind == "heading":
            break
        if len(block.text) <= _LONGEST_LINE and (minutes := labelled_amount(block.text)):
            return minutes
    return None
