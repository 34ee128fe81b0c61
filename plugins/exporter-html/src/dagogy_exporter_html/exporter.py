"""The exporter `html`: a page that shows a run in any browser, from a file, without a network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from dagogy.api.exporters import ExportContext, Exporter

from dagogy_exporter_html.layout import layout


class Page(Exporter):
    """One file of HTML with all that belongs to the run: the graph in layers, a list, the weeks, the gaps and
    the findings; for each node what is to be learned, and for each edge the evidence with its quotations.
    Search, filters, keyboard, light, dark and print; the address keeps what is shown.

    The page asks for nothing from anywhere: its content security policy admits its own script and style, by
    their hashes, and nothing else. Only `http` and `https` addresses of resources become links.
    """

    def export(self, context: ExportContext) -> str:
        parts = files("dagogy_exporter_html")
        template, style, script = (
            parts.joinpath(name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")
        )
        fills = {
            "TITLE": html.escape(str(context.document["topic"])),
            "POLICY": f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
            "img-src data:; base-uri 'none'; form-action 'none'",
            "STYLE": style,
            "SCRIPT": script,
            "DATA": _embedded(_data(context)),
        }
        # In one go: what is filled in may hold the mark of another part.
        pieces = template.split("@@")
        return "".join(fills[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def _source(text: str) -> str:
    """The text of an element as a source of the content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _embedded(document: Any) -> str:
    """JSON that ends no element and opens no comment, whatever stands in it."""
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(context: ExportContext) -> dict[str, Any]:
    """What the script draws; nodes are named by their positions."""
    nodes: Sequence[Mapping[str, Any]] = context.document["nodes"]
    # Of two nodes with one id the first has it.
    position = {node["id"]: i for i, node in reversed(list(enumerate(nodes)))}
    spec, plan, findings = context.spec or {}, context.plan or {}, _findings(context.report)
    return {
        "topic": context.document["topic"],
        "run": context.run_id,
        "goal": spec.get("goal", ""),
        "audience": spec.get("audience", ""),
        "known": spec.get("prerequisites", []),
        "nodes": _nodes(context, position, plan, findings),
        "edges": [
            [position[e["prerequisite"]], position[e["dependent"]], e["weight"], e["pieces"]]
            for e in context.evidence["edges"]
        ],
        "weeks": [_week(week, position) for week in plan.get("weeks", ())],
        "findings": findings.get("", []),
        "removed": (context.diff or {}).get("removed_nodes", []),
        "compared": context.diff is not None,
        "score": context.report["score"] if context.report else None,
    }


def _findings(report: Mapping[str, Any] | None) -> dict[str, list[dict[str, str]]]:
    """The findings by the id of their node, those of none under ""."""
    found: dict[str, list[dict[str, str]]] = {}
    for finding in (report or {}).get("findings", ()):
        row = {"severity": finding["severity"], "rule": finding["rule_id"], "text": finding["message"]}
        found.setdefault(finding.get("node_id") or "", []).append(row)
    return found


def _week(week: Mapping[str, Any], position: Mapping[str, int]) -> dict[str, Any]:
    return {
        "week": week["week"],
        "minutes": week["minutes"],
        "nodes": [position[n] for n in week["nodes"] if n in position],
        "review": [position[r["node_id"]] for r in week["review"] if r["node_id"] in position],
    }


def _nodes(
    context: ExportContext,
    position: Mapping[str, int],
    plan: Mapping[str, Any],
    findings: Mapping[str, list[dict[str, str]]],
) -> list[dict[str, Any]]:
    nodes: Sequence[Mapping[str, Any]] = context.document["nodes"]
    prerequisites = [
        [position[p] for p in dict.fromkeys(node["prerequisites"]) if p in position] for node in nodes
    ]
    week = {node: w["week"] for w in plan.get("weeks", ()) for node in w["nodes"]}
    critical = set(plan.get("critical_path", ()))
    changes = _changes(context.diff)
    places = {c["node"]: c for c in context.evidence["concepts"]}
    return [
        {
            **{key: node.get(key) for key in ("id", "title", "capability", "group", "optional")},
            "minutes": node["estimate_minutes"],
            "ideas": node["core_ideas"],
            "pitfalls": node["pitfalls"],
            "task": node["mastery_check"]["task"],
            "criteria": node["mastery_check"]["pass_criteria"],
            "resources": node["resources"],
            "gaps": node.get("gaps", []),
            "before": before,
            "week": week.get(node["id"]),
            "critical": node["id"] in critical,
            "change": changes.get(node["id"], ""),
            "findings": findings.get(node["id"], []),
            "source": places.get(node["id"]),
            "x": x,
            "y": y,
        }
        for node, before, (x, y) in zip(nodes, prerequisites, layout(prerequisites), strict=True)
    ]


def _changes(diff: Mapping[str, Any] | None) -> dict[str, str]:
    """What became of each node since the previous curriculum, in a word; no word for what is as it was."""
    if diff is None:
        return {}
    return {
        **{row["id"]: "changed" for row in diff["changed_nodes"]},
        **{row["current_id"]: "renamed" for row in diff.get("renamed_nodes", ())},
        **dict.fromkeys(diff["added_nodes"], "added"),
    }
