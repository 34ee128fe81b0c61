"""What was asked of a provider in a run, out of its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagogy.workspace.events import read_events
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import EVENTS

#: What a call cost, by the name that its provider counts it under.
_COSTS = {
    "calls": "requests",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "seconds": "seconds",
}
#: Nobody spends more; a log of a stranger may say so.
_MOST = 10**15


def call_list(run: Run) -> dict[str, Any]:
    """The calls, oldest first, and their sums. What costs nothing counts as no call of a model: a provider
    without one, and an answer that was kept, have 0 requests.
    """
    calls = [_call(event) for event in read_events(run.path / EVENTS) if event["event"] == "provider_asked"]
    total: dict[str, float] = {name: _rounded(sum(c[name] for c in calls)) for name in _COSTS.values()}
    return {"calls": calls, "total": {"calls": len(calls), **total}}


def _call(event: Mapping[str, Any]) -> dict[str, Any]:
    usage = event.get("usage", {})
    nodes = event.get("nodes")
    return {
        "at_utc": event.get("at_utc", ""),
        "provider": event.get("provider", ""),
        "model": _text(event.get("model")),
        "stage": event.get("action", ""),
        "nodes": [n for n in nodes if isinstance(n, str)] if isinstance(nodes, list) else [],
        # An event of a time when this was not written down: what was kept had no requests.
        "cached": event.get("cached") is True or (_number(usage.get("calls", 1)) == 0),
        "outcome": event.get("outcome", ""),
        "cause": event.get("cause", ""),
        **{told: _rounded(_number(usage.get(name))) for name, told in _COSTS.items()},
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float:
    """A number that a cost can be; 0 for anything else that a log may hold."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return value if known and 0 <= value < _MOST else 0


def _rounded(value: float) -> float:
    return int(value) if float(value).is_integer() else round(value, 3)
