"""The classifier of runbook section 4."""

from __future__ import annotations

from dagogy.api.failures import Classifier, Diagnosis, Failure, Rank


class StaleArtifacts(Classifier):
    """Runbook 4: nothing failed, but what is there no longer fits together.

    stale_artifacts:
        What: An artifact was made from inputs that changed since: the stage stands behind the commands that
        were run, or the plan and the diff do not show the last edits of the curriculum.
        Recognised by: The states of the run's artifacts, by content; no error is needed.
        What to do: Run `dagogy validate RUN`, `dagogy plan RUN` and `dagogy iterate RUN`, in this order. The
        stage follows by itself.
        Retry: Not needed; each of the three can be repeated at will.
    """

    def classify(self, failure: Failure) -> Diagnosis | None:
        stale = [
            f"{path}: {state}"
            for path, state in failure.artifacts.items()
            if state not in ("current", "missing")
        ]
        if not stale or failure.code or failure.text:
            return None
        return Diagnosis(
            incident_id="stale_artifacts",
            rank=Rank.TYPED_CODE,
            confidence=0.95,
            evidence=tuple(stale),
            weight=1,
        )
