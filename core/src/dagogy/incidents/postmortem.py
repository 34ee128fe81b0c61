"""The post-incident report (section 6 of the runbook): what happened when, what was known then, the cause,
and what prevents it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from dagogy.api.errors import NotFound
from dagogy.host.manager import Host
from dagogy.incidents import help as incident_help
from dagogy.incidents.diagnose import UNKNOWN
from dagogy.incidents.history import Happened, History, criteria, history
from dagogy.incidents.parsing import from_record
from dagogy.incidents.regression import suspected
from dagogy.pipeline.markdown import Markdown, code, fence, inline, prose, table
from dagogy.pipeline.report import plural
from dagogy.workspace.runs import Run

#: Characters of a line that tells a cause; the whole of it stands below.
_LONGEST = 300
#: Where nothing more is known of an event.
_NOTHING = "nothing more"
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
    same = [f for f in past.faults if f.verdict.incident_id == last.verdict.incident_id]
    return {
        "run_id": run.id,
        "incident": last.verdict.incident_id,
        "code_defect_suspected": bool(defect),
        "defect": defect,
        "owner": owner or "unassigned",
        "started_at_utc": past.first_of(last).at_utc,
        "last_failed_at_utc": last.at_utc,
        "failures": len(same),
        "attempts": sum(f.verdict.incident_id == last.verdict.incident_id for f in past.failures) - len(same),
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
    told_of = shlex.join(["dagogy", *map(str, command)]) if isinstance(command, list) else command
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
        "known": ", ".join(f"{k} {v}" for k, v in facts.items() if v != "") or _NOTHING,
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
            "what": _cut(last.message or last.code),
            "about": last.verdict.reason,
            "candidates": ids,
            "evidence": [f"[{last.code}] {last.message}"],
        }
    answer = last.verdict.best[0]
    deciding = [line.strip() for line in answer.diagnosis.evidence if line.strip()]
    advice = incident_help.advice(host, answer, from_record(last.document), general=True)
    line = _cut(deciding[0].removeprefix(f"[{last.code}] ") if deciding else last.message)
    return {
        "incident": last.verdict.incident_id,
        "what": f"{advice.cause}: {line}" if advice is not None and advice.specific else line,
        "about": incident_help.page(host, answer.plugin, last.verdict.incident_id).parts["What"],
        "candidates": [],
        "evidence": deciding,
    }


def _prevention(host: Host, last: Happened) -> list[str]:
    if last.verdict.outcome != "diagnosed":
        return [
            (
                "find the cause first; then teach a classifier to know it ('dagogy plugins list --kind "
                "classifier' shows those there are)"
            )
        ]
    answer = last.verdict.best[0]
    advice = incident_help.advice(host, answer, from_record(last.document), general=True)
    if advice is not None and advice.prevention:
        return [advice.prevention]
    page = incident_help.page(host, answer.plugin, last.verdict.incident_id)
    return [page.next_step_of(str(last.document.get("run_id") or ""))]


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}\u2026"


def _actions(past: History, last: Happened, defect: str, *, resolved: bool) -> list[str]:
    """The steps of the runbook's flow, for a code defect or for an operational cause."""
    first = [] if resolved else [f"resolve it: run '{last.command}' again until it passes"]
    middle = (
        f"{FOR_A_DEFECT}: dagogy postmortem {past.run.id} --regression-test tests"
        if defect
        else FOR_OPERATIONS
    )
    return [*first, middle, *STEPS]


def _times(report: Mapping[str, Any]) -> str:
    """How often, by fault: what attempts to recover met again is the same one."""
    attempts = report["attempts"]
    again = f", and again in {plural(attempts, 'attempt')} to recover" if attempts else ""
    return plural(report["failures"], "time") + again


def markdown(report: Mapping[str, Any]) -> list[str]:
    """The report for people."""
    cause, error = report["cause"], report["error"]
    why = prose(cause["what"])
    resolved = Markdown(f"yes, {inline(report['resolved_at_utc'])} by {code(report['resolved_by'])}")
    facts = {
        "Owner": report["owner"],
        "Incident": report["incident"],
        "Failed": _times(report),
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
    lines += ["", "## Cause", "", why, "", *fence(cause["evidence"]), "", prose(cause["about"])]
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
