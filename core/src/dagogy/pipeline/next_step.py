"""What to do next with a run, from its state alone."""

from __future__ import annotations

from typing import NamedTuple

from dagogy.workspace.stages import CURRICULUM, DIFF, PLAN, REPORT_JSON, SPEC, State


class NextStep(NamedTuple):
    """The next command and why; `alternatives` lead on as well."""

    command: str
    reason: str
    alternatives: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        return {"command": self.command, "reason": self.reason, "alternatives": list(self.alternatives)}


def next_step(run_id: str, state: State) -> NextStep:
    """The next step of the runbook's flow for a run in `state`."""
    if not state.current[SPEC]:
        return NextStep(
            f"dagogy run {run_id} --scope-file FILE",
            f"topic spec not ready: {state.reasons.get(SPEC, 'not filled in')}",
            (f"fill in {SPEC}, then: dagogy run {run_id}",),
        )
    if not state.current[CURRICULUM]:
        return NextStep(
            f"dagogy run {run_id}",
            f"curriculum: {state.reasons.get(CURRICULUM, 'not made yet')}",
            (f"dagogy validate {run_id}",) if state.hashes["curriculum"] else (),
        )
    if not state.current[REPORT_JSON]:
        reason = state.reasons.get(REPORT_JSON, "not validated yet")
        if reason == "the last validation failed":
            # To validate again what nobody changed would fail again.
            return NextStep(
                f"dagogy validate {run_id}",
                (
                    f"{reason}: first edit the curriculum, the spec or the source where "
                    "outputs/reviews/validation_report.md says so"
                ),
                (
                    f"dagogy validate {run_id} --fix",
                    f"dagogy gaps {run_id}",
                    f"dagogy edit {run_id}",
                    f"edit the scope document, then: dagogy run {run_id}",
                ),
            )
        return NextStep(f"dagogy validate {run_id}", reason)
    if not state.current[PLAN]:
        return NextStep(f"dagogy plan {run_id}", f"plan: {state.reasons.get(PLAN, 'not made yet')}")
    if not state.current[DIFF]:
        return NextStep(f"dagogy iterate {run_id}", f"diff: {state.reasons.get(DIFF, 'not made yet')}")
    return NextStep(
        f"dagogy diff {run_id}",
        "everything is current; change the scope or the spec and run again to iterate",
        (f"dagogy run {run_id}", f"dagogy archive {run_id}"),
    )
