"""Which blocks of a document are concepts: the reading by its structure (`structure`) or by the model
(`recognition`), whichever tells more.
"""

from __future__ import annotations

from dagogy.api.scope import ScopeDocument

from dagogy_provider_internal.language.headings import heading_kind
from dagogy_provider_internal.reading.concept import Found
from dagogy_provider_internal.reading.continuations import joined
from dagogy_provider_internal.reading.corrected import as_told
from dagogy_provider_internal.reading.merging import merged_concepts
from dagogy_provider_internal.reading.module_table import description, topics, without
from dagogy_provider_internal.reading.modules import placed
from dagogy_provider_internal.reading.named import keep_names
from dagogy_provider_internal.reading.recognised import (
    as_found,
    better,
    without_administration,
    without_dates,
    without_unlikely,
)
from dagogy_provider_internal.reading.recognition import Recognition, is_course, recognise
from dagogy_provider_internal.reading.seeds import seed_concepts
from dagogy_provider_internal.reading.structure.kinds import FEW_PARTS
from dagogy_provider_internal.reading.structure.rows import SCHEDULE_COLUMN
from dagogy_provider_internal.reading.structure.sections import SectionReader


def find_concepts(document: ScopeDocument) -> Found:
    """All concepts of `document`, each once, in document order. Every caller gets the same: what is to be
    another has to be a copy.
    """
    if not _latest or _latest[0][0] != document:
        found = _found(document)
        for concept in found.concepts:
            concept.probability = found.probability(concept.title)
        if not document.concepts_at and document.mode != "seed-list":
            keep_names(found)
        placed(found.concepts)
        joined(found.concepts)
        found = merged_concepts(found)
        _latest[:] = [(document, found)]
    return _latest[0][1]


def _found(document: ScopeDocument) -> Found:
    recognition = recognise(document.blocks) if len(document.blocks) <= _MOST_BLOCKS else None
    probabilities = recognition.probabilities if recognition else {}
    if document.concepts_at:
        found = as_told(document, probabilities)
    elif document.mode == "seed-list":
        found = seed_concepts(document)
    else:
        found = _described(document, recognition) or _best_reading(document, recognition)
    found.probabilities = probabilities
    return found


def _described(document: ScopeDocument, recognition: Recognition | None) -> Found | None:
    """What the document teaches where tables state the facts of its course: what stands beside them, or where
    they are most of it, or nothing does, what their row of contents lists. None where no table does so.
    """
    described = description(document)
    if described is None:
        return None
    listed = topics(document, described)
    if len(listed.concepts) > 1 and described.share(document) >= _MOSTLY:
        return listed
    rest = without(document, described)
    found = _best_reading(rest, recognise(rest.blocks) if recognition else None)
    if len(found.concepts) > 1 or not listed.concepts:
        found.skipped += listed.skipped
        return found
    listed.skipped += found.skipped
    return listed


#: From this share of its words on the facts of a course are what a document is about.
_MOSTLY = 0.5
#: A document of more blocks is read by its structure alone: the model looks at each title closely.
_MOST_BLOCKS = 3000
#: From this expected F1 on the titles themselves say that the document is a course.
_SURE = 0.9
#: A shorter document has too little in it for the model to go by, and one shorter than the second figure to
#: be judged a course or none.
_FEW_BYTES, _JUDGED_BYTES = 150, 500
#: Chances from which on a title that the structure names is one, however it is worded.
_UNLIKELY, _UNLIKELY_IN_SHORT = 0.4, 0.2
#: Documents below this size are mostly written for dagogy, and their structure says it all.
_MANY_BYTES = 1300


def structural_reading(document: ScopeDocument) -> Found:
    """What the structure of the document names, whatever the model makes of it."""
    return SectionReader(document).read()


def _size(document: ScopeDocument) -> int:
    """The bytes of what is read of the document: of some of its sections, where only they are."""
    return (
        len(document.text.encode())
        if document.mode == "full"
        else sum(len(b.text.encode()) for b in document.blocks)
    )


def _best_reading(document: ScopeDocument, recognition: Recognition | None) -> Found:
    found = structural_reading(document)
    without_dates(found)
    size = _size(document)
    if recognition is None or size < _FEW_BYTES:
        return found
    if size >= _JUDGED_BYTES and recognition.worth < _SURE and not found.defined:
        found.course = is_course(document.blocks, recognition.seen)
    short = size < _MANY_BYTES
    if recognition.chosen and _is_worse(found, recognition, short=short):
        again = as_found(document, recognition)
        again.course = found.course
        without_administration(again, recognition)
        if again.concepts:
            return again
    _by_rows(found)
    _without_odd_headings(found, recognition)
    if size >= _MANY_BYTES:
        without_unlikely(found, recognition)
    return found


def _is_worse(found: Found, recognition: Recognition, *, short: bool) -> bool:
    """Whether the reading of the structure is to be given up for that of the model; else it loses what is
    worded like administration."""
    if short and _says_of_each(found):
        return False
    if better(found, recognition, short=short):
        return True
    below = _UNLIKELY_IN_SHORT if short else _UNLIKELY
    return without_administration(found, recognition, below=below)


def _says_of_each(found: Found) -> bool:
    """Whether the author says something of each name in its own item: then the names were chosen by the
    author."""
    return len(found.concepts) > 1 and all(c.gloss for c in found.concepts)


#: Of a document whose concepts are rows or items so few may be headings (share), and with less than this
#: share of the probability that the others have in the middle such a heading is none.
_ODD, _ODD_CHANCE = 0.4, 0.6


def _without_odd_headings(found: Found, recognition: Recognition) -> None:
    """Where rows or items name the concepts, a heading beside those that these stand under (`Team`,
    `Totals`), without a number, that the model does not take is a part of the document."""
    listed = [c for c in found.concepts if c.anchor >= 0 and c.document.blocks[c.anchor].kind != "heading"]
    odd = [c for c in found.concepts if c.anchor >= 0 and c.document.blocks[c.anchor].kind == "heading"]
    if len(listed) < 2 or not odd or len(odd) > _ODD * len(found.concepts):
        return
    taken = {chosen.text.casefold() for chosen in recognition.chosen}
    chances = sorted(recognition.probabilities.get(c.title.casefold(), 0.0) for c in listed)
    least = _ODD_CHANCE * chances[len(chances) // 2]
    blocks = found.concepts[0].document.blocks
    level = {b.path: b.level for b in blocks if b.kind == "heading"}
    deepest = max((level.get(blocks[c.anchor].path, 0) for c in listed), default=0)
    for concept in odd:
        name = concept.title.casefold()
        if concept.number or blocks[concept.anchor].level > deepest:
            continue
        if name not in taken and recognition.probabilities.get(name, 1.0) < least:
            found.concepts.remove(concept)
            found.skip(concept.title, "stands beside what names the concepts", "", concept.anchor)


def _by_rows(found: Found) -> None:
    """Where most concepts are rows of a timetable, its order is that of the course, and a row that is named
    like a part of a document is none.
    """
    rows = [
        c
        for c in found.concepts
        if c.anchor >= 0
        and (c.number or any(map(SCHEDULE_COLUMN.match, c.document.blocks[c.anchor].header)))
        and c.document.blocks[c.anchor].cells
    ]
    if 2 * len(rows) < len(found.concepts):
        return
    for concept in rows:
        if heading_kind(concept.title) in ("skip", "meta") and len(found.concepts) > FEW_PARTS:
            found.concepts.remove(concept)
            found.skip(concept.title, "is a structural heading", "structure", concept.anchor)
        concept.ordered = concept.ordered or not any(c.number for c in rows)


#: The document that was read last, with its concepts: a run reads the same one several times.
_latest: list[tuple[ScopeDocument, Found]] = []
