"""The provider: one question is one `codex exec`, in a folder of its own that is gone afterwards."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from dagogy.api import Answer, LanguageModelProvider, ProviderError, Question, Readiness, StorageError
from dagogy_provider_codex_exec import command as commands
from dagogy_provider_codex_exec.command import Command
from dagogy_provider_codex_exec.environment import CodexConfig, Secrets, child_environment
from dagogy_provider_codex_exec.events import Transcript, facts
from dagogy_provider_codex_exec.process import MOST_BYTES, Ended, run

#: What operators search for (CONTRACT.md); the inner cause follows.
UMBRELLA = "codex_exec mode failed to return valid structured JSON"
_TAIL = 4000
#: A login is told with a part of its key.
_PART_OF_KEY = re.compile(r" - \S.*|\S*\*{3}\S*")


class CodexExec(LanguageModelProvider):
    """Asks `codex exec`: the prompt on stdin, the schema and the answer in files, the events on stdout.

    codex signs in, chooses the model and tries again by itself, from its own CODEX_HOME. It gets a read-only sandbox, no session that is kept, an empty
    folder to work in, and an environment without secrets that it does not need.
    """

    @cached_property
    def _setting(self) -> str:
        return self.settings.values.get("CODING_AGENT_CMD", "").strip() or "codex"

    @cached_property
    def _config(self) -> CodexConfig:
        return CodexConfig(os.environ, commands.split(self._setting))

    @cached_property
    def _environ(self) -> Mapping[str, str]:
        return child_environment(os.environ, self._config)

    @cached_property
    def _secrets(self) -> Secrets:
        return Secrets(os.environ, self._config)

    @property
    def endpoint(self) -> str:
        return Path(commands.split(self._setting)[0]).name

    def describe_failure(self, why: str) -> str:
        return f"{UMBRELLA}: codex answered with {why}"

    def complete(self, question: Question) -> Answer:
        """One run of codex. Raises `ProviderError` where the command cannot be started, was ended by our clock, failed, or answered nothing."""
        command = commands.find(self._setting, self._environ)
        with _folder() as folder:
            work = _made(folder / "work")
            known = commands.flags(command, self._environ, work, question.seconds_left)
            call = _Call(folder, known, question, self.settings.model.strip())
            transcript = Transcript(self._secrets.without, question.progress)
            try:
                ended = run(
                    [*command.words, *call.words],
                    environ=self._environ,
                    folder=work,
                    text=call.prompt,
                    seconds=max(question.seconds_left, 0.0),
                    on_line=transcript.read,
                    finished=lambda: transcript.completed,
                )
            except OSError as error:
                raise commands.start_error(command, error) from error
            return self._verdict(command, call, transcript, ended, question)

    def _verdict(self, command: Command, call: _Call, transcript: Transcript, ended: Ended, question: Question) -> Answer:
        """The answer, or the error that says why there is none. What was printed is looked at before how the process ended."""
        usage = {"calls": 1.0, **transcript.usage, "seconds": round(question.seconds - question.seconds_left, 3)}
        text = call.answer(transcript, ended)
        self._told = {
            "model": call.model,
            "returncode": ended.returncode,
            **({"signal": -ended.returncode} if ended.returncode < 0 else {}),
            **({} if call.events else {"stdout": self._end(ended.stdout.decode(errors="replace"))}),
            "stderr": self._end(ended.stderr.decode(errors="replace").replace(call.prompt.decode(), "[the prompt]")),
            "events": self._end("\n".join(transcript.events)),
            "last_message": self._end(text),
            "usage": usage,
        }
        why = transcript.failed or transcript.error
        if why:
            raise self._failed(why, facts(why))
        if ended.timed_out:
            raise self._ended_by_us(transcript, question)
        if not transcript.completed and ended.returncode != 0:
            raise (None if transcript.began else commands.unstarted(command, ended)) or self._failed(*self._stopped(transcript, ended))
        if not text.strip():
            raise self._failed("the last message is empty", {"cause": "empty"})
        notes = [f"this {command.name} does not know {flag}: left out" for flag in call.left_out]
        notes += [f"the agent ran {transcript.commands} commands in its sandbox"] if transcript.commands else []
        notes += ["codex did not end by itself after its answer, and was ended"] if ended.lingered else []
        return Answer(text=text, model=call.model, usage=usage, notes=tuple(notes))

    def _failed(self, why: str, known: Mapping[str, Any]) -> ProviderError:
        return ProviderError(self._secrets.without(f"{UMBRELLA}: {why}"), details={**self._told, **known})

    def _ended_by_us(self, transcript: Transcript, question: Question) -> ProviderError:
        """Our clock ended it. A client that tells why it waits was not slow: then that is what is reported."""
        told, seconds = {**self._told, "killed_by": "timeout"}, f"{question.seconds:g} s"
        if transcript.trouble:
            why = f"codex was still trying when its {seconds} were over: {transcript.trouble}"
            return ProviderError(self._secrets.without(why), details={**told, **facts(transcript.trouble)})
        return ProviderError(
            f"codex_exec did not answer within {seconds} and was ended",
            hint="give it longer with AGENT_TIMEOUT_SECONDS, or less to do with --scope-section",
            details={**told, "cause": "timeout"},
        )

    def _stopped(self, transcript: Transcript, ended: Ended) -> tuple[str, Mapping[str, Any]]:
        """Why codex ended before its turn did, as far as that is known."""
        how = f"was ended by signal {-ended.returncode}" if ended.returncode < 0 else f"ended with exit status {ended.returncode}"
        if transcript.trouble:
            return f"codex {how}: {transcript.trouble}", facts(transcript.trouble)
        lines = [line.strip() for line in str(self._told["stderr"]).splitlines()]
        # Before a session begins no prompt is echoed, so that the line is codex's own.
        said = next((line for line in lines if re.match(r"(?i)error\b", line)), "") if not transcript.began else ""
        return f"codex {how}{f': {said}' if said else ' before its turn did'}", {}

    def _end(self, text: str) -> str:
        return self._secrets.without(text)[-_TAIL:]

    def ready(self) -> Readiness:
        """Which file is started, whether it says its version, and whether codex is signed in, each within seconds; nothing is sent."""
        command = commands.find(self._setting, self._environ)
        with _folder() as folder:
            version = commands.look(command, ("--version",), self._environ, folder)
            told = self._secrets.without(_first_line(version))
            if version.timed_out or version.returncode != 0 or not told:
                what = "does not answer" if version.timed_out else f"ended with exit status {version.returncode}"
                return Readiness(ready=False, message=f"{command.words[0]} --version {what}", hint=f"reinstall codex with '{commands.INSTALL}'")
            login = commands.look(command, ("login", "status"), self._environ, folder)
        found = f"{command.words[0]} is {told}"
        state = "does not answer" if login.timed_out else f"exit status {login.returncode}, {_PART_OF_KEY.sub('', self._secrets.without(_first_line(login)))}"
        return self._signed_in(f"{found}; login status: {state}", login)

    def _signed_in(self, message: str, login: Ended) -> Readiness:
        if login.returncode == 0 or self._environ.get("CODEX_API_KEY", "").strip():
            return Readiness(ready=True, message=message)
        name = self._config.provider
        table = self._config.provider_table(name)
        if table is None or table.get("requires_openai_auth"):
            chosen = any("model_provider" in word or word in ("--oss", "-p", "--profile") for word in self._config.words)
            return Readiness(ready=chosen, message=message, hint="" if chosen else f"sign in with '{self._setting} login'")
        key = str(table.get("env_key") or "")
        if key and not self._environ.get(key, "").strip():
            return Readiness(ready=False, message=f"{message}; {key}, the key of its model provider '{name}', is not set", hint=f"export {key}=…")
        return Readiness(ready=True, message=f"{message}; its model provider '{name}' needs no login")


class _Call:
    """One call: its words, its files and its prompt, as far as this version of codex knows them."""

    def __init__(self, folder: Path, known: frozenset[str], question: Question, model: str) -> None:
        schema, self._last = folder / "schema.json", folder / "answer.txt"
        self.model = model
        wanted = {
            "--json": (),
            "--sandbox": ("read-only",),
            "--skip-git-repo-check": (),
            "--ephemeral": (),
            "--color": ("never",),
            "--output-schema": (str(schema),),
            "--output-last-message": (str(self._last),),
        }
        # A command that shows no help of codex's is taken for the codex of today.
        used = {flag: values for flag, values in wanted.items() if not known or flag in known}
        self.left_out = tuple(flag for flag in wanted if flag not in used)
        self.events = "--json" in used
        self._in_file = "--output-last-message" in used
        self.words = ["exec", "-", *(word for flag, values in used.items() for word in (flag, *values))]
        if "--sandbox" in self.left_out:
            self.words += ["-c", 'sandbox_mode="read-only"']
        if model:
            self.words += ["--model", model]
        text = f"{question.instructions}\n\n{question.text}\n"
        if "--output-schema" in used:
            schema.write_text(json.dumps(question.schema), encoding="utf-8")
        else:
            text += f"\nThe JSON Schema of the answer:\n{json.dumps(question.schema)}\n"
        self.prompt = text.encode(errors="replace")

    def answer(self, transcript: Transcript, ended: Ended) -> str:
        """The last message, from where this version puts it; "" for none."""
        if self._in_file:
            try:
                with self._last.open("rb") as file:
                    told = file.read(MOST_BYTES).decode(errors="replace")
            except OSError:
                told = ""
            # The file is written at the very end: one that was ended after its turn has said all in its events.
            return told or (transcript.message if ended.lingered else "")
        return transcript.message if self.events else ended.stdout.decode(errors="replace")


@contextmanager
def _folder() -> Iterator[Path]:
    """A private folder for one run, gone afterwards."""
    try:
        made = tempfile.TemporaryDirectory(prefix="dagogy-codex-", ignore_cleanup_errors=True)
    except OSError as error:
        raise StorageError(
            f"no temporary folder can be made: {error.strerror}", hint="free some space there, or set TMPDIR", details={"errno": error.errno}
        ) from error
    with made as name:
        yield Path(name).resolve()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _first_line(ended: Ended) -> str:
    """The first line that is no warning, of stdout or else of stderr."""
    lines = (ended.stdout + b"\n" + ended.stderr).decode(errors="replace").splitlines()
    return next((line.strip() for line in lines if line.strip() and not line.upper().startswith("WARNING")), "")
