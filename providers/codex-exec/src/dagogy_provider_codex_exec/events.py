"""What `codex exec --json` prints: one event a line, read into the answer, the cost,
what failed, and lines to show.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from dagogy.api.services import read_body

#: How codex reports an error that it recovers from.
_RETRY = "Reconnecting"
_MOST_SHOWN = 120
#: Of a text inside an event that is kept as evidence.
_MOST_KEPT = 1000
_MOST_EVENTS = 30
_DEEPEST = 20
_STATUS = re.compile(r"\b(?:unexpected|last) status:? (?P<status>[1-5]\d\d)\b")
_REQUEST = re.compile(r"\brequest id: (?P<id>[\w.:-]{1,80})")
_INCOMPLETE = re.compile(r"\bIncomplete response returned, reason: (?P<reason>\w+)")
_AGAIN = re.compile(r"(?i)\btry again in (?P<span>(?:about )?(?:\d+(?:\.\d+)? ?[a-z]+(?:,? (?:and )?)?)+)")
_SPAN = re.compile(r"(?i)(?P<number>\d{1,12}(?:\.\d{1,12})?) ?(?P<unit>ms|milli|s|m|h|d)")
_SECONDS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_CAUSES = {"max_output_tokens": "incomplete", "content_filter": "content_filter"}


class Transcript:
    """The events of one run so far. `clean` takes secrets out of a text; `progress` takes one line to show.

    `failed`: why the turn failed. `error`: an error after which no turn or item came. `reason`: what codex
    last tried again for, and has not got over. `message`: the agent's last one. `completed`: the turn is.
    `usage` by name. `events`: the last ones, as lines of JSON.
    """

    def __init__(self, clean: Callable[[str], str], progress: Callable[[str], None]) -> None:
        self._clean, self._progress = clean, progress
        self.began = self.completed = False
        self.failed = self.error = self.reason = self.message = ""
        self.commands = 0
        self.usage: dict[str, float] = {}
        self.events: deque[str] = deque(maxlen=_MOST_EVENTS)

    def read(self, line: bytes) -> None:
        """Takes one line of stdout. What is no event is let go."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            return
        self.events.append(self._clean(json.dumps(_short(event), ensure_ascii=False, separators=(",", ":"))))
        kind = event["type"]
        if kind == "error":
            self._failing(_text(event, "message"))
        elif kind == "turn.failed":
            inner = event.get("error")
            self.failed = (
                _text(inner if isinstance(inner, dict) else event, "message")
                or self.error
                or "codex gave no reason"
            )
        else:
            self.began = True
            self.error = self.reason = ""
            self.completed = kind == "turn.completed"
            self._usage(event)
            item = event.get("item")
            if isinstance(item, dict):
                self._item(kind, item)
        self._show(event)

    def _failing(self, message: str) -> None:
        if message.startswith(_RETRY):
            self.reason = message
        else:
            self.error = message or "codex gave no details"

    def _usage(self, event: Mapping[str, Any]) -> None:
        usage = event.get("usage")
        if isinstance(usage, dict):
            names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
            self.usage = {name: usage[name] for name in names if isinstance(usage.get(name), int)}

    def _item(self, kind: str, item: Mapping[str, Any]) -> None:
        if kind == "item.completed" and item.get("type") in ("agent_message", "assistant_message"):
            self.message = _text(item, "text")
        self.commands += kind == "item.started" and item.get("type") == "command_execution"

    def _show(self, event: Mapping[str, Any]) -> None:
        line = _message_of(event)
        if line:
            # A model's words may hold what moves the cursor of a terminal.
            plain = "".join(c if c.isprintable() else " " for c in self._clean(line))
            shown = " ".join(plain.split())
            self._progress(
                "codex " + (shown if len(shown) <= _MOST_SHOWN else shown[: _MOST_SHOWN - 1] + "…")
            )


def _message_of(event: Mapping[str, Any]) -> str:
    """What an event means to somebody who waits; "" for nothing."""
    kind, item = event["type"], event.get("item")
    if kind == "error":
        return f"reports: {_text(event, 'message')}"
    if kind == "turn.started":
        return "works"
    if kind == "turn.completed" and isinstance(event.get("usage"), dict):
        return (
            f"is done: {event['usage'].get('input_tokens', 0)} tokens read, "
            f"{event['usage'].get('output_tokens', 0)} written"
        )
    return _message_of_item(kind, item) if isinstance(item, dict) else ""


def _message_of_item(kind: str, item: Mapping[str, Any]) -> str:
    what = item.get("type")
    if kind == "item.started":
        if what == "command_execution":
            return f"runs {_text(item, 'command')}"
        if what == "web_search":
            return f"searches for {_text(item, 'query')}"
        return f"calls {_text(item, 'server')} {_text(item, 'tool')}" if what == "mcp_tool_call" else ""
    if kind == "item.completed":
        if what == "reasoning":
            return "thinks: " + next(iter(_text(item, "text").strip().split("\n"))).strip("*# ")
        if what in ("agent_message", "assistant_message"):
            return f"answers with {len(_text(item, 'text'))} characters"
        if what == "error":
            return f"warns: {_text(item, 'message')}"
    return ""


def facts(message: str) -> dict[str, Any]:
    """What an error message of codex tells a machine: `cause`, `machine_code`, `http_status`, `request_id`,
    `retry_after_seconds`.
    """
    found: dict[str, Any] = {}
    incomplete = _INCOMPLETE.search(message)
    if incomplete and incomplete["reason"] in _CAUSES:
        found["cause"] = _CAUSES[incomplete["reason"]]
    status, request, again = _STATUS.search(message), _REQUEST.search(message), _AGAIN.search(message)
    if status:
        found["http_status"] = int(status["status"])
    if request:
        found["request_id"] = request["id"]
    if again:
        found["retry_after_seconds"] = sum(
            float(part["number"]) * _SECONDS[part["unit"].lower()] for part in _SPAN.finditer(again["span"])
        )
    body = read_body({"error": message})
    if body is not None:
        named = {"machine_code": body.code, "http_status": body.status, "request_id": body.request_id}
        found |= {name: value for name, value in named.items() if value}
    return found


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _short(value: Any, deep: int = 0) -> Any:
    """`value` with long texts and what is nested too deeply cut, so that it
    stays an event that can be read.
    """
    if deep > _DEEPEST:
        return "[…]"
    if isinstance(value, str):
        return (
            value
            if len(value) <= _MOST_KEPT
            else f"{value[: _MOST_KEPT // 2]} […] {value[-_MOST_KEPT // 2 :]}"
        )
    if isinstance(value, dict):
        return {key: _short(item, deep + 1) for key, item in value.items()}
    return [_short(item, deep + 1) for item in value[:20]] if isinstance(value, list) else value
