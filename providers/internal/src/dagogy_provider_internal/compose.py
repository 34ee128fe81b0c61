"""Puts the curriculum document together: nodes in the order of study, with text, estimates and resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from dagogy.api import TopicSpec

from dagogy_provider_internal import resources
from dagogy_provider_internal.concepts import Concept
from dagogy_provider_internal.content import Around, Content, content_of
from dagogy_provider_internal.estimates import minutes
from dagogy_provider_internal.naming import content_tokens
from dagogy_provider_internal.reading import Studied, misconceptions_about

_BESIDE = 4


def curriculum(topic: str, studied: Studied, spec: TopicSpec) -> tuple[dict[str, Any], list[Content]]:
    """The curriculum, and the contents in the order of its nodes."""
    around = _surroundings(studied, spec)
    order = studied.arrangement.order
    contents = [content_of(studied.concepts[i], studied.texts[i], around[i], spec.constraints.depth) for i in order]
    before: dict[int, list[int]] = defaultdict(list)
    for edge in studied.arrangement.edges:
        before[edge.after].append(edge.before)
    level: dict[int, int] = {}
    for i in order:
        level[i] = 1 + max((level[p] for p in before[i]), default=-1)
    words = [sum(len(p.text.split()) for p in studied.texts[i]) or 10 + 3 * len(studied.concepts[i].title.split()) for i in order]
    limits = spec.constraints
    times = minutes(words, [level[i] for i in order], limits.total_hours_min, limits.total_hours_max, [studied.concepts[i].minutes for i in order])
    place = {i: k for k, i in enumerate(order)}
    nodes = [
        _node(studied, i, content, [studied.concepts[p].id for p in sorted(before[i], key=place.__getitem__)], time, spec)
        for i, content, time in zip(order, contents, times, strict=True)
    ]
    document: dict[str, Any] = {"topic": topic, "nodes": nodes}
    if spec.evidence_mode == "strict":
        document["open_questions"] = _open_questions([studied.concepts[i] for i in order], contents)
    return document, contents


def _node(studied: Studied, i: int, content: Content, before: list[str], time: float, spec: TopicSpec) -> dict[str, Any]:
    concept = studied.concepts[i]
    treated = concept.anchor >= 0
    links = resources.from_document(concept, studied.texts[i]) if treated else resources.from_spec(concept, _spec_position(concept, spec))
    return {
        "id": concept.id,
        "title": concept.title,
        "capability": content.capability,
        "prerequisites": before,
        "core_ideas": content.core_ideas,
        "pitfalls": content.pitfalls,
        "mastery_check": {"task": content.task, "pass_criteria": content.criterion},
        "estimate_minutes": int(time) if time == int(time) else round(time, 1),
        "resources": links,
        "estimate_confidence": content.confidence,
    }


def _spec_position(concept: Concept, spec: TopicSpec) -> int:
    return next((k for k, item in enumerate(spec.scope_in) if " ".join(item.split()) == " ".join(concept.title.split())), 0)


def _surroundings(studied: Studied, spec: TopicSpec) -> list[Around]:
    concepts = studied.concepts
    before: dict[int, list[str]] = defaultdict(list)
    after: dict[int, list[str]] = defaultdict(list)
    for edge in studied.arrangement.edges:
        before[edge.after].append(concepts[edge.before].title)
        after[edge.before].append(concepts[edge.after].title)
    beside = _relatives(concepts, [i for i, t in enumerate(studied.texts) if len(t) < 3])
    partners = _partners(concepts, before, after, beside)
    return [
        Around(
            before[i],
            after[i],
            beside.get(i, ()),
            [(concepts[b].title, p) for b, p in studied.evidence.named_in.get(i, ())],
            partners[i],
            misconceptions_about(concept, spec.misconceptions),
        )
        for i, concept in enumerate(concepts)
    ]


def _partners(concepts: Sequence[Concept], before: dict[int, list[str]], after: dict[int, list[str]], beside: dict[int, list[str]]) -> list[tuple[str, str]]:
    """For each concept the neighbour by which it is told where the source says nothing else: the one that the fewest others are told by."""
    told: dict[str, int] = defaultdict(int)
    out: list[tuple[str, str]] = []
    for i in range(len(concepts)):
        options = [("before", t) for t in before[i]] + [("after", t) for t in after[i]] + [("beside", t) for t in beside.get(i, ())]
        kind, title = min(options, key=lambda o: told[o[1]], default=("", ""))
        told[title] += 1
        out.append((kind, title))
    return out


def _relatives(concepts: Sequence[Concept], wanted: Sequence[int]) -> dict[int, list[str]]:
    """For concepts with little text: those whose names share most with theirs, else others of their section."""
    by_word: dict[str, list[int]] = defaultdict(list)
    by_path: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, concept in enumerate(concepts):
        by_path[concept.path].append(i)
        for word in content_tokens(concept.title):
            by_word[word].append(i)
    out: dict[int, list[str]] = {}
    for i in wanted:
        own = content_tokens(concepts[i].title)
        shared: dict[int, float] = defaultdict(float)
        for word in own:
            for j in by_word[word][:200]:
                if j != i:
                    shared[j] += 1 / len(by_word[word])
        near = sorted(shared, key=lambda j: (-shared[j], concepts[j].title))[:_BESIDE]
        others = by_path[concepts[i].path]
        if len(near) < _BESIDE and len(others) > 1:
            ranked = sorted(others, key=lambda j: concepts[j].title)
            at = ranked.index(i)
            turned = ranked[at + 1 :] + ranked[:at]
            near += [j for j in turned[: 2 * _BESIDE] if j not in near][: _BESIDE - len(near)]
        out[i] = [concepts[j].title for j in near]
    return out


def _open_questions(concepts: Sequence[Concept], contents: Sequence[Content]) -> list[dict[str, Any]]:
    """One question for each kind of text that the source does not have."""
    lacking: dict[str, list[Concept]] = defaultdict(list)
    for concept, content in zip(concepts, contents, strict=True):
        for what in content.missing:
            lacking[what].append(concept)
    out = []
    for what, few in lacking.items():
        named = ", ".join(c.title for c in few[:5]) + (" and others" if len(few) > 5 else "")
        thing = what.removeprefix("any ").removeprefix("a ")
        question = f"The source has no {thing} of its own for {named}: where can it be found?"
        out.append({"question": question, "related_nodes": [c.id for c in few], "status": "open"})
    return out
