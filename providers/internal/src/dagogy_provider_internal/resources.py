"""Where a learner can read on: the places in the source itself, and the links that the source gives there."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from dagogy_provider_internal.concepts import Concept
from dagogy_provider_internal.passages import Passage

_LINKS = 3


def from_document(concept: Concept, passages: list[Passage], example: tuple[int, int] | None) -> list[dict[str, Any]]:
    """The definition and an example in the document, then its links as references."""
    first, last = concept.lines
    where = " > ".join([*concept.path, concept.title])
    opening = next((p.lines for p in passages if p.first), (first, last))
    definition = (min(first, opening[0]), max(opening)) if opening[0] - first <= 3 else opening
    shown = example or (first, last)
    return [
        _local(concept, definition, where, "definition"),
        _local(concept, shown, f"{where}: {'example and exercise' if example else 'whole section'}", "example"),
        *_links(concept),
    ]


def _local(concept: Concept, lines: tuple[int, int], title: str, role: str) -> dict[str, Any]:
    first, last = lines
    span = f"L{first}" if first == last else f"L{first}-L{last}"
    told = f"line {first}" if first == last else f"lines {first}–{last}"
    path = " > ".join(concept.path)
    return {
        "title": title,
        "url": f"local://{quote(concept.document.location)}#{span}",
        "kind": "doc",
        "role": role,
        "citation": f"{told}, {path}" if path else told,
    }


def _links(concept: Concept) -> list[dict[str, Any]]:
    blocks = concept.document.blocks
    out: dict[str, dict[str, Any]] = {}
    for at in sorted({*concept.blocks, *([concept.anchor] if concept.anchor >= 0 else [])}):
        block = blocks[at]
        for link in block.links:
            parts = urlsplit(link.url) if link.url.isascii() and " " not in link.url else None
            if parts and parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc:
                line = f"line {block.lines[0]}" if block.lines[0] == block.lines[1] else f"lines {block.lines[0]}–{block.lines[1]}"
                kind = "paper" if "arxiv.org" in parts.hostname or "doi.org" in parts.hostname else "spec" if "rfc-editor.org" in parts.hostname else "doc"
                title = f"{concept.title}: {link.text.strip() or parts.hostname}"
                out.setdefault(link.url, {"title": title, "url": link.url, "kind": kind, "role": "reference", "citation": f"linked in {line}"})
    return list(out.values())[:_LINKS]


def from_spec(concept: Concept, position: int) -> list[dict[str, Any]]:
    """Without a document the spec is the only source: the item that asks for the concept, and the goal it serves."""
    item = f"scope_in item {position + 1}: {concept.title}"
    base = "local://inputs/topic_spec.json"
    return [
        {"title": f"{concept.title} in the topic spec", "url": f"{base}#/scope_in/{position}", "kind": "spec", "role": "definition", "citation": item},
        {
            "title": f"{concept.title} among the topics of the spec",
            "url": f"{base}#/scope_in/{position}/example",
            "kind": "spec",
            "role": "example",
            "citation": f"scope_in, beside {item}",
        },
    ]
