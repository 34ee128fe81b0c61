"""Asks about the nodes with gaps, a few in a call, several calls side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import ConfigError, DagogyError, ProviderError
from dagogy.api.llm.answers import BadAnswer
from dagogy.api.llm.crew import ABOUT_THE_ANSWER, Crew, SharedCache, Spending, Spent
from dagogy.api.llm.filling import (
    SCHEMA_NAME,
    NodeAnswer,
    answer_schema,
    estimated_tokens,
    fill_task,
    grouped,
    node_answer,
    read_nodes,
)
from dagogy.api.llm.prompts import ask_again, prompt
from dagogy.api.providers import Budget, Filled, FillPlan, FillRequest, ModelCall, OpenNode, PlannedCall

if TYPE_CHECKING:
    from dagogy.api.llm import Answer, LanguageModelProvider, Question
    from dagogy.contracts.types import GapField

STAGE = "fill"
#: An answer about one node that was cut off so often is not to be had.
_CUT = 2
#: With these causes another node of the same question may be at fault: asked about by itself, each tells.
_PARTED = frozenset({"incomplete", "refusal", "content_filter"})
#: With these it is asked once more, as often as the retry budget says, and told what was wrong.
_ASKED_AGAIN = frozenset({"prose", "not_json", "wrong_shape"})


@dataclass
class NodeStage:
    """One `FillRequest` on its way through a provider on top of a language model."""

    provider: LanguageModelProvider
    request: FillRequest
    answers: dict[str, NodeAnswer] = field(default_factory=dict)
    missing: list[OpenNode] = field(default_factory=list)
    model: str = ""
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.provider.settings
        self._crew = Crew(settings.concurrency)
        # One request, its retries, and one in another manner where the service wants that.
        self._spending = Spending(self.request.budget, settings.retry_budget + 2)
        self._cache = SharedCache(self.request.answers, self._crew.lock)
        self._total = len(self.request.nodes)
        self._first_failure: ProviderError | None = None
        for node in self.request.nodes:
            self._look_up(node)

    def plan(self) -> FillPlan:
        calls = []
        for group in self._groups():
            question = self._question(group)
            tokens = estimated_tokens(_length(question), group)
            calls.append(PlannedCall(nodes=_ids(group), input_tokens=tokens[0], output_tokens=tokens[1]))
        return FillPlan(calls=calls, kept=list(self.answers))

    def run(self) -> Filled:
        """Raises the failure where nobody could be asked about anything."""
        if self.answers:
            ids = list(self.answers)
            self.request.called(
                ModelCall(stage=STAGE, nodes=ids, outcome="ok", model=self.model, cached=True)
            )
        self._crew.run(self._groups(), self._fill)
        stopped = self._crew.stopped
        if self._first_failure is not None and not any(
            answer.fields or not answer.problems for answer in self.answers.values()
        ):
            raise self._first_failure
        return Filled(
            fields={n: dict(a.fields) for n in self._order() if (a := self.answers[n]).fields},
            left={n: dict(a.left) for n in self._order() if (a := self.answers[n]).left},
            usage=self._usage(),
            model=self.model,
            notes=self.notes,
            stopped=stopped,
        )

    def _usage(self) -> Mapping[str, float]:
        return {"calls": 0, **self._spending.usage}

    def _order(self) -> list[str]:
        return [node.node.id for node in self.request.nodes if node.node.id in self.answers]

    def _groups(self) -> list[list[OpenNode]]:
        return grouped(self.missing, self.provider.settings.scope_text_max_chars)

    # --- what was paid for before

    def _look_up(self, node: OpenNode) -> None:
        kept = self.request.answers.find(self._key(node))
        answer = node_answer(kept.get("node"), node) if kept is not None else None
        if kept is None or answer is None or answer.problems:
            self.missing.append(node)
            return
        self.answers[node.node.id] = answer
        self.model = self.model or str(kept.get("model", ""))

    def _key(self, node: OpenNode) -> str:
        return self.provider.answer_key(self._question([node]))

    def _question(self, nodes: Sequence[OpenNode]) -> Question:
        from dagogy.api.llm import Question

        return Question(
            instructions=prompt("fill_instructions").text,
            text=fill_task(self.request, nodes),
            schema=answer_schema(),
            schema_name=SCHEMA_NAME,
            seconds=self.provider.settings.timeout_seconds,
            progress=self._progress,
            hold=self._crew.hold,
            memory=self.request.answers.memory,
        )

    def _progress(self, line: str) -> None:
        with self._crew.lock:
            self.request.progress(line)

    # --- one group of nodes

    def _fill(self, nodes: Sequence[OpenNode]) -> None:
        """Asks about `nodes` until each has an answer, or a reason why it has none. What is right of an
        answer that stays wrong in parts is taken.
        """
        first = question = self._question(nodes)
        attempt = cut = 0
        partly: dict[str, NodeAnswer] = {}
        while True:
            answer, bad = self._asked(question, nodes)
            if answer is not None:
                partly = self._taken(answer, nodes)
                nodes = [node for node in nodes if node.node.id in partly]
                if not nodes:
                    return
                bad = BadAnswer("wrong_shape", "; ".join(p for a in partly.values() for p in a.problems))
                told = [problem for found in partly.values() for problem in found.problems]
                first = self._question(nodes)
            else:
                assert bad is not None
                told = [str(problem) for problem in bad.problems] or [bad.why]
                if bad.cause in _PARTED and len(nodes) > 1:
                    half = len(nodes) // 2
                    self._fill(nodes[:half])
                    self._fill(nodes[half:])
                    return
                cut += bad.cause == "incomplete"
            # An answer that was cut off gets a second chance whatever the budget says: it may be shorter.
            again = bad.cause in _ASKED_AGAIN or (bad.cause == "incomplete" and cut < _CUT)
            if not again or attempt >= max(self.provider.settings.retry_budget, min(cut, 1)):
                self._leave(nodes, f"cut off {cut} times" if cut >= _CUT else bad.why, partly)
                return
            attempt += 1
            question = replace(first, text=ask_again(first.text, bad.cause, told))

    def _asked(self, question: Question, nodes: Sequence[OpenNode]) -> tuple[Answer | None, BadAnswer | None]:
        """One call: the answer, or what was wrong with it or kept it from being had. Each call is booked."""
        self._crew.wait()
        if self._crew.is_over:
            return None, self._not_asked()
        tokens = sum(estimated_tokens(_length(question), nodes))
        try:
            with self._spending.aside(tokens, lambda: self._crew.is_over) as (calls, book):
                return self._called(question, nodes, calls, book)
        except Spent as spent:
            if not spent.setting:
                return None, self._not_asked()
            error = self.provider.used_up(spent.setting, spent.cause, self._usage())
            self._crew.stop(error)
            return None, BadAnswer("stopped", error.message)

    def _not_asked(self) -> BadAnswer:
        stopped = self._crew.stopped
        return BadAnswer("stopped", f"not asked any more: {stopped.message if stopped else 'interrupted'}")

    def _called(
        self,
        question: Question,
        nodes: Sequence[OpenNode],
        calls: int | None,
        book: Callable[[Mapping[str, float]], None],
    ) -> tuple[Answer | None, BadAnswer | None]:
        usage: dict[str, float] = {}
        request = replace(self.request, budget=Budget(calls=calls), answers=self._cache)
        answer: Answer | None = None
        notes: list[str] = []
        try:
            answer = self.provider.ask_once(question, request, usage, notes)
            read_nodes(answer.text, nodes)
        except BadAnswer as bad:
            assert answer is not None
            where = self._cache.reject(answer.text, bad.cause)
            self._note(f"an answer about {', '.join(_ids(nodes))} was rejected: it was {bad.why}", where)
            self._crew.answered()
            book(usage)
            self._booked(nodes, usage, answer.model, bad.cause)
            return None, bad
        except (ProviderError, ConfigError) as error:
            # A configuration that is wrong is so for all; so is a budget.
            cause = str(error.details.get("cause", ""))
            book(usage)
            self._booked(nodes, usage, str(error.details.get("model", "")), cause or error.code)
            self._refused(error)
            known = cause in ABOUT_THE_ANSWER
            return None, BadAnswer(cause if known else "failed", error.message)
        self._crew.answered()
        book(usage)
        self._booked(nodes, usage, answer.model, "")
        with self._crew.lock:
            self.notes += [note for note in answer.notes if note not in self.notes]
            self.model = answer.model or self.model
        return answer, None

    def _refused(self, error: DagogyError) -> None:
        if isinstance(error, ConfigError):
            raise error
        assert isinstance(error, ProviderError)
        if error.details.get("cause") not in ABOUT_THE_ANSWER:
            with self._crew.lock:
                self._first_failure = self._first_failure or error
        self._crew.failed(error)

    def _taken(self, answer: Answer, nodes: Sequence[OpenNode]) -> dict[str, NodeAnswer]:
        """Keeps what an answer says of each node that it answers for; what is wrong with the others."""
        parts = read_nodes(answer.text, nodes)
        again: dict[str, NodeAnswer] = {}
        for node in nodes:
            part = parts.get(node.node.id)
            found = node_answer(part, node)
            if found.problems:
                again[node.node.id] = found
                continue
            self._cache.keep(self._key(node), {"node": part, "model": answer.model})
            self._settled(node, found)
        return again

    def _leave(self, nodes: Sequence[OpenNode], why: str, partly: Mapping[str, NodeAnswer]) -> None:
        for node in nodes:
            found = partly.get(node.node.id, NodeAnswer())
            told = "; ".join(found.problems) or why
            left: dict[GapField, str] = {
                name: found.left.get(name, told) for name in node.fields if name not in found.fields
            }
            self._settled(node, NodeAnswer(dict(found.fields), left, [told]))

    def _settled(self, node: OpenNode, answer: NodeAnswer) -> None:
        with self._crew.lock:
            self.answers[node.node.id] = answer
            done, usage = len(self.answers), self._usage()
            tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
            self.request.progress(
                f"{done} of {self._total} nodes, {int(usage['calls'])} calls, {int(tokens):,} tokens"
            )

    def _note(self, line: str, where: str) -> None:
        with self._crew.lock:
            self.notes.append(line + (f"; kept in {where}" if where else ""))

    def _booked(self, nodes: Sequence[OpenNode], usage: Mapping[str, float], model: str, cause: str) -> None:
        call = ModelCall(
            stage=STAGE,
            nodes=_ids(nodes),
            outcome="failed" if cause else "ok",
            model=model,
            usage=dict(usage),
            cause=cause,
        )
        with self._crew.lock:
            self.request.called(call)


def _ids(nodes: Sequence[OpenNode]) -> list[str]:
    return [node.node.id for node in nodes]


def _length(question: Any) -> int:
    return len(question.instructions) + len(question.text)
