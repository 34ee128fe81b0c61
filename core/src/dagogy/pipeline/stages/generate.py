"""Generates the curriculum of a run, and shows what a language model would be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import DagogyError, InvalidArgument
from dagogy.api.providers import Proposal, ProposeRequest, Provider
from dagogy.api.scope import ScopeReading
from dagogy.contracts.documents import decode_curriculum, decode_topic_spec
from dagogy.pipeline.asking import ask
from dagogy.pipeline.authoring.pins import PINS, count, read_pins, with_pins
from dagogy.pipeline.evidence import quotation_parts, reading_parts
from dagogy.pipeline.report import plural
from dagogy.pipeline.rule_context import RunContext
from dagogy.pipeline.session import OpenRun
from dagogy.pipeline.stages.inputs import Progress, ScopeRequest, origin_of, read_material, require_inputs
from dagogy.pipeline.stages.loop import Asked, Draft, DraftStore, Generation, Loop, LoopLimits
from dagogy.workspace.answers import RunAnswers
from dagogy.workspace.files import content_hash, to_json
from dagogy.workspace.provenance import recovery_account
from dagogy.workspace.stages import CURRICULUM, EVIDENCE, PREVIOUS, TRACE, UNREADABLE, VALID, evidence_hash

if TYPE_CHECKING:
    from dagogy.api.llm import Question


def preview(opened: OpenRun, scope: ScopeRequest | None, provider: Provider, template: bytes) -> Question:
    """What a provider on top of a language model would be asked first. Writes nothing and sends nothing.

    Raises `InvalidArgument` for another kind of provider, and as `require_inputs` does.
    """
    from dagogy.api.llm import LanguageModelProvider

    if not isinstance(provider, LanguageModelProvider):
        raise InvalidArgument(
            f"provider '{provider.info.id}' asks no language model, so there is no prompt",
            hint="choose one that does with --provider",
        )
    require_inputs(opened, scope)
    material = read_material(opened, scope, provider, template)
    spec = (decode_topic_spec(material.spec).value if material and material.spec else None) or opened.context(
        b""
    ).spec
    sources = [s for s in opened.sources() if material is None or s.location != material.document.location]
    if material is not None:
        sources.insert(0, material.document)
    request = ProposeRequest(
        spec=spec,
        sources=sources,
        reading=material.reading if material else None,
        requirements=opened.session.judge.requirements(),
    )
    return provider.question(replace(request, seed_draft=_seed_draft(opened, provider, request)))


def _seed_draft(opened: OpenRun, provider: Provider, request: ProposeRequest) -> Callable[[], Any]:
    """Makes the draft of the default provider for another one; None where it has no sound one."""

    def draft() -> Any:
        session = opened.session
        if provider.info.id == session.default_provider_id:
            return None
        try:
            default = session.provider(session.default_provider_id)
            proposal = ask(default, origin_of(opened, default), lambda: default.propose(request))
        except DagogyError:
            return None
        return (
            decode_curriculum(to_json(proposal.curriculum)).value if isinstance(proposal, Proposal) else None
        )

    return draft


def generate(
    opened: OpenRun,
    provider: Provider,
    reading: ScopeReading | None,
    progress: Progress,
    *,
    fresh: bool = False,
) -> Generation:
    """Runs the generation loop; the best draft so far is always the curriculum in the run.
    Raises what the provider raises.

    `fresh`: answers that were kept are not used again.
    """
    settings, clean = opened.session.settings, opened.session.clean
    request = ProposeRequest(
        spec=opened.context(b"").spec,
        sources=opened.sources(),
        reading=reading,
        requirements=opened.session.judge.requirements(),
        judged=lambda curriculum, made_from: (
            opened.session.judge.judge(
                opened.context(to_json(curriculum), evidence=lambda: made_from or reading)
            ).findings
        ),
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
    drafts = RunDrafts(opened, provider, progress)
    result = Loop(provider, origin_of(opened, provider), opened.session.judge, request, budget, drafts).run()
    result = replace(result, stop_reason=clean(result.stop_reason), trace=clean(result.trace))
    opened.run.write_json(TRACE, result.trace)
    opened.metadata.note(
        "generated",
        f"curriculum of {plural(result.best.validation.nodes, 'node')} by {provider.info.id}",
        score=result.best.validation.score,
    )
    opened.run.event(
        "generated",
        provider=provider.info.id,
        score=result.best.validation.score,
        stop_reason=result.stop_reason,
        usage=result.trace["usage"],
    )
    opened.refresh()
    return result


class RunDrafts(DraftStore):
    """The drafts of one generation in the run: the best so far is always its curriculum, and what stood
    before becomes the previous one.
    """

    def __init__(self, opened: OpenRun, provider: Provider, progress: Progress) -> None:
        self._opened, self._provider, self._progress = opened, provider, progress
        self._before = opened.run.read(CURRICULUM) if opened.run.exists(CURRICULUM) else None
        self.recovery = recovery_account(opened.session.settings.environ)
        stamp = opened.metadata.stamps.get("curriculum", {})
        if self._before is not None and stamp.get("made_by") == "edit":
            progress(
                "generate",
                f"curriculum.json was changed by hand: kept as {PREVIOUS}; 'dagogy edit' keeps changes",
            )
        self._pins = read_pins(opened.run)
        if pins := count(self._pins):
            progress("generate", f"{plural(pins, 'edit')} of the author kept ({PINS})")

    def context(self, data: bytes, reading: ScopeReading | None) -> RunContext:
        return self._opened.context(data, evidence=lambda: reading)

    def keep(self, draft: Draft) -> None:
        opened, made_by = self._opened, self._provider.info.id
        begin_draft(opened, self._before, draft.data)
        self._before = None
        if draft.reading is None:
            opened.run.remove(EVIDENCE)
        else:
            opened.run.write_json(
                EVIDENCE,
                self.clean(
                    {
                        "schema_version": 1,
                        "provider": made_by,
                        **reading_parts(draft.reading),
                        "quotations": quotation_parts(draft.reading),
                    }
                ),
            )
        opened.state.hashes["evidence"] = evidence_hash(opened.run)
        write_draft(opened, draft.data, made_by, opened.state.inputs)

    def asked(self, asked: Asked) -> None:
        provider, clean = self._provider, self._opened.session.clean
        facts = {
            "provider": provider.info.id,
            "endpoint": provider.endpoint,
            "model": asked.model or provider.settings.model,
            "action": asked.action,
        }
        self._opened.run.event(
            "provider_asked",
            **clean({**facts, "outcome": asked.outcome, "cause": asked.cause, "usage": dict(asked.usage)}),
        )

    def progress(self, line: str) -> None:
        self._progress("generate", line)

    def authored(self, document: Any) -> Any:
        return with_pins(document, self._pins)

    def clean(self, answer: Any) -> Any:
        return self._opened.session.clean(answer, shapes=False)


def begin_draft(opened: OpenRun, before: bytes | None, data: bytes) -> None:
    """What comes before a draft of a round is written: the curriculum `before` the round becomes the previous
    one, and nothing that was said of it holds any more.
    """
    if before is not None and content_hash(before) not in _round_drafts(opened):
        _put_aside(opened, before)
    # Before it is written: killed in between, a draft must not pass for what an earlier round left.
    opened.metadata.stamps["round"] = {
        "drafts": [*dict.fromkeys([*_round_drafts(opened), content_hash(data)])]
    }
    opened.run.save(opened.metadata)
    # Nobody judged the new draft by way of this marker.
    opened.run.remove(VALID)


def write_draft(opened: OpenRun, data: bytes, made_by: str, inputs: Mapping[str, Any]) -> None:
    """Makes `data` the curriculum of the run. `inputs`: the hashes of what it was made from."""
    opened.run.write(CURRICULUM, data)
    opened.state.hashes["curriculum"] = content_hash(data)
    opened.metadata.stamps["curriculum"] = {
        "sha256": opened.state.hashes["curriculum"],
        "inputs": inputs,
        "made_by": made_by,
    }
    opened.run.save(opened.metadata)


def _round_drafts(opened: OpenRun) -> list[str]:
    """The hashes of the curricula that were written in a round that is not closed yet
    (`operations.close_round`).

    A command that was killed leaves one. Run again, it goes on with that round: what stood before it is still
    the previous curriculum. So does one whose round is closed, but which died before its log could say that
    it ended: nobody knows that its work is done.
    """
    stamp = opened.metadata.stamps.get("round", {})
    if stamp.get("pid") is not None and stamp["pid"] != opened.lost_pid:
        return []
    drafts = stamp.get("drafts")
    return [str(sha) for sha in drafts] if isinstance(drafts, list) else []


def _put_aside(opened: OpenRun, curriculum: bytes) -> None:
    """Keeps the curriculum that a new one replaces: as the previous one, or, where nothing could
    be compared with it, beside.
    """
    if decode_curriculum(curriculum).value is None:
        opened.run.write(UNREADABLE, curriculum)
        return
    opened.run.write(PREVIOUS, curriculum)
    opened.state.hashes["previous"] = content_hash(curriculum)
