"""One call of codex: its folder, its words, its prompt, and where this version of it puts the answer."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagogy.api.errors import StorageError
from dagogy.api.llm import Question

from dagogy_provider_codex_exec.events import Transcript
from dagogy_provider_codex_exec.process import MOST_BYTES, Ended

#: The question needs no shell. Without one, text that others wrote can make the agent neither run nor read
#: anything, and codex does not start the user's login shell to learn its settings. A version that does not
#: know a feature says so and goes on.
_OVERRIDES = ("features.shell_tool=false", "features.shell_snapshot=false")


class Call:
    """The words and files of one call, as far as `known` flags go; no flags at all
    are taken for those of today.

    `left_out`: what this version does not know. Without `--output-schema` the schema is put into the prompt;
    without `--output-last-message` the answer is read from the events, and without these from stdout.
    """

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
        used = {flag: values for flag, values in wanted.items() if not known or flag in known}
        self.left_out = tuple(flag for flag in wanted if flag not in used)
        self.has_events = "--json" in used
        self._in_file = "--output-last-message" in used
        self.words = ["exec", "-", *(word for flag, values in used.items() for word in (flag, *values))]
        if not known or "--config" in known:
            self.words += self._overrides()
        if model:
            self.words += ["--model", model]
        self.prompt = f"{question.instructions}\n\n{question.text}\n"
        if "--output-schema" in used:
            schema.write_text(json.dumps(question.schema), encoding="utf-8")
        else:
            self.prompt += f"\nThe JSON Schema of the answer:\n{json.dumps(question.schema)}\n"

    def _overrides(self) -> Iterator[str]:
        """The settings of codex that hold for this call; among them the sandbox, where no option names it."""
        sandbox = ('sandbox_mode="read-only"',) if "--sandbox" in self.left_out else ()
        for override in (*_OVERRIDES, *sandbox):
            yield from ("-c", override)

    def answer(self, transcript: Transcript, ended: Ended) -> str:
        """The last message; "" for none."""
        if not self._in_file:
            return transcript.message if self.has_events else ended.stdout.decode(errors="replace")
        try:
            # Neither waits for what is no file nor follows a link to what the command may not
            # have meant to answer with.
            descriptor = os.open(self._last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                text = (file.read(MOST_BYTES) or b"").decode(errors="replace")
        except OSError:
            text = ""
        # codex writes the file at its very end; one that was ended after its turn has said all in its events.
        return text or (transcript.message if ended.lingered else "")


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that nobody else may look into, with an empty `work` in it, gone
    afterwards. Raises `StorageError`.
    """
    try:
        made = tempfile.TemporaryDirectory(prefix="dagogy-codex-", ignore_cleanup_errors=True)
    except OSError as error:
        hint = "free some space there, or set TMPDIR to another folder"
        raise StorageError(
            f"no temporary folder can be made: {error.strerror}", hint=hint, details={"errno": error.errno}
        ) from error
    with made as name:
        folder = Path(name).resolve()
        (folder / "work").mkdir()
        yield folder
