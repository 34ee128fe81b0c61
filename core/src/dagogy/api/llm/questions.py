"""What a model is asked, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to a model.

    `instructions` are ours and trusted; `text` holds the task with the user's material fenced and named as
    data. `schema` is a strict JSON Schema (every property required, nullable instead of optional, no open
    object, no keyword that strict mode lacks) and `schema_name` its name. `seconds` bounds the whole answer,
    retries and waits included, from the call on. `progress` takes one line to show. `calls_left` is how many
    requests may still be sent for it (None: as many as the retry budget allows). `memory` is
    `ResponseCache.memory`. `hold` is told, in seconds, when a service wants to be left alone for so long:
    others may be about to ask it.
    """

    instructions: str
    text: str
    schema: Mapping[str, Any]
    schema_name: str = "curriculum"
    seconds: float = 300.0
    progress: Callable[[str], None] = lambda line: None
    calls_left: int | None = None
    hold: Callable[[float], None] = lambda seconds: None
    memory: MutableMapping[str, str] = field(default_factory=dict, compare=False)
    started: float = field(default_factory=time.monotonic, compare=False)

    @property
    def length(self) -> int:
        """How many characters are sent, without the schema."""
        return len(self.instructions) + len(self.text)

    @property
    def seconds_left(self) -> float:
        """What is left of `seconds`; 0 or less when the time is up."""
        return self.started + self.seconds - time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model wrote, word for word, and what it cost.

    `usage` by name: `calls` (requests sent, retries included; 1 where it is not said), `input_tokens`,
    `output_tokens`, `seconds` (measured where it is not said). `model` is the one that answered, as the
    service names it. `notes` go into the trace. `facts`: what else is known of how it came (`returncode` of a
    program that was asked), for the details of the failure where it turns out to be of no use.
    """

    text: str
    model: str = ""
    request_id: str = ""
    usage: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
