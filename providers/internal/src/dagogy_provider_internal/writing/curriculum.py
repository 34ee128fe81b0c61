"""Puts the curriculum document together: nodes in the order of study, with text, estimates and resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dagogy.api.documents import TopicSpec
from dagogy.api.scope import Quotation
from dagogy.api.text import Words

from dagogy_provider_internal.language.frames import Frames, language_of
from dagogy_provider_internal.language.keys import same_key
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.estimates import minutes
from dagogy_provider_internal.study import Studied, item_of, misconceptions_about
from dagogy_provider_internal.writing import resources
from dagogy_provider_internal.writing.asked import asked_elsewhere
from dagogy_provider_internal.writing.kinds import kind_of
from dagogy_provider_internal.writing.material import Quote, quotes_of
from dagogy_provider_internal.writing.node import Writer, nearest


@dataclass(slots=True)
class Written:
    """A curriculum with what each of its nodes, by id, can say."""

    document: dict[str, Any]
    writers: dict[str, Writer]

    def quotations(self) -> tuple[Quotation, ...]:
        """Where the texts of the nodes stand in the source."""
        return tuple(
            Quotation(name, place, quote.text, quote.lines, quote.location)
            for name, writer in self.writers.items()
            for place, quote in writer.said().items()
        )


def written(topic: str, studied: Studied, spec: TopicSpec) -> Written:
    """The curriculum of what was studied, before the rules were asked."""
    concepts, order = studied.concepts, studied.arrangement.order
    source = next((c.document for c in concepts if c.anchor >= 0), None)
    frames = Frames(language_of(source, [c.title for c in concepts]))
    found = [quotes_of(c, frames.language or "en") for c in concepts]
    quotes = _without_repeats(found, order, {same_key(c.title) for c in concepts})
    elsewhere = asked_elsewhere(concepts, frames.language or "en")
    small, names = _small_and_names(concepts)
    beside: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for concept in concepts:
        beside[concept.path].append(concept.title)
    before: dict[int, list[int]] = defaultdict(list)
    for edge in studied.arrangement.edges:
        before[edge.after].append(edge.before)
    place = {i: k for k, i in enumerate(order)}
    nodes, writers = [], {}
    for i in order:
        concept = concepts[i]
        writer = Writer(
            concept,
            quotes[i],
            elsewhere.get(i, []),
            misconceptions_about(concept, spec.misconceptions),
            nearest(concept.title, beside[concept.path]),
            frames,
            small,
            names,
            spec.constraints.depth,
        )
        writers[concept.id] = writer
        prerequisites = [concepts[p].id for p in sorted(before[i], key=place.__getitem__)]
        nodes.append(_node(writer, prerequisites, spec))
    document: dict[str, Any] = {"topic": topic, "nodes": nodes}
    return Written(document, writers)


def _node(writer: Writer, prerequisites: list[str], spec: TopicSpec) -> dict[str, Any]:
    concept = writer.concept
    links = (
        resources.from_document(concept, writer.quotes)
        if concept.anchor >= 0
        else resources.from_spec(concept, item_of(concept, spec))
    )
    fields = writer.fields()
    if spec.evidence_mode != "minimal" and (why := resources.lacking(links)):
        fields["gaps"].append({"field": "resources", "reason": writer.frames.reason(why)})
    time = minutes(concept, kind_of(concept, writer.frames.language))
    return {
        "id": concept.id,
        "title": concept.title,
        **({"group": concept.group} if concept.group else {}),
        **({"optional": True} if concept.optional else {}),
        "capability": fields["capability"],
        "prerequisites": prerequisites,
        "core_ideas": fields["core_ideas"],
        "pitfalls": fields["pitfalls"],
        "mastery_check": fields["mastery_check"],
        "estimate_minutes": int(time) if time == int(time) else round(time, 1),
        "resources": links,
        "estimate_confidence": writer.confidence,
        "gaps": fields["gaps"],
    }


def _without_repeats(
    quotes: Sequence[list[Quote]], order: Sequence[int], titles: Collection[tuple[str, ...]]
) -> list[list[Quote]]:
    """The quotations of each concept without those that one before it in the order of study has too, and
    without the names of other concepts.
    """
    owner: dict[str, int] = {}
    out: list[list[Quote]] = [[] for _ in quotes]
    for i in order:
        out[i] = [
            q
            for q in quotes[i]
            if owner.setdefault(q.text.casefold(), i) == i
            and not (q.role == "topic" and same_key(q.text) in titles)
        ]
    return out


def _small_and_names(concepts: Sequence[Concept]) -> tuple[frozenset[str], frozenset[str]]:
    """The words, in lower case, that the documents write small, and those that they write with a capital,
    within their sentences.
    """
    documents = {id(c.document): c.document for c in concepts}
    parts = {
        part
        for document in documents.values()
        for block in document.blocks
        if block.kind in ("paragraph", "list_item", "quote", "table_row")
        for before, part in pairwise(block.text.split())
        if before[-1] not in ".:!?•–-"
    }
    written: dict[bool, set[str]] = {True: set(), False: set()}
    for part in parts:
        first = part.strip(",.;:()")[:1]
        if first.islower() or first.istitle():
            written[first.islower()].update(Words.of(part))
    return frozenset(written[True]), frozenset(written[False])


def open_questions(document: Mapping[str, Any], writers: Mapping[str, Writer]) -> list[dict[str, Any]]:
    """One question for each concept that the source does not explain."""
    asked = "What is there to learn about {name}?"
    return [
        {
            "question": writer.frames(asked, name=writer.frames.quoted(node["title"])) or f"{node['title']}?",
            "related_nodes": [node["id"]],
            "status": "open",
        }
        for node in document["nodes"]
        if (writer := writers.get(node["id"])) and len(node["core_ideas"]) < 2
    ]
