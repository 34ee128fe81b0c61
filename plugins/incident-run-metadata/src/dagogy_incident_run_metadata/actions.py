"""The recovery actions of runbook section 3F."""

from __future__ import annotations

import json
import re
import shlex

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_SPEC = "inputs/topic_spec.json"
_SCOPE = "inputs/scope.md"
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}(?:-[a-z0-9-]+)?")


class FreshRun(RecoveryAction):
    """The runbook's four steps: `archive`, `init`, the inputs of the old run, `run`.
    The old run stays as it is.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        data, scope_data = context.read(_SPEC), context.read(_SCOPE)
        fresh = context.replacement()
        if not fresh:
            archived = context.dagogy("archive", context.run_id)
            if not archived.ok:
                return RecoveryOutcome(
                    changed=False, message="the run could not be archived, so nothing else was done"
                )
            made = context.dagogy("init", *_slug(context.run_id))
            found = _RUN_ID.search(made.text)
            if not made.ok or found is None:
                return RecoveryOutcome(
                    changed=False, message="the run is archived, but no fresh one could be made"
                )
            fresh = found[0]
            context.replace_by(fresh)
        if data is not None:
            context.write(_SPEC, data, fresh)
        with_scope = ("--scope-file", str(context.run / _SCOPE)) if scope_data is not None else ()
        done = context.dagogy("run", fresh, *with_scope)
        message = f"{context.run_id} is archived; {fresh} has its inputs"
        if not done.ok:
            again = shlex.join(("dagogy", "run", fresh, *with_scope))
            return RecoveryOutcome(
                changed=True, message=f"{message}, but cannot be compiled", commands=(again,), run_id=fresh
            )
        return RecoveryOutcome(changed=True, message=f"{message} and is compiled", run_id=fresh)


class RebuildMetadata(RecoveryAction):
    """Writes a `run.json` with nothing but the run's id and its time, and lets `status` infer
    the stage from what is there.

    The file as it was is kept in `logs/kept/`. What each artifact was made from is not known any more, so the
    reports are to be made again.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        path = context.run / "run.json"
        if not _RUN_ID.fullmatch(context.run_id) or path.is_symlink():
            return RecoveryOutcome(
                changed=False, message="the folder has no run's name, or its run.json is a symlink"
            )
        if context.dagogy("status", context.run_id).ok:
            return RecoveryOutcome(changed=False, message="run.json can be read")
        kept = context.keep("run.json")
        day, clock = context.run_id.split("-")[:2]
        made = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}.000000Z"
        bare = {
            "schema_version": 1,
            "run_id": context.run_id,
            "created_at_utc": made,
            "stage": "initialized",
            "stamps": {},
            "history": [],
        }
        context.write("run.json", (json.dumps(bare, indent=2) + "\n").encode())
        done = context.dagogy("status", context.run_id)
        message = f"; as it was: {kept}" if kept else ""
        return RecoveryOutcome(
            changed=done.ok,
            message=(
                f"run.json {'recreated' if done.ok else 'cannot be recreated'} from the rest of the "
                f"run{message}"
            ),
        )


class FreshRunByHand(RecoveryAction):
    """The same four steps as commands to type."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        scope = (
            f" --scope-file {shlex.quote(str(context.run / _SCOPE))}"
            if (context.run / _SCOPE).is_file()
            else ""
        )
        name = "".join(f" {slug}" for slug in _slug(context.run_id))
        return RecoveryOutcome(
            changed=False,
            message="archive the run before anything else; nothing of it is to be deleted",
            commands=(
                f"dagogy archive {context.run_id}",
                f"dagogy init{name}",
                (
                    f"cp {shlex.quote(str(context.run / _SPEC))} "
                    f"{shlex.quote(str(context.run.parent))}/NEW_RUN/{_SPEC}"
                ),
                f"dagogy run NEW_RUN{scope}",
            ),
        )


def _slug(run_id: str) -> tuple[str, ...]:
    return tuple(run_id.split("-", 2)[2:])
