"""Where a learner can read on: the places in the source itself, and the links that the source gives there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dagogy.api.services import Url

from dagogy_provider_internal.concept import Concept
from dagogy_provider_internal.passages import Passage

_LINKS = 3
_TOLD_EXAMPLE = re.compile(r"\b(?:for example|for instance|e\.g\.|such as|examples?)(?!\w)", re.IGNORECASE)
#: A number and what comes of it: "500 g and 350 g give 70 %", "2 + 3 = 5".
_WORKED = re.compile(r"=|\b(?:gives?|yields?|makes?|equals?|leaves?|comes? to)\b")
_DIGIT = re.compile(r"\d")
_SHORTEST_FACT = 3  # words
#: By host and path of a link: what lies there.
_KIND_OF_LINK = (
    ("paper", re.compile(r"(?:^|\.)(?:arxiv\.org|doi\.org|jstor\.org|acm\.org|biorxiv\.org)|^[^/]*pubmed")),
    (
        "spec",
        re.compile(
            r"(?:^|\.)(?:rfc-editor\.org|ietf\.org|w3\.org/tr|ecma-international\.org|iso\.org|unicode\.org)|\bspecs?\b|/standards?/"
        ),
    ),
    ("video", re.compile(r"(?:^|\.)(?:youtube\.com|youtu\.be|vimeo\.com)|\.(?:mp4|webm)$")),
    ("book", re.compile(r"(?:^|\.)(?:gutenberg\.org|openlibrary\.org)|\bisbn\b|\.epub$")),
)
_EXAMPLE_LINK = re.compile(
    r"\b(?:examples?|exercises?|playground|demos?|tutorials?|worked|try it)\b", re.IGNORECASE
)
#: What a passage can be that shows a concept at work, the most telling kind first; then what
#: is there where nothing does.
_KINDS = ("exercise", "example", "code", "table row", "worked number", "question", "further facts", "warning")

#: What says more of the concept and shows nothing at work.
_NO_EXAMPLE = ("further facts", "warning")


def from_document(
    concept: Concept, passages: Sequence[Passage], cited: Sequence[Passage] = ()
) -> list[dict[str, Any]]:
    """The definition, an example where the document has a passage that can serve as one, the places elsewhere
    that are `cited`, then its links.
    """
    first, last = concept.lines
    where = " > ".join([*concept.path, concept.title])
    opening = next((p for p in passages if p.first), None)
    example, kind = shown_by(passages)
    shared = opening is not None and example is not None and example.lines == opening.lines
    if opening is None:
        about = [
            _local(
                concept,
                (first, last),
                f"{where}: whole section" if any(p.role != "requires" for p in passages) else where,
                "definition",
            )
        ]
    else:
        lines = (
            (min(first, opening.lines[0]), opening.lines[1])
            if opening.lines[0] - first <= 3
            else opening.lines
        )
        what = "definition" if opening.role == "definition" else "what is said first"
        about = [_local(concept, lines, f"{where}: {what}", "definition", opening, shared)]
    if example is not None:
        about.append(
            _local(
                concept,
                example.lines,
                f"{where}: {kind}",
                "reference" if kind in _NO_EXAMPLE else "example",
                example,
                shared,
            )
        )
    places = dict.fromkeys(p.lines for p in cited)
    about += [_local(concept, at, f"{where}: what is said of it elsewhere", "other") for at in places]
    return [*about, *_links(concept)]


def shown_by(passages: Sequence[Passage]) -> tuple[Passage | None, str]:
    """The passage that shows the concept at work, and what that passage is. Where the source has no exercise,
    example, code, worked number or question it is what the source says beyond the definition; where it says
    no more there is none."""
    found: dict[str, Passage] = {}
    for passage in passages:
        kind = "" if passage.first else _kind(passage)
        if kind and (kind not in found or (passage.explicit and not found[kind].explicit)):
            found[kind] = passage
    return next(((found[k], k) for k in _KINDS if k in found), (None, ""))


def _kind(passage: Passage) -> str:
    text = passage.text
    match passage.role:
        case "practice":
            return "exercise"
        case "code" | "question":
            return passage.role
        case "pitfall":
            return "warning"
        case "definition" | "fact" | "example" | "other":
            if passage.data:
                return "table row"
            if passage.role == "example" and (passage.explicit or _TOLD_EXAMPLE.search(text)):
                return "example"
            if _is_worked(text):
                return "worked number"
            # A script that writes no spaces has no words to count.
            return (
                "further facts"
                if len(text.split()) >= _SHORTEST_FACT or (not text.isascii() and len(text) >= 6)
                else ""
            )
        case _:
            return ""


def _is_worked(text: str) -> bool:
    """Whether a number stands before a word or sign of result, and one behind it."""
    first = _DIGIT.search(text)
    mark = _WORKED.search(text, first.end()) if first else None
    return mark is not None and _DIGIT.search(text, mark.end()) is not None


def _local(
    concept: Concept,
    lines: tuple[int, int],
    title: str,
    role: str,
    passage: Passage | None = None,
    shared: bool = False,
) -> dict[str, Any]:
    """`shared`: the same lines serve two roles, so that the citation has to tell
    which part of them is meant.
    """
    first, last = lines
    span = f"L{first}" if first == last else f"L{first}-L{last}"
    place = f"line {first}" if first == last else f"lines {first}–{last}"
    column, part = (passage.column, passage.part if shared else "") if passage else ("", "")
    return {
        "title": title,
        "url": f"local://{quote(concept.document.location)}#{span}",
        "kind": "doc",
        "role": role,
        "citation": ", ".join(
            x for x in (place, column and f"column {column}", part, " > ".join(concept.path)) if x
        ),
    }


def _links(concept: Concept) -> list[dict[str, Any]]:
    blocks = concept.document.blocks
    out: dict[str, dict[str, Any]] = {}
    for at in sorted({*concept.blocks, *([concept.anchor] if concept.anchor >= 0 else [])}):
        block = blocks[at]
        for link in block.links:
            parts = Url(link.url).parts if link.url.isascii() and " " not in link.url else None
            if parts and parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc:
                line = (
                    f"line {block.lines[0]}"
                    if block.lines[0] == block.lines[1]
                    else f"lines {block.lines[0]}–{block.lines[1]}"
                )
                kind, role = _link_kind(parts.hostname, parts.path), _link_role(link.text)
                title = f"{concept.title}: {link.text.strip() or parts.hostname}"
                out.setdefault(
                    link.url,
                    {
                        "title": title,
                        "url": link.url,
                        "kind": kind,
                        "role": role,
                        "citation": f"linked in {line}",
                    },
                )
    return list(out.values())[:_LINKS]


def _link_kind(host: str, path: str) -> str:
    return next((kind for kind, pattern in _KIND_OF_LINK if pattern.search(f"{host}{path}".lower())), "doc")


def _link_role(text: str) -> str:
    """What a link is for, as far as its text says so."""
    return "example" if _EXAMPLE_LINK.search(text) else "reference"


def from_spec(concept: Concept, position: int) -> list[dict[str, Any]]:
    """Without a document the spec is the only source, and it names the concept in one place. It has no
    example, so none is cited.
    """
    return [
        {
            "title": f"{concept.title} in the topic spec",
            "url": f"local://inputs/topic_spec.json#/scope_in/{position}",
            "kind": "spec",
            "role": "definition",
            "citation": f"scope_in item {position + 1}: {concept.title}",
        }
    ]
