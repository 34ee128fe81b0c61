"""A failure as evidence: what classifiers ask, each answer with the very lines it comes from.

`FailureEvidence.of(failure)` reads the facts of the failure and the text that came with it, and gives them as
clues: our own typed code, the innermost error body, the HTTP status, the exceptions down to the leaf, errno,
signal, and what error lines say. Banner, warnings, the echoed prompt, other programs' errors and the retries
before the last word are no clues.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from dagogy.api import errors
from dagogy.api._bodies import Body, bodies, is_failed_event, parses
from dagogy.api._chains import exception_clues
from dagogy.api._cleaning import clean
from dagogy.api._clues import (
    OWN_CODES,
    STATUS,
    Clue,
    attribute_clue,
    line_clue,
    own_failure,
    typed_clues,
)
from dagogy.api._endings import FAILED_EVENT, last_words, timeout_lines, told_exit
from dagogy.api._errno import BY_NUMBER
from dagogy.api._lines import Line, Unit, fold, read_lines
from dagogy.api._speakers import another_speaker
from dagogy.api._waits import stated_wait
from dagogy.api.dialects import LogDialect
from dagogy.api.incidents import Failure

_REASON = re.compile(
    r"(?:finish_reason|stop_reason|finishReason|incomplete_details.{0,30}?\breason"
    r"|\bIncomplete response returned, reason)['\"]?\s*[=:]\s*['\"]?(?P<reason>[A-Za-z_]+)",
    re.DOTALL,
)


class FailureEvidence:
    """The clues of one failure."""

    _last: tuple[Failure, Sequence[LogDialect], FailureEvidence] | None = None

    def __init__(self, failure: Failure, dialects: Sequence[LogDialect] = ()) -> None:
        self.failure, self.dialects = failure, dialects

    @classmethod
    def of(cls, failure: Failure, dialects: Sequence[LogDialect] = ()) -> FailureEvidence:
        """The evidence of `failure`, its text read in `dialects`; the last one is kept, since each classifier
        asks for the same.
        """
        if cls._last is None or cls._last[0] is not failure or cls._last[1] is not dialects:
            cls._last = (failure, dialects, cls(failure, dialects))
        return cls._last[2]

    @cached_property
    def lines(self) -> Sequence[Line]:
        """The lines of the text, cleaned, each with its kind."""
        return read_lines(self.text, [dialect.kinds for dialect in self.dialects])

    @cached_property
    def text(self) -> str:
        """The text of the failure, cleaned."""
        return clean(self.failure.text)

    @cached_property
    def _units(self) -> list[Unit]:
        return list(fold(list(self.lines)))

    @cached_property
    def exit_status(self) -> int | None:
        """The exit status, negative for a signal; from the text where the failure does not have it."""
        failure = self.failure
        if failure.signal is not None:
            return -failure.signal
        if failure.exit_status is not None:
            return failure.exit_status
        return self._reported_exit[0]

    @cached_property
    def _reported_exit(self) -> tuple[int | None, tuple[str, ...]]:
        return told_exit(self.lines)

    @cached_property
    def killed_by(self) -> str:
        """`timeout` (ours), `user`, `system`, or an empty string when nobody is
        known to have sent the signal.
        """
        if self.failure.killed_by:
            return self.failure.killed_by
        return "timeout" if self._timeout_lines else ""

    @cached_property
    def _timeout_lines(self) -> tuple[str, ...]:
        return timeout_lines(self.lines)

    @cached_property
    def _writers(self) -> list[LogDialect]:
        return [dialect for dialect in self.dialects if dialect.wrote(self.text, self.lines)]

    @property
    def is_transcript(self) -> bool:
        """Whether this is what a program printed whose dialect is known, from its beginning on."""
        return bool(self._writers)

    @cached_property
    def another_speaker(self) -> str:
        """Who speaks, where that is no service that a dialect knows; "" of a failure of our own."""
        if self.failure.code or self.is_transcript:
            return ""
        return another_speaker(self.text, self.lines, [dialect.names for dialect in self.dialects])

    @cached_property
    def reply(self) -> str | None:
        """The last message of the model, if the text has it. Empty when the text says that there was none."""
        replies = (dialect.reply(self.text, self.lines) for dialect in self.dialects)
        return next((reply for reply in replies if reply is not None), None)

    @cached_property
    def succeeded(self) -> bool:
        """Exit 0 and a reply that parses, with no error after it: no incident,
        whatever was printed on the way.
        """
        if self.exit_status != 0 or self.failure.code:
            return False
        plain = [line.text for line in self.lines if line.kind == "plain" and line.text.strip()]
        reply = self.reply if self.reply is not None else "\n".join(plain)
        after = any(line.kind == "error" for line in self.lines) and not self.is_transcript
        return parses(reply) and not after

    @cached_property
    def retry_after_seconds(self) -> float | None:
        """How long, from the failure on, the service said that it will not answer;
        None where it did not say.
        """
        return stated_wait(self.failure.details, f"{self.failure.message}\n{self.text}", self.failure.at_utc)

    @cached_property
    def clues(self) -> Sequence[Clue]:
        """Every clue. Where something failed for good, what was logged or retried before it is left out."""
        return [*_failure_clues(self.failure), *self._text_clues, *self._exit_clues()]

    @cached_property
    def _text_clues(self) -> list[Clue]:
        if self.is_transcript and self.exit_status == 0:
            return []
        units = [u for u in self._units if u.kind not in ("prompt", "reply", "banner", "frame", "foreign")]
        last_word = last_words(units, self._writers, self.exit_status)
        return [
            *self._body_clues(last_word),
            *exception_clues(last_word, self.lines, self.failure.exception_chain),
            *self._line_clues(last_word),
            *self._reason_clues(),
        ]

    def _body_clues(self, units: Sequence[Unit]) -> Iterator[Clue]:
        text = "\n".join(_undata(line) for unit in units for line in unit.lines)
        seen: set[Body] = set()
        for body in bodies(text):
            if body in seen:
                continue
            seen.add(body)
            lines = tuple(text[body.span[0] : body.span[1]].split("\n")[:4])
            if body.ours in OWN_CODES:
                yield from typed_clues(body.ours, body.message, lines)
            elif (
                (body.event == "error" or is_failed_event(body.event))
                and not body.codes
                and body.status is None
            ):
                # What a program would print otherwise, wrapped into an event: that is prose.
                yield from self._event_clues(body.message, lines)
            else:
                yield Clue(
                    kind="body",
                    text=body.message,
                    lines=lines,
                    codes=body.codes,
                    param=body.param,
                    status=body.status or self._status_near(lines),
                )
        attributes = attribute_clue(units)
        if attributes is not None:
            yield attributes

    def _event_clues(self, message: str, lines: tuple[str, ...]) -> Iterator[Clue]:
        if self._is_terminal_event(message):
            yield line_clue(message, lines, self.failure.http_status, message)

    def _is_terminal_event(self, message: str) -> bool:
        return bool(message) and (
            not _is_retry(message) or self.killed_by != "" or not FAILED_EVENT.search(self.text)
        )

    def _status_near(self, lines: tuple[str, ...]) -> int | None:
        for unit in self._units:
            if any(lines[0] in line for line in unit.lines):
                message = STATUS.search(unit.text)
                if message:
                    return int(message["status"])
        return self.failure.http_status

    def _line_clues(self, units: Sequence[Unit]) -> Iterator[Clue]:
        seen: set[str] = set()
        for unit in units:
            text = unit.text
            if text in seen or text.startswith('{"type":'):
                continue
            seen.add(text)
            code, message = own_failure(text)
            if code:
                yield from typed_clues(code, message, unit.lines)
            yield line_clue(
                text,
                unit.lines,
                self.failure.http_status if unit.kind == "error" or len(units) <= 3 else None,
                unit.tight,
            )

    def _reason_clues(self) -> Iterator[Clue]:
        kept = [line.text for line in self.lines if line.kind not in ("prompt", "reply", "tool")]
        for found in _REASON.finditer("\n".join(kept)):
            line = next((text for text in kept if found["reason"] in text), found[0])
            yield Clue(kind="body", text="", lines=(line,), codes=frozenset({found["reason"].lower()}))

    def _exit_clues(self) -> Iterator[Clue]:
        status = self.exit_status
        if self.killed_by:
            yield Clue(
                kind="killed",
                text=self.killed_by,
                lines=self._timeout_lines or (f"killed by: {self.killed_by}",),
            )
        elif status not in (None, 0):
            yield Clue(
                kind="exit", text=str(status), lines=self._reported_exit[1] or (f"exit status {status}",)
            )


def _failure_clues(failure: Failure) -> Iterator[Clue]:
    """What the failure's own facts say."""
    if failure.code or failure.message:
        yield from typed_clues(failure.code, failure.message, (f"[{failure.code}] {failure.message}",))
    yield from _cause_clues(failure)
    code = failure.machine_code or str(failure.details.get("machine_code") or "")
    if code:
        yield Clue(
            kind="body",
            text=failure.message,
            lines=(f"machine code: {code}",),
            codes=frozenset({code.lower()}),
            status=failure.http_status,
        )
    if failure.http_status is not None:
        yield Clue(
            kind="line",
            text="",
            lines=(f"HTTP status {failure.http_status}",),
            status=failure.http_status,
        )
    yield from _errno_clues(failure)


def _cause_clues(failure: Failure) -> Iterator[Clue]:
    """The cause that a provider gave, with whom it asked: a program that it started, or a service."""
    cause = failure.details.get("cause")
    if cause not in errors.ProviderError.CAUSES:
        return
    asked_a_program = (
        failure.exit_status is not None
        or failure.signal is not None
        or any(k in failure.details for k in ("returncode", "signal"))
    )
    yield Clue(
        kind="cause",
        text=failure.message,
        lines=(f"cause: {cause}",),
        cause=str(cause),
        where="coding agent" if asked_a_program else "service",
        status=failure.http_status,
    )


def _errno_clues(failure: Failure) -> Iterator[Clue]:
    """The error of the operating system, by name, with the path that it is about."""
    name = str(failure.details.get("errno_name") or "") or BY_NUMBER.get(str(failure.errno), "")
    if name:
        yield Clue(
            kind="exception",
            text=failure.message,
            lines=(f"{name}: {failure.message}",),
            errno=name,
            path=str(failure.details.get("path") or ""),
        )


def _is_retry(text: str) -> bool:
    return text.lower().startswith("reconnecting")


def _undata(line: str) -> str:
    return line.removeprefix("data: ")
