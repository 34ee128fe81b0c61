"""Asks about the nodes with gaps, a few in a call, several calls side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dagogy.api.llm.answers import BadAnswer
from dagogy.api.llm.calls import Asker, Calls
from dagogy.api.llm.filling import (
    SCHEMA_NAME,
    NodeAnswer,
    answer_schema,
    estimated_tokens,
    fill_task,
    grouped,
    node_answer,
    node_ids,
    read_nodes,
)
from dagogy.api.llm.prompts import ask_again, prompt
from dagogy.api.llm.questions import Answer, Question
from dagogy.api.providers import Filled, FillPlan, FillRequest, ModelCall, OpenNode, PlannedCall

if TYPE_CHECKING:
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

    provider: Asker
    request: FillRequest
    answers: dict[str, NodeAnswer] = field(default_factory=dict)
    missing: list[OpenNode] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._calls = Calls(self.provider, self.request, STAGE)
        self._crew = self._calls.crew
        for node in self.request.nodes:
            self._look_up(node)

    def plan(self) -> FillPlan:
        calls = []
        for group in self._groups():
            question = self._question(group)
            tokens = estimated_tokens(question.length, group)
            calls.append(PlannedCall(nodes=node_ids(group), input_tokens=tokens[0], output_tokens=tokens[1]))
        return FillPlan(calls=calls, kept=list(self.answers))

    def run(self) -> Filled:
        """Raises the failure where nobody could be asked about anything."""
        if self.answers:
            ids = list(self.answers)
            self.request.called(
                ModelCall(stage=STAGE, nodes=ids, outcome="ok", model=self._calls.model, cached=True)
            )
        self._crew.run(self._groups(), self._fill)
        stopped = self._crew.stopped
        if self._calls.failure is not None and not any(
            answer.fields or not answer.problems for answer in self.answers.values()
        ):
            raise self._calls.failure
        return Filled(
            fields={n: dict(a.fields) for n in self._order() if (a := self.answers[n]).fields},
            left={n: dict(a.left) for n in self._order() if (a := self.answers[n]).left},
            usage=self._calls.usage,
            model=self._calls.model,
            notes=self._calls.notes,
            stopped=stopped,
        )

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
        self._calls.model = self._calls.model or str(kept.get("model", ""))

    def _key(self, node: OpenNode) -> str:
        return self.provider.answer_key(self._question([node]))

    def _question(self, nodes: Sequence[OpenNode]) -> Question:
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
        question = self._question(nodes)
        tries = _Tries(self.provider.settings.retry_budget)
        partly: dict[str, NodeAnswer] = {}
        while True:
            answer, bad = self._calls.asked(question, nodes)
            if answer is not None:
                partly = self._taken(answer, nodes)
                nodes = [node for node in nodes if node.node.id in partly]
                told = [problem for found in partly.values() for problem in found.problems]
                bad = BadAnswer("wrong_shape", "; ".join(told), told)
            assert bad is not None
            if not nodes or self._halved(nodes, bad.cause):
                return
            if not tries.another(bad.cause):
                self._leave(nodes, tries.told or bad.why, partly)
                return
            first = self._question(nodes)
            told = [str(problem) for problem in bad.problems] or [bad.why]
            question = replace(first, text=ask_again(first.text, bad.cause, told))

    def _halved(self, nodes: Sequence[OpenNode], cause: str) -> bool:
        """Asks about two halves of `nodes`, where one of several may be at fault; whether it was so."""
        if cause not in _PARTED or len(nodes) < 2:
            return False
        half = len(nodes) // 2
        self._fill(nodes[:half])
        self._fill(nodes[half:])
        return True

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
            self._calls.cache.keep(self._key(node), {"node": part, "model": answer.model})
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
            done, usage = len(self.answers), self._calls.usage
            tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
            self.request.progress(
                f"{done} of {len(self.request.nodes)} nodes, {int(usage['calls'])} calls, "
                f"{int(tokens):,} tokens"
            )


@dataclass
class _Tries:
    """How often one question is asked. An answer that was cut off gets a second chance whatever the budget
    says: it may be shorter.
    """

    budget: int
    done: int = 0
    cut: int = 0

    def another(self, cause: str) -> bool:
        """Whether it may be asked once more after it failed with `cause`."""
        self.cut += cause == "incomplete"
        self.done += 1
        if cause == "incomplete":
            return self.cut < _CUT
        return cause in _ASKED_AGAIN and self.done <= self.budget

    @property
    def told(self) -> str:
        return f"cut off {self.cut} times" if self.cut >= _CUT else ""
