"""The whole pipeline on one run: read, generate, validate, plan, iterate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagogy.pipeline import operations
from dagogy.pipeline.report import summary_line
from dagogy.pipeline.results import Compilation, Diff, Plan
from dagogy.pipeline.session import OpenRun
from dagogy.pipeline.stages import inputs
from dagogy.pipeline.stages.generate import generate
from dagogy.workspace.stages import PREVIOUS

if TYPE_CHECKING:
    from dagogy.api.scope import StatedTime
    from dagogy.pipeline.judge import ValidationResult
    from dagogy.pipeline.results import Report
    from dagogy.pipeline.rule_context import RunContext


def compiled(
    opened: OpenRun,
    scope: inputs.ScopeRequest | None,
    template: bytes,
    progress: inputs.Progress,
    *,
    fresh: bool,
) -> Compilation:
    """Compiles an open run. A curriculum with errors ends the round without a plan."""
    session = opened.session
    inputs.require_inputs(opened, scope)
    # What the configuration says of the rules has to be right before a provider is
    # asked, which may cost money.
    session.judge.prepare()
    provider = session.provider()
    with session.asking(provider, lambda line: progress("generate", line)) as answered:
        material = inputs.prepare_inputs(opened, scope, provider, template, progress)
        result = generate(opened, provider, material.reading if material else None, progress, fresh=fresh)
        if result.trace["usage"].get("calls", 1):  # an answer that was kept says nothing of the service
            answered()
    progress("validate", "checking the best draft")
    stated = material.reading.time if material else None
    report, plan, diff = concluded(opened, result.best.context, result.best.validation, progress, stated)
    return Compilation(
        facts=opened.facts(),
        provider=provider.info.id,
        model=result.model,
        stop_reason=result.stop_reason,
        usage=result.trace["usage"],
        notes=next(
            (r["notes"] for r in reversed(result.trace["iterations"]) if r["action"] == "propose"), []
        ),
        report=report,
        plan=plan,
        diff=diff,
        reading=material.told() if material else None,
    )


def concluded(
    opened: OpenRun,
    context: RunContext,
    validation: ValidationResult,
    progress: inputs.Progress,
    stated: StatedTime | None = None,
) -> tuple[Report, Plan | None, Diff | None]:
    """What follows a curriculum that was written: the report, and where it passes the plan and the diff. One
    with errors ends the round without them. `stated`: the time that the source names, for comparison.
    """
    document = operations.validate(opened, context, validation)
    progress("validate", summary_line(document))
    plan, diff = None, None
    if not document["passed"]:
        operations.close_round(opened)
    else:
        plan = Plan(operations.plan(opened, context))
        progress("plan", plan.summary())
        if stated is not None and (compared := plan.compared(stated)):
            progress("plan", compared)
        diff = Diff(operations.iterate(opened, context), first=not opened.run.exists(PREVIOUS))
        progress("iterate", diff.summary())
    return operations.checked(opened, document), plan, diff
