"""What a document says about the course itself: goal, audience, what is assumed, what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dagogy.api.scope import ScopeDocument
from dagogy.api.text import Words, sentences

from dagogy_provider_internal.headings import meta_role
from dagogy_provider_internal.naming import content_tokens, tidy_title
from dagogy_provider_internal.outline import Section, outline

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
_ASSUMES = re.compile(
    r"\b(?:assumes?|presupposes?|takes? for granted"
    r"|you should (?:already )?(?:know|be familiar with)|familiarity with|"
    r"prerequisites?(?: are|:))\s+(?:that (?:you|the reader) (?:know|knows)\s+)?([^.;]+)",
    re.IGNORECASE,
)
_NOT_COVERED = re.compile(
    r"^(.{3,120}?)\s+(?:is|are) (?:not covered|out of scope|not part of|left out|excluded)\b", re.IGNORECASE
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
    under = _introduced(document, root)
    goal = _text(_front(document, "goal")) or " ".join(under.get("goal", [])[:1])
    audience = _text(_front(document, "audience")) or " ".join(under.get("audience", [])[:1])
    prerequisites = _list(_front(document, "prerequisites")) or under.get("prerequisites", [])
    scope_out = [*_list(_front(document, "scope_out")), *under.get("scope_out", [])]
    opening = _opening(document, root)
    goal = goal or next((s for s in opening if _GOAL.search(s)), "")
    audience = audience or next((s for s in opening if _AUDIENCE.search(s)), "")
    prerequisites = prerequisites or [
        part for s in opening for match in [_ASSUMES.search(s)] if match for part in _parts(match[1])
    ]
    scope_out.extend(match[1] for s in opening for match in [_NOT_COVERED.match(s)] if match)
    return About(goal, audience, _unique(prerequisites), _unique(scope_out))


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
    for at, block in enumerate(blocks):
        role = (
            meta_role(tidy_title(block.lead or block.text.partition(":")[0]))
            if block.kind == "list_item"
            else ""
        )
        if role and role not in found:
            below = [b.text.rstrip(".") for b in blocks[at + 1 :] if b.parent == at]
            text = block.rest if block.lead else block.text.partition(":")[2]
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
