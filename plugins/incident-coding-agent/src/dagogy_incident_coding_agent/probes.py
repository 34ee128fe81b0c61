"""Looks at the coding agent: is it there, does it start, does its sandbox."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from dagogy.api.failures import Failure
from dagogy.api.probes import Probe, ProbeContext, ProbeResult

_GONE, _SANDBOX = "coding_agent_not_found", "coding_agent_sandbox"
_ANSWER_SECONDS = 5.0


def agent_words(context: ProbeContext) -> list[str]:
    """`CODING_AGENT_CMD` as words; empty when its quotes do not close."""
    try:
        return shlex.split(context.setting("CODING_AGENT_CMD").strip() or "codex")
    except ValueError:
        return []


def asked(failure: Failure, context: ProbeContext) -> bool:
    """Whether the provider that failed starts an agent, or may have: what is only known from a text does not
    name its provider.
    """
    concerned = failure.provider in ("", "codex_exec") or "returncode" in failure.details
    return concerned or "CODING_AGENT_CMD" in failure.message or "CODING_AGENT_CMD" in context.environ_names


def interpreter(path: str) -> str:
    """The program that the script at `path` asks for in its first line; "" when it is no script."""
    try:
        with open(path, "rb") as file:
            first = file.readline(512)
    except OSError:
        return ""
    if not first.startswith(b"#!"):
        return ""
    words = first[2:].decode("utf-8", "replace").split()
    if words and os.path.basename(words[0]) == "env":
        return next((w for w in words[1:] if not w.startswith("-") and "=" not in w), "")
    return words[0] if words else ""


def run(command: Sequence[str]) -> tuple[int | None, str]:
    """Exit status and first line of a command; None and why when it cannot be
    started or does not end in time.
    """
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_ANSWER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"no answer within {_ANSWER_SECONDS:g} s"
    except OSError as error:
        return None, error.strerror or str(error)
    text = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace").strip()
    shown = next((line for line in text.splitlines() if not line.lower().startswith("warning")), text)
    return done.returncode, shown[:200]


class Command(Probe):
    """Is the command of `CODING_AGENT_CMD` on the PATH, is the interpreter there that it asks for, and does
    it answer `--version` within 5 s?
    """

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        words = agent_words(context)
        if not asked(failure, context):
            return
        if not words:
            yield ProbeResult(
                subject="CODING_AGENT_CMD",
                state="bad",
                message="it is no command: a quotation is not closed",
                confirms=(_GONE,),
            )
            return
        subject = f"command {words[0]}"
        path = shutil.which(words[0])
        if path is None:
            there = os.path.exists(words[0])
            message = (
                f"{words[0]} is there, but not executable" if there else f"{words[0]} is not on the PATH"
            )
            yield ProbeResult(subject=subject, state="bad", message=message, confirms=(_GONE,))
            return
        wanted = interpreter(path)
        if wanted and shutil.which(wanted) is None:
            yield ProbeResult(
                subject=subject,
                state="bad",
                message=f"{path} needs {wanted}, which is not there",
                confirms=(_GONE,),
            )
            return
        status, output = run([path, *words[1:], "--version"])
        if status == 0:
            yield ProbeResult(
                subject=subject, state="ok", message=f"{path} answers --version: {output}", refutes=(_GONE,)
            )
        elif status is None and output.startswith("no answer"):
            yield ProbeResult(subject=subject, state="unknown", message=f"{path} --version: {output}")
        else:
            # What cannot be executed at all is as good as not there; what ends with an error of its own may
            # have other reasons.
            confirms = (
                (_GONE,) if status in (None, 126, 127) or "Missing optional dependency" in output else ()
            )
            yield ProbeResult(
                subject=subject,
                state="bad",
                message=f"{path} --version: {output} (exit status {status})",
                confirms=confirms,
            )


#: What codex says of a form of `sandbox` that this version does not have.
_UNKNOWN_FORM = ("unrecognized subcommand", "unexpected argument", "invalid value")
#: Words of a failure of the sandbox, in small letters.
_OF_A_SANDBOX = ("bwrap", "landlock", "seccomp", "sandbox", "namespace", "operation not permitted")


def _is_of_a_sandbox(output: str) -> bool:
    return any(word in output.lower() for word in _OF_A_SANDBOX)


class Sandbox(Probe):
    """Can codex set up its sandbox here? `codex sandbox true` runs nothing but `true` in it (before 0.100:
    `codex sandbox linux true`).
    """

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        words = agent_words(context)
        path = shutil.which(words[0]) if words else None
        if path is None or not asked(failure, context) or not os.path.basename(words[0]).startswith("codex"):
            return
        for form in (["sandbox", "true"], ["sandbox", "linux", "true"]):
            status, output = run([path, *words[1:], *form])
            if status == 0:
                yield ProbeResult(
                    subject="codex sandbox",
                    state="ok",
                    message=f"codex {' '.join(form)} ends well",
                    refutes=(_SANDBOX,),
                )
                return
            if status is None or not any(phrase in output for phrase in _UNKNOWN_FORM):
                break
        is_failure = status is not None and _is_of_a_sandbox(output)
        yield ProbeResult(
            subject="codex sandbox",
            state="bad" if is_failure else "unknown",
            message=output or f"exit status {status}",
            confirms=(_SANDBOX,) if is_failure else (),
        )
