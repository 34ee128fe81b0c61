"""From documents and a spec to the concepts to be taught, and from these to the material of
`scope_concepts.json` and `scope_dag.json`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from dagogy.api.documents import TopicSpec
from dagogy.api.errors import InvalidArgument, ValidationFailed
from dagogy.api.scope import EdgeEvidence, Refusal, ScopeConcept, ScopeDocument, ScopeEdge, ScopeReading
from dagogy.api.text import Words, shorten

from dagogy_provider_internal.language.frames import purpose
from dagogy_provider_internal.language.keys import content_tokens, same_key
from dagogy_provider_internal.language.naming import aliases, assign_ids
from dagogy_provider_internal.ordering.arrangement import Arrangement, arrange
from dagogy_provider_internal.ordering.evidence import Edge, Evidence, Piece
from dagogy_provider_internal.ordering.signals import collect
from dagogy_provider_internal.ordering.weights import DEFAULT, Weights
from dagogy_provider_internal.reading.about import about, course_time, excluded
from dagogy_provider_internal.reading.account import left_out
from dagogy_provider_internal.reading.concept import Concept, Skipped
from dagogy_provider_internal.reading.concepts import find_concepts
from dagogy_provider_internal.reading.limits import fit
from dagogy_provider_internal.reading.passages import Passage, passages
from dagogy_provider_internal.reading.recognised import NO_COURSE

#: Prerequisites of a concept where the spec sets no limit.
DEFAULT_LIMIT = 4
#: Weight from which evidence that makes no edge is worth telling.
_SPEAKS = 0.1
_SHOWN = 400  # characters of a concept's evidence
_LEFT_OUT = 3  # names that the error about a document without concepts tells of
#: What a name has besides that of a thing when it means the first steps in it.
_OPENS = frozenset(
    "basic basics introduction intro to fundamentals of primer getting started with the".split()
)
_COVERED = 0.6  # share of an item's telling words in the title of the concept that teaches it


@dataclass(slots=True)
class Chosen:
    """What a curriculum is to teach: the concepts, at most how many prerequisites each may have, the topic,
    and what to tell of the choice.
    """

    concepts: list[Concept]
    limit: int
    topic: str
    notes: list[str]


@dataclass(slots=True)
class Studied:
    """Concepts with their text, evidence and order. The concepts stand by their titles; `listed` are their
    positions in the order of the source.
    """

    concepts: list[Concept]
    texts: list[list[Passage]]
    evidence: Evidence
    arrangement: Arrangement
    listed: list[int]


def study(concepts: list[Concept], limit: int, topic: str, weights: Weights = DEFAULT) -> Studied:
    """Gives the concepts their ids, and finds their text, evidence and order."""
    # Ties, and the rounding of sums, go by the titles and not by where the source happens to treat what.
    by_title = sorted(range(len(concepts)), key=lambda i: (Words.form(concepts[i].title), concepts[i].title))
    listed = sorted(range(len(concepts)), key=by_title.__getitem__)
    concepts = [concepts[i] for i in by_title]
    concepts = [
        replace(c, id=name) for c, name in zip(concepts, assign_ids([c.title for c in concepts]), strict=True)
    ]
    key = (limit, topic, weights, tuple(map(_identity, concepts)))
    if not _latest or _latest[0][0] != key:
        texts = [passages(c) for c in concepts]
        evidence = collect(concepts, texts, topic, weights)
        _latest[:] = [(key, Studied(concepts, texts, evidence, arrange(concepts, evidence, limit), listed))]
    return replace(_latest[0][1], listed=listed)


#: What was studied last, by all that it depends on: a run proposes of the concepts that it has read.
_latest: list[tuple[object, Studied]] = []


def _identity(c: Concept) -> object:
    parts = tuple((title, tuple(blocks)) for title, blocks in c.parts)
    parts_of_it = (
        c.title,
        c.anchor,
        tuple(c.blocks),
        c.path,
        c.gloss,
        tuple(c.names),
        parts,
        c.number,
        c.ordered,
        tuple(c.merged),
        c.needs,
        c.minutes,
        c.choice,
    )
    return id(c.document), parts_of_it


def read(document: ScopeDocument) -> ScopeReading:
    """What the document teaches, in which order, and what it says about the course; `READING_MAX` concepts
    unless its front matter asks for more.

    One that is no course, or names no concept, has a `refusal`.
    """
    found = find_concepts(document)
    stated = about(document)
    kept, skipped = [], []
    known = {same_key(p) for p in stated.prerequisites}
    for concept in found.concepts:
        item = excluded(concept.title, stated.scope_out)
        if item:
            skipped.append(Skipped(concept.title, f"is out of scope: {item}", "excluded", concept.anchor))
        elif _is_known(concept.title, known):
            skipped.append(
                Skipped(
                    concept.title,
                    "is a prerequisite: the learner knows it already",
                    "prerequisite",
                    concept.anchor,
                )
            )
        else:
            kept.append(concept)
    time = course_time(document, found.concepts)
    refusal = None
    if found.course is not None and found.course < NO_COURSE:
        refusal = _no_course(document, found.course)
    elif not kept:
        refusal = _refusal(
            no_concept(
                document, [f"“{shorten(one.text)}” {one.reason}" for one in (*found.skipped, *skipped)]
            )
        )
    asked = document.front_matter.get("node_count_max")
    kept, _ = fit(kept, 0, max(ScopeReading.MAX_CONCEPTS, asked if isinstance(asked, int) else 0))
    reading = scope_reading(study(kept, DEFAULT_LIMIT, document.title)) if kept else ScopeReading(())
    goal, audience = purpose(document) if kept else ("", "")
    return replace(
        reading,
        goal=stated.goal or goal,
        audience=stated.audience or audience,
        prerequisites=stated.prerequisites,
        scope_out=stated.scope_out,
        time=time,
        skipped=left_out(document, found, skipped),
        course=None if found.course is None else round(found.course, 3),
        refusal=refusal,
    )


def scope_reading(studied: Studied, spec: TopicSpec | None = None) -> ScopeReading:
    """The concepts and edges with their evidence, and the pairs with evidence that are no edges. What only an
    item of `spec` names is cited from there.
    """
    named = {
        c.title: f"inputs/topic_spec.json#/scope_in/{item_of(c, spec)}"
        for c in studied.concepts
        if spec and c.anchor < 0 and not c.blocks
    }
    concepts = tuple(
        ScopeConcept(
            c.id,
            c.title,
            c.path,
            (0, 0) if c.title in named else c.lines,
            _shown(c, t),
            named.get(c.title, c.document.location),
            tuple(m for m in c.merged if m != c.title),
            None if c.probability is None else round(c.probability, 3),
        )
        for c, t in ((studied.concepts[i], studied.texts[i]) for i in studied.listed)
    )
    found = studied.arrangement
    dropped = (d for d in found.dropped if d.reason != "weak" or d.edge.weight >= _SPEAKS)
    return ScopeReading(
        concepts,
        tuple(_scope_edge(studied, e, named) for e in found.edges),
        dropped=tuple(replace(_scope_edge(studied, d.edge, named, 1), dropped=d.reason) for d in dropped),
    )


def _scope_edge(studied: Studied, edge: Edge, named: Mapping[str, str], most: int | None = None) -> ScopeEdge:
    """The edge by the ids of its concepts, with at most so many pieces of evidence. `named`: where the titles
    stand that no document treats.
    """
    documents = [studied.concepts[i].document for i in (edge.after, edge.before)]
    pieces = tuple(_cited(p, documents, named) for p in edge.pieces[:most])
    first = next((p for p in pieces if p.quote), EdgeEvidence("", 0.0))
    before, after = studied.concepts[edge.before].id, studied.concepts[edge.after].id
    return ScopeEdge(before, after, pieces[0].kind, edge.weight, first.lines, first.quote, pieces)


def _cited(piece: Piece, documents: Sequence[ScopeDocument], named: Mapping[str, str]) -> EdgeEvidence:
    weight = round(1 - math.exp(-piece.value), 3)
    if piece.note:
        return EdgeEvidence(piece.kind, weight, note=piece.note)
    if piece.quote in named:
        return EdgeEvidence(piece.kind, weight, (0, 0), piece.quote, named[piece.quote])
    return EdgeEvidence(piece.kind, weight, piece.lines, piece.quote, _document_of(piece, documents))


def item_of(concept: Concept, spec: TopicSpec) -> int:
    """The position in `scope_in` of the item that names the concept; of a merged one, of its first."""
    names = {" ".join(name.split()) for name in (concept.title, *concept.merged)}
    return next((k for k, item in enumerate(spec.scope_in) if " ".join(item.split()) in names), 0)


def _document_of(piece: Piece, documents: Sequence[ScopeDocument]) -> str:
    """Where the piece stands: mostly where the dependent does, but what the prerequisite is good for is said
    where that is explained.
    """
    after, before = documents
    if after is before:
        return after.location
    first = piece.quote[:20]
    return (
        before.location
        if first not in "\n".join(after.text.splitlines()[piece.lines[0] - 1 : piece.lines[1]])
        else after.location
    )


def _is_known(title: str, known: Set[tuple[str, ...]]) -> bool:
    """Whether the learner brings `title` along, by its name or as the basics of what is known
    (`Spreadsheet basics` where spreadsheets are known).
    """
    if not known:
        return False
    words_left = [w for w in title.split() if Words.form(w) not in _OPENS]
    return same_key(title) in known or (
        bool(words_left) and len(words_left) < len(title.split()) and same_key(" ".join(words_left)) in known
    )


def _shown(concept: Concept, texts: Sequence[Passage]) -> str:
    first = next((p.text for p in texts if p.first), "") or next(
        (p.text for p in texts if p.role not in ("code", "requires")), ""
    )
    return shorten(first, _SHOWN) if first else concept.title


def _no_course(document: ScopeDocument, probability: float) -> Refusal:
    return Refusal(
        f"'{document.source}' is no course: by its words and its structure it is one with a probability of "
        f"{probability:.0%}",
        (
            "give a document that says what is taught; or say where its concepts stand with "
            "--concepts-from, or list them and use --scope-mode seed-list"
        ),
        {"source": document.source, "mode": document.mode, "probability": round(probability, 3)},
    )


def _refusal(error: ValidationFailed) -> Refusal:
    return Refusal(error.message, error.hint, error.details)


def no_concept(document: ScopeDocument, left_out: Sequence[str]) -> ValidationFailed:
    """The error that says so, with the first of what was left out and why."""
    left_out = list(dict.fromkeys(left_out))
    listed = "; ".join(left_out[:_LEFT_OUT]) + (
        f"; and {len(left_out) - _LEFT_OUT} more" if len(left_out) > _LEFT_OUT else ""
    )
    has_text = any(b.kind != "heading" for b in document.blocks)
    why = listed or (
        "its text has no heading, list or table that names one" if has_text else "it has no text but headings"
    )
    return ValidationFailed(
        f"no concept found in '{document.source}': {why}",
        hint=(
            "give each concept a heading with some text, a list item, or a table row with a 'Topic' column; "
            "say where they stand with --concepts-from; or use --scope-mode seed-list"
        ),
        details={"source": document.source, "mode": document.mode, "concepts": 0},
    )


# ---------------------------------------------------------------------------------------- choosing for a spec


def chosen(spec: TopicSpec, sources: Sequence[ScopeDocument], *, by_scope: bool) -> Chosen:
    """What to teach, within the limits of the spec: with `by_scope` the scope document's concepts where there
    is one, else the items of the spec.

    Raises `ValidationFailed` when the document names no concept, and
    `InvalidArgument` when the spec does not.
    """
    if by_scope and sources:
        scope = next((s for s in sources if s.location == "inputs/scope.md"), sources[0])
        concepts, notes = from_scope(scope, spec)
        if not concepts:
            raise no_concept(scope, notes)
        topic = scope.title or spec.goal
    else:
        concepts, notes = from_spec(spec, sources)
        if not concepts:
            raise InvalidArgument(
                "the topic spec asks for no concept: scope_in is empty",
                hint="list what is to be taught in 'scope_in'",
            )
        topic = spec.goal
    limits = spec.constraints
    least, most = (v if isinstance(v, int) else 0 for v in (limits.node_count_min, limits.node_count_max))
    found, done = fit(concepts, least, most)
    without_text = [c for c in concepts if c.anchor < 0] if sources else []
    if by_scope and sources:
        # An item may name what others are merged into.
        without_text = [
            Concept(item, scope, -1, [], (), names=aliases(item))
            for item in uncovered(spec.scope_in, [*concepts, *found])
        ]
        found, done = fit([*concepts, *without_text], least, most) if without_text else (found, done)
    limit = limits.max_prerequisites_per_node
    return Chosen(
        found,
        limit if isinstance(limit, int) else DEFAULT_LIMIT,
        topic,
        [*notes, *untreated(without_text, found), *done],
    )


def from_scope(document: ScopeDocument, spec: TopicSpec) -> tuple[list[Concept], list[str]]:
    """The document's concepts without what the spec excludes or takes as known, and what to tell of that."""
    notes: list[str] = []
    stated = about(document)
    wanted = {same_key(i) for i in spec.scope_in}
    known = {same_key(p) for p in spec.prerequisites} - wanted
    chosen: list[Concept] = []
    for concept in find_concepts(document).concepts:
        item = excluded(concept.title, [*spec.scope_out, *stated.scope_out], spec.scope_in)
        if item:
            notes.append(f"left out “{concept.title}”: out of scope ({item})")
        elif same_key(concept.title) not in wanted and _is_known(concept.title, known):
            notes.append(f"left out “{concept.title}”: the learner knows it already")
        else:
            chosen.append(concept)
    return chosen, notes


def uncovered(items: Iterable[str], concepts: Sequence[Concept]) -> list[str]:
    """The items that no single concept covers with its name."""
    items = list(items)
    missing = {same_key(item) for item in items}.difference(
        same_key(n) for c in concepts for n in (c.names or [c.title])
    )
    if not missing:
        return []
    titles = [frozenset(content_tokens(c.title)) for c in concepts]
    holding: dict[str, list[int]] = defaultdict(list)
    for i, stems in enumerate(titles):
        for stem in stems:
            holding[stem].append(i)
    out = []
    for item in items:
        if same_key(item) not in missing:
            continue
        stems = frozenset(content_tokens(item))
        near = {i for s in stems for i in holding.get(s, ())}
        if not any(len(stems & titles[i]) >= _COVERED * len(stems) for i in near):
            out.append(item)
    return out


def from_spec(spec: TopicSpec, sources: Sequence[ScopeDocument]) -> tuple[list[Concept], list[str]]:
    """The `scope_in` items as concepts, each with the text of the section of a source that is
    about it, where there is one.
    """
    by_key: dict[tuple[str, ...], Concept] = {}
    treated: list[Concept] = []
    for source in sources:
        for concept in find_concepts(source).concepts:
            treated.append(concept)
            for name in concept.names:
                by_key.setdefault(same_key(name), concept)
    notes: list[str] = []
    chosen: list[Concept] = []
    seen: set[tuple[str, ...]] = set()
    for item in spec.scope_in:
        if same_key(item) in seen:
            notes.append(f"“{item}” is named twice in scope_in")
            continue
        seen.add(same_key(item))
        match = next(
            (by_key[k] for k in (same_key(n) for n in aliases(item)) if k in by_key), None
        ) or _closest(item, treated)
        title = " ".join(item.split())
        if match is None:
            chosen.append(Concept(title, _EMPTY, -1, [], (), names=aliases(title)))
        else:
            names = list(dict.fromkeys([*aliases(title), *match.names]))
            chosen.append(replace(match, title=title, names=names, ordered=False, merged=[]))
    return chosen, notes


def untreated(items: Iterable[Concept], concepts: Sequence[Concept]) -> list[str]:
    """What to tell of the `items` of the spec that no section treats, once the `concepts` are those of the
    nodes: an item that names a group of the document has what was merged into it, and one that was merged
    itself is part of another node."""
    inside = {title: c.title for c in concepts for title in c.merged if title != c.title}
    treated = {c.title for c in concepts if c.anchor >= 0}
    notes = []
    for item in items:
        if item.title in inside:
            notes.append(f"“{item.title}” of the spec is treated in “{inside[item.title]}”")
        elif item.title not in treated:
            where = "the sources" if item.document is _EMPTY else f"'{item.document.source}'"
            notes.append(f"“{item.title}” of the spec is not treated as a concept in {where}")
    return notes


_EMPTY = ScopeDocument("topic_spec.json", "inputs/topic_spec.json", "", ())


def _closest(item: str, concepts: Sequence[Concept]) -> Concept | None:
    """The concept whose title shares most of its telling words with the item, if that is most of both."""
    stems = frozenset(content_tokens(item))
    best, value = None, 0.6
    for concept in concepts:
        other = frozenset(content_tokens(concept.title))
        share = len(stems & other) / len(stems | other) if stems | other else 0.0
        if share > value:
            best, value = concept, share
    return best


def misconceptions_about(concept: Concept, items: Iterable[str]) -> list[str]:
    """The spec's misconceptions that name the concept."""
    name = Words.form(concept.title)
    return [i for i in items if name in Words.form(i)]
