"""The built-in exporters: what other tools are promised to be able to read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from dagogy.api import ExporterInfo
from dagogy.api.exporters import ExportContext, Exporter
from dagogy_exporter_github.exporter import GitHub
from dagogy_exporter_junit.exporter import JUnit
from dagogy_exporter_mermaid.exporter import Mermaid
from dagogy_exporter_sarif.exporter import Sarif

AWKWARD = (
    '"quoted", 100 % <b>&amp;]]></b>: a,b\r\nnext line\ttab \x00\x07\x1b[31m \ud7ff\ufffe {0} [x](y) 日本 '
    "\U0001f9ec \u2028end"
)
SARIF_SCHEMA = json.loads(
    (Path(__file__).parent / "data" / "sarif-2.1.0.schema.json").read_text(encoding="utf-8")
)


def exporter(kind: type[Exporter]) -> Exporter:
    return kind(ExporterInfo(id="x", summary="x", api_version=1, impl="x:X", subject="report"))


def finding(rule_id: str = "graph.acyclic", severity: str = "error", **part: Any) -> dict[str, Any]:
    base = {
        "message": "a -> b -> a",
        "document": "curriculum",
        "pointer": "/nodes/1/prerequisites/0",
        "node_id": "b",
        "fix": None,
    }
    return {"rule_id": rule_id, "severity": severity, **base, **part}


def outcome(
    rule_id: str, status: str = "findings", severity: str = "error", reason: str = "", findings: int = 0
) -> dict[str, Any]:
    return {
        "rule_id": rule_id,
        "severity": severity,
        "status": status,
        "reason": reason,
        "findings": findings,
    }


def report(findings: list[dict[str, Any]], rules: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "run_id": "20260101-000000",
        "passed": not findings,
        "score": 80.0,
        "nodes": 2,
        "rules": rules,
        "findings": findings,
        **more,
    }


def context(document: dict[str, Any], **more: Any) -> ExportContext:
    return ExportContext(
        document=document,
        **{"artifact": "runs/a b/outputs/curriculum/curriculum.json", "version": "0.1.0", **more},
    )


FULL = context(
    report(
        [
            finding(),
            finding("quality.atomicity", "warning", message=AWKWARD, pointer="/nodes/0/title", node_id="a"),
            finding(
                "schema.topic_spec",
                "error",
                document="topic_spec",
                pointer="",
                node_id=None,
                message="no goal",
            ),
            finding(
                "evidence.mode",
                "info",
                pointer="/nodes/0/resources",
                fix={"safety": "safe", "description": "d", "patch": []},
            ),
        ],
        [
            outcome("graph.acyclic"),
            outcome("quality.atomicity", severity="warning"),
            outcome("schema.topic_spec"),
            outcome("evidence.mode", severity="info"),
            outcome("graph.progression", "skipped", reason="graph.acyclic has findings"),
            outcome("house.broken", "failed", reason=f"rule of x 1.0 raised ValueError: {AWKWARD}"),
            outcome("schema.curriculum", "clean"),
        ],
    ),
    lines={"/nodes/1/prerequisites/0": 17},
    rules={
        "graph.acyclic": {
            "summary": "No cycles.",
            "severity": "error",
            "help": "A cycle cannot be studied.\n\nBad:\n    a -> a\n\nGood:\n    a",
        }
    },
)


def sarif_run(exported: ExportContext) -> dict[str, Any]:
    log = json.loads(exporter(Sarif).export(exported))
    jsonschema.Draft4Validator(
        SARIF_SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
    ).validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


BARE = context(report([finding()], []), artifact="", version="")


@pytest.mark.parametrize(
    "exported",
    [FULL, context(report([], [])), BARE],
    ids=["full", "empty", "rule that the report does not list"],
)
def test_sarif_passes_the_official_schema(exported: ExportContext) -> None:
    run = sarif_run(exported)
    assert len(run["results"]) == len(exported.document["findings"])
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_the_schema_at_hand_refuses_what_is_wrong() -> None:
    log = json.loads(exporter(Sarif).export(FULL))
    log["runs"][0]["results"][0]["level"] = "info"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SARIF_SCHEMA).validate(log)


def test_sarif_says_what_where_and_how_bad() -> None:
    run = sarif_run(FULL)
    first, awkward, spec, info = run["results"]
    assert [r["level"] for r in run["results"]] == ["error", "warning", "error", "note"]
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "runs/a%20b/outputs/curriculum/curriculum.json"},
                "region": {"startLine": 17},
            },
            "logicalLocations": [{"fullyQualifiedName": "/nodes/1/prerequisites/0", "name": "b"}],
        }
    ]
    assert "region" not in awkward["locations"][0]["physicalLocation"]
    # Section 3.11.5 has a literal brace doubled.
    assert awkward["message"]["text"] == AWKWARD.replace("{0}", "{{0}}")
    assert "locations" not in spec
    assert "fixes" not in info
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["shortDescription"]["text"] == "No cycles."
    assert rule["fullDescription"]["text"] == "A cycle cannot be studied."
    assert "Good:" in rule["help"]["text"]
    assert rule["defaultConfiguration"]["level"] == "error"


def test_sarif_tells_which_rules_did_not_judge() -> None:
    invocation = sarif_run(FULL)["invocations"][0]
    assert invocation["executionSuccessful"] is False
    notes = [
        (note["level"], note["associatedRule"]["id"]) for note in invocation["toolExecutionNotifications"]
    ]
    assert notes == [("note", "graph.progression"), ("error", "house.broken")]
    assert (
        sarif_run(context(report([finding()], [outcome("graph.acyclic")])))["invocations"][0][
            "executionSuccessful"
        ]
        is True
    )


def test_sarif_fingerprints_outlive_a_move_and_tell_findings_apart() -> None:
    def prints(*findings: dict[str, Any], **more: Any) -> list[str]:
        return [
            r["partialFingerprints"]["dagogyFinding/v1"]
            for r in sarif_run(context(report(list(findings), []), **more))["results"]
        ]

    assert prints(finding()) == prints(
        finding(pointer="/nodes/9/prerequisites/3"), lines={"/nodes/9/prerequisites/3": 99}
    )
    assert (
        len(
            set(
                prints(
                    finding(),
                    finding(message="other"),
                    finding(node_id="c"),
                    finding("house.other"),
                    finding(document="topic_spec"),
                )
            )
        )
        == 5
    )


def test_sarif_points_into_the_file_of_each_document() -> None:
    files = {"curriculum": "c.json", "topic_spec": "inputs/día#1?.json"}
    spec = finding(document="topic_spec", pointer="/nodes/1")
    run = sarif_run(context(report([spec], []), files=files, lines={"/nodes/1": 3}))
    assert run["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "inputs/d%C3%ADa%231%3F.json"}
    }
    absolute = sarif_run(context(report([finding()], []), artifact="/tmp/a b.json"))
    assert (
        absolute["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        == "file:///tmp/a%20b.json"
    )
    colon = sarif_run(context(report([finding()], []), artifact="a:b.json"))
    assert colon["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%3Ab.json"


def test_sarif_is_the_same_bytes_for_the_same_report_and_ascii() -> None:
    text = exporter(Sarif).export(FULL)
    assert text == exporter(Sarif).export(FULL)
    assert text.isascii()
    assert text.endswith("}\n")


def test_github_commands_keep_to_one_line_each_and_escape() -> None:
    text = exporter(GitHub).export(FULL)
    lines = text.split("\n")
    assert lines.pop() == ""
    assert "\r" not in text
    assert len(lines) == 6
    assert lines[0] == (
        "::error file=runs/a b/outputs/curriculum/curriculum.json,line=17,title=graph.acyclic::a -> b -> "
        "a (at /nodes/1/prerequisites/0)"
    )
    assert lines[1].startswith("::warning file=")
    assert '::"quoted", 100 %25 <b>&amp;]]></b>: a,b%0D%0Anext line' in lines[1]
    assert lines[2] == "::error title=schema.topic_spec::no goal"
    assert [line.split(" ")[0] for line in lines[3:]] == ["::notice", "::notice", "::error"]
    assert "graph.acyclic has findings" in lines[4]


def test_github_properties_escape_colons_and_commas_too() -> None:
    text = exporter(GitHub).export(context(report([finding()], []), artifact="C:\\a,b%\n.json"))
    assert text.startswith("::error file=C%3A\\a%2Cb%25%0A.json,title=graph.acyclic::")


def test_github_says_of_a_clean_report_that_all_is_well() -> None:
    message = exporter(GitHub).export(context(report([], [outcome("graph.acyclic", "clean")])))
    assert message == "::notice title=dagogy::20260101-000000: every rule is satisfied\n"


def test_junit_has_a_test_case_for_each_rule() -> None:
    suite = ElementTree.fromstring(exporter(JUnit).export(FULL)).find("testsuite")
    assert suite is not None
    assert suite.attrib == {"name": "dagogy", "tests": "7", "failures": "2", "errors": "1", "skipped": "1"}
    cases = {case.get("name"): case for case in suite}
    assert {case.get("classname") for case in suite} == {"graph", "quality", "schema", "evidence", "house"}
    assert [child.tag for child in cases["graph.acyclic"]] == ["failure"]
    assert cases["graph.acyclic"].findtext("failure") == "/nodes/1/prerequisites/0: a -> b -> a"
    assert [child.tag for child in cases["quality.atomicity"]] == ["system-out"]
    assert cases["schema.topic_spec"].findtext("failure") == "topic_spec the whole document: no goal"
    assert [child.tag for child in cases["graph.progression"]] == ["skipped"]
    assert [child.tag for child in cases["house.broken"]] == ["error"]
    assert len(cases["schema.curriculum"]) == 0


def test_junit_counts_rules_and_lists_findings() -> None:
    several = [finding(message=f"m{i}") for i in range(3)]
    suite = ElementTree.fromstring(
        exporter(JUnit).export(context(report(several, [outcome("graph.acyclic", findings=3)])))
    ).find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "1"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "3 findings, first /nodes/1/prerequisites/0: m0"
    assert (failure.text or "").count("\n") == 2


def test_junit_holds_no_character_that_xml_forbids() -> None:
    text = exporter(JUnit).export(FULL)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)
    written = ElementTree.fromstring(text).findtext("testsuite/testcase/system-out") or ""
    assert "\\x00\\x07\\x1b[31m \ud7ff\\ufffe" in written
    assert "日本 \U0001f9ec" in written
    assert ElementTree.fromstring(text.encode("utf-8")).tag == "testsuites"


def mermaid(*nodes: dict[str, Any]) -> list[str]:
    return exporter(Mermaid).export(ExportContext(document={"topic": "T", "nodes": list(nodes)})).splitlines()


def test_mermaid_draws_each_node_and_arrow() -> None:
    lines = mermaid(
        {"id": "graph", "title": "Sets", "prerequisites": []},
        {"id": "end", "title": "Maps", "prerequisites": ["graph", "ghost", "graph"]},
        {"id": "end", "title": "Twin", "prerequisites": ["end"]},
    )
    assert lines == [
        "flowchart TD",
        '    n0["Sets"]',
        '    n1["Maps"]',
        '    n2["Twin"]',
        "    n0 --> n1",
        "    n1 --> n2",
    ]


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ('Say "no" #1;', "Say #34;no#34; #35;1;"),
        ("a <b> & `c`\nnext\x00line", "a #60;b#62; #38; #96;c#96; next#92;x00line"),
        ("%%{init: 1}%%", "#37;#37;#123;init: 1#125;#37;#37;"),
        ("1. Sets", "1#46; Sets"),
        ("- Sets", "#45; Sets"),
        ("日本 \U0001f9ec", "日本 \U0001f9ec"),
        (" \n ", "a"),
    ],
)
def test_mermaid_labels_are_escaped(title: str, label: str) -> None:
    assert mermaid({"id": "a", "title": title, "prerequisites": []}) == ["flowchart TD", f'    n0["{label}"]']


def test_mermaid_of_nothing_is_an_empty_chart() -> None:
    assert mermaid() == ["flowchart TD"]
