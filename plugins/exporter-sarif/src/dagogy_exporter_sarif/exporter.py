"""The exporter `sarif`: OASIS SARIF 2.1.0."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from dagogy.api.exporters import ExportContext, Exporter

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Mapping[str, str] = {"error": "error", "warning": "warning", "info": "note"}
_POSITION = re.compile(r"/\d+(?=/|$)")


class Sarif(Exporter):
    """One run with all the rules of the report, a result a finding, and a notification for
    each rule that did not judge.

    Fixes are not exported: SARIF's replace regions of text, ours are patches of the document;
    `validate --fix` applies them.
    """

    def export(self, context: ExportContext) -> str:
        log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(context)]}
        # ASCII alone, so that no console encoding can spoil it.
        return Exporter.json_text(log, ascii_only=True) + "\n"


def _run(context: ExportContext) -> dict[str, Any]:
    report = context.document
    severities = {outcome["rule_id"]: outcome["severity"] for outcome in report["rules"]}
    # A report names each rule that ran; a finding of any other one must still have its descriptor.
    severities.update(
        (f["rule_id"], f["severity"]) for f in report["findings"] if f["rule_id"] not in severities
    )
    position = {rule_id: i for i, rule_id in enumerate(severities)}
    driver: dict[str, Any] = {
        "name": "dagogy",
        "rules": [_descriptor(rule_id, severity, context) for rule_id, severity in severities.items()],
    }
    if context.version:
        driver["version"] = context.version
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"dagogy/{report['run_id']}"},
        "invocations": [
            {
                "executionSuccessful": not any(outcome["status"] == "failed" for outcome in report["rules"]),
                "toolExecutionNotifications": _notifications(report["rules"], position),
            }
        ],
        "results": [
            _result(finding, position[finding["rule_id"]], context) for finding in report["findings"]
        ],
        "properties": {"passed": report["passed"], "score": report["score"], "nodes": report["nodes"]},
    }


def _descriptor(rule_id: str, severity: str, context: ExportContext) -> dict[str, Any]:
    about = context.rules.get(rule_id, {})
    summary, page = about.get("summary") or rule_id, about.get("help", "").strip()
    return {
        "id": rule_id,
        "shortDescription": _message(summary),
        # The page's first part says what is judged and why; the examples come after it.
        "fullDescription": _message(page.partition("\nBad:")[0].strip() or summary),
        "help": _message(page or summary),
        "defaultConfiguration": {"level": _LEVELS[about.get("severity") or severity]},
        "properties": {"tags": [rule_id.partition(".")[0]]},
    }


def _notifications(
    outcomes: Iterable[Mapping[str, Any]], position: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {
            "level": "error" if outcome["status"] == "failed" else "note",
            "message": _message(
                f"{outcome['rule_id']} {'could not run' if outcome['status'] == 'failed' else 'was skipped'}:"
                f" {outcome['reason']}"
            ),
            "associatedRule": {"id": outcome["rule_id"], "index": position[outcome["rule_id"]]},
        }
        for outcome in outcomes
        if outcome["status"] in ("failed", "skipped")
    ]


def _result(finding: Mapping[str, Any], rule_index: int, context: ExportContext) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding["rule_id"],
        "ruleIndex": rule_index,
        "level": _LEVELS[finding["severity"]],
        "message": _message(finding["message"]),
        "partialFingerprints": {"dagogyFinding/v1": _fingerprint(finding)},
    }
    location = _location(finding, context)
    if location:
        result["locations"] = [location]
    return result


def _location(finding: Mapping[str, Any], context: ExportContext) -> dict[str, Any]:
    location: dict[str, Any] = {}
    file = context.files.get(finding["document"]) or (
        context.artifact if finding["document"] == "curriculum" else ""
    )
    if file:
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(file)}}
        # The lines that are known are those of the curriculum.
        if finding["document"] == "curriculum" and finding["pointer"] in context.lines:
            location["physicalLocation"]["region"] = {"startLine": context.lines[finding["pointer"]]}
    logical = {"fullyQualifiedName": finding["pointer"]} if finding["pointer"] else {}
    if finding["node_id"]:
        logical["name"] = finding["node_id"]
    if logical:
        location["logicalLocations"] = [logical]
    return location


def _fingerprint(finding: Mapping[str, Any]) -> str:
    """The same for the same finding after nodes and lines have moved: positions
    are left out of the pointer.
    """
    parts = [
        finding["rule_id"],
        finding["document"],
        finding["node_id"] or "",
        _POSITION.sub("/#", finding["pointer"]),
        finding["message"],
    ]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _uri(path: str) -> str:
    pure = PurePath(path)
    if pure.is_absolute():
        return pure.as_uri()
    # A colon in the first segment would read as a scheme.
    return quote(pure.as_posix(), safe="/~!$&'()*+,;=@", errors="surrogateescape")


def _message(text: str) -> dict[str, str]:
    """Braces mark placeholders in a message and are doubled where they are meant (section 3.11.5)."""
    return {"text": text.replace("{", "{{").replace("}", "}}")}
