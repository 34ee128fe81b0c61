"""What `codex exec` prints: its transcript and its events."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from dagogy.api.dialects import Kind, Line, LogDialect, Unit

_BANNER = re.compile(r"^OpenAI Codex v")
_BANNER_KEY = re.compile(
    r"^(?:workdir|model|provider|approval|sandbox|reasoning effort|reasoning summaries|session id):\s|^-----"
)
_ROLES: dict[str, Kind] = {
    "user": "prompt",
    "codex": "reply",
    "thinking": "reply",
    "exec": "tool",
    "tokens used": "banner",
    "[last message]": "reply",
}
#: Its own errors and warnings, where other lines that look like some were echoed.
_OWN = re.compile(r"ERROR: |[Ww]arning: |bwrap: |\d{4}-\d\d-\d\dT")
_QUOTED = re.compile(
    r"(?m)^[^\S\n]*(?:last_message|output-last-message)\s*[=:]\s*(?P<quoted>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*$"
)


class CodexDialect(LogDialect):
    """The transcript of `codex exec`, from the banner over the echoed prompt to replies and tools; and the
    events of `codex exec --json`.
    """

    names = r"\bcodex"

    def kinds(self, raw: Sequence[str], kinds: Sequence[Kind]) -> Sequence[Kind]:
        region: Kind = "plain"
        transcript = False
        found: list[Kind] = []
        for line, form in zip(raw, kinds):
            kind = form
            transcript = transcript or _BANNER.match(line) is not None
            role = _ROLES.get(line.strip())
            if role is not None and (transcript or line.startswith("[")):
                region, kind = role, "banner"
            elif (
                form in ("error", "warning", "retry", "trace")
                and region != "plain"
                and not _inside(region, line)
            ):
                region = "plain"
            elif region != "plain":
                kind = region
            elif transcript and (_BANNER.match(line) or _BANNER_KEY.match(line)):
                kind = "banner"
            found.append(kind)
        return found

    def wrote(self, text: str, lines: Sequence[Line]) -> bool:
        return (
            any(line.kind == "banner" and _BANNER.match(line.text) for line in lines)
            or '"type":"thread.started"' in text
        )

    def reply(self, text: str, lines: Sequence[Line]) -> str | None:
        for message in (_in_events(lines), _quoted(text), _spoken(lines)):
            if message is not None:
                return message
        return (
            ""
            if any(line.kind == "warning" and "no last agent message" in line.text for line in lines)
            else None
        )

    def last_words(self, units: Sequence[Unit]) -> Sequence[Unit] | None:
        errors = [u for u in units if u.kind == "error"]
        if not errors:
            return None
        sandbox = [u for u in units if u.kind in ("error", "tool") and u.lines[0].startswith("bwrap: ")]
        return [u for u in errors if u.text == errors[-1].text][-1:] + sandbox


def _inside(region: Kind, line: str) -> bool:
    """Whether an error-like line belongs to what was echoed or done by a tool."""
    return region in ("prompt", "tool") and not _OWN.match(line)


def _in_events(lines: Sequence[Line]) -> str | None:
    """The last message among the events."""
    messages = [
        e["item"] for e in _events(lines) if e.get("type") == "item.completed" and _is_message(e.get("item"))
    ]
    return str(messages[-1].get("text") or "") if messages else None


def _quoted(text: str) -> str | None:
    """The last message as a log quotes it."""
    quoted = _QUOTED.search(text)
    return quoted["quoted"][1:-1].replace("\\n", "\n").replace("\\'", "'") if quoted else None


def _spoken(lines: Sequence[Line]) -> str | None:
    """What stands in the transcript below the last heading of a reply."""
    headings = [
        i
        for i, line in enumerate(lines)
        if line.kind == "banner" and line.text in ("codex", "[last message]")
    ]
    if not headings:
        return None
    rest = lines[headings[-1] + 1 :]
    end = next((i for i, line in enumerate(rest) if line.kind != "reply"), len(rest))
    return "\n".join(line.text for line in rest[:end]).strip()


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") in ("agent_message", "assistant_message")


def _events(lines: Sequence[Line]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        if line.text.startswith('{"type":'):
            try:
                found.append(json.loads(line.text, strict=False))
            except (ValueError, RecursionError):
                continue
    return found
