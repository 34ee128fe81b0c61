"""Providers on top of a language model: a provider is one method, text and schema in, text out.

`LanguageModelProvider` writes the prompt, asks, parses, checks and asks again;
`complete` is what a provider adds.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from dagogy.api.errors import ProviderError
from dagogy.api.llm.questions import Answer, Question
from dagogy.api.providers import (
    Filled,
    FillPlan,
    FillRequest,
    Proposal,
    ProposeRequest,
    Provider,
    RepairRequest,
)

__all__ = ["Answer", "LanguageModelProvider", "Question"]

#: Answers that a second try may fix: the model is told what was wrong.
_ASKED_AGAIN = ("prose", "not_json", "wrong_shape", "incomplete")
#: Causes with which something was answered, which is worth a look.
_ANSWERED = (*_ASKED_AGAIN, "refusal", "content_filter", "html", "error_body")
_TAIL = 2000


class LanguageModelProvider(Provider):
    """Base of the providers that ask a language model. A subclass implements `complete`, and `ready`.

    A question is asked once more, with what was wrong, as often as the retry budget says. An answer that
    could be used is kept under the hash of what was asked, so that nothing is paid for twice.
    """

    @property
    def api(self) -> str:
        """What else an answer depends on besides endpoint and model: the interface, the flags of a command.
        It is only hashed.
        """
        return ""

    def prepare(self) -> None:
        """Loads what is slow to load, such as an SDK. The clock of a question starts only then: that time is
        not the service's.
        """

    def complete(self, question: Question) -> Answer:
        """Asks the model once and returns what it wrote.

        The transport is the subclass's: sending, waiting, retrying what may be retried. It raises
        `ProviderError` whose `details` hold the facts (see `dagogy.api.errors.ProviderError`): a refusal, an
        incomplete or an empty answer is raised with its `cause`; what the answer says is not looked at.
        `usage` in `details` counts what a failed answer cost.
        """
        raise NotImplementedError

    def describe_failure(self, why: str) -> str:
        """The message of the error for an answer that cannot be used; `why` says what it
        was instead of a curriculum.
        """
        return f"{self.info.id} answered with {why}"

    def question(self, request: ProposeRequest) -> Question:
        """What would be asked for `request`."""
        from dagogy.api.llm.prompts import prompt, task

        schema = _schema()
        return Question(
            instructions=prompt("instructions").text,
            text=task(request, schema, self.settings.scope_text_max_chars),
            schema=schema,
            seconds=self.settings.timeout_seconds,
            progress=request.progress,
            memory=request.answers.memory,
        )

    def propose(self, request: ProposeRequest) -> Proposal:
        return self._answered(request)

    def repair(self, request: RepairRequest) -> Proposal | None:
        return self._answered(request)

    def fill(self, request: FillRequest) -> Filled:
        from dagogy.api.llm.stage_nodes import NodeStage

        return NodeStage(self, request).run()

    def fill_plan(self, request: FillRequest) -> FillPlan:
        from dagogy.api.llm.stage_nodes import NodeStage

        return NodeStage(self, request).plan()

    def _answered(self, request: ProposeRequest) -> Proposal:
        from dagogy.api.llm.answers import BadAnswer, read_curriculum
        from dagogy.api.llm.prompts import ask_again, versions

        question = first = self.question(request)
        key = self.answer_key(first)
        kept = _kept(request.answers.find(key))
        if kept is not None:
            return kept
        spent: dict[str, float] = {}
        notes: list[str] = [f"prompts: {versions(request)}"]
        for attempt in range(self.settings.retry_budget + 1):
            answer = self.ask_once(question, request, spent, notes)
            notes += answer.notes
            try:
                curriculum = read_curriculum(answer.text)
            except BadAnswer as bad:
                where = request.answers.reject(answer.text, bad.cause)
                notes.append(
                    f"an answer was rejected: it was {bad.why}" + (f"; kept in {where}" if where else "")
                )
                if attempt == self.settings.retry_budget or bad.cause not in _ASKED_AGAIN:
                    raise self._failure(bad, answer, spent, where) from None
                request.progress(f"asking again: {self.info.id} answered with {bad.why}")
                question = replace(
                    first, text=ask_again(first.text, bad.cause, [str(p) for p in bad.problems] or [bad.why])
                )
                continue
            request.answers.keep(key, {"text": answer.text, "model": answer.model, "usage": dict(spent)})
            return Proposal(curriculum=curriculum, notes=notes, usage=spent, model=answer.model)
        raise AssertionError("the last attempt returns or raises")

    def ask_once(
        self, question: Question, request: ProposeRequest, spent: dict[str, float], notes: list[str]
    ) -> Answer:
        """Asks; what it costs is added to `spent`, also when it fails. A failure tells what went before it,
        and keeps what was answered.
        """
        calls_left = self._calls_left(request, spent)
        self.prepare()
        question = replace(question, calls_left=calls_left, started=time.monotonic())
        try:
            answer = self.complete(question)
        except ProviderError as error:
            _add(spent, error.details.get("usage"))
            output, cause = error.details.get("output"), str(error.details.get("cause", ""))
            where = (
                request.answers.reject(output, cause)
                if output and isinstance(output, str) and cause in _ANSWERED
                else ""
            )
            common = {"provider": self.info.id, "endpoint": self.endpoint, "model": self.settings.model}
            error.details = {
                **common,
                **error.details,
                "usage": dict(spent),
                "rejected": where,
                "notes": list(notes),
            }
            raise
        _add(spent, {"calls": 1, "seconds": round(time.monotonic() - question.started, 3), **answer.usage})
        return answer

    def _calls_left(self, request: ProposeRequest, spent: Mapping[str, float]) -> int | None:
        """How many requests may still be sent. Raises `ProviderError` where it is none, or
        where the tokens are used up.
        """
        calls, tokens = request.budget.calls, request.budget.tokens
        spent_tokens = spent.get("input_tokens", 0) + spent.get("output_tokens", 0)
        calls_left = None if calls is None else int(calls - spent.get("calls", 0))
        if calls_left is not None and calls_left <= 0:
            raise self.used_up("AGENT_MAX_CALLS", "calls_spent", spent)
        if tokens is not None and spent_tokens >= tokens:
            raise self.used_up("AGENT_MAX_TOKENS", "tokens_spent", spent)
        return calls_left

    def used_up(self, setting: str, cause: str, spent: Mapping[str, float]) -> ProviderError:
        """The error for a budget of which nothing is left."""
        return ProviderError(
            f"{self.info.id} may ask no more: {setting} is used up",
            hint=f"raise {setting}, or leave it out; answers that were paid for are kept in the run",
            details={
                "cause": cause,
                "provider": self.info.id,
                "endpoint": self.endpoint,
                "model": self.settings.model,
                "usage": dict(spent),
            },
        )

    def answer_key(self, question: Question) -> str:
        """The hash of all that an answer to `question` depends on."""
        asked = [
            self.info.id,
            self.endpoint,
            self.settings.model,
            self.api,
            question.instructions,
            question.text,
            question.schema,
        ]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    def _failure(self, bad: Any, answer: Answer, spent: Mapping[str, float], where: str) -> ProviderError:
        return ProviderError(
            self.describe_failure(bad.why),
            hint=f"read what was answered in {where} of the run" if where else "",
            details={
                **answer.facts,
                "cause": bad.cause,
                "provider": self.info.id,
                "endpoint": self.endpoint,
                "model": answer.model or self.settings.model,
                "request_id": answer.request_id,
                "problems": [str(problem) for problem in bad.problems[:10]],
                "rejected": where,
                "output": answer.text[-_TAIL:],
                "usage": dict(spent),
            },
        )


def _kept(answer: Mapping[str, Any] | None) -> Proposal | None:
    """The proposal that was paid for before; None where nothing usable was kept."""
    from dagogy.api.llm.answers import BadAnswer, read_curriculum

    if answer is None or not isinstance(answer.get("text"), str):
        return None
    try:
        curriculum = read_curriculum(answer["text"])
    except BadAnswer:
        return None
    return Proposal(
        curriculum=curriculum,
        notes=["the answer was kept from an earlier ask and cost nothing"],
        usage={"calls": 0},
        model=str(answer.get("model", "")),
    )


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    from dagogy.api.llm.strict import strict_schema
    from dagogy.contracts.check import schema_text

    return strict_schema(json.loads(schema_text("curriculum")))


def _add(spent: dict[str, float], usage: Any) -> None:
    for name, value in (usage if isinstance(usage, Mapping) else {}).items():
        if isinstance(value, int | float):
            spent[name] = spent.get(name, 0) + value
