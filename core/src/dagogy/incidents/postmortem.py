"""The post-incident report (section 6 of the runbook): what happened when, what was known then, the cause,
and what prevents it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagogy.api.errors import NotFound
from dagogy.host.manager import Host
from dagogy.incidents import help as incident_help
from dagogy.incidents.diagnose import UNKNOWN
from dagogy.incidents.history import Happened, History, criteria, history
from dagogy.incidents.regression import suspected
from dagogy.pipeline.markdown import Markdown, code, fence, inline, prose, table
from dagogy.workspace.runs import Run

#: What is done after an incident: the one or the other first, then the rest, in this order.
FOR_A_DEFECT = "add a regression test that fails as this run did"
FOR_OPERATIONS = "record the operational root cause"
STEPS = (
    "update the docs if behaviour or procedure changed",
    "run make gate",
    "summarize root cause and prevention in the PR notes",
)


def postmortem(host: Host, run: Run, owner: str = "") -> dict[str, Any]:
    """The report as a document. Raises `NotFound` when nothing failed on the run,
    or it is removed meanwhile.
    """
    with run.standing():
        return _postmortem(host, run, owner)


def _postmortem(host: Host, run: Run, owner: str) -> dict[str, Any]:
    past = history(host, run)
    last = past.last
    if last is None:
        raise NotFound(
            f"run {run.id} has no failure record: there is no incident to report",
            hint=f"dagogy status {run.id}",
        )
    resolution = past.resolved(last)
    defect = suspected(host, last.document, last.verdict)
    cause, prevention = _cause(host, last), _prevention(host, last)
    return {
        "run_id": run.id,
        "incident": last.verdict.incident_id,
        "code_defect_suspected": bool(defect),
        "defect": defect,
        "owner": owner or "unassigned",
        "started_at_utc": past.failures[0].at_utc,
        "last_failed_at_utc": last.at_utc,
        "resolved": resolution is not None,
        "resolved_at_utc": str(resolution.get("at_utc")) if resolution else "",
        "resolved_by": str(resolution.get("command") or resolution.get("action") or resolution.get("event"))
        if resolution
        else "",
        "error": {"code": last.code, "message": last.message, "command": last.command},
        "cause": cause,
        "prevention": prevention,
        "escalation_criteria": criteria(host, past),
        "timeline": _timeline(past),
        "actions": _actions(past, last, defect, resolved=resolution is not None),
        "unreadable_records": list(past.unreadable),
    }


def _event_row(event: Mapping[str, Any]) -> dict[str, str]:
    command = event.get("command")
    told_of = " ".join(["dagogy", *map(str, command)]) if isinstance(command, list) else command
    about = str(told_of or event.get("action") or event.get("name") or "")
    facts = {
        k: v
        for k, v in event.items()
        if k not in ("at_utc", "event", "command", "action", "name") and isinstance(v, str | int | float)
    }
    what = f"{event.get('event')} {about}".strip()
    return {
        "at_utc": str(event.get("at_utc") or ""),
        "what": what,
        "known": ", ".join(f"{k} {v}" for k, v in facts.items()),
    }


def _timeline(past: History) -> list[dict[str, str]]:
    """Events and failures in order, each with what was known at that time."""
    # The record of a failed command says the same as its event, and more.
    rows = [_event_row(event) for event in past.events if event.get("event") != "command_failed"]
    for failure in past.failures:
        known = f"[{failure.code}] {failure.message}; " + (
            f"diagnosed as {failure.then}" if failure.then else "not diagnosed at the time"
        )
        if failure.then and failure.then != failure.verdict.incident_id:
            known += f" (today: {failure.verdict.incident_id})"
        rows.append({"at_utc": failure.at_utc, "what": f"failed: {failure.command}", "known": known})
    return sorted(rows, key=lambda row: row["at_utc"])


def _cause(host: Host, last: Happened) -> dict[str, Any]:
    if last.verdict.incident_id == UNKNOWN:
        ids = [a.diagnosis.incident_id for a in last.verdict.best]
        return {
            "incident": UNKNOWN,
            "what": last.verdict.reason,
            "candidates": ids,
            "evidence": [f"[{last.code}] {last.message}"],
        }
    answer = last.verdict.best[0]
    what = incident_help.page(host, answer.plugin, last.verdict.incident_id).parts["What"]
    return {
        "incident": last.verdict.incident_id,
        "what": what,
        "candidates": [],
        "evidence": list(answer.diagnosis.evidence),
    }


def _prevention(host: Host, last: Happened) -> list[str]:
    if last.verdict.outcome != "diagnosed":
        return [
            (
                "find the cause first; then teach a classifier to know it ('dagogy plugins list --kind "
                "classifier' shows those there are)"
            )
        ]
    page = incident_help.page(host, last.verdict.best[0].plugin, last.verdict.incident_id)
    return [
        line
        for line in (page.next_step, f"Retry: {page.parts['Retry']}" if page.parts["Retry"] else "")
        if line
    ]


def _actions(past: History, last: Happened, defect: str, *, resolved: bool) -> list[str]:
    """The steps of the runbook's flow, for a code defect or for an operational cause."""
    first = [] if resolved else [f"resolve it: run '{last.command}' again until it passes"]
    middle = (
        f"{FOR_A_DEFECT}: dagogy postmortem {past.run.id} --regression-test tests"
        if defect
        else FOR_OPERATIONS
    )
    return [*first, middle, *STEPS]


def markdown(report: Mapping[str, Any]) -> list[str]:
    """The report for people."""
    cause, error = report["cause"], report["error"]
    why = prose(cause["what"] or cause["incident"])
    resolved = Markdown(f"yes, {inline(report['resolved_at_utc'])} by {code(report['resolved_by'])}")
    facts = {
        "Owner": report["owner"],
        "Incident": report["incident"],
        "First failure": report["started_at_utc"],
        "Last failure": report["last_failed_at_utc"],
        "Resolved": resolved if report["resolved"] else "no: the failed command has not passed since",
        "Code defect": f"suspected: {report['defect']}" if report["defect"] else "not suspected",
    }
    lines = [
        f"# Post-incident report: {inline(report['run_id'])}",
        "",
        *table(("what", "value"), facts.items()),
    ]
    lines += [
        "",
        "## Error",
        "",
        code(error["command"]),
        "",
        *fence([f"[{error['code']}] {error['message']}"]),
    ]
    lines += [
        "",
        "## Timeline",
        "",
        *table(
            ("time", "what", "known then"), ((r["at_utc"], r["what"], r["known"]) for r in report["timeline"])
        ),
    ]
    lines += ["", "## Cause", "", why, "", *fence(cause["evidence"])]
    lines += ["", "## Prevention", "", *(f"- {prose(line)}" for line in report["prevention"])]
    if report["escalation_criteria"]:
        lines += ["", "## Escalation", "", *(f"- {prose(line)}" for line in report["escalation_criteria"])]
    lines += ["", "## Actions", "", *(f"- [ ] {prose(line)}" for line in report["actions"])]
    lines += [
        "",
        "## PR notes",
        "",
        (
            f"Incident {inline(report['incident'])} of {inline(report['started_at_utc'])}, "
            f"{inline(report['run_id'])}."
        ),
        "",
    ]
    lines += [f"Root cause: {why}", "", f"Prevention: {prose(' '.join(report['prevention']))}"]
    return lines
