"""When a failure opens a circuit breaker: which incidents do, and for how long,
is their classifiers' to say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from dagogy.incidents.diagnose import Verdict


class BreakerTrigger(NamedTuple):
    """How long a breaker is to be open; `told`: the service said so itself."""

    seconds: float
    stated: bool


def trip(verdict: Verdict, details: Mapping[str, Any]) -> BreakerTrigger | None:
    """How long the diagnosed incident opens the breaker of whoever was asked; None where it does not. That a
    breaker was open opens none.
    """
    if verdict.outcome != "diagnosed" or details.get("cause") == "circuit_open":
        return None
    answer = verdict.best[0]
    seconds = dict(answer.plugin.info.circuits).get(verdict.incident_id)
    if seconds is None:
        return None
    retry_after = answer.diagnosis.retry_after_seconds
    if isinstance(retry_after, int | float) and math.isfinite(retry_after) and retry_after > 0:
        return BreakerTrigger(float(retry_after), stated=True)
    return BreakerTrigger(float(seconds), stated=False)
