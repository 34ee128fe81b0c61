"""The recovery actions of runbook section 3F."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

from dagogy.api import Diagnosis, Failure, RecoveryAction, RecoveryContext, RecoveryOutcome

_SPEC = "inputs/topic_spec.json"
_SCOPE = "inputs/scope.md"
#: Holds the id of the run that took this one's place, so that a second recovery makes no third run; and in that one, the id of this one. Only
#: where both say so is it true: what one run says of itself could point at any other.
_REPLACED, _REPLACES = "logs/replaced_by", "logs/replaces"
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}(?:-[a-z0-9-]+)?")


class FreshRun(RecoveryAction):
    """The runbook's four steps: `archive`, `init`, the inputs of the old run, `run`. The old run stays as it is."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        if (context.run / "logs").is_symlink() or (context.run / _REPLACED).is_symlink():
            return RecoveryOutcome(changed=False, message="the logs of the run are a symlink, which leads who knows where")
        fresh = self._fresh_before(context)
        if fresh is None:
            archived = context.dagogy("archive", context.run_id)
            if not archived.ok:
                return RecoveryOutcome(changed=False, message="the run could not be archived, so nothing else was done")
            made = context.dagogy("init", *_slug(context.run_id))
            found = _RUN_ID.search(made.text)
            if not made.ok or found is None:
                return RecoveryOutcome(changed=False, message="the run is archived, but no fresh one could be made")
            fresh = context.run.parent / found[0]
            for run, name, other in ((fresh, _REPLACES, context.run_id), (context.run, _REPLACED, fresh.name)):
                (run / "logs").mkdir(mode=0o700, exist_ok=True)
                (run / name).touch(mode=0o600)
                (run / name).write_text(other + "\n")
        scope = context.run / _SCOPE
        spec = context.run / _SPEC
        if spec.is_file() and not spec.is_symlink():
            shutil.copyfile(spec, fresh / _SPEC)
        with_scope = ("--scope-file", str(scope)) if scope.is_file() and not scope.is_symlink() else ()
        done = context.dagogy("run", fresh.name, *with_scope)
        told = f"{context.run_id} is archived; {fresh.name} has its inputs"
        if not done.ok:
            again = shlex.join(("dagogy", "run", fresh.name, *with_scope))
            return RecoveryOutcome(changed=True, message=f"{told}, but cannot be compiled", commands=(again,), run_id=fresh.name)
        return RecoveryOutcome(changed=True, message=f"{told} and is compiled", run_id=fresh.name)

    def _fresh_before(self, context: RecoveryContext) -> Path | None:
        try:
            name = (context.run / _REPLACED).read_text().strip()
            fresh = context.run.parent / name
            if not _RUN_ID.fullmatch(name) or not fresh.is_dir() or fresh.is_symlink():
                return None
            return fresh if (fresh / _REPLACES).read_text().strip() == context.run_id else None
        except (OSError, UnicodeDecodeError):
            return None


class RebuildMetadata(RecoveryAction):
    """Writes a `run.json` with nothing but the run's id and its time, and lets `status` infer the stage from what is there.

    The file as it was is kept in `logs/kept/`. What each artifact was made from is not known any more, so the reports are to be made again.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        path = context.run / "run.json"
        if not _RUN_ID.fullmatch(context.run_id) or path.is_symlink():
            return RecoveryOutcome(changed=False, message="the folder has no run's name, or its run.json is a symlink")
        if context.dagogy("status", context.run_id).ok:
            return RecoveryOutcome(changed=False, message="run.json can be read")
        kept = context.keep("run.json")
        day, clock = context.run_id.split("-")[:2]
        made = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}.000000Z"
        bare = {"schema_version": 1, "run_id": context.run_id, "created_at_utc": made, "stage": "initialized", "stamps": {}, "history": []}
        fresh = path.with_name(".run.json.rebuilt")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(bare, indent=2) + "\n")
        fresh.replace(path)
        done = context.dagogy("status", context.run_id)
        told = f"; as it was: {kept}" if kept else ""
        return RecoveryOutcome(changed=done.ok, message=f"run.json {'made anew' if done.ok else 'cannot be made anew'} from what the run holds{told}")


class FreshRunByHand(RecoveryAction):
    """The same four steps as commands to type."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        scope = f" --scope-file {shlex.quote(str(context.run / _SCOPE))}" if (context.run / _SCOPE).is_file() else ""
        name = "".join(f" {slug}" for slug in _slug(context.run_id))
        return RecoveryOutcome(
            changed=False,
            message="archive the run before anything else; nothing of it is to be deleted",
            commands=(
                f"dagogy archive {context.run_id}",
                f"dagogy init{name}",
                f"cp {shlex.quote(str(context.run / _SPEC))} {shlex.quote(str(context.run.parent))}/NEW_RUN/{_SPEC}",
                f"dagogy run NEW_RUN{scope}",
            ),
        )


def _slug(run_id: str) -> tuple[str, ...]:
    return tuple(run_id.split("-", 2)[2:])
