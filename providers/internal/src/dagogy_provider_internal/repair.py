"""What the provider can do about findings: take out prerequisites, exchange a text, bring estimates into the hours.

What is done follows from where a finding points and from its data; which rule made it does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dagogy.api import Finding, TopicSpec

from dagogy_provider_internal.estimates import MOST, STEP

_PREREQUISITE = re.compile(r"^/nodes/(\d+)/prerequisites/(\d+)$")
_TEXT = re.compile(r"^/nodes/(\d+)/(core_ideas|pitfalls)/(\d+)$")
_FIELD = re.compile(r"^/nodes/(\d+)(?:/(\w+))?")
_LIST = re.compile(r"^/nodes/(\d+)/prerequisites$")
_HOURS = re.compile(r"^/constraints/total_hours")
_LEAST_TEXTS = {"core_ideas": 2, "pitfalls": 1}


def repaired(
    document: dict[str, Any],
    findings: Iterable[Finding],
    fresh: Mapping[str, dict[str, Any]],
    spare: Mapping[str, list[str]],
    weights: Mapping[tuple[str, str], float],
    spec: TopicSpec,
) -> list[str]:
    """Changes `document` in place; returns what was done.

    `fresh`: the nodes that this provider would propose now, by id; a broken field of a draft is taken from there. `spare`: further ideas that
    the source has for a node. `weights`: how well the source supports a prerequisite of a node, by their ids.
    """
    done: list[str] = []
    nodes = document["nodes"]
    dropped: set[tuple[int, int]] = set()
    for finding in findings:
        if _about_hours(finding):
            done.extend(_rescale(nodes, spec))
        if finding.document != "curriculum":
            continue
        prerequisite, text, place = _PREREQUISITE.match(finding.pointer), _TEXT.match(finding.pointer), _FIELD.match(finding.pointer)
        if prerequisite and int(prerequisite[1]) < len(nodes):
            dropped.add((int(prerequisite[1]), int(prerequisite[2])))
        elif (several := _LIST.match(finding.pointer)) and int(several[1]) < len(nodes):
            dropped.update(_excess(nodes[int(several[1])], int(several[1]), finding, weights, spec))
        elif text and int(text[1]) < len(nodes):
            done.extend(_exchange(nodes[int(text[1])], text[2], int(text[3]), spare))
        elif place and place[2] and int(place[1]) < len(nodes):
            done.extend(_refresh(nodes[int(place[1])], place[2], fresh))
            if place[2] == "estimate_minutes":
                done.extend(_rescale(nodes, spec))
    for i, k in sorted(dropped, reverse=True):
        before = nodes[i]["prerequisites"]
        if k < len(before):
            done.append(f"{nodes[i]['id']}: prerequisite {before[k]} taken out")
            before.pop(k)
    return done


def _about_hours(finding: Finding) -> bool:
    """Whether a finding is about the sum of the estimates: it points at the hours of the spec, or at all nodes with a number of hours."""
    if finding.document == "topic_spec":
        return bool(_HOURS.match(finding.pointer))
    return finding.pointer == "/nodes" and "hours" in finding.data


def _excess(node: dict[str, Any], i: int, finding: Finding, weights: Mapping[tuple[str, str], float], spec: TopicSpec) -> list[tuple[int, int]]:
    """The least supported prerequisites beyond the limit that the finding names, else the spec's."""
    limit = finding.data.get("limit", spec.constraints.max_prerequisites_per_node)
    before = node["prerequisites"]
    if not isinstance(limit, int) or len(before) <= limit:
        return []
    ranked = sorted(range(len(before)), key=lambda k: (weights.get((before[k], node["id"]), 0.0), -k))
    return [(i, k) for k in ranked[: len(before) - limit]]


def _exchange(node: dict[str, Any], kind: str, k: int, spare: Mapping[str, list[str]]) -> list[str]:
    """Another sentence of the source in place of the one found fault with; without one it goes, if enough are left."""
    texts = node[kind]
    if k >= len(texts):
        return []
    others = [t for t in spare.get(node["id"], []) if t not in texts] if kind == "core_ideas" else []
    if others:
        texts[k] = others[0]
        return [f"{node['id']}: another sentence of the source as {kind}[{k}]"]
    if len(texts) > _LEAST_TEXTS[kind]:
        texts.pop(k)
        return [f"{node['id']}: {kind}[{k}] taken out"]
    return []


def _refresh(node: dict[str, Any], field: str, fresh: Mapping[str, dict[str, Any]]) -> list[str]:
    """The field as this provider would write it, where the draft has something else."""
    own = fresh.get(node["id"])
    if own is None or field in ("id", "title", "prerequisites") or field not in own or own[field] == node.get(field):
        return []
    node[field] = own[field]
    return [f"{node['id']}: {field} read from the source again"]


def _rescale(nodes: list[dict[str, Any]], spec: TopicSpec) -> list[str]:
    low, high = spec.constraints.total_hours_min * 60, spec.constraints.total_hours_max * 60
    total = sum(n["estimate_minutes"] for n in nodes)
    if low <= total <= high or not total:
        return []
    factor = (low + high) / 2 / total
    for node in nodes:
        node["estimate_minutes"] = max(STEP, min(MOST, STEP * round(node["estimate_minutes"] * factor / STEP)))
    return [f"all estimates times {factor:.2f}"]
