"""What the commands do to an open run: validate, fix, plan, iterate. Each writes
its artifacts, then its stamp.

What one command alone needs is imported where it is used: a plan needs no rule, a validation no provider.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import ValidationFailed
from dagogy.pipeline.report import plural, report_document, report_markdown, summary_line
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.events import utc_now
from dagogy.workspace.files import content_hash, to_json
from dagogy.workspace.stages import CURRICULUM, DIFF, PLAN, PREVIOUS, REPORT_JSON, REPORT_MD

if TYPE_CHECKING:
    from dagogy.contracts.types import Curriculum
    from dagogy.host.manager import Host
    from dagogy.pipeline.judge import ValidationResult
    from dagogy.pipeline.results import Report
    from dagogy.pipeline.rule_context import RunContext

#: How many errors the failure of a validation names itself.
_MOST_TOLD = 8
#: A fix may call for another one; no sound set of rules needs as many rounds.
_MOST_FIX_ROUNDS = 100


def validate(
    opened: OpenRun, context: RunContext | None = None, validation: ValidationResult | None = None
) -> dict[str, Any]:
    """Judges the curriculum in the run, writes both reports and the stamp, and returns the JSON report.

    `verdict` is given when the very bytes in the run were judged already.
    """
    if validation is None:
        opened.check_corrections()
    context = context or opened.context()
    validation = validation or opened.session.judge.judge(context)
    report = report_document(opened.run.id, validation)
    opened.run.write(REPORT_MD, report_markdown(report, opened.run.id).encode(errors="backslashreplace"))
    opened.run.write(REPORT_JSON, to_json(report))
    opened.metadata.stamps["validation"] = {
        "curriculum": opened.state.hashes["curriculum"],
        "inputs": opened.state.inputs,
        "evidence": opened.state.hashes["evidence"],
        "ruleset": validation.ruleset,
        "passed": validation.passed,
        "figures": f"{plural(validation.nodes, 'concept')}, score {validation.score:g}",
        "gaps": str(validation.gaps or ""),
    }
    if validation.passed and not opened.state.current[CURRICULUM]:
        # It fits the inputs of today; that is what its stamp says from now on.
        opened.metadata.stamps["curriculum"] = {
            "sha256": opened.state.hashes["curriculum"],
            "inputs": opened.state.inputs,
            "made_by": "validate",
        }
    opened.metadata.note("validated", summary_line(report), passed=validation.passed)
    opened.run.event("validated", passed=validation.passed, score=validation.score, **report["summary"])
    opened.refresh()
    return report


def report_of(opened: OpenRun, document: Mapping[str, Any], fixed: Sequence[str] = ()) -> Report:
    """A validation report of the run as an object; `fixed`: the fixes that were carried out before it."""
    from dagogy.pipeline.results import Report

    host, run, curriculum = opened.session.host, opened.run, opened.state.hashes["curriculum"]

    def export(format_id: str) -> str:
        from dagogy.pipeline.exports import exported_report

        return exported_report(host, format_id, run, document, curriculum)

    return Report(
        document, None if document["passed"] else validation_failure(opened, document), export, fixed
    )


def kept_report(opened: OpenRun) -> Report:
    """The report that was written last. Raises `ValidationFailed` for one that somebody changed into none."""
    from dagogy.contracts.check import schema_problems
    from dagogy.workspace.files import from_json

    try:
        document = from_json(opened.run.read(REPORT_JSON))
        problem = next(
            (
                f"does not meet its schema: {p}"
                for p in schema_problems("validation_report", document, most=1)
            ),
            "",
        )
    except ValueError as error:
        problem = f"is not JSON: {error}"
    if problem:
        raise ValidationFailed(f"{REPORT_JSON} {problem}", hint=f"dagogy validate {opened.run.id}")
    return report_of(opened, document)


def checked(opened: OpenRun, document: Mapping[str, Any], fixed: Sequence[str] = ()) -> Report:
    """The report of a validation that was made just now. With errors, the command that made it has failed,
    whoever prints it first.
    """
    report = report_of(opened, document, fixed)
    opened.failure = report.failure
    return report


def validation_failure(opened: OpenRun, report: Mapping[str, Any]) -> ValidationFailed:
    """The typed error for the report of a run that failed."""
    run = opened.run
    hint = (
        f"edit the curriculum, the topic spec or the source where {run.path / REPORT_MD} says so, "
        f"then: dagogy validate {run.id}"
    )
    failure = failure_of(opened.session.host, report, run.id, hint)
    failure.details = {"run_id": run.id, "report": str(run.path / REPORT_JSON), **failure.details}
    return failure


def failure_of(host: Host, report: Mapping[str, Any], what: str, hint: str) -> ValidationFailed:
    """The typed error for a report that failed, with its errors, as far as one line holds them: all of them
    are in the report and on stdout. `what` was validated."""
    blamed: dict[str, str] = {}
    errors = [f for f in report["findings"] if f["severity"] == "error"]
    failed = [r for r in report["rules"] if r["status"] == "failed"]
    if errors:
        told = [f"{e['rule_id']} at {e['document']}{e['pointer']}: {e['message']}" for e in errors]
    else:
        told = [f"rule {r['rule_id']} could not run: {r['reason']}" for r in failed]
        rule = next((p for p in host.all("rule") if p.id == failed[0]["rule_id"]), None)
        if rule is not None:
            blamed = {
                "plugin": rule.id,
                "kind": "rule",
                "distribution": rule.entry.distribution,
                "version": rule.entry.version,
            }
    more = f"; in all {len(told)}, which the report lists" if len(told) > _MOST_TOLD else ""
    return ValidationFailed(
        f"validation of {what} failed: {'; '.join(told[:_MOST_TOLD])}{more}",
        hint=hint,
        details={**report["summary"], **blamed},
    )


def close_round(opened: OpenRun) -> None:
    """Ends the round of a generation whose curriculum does not pass: the next generation replaces it, and it
    becomes the previous one.

    That of one which passes ends with `iterate`. Until then the command, run again,
    goes on with the same round.
    """
    if _close(opened):
        opened.run.save(opened.metadata)


def _close(opened: OpenRun) -> bool:
    """Whether there was a round to close. Its drafts are kept, for the case that this command dies before its
    log says that it ended.
    """
    stamp = opened.metadata.stamps.get("round")
    if stamp is None or stamp.get("pid") is not None:
        return False
    stamp["pid"] = os.getpid()
    return True


def plan(opened: OpenRun, context: RunContext | None = None) -> dict[str, Any]:
    """Makes and writes the plan. Raises `StageConflict` unless the run is validated."""
    opened.require(REPORT_JSON, "plan")
    context = context or opened.context()
    from pydantic_core import to_json as fast_json

    from dagogy.pipeline.plan import make_plan
    from dagogy.pipeline.results import Plan

    curriculum, spec, index = context.curriculum, context.spec, context.index
    # Where nobody else needs it, the text goes before the plan is made: it is as large as what is planned.
    del context
    document = make_plan(curriculum, spec, index)
    # Much faster than the standard library's, and half the memory: a plan of 100,000 nodes is
    # a fifth of the curriculum.
    data = fast_json(document, indent=2) + b"\n"
    opened.run.write(PLAN, data)
    before = opened.metadata.stamps.get("plan", {})
    revision = before["revision"] if isinstance(before.get("revision"), int) else 0
    is_new = before.get("sha256") != content_hash(data)
    opened.metadata.stamps["plan"] = {
        "sha256": content_hash(data),
        # Who takes the plan over, as a calendar does, goes by these: they change with its content.
        "revision": revision + is_new,
        "at_utc": utc_now() if is_new else before.get("at_utc") or utc_now(),
        "figures": Plan(document).summary(),
        "curriculum": opened.state.hashes["curriculum"],
        "topic_spec": opened.state.hashes["topic_spec"],
    }
    opened.metadata.note("planned", plural(document["duration_weeks"], "week"))
    opened.run.event("planned", weeks=document["duration_weeks"], minutes=document["total_estimated_minutes"])
    opened.refresh(plan=content_hash(data))
    return document


def iterate(opened: OpenRun, context: RunContext | None = None) -> dict[str, Any]:
    """Writes what changed since the previous curriculum. Raises `StageConflict` unless the run is planned."""
    opened.require(PLAN, "iterate")
    document = difference(opened, context)
    data = opened.run.write_json(DIFF, document)
    hashes = opened.state.hashes
    opened.metadata.stamps["iteration"] = {
        "sha256": content_hash(data),
        "curriculum": hashes["curriculum"],
        "previous": hashes["previous"],
        "plan": hashes["plan"],
    }
    counts = {name: len(document[f"{name}_nodes"]) for name in ("added", "removed", "changed", "renamed")}
    opened.metadata.note("iterated", ", ".join(f"{n} {name}" for name, n in counts.items()))
    opened.run.event("iterated", **counts, time_delta_minutes=document["time_delta_minutes"])
    _close(opened)
    opened.refresh(diff=content_hash(data))
    return document


def difference(opened: OpenRun, context: RunContext | None = None) -> dict[str, Any]:
    """The diff between the previous curriculum and the one in the run; writes nothing."""
    from dagogy.contracts.documents import decode_curriculum
    from dagogy.pipeline.diff import make_diff

    if context is None:
        # Its bytes go as soon as it is typed: two curricula of 100,000 nodes are half a gigabyte as it is.
        current, index = opened.context().curriculum, None
    else:
        current, index = context.curriculum, context.index
    previous: Curriculum | None = None
    if opened.run.exists(PREVIOUS):
        decoded = decode_curriculum(opened.run.read(PREVIOUS))
        if decoded.value is None:
            raise ValidationFailed(
                f"{PREVIOUS} does not meet its schema: {decoded.problems[0]}",
                hint=f"restore it, or remove {opened.run.path / PREVIOUS}",
            )
        previous = decoded.value
    return make_diff(previous, current, index)


def fix(opened: OpenRun, *, unsafe: bool, write: bool) -> tuple[bytes, bytes, list[str], int]:
    """Applies the fixes that the rules offer, round by round until none is left.

    Returns the curriculum before and after, what was done, and how many unsafe fixes are left that were not
    asked for. With `write` the result replaces the curriculum in the run.
    """
    from dagogy.pipeline.fixes import apply_fixes, offered

    opened.check_corrections()
    before = after = (
        opened.run.read(CURRICULUM) if opened.run.exists(CURRICULUM) else opened.context().curriculum_bytes
    )
    done: list[str] = []
    hidden = 0
    seen: set[str] = set()
    for _ in range(_MOST_FIX_ROUNDS):
        context = opened.context(after)
        findings = opened.session.judge.judge(context).findings
        hidden = 0 if unsafe else len(offered(findings, unsafe=True)) - len(offered(findings, unsafe=False))
        if not offered(findings, unsafe=unsafe):
            break
        # Two rules whose fixes undo each other would go round for ever.
        seen.add(content_hash(to_json(context.document)))
        document, applied = apply_fixes(context.document, findings, unsafe=unsafe)
        data = to_json(document)
        if not applied or content_hash(data) in seen:
            break
        after = data
        done.extend(f"{f.rule_id} {f.pointer}: {f.fix.description}" for f in applied if f.fix)
    if write and done:
        opened.run.write(CURRICULUM, after)
        opened.metadata.stamps["curriculum"] = {
            "sha256": content_hash(after),
            "inputs": opened.state.inputs,
            "made_by": "fix",
        }
        opened.metadata.note("fixed", plural(len(done), "fix", "fixes"), fixes=done[:50])
        opened.run.event("fixed", fixes=done[:1000])
        opened.refresh(curriculum=content_hash(after))
    return before, after, done, hidden
