"""The calls of one stage: each is let through, counted, logged, and its failure weighed for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from dagogy.api.errors import ConfigError, ProviderError
from dagogy.api.llm.answers import BadAnswer
from dagogy.api.llm.crew import ABOUT_THE_ANSWER, Crew, SharedCache, Spending, Spent
from dagogy.api.llm.filling import estimated_tokens, node_ids, read_nodes
from dagogy.api.llm.questions import Answer, Question
from dagogy.api.providers import (
    Budget,
    FillRequest,
    ModelCall,
    OpenNode,
    ProposeRequest,
    ProviderSettings,
)


class Asker(Protocol):
    """What a stage needs of a provider on top of a language model."""

    settings: ProviderSettings

    def answer_key(self, question: Question) -> str: ...

    def ask_once(
        self, question: Question, request: ProposeRequest, spent: dict[str, float], notes: list[str]
    ) -> Answer: ...

    def used_up(self, setting: str, cause: str, spent: Mapping[str, float]) -> ProviderError: ...


class Calls:
    """The calls of the stage `stage` for one request. `failure`: the first one that was not about an answer;
    `model`: who answered last.
    """

    def __init__(self, provider: Asker, request: FillRequest, stage: str) -> None:
        settings = provider.settings
        self.crew = Crew(settings.concurrency)
        self.cache = SharedCache(request.answers, self.crew.lock)
        self.failure: ProviderError | None = None
        self.model = ""
        self.notes: list[str] = []
        self._provider, self._request, self._stage = provider, request, stage
        # One request, its retries, and one in another manner where the service wants that.
        self._spending = Spending(request.budget, settings.retry_budget + 2)

    @property
    def usage(self) -> Mapping[str, float]:
        """What was spent so far."""
        return {"calls": 0, **self._spending.usage}

    def asked(self, question: Question, nodes: Sequence[OpenNode]) -> tuple[Answer | None, BadAnswer | None]:
        """One call: the answer, or what was wrong with it or kept it from being had. Each call is booked."""
        self.crew.wait()
        if self.crew.is_over:
            return None, self._not_asked()
        tokens = sum(estimated_tokens(question.length, nodes))
        try:
            with self._spending.aside(tokens, lambda: self.crew.is_over) as (calls, book):
                return self._called(question, nodes, calls, book)
        except Spent as spent:
            if not spent.setting:
                return None, self._not_asked()
            error = self._provider.used_up(spent.setting, spent.cause, self.usage)
            self.crew.stop(error)
            return None, BadAnswer("stopped", error.message)

    def _not_asked(self) -> BadAnswer:
        stopped = self.crew.stopped
        return BadAnswer("stopped", f"not asked any more: {stopped.message if stopped else 'interrupted'}")

    def _called(
        self,
        question: Question,
        nodes: Sequence[OpenNode],
        calls: int | None,
        book: Callable[[Mapping[str, float]], None],
    ) -> tuple[Answer | None, BadAnswer | None]:
        usage: dict[str, float] = {}
        request = replace(self._request, budget=Budget(calls=calls), answers=self.cache)
        answer: Answer | None = None
        notes: list[str] = []
        try:
            answer = self._provider.ask_once(question, request, usage, notes)
            read_nodes(answer.text, nodes)
        except BadAnswer as bad:
            assert answer is not None
            where = self.cache.reject(answer.text, bad.cause)
            self._note(f"an answer about {', '.join(node_ids(nodes))} was rejected: it was {bad.why}", where)
            self.crew.answered()
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
        self.crew.answered()
        book(usage)
        self._booked(nodes, usage, answer.model, "")
        with self.crew.lock:
            self.notes += [note for note in answer.notes if note not in self.notes]
            self.model = answer.model or self.model
        return answer, None

    def _refused(self, error: ProviderError | ConfigError) -> None:
        if isinstance(error, ConfigError):
            raise error
        if error.details.get("cause") not in ABOUT_THE_ANSWER:
            with self.crew.lock:
                self.failure = self.failure or error
        self.crew.failed(error)

    def _note(self, line: str, where: str) -> None:
        with self.crew.lock:
            self.notes.append(line + (f"; kept in {where}" if where else ""))

    def _booked(self, nodes: Sequence[OpenNode], usage: Mapping[str, float], model: str, cause: str) -> None:
        call = ModelCall(
            stage=self._stage,
            nodes=node_ids(nodes),
            outcome="failed" if cause else "ok",
            model=model,
            usage=dict(usage),
            cause=cause,
        )
        with self.crew.lock:
            self._request.called(call)
