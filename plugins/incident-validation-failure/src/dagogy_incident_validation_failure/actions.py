"""The recovery actions of runbook section 3B."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from dagogy.api.errors import DagogyError
from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_CURRICULUM = "outputs/curriculum/curriculum.json"
_REPORT = "outputs/reviews/validation_report.json"
_MOST_ROUNDS = 16
#: Validating what nobody changed fails again.
_EDIT = "; edit the curriculum, the topic spec or the source there first"
#: A finding about what waits for an author points at the gaps of its node.
_GAPS = re.compile(r"/nodes/\d+/gaps\Z")
_NO_SAFE_FIX, _NO_FIX = "no finding can be fixed safely", "no finding can be fixed by a rule"
_NOTHING_TAUGHT = "there is no curriculum: no concept was found in the scope document"


class FixFindings(RecoveryAction):
    """Applies the safe fixes (`dagogy validate RUN --fix`); the curriculum as it
    was is kept in `logs/kept/`.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        if _is_without_concepts(failure):
            return RecoveryOutcome(changed=False, message=_NOTHING_TAUGHT)
        if _command(failure) == "run":
            return RecoveryOutcome(changed=False, message="the generation applied the safe fixes itself")
        if failure.details.get("safe_fixes") == 0:
            return RecoveryOutcome(changed=False, message=_NO_SAFE_FIX)
        return _fixed(context, "--fix", _NO_SAFE_FIX)


class FixFindingsUnsafely(RecoveryAction):
    """Applies the fixes that change the meaning (`dagogy validate RUN --unsafe-fixes`), before a costly
    generation is tried.

    The curriculum as it was is kept in `logs/kept/`. `dagogy validate RUN --unsafe-fixes --diff` shows what
    would change. Not after a failed `run`, which would generate anew and undo it.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        if _is_without_concepts(failure):
            return RecoveryOutcome(changed=False, message=_NOTHING_TAUGHT)
        if _command(failure) == "run":
            return RecoveryOutcome(
                changed=False, message="'run' would generate the curriculum again and undo it"
            )
        if failure.details.get("safe_fixes") == failure.details.get("unsafe_fixes") == 0:
            return RecoveryOutcome(changed=False, message=_NO_FIX)
        return _fixed(context, "--unsafe-fixes", _NO_FIX)


class Regenerate(RecoveryAction):
    """Runs the generation again, whose loop hands the findings back to the
    provider, with twice as many rounds.

    The curriculum as it was is kept in `logs/kept/`. Where all errors are gaps, nothing is generated: the
    sources do not say what is missing.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        if _is_without_concepts(failure):
            return RecoveryOutcome(changed=False, message=_NOTHING_TAUGHT)
        if _only_gaps(_errors(context) or []):
            return RecoveryOutcome(
                changed=False,
                message="what fails are gaps, which a generation from the same sources leaves open again",
                commands=(f"dagogy gaps {context.run_id}",),
            )
        if "--max-iterations" in failure.command:
            return RecoveryOutcome(
                changed=False,
                message="the command sets --max-iterations itself",
                commands=(f"dagogy run {context.run_id}",),
            )
        now = context.setting("AGENT_MAX_ITERATIONS").strip() or "4"
        rounds = min(2 * int(now), _MOST_ROUNDS) if now.isdecimal() else _MOST_ROUNDS
        kept = context.keep(_CURRICULUM)
        message = f"; the curriculum as it was: {kept}" if kept else ""
        more = {"AGENT_MAX_ITERATIONS": str(rounds)}
        if _command(failure) == "run":
            return RecoveryOutcome(
                changed=True,
                message=f"to be generated again in up to {rounds} rounds{message}",
                environment=more,
            )
        done = context.dagogy("run", context.run_id, environment=more)
        return RecoveryOutcome(
            changed=done.ok,
            message=("generated again" if done.ok else "what was generated again fails as well") + message,
        )


class ReadReport(RecoveryAction):
    """Names the report, its first errors with the place of each, and the commands that
    follow once they are fixed.

    Where all errors are gaps, `dagogy gaps RUN` comes first, with the question for each.

    Where no concept was found in the scope document there is no report: then it says so, and how a document
    names its concepts.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        if _is_without_concepts(failure):
            source = failure.details.get("source", "FILE")
            again = f"dagogy run {context.run_id} --scope-file {shlex.quote(str(source))}"
            return RecoveryOutcome(
                changed=False,
                message=f"{failure.message}; {failure.hint}",
                commands=(again, f"{again} --scope-mode seed-list"),
            )
        errors = _errors(context)
        if errors is None:
            return RecoveryOutcome(
                changed=False,
                message="there is no report to read",
                commands=(f"dagogy validate {context.run_id}",),
            )
        path = context.run / _REPORT.replace(".json", ".md")
        told = "; ".join(map(_line, errors))
        # What waits for an author is mended by nothing that a command does.
        first = ("gaps",) if _only_gaps(errors) else ()
        return RecoveryOutcome(
            changed=False,
            message=f"{path}: {told or 'no errors'}{_EDIT if errors else ''}",
            commands=tuple(
                f"dagogy {command} {context.run_id}" for command in (*first, "validate", "plan", "iterate")
            ),
        )


def _errors(context: RecoveryContext) -> list[dict[str, Any]] | None:
    """The errors of the validation report; None where none can be read."""
    try:
        report = json.loads(context.read(_REPORT) or b"")
        errors = [f for f in report["findings"] if f["severity"] == "error"]
        for error in errors:
            _line(error)
    except (DagogyError, ValueError, RecursionError, KeyError, TypeError):
        return None
    return errors


def _only_gaps(errors: Sequence[Mapping[str, Any]]) -> bool:
    return bool(errors) and all(_GAPS.match(str(error["pointer"])) for error in errors)


def _fixed(context: RecoveryContext, flag: str, otherwise: str) -> RecoveryOutcome:
    before = context.read(_CURRICULUM)
    if before is None:
        return RecoveryOutcome(changed=False, message="there is no curriculum")
    kept = context.keep(_CURRICULUM)
    context.dagogy("validate", context.run_id, flag)
    if context.read(_CURRICULUM) == before:
        return RecoveryOutcome(changed=False, message=otherwise)
    return RecoveryOutcome(changed=True, message=f"fixed; the curriculum as it was: {kept}")


def _is_without_concepts(failure: Failure) -> bool:
    """Whether it was not a curriculum that did not pass, but a scope document
    out of which none can be made.
    """
    return failure.details.get("concepts") == 0


def _command(failure: Failure) -> str:
    return next((word for word in failure.command[1:] if not word.startswith("-")), "")


def _line(finding: dict[str, Any]) -> str:
    return f"{finding['rule_id']} at {finding['document']}{finding['pointer']}: {finding['message']}"
