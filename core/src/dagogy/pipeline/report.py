"""The validation report: JSON for machines, Markdown for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dagogy.api.rules import Finding
from dagogy.pipeline.judge import Outcome, ValidationResult
from dagogy.pipeline.markdown import code, document, inline
from dagogy.pipeline.measures import measure_document


def report_document(run_id: str, validation: ValidationResult) -> dict[str, Any]:
    """`validation_report.json` (`dagogy schema validation_report`)."""
    statuses = Counter(o.status for o in validation.outcomes)
    severities = Counter(f.severity for f in validation.findings)
    fixes = Counter(f.fix.safety for f in validation.findings if f.fix is not None)
    return {
        "schema_version": 1,
        "run_id": run_id,
        "passed": validation.passed,
        "score": validation.score,
        "nodes": validation.nodes,
        "ruleset": validation.ruleset,
        "summary": {
            "errors": severities["error"],
            "warnings": severities["warning"],
            "infos": severities["info"],
            "rules_run": statuses["clean"] + statuses["findings"],
            "rules_skipped": statuses["skipped"],
            "rules_failed": statuses["failed"],
            "safe_fixes": fixes["safe"],
            "unsafe_fixes": fixes["unsafe"],
        },
        "rules": [outcome_document(o) for o in validation.outcomes],
        "findings": [finding_document(f) for f in validation.findings],
        "measures": [measure_document(m) for m in validation.measures],
        "gaps": None if validation.gaps is None else validation.gaps.as_dict(),
    }


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """What became of one rule as JSON values. `notes` and `slow_seconds` are there only where there is
    something to note.
    """
    o = outcome
    document: dict[str, Any] = {
        "rule_id": o.rule_id,
        "severity": o.severity,
        "status": o.status,
        "reason": o.reason,
        "findings": o.findings,
    }
    document |= {"notes": o.notes} if o.notes else {}
    return document | ({"slow_seconds": o.slow_seconds} if o.slow_seconds is not None else {})


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding as JSON values."""
    fix = finding.fix
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity,
        "message": finding.message,
        "document": finding.document,
        "pointer": finding.pointer,
        "node_id": finding.node_id,
        "fix": {"safety": fix.safety, "description": fix.description, "patch": fix.patch}
        if fix is not None
        else None,
    }


def summary_line(report: Mapping[str, Any]) -> str:
    """`passed: 0 errors, 2 warnings, 0 infos; score 98.5; 28 rules run, …`."""
    s = report["summary"]
    line = (
        f"{'passed' if report['passed'] else 'failed'}: {plural(s['errors'], 'error')}, "
        f"{plural(s['warnings'], 'warning')}, {plural(s['infos'], 'info')}; score {report['score']:g}; "
        f"{plural(s['rules_run'], 'rule')} run"
    )
    if s["rules_skipped"]:
        line += f", {s['rules_skipped']} skipped"
    if s["rules_failed"]:
        line += f", {s['rules_failed']} could not run"
    return "; ".join(filter(None, (line, gaps_line(report))))


def gaps_line(document: Mapping[str, Any]) -> str:
    """`18 of 26 concepts need an author: …` of a report or plan; "" without gaps."""
    return str((document.get("gaps") or {}).get("summary", ""))


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 error`, `2 errors`; `many` where that is not the noun with an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {many or noun + 's'}"


def place(source: Mapping[str, Any]) -> str:
    """`inputs/scope.md line 3`, `… lines 3 to 5`, or the location alone where its `lines` are 0."""
    first, last = source["lines"]
    span = f" line {first}" if first == last else f" lines {first} to {last}"
    return f"{source['location']}{span if first else ''}"


def hours(minutes: float, sign: str = "") -> str:
    """Minutes as hours for people: `16 hours`, `17.3 hours`; with `sign="+"` always signed."""
    text = format(round(minutes / 60, 1), f"{sign}g")
    return f"{text} hour" if text.lstrip("+-") == "1" else f"{text} hours"


def cost_lines(usage: Mapping[str, float], model: str) -> list[str]:
    """The line that says what the answers cost; none where nothing was asked for."""
    if "calls" not in usage:
        return []
    parts = [plural(int(usage["calls"]), "call")]
    parts += [
        f"{int(usage[key]):,} tokens {what}"
        for key, what in (("input_tokens", "read"), ("output_tokens", "written"))
        if usage.get(key)
    ]
    parts += [f"{usage['seconds']:.1f} seconds"] if usage.get("seconds") else []
    return [f"  cost        {', '.join(parts)}" + (f"; {model}" if model else "")]


def _by_rule(findings: Sequence[Mapping[str, Any]], title: str) -> list[str]:
    """The findings of one severity under the names of their rules; nothing where there are none."""
    rules: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings:
        rules.setdefault(finding["rule_id"], []).append(finding)
    lines: list[str] = [f"## {title}", ""] if rules else []
    for rule, found in rules.items():
        lines += [f"### {inline(rule)} ({len(found)})", "", *map(_bullet, found), ""]
    return lines


def report_markdown(report: Mapping[str, Any], run_reference: str) -> str:
    """`validation_report.md`: verdict, what to do, findings by rule (worst first), rules that did not run."""
    lines = [
        f"# Validation of {inline(report['run_id'])}",
        "",
        f"**{summary_line(report)}** ({plural(report['nodes'], 'node')})",
        "",
    ]
    lines += ["## What to do", "", *_what_to_do(report, run_reference), ""]
    for severity, title in (("error", "Errors"), ("warning", "Warnings"), ("info", "Infos")):
        lines += _by_rule([f for f in report["findings"] if f["severity"] == severity], title)
    idle = [r for r in report["rules"] if r["status"] in ("skipped", "failed")]
    lines += _listed(
        "Rules that did not run",
        [f"{code(r['rule_id'])} {r['status']}: {inline(r['reason'])}" for r in idle],
    )
    lines += _listed(
        "Rules that did not keep to their part",
        [inline(note) for r in report["rules"] for note in r.get("notes") or ()],
    )
    lines += _measures(report)
    clean = [r["rule_id"] for r in report["rules"] if r["status"] == "clean"]
    lines += ["## Clean rules", "", ", ".join(code(r) for r in clean) or "none"]
    return document(lines)


def _listed(title: str, items: Sequence[str]) -> list[str]:
    """A section with a list, where there is anything to list."""
    return [f"## {title}", "", *(f"- {item}" for item in items), ""] if items else []


def _measures(report: Mapping[str, Any]) -> list[str]:
    lines = [
        (
            f"- {inline(m['name'])}: {m['value']:.4g} of 1 "
            f"({code(m['rule_id'])}{'; no repair may lower it' if m['protected'] else ''})"
        )
        for m in report.get("measures") or ()
        if m["value"] is not None
    ]
    return ["## Measures", "", *lines, ""] if lines else []


def _what_to_do(report: Mapping[str, Any], run: str) -> list[str]:
    gaps = (
        [f"- {code(f'dagogy gaps {run}')} lists what needs an author, with a question for each"]
        if gaps_line(report)
        else []
    )
    if report["passed"]:
        return [f"- {code(f'dagogy plan {run}')}, then {code(f'dagogy iterate {run}')}", *gaps]
    out = gaps
    s = report["summary"]
    if s["safe_fixes"]:
        out.append(
            f"- {code(f'dagogy validate {run} --fix')} applies "
            f"{plural(s['safe_fixes'], 'safe fix', 'safe fixes')}"
        )
    if s["unsafe_fixes"]:
        out.append(
            f"- {code(f'dagogy validate {run} --unsafe-fixes --diff')} shows {s['unsafe_fixes']} that would "
            "change the meaning"
        )
    out += [
        (
            "- fix `outputs/curriculum/curriculum.json`, `inputs/topic_spec.json` or the configuration "
            "where the findings point, or generate again"
        ),
        "- `dagogy explain RULE` explains why a rule exists and how to satisfy it",
        f"- then {code(f'dagogy validate {run}')}",
    ]
    return out


def _bullet(finding: Mapping[str, Any]) -> str:
    named = finding["document"] == "topic_spec"
    place = code(finding["document"] + finding["pointer"] if named else finding["pointer"] or "/")
    node = f" (node {code(finding['node_id'])})" if finding["node_id"] else ""
    fix = (
        f" *{finding['fix']['safety']} fix: {inline(finding['fix']['description'])}*"
        if finding["fix"]
        else ""
    )
    return f"- {place}{node}: {inline(finding['message'])}{fix}"
