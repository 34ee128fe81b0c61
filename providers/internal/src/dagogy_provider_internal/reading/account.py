"""What could have been a concept and is none: every heading, item, cell and label of a document that no
concept is named by, with its role.

The readings say of some texts why they were left out; what they passed over is told here by where it stands,
by what the model of roles makes of it, and by what its words give away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from dagogy.api.scope import Block, LeftOut, ScopeDocument
from dagogy.api.text import shorten

from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.language.naming import tidy_title
from dagogy_provider_internal.reading.concept import Concept, Found, Skipped
from dagogy_provider_internal.reading.recognition.roles import Role, RolesOf, roles
from dagogy_provider_internal.reading.recognition.units import Unit, units

#: The categories of cues that are roles, with what is said of a text of each.
_ROLES = {
    "time": "reads like a time or a date",
    "holiday": "reads like a day off",
    "administration": "reads like administration",
    "assessment": "reads like an assessment",
    "exercise": "reads like an exercise",
    "resource": "reads like something to read or to use",
    "objective": "reads like an objective",
    "structure": "reads like a part of a document",
    "tool": "reads like the set-up of a tool",
    "person": "reads like a person",
    "prerequisite": "reads like what is to be known before",
    "warning": "reads like a warning",
    "option": "reads like an option of a question",
    "group": "reads like the name of a module, a week or a unit",
}
#: What names a module without standing above a concept is no group.
_NAMED = {"group": "division"}
_REASONS = {_NAMED.get(name, name): reason for name, reason in _ROLES.items()}
#: What the model of roles calls otherwise than the cues do.
_CALLED = {
    "schedule": "time",
    "group": "division",
    "option_right": "right option",
    "option_wrong": "wrong option",
}
_UNCOUNTED = frozenset(("administration", "boilerplate", "code", "motivation", "structure", "time"))
#: Of a text whose role no word gives away the likeliest is told from this probability on.
_LIKELY = 0.4
#: A cue counts from this share of the words: one of eight.
_CUED = 0.12
#: What a sentence enumerates or emphasises could have been a concept from this probability on.
_COULD_BE = 0.1
_SHOWN = 80  # characters of a text that was left out


@dataclass(slots=True)
class _Known:
    """What is known of the blocks: the titles that each names, what was told of it, whose text it is; the
    titles of all concepts; and which blocks stand above one."""

    names: Mapping[int, set[str]]
    told: Mapping[int, list[Skipped]]
    said_of: Mapping[int, str]
    taken: Mapping[str, str]
    above: set[int] = field(default_factory=set)
    #: What the model makes of the blocks; None where the document is too long for it.
    roles: RolesOf | None = None


def left_out(document: ScopeDocument, found: Found, skipped: Iterable[Skipped]) -> tuple[LeftOut, ...]:
    """What is no concept, in document order. `skipped`: what is told besides `found.skipped`."""
    blocks = document.blocks
    known = _known(document, found, [*found.skipped, *skipped])
    if found.probabilities:
        known.roles = roles(document)
    by_block: dict[int, list[Unit]] = defaultdict(list)
    # The many readings of each text are needed for what the model said of them; a document that it did not
    # see is too long to make them.
    for unit in units(blocks) if found.probabilities else _plain_units(blocks):
        by_block[unit.at].append(unit)
    out = [_told(known, document, found, one) for one in known.told.get(-1, ())]
    for at in sorted(by_block.keys() | (known.told.keys() - {-1})):
        told = known.told.get(at, [])
        out += [_told(known, document, found, one) for one in told]
        covered = known.names.get(at, set()) | {_key(one.text) for one in told}
        for unit in by_block.get(at, ()):
            out += _of_unit(document, found, known, unit, covered)
    return tuple(out)


def _known(document: ScopeDocument, found: Found, skipped: Iterable[Skipped]) -> _Known:
    told: dict[int, list[Skipped]] = defaultdict(list)
    for one in dict.fromkeys((s.at, s.text, s.reason, s.role) for s in skipped):
        if all(one[1] != other.text for other in told[one[0]]):
            told[one[0]].append(Skipped(one[1], one[2], one[3], one[0]))
    names: dict[int, set[str]] = defaultdict(set)
    said_of: dict[int, str] = {}
    known = _Known(names, told, said_of, {_key(c.title): c.title for c in found.concepts})
    headings: dict[tuple[str, ...], int] = {}
    taken: dict[int, Concept] = {c.anchor: c for c in found.concepts if c.anchor >= 0}
    for at, block in enumerate(document.blocks):
        if block.kind == "heading":
            headings[block.path] = at
        if at in taken:
            path = block.path[:-1] if block.kind == "heading" else block.path
            known.above.update(headings[path[:n]] for n in range(1, len(path) + 1) if path[:n] in headings)
            parent = block.parent
            while parent >= 0 and parent not in known.above:
                known.above.add(parent)
                parent = document.blocks[parent].parent
    for concept in found.concepts:
        if concept.anchor >= 0:
            names[concept.anchor].add(_key(concept.title))
        for at in (*concept.blocks, *(at for _, part in concept.parts for at in part)):
            said_of.setdefault(at, concept.title)
    return known


def _plain_units(blocks: Sequence[Block]) -> Iterator[Unit]:
    """One unit for each heading, item, row and label, without readings."""
    for at, block in enumerate(blocks):
        if block.kind in ("heading", "list_item", "table_row") or block.lead:
            kind = {"heading": "heading", "list_item": "item", "table_row": "row"}.get(block.kind, "lead")
            yield Unit(at, -1, kind)


def _key(text: str) -> str:
    return " ".join(text[:_SHOWN].casefold().split())


def _of_unit(
    document: ScopeDocument, found: Found, known: _Known, unit: Unit, covered: set[str]
) -> Iterator[LeftOut]:
    """The unit as left out, unless it names a concept or was told of; or what it enumerates besides."""
    block = document.blocks[unit.at]
    if unit.kind in ("enumeration", "emphasis", "field"):
        for title in unit.readings[0].titles:
            chance = found.probability(title)
            if chance is not None and chance >= _COULD_BE and not _named(known, unit.at, title):
                yield _entry(document, known, unit, title, chance)
        return
    for title in _rest(unit, covered):
        if _key(title) not in known.taken:
            yield _entry(document, known, unit, title, found.probability(title))
    if unit.kind != "cell":
        if not covered:
            yield _entry(document, known, unit, block.lead or block.text, _likeliest(found, unit))
        return
    text = block.cells[unit.column]
    titles = {_key(t) for reading in unit.readings for t in reading.titles} | {
        _key(tidy_title(text)),
        _key(text),
    }
    # A cell with the name of a concept that stands elsewhere refers to it.
    if not titles & covered and not titles & known.taken.keys():
        yield _entry(document, known, unit, text, _likeliest(found, unit))


def _rest(unit: Unit, covered: Set[str]) -> list[str]:
    """Of a text that names several topics those that are not covered, where some are and the text as a whole
    is not.
    """
    readings = [[(_key(t), t) for t in reading.titles] for reading in unit.readings]
    if any(len(titles) == 1 and titles[0][0] in covered for titles in readings):
        return []
    most = max(readings, key=lambda titles: sum(key in covered for key, _ in titles), default=[])
    return [t for key, t in most if key not in covered] if any(key in covered for key, _ in most) else []


def _named(known: _Known, at: int, title: str) -> bool:
    """Whether a concept that the block names is called so; elsewhere in the document it may be another."""
    return _key(title) in known.names.get(at, ()) or any(
        _key(title) == _key(one.text) for one in known.told.get(at, ())
    )


def _likeliest(found: Found, unit: Unit) -> float | None:
    """The probability of the most likely title that the text may stand for."""
    chances = [found.probability(title) for reading in unit.readings for title in reading.titles]
    return max((c for c in chances if c is not None), default=None)


def _told(known: _Known, document: ScopeDocument, found: Found, one: Skipped) -> LeftOut:
    lines = document.blocks[one.at].lines if one.at >= 0 else (0, 0)
    role = one.role or (one.at >= 0 and _role(known, document, one.at, one.text)[0]) or "other"
    return LeftOut(one.text, one.reason, role, _rounded(found.probability(one.text)), lines)


def _entry(document: ScopeDocument, known: _Known, unit: Unit, text: str, chance: float | None) -> LeftOut:
    block = document.blocks[unit.at]
    text = " ".join(text.split())
    header = block.header[unit.column] if unit.kind == "cell" and unit.column < len(block.header) else ""
    if (again := known.taken.get(_key(text))) is not None:
        role, reason = LeftOut.MERGED, f"is “{again}” again"
    elif unit.at in known.above:
        role, reason = LeftOut.GROUP, "stands above concepts"
    elif unit.kind == "cell" and known.names.get(unit.at):
        role, reason = (
            _role(known, document, unit.at, text, header, unit.column)[0] or "text",
            f"stands in the column “{header}”" if header else "stands beside a concept in its row",
        )
    elif unit.at in known.said_of:
        role, reason = "text", f"is said of “{known.said_of[unit.at]}”"
    else:
        role, reason = _role(known, document, unit.at, text, header, unit.column)
        if not role:
            role, reason = "other", _otherwise(document, known)
    return LeftOut(shorten(text, _SHOWN), reason, role, _rounded(chance), block.lines)


def _rounded(chance: float | None) -> float | None:
    return None if chance is None else round(chance, 3)


def _otherwise(document: ScopeDocument, known: _Known) -> str:
    """Why a text is no concept that nothing else speaks of."""
    if document.concepts_at:
        return "stands where no concept is said to"
    return (
        "is less likely to be a concept than what was taken" if known.taken else "is unlikely to be a concept"
    )


def _role(
    known: _Known, document: ScopeDocument, at: int, text: str, header: str = "", column: int = -1
) -> tuple[str, str]:
    """What a text is, and the reason to say so: what the model of roles is sure of, else what its own words
    give away, its column, or the headings above it, the nearest first, else what the model finds likely; ""
    where nothing tells.
    """
    block = document.blocks[at]
    by_model = known.roles.of(at, column) if known.roles else None
    told = by_model is not None and by_model.name not in ("concept", "other")
    if by_model is not None and told and by_model.is_sure:
        return _modelled(by_model)
    above = block.path[:-1] if block.kind == "heading" else block.path
    for words in (text, header, *reversed(above)):
        if words and (role := _cued(words)):
            return role, _REASONS[role]
    if by_model is not None and told and by_model.probability >= _LIKELY:
        return _modelled(by_model)
    return "", ""


def _modelled(role: Role) -> tuple[str, str]:
    name = _CALLED.get(role.name, role.name)
    return name, f"is {_article(name)}{name}, with a probability of {role.probability:.2f}"


def _article(name: str) -> str:
    if name in _UNCOUNTED:
        return ""
    return "an " if name[0] in "aeiou" else "a "


def _cued(text: str) -> str:
    """The role that most of the words give away."""
    found = [
        (share, -i)
        for i, (share, category) in enumerate(zip(shares(text), categories(), strict=True))
        if category in _ROLES and share >= _CUED
    ]
    return _NAMED.get(name := categories()[-max(found)[1]], name) if found else ""
