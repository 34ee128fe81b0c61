"""What a run that ended comes to: an answer, or the error that says why there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dagogy.api.errors import ProviderError
from dagogy.api.llm import Answer, Question
from dagogy.api.providers import ProviderSettings

from dagogy_provider_codex_exec.call import Call
from dagogy_provider_codex_exec.command import Command, unstarted
from dagogy_provider_codex_exec.environment import Secrets
from dagogy_provider_codex_exec.events import Transcript, facts
from dagogy_provider_codex_exec.process import Ended

#: What operators search for (CONTRACT.md); the inner cause follows.
FAILURE_SIGNATURE = "codex_exec mode failed to return valid structured JSON"
_TAIL = 4000
_ERROR = re.compile(r"(?i)error\b")


@dataclass(frozen=True)
class CodexOutcome:
    """Judges one run. What was printed is looked at before how the process ended; stderr, which may echo the
    prompt, is only kept.
    """

    command: Command
    call: Call
    transcript: Transcript
    ended: Ended
    question: Question
    secrets: Secrets

    def answer(self) -> Answer:
        """The answer. Raises `ProviderError`."""
        transcript, ended = self.transcript, self.ended
        why = transcript.failed or transcript.error
        if why:
            raise self._failed(why, facts(why))
        if ended.timed_out:
            raise self._timed_out()
        if ended.returncode != 0 and not transcript.completed:
            raise self._stopped()
        if not self._text.strip():
            # So it is after a refusal too: codex does not pass it on.
            raise self._failed("the last message is empty", {"cause": "empty"})
        known = {"returncode": ended.returncode}
        return Answer(
            text=self.secrets.known(self._text),
            model=self.call.model,
            usage=self._usage,
            notes=tuple(self._notes()),
            facts=known,
        )

    @cached_property
    def _text(self) -> str:
        return self.call.answer(self.transcript, self.ended)

    @cached_property
    def _usage(self) -> dict[str, float]:
        return {
            "calls": 1,
            **self.transcript.usage,
            "seconds": round(self.question.seconds - self.question.seconds_left, 3),
        }

    @cached_property
    def _facts(self) -> dict[str, Any]:
        """What is known of every failure, for its details."""
        ended, stderr = self.ended, self.ended.stderr.decode(errors="replace")
        return {
            "model": self.call.model,
            "returncode": ended.returncode,
            **({"signal": -ended.returncode} if ended.returncode < 0 else {}),
            **({"killed_by": "timeout"} if ended.timed_out else {}),
            **({} if self.call.has_events else {"stdout": self._end(ended.stdout.decode(errors="replace"))}),
            "stderr": self._end(stderr.replace(self.call.prompt.strip(), "[the prompt]")),
            "events": self._end("\n".join(self.transcript.events)),
            "last_message": self._end(self._text),
            "usage": self._usage,
        }

    def _notes(self) -> list[str]:
        notes = [f"this {self.command.name} does not know {flag}: left out" for flag in self.call.left_out]
        if self.transcript.commands:
            notes.append(f"the agent started {self.transcript.commands} commands in its sandbox")
        if self.ended.lingered:
            notes.append("codex did not end by itself after its answer, and was ended")
        elif self.ended.returncode != 0:
            notes.append(f"codex ended with exit status {self.ended.returncode} after its answer")
        return notes

    def _failed(self, why: str, known: Mapping[str, Any]) -> ProviderError:
        return ProviderError(
            self.secrets.without(f"{FAILURE_SIGNATURE}: {why}"), details={**self._facts, **known}
        )

    def _timed_out(self) -> ProviderError:
        """Our clock ended it. A client that says why it waits was not slow: then that is what is reported."""
        reason, seconds = self.transcript.reason, f"{self.question.seconds:g} s"
        if reason:
            why = f"codex was still retrying when its limit of {seconds} was reached: {reason}"
            return ProviderError(self.secrets.without(why), details={**self._facts, **facts(reason)})
        longer = ProviderSettings.timeout_advice(self.question.seconds)
        return ProviderError(
            f"codex_exec did not answer within {seconds} and was ended",
            hint=f"{longer}; or give it less to do with --scope-section",
            details={**self._facts, "cause": "timeout", "timeout_seconds": self.question.seconds},
        )

    def _stopped(self) -> ProviderError:
        """codex ended before its turn did. Without a session no prompt was echoed yet, so
        that stderr is codex's own.
        """
        unbegun = self.call.has_events and not self.transcript.began
        error = unstarted(self.command, self.ended) if unbegun else None
        if error:
            return error
        code = self.ended.returncode
        how = f"codex was ended by signal {-code}" if code < 0 else f"codex ended with exit status {code}"
        lines = self._facts["stderr"].splitlines() if unbegun else ()
        message = self.transcript.reason or next((line.strip() for line in lines if _ERROR.match(line)), "")
        return self._failed(
            f"{how}: {message}" if message else f"{how} before its turn did", facts(self.transcript.reason)
        )

    def _end(self, text: str) -> str:
        return self.secrets.without(text)[-_TAIL:]
