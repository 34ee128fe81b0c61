"""The recovery actions of runbook section 3A."""

from __future__ import annotations

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_SPEC = "inputs/topic_spec.json"
_SCOPE = "inputs/scope.md"
#: The stages to run, in order, until the artifact is there that the command asked for.
_STAGES = {
    "outputs/reviews/validation_report.json": ("validate",),
    "outputs/plan/plan.json": ("validate", "plan"),
}


class RunMissingStages(RecoveryAction):
    """Runs `validate`, and `plan` where that is what is missing. Both read the curriculum and
    write only what is made from it.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        stages = _STAGES.get(str(failure.details.get("artifact")), ())
        if not stages:
            return RecoveryOutcome(
                changed=False, message="no stage that could be made from what is there is missing"
            )
        for stage in stages:
            if not context.dagogy(stage, context.run_id).ok:
                return RecoveryOutcome(
                    changed=False, message=f"{stage} fails", commands=(f"dagogy {stage} {context.run_id}",)
                )
        return RecoveryOutcome(changed=True, message=f"{' and '.join(stages)} done")


class ReadKeptScope(RecoveryAction):
    """Where the run holds a scope document, it is what `--scope-file` would be given; the
    topic spec is made from it.

    What stood in the topic spec is kept in `logs/kept/`.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        scope = context.run / _SCOPE
        if (
            failure.details.get("artifact") != _SPEC
            or "--scope-file" in failure.command
            or not scope.is_file()
            or scope.is_symlink()
        ):
            return RecoveryOutcome(
                changed=False,
                message="the run holds no scope document that could take the place of the topic spec",
            )
        if not context.spec_problems():
            return RecoveryOutcome(changed=False, message="the topic spec is ready")
        kept = context.keep(_SPEC)
        done = context.dagogy("run", context.run_id, "--scope-file", str(scope))
        message = f"; the topic spec as it was: {kept}" if kept else ""
        return RecoveryOutcome(
            changed=done.ok,
            message=("read again" if done.ok else "it cannot be compiled from") + f" {_SCOPE}{message}",
        )


class FinishTopicSpec(RecoveryAction):
    """Says what is missing in `inputs/topic_spec.json`, and the two commands that lead on."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        problems = context.spec_problems()
        if not problems:
            again = f"dagogy run {context.run_id}"
            return RecoveryOutcome(
                changed=False,
                message=f"the topic spec is ready; run {context.run_id} is not far enough for the command",
                commands=(again,),
            )
        path = context.run / _SPEC
        return RecoveryOutcome(
            changed=False,
            message=f"the topic spec {path} is not ready: {'; '.join(problems)}",
            commands=(
                f"dagogy run {context.run_id} --scope-file FILE",
                f'"${{EDITOR:-vi}}" {path} && dagogy run {context.run_id}',
            ),
        )
