"""Where a learner can read on: the places in the source itself, and the links that the source gives there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dagogy.api.services import Url

from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.writing.material import Quote

_LINKS = 3
#: By host and path of a link: what lies there.
_KIND_OF_LINK = (
    ("paper", re.compile(r"(?:^|\.)(?:arxiv\.org|doi\.org|jstor\.org|acm\.org|biorxiv\.org)|^[^/]*pubmed")),
    ("spec", re.compile(r"(?:^|\.)(?:rfc-editor|ietf|w3|ecma-international|iso|unicode)\.org(?:/|$)")),
    ("video", re.compile(r"(?:^|\.)(?:youtube\.com|youtu\.be|vimeo\.com)|\.(?:mp4|webm)$")),
    ("book", re.compile(r"(?:^|\.)(?:gutenberg\.org|openlibrary\.org)|\.epub$")),
)  # fmt: skip
#: What shows a concept at work, the most telling first.
_SHOWS = ("example", "exercise", "question")


def from_document(concept: Concept, quotes: Sequence[Quote]) -> list[dict[str, Any]]:
    """The section about the concept, as a definition where it says anything; a place in it that shows the
    concept at work, where there is one; its links."""
    blocks = concept.document.blocks
    explains = any(q.role in ("definition", "statement", "topic") for q in quotes)
    places = [("definition" if explains else "reference", concept.lines)]
    shown = next(((q.lines) for role in _SHOWS for q in quotes if q.role == role), None) or next(
        (blocks[at].lines for at in concept.blocks if blocks[at].kind == "code"), None
    )
    if shown is not None:
        places.append(("example", shown))
    return [*(_place(concept, role, lines) for role, lines in places), *_links(concept)]


def _place(concept: Concept, role: str, lines: tuple[int, int]) -> dict[str, Any]:
    first, last = lines
    one = first == last
    blocks = concept.document.blocks
    locator = next(
        (
            b.locator
            for at in (concept.anchor, *concept.blocks)
            if at >= 0 and (b := blocks[at]).locator and first <= b.lines[0] <= last
        ),
        "",
    )
    place = f"line {first}" if one else f"lines {first}–{last}"
    return {
        "title": " > ".join([*concept.path, concept.title]),
        "url": f"local://{quote(concept.document.location)}#L{first}{'' if one else f'-L{last}'}",
        "kind": "doc",
        "role": role,
        "citation": ", ".join(x for x in (locator, place, " > ".join(concept.path)) if x),
    }


def _links(concept: Concept) -> list[dict[str, Any]]:
    blocks = concept.document.blocks
    out: dict[str, dict[str, Any]] = {}
    for at in sorted({*concept.blocks, *([concept.anchor] if concept.anchor >= 0 else [])}):
        for link in blocks[at].links:
            parts = Url(link.url).parts if link.url.isascii() and " " not in link.url else None
            if parts and parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc:
                first, last = blocks[at].lines
                lines = f"line {first}" if first == last else f"lines {first}–{last}"
                link_to = {
                    "title": f"{concept.title}: {link.text.strip() or parts.hostname}",
                    "url": link.url,
                    "kind": _link_kind(parts.hostname, parts.path),
                    "role": "reference",
                    "citation": f"linked in {lines}",
                }
                out.setdefault(link.url, link_to)
    return list(out.values())[:_LINKS]


def _link_kind(host: str, path: str) -> str:
    return next((kind for kind, pattern in _KIND_OF_LINK if pattern.search(f"{host}{path}".lower())), "doc")


def from_spec(concept: Concept, position: int) -> list[dict[str, Any]]:
    """Without a document the spec is the only source, and it names the concept in one place."""
    return [
        {
            "title": f"{concept.title} in the topic spec",
            "url": f"local://inputs/topic_spec.json#/scope_in/{position}",
            "kind": "spec",
            "role": "reference",
            "citation": f"scope_in item {position + 1}: {concept.title}",
        }
    ]


def lacking(resources: Sequence[dict[str, Any]]) -> str:
    """Why the resources are too few for a mode that wants a definition and an example; "" where they are
    not.
    """
    roles = {r["role"] for r in resources}
    if "definition" not in roles:
        return "The source does not explain it."
    return "" if "example" in roles else "The source has no example of it."
