"""The recovery action of runbook section 4."""

from __future__ import annotations

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_STAGES = ("validate", "plan", "iterate")


class RerunStages(RecoveryAction):
    """Recreates report, plan and diff from the curriculum as it is; each of the
    three can be repeated at will.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        for stage in _STAGES:
            if not context.dagogy(stage, context.run_id).ok:
                return RecoveryOutcome(
                    changed=False, message=f"{stage} fails", commands=(f"dagogy {stage} {context.run_id}",)
                )
        return RecoveryOutcome(changed=True, message="validated, planned and iterated")
