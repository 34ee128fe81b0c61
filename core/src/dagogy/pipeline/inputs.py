"""What `run` does before anything is judged: takes in scope document and topic spec, and generates the curriculum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from dagogy.api.errors import DagogyError, InvalidArgument, StageConflict, ValidationFailed
from dagogy.api.providers import Proposal, ProposeRequest, Provider
from dagogy.api.scope import ScopeDocument, ScopeReading
from dagogy.contracts.documents import decode_curriculum, decode_topic_spec
from dagogy.pipeline.evidence import reading_parts
from dagogy.pipeline.generate import Asked, Draft, Generation, Loop, LoopLimits, ask, blame
from dagogy.pipeline.report import plural
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.answers import RunAnswers
from dagogy.workspace.files import content_hash, to_json
from dagogy.workspace.provenance import recovery_account
from dagogy.workspace.stages import CONCEPTS, CURRICULUM, DAG, EVIDENCE, PREVIOUS, SCOPE, SPEC, TRACE, UNREADABLE, VALID, evidence_hash

if TYPE_CHECKING:
    from dagogy.api.llm import Question

Progress = Callable[[str, str], None]
Mode = Literal["full", "section", "seed-list"]


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """A scope document as the user gave it: its bytes, how it was named, and what of it is meant."""

    data: bytes
    source: str
    mode: Mode = "full"
    sections: Sequence[str] = ()


def require_inputs(opened: OpenRun, scope: ScopeRequest | None) -> None:
    """Raises `StageConflict` ("topic spec not ready") where there is neither a sound spec nor a document to make one from."""
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
    """What was read for a run, before any of it is written. `spec`: the topic spec to write, None where the user's own stands."""

    document: ScopeDocument
    reading: ScopeReading
    spec: bytes | None


def prepare_inputs(opened: OpenRun, scope: ScopeRequest | None, provider: Provider, template: bytes, progress: Progress) -> ScopeReading | None:
    """Reads the scope document, keeps it in the run, and sees to it that there is a valid topic spec.

    Nothing is written before all of it could be read. Raises as `require_inputs` does, and what the provider raises.
    """
    require_inputs(opened, scope)
    material = read_material(opened, scope, provider, template)
    if material is None:
        return None
    document, reading = material.document, material.reading
    run, stamps = opened.run, opened.metadata.stamps
    if scope is not None:
        text = document.text.encode()
        run.write(SCOPE, text)
        stamps["scope"] = {"sha256": content_hash(text), "mode": scope.mode, "sections": list(scope.sections), "source": scope.source}
        opened.state.hashes["scope"] = stamps["scope"]["sha256"]
    _write_spec(opened, material.spec)
    _write_reading(opened, document, reading)
    if scope is not None:
        run.event("scope_read", source=scope.source, mode=scope.mode, concepts=len(reading.concepts), edges=len(reading.edges))
    left_out = f"; {plural(len(reading.skipped), 'heading or item', 'headings or items')} left out, {CONCEPTS} says why" if reading.skipped else ""
    progress("scope", f"{plural(len(reading.concepts), 'concept')} and {plural(len(reading.edges), 'prerequisite edge')} read from {document.source}{left_out}")
    opened.refresh()
    return reading


def read_material(opened: OpenRun, scope: ScopeRequest | None, provider: Provider, template: bytes) -> Material | None:
    """The scope document as it is given, or as an earlier command kept it, and what is read out of it; None where there is none.

    Writes nothing. A topic spec that we made follows its scope document.
    """
    made_from_scope = scope is not None or "scope" in opened.metadata.stamps
    if scope is not None:
        from dagogy.pipeline.scope import decode_scope, read_scope, select_sections

        text = decode_scope(scope.data, scope.source)
        if scope.mode == "section":
            text = select_sections(text, scope.sections, source=scope.source)
        document = read_scope(text, source=scope.source, location=SCOPE, mode=scope.mode)
    elif opened.run.exists(SCOPE):
        document = next(d for d in opened.sources() if d.location == SCOPE)
    else:
        return None
    reading = read_concepts(opened, provider, document)
    return Material(document, reading, _spec_for(opened, document, reading, template) if made_from_scope else None)


def read_concepts(opened: OpenRun, provider: Provider, document: ScopeDocument) -> ScopeReading:
    """What the provider reads out of the document, or else the default provider. Raises `ValidationFailed` when it is nothing."""
    reading = _ask_reading(opened, provider, document)
    if reading is None and provider.info.id != opened.session.default_provider_id:
        reading = _ask_reading(opened, opened.session.provider(opened.session.default_provider_id), document)
    if reading is None or not reading.concepts:
        raise ValidationFailed(
            f"no concept found in {document.source}",
            hint="give it headings, a list of topics or a table of topics; --scope-mode seed-list takes one topic a line",
            details={"source": document.source, "mode": document.mode, "concepts": 0},
        )
    return reading


def _ask_reading(opened: OpenRun, provider: Provider, document: ScopeDocument) -> ScopeReading | None:
    origin = _origin(opened, provider)
    reading = ask(provider, origin, lambda: provider.read_scope(document))
    if reading is not None and not isinstance(reading, ScopeReading):
        raise blame(provider, origin, f"read the scope document as a {type(reading).__name__}, not a ScopeReading")
    return reading


def _origin(opened: OpenRun, provider: Provider) -> str:
    return opened.session.provider_plugin(provider.info.id).origin


def _spec_for(opened: OpenRun, document: ScopeDocument, reading: ScopeReading, template: bytes) -> bytes | None:
    """The spec to write, or None when the user's own stands."""
    from dagogy.pipeline.spec import synthesise_spec

    stamp = opened.metadata.stamps.get("topic_spec", {})
    ours = opened.state.hashes["topic_spec"] in (stamp.get("synthesised"), stamp.get("synthesised_before"))
    if opened.state.current[SPEC] and not ours:
        return None
    written = opened.run.read(SPEC) if opened.run.exists(SPEC) and not ours else b""
    return synthesise_spec(document, reading, written, template)


def _write_spec(opened: OpenRun, spec: bytes | None) -> None:
    if spec is not None:
        # The stamp goes first: killed in between, a spec of ours must not pass for one that the user wrote.
        before = opened.metadata.stamps.get("topic_spec", {}).get("synthesised", "")
        opened.metadata.stamps["topic_spec"] = {"synthesised": content_hash(spec), "synthesised_before": before}
        opened.run.save(opened.metadata)
        opened.run.write(SPEC, spec)
        opened.state.hashes["topic_spec"] = content_hash(spec)


def _write_reading(opened: OpenRun, document: ScopeDocument, reading: ScopeReading) -> None:
    parts = reading_parts(reading, document.location)
    concepts = parts.pop("concepts")
    skipped = [{"text": text, "reason": reason} for text, reason in reading.skipped]
    opened.run.write_json(CONCEPTS, {"schema_version": 1, "source": document.location, "mode": document.mode, "concepts": concepts, "skipped": skipped})
    opened.run.write_json(DAG, {"schema_version": 1, "source": document.location, "nodes": [c["id"] for c in concepts], **parts})
    opened.state.hashes["evidence"] = evidence_hash(opened.run)


def preview(opened: OpenRun, scope: ScopeRequest | None, provider: Provider, template: bytes) -> Question:
    """What a provider on top of a language model would be asked first. Writes nothing and sends nothing.

    Raises `InvalidArgument` for another kind of provider, and as `require_inputs` does.
    """
    from dagogy.api.llm import LanguageModelProvider

    if not isinstance(provider, LanguageModelProvider):
        raise InvalidArgument(f"provider '{provider.info.id}' asks no language model, so there is no prompt", hint="choose one that does with --provider")
    require_inputs(opened, scope)
    material = read_material(opened, scope, provider, template)
    spec = (decode_topic_spec(material.spec).value if material and material.spec else None) or opened.context(b"").spec
    sources = [s for s in opened.sources() if material is None or s.location != material.document.location]
    if material is not None:
        sources.insert(0, material.document)
    request = ProposeRequest(spec=spec, sources=sources, reading=material.reading if material else None, requirements=opened.session.judge.requirements())
    return provider.question(replace(request, seed_draft=_seed_draft(opened, provider, request)))


def _seed_draft(opened: OpenRun, provider: Provider, request: ProposeRequest) -> Callable[[], Any]:
    """Makes the draft of the default provider for another one; None where it has no sound one."""

    def draft() -> Any:
        session = opened.session
        if provider.info.id == session.default_provider_id:
            return None
        try:
            default = session.provider(session.default_provider_id)
            proposal = ask(default, _origin(opened, default), lambda: default.propose(request))
        except DagogyError:
            return None
        return decode_curriculum(to_json(proposal.curriculum)).value if isinstance(proposal, Proposal) else None

    return draft


def generate(opened: OpenRun, provider: Provider, reading: ScopeReading | None, progress: Progress, *, fresh: bool = False) -> Generation:
    """Runs the generation loop; the best draft so far is always the curriculum in the run. Raises what the provider raises.

    `fresh`: answers that were kept are not used again.
    """
    settings, clean = opened.session.settings, opened.session.clean
    request = ProposeRequest(
        spec=opened.context(b"").spec,
        sources=opened.sources(),
        reading=reading,
        requirements=opened.session.judge.requirements(),
        progress=lambda line: progress("generate", clean(line)),
        answers=RunAnswers(opened.run, opened.session.runs.base, clean, fresh=fresh),
    )
    request = replace(request, seed_draft=_seed_draft(opened, provider, request))
    budget = LoopLimits(
        settings.get("AGENT_MAX_ITERATIONS"),
        settings.get("AGENT_MAX_ACTIONS_PER_ITERATION"),
        settings.get("AGENT_TARGET_SCORE"),
        settings.get("AGENT_MAX_CALLS"),
        settings.get("AGENT_MAX_TOKENS"),
    )
    before = opened.run.read(CURRICULUM) if opened.run.exists(CURRICULUM) else None

    def keep(draft: Draft) -> None:
        nonlocal before
        if before is not None:
            if content_hash(before) not in _drafts(opened):
                _put_aside(opened, before)
            before = None
        # Before it is written: killed in between, a draft must not pass for what an earlier round left.
        opened.metadata.stamps["round"] = {"drafts": [*dict.fromkeys([*_drafts(opened), content_hash(draft.data)])]}
        opened.run.save(opened.metadata)
        # Nobody judged the new draft by way of this marker.
        opened.run.remove(VALID)
        if draft.reading is None:
            opened.run.remove(EVIDENCE)
        else:
            opened.run.write_json(EVIDENCE, clean({"schema_version": 1, "provider": provider.info.id, **reading_parts(draft.reading)}, shapes=False))
        opened.state.hashes["evidence"] = evidence_hash(opened.run)
        opened.run.write(CURRICULUM, draft.data)
        opened.state.hashes["curriculum"] = content_hash(draft.data)
        opened.metadata.stamps["curriculum"] = {"sha256": opened.state.hashes["curriculum"], "inputs": opened.state.inputs, "made_by": provider.info.id}
        opened.run.save(opened.metadata)

    def asked(one: Asked) -> None:
        facts = {"provider": provider.info.id, "endpoint": provider.endpoint, "model": one.model or provider.settings.model, "action": one.action}
        opened.run.event("provider_asked", **clean({**facts, "outcome": one.outcome, "cause": one.cause, "usage": dict(one.usage)}))

    loop = Loop(
        provider,
        _origin(opened, provider),
        opened.session.judge,
        request,
        budget,
        lambda data, reading: opened.context(data, evidence=lambda: reading),
        keep,
        lambda line: progress("generate", line),
        asked,
        recovery_account(settings.environ),
    )
    loop.clean = partial(clean, shapes=False)
    result = loop.run()
    result = replace(result, stop_reason=clean(result.stop_reason), trace=clean(result.trace))
    opened.run.write_json(TRACE, result.trace)
    opened.metadata.note("generated", f"curriculum of {plural(result.best.validation.nodes, 'node')} by {provider.info.id}", score=result.best.validation.score)
    opened.run.event("generated", provider=provider.info.id, score=result.best.validation.score, stop_reason=result.stop_reason, usage=result.trace["usage"])
    opened.refresh()
    return result


def _drafts(opened: OpenRun) -> list[str]:
    """The hashes of the curricula that were written in a round that is not closed yet (`operations.close_round`).

    A command that was killed leaves one. Run again, it goes on with that round: what stood before it is still the previous curriculum. So does one
    whose round is closed, but which died before its log could say that it ended: nobody knows that its work is done.
    """
    stamp = opened.metadata.stamps.get("round", {})
    if stamp.get("pid") is not None and stamp["pid"] != opened.lost_pid:
        return []
    drafts = stamp.get("drafts")
    return [str(sha) for sha in drafts] if isinstance(drafts, list) else []


def _put_aside(opened: OpenRun, curriculum: bytes) -> None:
    """Keeps the curriculum that a new one replaces: as the previous one, or, where nothing could be compared with it, beside."""
    if decode_curriculum(curriculum).value is None:
        opened.run.write(UNREADABLE, curriculum)
        return
    opened.run.write(PREVIOUS, curriculum)
    opened.state.hashes["previous"] = content_hash(curriculum)


def scope_request(data: bytes, source: str, mode: str, sections: Sequence[str]) -> ScopeRequest:
    """Checks how mode and sections go together. Raises `InvalidArgument`."""
    if mode == "section" and not sections:
        raise InvalidArgument("--scope-mode section needs at least one --scope-section HEADING", hint="add --scope-section with a heading of the document")
    if sections and mode != "section":
        raise InvalidArgument(f"--scope-section goes with --scope-mode section, not {mode}", hint="leave one of the two out")
    return ScopeRequest(data, source, mode, tuple(sections))  # type: ignore[arg-type]
