"""What a provider reads out of a scope document, and how it is told: what was taken,
grouped, left out and merged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dagogy.api.errors import ValidationFailed
from dagogy.api.providers import Provider
from dagogy.api.scope import LeftOut, ScopeDocument, ScopeReading
from dagogy.pipeline.asking import ask, blame
from dagogy.pipeline.corrections import Corrections
from dagogy.pipeline.evidence import reading_parts
from dagogy.pipeline.results import Entry, Fate, Reading
from dagogy.pipeline.session import Session

__all__ = ["as_json", "entries", "read_concepts", "refusal_of", "told"]


def read_concepts(
    session: Session, provider: Provider, document: ScopeDocument, left_out: tuple[LeftOut, ...] = ()
) -> ScopeReading:
    """What the provider reads out of the document, or else the default provider. `left_out`: what the user's
    corrections took out of it.
    """
    reading = _asked(session, provider, document)
    if reading is None and provider.info.id != session.default_provider_id:
        reading = _asked(session, session.provider(session.default_provider_id), document)
    reading = reading or ScopeReading(())
    return (
        replace(reading, skipped=tuple(sorted((*reading.skipped, *left_out), key=lambda one: one.lines)))
        if left_out
        else reading
    )


def refusal_of(document: ScopeDocument, reading: ScopeReading) -> ValidationFailed | None:
    """Why no run can be made of the document: its provider refuses it, or found no
    concept. None where one can.
    """
    refusal = reading.refusal
    if refusal is not None:
        return ValidationFailed(refusal.message, hint=refusal.hint, details=dict(refusal.details))
    if not reading.concepts:
        return ValidationFailed(
            f"no concept found in {document.source}",
            hint=(
                "give it headings, a list of topics or a table of topics; --scope-mode seed-list takes one "
                "topic a line"
            ),
            details={"source": document.source, "mode": document.mode, "concepts": 0},
        )
    return None


def _asked(session: Session, provider: Provider, document: ScopeDocument) -> ScopeReading | None:
    origin = session.provider_plugin(provider.info.id).origin
    reading = ask(provider, origin, lambda: provider.read_scope(document))
    if reading is not None and not isinstance(reading, ScopeReading):
        raise blame(
            provider, origin, f"read the scope document as a {type(reading).__name__}, not a ScopeReading"
        )
    if reading is not None and not all(isinstance(one, LeftOut) for one in reading.skipped):
        raise blame(
            provider, origin, "read the scope document with something in 'skipped' that is no LeftOut"
        )
    return reading


def entries(document: ScopeDocument, reading: ScopeReading) -> list[Entry]:
    """All that was read, in the order of the document, which is the whole one: places are also told of what
    was not to be read.
    """
    where = _locators(document)

    def each() -> Iterator[Entry]:
        for concept in reading.concepts:
            place = where.get(concept.lines[0], "")
            yield Entry("taken", concept.title, "concept", concept.probability, "", concept.lines, place)
            yield from (
                Entry(
                    "merged", name, LeftOut.MERGED, None, f"went into “{concept.title}”", concept.lines, place
                )
                for name in concept.merged
            )
        for one in reading.skipped:
            yield Entry(
                _fate(one),
                one.text,
                one.role,
                one.probability,
                one.reason,
                one.lines,
                where.get(one.lines[0], ""),
            )

    return sorted(each(), key=lambda entry: entry.lines[0])


def told(
    whole: ScopeDocument, document: ScopeDocument, reading: ScopeReading, corrections: Corrections
) -> Reading:
    """The reading as it is shown. `whole`: the document as it was given; `document`: as it was
    read, by the `corrections`.
    """
    refused = refusal_of(document, reading)
    facts = {
        **as_json(whole, reading, corrections),
        "source": document.source,
        "title": document.title,
        "refused": None
        if refused is None
        else {
            "code": refused.code,
            "message": refused.message,
            "hint": refused.hint,
            "details": refused.details,
        },
        "edges": reading_parts(reading, document.source)["edges"],
    }
    return Reading(facts, entries(whole, reading), refused)


def _fate(one: LeftOut) -> Fate:
    return "grouped" if one.role == LeftOut.GROUP else "merged" if one.role == LeftOut.MERGED else "left out"


def _locators(document: ScopeDocument) -> dict[int, str]:
    """By first line the locators of the blocks that have one."""
    return {block.lines[0]: block.locator for block in reversed(document.blocks) if block.locator}


def as_json(document: ScopeDocument, reading: ScopeReading, corrections: Corrections) -> dict[str, Any]:
    """The content of `scope_concepts.json`. `document`: the whole one."""
    where = _locators(document)
    concepts = [
        {**concept, "locator": where.get(concept["lines"][0], "")}
        for concept in reading_parts(reading, document.location)["concepts"]
    ]
    skipped = [
        {
            "text": one.text,
            "reason": one.reason,
            "role": one.role,
            "probability": one.probability,
            "lines": list(one.lines),
            "locator": where.get(one.lines[0], ""),
        }
        for one in reading.skipped
    ]
    first = {
        "schema_version": 1,
        "source": document.location,
        "mode": document.mode,
        "course": reading.course,
        "reading": corrections.as_dict(),
    }
    return {**first, "concepts": concepts, "skipped": skipped}
