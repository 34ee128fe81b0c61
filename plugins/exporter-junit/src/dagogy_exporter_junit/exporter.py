"""The exporter `junit`: JUnit XML as Jenkins and GitLab read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from dagogy.api.exporters import ExportContext, Exporter
from dagogy.api.text import one_line


class JUnit(Exporter):
    """A test case a rule: it fails with findings of severity `error`, is an error where the rule could not
    run, and is skipped where a rule that it requires is not clean. Findings of lower severity are its output.
    """

    def export(self, context: ExportContext) -> str:
        rules = context.document["rules"]
        found: dict[str, list[Mapping[str, Any]]] = {}
        for finding in context.document["findings"]:
            found.setdefault(finding["rule_id"], []).append(finding)
        suites = ElementTree.Element("testsuites", name="dagogy")
        suite = ElementTree.SubElement(suites, "testsuite", name="dagogy", tests=str(len(rules)))
        for outcome in rules:
            _case(suite, outcome, found.get(outcome["rule_id"], []), context.artifact)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
        ElementTree.indent(suites)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'


def _case(
    suite: ElementTree.Element,
    outcome: Mapping[str, Any],
    findings: Iterable[Mapping[str, Any]],
    artifact: str,
) -> None:
    rule_id = _safe(outcome["rule_id"])
    case = ElementTree.SubElement(
        suite, "testcase", classname=rule_id.partition(".")[0], name=rule_id, time="0"
    )
    if artifact:
        case.set("file", _safe(artifact))
    reason = _safe(outcome["reason"])
    if outcome["status"] == "failed":
        ElementTree.SubElement(case, "error", message=reason, type="failed").text = reason
    elif outcome["status"] == "skipped":
        ElementTree.SubElement(case, "skipped", message=reason)
    errors = [_line(f) for f in findings if f["severity"] == "error"]
    others = [f"{f['severity']}: {_line(f)}" for f in findings if f["severity"] != "error"]
    if errors:
        # One element for all of them: GitLab reads no more than one a case.
        message = errors[0] if len(errors) == 1 else f"{len(errors)} findings, first {errors[0]}"
        ElementTree.SubElement(case, "failure", message=message, type="error").text = "\n".join(errors)
    if others:
        ElementTree.SubElement(case, "system-out").text = "\n".join(others)


def _line(finding: Mapping[str, Any]) -> str:
    place = finding["pointer"] or "the whole document"
    return _safe(
        f"{place}: {finding['message']}"
        if finding["document"] == "curriculum"
        else f"{finding['document']} {place}: {finding['message']}"
    )


def _safe(text: str) -> str:
    """One line, since a runner may print it. What XML 1.0 cannot hold is among what is shown escaped."""
    return one_line(text)
