"""The classifier of runbook section 3A."""

from __future__ import annotations

from dagogy.api.failures import Remedy, Signature, SignatureClassifier


class StageConflict(SignatureClassifier):
    """Runbook 3A: a command was given to a run that is not ready for it.

    stage_conflict:
        What: The command starts from a stage that the run has not reached. Most often the topic spec is not
        ready: the run is still `initialized`, its spec has empty or placeholder fields, and no scope file was
        given. Or an earlier artifact is stale.
        Recognised by: Our own code `stage_conflict`, or its message `topic spec not ready` on an error line.
        What to do: See which stage the run is at with `dagogy status RUN`. Then fill in
        `inputs/topic_spec.json`, or run again with `dagogy run RUN --scope-file FILE`. Where only a
        validation or a plan is missing, run `validate` and `plan` in this order.
        Retry: Only after the spec, the scope file or the missing stage is there.
    """

    remedies = (
        Remedy(
            incident="stage_conflict",
            cause="the topic spec was not filled in, and no scope document was given",
            steps="Fill in `inputs/topic_spec.json`, or run again with `--scope-file FILE`.",
            prevention=(
                "Give the scope document with the first command (`dagogy run FILE`), or fill in "
                "the spec before a job starts the pipeline."
            ),
        ),
    )
    signatures = (
        Signature(incident="stage_conflict", typed="stage_conflict"),
        Signature(
            incident="stage_conflict",
            message=(
                r"^(?:error\b[^:]*: ?)?(?:\w+: )?topic spec not ready\b"
                r"|\bstage_conflict\b.*\btopic spec not ready\b"
            ),
        ),
    )
