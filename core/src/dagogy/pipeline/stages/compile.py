"""The whole pipeline on one run: read, generate, validate, plan, iterate."""

from __future__ import annotations

from dagogy.pipeline import operations
from dagogy.pipeline.report import summary_line
from dagogy.pipeline.results import Compilation, Diff, Plan
from dagogy.pipeline.session import OpenRun
from dagogy.pipeline.stages import inputs
from dagogy.pipeline.stages.generate import generate
from dagogy.workspace.stages import PREVIOUS


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
    document = operations.validate(opened, result.best.context, result.best.validation)
    progress("validate", summary_line(document))
    plan, diff = None, None
    if not document["passed"]:
        operations.close_round(opened)
    else:
        plan = Plan(operations.plan(opened, result.best.context))
        progress("plan", plan.summary())
        if material and (compared := plan.compared(material.reading.time)):
            progress("plan", compared)
        diff = Diff(operations.iterate(opened, result.best.context), first=not opened.run.exists(PREVIOUS))
        progress("iterate", diff.summary())
    return Compilation(
        facts=opened.facts(),
        provider=provider.info.id,
        model=result.model,
        stop_reason=result.stop_reason,
        usage=result.trace["usage"],
        notes=next(
            (r["notes"] for r in reversed(result.trace["iterations"]) if r["action"] == "propose"), []
        ),
        report=operations.checked(opened, document),
        plan=plan,
        diff=diff,
        reading=material.told() if material else None,
    )
