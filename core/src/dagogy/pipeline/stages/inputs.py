"""What `run` does before anything is asked for or judged: takes in scope document and topic spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal, get_args

from dagogy.api.errors import InvalidArgument, StageConflict
from dagogy.api.providers import Provider
from dagogy.api.readers import Source
from dagogy.api.scope import ScopeDocument, ScopeReading
from dagogy.api.text import shorten
from dagogy.pipeline.authoring.pins import amended, read_pins
from dagogy.pipeline.corrections import Corrections, apply, as_yaml, from_front_matter, merged, united
from dagogy.pipeline.documents import Readers, combined
from dagogy.pipeline.evidence import reading_parts
from dagogy.pipeline.reading import as_json, read_concepts, refusal_of, told
from dagogy.pipeline.report import plural
from dagogy.pipeline.results import Reading
from dagogy.pipeline.sections import select_sections
from dagogy.pipeline.session import OpenRun, Session
from dagogy.workspace.files import content_hash
from dagogy.workspace.stages import (
    CONCEPTS,
    DAG,
    READING,
    SCOPE,
    SCOPE_SOURCES,
    SPEC,
    evidence_hash,
)

#: What the name of a file may not have in a run, which may be unpacked anywhere.
_FOREIGN = re.compile(r"[^\w.+ -]")
_QUOTED = 100  # characters of the words that state a time
Progress = Callable[[str, str], None]
Mode = Literal["full", "section", "seed-list"]


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """What the user gave as scope document: its files, how it was named, what of it is meant, the reader,
    where one was named, and the absolute `paths` of what was named.

    Several files make one document, in their order.
    """

    files: Sequence[Source]
    source: str
    mode: Mode = "full"
    sections: Sequence[str] = ()
    format_id: str = ""
    paths: Sequence[str] = ()


def scope_request(
    files: Sequence[Source], source: str, mode: str, sections: Sequence[str], format_id: str = ""
) -> ScopeRequest:
    """Checks the mode, and how mode and sections go together. Raises `InvalidArgument`."""
    if mode not in get_args(Mode):
        raise InvalidArgument(
            f"scope mode {mode!r} is not one of {', '.join(get_args(Mode))}",
            hint="give one of these, or none",
        )
    if mode == "section" and not sections:
        raise InvalidArgument(
            "scope mode 'section' needs at least one heading",
            hint="add --scope-section with a heading of the document",
        )
    if sections and mode != "section":
        raise InvalidArgument(
            f"sections go with scope mode 'section', not {mode}", hint="leave one of the two out"
        )
    return ScopeRequest(tuple(files), source, mode, tuple(sections), format_id)  # type: ignore[arg-type]


def require_inputs(opened: OpenRun, scope: ScopeRequest | None) -> None:
    """Raises `StageConflict` ("topic spec not ready") where there is neither a sound spec nor
    a document to make one from.
    """
    made_from_scope = opened.run.exists(SCOPE) and "scope" in opened.metadata.stamps
    if scope is None and not opened.state.current[SPEC] and not made_from_scope:
        reason = opened.state.reasons.get(SPEC, "not filled in")
        raise StageConflict(
            f"topic spec not ready: {reason}",
            hint=f"fill in {opened.run.path / SPEC}, or: dagogy run {opened.run.id} --scope-file FILE",
            details={"run_id": opened.run.id, "stage": opened.state.stage, "artifact": SPEC},
        )


@dataclass(frozen=True, slots=True)
class Material:
    """What was read for a run, before any of it is written. `whole`: the document as it is kept,
    `document`: as it was read, by the `corrections` in effect. `spec`: the topic spec to write, None
    where the user's own stands."""

    whole: ScopeDocument
    document: ScopeDocument
    corrections: Corrections
    reading: ScopeReading
    spec: bytes | None

    def told(self) -> Reading:
        """The reading as it is shown."""
        return told(self.whole, self.document, self.reading, self.corrections)


def prepare_inputs(
    opened: OpenRun, scope: ScopeRequest | None, provider: Provider, template: bytes, progress: Progress
) -> Material | None:
    """Reads the scope document by the corrections that are given, keeps both in the run, and sees to it that
    there is a valid topic spec.

    Nothing is written before all of it could be read. Raises as `require_inputs` does,
    and what the provider raises.
    """
    require_inputs(opened, scope)
    material = read_material(opened, scope, provider, template)
    if material is None:
        return None
    document, reading = material.document, material.reading
    run, stamps = opened.run, opened.metadata.stamps
    if opened.given:
        kept = as_yaml(opened.corrections())
        run.write(READING, kept)
        opened.state.hashes["reading"] = content_hash(kept)
    if scope is not None:
        opened.keep(material.whole)
        names = _keep_sources(opened, scope)
        stamps["scope"] = {
            "sha256": content_hash(material.whole.text.encode()),
            "mode": scope.mode,
            "sections": list(scope.sections),
            "source": scope.source,
            "paths": list(scope.paths),
            "files": names,
        }
        opened.state.hashes["scope"] = stamps["scope"]["sha256"]
    write_spec(opened, material.spec)
    _write_reading(opened, material)
    if scope is not None:
        run.event(
            "scope_read",
            source=scope.source,
            mode=scope.mode,
            concepts=len(reading.concepts),
            edges=len(reading.edges),
        )
    progress(
        "scope",
        (
            f"{plural(len(reading.concepts), 'concept')} and "
            f"{plural(len(reading.edges), 'prerequisite edge')} read from {document.source}"
        ),
    )
    _tell_times(material, progress)
    opened.refresh()
    return material


def _tell_times(material: Material, progress: Progress) -> None:
    """Says which hours of the topic spec the document states, and which are assumed because it does not."""
    if material.spec is None:
        return
    from dagogy.pipeline.spec import assumptions

    for quote in material.reading.time.quotes:
        progress("scope", f"time as stated: “{shorten(quote, _QUOTED)}”")
    if assumed := assumptions(material.document, material.reading):
        progress("scope", f"not stated in {material.document.source}, so assumed: {'; '.join(assumed)}")


def read_material(
    opened: OpenRun, scope: ScopeRequest | None, provider: Provider, template: bytes
) -> Material | None:
    """The scope document as it is given, or as an earlier command kept it, and what is read out of it; None
    where there is none.

    Writes nothing. A topic spec that we made follows its scope document.
    """
    made_from_scope = scope is not None or "scope" in opened.metadata.stamps
    if scope is not None:
        whole = read_document(opened.session.readers, scope)
    elif opened.run.exists(SCOPE):
        whole = opened.kept_document()
    elif opened.given:
        raise InvalidArgument(
            f"{', '.join(opened.given.origins.values())}: run {opened.run.id} has no scope document that it "
            "could be about",
            hint="add --scope-file FILE",
        )
    else:
        return None
    corrections = opened.corrections_of(whole)
    document, left_out = apply(whole, corrections)
    reading = read_concepts(opened.session, provider, document, left_out)
    refused = refusal_of(document, reading)
    if refused is not None:
        raise refused
    return Material(
        whole,
        document,
        corrections,
        reading,
        _spec_for(opened, document, reading, template) if made_from_scope else None,
    )


def read_alone(session: Session, scope: ScopeRequest, given: Corrections) -> Reading:
    """What would be read out of a document by the corrections that are given and its own; no run is needed.
    One that is refused is read as well.
    """
    whole = read_document(session.readers, scope)
    corrections = merged(given, from_front_matter(whole))
    document, left_out = apply(whole, corrections)
    return told(whole, document, read_concepts(session, session.provider(), document, left_out), corrections)


def read_document(readers: Readers, scope: ScopeRequest) -> ScopeDocument:
    """The document that the user gave, as it is meant. Raises what `Readers.read`
    and `select_sections` raise.
    """
    read = [readers.read(file, scope.format_id) for file in scope.files]
    document = replace(combined(read, scope.source), source=scope.source, location=SCOPE, mode=scope.mode)
    if len(read) > 1:
        document = replace(document, front_matter=united(read))
    if scope.mode != "section":
        return document

    def surroundings(chosen: ScopeDocument, kept: Sequence[int]) -> tuple[str, str]:
        return (
            readers.surroundings(scope.files[0], scope.format_id, chosen, kept)
            if len(scope.files) == 1
            else ("", "")
        )

    return select_sections(document, scope.sections, surroundings)


def _keep_sources(opened: OpenRun, scope: ScopeRequest) -> list[str]:
    """Keeps the files as they were given in place of those of the document before; returns the
    names that they have there.
    """
    run, before = opened.run, opened.metadata.stamps.get("scope", {}).get("files")
    names: list[str] = []
    for file in scope.files:
        name = _FOREIGN.sub("_", PurePath(file.name).name).strip(".-") or "scope"
        while name in names:
            name = f"{len(names) + 1}-{name}"
        run.write(f"{SCOPE_SOURCES}/{name}", file.data)
        names.append(name)
    for name in before if isinstance(before, list) else ():
        if isinstance(name, str) and name == PurePath(name).name and name not in names:
            run.remove(f"{SCOPE_SOURCES}/{name}")
    return names


def origin_of(opened: OpenRun, provider: Provider) -> str:
    return opened.session.provider_plugin(provider.info.id).origin


def _spec_for(
    opened: OpenRun, document: ScopeDocument, reading: ScopeReading, template: bytes
) -> bytes | None:
    """The spec to write, or None when the user's own stands."""
    from dagogy.pipeline.spec import synthesise_spec

    ours = is_ours(opened)
    if opened.state.current[SPEC] and not ours:
        return None
    written = opened.run.read(SPEC) if opened.run.exists(SPEC) and not ours else b""
    return amended(synthesise_spec(document, reading, written, template), read_pins(opened.run))


def is_ours(opened: OpenRun) -> bool:
    """Whether the topic spec of the run is one that we made of its document."""
    stamp = opened.metadata.stamps.get("topic_spec", {})
    return opened.state.hashes["topic_spec"] in (stamp.get("synthesised"), stamp.get("synthesised_before"))


def write_spec(opened: OpenRun, spec: bytes | None) -> None:
    if spec is not None:
        # The stamp goes first: killed in between, a spec of ours must not pass for one that the user wrote.
        before = opened.metadata.stamps.get("topic_spec", {}).get("synthesised", "")
        opened.metadata.stamps["topic_spec"] = {
            "synthesised": content_hash(spec),
            "synthesised_before": before,
        }
        opened.run.save(opened.metadata)
        opened.run.write(SPEC, spec)
        opened.state.hashes["topic_spec"] = content_hash(spec)


def _write_reading(opened: OpenRun, material: Material) -> None:
    document, reading = material.document, material.reading
    opened.run.write_json(CONCEPTS, as_json(material.whole, reading, material.corrections))
    parts = reading_parts(reading, document.location)
    nodes = [concept["id"] for concept in parts.pop("concepts")]
    opened.run.write_json(DAG, {"schema_version": 1, "source": document.location, "nodes": nodes, **parts})
    opened.state.hashes["evidence"] = evidence_hash(opened.run)
