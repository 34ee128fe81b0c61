"""Why a node stands where it stands, and why one comes before another: the curriculum held against the
evidence that was kept with it.

Everything is reported as JSON values; the sentences are made here too, so that both outputs say the same.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from dagogy.api.errors import InvalidArgument, NotFound
from dagogy.api.text import Words
from dagogy.contracts.suggest import did_you_mean, nearest
from dagogy.contracts.types import Curriculum, Node
from dagogy.pipeline.evidence import Concept, Edge, Known
from dagogy.pipeline.graph import GraphIndex

if TYPE_CHECKING:
    import networkx

#: Titles that an ambiguous name lists, and pairs without an edge that a node's page shows.
_LISTED, _CONSIDERED = 8, 8
#: Titles that a name which no node has is asked about.
_MEANT = 3
UNSUPPORTED = "stated by the curriculum; the source gives no evidence"
_DROPPED = {
    "weak": "less evidence than an edge takes",
    "opposed": "the source has more evidence for the other direction",
    "cycle": "with better supported edges it would close a cycle",
    "rank": "all the evidence together puts the prerequisite later",
    "complete": "the source lists the prerequisites in full, without this one",
    "limit": "others are better supported, and no more prerequisites are allowed",
    "implied": "other edges already imply it",
}


class _Order:
    """The order of study that the prerequisites make: where each node stands in it, by position."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.index = GraphIndex(nodes)

    @cached_property
    def graph(self) -> networkx.DiGraph:
        """The positions of the nodes, each with edges to those that depend on it."""
        import networkx

        return networkx.from_dict_of_lists(
            dict(enumerate(self.index.dependents)), create_using=networkx.DiGraph
        )

    def place(self, i: int) -> str:
        depth, deepest = self.index.depth[i], max(self.index.depth, default=0)
        if depth < 0:
            return "in a cycle of prerequisites, or behind one: it has no place in an order"
        if depth == 0:
            leaning = _count(len(self.reached(i, "descendants")), "node")
            return (
                f"it has no prerequisite, so it can be studied first; {leaning} of {len(self.nodes)} depend "
                "on it"
            )
        return (
            f"step {depth + 1} of {deepest + 1}: the longest chain of prerequisites below it has "
            f"{_count(depth, 'step')}"
        )

    def chain(self, i: int) -> list[str]:
        """The longest chain of prerequisites that ends with the node, in order of study; empty in a cycle."""
        if self.index.depth[i] < 0:
            return []
        from networkx import dag_longest_path

        return [
            self.nodes[c].id
            for c in dag_longest_path(self.graph.subgraph(self.reached(i, "ancestors") | {i}))
        ]

    def reached(self, i: int, which: Literal["ancestors", "descendants"]) -> set[int]:
        """All that comes before a node, or after it, without the node itself."""
        import networkx

        return set(getattr(networkx, which)(self.graph, i))

    def path(self, start: str, end: str) -> list[str]:
        """A shortest way from a prerequisite to a dependent; empty where there is none."""
        from networkx import NetworkXNoPath, shortest_path

        try:
            return [
                self.nodes[i].id
                for i in shortest_path(self.graph, self.index.position[start], self.index.position[end])
            ]
        except NetworkXNoPath:
            return []


class Why:
    """Answers for one curriculum. `notes`: what its provider remarked on it."""

    def __init__(self, curriculum: Curriculum, known: Known, notes: Sequence[str] = ()) -> None:
        self.nodes = curriculum.nodes
        self.known = known
        self.notes = notes
        self.order = _Order(curriculum.nodes)

    @cached_property
    def concept_of(self) -> Mapping[str, Concept]:
        """The concept of the evidence that each node stands for: that with its
        id, else that with its title.
        """
        by_id = {c.id: c for c in self.known.concepts}
        by_title = {Words.form(c.title): c for c in reversed(self.known.concepts)}
        found = {n.id: by_id.get(n.id) or by_title.get(Words.form(n.title)) for n in self.nodes}
        return {node: concept for node, concept in found.items() if concept is not None}

    @cached_property
    def node_of(self) -> Mapping[str, str]:
        """The node of each concept's id."""
        return {concept.id: node for node, concept in reversed(list(self.concept_of.items()))}

    def find(self, name: str) -> Node:
        """The node that `name` means; see `find_node`."""
        return find_node(self.nodes, name)

    # --- one node

    def node(self, node: Node) -> dict[str, Any]:
        """All there is to tell of a node."""
        i = self.order.index.position[node.id]
        before = [self.nodes[p].id for p in self.order.index.prerequisites[i]]
        after = [self.nodes[d].id for d in self.order.index.dependents[i]]
        unknown = [p for p in node.prerequisites if p not in self.order.index.position]
        concept = self.concept_of.get(node.id)
        return {
            "node": self._brief(node.id),
            "level": self.order.index.depth[i],
            "levels": max(self.order.index.depth, default=0),
            "place": self.order.place(i),
            "chain": [self._brief(c) for c in self.order.chain(i)],
            "source": None
            if concept is None
            else {
                "location": concept.location,
                "lines": list(concept.lines),
                "heading_path": concept.heading_path,
                "quote": concept.evidence,
            },
            "merged": concept.merged if concept else [],
            "notes": [
                note
                for note in self.notes
                if Words.form(node.title) in map(Words.form, re.split(r"[“”\":,;]", note))
            ],
            "prerequisites": [{**self._brief(p), **self._support(p, node.id)} for p in before],
            "unknown_prerequisites": unknown,
            "dependents": [{**self._brief(d), **self._support(node.id, d)} for d in after],
            "not_prerequisites": self._considered(node.id, before),
            "evidence_in": self.known.artifact,
        }

    def _brief(self, node_id: str) -> dict[str, Any]:
        return {"id": node_id, "title": self.nodes[self.order.index.position[node_id]].title}

    def known_edge(self, before: str, after: str) -> Edge | None:
        """What is kept of the pair of nodes, whether it became an edge of the reading or not."""
        return self._edge(self.known.edges, before, after) or self._edge(self.known.dropped, before, after)

    def _edge(self, kind: Mapping[tuple[str, str], Edge], before: str, after: str) -> Edge | None:
        a, b = self.concept_of.get(before), self.concept_of.get(after)
        return kind.get((a.id, b.id)) if a and b else None

    def _support(self, before: str, after: str) -> dict[str, Any]:
        """The evidence for an edge of the curriculum."""
        edge = self._edge(self.known.edges, before, after)
        if edge is not None:
            quoted = any(p.quote for p in edge.pieces)
            message = f"evidence of weight {edge.weight:g}" + (
                "" if quoted else ", which no statement of the source gives"
            )
            return {"supported": True, "told": message, "weight": edge.weight, "evidence": _pieces(edge)}
        dropped = self._edge(self.known.dropped, before, after)
        if dropped is not None:
            message = (
                f"stated by the curriculum; the source has evidence of weight {dropped.weight:g}, of which "
                f"the reading made no edge: {_reason(dropped)}"
            )
            return {
                "supported": False,
                "told": message,
                "weight": dropped.weight,
                "evidence": _pieces(dropped),
            }
        return {"supported": False, "told": UNSUPPORTED, "weight": 0.0, "evidence": []}

    def _considered(self, node_id: str, before: Sequence[str]) -> list[dict[str, Any]]:
        """Pairs with evidence that are no prerequisites of the node, and why not."""
        concept = self.concept_of.get(node_id)
        if concept is None:
            return []
        out = []
        implied = self.order.reached(self.order.index.position[node_id], "ancestors")
        for part in (self.known.edges, self.known.dropped):
            for (a, b), edge in part.items():
                other = self.node_of.get(a)
                if b == concept.id and other is not None and other not in before:
                    reason = (
                        "implied" if self.order.index.position[other] in implied else edge.reason or "removed"
                    )
                    message = (
                        _DROPPED.get(reason, reason)
                        if reason != "removed"
                        else "the curriculum does not have it"
                    )
                    out.append(
                        {
                            **self._brief(other),
                            "reason": reason,
                            "told": message,
                            "weight": edge.weight,
                            "evidence": _pieces(edge),
                        }
                    )
        return sorted(out, key=lambda e: -e["weight"])[:_CONSIDERED]

    # --- two nodes

    def pair(self, node: Node, prerequisite: Node) -> dict[str, Any]:
        """Whether and why `prerequisite` comes before `node`.

        `verdict`: `edge`, `implied` (by `path`), `reversed` (`node` comes before it, by `path`), `no_edge`
        (there is evidence, and `reason` tells why it makes no edge) or `none`.
        """
        if node.id == prerequisite.id:
            raise InvalidArgument(
                f"'{node.id}' is named twice: a node is no prerequisite of itself", hint="name two nodes"
            )
        document: dict[str, Any] = {
            "node": self._brief(node.id),
            "prerequisite": self._brief(prerequisite.id),
            "path": [],
        }
        dropped = self._edge(self.known.dropped, prerequisite.id, node.id)
        kept = self._edge(self.known.edges, prerequisite.id, node.id)
        found = kept or dropped
        base = {"weight": found.weight if found else 0.0, "evidence": _pieces(found) if found else []}
        forth, back = self.order.path(prerequisite.id, node.id), self.order.path(node.id, prerequisite.id)
        if len(forth) == 2:
            support = self._support(prerequisite.id, node.id)
            document |= {"verdict": "edge", **support}
        elif forth:
            document |= {
                "verdict": "implied",
                "told": "no edge of its own: a path of prerequisites already implies it",
                "path": self._steps(forth),
                **base,
            }
        elif back:
            message = f"the other way round: {prerequisite.title} depends on {node.title}"
            document |= {"verdict": "reversed", "told": message, "path": self._steps(back), **base}
        elif found:
            message = (
                _reason(found)
                if found.reason
                else "the source gives evidence, but the curriculum does not have the edge"
            )
            document |= {"verdict": "no_edge", "told": f"no edge: {message}", **base}
        else:
            document |= {
                "verdict": "none",
                "told": (
                    "neither comes before the other, and there is no evidence for it, or too little to be "
                    "kept"
                ),
                **base,
            }
        if document["verdict"] == "implied":
            document |= {"reason": "implied", "reason_told": _DROPPED["implied"]}
        elif dropped and not kept:
            document |= {"reason": dropped.reason, "reason_told": _reason(dropped)}
        return {"reason": "", "reason_told": "", **document, "evidence_in": self.known.artifact}

    def _steps(self, path: Sequence[str]) -> list[dict[str, Any]]:
        """The edges of a path, each with its evidence."""
        return [
            {"prerequisite": self._brief(a), "dependent": self._brief(b), **self._support(a, b)}
            for a, b in itertools.pairwise(path)
        ]


def _reason(edge: Edge) -> str:
    return _DROPPED.get(edge.reason, edge.reason)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _pieces(edge: Edge) -> list[dict[str, Any]]:
    return [
        {
            "kind": p.kind,
            "weight": p.weight,
            "location": p.location,
            "lines": list(p.lines),
            "quote": p.quote,
            "note": p.note,
        }
        for p in edge.pieces
    ]


def evidence_by_node(curriculum: Curriculum, known: Known) -> dict[str, Any]:
    """What is kept of the evidence, told of nodes: `concepts`, where each `node` stands in the source
    (`location`, `lines`, `heading_path`, `quote`), and of the `edges` of the curriculum (`prerequisite`,
    `dependent`) those that there is evidence for, with `weight` and `pieces`.
    """
    why = Why(curriculum, known)
    pairs = ((before, node.id) for node in why.nodes for before in dict.fromkeys(node.prerequisites))
    return {
        "concepts": [
            {
                "node": node,
                "location": c.location,
                "lines": list(c.lines),
                "heading_path": c.heading_path,
                "quote": c.evidence,
            }
            for node, c in why.concept_of.items()
        ],
        "edges": [
            {"prerequisite": a, "dependent": b, "weight": edge.weight, "pieces": _pieces(edge)}
            for a, b in pairs
            if (edge := why.known_edge(a, b))
        ],
    }


def find_node(nodes: Sequence[Node], name: str) -> Node:
    """The node with that id or title, else the only one whose id or title begins so, else
    the only one that contains it.

    Raises `InvalidArgument` where several do, `NotFound` where none does.
    """
    wanted = Words.form(name)
    keys = [(n, n.id.casefold(), Words.form(n.title)) for n in nodes]
    tests = (
        lambda i, t: i == name.casefold(),
        lambda i, t: t == wanted,
        lambda i, t: i.startswith(name.casefold()) or t.startswith(wanted),
        lambda i, t: name.casefold() in i or wanted in t,
    )
    for test in tests if wanted else tests[:1]:
        found = [n for n, i, t in keys if test(i, t)]
        if len(found) > 1:
            raise _ambiguous(name, found)
        if found:
            return found[0]
    meant = did_you_mean(name, [x for n in nodes for x in (n.id, n.title)]) or _with_words_of(nodes, wanted)
    hint = f"{meant} Else" if meant else "'dagogy show RUN' lists all of them; else"
    hint += " try 'dagogy why --help'"
    raise NotFound(f"the curriculum has no node '{name}'", hint=hint)


def _ambiguous(name: str, found: Sequence[Node]) -> InvalidArgument:
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    listed = ", ".join(f"{n.id} ({n.title})" for n in found[:_LISTED]) + more
    return InvalidArgument(
        f"'{name}' can mean {len(found)} nodes: {listed}",
        hint="give the id of one of them",
        details={"candidates": [n.id for n in found]},
    )


def _with_words_of(nodes: Sequence[Node], wanted: str) -> str:
    """The question whether the nodes were meant that have most words of `wanted` in their titles, misspelt or
    not; empty where none has any.
    """
    titles: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for word in Words.form(node.title).split():
            titles[word].append(node.title)
    words = (w for w in wanted.split() if w not in Words.STOP)
    found = Counter(title for word in words if (near := nearest(word, titles)) for title in titles[near])
    best = [f"'{title}'" for title, count in found.most_common(_MEANT) if count == max(found.values())]
    return f"did you mean {' or '.join(best)}?" if best else ""
