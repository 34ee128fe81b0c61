"""Providers on top of a language model: a provider is one method, text and schema in, text out.

`LanguageModelProvider` writes the prompt, asks, parses, checks and asks again; `complete` is what a provider adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dagogy.api.providers import Proposal, ProposeRequest, Provider, RepairRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to a model.

    `instructions` are ours and trusted; `text` holds the task with the user's material fenced and named as data. `schema` is a strict
    JSON Schema (every property required, nullable instead of optional, no open object, no keyword that strict mode lacks) and
    `schema_name` its name. `seconds` bounds the whole answer, retries and waits included, from the call on. `progress` takes one line to show.
    """

    instructions: str
    text: str
    schema: Mapping[str, Any]
    schema_name: str = "curriculum"
    seconds: float = 300.0
    progress: Callable[[str], None] = lambda line: None
    started: float = field(default_factory=time.monotonic, compare=False)

    @property
    def seconds_left(self) -> float:
        """What is left of `seconds`; 0 or less when the time is up."""
        return self.started + self.seconds - time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model wrote, word for word, and what it cost.

    `usage` by name: `calls` (requests sent, retries included), `input_tokens`, `output_tokens`, `seconds`. `model` is the one that
    answered, as the service names it. `notes` go into the trace.
    """

    text: str
    model: str = ""
    request_id: str = ""
    usage: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class LanguageModelProvider(Provider):
    """Base of the providers that ask a language model. A subclass implements `complete`, and `ready`."""

    def complete(self, question: Question) -> Answer:
        """Asks the model once and returns what it wrote.

        The transport is the subclass's: sending, waiting, retrying what may be retried. It raises `ProviderError` whose `details` hold the
        facts (see `dagogy.api.ProviderError`): a refusal, an incomplete or an empty answer is raised with its `cause`; what the answer
        says is not looked at.
        """
        raise NotImplementedError

    def propose(self, request: ProposeRequest) -> Proposal:
        raise NotImplementedError

    def repair(self, request: RepairRequest) -> Proposal | None:
        return None
