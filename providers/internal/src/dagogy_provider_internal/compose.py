"""Puts the curriculum document together: nodes in the order of study, with text, estimates and resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dagogy.api.documents import TopicSpec

from dagogy_provider_internal import resources
from dagogy_provider_internal.concept import Concept
from dagogy_provider_internal.content import SILENT, THIN, Around, Content, content_of, needs_cross_references
from dagogy_provider_internal.cross_references import CrossReferences, cross_references
from dagogy_provider_internal.estimates import effort, minutes
from dagogy_provider_internal.naming import core_name
from dagogy_provider_internal.phrasing import is_fragment, plain_words, uncapitalised
from dagogy_provider_internal.pitfalls import alike
from dagogy_provider_internal.reading import Studied, item_of, misconceptions_about
from dagogy_provider_internal.repeated import without_repeats
from dagogy_provider_internal.statements import Statement, is_plural, statements

#: The texts that a node of this id has where the source is taken to say nothing of its concept.
Bare = Callable[[str], dict[str, Any]]


def curriculum(topic: str, studied: Studied, spec: TopicSpec) -> tuple[dict[str, Any], list[Content], Bare]:
    """The curriculum, the contents in the order of its nodes, and what a node says
    that only names its concept.
    """
    order = studied.arrangement.order
    texts = without_repeats(studied.texts, order)
    stated = [statements(own, concept) for own, concept in zip(texts, studied.concepts, strict=True)]
    around = _surroundings(studied, stated, spec)
    contents = [
        content_of(studied.concepts[i], texts[i], stated[i], around[i], spec.constraints.depth) for i in order
    ]
    before: dict[int, list[int]] = defaultdict(list)
    for edge in studied.arrangement.edges:
        before[edge.after].append(edge.before)
    level: dict[int, int] = {}
    for i in order:
        level[i] = 1 + max((level[p] for p in before[i]), default=-1)
    work = [
        effort(studied.concepts[i].title, [(p.text, p.role == "code") for p in studied.texts[i]])
        for i in order
    ]
    limits = spec.constraints
    times = minutes(
        work,
        [level[i] for i in order],
        limits.total_hours_min,
        limits.total_hours_max,
        [studied.concepts[i].minutes for i in order],
    )
    place = {i: k for k, i in enumerate(order)}
    nodes = [
        _node(
            studied,
            i,
            content,
            [studied.concepts[p].id for p in sorted(before[i], key=place.__getitem__)],
            time,
            spec,
        )
        for i, content, time in zip(order, contents, times, strict=True)
    ]
    document: dict[str, Any] = {"topic": topic, "nodes": nodes}
    if spec.evidence_mode == "strict":
        document["open_questions"] = _open_questions([studied.concepts[i] for i in order], contents)

    def bare(node_id: str) -> dict[str, Any]:
        i = next(i for i in order if studied.concepts[i].id == node_id)
        content = content_of(
            studied.concepts[i],
            [],
            [],
            replace(around[i], cross_references=CrossReferences()),
            spec.constraints.depth,
        )
        return {**_texts(content), "estimate_confidence": content.confidence}

    return document, contents, bare


def _texts(content: Content) -> dict[str, Any]:
    return {
        "capability": content.capability,
        "core_ideas": content.core_ideas,
        "pitfalls": content.pitfalls,
        "mastery_check": {"task": content.task, "pass_criteria": content.criterion},
    }


def _node(
    studied: Studied, i: int, content: Content, before: list[str], time: float, spec: TopicSpec
) -> dict[str, Any]:
    concept = studied.concepts[i]
    treated = concept.anchor >= 0
    links = (
        resources.from_document(concept, studied.texts[i], content.cited)
        if treated
        else resources.from_spec(concept, item_of(concept, spec))
    )
    return {
        "id": concept.id,
        "title": concept.title,
        **({"group": concept.group} if concept.group else {}),
        **({"optional": True} if concept.optional else {}),
        "prerequisites": before,
        **_texts(content),
        "estimate_minutes": int(time) if time == int(time) else round(time, 1),
        "resources": links,
        "estimate_confidence": content.confidence,
    }


def _surroundings(studied: Studied, stated: Sequence[Sequence[Statement]], spec: TopicSpec) -> list[Around]:
    concepts = studied.concepts
    before: dict[int, list[str]] = defaultdict(list)
    after: dict[int, list[str]] = defaultdict(list)
    for edge in studied.arrangement.edges:
        before[edge.after].append(concepts[edge.before].title)
        after[edge.before].append(concepts[edge.after].title)
    references = cross_references(
        concepts,
        [
            i
            for i, (c, t) in enumerate(zip(concepts, studied.texts, strict=True))
            if needs_cross_references(c, t)
        ],
    )
    plain = plain_words(studied.texts, [c.title for c in concepts])
    definitions = [_definition(concept, few) for concept, few in zip(concepts, stated, strict=True)]
    near = alike([c.title for c in concepts], definitions)
    return [
        Around(
            before[i],
            after[i],
            references.get(i, CrossReferences()),
            misconceptions_about(concept, spec.misconceptions),
            plain,
            (concepts[near[i]].title, definitions[near[i]]) if i in near else ("", ""),
        )
        for i, concept in enumerate(concepts)
    ]


def _definition(concept: Concept, stated: Sequence[Statement]) -> str:
    """The sentence that defines a concept; a gloss without a verb ("A loop that
    tightens") as a sentence about it.
    """
    definition = next((s for s in stated if s.defines), None)
    if definition is None or definition.subject:
        return definition.text if definition else ""
    name = core_name(concept.title)
    return (
        f"{name} is {uncapitalised(definition.text)}"
        if is_fragment(definition.text, concept.title) and not is_plural(name)
        else ""
    )


def _open_questions(concepts: Sequence[Concept], contents: Sequence[Content]) -> list[dict[str, Any]]:
    """One question for each concept that the source does not explain, and one for each
    kind of text that others lack.
    """
    lacking: dict[str, list[Concept]] = defaultdict(list)
    out = []
    for concept, content in zip(concepts, contents, strict=True):
        if content.confidence <= THIN:
            out.append(
                {
                    "question": _question(concept.title, content),
                    "related_nodes": [concept.id],
                    "status": "open",
                }
            )
            continue
        for what in content.missing:
            lacking[what].append(concept)
    for what, few in lacking.items():
        named = ", ".join(c.title for c in few[:5]) + (" and others" if len(few) > 5 else "")
        thing = what.removeprefix("any ").removeprefix("a ")
        question = f"The source has no {thing} of its own for {named}: where can it be found?"
        out.append({"question": question, "related_nodes": [c.id for c in few], "status": "open"})
    return out


def _question(title: str, content: Content) -> str:
    if content.confidence <= SILENT:
        return f"What is “{title}”, and by what can it be learned? The source only names it."
    return f"What more is there to learn of “{title}”? The source has one statement on it."
