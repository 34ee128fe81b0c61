"""What a recovery may spend: how often the failed command is run again, for how long, and with how many
requests to a service.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from dagogy.workspace.settings import Settings


class Limits:
    """The limits of one recovery, counted from now on; infinite unless given. `clock` gives seconds."""

    def __init__(
        self,
        attempts: float = math.inf,
        seconds: float = math.inf,
        calls: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.attempts, self.seconds, self.calls, self._clock = attempts, seconds, calls, clock
        self._end = clock() + seconds

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Those of `run --self-heal`. Raises `ConfigError`."""
        return cls(
            *(
                settings.get(name)
                for name in ("AGENT_HEAL_ATTEMPTS", "AGENT_HEAL_SECONDS", "AGENT_HEAL_CALLS")
            )
        )

    @property
    def seconds_left(self) -> float | None:
        """None where there is no limit."""
        return None if self._end == math.inf else max(0.0, self._end - self._clock())

    def spent(self, attempts: int, calls: float) -> str:
        """Which limit is reached, as the reason to stop; "" while there is something left."""
        if attempts >= self.attempts:
            return f"out of budget: {self.attempts:g} attempts"
        if calls >= self.calls:
            return f"out of budget: {self.calls:g} requests to a service"
        return f"out of budget: {self.seconds:g} seconds" if self.seconds_left == 0 else ""

    def as_settings(self, calls: float, settings: Settings) -> Mapping[str, str]:
        """The settings that keep a command within what is left of the requests, after `calls` of them."""
        given: Any = settings.get("AGENT_MAX_CALLS")
        left = min(self.calls - calls, math.inf if given is None else given)
        return {} if left == math.inf else {"AGENT_MAX_CALLS": f"{max(left, 1):.0f}"}
