"""What the provider can do about findings: take out prerequisites, exchange a text, put in a concept that is
missing.

What is done follows from where a finding points and from its data; which rule made it does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from dagogy.api.documents import TopicSpec
from dagogy.api.rules import Finding

from dagogy_provider_internal.language.keys import content_tokens, same_key
from dagogy_provider_internal.writing.checked import FIELDS, refusals
from dagogy_provider_internal.writing.node import Writer

_PREREQUISITE = re.compile(r"^/nodes/(\d+)/prerequisites/(\d+)$")
_FIELD = re.compile(r"^/nodes/(\d+)(?:/(\w+))?")
_LIST = re.compile(r"^/nodes/(\d+)/prerequisites$")
_ITEM = re.compile(r"^/scope_in/\d+$")
_TAUGHT = 0.6  # share of an item's telling words in the title of the concept that teaches it


@dataclass(frozen=True)
class Own:
    """What this provider has for a curriculum of its own.

    `nodes`: those it would propose now, by id, in the order of study; a broken field of a draft is taken from
    there. `weights`: how well the source supports a prerequisite of a node, by their ids. `writers`: what
    else the source has for the texts of each node, by its id.
    """

    nodes: Mapping[str, dict[str, Any]]
    weights: Mapping[tuple[str, str], float]
    writers: Mapping[str, Writer]

    @cached_property
    def _by_title(self) -> Mapping[tuple[str, ...], dict[str, Any]]:
        return {same_key(node["title"]): node for node in self.nodes.values()}

    def of(self, node: Mapping[str, Any]) -> dict[str, Any] | None:
        """The source's own node for one of a draft: that with its id, else that with its title."""
        return self.nodes.get(node["id"]) or self._by_title.get(same_key(node["title"]))

    def under_names_of(self, nodes: Sequence[Mapping[str, Any]]) -> Own:
        """The same under the ids of a draft: a concept that it has by title alone bears
        the id that it bears there.
        """
        ids = {node["id"] for node in nodes}
        named = {
            known["id"]: node["id"]
            for node in reversed(nodes)
            if (known := self.of(node)) and known["id"] not in ids
        }

        def name(known: str) -> str:
            return str(named.get(known, known))

        return Own(
            {
                name(i): {**node, "id": name(i), "prerequisites": [name(p) for p in node["prerequisites"]]}
                for i, node in self.nodes.items()
            },
            {(name(before), name(after)): weight for (before, after), weight in self.weights.items()},
            {name(i): writer for i, writer in self.writers.items()},
        )


def repaired(document: dict[str, Any], findings: Iterable[Finding], own: Own, spec: TopicSpec) -> list[str]:
    """Changes `document` in place; returns what was done."""
    done: list[str] = []
    nodes = document["nodes"]
    own = own.under_names_of(nodes)
    ids, turned = [node["id"] for node in nodes], False
    dropped: set[tuple[int, int]] = set()
    copies: dict[int, str] = {}
    leant_on: dict[str, None] = {}  # what nodes depend on, the draft lacks and the source has
    # What changes the number of nodes waits: pointers count the nodes of the draft.
    later: list[Finding] = []
    for finding in _each(findings):
        if finding.pointer == "/nodes" and "hours" in finding.data:
            done.extend(line for n in nodes for line in _refresh(n, "estimate_minutes", own))
            continue
        if finding.document != "curriculum" or finding.pointer == "/nodes":
            later.append(finding)
            continue
        prerequisite, place = _PREREQUISITE.match(finding.pointer), _FIELD.match(finding.pointer)
        if place is None or int(place[1]) >= len(nodes):
            continue
        i = int(place[1])
        if prerequisite:
            cycle, before = finding.data.get("cycle"), nodes[i]["prerequisites"][int(prerequisite[2]) :][:1]
            if before and before[0] not in ids and before[0] in own.nodes:
                leant_on[before[0]] = None
                continue
            turned = turned or isinstance(cycle, list) or "evidenced" in finding.data
            dropped.update(
                _weakest(nodes, cycle, own) if isinstance(cycle, list) else [(i, int(prerequisite[2]))]
            )
        elif _LIST.match(finding.pointer):
            excess = _excess(nodes[i], i, finding, own, spec)
            dropped.update(excess)
            done.extend([] if excess else _linked(nodes, [nodes[i]["id"]], own, spec))
        elif place[2] in (None, "id", "title") and (first := _copied(nodes, i, finding, own)):
            copies[i] = first
        elif place[2]:
            done.extend(_said_anew(nodes[i], place[2], finding, own, nodes))
    done.extend(_without(nodes, dropped))
    for i, first in sorted(copies.items(), reverse=True):
        done.append(_merged(nodes, i, first))
    for name in leant_on:
        done.extend(_put_in(nodes, name, own, spec))
    for finding in later:
        done.extend(_completed(nodes, finding, own, spec))
    if turned or [node["id"] for node in nodes] != ids:
        done.extend(_aligned(nodes, own, spec))
    return done


def _each(findings: Iterable[Finding]) -> Iterator[Finding]:
    """A finding for each place that the findings are about."""
    for finding in findings:
        yield finding
        yield from (replace(finding, pointer=pointer, others=()) for pointer in finding.others)


def _said_anew(
    node: dict[str, Any], field: str, finding: Finding, own: Own, nodes: Sequence[dict[str, Any]]
) -> list[str]:
    """The next sentence of the source for a text, or a gap; any other field as the source has it."""
    known = own.of(node)
    writer = own.writers.get(known["id"]) if known else None
    if writer is None or known is None or field not in FIELDS:
        return _refresh(node, field, own)
    before = set(writer.refused)
    sharp = replace(finding, severity="error")
    writer.refuse(field, refusals({"nodes": nodes}, [sharp]).get(node["id"], {}).get(field, set()))
    new = writer.fields()
    if finding.severity != "error" and len(_texts(new[field])) < len(_texts(node[field])):
        # What is only to be warned of is better than nothing.
        writer.refused = before
        return []
    if node[field] == new[field]:
        return []
    gaps = [gap for gap in node.get("gaps", []) if gap["field"] != field]
    node["gaps"] = gaps + [gap for gap in new["gaps"] if gap["field"] == field]
    node[field] = new[field]
    return [
        f"{node['id']}: {field} {'read from the source again' if any(_texts(new[field])) else 'left open'}"
    ]


def _texts(value: Any) -> list[str]:
    several = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return [text for text in several if isinstance(text, str) and text]


def _without(nodes: list[dict[str, Any]], dropped: Iterable[tuple[int, int]]) -> list[str]:
    """Takes out prerequisites, each given as the place of the node and its place in the node."""
    done = []
    for i, k in sorted(dropped, reverse=True):
        before = nodes[i]["prerequisites"]
        if k < len(before):
            done.append(f"{nodes[i]['id']}: prerequisite {before[k]} taken out")
            before.pop(k)
    return done


def _weakest(nodes: list[dict[str, Any]], cycle: list[Any], own: Own) -> set[tuple[int, int]]:
    """What to take out so that no cycle is left among the nodes that can be reached from `cycle`: of each
    cycle the prerequisite with the least support (a greedy feedback arc set)."""
    import networkx

    at = {node["id"]: n for n, node in reversed(list(enumerate(nodes)))}
    edges = [(i, k, at[p]) for i in at.values() for k, p in enumerate(nodes[i]["prerequisites"]) if p in at]
    graph = networkx.DiGraph((i, p) for i, _, p in edges)
    starts = [at[name] for name in cycle if name in at and at[name] in graph]
    out: set[tuple[int, int]] = set()
    while starts:
        try:
            found = networkx.find_cycle(graph, starts)
        except networkx.NetworkXNoCycle:
            break
        weakest = min(found, key=lambda e: (own.weights.get((nodes[e[1]]["id"], nodes[e[0]]["id"]), 0.0), e))
        graph.remove_edge(*weakest)
        out.update((i, k) for i, k, p in edges if (i, p) == weakest)
    return out


def _copied(nodes: list[dict[str, Any]], i: int, finding: Finding, own: Own) -> str:
    """The id of the node that this one says over again: an earlier one with its id, or one that the finding
    names where this is none of the source's.
    """
    name, first = nodes[i]["id"], finding.data.get("first")
    if any(node["id"] == name for node in nodes[:i]):
        return str(name)
    return (
        first
        if isinstance(first, str)
        and first != name
        and name not in own.nodes
        and any(node["id"] == first for node in nodes)
        else ""
    )


def _merged(nodes: list[dict[str, Any]], i: int, first: str) -> str:
    """Node `i` goes; what depended on it depends on the other one."""
    gone = nodes.pop(i)["id"]
    for node in nodes:
        renamed = [first if p == gone else p for p in node["prerequisites"]]
        node["prerequisites"] = list(dict.fromkeys(p for p in renamed if p != node["id"]))
    return f"{gone}: merged into {first}"


def _completed(nodes: list[dict[str, Any]], finding: Finding, own: Own, spec: TopicSpec) -> list[str]:
    """Concepts of the source that the draft lacks, where the finding is about an item that nobody teaches or
    about too few nodes; edges that the source gives, where it is about nodes that stand alone."""
    here = {known["id"] for node in nodes if (known := own.of(node))}
    missing = [name for name in own.nodes if name not in here]
    item, least = finding.data.get("item"), finding.data.get("min")
    if finding.document == "topic_spec" and _ITEM.match(finding.pointer) and isinstance(item, str):
        return [
            line for name in _teachers(item, missing, own)[:1] for line in _put_in(nodes, name, own, spec)
        ]
    if finding.document != "curriculum" or "hours" in finding.data:
        return []
    if isinstance(least, int) and "count" in finding.data:
        return [
            line for name in missing[: max(0, least - len(nodes))] for line in _put_in(nodes, name, own, spec)
        ]
    alone = finding.data.get("isolated")
    return _linked(
        nodes,
        alone if isinstance(alone, list) else [n["id"] for n in nodes if not n["prerequisites"]],
        own,
        spec,
    )


def _teachers(item: str, names: Iterable[str], own: Own) -> list[str]:
    """Those of the source's concepts that the item may mean, the likeliest first."""
    stems = frozenset(content_tokens(item))

    def share(name: str) -> float:
        title = own.nodes[name]["title"]
        if same_key(title) == same_key(item):
            return 2.0
        return len(stems & frozenset(content_tokens(title))) / len(stems) if stems else 0.0

    return [name for name in sorted(names, key=lambda name: -share(name)) if share(name) >= _TAUGHT]


def _put_in(nodes: list[dict[str, Any]], name: str, own: Own, spec: TopicSpec) -> list[str]:
    """The source's own node, before the first node that it comes before in the order of study,
    with the edges on both sides.
    """
    rank = {known: k for k, known in enumerate(own.nodes)}
    at = next((i for i, node in enumerate(nodes) if rank.get(node["id"], -1) > rank[name]), len(nodes))
    nodes.insert(at, {**own.nodes[name], "prerequisites": []})
    after = [n["id"] for n in nodes if name in own.nodes.get(n["id"], {"prerequisites": []})["prerequisites"]]
    return [
        f"{name}: put in, as the source has it",
        *_linked(nodes, [name], own, spec),
        *_linked(nodes, after, own, spec, only=name),
    ]


def _linked(
    nodes: list[dict[str, Any]], names: Iterable[str], own: Own, spec: TopicSpec, only: str = ""
) -> list[str]:
    """Gives nodes the prerequisites that the source gives them (or `only` one), within the limit
    and without closing a cycle.
    """
    limit = spec.constraints.max_prerequisites_per_node
    by_id = {node["id"]: node for node in reversed(nodes)}
    done: list[str] = []
    for name in names:
        for before in own.nodes.get(name, {"prerequisites": []})["prerequisites"] if name in by_id else ():
            have = by_id[name]["prerequisites"]
            room = not isinstance(limit, int) or len(have) < limit
            if (
                before in by_id
                and before not in have
                and room
                and only in ("", before)
                and not _depends_on(before, name, by_id)
            ):
                have.append(before)
                done.append(f"{name}: prerequisite {before} put in")
    return done


def _aligned(nodes: list[dict[str, Any]], own: Own, spec: TopicSpec) -> list[str]:
    """Prerequisites that the source has the other way round go, and those come in that it gives. One wrong
    edge puts many nodes in the wrong place as soon as others are put in beside it; and two nodes that became
    one may have closed a cycle, which puts all behind it in no place at all."""
    done = []
    for node in nodes:
        wrong = [
            p
            for p in node["prerequisites"]
            if p in own.nodes and node["id"] in own.nodes and _depends_on(p, node["id"], own.nodes)
        ]
        node["prerequisites"] = [p for p in node["prerequisites"] if p not in wrong]
        done += [
            f"{node['id']}: prerequisite {p} taken out, the source has it the other way round" for p in wrong
        ]
    done += _without(nodes, _weakest(nodes, [node["id"] for node in nodes], own))
    return done + _linked(nodes, [node["id"] for node in nodes], own, spec)


def _depends_on(node: str, other: str, by_id: Mapping[str, dict[str, Any]]) -> bool:
    seen, waiting = {node}, [node]
    while waiting:
        for before in by_id[waiting.pop()]["prerequisites"]:
            if before in by_id and before not in seen:
                seen.add(before)
                waiting.append(before)
    return other in seen


def _excess(
    node: dict[str, Any], i: int, finding: Finding, own: Own, spec: TopicSpec
) -> list[tuple[int, int]]:
    """The least supported prerequisites beyond the limit that the finding names, else the spec's."""
    limit = finding.data.get("limit", spec.constraints.max_prerequisites_per_node)
    before = node["prerequisites"]
    if not isinstance(limit, int) or len(before) <= limit:
        return []
    ranked = sorted(range(len(before)), key=lambda k: (own.weights.get((before[k], node["id"]), 0.0), -k))
    return [(i, k) for k in ranked[: len(before) - limit]]


def _refresh(node: dict[str, Any], field: str, own: Own) -> list[str]:
    """The field as this provider would write it, where the draft has something else."""
    fresh = own.of(node)
    if (
        fresh is None
        or field in ("id", "prerequisites", "gaps")
        or field not in fresh
        or fresh[field] == node.get(field)
    ):
        return []
    node[field] = fresh[field]
    open_there = [gap for gap in fresh.get("gaps", []) if gap["field"] == field]
    if open_there or "gaps" in node:
        node["gaps"] = [gap for gap in node.get("gaps", []) if gap["field"] != field] + open_there
    return [f"{node['id']}: {field} read from the source again"]
