"""What helps when the machine, the Python or the command line is not what is needed."""

from __future__ import annotations

import re
import shlex
import sys

from dagogy.api.failures import Diagnosis, Failure, advice_for
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

from dagogy_incident_environment.remedies import REMEDIES

_MODULE = re.compile(r"No module named '?([A-Za-z_]\w*)")
_MEANT = re.compile(r"[Dd]id you mean '([^']+)'")
#: Distributions whose module has another name.
_DISTRIBUTION = {"yaml": "PyYAML", "Stemmer": "PyStemmer", "markdown_it": "markdown-it-py"}


class Resume(RecoveryAction):
    """The failed command goes on from the last stage that was completed, since every artifact is written
    whole or not at all.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        if any("BrokenPipe" in name for name, _ in failure.exception_chain):
            return RecoveryOutcome(
                changed=False,
                message="the reader of the output closed it; the command itself was not interrupted",
            )
        return RecoveryOutcome(
            changed=True, message="what was completed is whole; the command goes on from there"
        )


class Utf8Mode(RecoveryAction):
    """Sets `PYTHONUTF8=1` for one attempt, where a text did not fit the encoding of
    the terminal or the locale.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        text = "\n".join(
            [*diagnosis.evidence, failure.message, *(f"{n}: {m}" for n, m in failure.exception_chain)]
        )
        if not re.search(r"codec can't (?:en|de)code|Unicode(?:En|De)codeError|filesystem encoding", text):
            return RecoveryOutcome(changed=False, message="the encoding is not what is wrong")
        if context.setting("PYTHONUTF8") == "1":
            return RecoveryOutcome(changed=False, message="PYTHONUTF8 is 1 already")
        return RecoveryOutcome(changed=True, message="PYTHONUTF8=1", environment={"PYTHONUTF8": "1"})


class FixEnvironment(RecoveryAction):
    """The pip line for the module that is missing, in the very Python that runs; or the line that makes a
    fresh environment.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        advice = advice_for(REMEDIES, failure, diagnosis)
        if advice is not None and "PEP 668" in advice.cause:
            return RecoveryOutcome(
                changed=False,
                message=f"{advice.cause}: {advice.steps}",
                commands=(*advice.commands, f"dagogy recover {context.run_id}"),
            )
        text = "\n".join([*diagnosis.evidence, failure.message, *(m for _, m in failure.exception_chain)])
        python, missing = shlex.quote(sys.executable), _MODULE.search(text)
        again = f"dagogy recover {context.run_id}"
        if missing:
            name = (
                "dagogy-standard"
                if missing[1].startswith("dagogy")
                else _DISTRIBUTION.get(missing[1], missing[1].replace("_", "-"))
            )
            return RecoveryOutcome(
                changed=False,
                message=f"{sys.executable} has no module {missing[1]}",
                commands=(f"{python} -m pip install {name}", again),
            )
        if re.search(r"codec|encoding", text):
            return RecoveryOutcome(
                changed=False,
                message="the locale's encoding does not have every character",
                commands=("export PYTHONUTF8=1", again),
            )
        fresh = ("python3.11 -m venv .venv", ".venv/bin/pip install dagogy-standard")
        return RecoveryOutcome(
            changed=False,
            message=f"{sys.executable} is {sys.version.split()[0]}; a fresh environment helps",
            commands=(*fresh, again),
        )


class MoreMemory(RecoveryAction):
    """What the probes read of kills and limits, said as probable where nothing
    proves it; and how to need less.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        seen = [f"{p.subject}: {p.message}" for p in context.probes if diagnosis.incident_id in p.confirms]
        certain = diagnosis.confidence >= 0.8 or bool(seen)
        message = (
            "the process ran out of memory"
            if certain
            else "the process was killed, probably for lack of memory"
        )
        look = (
            "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory.max",
            "free -m",
            "sudo dmesg | grep -i oom",
        )
        less = ("export AGENT_SCOPE_TEXT_MAX_CHARS=6000",) if failure.provider not in ("", "internal") else ()
        commands = (*look, *less, f"dagogy recover {context.run_id}")
        return RecoveryOutcome(
            changed=False,
            message=f"{message}{f' ({seen[0]})' if seen else ''}: raise the limit, or give it less",
            commands=commands,
        )


class MendSetting(RecoveryAction):
    """The message, which names setting and value, and the commands that show where each comes from."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        text = failure.message or " ".join(diagnosis.evidence)
        named = re.search(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", text)
        unset = (f"unset {named[0]}",) if named and context.setting(named[0]) else ()
        return RecoveryOutcome(
            changed=False,
            message=text + (f"; {failure.hint}" if failure.hint else ""),
            commands=("dagogy config", *unset, f"dagogy recover {context.run_id}"),
        )


class NearestCommand(RecoveryAction):
    """The word that was probably meant, in the command as it was typed; else where its form is shown."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        meant = _MEANT.search(f"{failure.hint}\n{failure.message}")
        wrong = re.search(r"'([^']+)'", failure.message)
        words = list(failure.command)
        if meant and wrong and wrong[1] in words:
            words[words.index(wrong[1])] = meant[1]
            return RecoveryOutcome(
                changed=False,
                message=f"'{wrong[1]}' was probably meant to be '{meant[1]}'",
                commands=(shlex.join(words),),
            )
        command = next((w for w in words[1:] if not w.startswith("-")), "")
        return RecoveryOutcome(
            changed=False,
            message=failure.message or "invalid command line",
            commands=((f"dagogy {command} --help",) if command else ("dagogy --help",)),
        )
