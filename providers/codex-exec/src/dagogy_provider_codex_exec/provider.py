"""The provider: one question is one `codex exec`, in a folder of its own that is gone afterwards."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from dagogy.api.llm import Answer, LanguageModelProvider, Question
from dagogy.api.providers import Readiness

from dagogy_provider_codex_exec import command as commands
from dagogy_provider_codex_exec.call import Call, private_folder
from dagogy_provider_codex_exec.environment import CodexConfig, Secrets, child_environment
from dagogy_provider_codex_exec.events import Transcript
from dagogy_provider_codex_exec.outcome import FAILURE_SIGNATURE, CodexOutcome
from dagogy_provider_codex_exec.process import Ended, run

#: codex tells of a login with a part of its key.
_PART_OF_KEY = re.compile(r" - \S.*|(?<!\S)\S*\*{3}\S*")


class CodexExec(LanguageModelProvider):
    """Asks `codex exec`: the prompt on stdin, the schema and the answer in files, the events on stdout.

    codex signs in, chooses the model and tries again by itself, as its own CODEX_HOME says. It gets no shell
    and a read-only sandbox, no session that is kept, an empty folder to work in, and an environment without
    the secrets that it does not need.
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

    @property
    def api(self) -> str:
        return self._setting

    def describe_failure(self, why: str) -> str:
        return f"{FAILURE_SIGNATURE}: codex answered with {why}"

    def complete(self, question: Question) -> Answer:
        """One run of codex. Raises `ProviderError` where the command cannot be started, was ended by our
        clock, failed, or answered nothing.
        """
        command = commands.find(self._setting, self._environ)
        with private_folder() as folder:
            work = folder / "work"
            known = commands.flags(command, self._environ, work, question.seconds_left)
            call = Call(folder, known, question, self.settings.model.strip())
            transcript = Transcript(self._secrets.without, question.progress)
            try:
                ended = run(
                    [*command.words, *call.words],
                    environ=self._environ,
                    folder=work,
                    text=call.prompt.encode(errors="replace"),
                    seconds=question.seconds_left,
                    on_line=transcript.read,
                    finished=lambda: transcript.completed,
                )
            except OSError as error:
                raise commands.start_error(command, error) from error
            return CodexOutcome(command, call, transcript, ended, question, self._secrets).answer()

    def ready(self) -> Readiness:
        """Which file is started, whether it says its version, and whether codex is signed in, each within
        seconds; nothing is sent.
        """
        command = commands.find(self._setting, self._environ)
        with private_folder() as folder:
            version = commands.look(command, ("--version",), self._environ, folder / "work")
            if version.returncode != 0 or not _first_line(version):
                what = (
                    "does not answer"
                    if version.timed_out
                    else f"ended with exit status {version.returncode} and no version"
                )
                return Readiness(
                    ready=False,
                    message=f"'{command.words[0]} --version' {what}",
                    hint=f"reinstall codex with '{commands.INSTALL}'",
                )
            login = commands.look(command, ("login", "status"), self._environ, folder / "work")
        state = (
            "no answer"
            if login.timed_out
            else f"exit status {login.returncode}, {_PART_OF_KEY.sub('', _first_line(login))}"
        )
        message = self._secrets.without(
            f"{command.words[0]} is {_first_line(version)}; login status: {state}"
        )
        if login.returncode == 0 or self._environ.get("CODEX_API_KEY", "").strip():
            return Readiness(ready=True, message=message)
        return self._without_login(message)

    def _without_login(self, message: str) -> Readiness:
        """Whether codex can do without: a model provider of the user's own has a key of its own, or none."""
        name = self._config.provider
        table = self._config.provider_table(name)
        if table is None or table.get("requires_openai_auth"):
            chosen = any(
                "model_provider" in word or word in ("--oss", "-p", "--profile")
                for word in self._config.words
            )
            return Readiness(
                ready=chosen, message=message, hint="" if chosen else f"sign in with '{self._setting} login'"
            )
        key = str(table.get("env_key") or "")
        if key and not self._environ.get(key, "").strip():
            return Readiness(
                ready=False,
                message=f"{message}; {key}, the key of its model provider '{name}', is not set",
                hint=f"export {key}=…",
            )
        return Readiness(ready=True, message=f"{message}; its model provider '{name}' needs no login")


def _first_line(ended: Ended) -> str:
    """The first line that is no warning, of stdout or else of stderr."""
    lines = (ended.stdout + b"\n" + ended.stderr).decode(errors="replace").splitlines()
    return next(
        (line.strip() for line in lines if line.strip() and not line.upper().startswith("WARNING")), ""
    )
