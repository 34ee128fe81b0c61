"""How long to wait before the next try."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

#: A service that asks for more patience is not waited for: that is for whoever started the run to decide.
LONGEST_WAIT = 120.0
_BASE, _CAP = 1.0, 20.0


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds until the service will answer again, as its headers say: `retry-after-ms`, or `retry-after` as
    seconds or an HTTP date (RFC 9110, 10.2.3).
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with contextlib.suppress(ValueError):
            seconds = float(headers.get(name, "")) * unit
            return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        return max(
            0.0,
            parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
            - (time.time() if now is None else now),
        )
    except (ValueError, TypeError, OverflowError):
        return None


def backoff(attempt: int, retry_after: float | None, draw: random.Random) -> float:
    """Seconds to wait after the failed try number `attempt` (from 0).

    Exponential backoff with full jitter: a random share of min(cap, base * 2^attempt) (M. Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). Where the service said how long, that
    long, and a little more, so that not all who were told come at once.
    """
    if retry_after is not None:
        return retry_after + draw.uniform(0, min(_BASE, retry_after))
    return draw.uniform(0, min(_CAP, _BASE * 2**attempt))
