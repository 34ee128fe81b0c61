"""The generation loop: propose -> judge -> fix -> repair -> judge … until
accepted, out of budget or no better.

The best draft so far is handed on as soon as it is found, and nothing that comes later can make it worse:
neither its score, nor any measure that a rule protects. A repair that would is asked for again in parts. The
trace says of every round what was asked for and done, what the rules said, what it cost, why its draft was
not taken, and at the end why the loop stopped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, NamedTuple

from dagogy.api.errors import DagogyError, PluginError, ProviderError, ValidationFailed
from dagogy.api.providers import (
    Budget,
    Proposal,
    ProposeRequest,
    Provider,
    RepairInvalidRequest,
    RepairRequest,
)
from dagogy.api.rules import Finding
from dagogy.api.scope import ScopeReading
from dagogy.contracts.documents import json_values
from dagogy.contracts.types import CURRICULUM_VERSION
from dagogy.pipeline.asking import ask, blame
from dagogy.pipeline.fixes import apply_fixes, offered
from dagogy.pipeline.gaps import emptied
from dagogy.pipeline.judge import Judge, ValidationResult
from dagogy.pipeline.measures import measure_document
from dagogy.pipeline.repair_batch import RepairBatch
from dagogy.pipeline.report import plural
from dagogy.pipeline.rule_context import RunContext
from dagogy.workspace.files import to_json

Action = Literal["propose", "fix", "repair"]
_NO_HIGHER = "it does not raise the score"
#: Measures that a round of the trace has a key of its own for, beside the list of all.
_KEYS_IN_TRACE = ("coverage", "order")
#: The trace keeps this many findings of a round; the report of the best draft has all.
_FINDINGS_IN_TRACE = 40


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """The limits of the loop, from the settings of the same names; None is no limit."""

    max_iterations: int
    max_actions: int
    target_score: float
    max_calls: int | None = None
    max_tokens: int | None = None

    def left(self, spent: Mapping[str, float]) -> Budget:
        """What may still be asked for."""
        tokens = spent.get("input_tokens", 0) + spent.get("output_tokens", 0)
        return Budget(
            calls=None if self.max_calls is None else self.max_calls - spent.get("calls", 0),
            tokens=None if self.max_tokens is None else self.max_tokens - tokens,
        )


class Asked(NamedTuple):
    """One ask of the provider: what it was for, how it ended, what it cost. `cause`: of a failure, where the
    provider knows it.
    """

    action: Action
    outcome: Literal["ok", "failed"]
    model: str
    usage: Mapping[str, float]
    cause: str = ""


@dataclass(slots=True)
class Draft:
    """A curriculum as bytes, with what the rules say of it, and what its provider says that it was
    made from. `measured`: what they say of it by the evidence of the first draft, with whose
    measures its own are compared."""

    data: bytes
    context: RunContext
    validation: ValidationResult
    measured: ValidationResult
    reading: ScopeReading | None = None

    @property
    def rank(self) -> tuple[bool, bool, float, int]:
        """What makes one draft better than another: first that it can be read at all, since of one that
        cannot most rules have nothing to say. The score ends at 0, below which only the number of errors
        tells of progress."""
        return self.readable, self.validation.passed, self.validation.score, -self.validation.count("error")

    @property
    def readable(self) -> bool:
        """Whether it meets the schema."""
        return not self.context.schema_problems("curriculum")


@dataclass(slots=True)
class Generation:
    """What came of the loop."""

    best: Draft
    accepted: bool
    stop_reason: str
    trace: dict[str, Any]

    @property
    def model(self) -> str:
        """The model that answered last; "" where the provider uses none."""
        return next((r["model"] for r in reversed(self.trace["iterations"]) if r["model"]), "")


class DraftStore:
    """What the loop hands its drafts to. `recovery`: for the trace, on whose account the loop runs, where a
    recovery started it.
    """

    recovery: Mapping[str, Any] | None = None

    def context(self, data: bytes, reading: ScopeReading | None) -> RunContext:
        """What the rules are asked about: the curriculum in `data`, with its evidence."""
        raise NotImplementedError

    def keep(self, draft: Draft) -> None:
        """Takes a draft that is better than all before."""

    def asked(self, asked: Asked) -> None:
        """Notes an ask of the provider, also one that failed."""

    def progress(self, line: str) -> None:
        """Shows how far the loop is."""

    def clean(self, answer: Any) -> Any:
        """An answer without secrets."""
        return answer

    def authored(self, document: Any) -> Any:
        """A draft, as JSON values, with what an author wrote into an earlier one."""
        return document


@dataclass(slots=True)
class Loop:
    """One generation. `origin` is the provider's distribution and version, for blame. `spent` adds up what
    the provider's answers cost, failed ones too."""

    provider: Provider
    origin: str
    judge: Judge
    request: ProposeRequest
    budget: LoopLimits
    drafts: DraftStore
    best: Draft | None = None
    rounds: list[dict[str, Any]] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)
    evidence: ScopeReading | None = None

    def run(self) -> Generation:
        """Raises `ProviderError` or `PluginError` when not even a first draft could be had; a failing repair
        ends the loop with the best.
        """
        proposal = self._ask(
            "propose",
            lambda: self.provider.propose(replace(self.request, budget=self.budget.left(self.spent))),
        )
        if proposal is None:
            raise blame(self.provider, self.origin, "proposed nothing")
        self._fixed(self._take("propose", proposal))
        iteration, reason, batch = 1, "", RepairBatch(self.budget.max_actions)
        while not reason:
            best = self.best
            assert best is not None
            if best.validation.passed and best.validation.score >= self.budget.target_score:
                reason = "accepted: no errors, and the score reaches the target"
            elif iteration >= self.budget.max_iterations:
                reason = f"out of budget: {self.budget.max_iterations} iterations"
            else:
                iteration += 1
                reason = self._repaired(best, batch)
        assert self.best is not None
        accepted = self.best.validation.passed and self.best.validation.score >= self.budget.target_score
        return Generation(self.best, accepted, reason, self._trace(accepted, reason))

    def _repaired(self, best: Draft, batch: RepairBatch) -> str:
        """Asks for one repair of the best draft; returns why the loop must stop, or "" to go on."""
        part = batch.next(best.validation.findings)
        if not part:
            reason = batch.reason(best.validation.findings)
            return f"no better: {reason or 'the rules have no finding left that could be repaired'}"
        left = self.budget.left(self.spent)
        used_up = _used_up(left)
        if used_up:
            return f"out of budget: {used_up} is used up"
        rounds = len(self.rounds)
        try:
            proposal = self._ask("repair", self._repair(best, part, left))
            if proposal is None and not best.readable:
                return "no better: the draft does not meet the schema, so it cannot be repaired in place"
            if proposal is None:
                batch.unfixed(part, "the provider has no repair for the findings left")
                return ""
            self._fixed(self._take("repair", proposal, asked=part))
        except (ProviderError, PluginError) as error:
            spent = error.details.get("cause") in ("calls_spent", "tokens_spent")
            return f"{'out of budget' if spent else 'the provider failed'}: {error.message}"
        # A repair counts with its safe fixes in it: what it leaves for them is no fault of it.
        if self.best is not best:
            batch.fixed()
        else:
            rejected = next((r["rejected"] for r in self.rounds[rounds:] if r["rejected"] != _NO_HIGHER), "")
            batch.refused(
                part,
                f"the repair was rejected: {rejected}" if rejected else "the repair did not raise the score",
            )
        return ""

    def _repair(self, best: Draft, part: Sequence[Finding], left: Budget) -> Callable[[], Proposal | None]:
        """The call that repairs `part` of the findings of the best draft."""
        common = {
            **{f.name: getattr(self.request, f.name) for f in fields(ProposeRequest)},
            "budget": left,
            "findings": part,
        }
        # What the provider gets is its own: should it change that in place, the best draft stays what it is.
        given = best.context.view()
        if best.readable:
            return lambda: self.provider.repair(RepairRequest(**common, draft=given.curriculum))
        return lambda: self.provider.repair_invalid(RepairInvalidRequest(**common, document=_values(given)))

    def _fixed(self, draft: Draft) -> None:
        """Applies safe fixes as long as they make the draft better."""
        while offered(draft.validation.findings, unsafe=False):
            document, done = apply_fixes(draft.context.document, draft.validation.findings, unsafe=False)
            if not done:
                break
            fixed = self._take(
                "fix",
                Proposal(curriculum=document, reading=draft.reading),
                [f"{f.rule_id}: {f.fix.description}" for f in done if f.fix],
            )
            if fixed.rank <= draft.rank or fixed.measured.lowers(draft.measured):
                break
            draft = fixed

    def _ask(self, action: Action, call: Callable[[], Any]) -> Proposal | None:
        try:
            answer = self._proposal(ask(self.provider, self.origin, call))
        except DagogyError as error:
            self._account(
                Asked(
                    action,
                    "failed",
                    str(error.details.get("model", "")),
                    _usage_in(error.details),
                    str(error.details.get("cause", "")),
                )
            )
            raise
        if answer is not None:
            self._account(Asked(action, "ok", answer.model, answer.usage))
        return answer

    def _account(self, asked: Asked) -> None:
        for name, value in asked.usage.items():
            self.spent[name] = self.spent.get(name, 0) + value
        self.drafts.asked(asked)

    def _proposal(self, answer: Any) -> Proposal | None:
        if answer is None or isinstance(answer, Proposal):
            if answer is not None and not (
                _is_usage(answer.usage) and _is_notes(answer.notes) and isinstance(answer.model, str)
            ):
                raise blame(
                    self.provider,
                    self.origin,
                    (
                        "answered with a Proposal whose notes are not a list of texts, whose usage is not a "
                        "mapping of numbers, or whose model is no text"
                    ),
                )
            return answer
        raise blame(self.provider, self.origin, f"answered with a {type(answer).__name__}, not a Proposal")

    def _take(
        self, action: Action, proposal: Proposal, fixes: Sequence[str] = (), asked: Sequence[Finding] = ()
    ) -> Draft:
        try:
            data = _encoded(self.drafts.clean(proposal.curriculum), self.drafts.authored)
        except (TypeError, ValueError, RecursionError) as error:
            raise blame(
                self.provider, self.origin, f"answered with something that is not JSON: {error}"
            ) from error
        # A repair that gives no evidence leaves that of the draft it repaired.
        reading = proposal.reading or (self.best.reading if self.best else None)
        evidence = reading or self.request.reading
        context = self.drafts.context(data, evidence)
        validation = measured = self.judge.judge(context)
        self.evidence = self.evidence or evidence
        if evidence != self.evidence:
            # A repair that reads something else into the source does not move the
            # mark that it is measured by.
            measured = self.judge.judge(self.drafts.context(data, self.evidence))
        draft = Draft(data, context, validation, measured, reading)
        rejected = ""
        if self.best is not None:
            rejected = (
                draft.measured.lowers(self.best.measured) or _emptied(draft, self.best)
                if draft.rank > self.best.rank
                else _NO_HIGHER
            )
        parts = {
            "best": not rejected,
            "rejected": rejected,
            "asked": [_brief(f) for f in asked],
            "fixes": list(fixes),
        }
        self.rounds.append({**_round(len(self.rounds) + 1, action, draft, proposal), **parts})
        found = ", ".join(plural(draft.validation.count(kind), kind) for kind in ("error", "warning"))
        self.drafts.progress(f"{action}: score {draft.validation.score:g}, {found}")
        if not rejected:
            self.best = draft
            self.drafts.keep(draft)
        return draft

    def _trace(self, accepted: bool, reason: str) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "provider": self.provider.info.id,
            "model": self.provider.settings.model,
            "target_score": self.budget.target_score,
            "max_iterations": self.budget.max_iterations,
            "accepted": accepted,
            "stop_reason": reason,
            "best_iteration": max((r["iteration"] for r in self.rounds if r["best"]), default=0),
            "usage": self.spent,
            "recovery": self.drafts.recovery,
            "iterations": self.rounds,
        }


def _used_up(left: Budget) -> str:
    """The setting of which nothing is left; "" while something may be asked for."""
    limits = ((left.calls, "AGENT_MAX_CALLS"), (left.tokens, "AGENT_MAX_TOKENS"))
    return next((setting for limit, setting in limits if limit is not None and limit <= 0), "")


def _values(context: RunContext) -> Any:
    """The document as plain JSON values, with `?` for half a character in a text; None
    where it is nested too deeply.
    """
    try:
        return context.document
    except ValidationFailed:
        pass
    try:
        return json.loads(
            json.dumps(json.loads(context.curriculum_bytes), ensure_ascii=False).encode(errors="replace")
        )
    except RecursionError:
        return None


def _is_usage(usage: Any) -> bool:
    return isinstance(usage, Mapping) and all(
        isinstance(name, str) and isinstance(value, int | float) and math.isfinite(value)
        for name, value in usage.items()
    )


def _usage_in(details: Mapping[str, Any]) -> Mapping[str, float]:
    """What a failure says that it cost."""
    usage = details.get("usage")
    return dict(usage) if isinstance(usage, Mapping) and _is_usage(usage) else {}


def _is_notes(notes: Any) -> bool:
    return (
        isinstance(notes, Sequence)
        and not isinstance(notes, str)
        and all(isinstance(note, str) for note in notes)
    )


def _emptied(draft: Draft, best: Draft) -> str:
    if not (draft.readable and best.readable):
        return ""
    return emptied(draft.context.nodes, best.context.nodes, best.validation.findings)


def _encoded(document: Any, authored: Callable[[Any], Any]) -> bytes:
    """The bytes of a draft. What dagogy writes is of the current version, whatever a provider says."""
    values = authored(json_values(document) if is_dataclass(document) else document)
    if isinstance(values, dict):
        values = {"schema_version": None, **values} | {"schema_version": CURRICULUM_VERSION}
    return to_json(values)


def _round(iteration: int, action: Action, draft: Draft, proposal: Proposal) -> dict[str, Any]:
    validation = draft.validation
    return {
        "iteration": iteration,
        "action": action,
        "score": validation.score,
        "errors": validation.count("error"),
        "warnings": validation.count("warning"),
        "rules_failed": [o.rule_id for o in validation.failed_rules],
        "measures": [measure_document(m) for m in draft.measured.measures],
        **{
            name: next((m.value for m in draft.measured.measures if m.name == name), None)
            for name in _KEYS_IN_TRACE
        },
        "findings": [_brief(f) for f in validation.findings[:_FINDINGS_IN_TRACE]],
        "findings_total": len(validation.findings),
        "notes": list(proposal.notes),
        "usage": dict(proposal.usage),
        "model": proposal.model,
    }


def _brief(finding: Finding) -> Mapping[str, Any]:
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity,
        "pointer": finding.pointer,
        "message": finding.message,
    }
