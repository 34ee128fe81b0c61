"""What a document says about the course itself: goal, audience, what is assumed, what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dagogy.api.scope import ScopeDocument, StatedTime
from dagogy.api.text import Words, sentences

from dagogy_provider_internal.language.amounts import row_as_line, stated_time
from dagogy_provider_internal.language.headings import meta_role
from dagogy_provider_internal.language.keys import content_tokens
from dagogy_provider_internal.language.naming import tidy_title
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.concepts import find_concepts
from dagogy_provider_internal.reading.module_table import description, names
from dagogy_provider_internal.reading.outline import Section, outline

_KEYS = {
    "goal": ("goal", "goals", "objective", "objectives", "aim", "purpose"),
    "audience": ("audience", "target_audience", "for", "learners"),
    "prerequisites": ("prerequisites", "prerequisite", "requirements", "assumed"),
    "scope_out": ("scope_out", "out_of_scope", "not_covered", "exclude", "excluded"),
}
_GOAL = re.compile(
    r"\b(?:by the end|you will be able|will be able to"
    r"|the (?:goal|aim|objective|purpose) (?:is|of)|this (?:course|guide|outline|book) "
    r"(?:teaches|shows|aims))\b",
    re.IGNORECASE,
)
_AUDIENCE = re.compile(
    r"^for (?!example|instance|this|the following)\w+.{12,}"
    r"|\b(?:is|are|written|meant|intended|designed|aimed) (?:for|at) (?!example)\w|"
    r"\bfor (?:people|learners|students|anyone|those) who\b",
    re.IGNORECASE,
)
#: The same in other languages; what is assumed is the first group.
_ASSUMES_ELSEWHERE = re.compile(
    r"\b(?:vorausgesetzt (?:wird|werden)|voraussetzung(?:en)? (?:ist|sind)|on suppose connue?s?"
    r"|suppose connue?s?"
    r"|se (?:asume|asumen|supone|suponen|requiere|requieren)|si (?:presuppone|richiede)|pressupõe(?:-se)?"
    r"|предполагается|предполагаются|требуется|требуются)\s+(?P<after>[^.;]+)|"
    r"^(?P<before>.{3,160}?)\s+(?:(?:is|are) (?:assumed|required|expected|presupposed)|(?:wird"
    r"|werden) vorausgesetzt"
    r"|(?:est|sont) supposée?s? connue?s?)\b",
    re.IGNORECASE,
)
_KNOWLEDGE = re.compile(
    r"^(?:(?:a|some|the|any|good|basic|prior|working|general|basic working) )*(?:knowledge|understanding"
    r"|familiarity|command|grasp|skills?)"
    r" (?:of|with|in) |^(?:(?:gute|sichere|erste)[nr]? )?(?:grund)?kenntnisse (?:in|der|des|von) |^(?:des "
    r"|une )?(?:connaissances?|notions) (?:de |en |d['’])"
    r"|^conocimientos? (?:básicos )?(?:de|en) |^(?:una )?conoscenza (?:di|della) |^знани[ея] ",
    re.IGNORECASE,
)
#: What stands where nothing is assumed.
_NOTHING = re.compile(
    r"^(?:none|nothing|no(?:ne)? (?:prior |previous )?(?:knowledge|experience|prerequisites?)?(?: (?:is "
    r"|are )?(?:required|needed|assumed))?|n/?a|-+|–|—"
    r"|keine?|aucune?s?|ningun[oa]s?|nessun[oa]?|nenhum[a]?|geen|brak|нет|无|無|なし|없음)\W*$",
    re.IGNORECASE,
)
_ASSUMES = re.compile(
    r"\b(?:assumes?|presupposes?|takes? for granted"
    r"|you should (?:already )?(?:know|be familiar with)|familiarity with|"
    r"prerequisites?(?: are|:))\s+(?:that (?:you|the reader) (?:know|knows)\s+)?([^.;]+)",
    re.IGNORECASE,
)
_NOT_COVERED = re.compile(
    r"^(?P<before>.{3,120}?)\s+(?:(?:is|are)(?: not|n['’]t) (?:covered|part of|taught|treated|included)"
    r"|(?:is|are) (?:out of scope|left out|excluded)"
    r"|(?:wird|werden|ist|sind) (?:hier |in diesem kurs )?nicht (?:behandelt|teil|thema|enthalten)"
    r"|n['’](?:est|sont) pas (?:traitée?s?|abordée?s?|au programme)|no se (?:tratan?|cubren?|incluyen?"
    r"|ven?)|non (?:è|sono) trattat[oaie]"
    r"|не рассматрива[ею]тся)\b|"
    r"\b(?:(?:we|you|this \w+|the (?:course|class|module|book|guide|workshop))\s(?:do|does|will|won['’]t"
    r"|don['’]t|doesn['’]t)\s?(?:not )?"
    r"(?:cover|teach|treat|deal with|include|discuss|go into)|(?:not covered|not included|out of scope"
    r"|excludes?|leaves out)(?: are| is|:)?"
    r"|nicht behandelt (?:wird|werden)|ne (?:traite|couvre|comprend) pas (?:de |d['’]|des |du )?"
    r"|n['’]aborde pas"
    r"|no (?:trata|cubre|incluye|abarca)|non (?:tratta|comprende)|não (?:aborda|inclui|cobre)"
    r"|не (?:рассматриваются|входят))\s+(?P<after>[^.;]{3,160})",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"not|n['’]t|nicht|\bpas\b|\bno\b|\bnon\b|não|\bне\b|out of scope|exclude|left out|leaves out",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class About:
    """What was found; empty where the document says nothing."""

    goal: str = ""
    audience: str = ""
    prerequisites: tuple[str, ...] = ()
    scope_out: tuple[str, ...] = ()


def about(document: ScopeDocument) -> About:
    """Front matter first, then headings and items that introduce such a part, then sentences
    ahead of the first concept.
    """
    root = outline(document)
    under = _described(document) | _introduced(document, root)
    goal = _text(_front(document, "goal")) or " ".join(under.get("goal", [])[:1])
    audience = _text(_front(document, "audience")) or " ".join(under.get("audience", [])[:1])
    prerequisites = _list(_front(document, "prerequisites")) or under.get("prerequisites", [])
    scope_out = [*_list(_front(document, "scope_out")), *under.get("scope_out", [])]
    opening = [*_opening(document, root), *_asides(document)]
    goal = goal or next((s for s in opening if _GOAL.search(s)), "")
    audience = audience or next((s for s in opening if _AUDIENCE.search(s)), "")
    prerequisites = prerequisites or [part for s in opening for part in _assumed(s)]
    prerequisites = [p for p in prerequisites if not _NOTHING.match(p.strip())]
    scope_out.extend(part for s in opening for part in _left_out(s))
    return About(goal, audience, _unique(prerequisites), _unique(scope_out))


def _described(document: ScopeDocument) -> dict[str, list[str]]:
    """The goal and the prerequisites that a table of facts about the course states."""
    described = description(document)
    if described is None:
        return {}
    goal, assumed = described.value("objective"), described.value("prerequisite")
    return {
        **({"goal": [goal]} if goal else {}),
        **({"prerequisites": names(assumed) or _parts(assumed)} if assumed else {}),
    }


def _assumed(sentence: str) -> list[str]:
    """What a sentence says learners know already, without the words for knowing it."""
    match = _ASSUMES.search(sentence)
    if match is not None:
        said = match[1]
    else:
        match = _ASSUMES_ELSEWHERE.search(sentence)
        if match is None or _NEGATED.search(match[0].partition(" ")[0]):
            return []
        said = match["after"] or match["before"]
    return [_KNOWLEDGE.sub("", part) for part in _parts(said)]


def _left_out(sentence: str) -> list[str]:
    """What a sentence says the course does not treat."""
    match = _NOT_COVERED.search(sentence)
    if match is None or not _NEGATED.search(match[0]):
        return []
    return _parts(match["before"] or match["after"])


def course_time(document: ScopeDocument, concepts: Sequence[Concept]) -> StatedTime:
    """What the document states of the time of the course as a whole, in its front matter and wherever no
    concept and none of its modules is treated. Where each concept has its own time, these are the hours in
    all.
    """
    lines = [f"{k}: {v}" for k, v in document.front_matter.items() if isinstance(v, (str, int, float))]
    # A module description may be one table: the rows behind its last concept are not about that.
    anchors, top = {c.anchor for c in concepts}, document.title.strip()
    rows = {
        at
        for at, block in enumerate(document.blocks)
        if block.cells and at not in anchors and all(above.strip() == top for above in block.path)
    }
    places = sorted(rows.union(_outside(document, concepts)))
    found = stated_time([*lines, document.title, *_lines(document, places)])
    total, assumed = found.total_hours, found.assumed
    if (total is None or assumed) and concepts and all(c.minutes for c in concepts):
        total, assumed = sum(c.minutes or 0.0 for c in concepts) / 60, ()
    return StatedTime(found.hours_per_week, total, found.weeks, found.quotes, assumed)


def _outside(document: ScopeDocument, concepts: Sequence[Concept]) -> list[int]:
    """The blocks in which no concept is treated and that stand under no module."""
    title = document.title.strip()
    modules = {
        c.path[:n] for c in concepts for n in range(1, len(c.path) + 1) if n > 1 or c.path[0].strip() != title
    }
    taken = {c.anchor for c in concepts} | {at for c in concepts for at in c.blocks}
    return [
        at
        for at, block in enumerate(document.blocks)
        if at not in taken
        and block.kind != "code"
        and not any(block.path[:n] in modules for n in range(1, len(block.path) + 1))
    ]


def _lines(document: ScopeDocument, positions: Iterable[int]) -> Iterator[str]:
    """The texts of blocks, by sentences; a row of two cells as a label with its value."""
    for at in positions:
        block = document.blocks[at]
        if block.cells:
            yield row_as_line(block.header, block.cells)
        elif block.kind == "paragraph" and len(block.text) > _LONG:
            yield from sentences(block.text)
        else:
            yield block.text


def _asides(document: ScopeDocument) -> list[str]:
    """The sentences of list items and cells that belong to no concept."""
    positions = [
        at
        for at in _outside(document, find_concepts(document).concepts)
        if document.blocks[at].kind in ("list_item", "paragraph", "table_row", "quote")
    ]
    return [s for text in _lines(document, positions[:_MOST]) for s in sentences(text)]


_LONG, _MOST = 200, 400


def excluded(title: str, scope_out: Iterable[str], scope_in: Iterable[str] = ()) -> str:
    """The item of `scope_out` that forbids a concept with this title, or an empty string.

    An item forbids a title that has all its telling words; of an enumeration each part does so. What
    `scope_in` asks for by the same words is not forbidden.
    """
    scope_out = list(scope_out)
    if not scope_out:
        return ""
    distinctive = frozenset(content_tokens(title))
    wanted = {frozenset(content_tokens(i)) for i in scope_in}
    for item in scope_out:
        for part in [item, *_parts(item)]:
            stems = frozenset(content_tokens(part))
            if stems and stems <= distinctive and not any(stems <= w for w in wanted):
                return item
    return ""


def _front(document: ScopeDocument, role: str) -> Any:
    for key, value in document.front_matter.items():
        if Words.form(str(key)).replace(" ", "_") in _KEYS[role]:
            return value
    return None


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "; ".join(str(v).strip() for v in value if str(v).strip())
    return " ".join(str(value).split()) if isinstance(value, (str, int, float)) else ""


def _list(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [" ".join(str(v).split()) for v in value if str(v).strip()]
    return _parts(value) if isinstance(value, str) else []


def _parts(text: str) -> list[str]:
    return [
        p
        for p in (p.strip(" .,;") for p in re.split(r"[,;]\s+(?:and\s+)?|(?<!\s)\s+and\s+", text))
        if len(p) > 1
    ]


def _introduced(document: ScopeDocument, root: Section) -> dict[str, list[str]]:
    """For each role the items, else the sentences, under the first heading that introduces it, or where none
    does under the first list item.
    """
    blocks = document.blocks
    found: dict[str, list[str]] = {}
    for section in root.walk():
        role = meta_role(section.title) if section.kind == "meta" else ""
        if role and role not in found:
            own = section.blocks()
            items = [blocks[p].text for p in own if blocks[p].kind == "list_item" and blocks[p].level == 1]
            found[role] = [t.rstrip(".") for t in items] or [
                s for p in own for s in sentences(blocks[p].text)
            ]
    outside = {
        at
        for at in _outside(document, find_concepts(document).concepts)
        if blocks[at].kind in ("paragraph", "table_row")
    }
    for at, block in enumerate(blocks):
        role = (
            meta_role(tidy_title(block.lead or block.text.partition(":")[0]))
            if block.kind == "list_item" or (at in outside and (block.lead or ":" in block.text[:60]))
            else ""
        )
        if not role and len(block.cells) == 2:
            role = meta_role(tidy_title(block.cells[0]))
        if role and role not in found:
            below = [b.text.rstrip(".") for b in blocks[at + 1 :] if b.parent == at]
            text = (
                block.cells[1]
                if len(block.cells) == 2
                else block.rest
                if block.lead
                else block.text.partition(":")[2]
            )
            found[role] = below or (
                _parts(text)
                if role in ("prerequisites", "scope_out")
                else [text.strip()]
                if text.strip()
                else []
            )
    return found


def _opening(document: ScopeDocument, root: Section) -> list[str]:
    """The sentences of the paragraphs right under the title and under introductory headings."""
    places = list(root.own) + [p for s in root.children if s.kind in ("skip", "group") for p in s.own][:20]
    return [
        s
        for p in places[:60]
        if document.blocks[p].kind == "paragraph"
        for s in sentences(document.blocks[p].text)
    ]


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple({Words.form(i): i for i in reversed([i for i in items if i.strip()])}.values())[::-1]
