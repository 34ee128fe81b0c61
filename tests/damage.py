"""Ways in which a draft is damaged, each as a reader, an editor or a language model would do it, and a
provider that hands in a damaged draft.

A damage changes a curriculum document (plain JSON values) in place. It takes what it needs from
the document, so it fits any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dagogy.api.providers import Proposal, ProposeRequest
from dagogy_provider_internal.provider import Internal

Damage = Callable[[list[dict[str, Any]]], None]


def _dependents(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [n for n in nodes if n["prerequisites"]]


def _duplicate(nodes: list[dict[str, Any]]) -> None:
    """Every fifth concept stands twice, and half of what depends on it depends on its double."""
    for node in nodes[::5]:
        double = {**node, "id": node["id"] + "-again"}
        leaning = [n for n in nodes if node["id"] in n["prerequisites"]]
        for other in leaning[::2]:
            other["prerequisites"] = [double["id"] if p == node["id"] else p for p in other["prerequisites"]]
        nodes.append(double)


def _same_id(nodes: list[dict[str, Any]]) -> None:
    nodes.append(dict(nodes[0]))


def _nowhere(nodes: list[dict[str, Any]]) -> None:
    for node in _dependents(nodes)[::3]:
        node["prerequisites"] = [*node["prerequisites"], "no-such-node"]


def _cycle(nodes: list[dict[str, Any]]) -> None:
    """The prerequisite of a node gets the node as its prerequisite, three times over."""
    by_id = {n["id"]: n for n in nodes}
    for node in _dependents(nodes)[:9:3]:
        before = by_id.get(node["prerequisites"][0])
        if before and node["id"] not in before["prerequisites"]:
            before["prerequisites"] = [*before["prerequisites"], node["id"]]


def _redundant(nodes: list[dict[str, Any]]) -> None:
    by_id = {n["id"]: n for n in nodes}
    for node in _dependents(nodes):
        further = [p for q in node["prerequisites"] if q in by_id for p in by_id[q]["prerequisites"]]
        node["prerequisites"] = list(dict.fromkeys([*node["prerequisites"], *further[:1]]))


def _too_many(nodes: list[dict[str, Any]]) -> None:
    """The last node requires whatever requires nothing."""
    last = nodes[-1]
    last["prerequisites"] = list(dict.fromkeys([*last["prerequisites"], *(n["id"] for n in nodes[:-1][:7])]))


def _hours(nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        node["estimate_minutes"] *= 6


def _template(nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        node["core_ideas"][:2] = [
            f"{node['title']} is an important concept to understand.",
            f"Key terminology and principles of {node['title']}.",
        ]
        node["pitfalls"] = [f"Confusing {node['title']} with related concepts."]


def _task(nodes: list[dict[str, Any]]) -> None:
    for node in nodes[::2]:
        node["mastery_check"] = {"task": "TODO", "pass_criteria": "TBD"}


def _junk_title(nodes: list[dict[str, Any]]) -> None:
    for node, title in zip(
        nodes[::4],
        (
            "Introduction",
            "**Bold**",
            "| a | b |",
            "In this chapter we will look at many things that matter. " * 4,
        ),
        strict=False,
    ):
        node["title"] = title


def _lost(nodes: list[dict[str, Any]]) -> None:
    """A quarter of the concepts is gone, and what depended on them depends on nothing in their place."""
    gone = {n["id"] for n in nodes[1::4]}
    nodes[:] = [n for n in nodes if n["id"] not in gone]
    for node in nodes:
        node["prerequisites"] = [p for p in node["prerequisites"] if p not in gone]


def _reversed(nodes: list[dict[str, Any]]) -> None:
    """Some edges point the other way, which makes cycles wherever a second path remains."""
    by_id = {n["id"]: n for n in nodes}
    for node in _dependents(nodes)[::4]:
        before = by_id.get(node["prerequisites"][0])
        if before is None:
            continue
        node["prerequisites"].pop(0)
        before["prerequisites"] = [*before["prerequisites"], node["id"]]


def _flat(nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        node["prerequisites"] = []


# --- damages after which the draft does not meet the schema


def _key_missing(nodes: list[dict[str, Any]]) -> None:
    """Each node lacks another key, `id` and `title` among them."""
    keys = list(nodes[0])
    for k, node in enumerate(nodes):
        node.pop(keys[k % len(keys)])


def _wrong_type(nodes: list[dict[str, Any]]) -> None:
    values: tuple[Any, ...] = (None, 7, ["x"], {"x": 1}, "", True)
    for k, node in enumerate(nodes):
        node[list(node)[k % len(node)]] = values[k % len(values)]


def _extra_key(nodes: list[dict[str, Any]]) -> None:
    for node in nodes[::2]:
        node["difficulty"] = "hard"
        node["mastery_check"] = {**node["mastery_check"], "hint": "none"}


def _minutes_as_text(nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        node["estimate_minutes"] = f"{node['estimate_minutes']} minutes"


def _empty_list(nodes: list[dict[str, Any]]) -> None:
    for k, node in enumerate(nodes):
        node["core_ideas" if k % 2 else "pitfalls"] = []


def _id_as_title(nodes: list[dict[str, Any]]) -> None:
    """An id is what the title says, blanks and all, and so it is where other nodes depend on it."""
    written = {n["id"]: n["title"] + " (!)" for n in nodes[::3]}
    for node in nodes:
        node["id"] = written.get(node["id"], node["id"])
        node["prerequisites"] = [written.get(p, p) for p in node["prerequisites"]]


def _no_node(nodes: list[dict[str, Any]]) -> None:
    """A quarter of the nodes is no object, and what depended on them depends on nothing that is there."""
    nodes[1::4] = ["…", None, 3][: len(nodes[1::4])] + [[]] * (len(nodes[1::4]) - 3)  # type: ignore[list-item]


SCHEMA_DAMAGES: Mapping[str, Damage] = {
    name.strip("_"): damage
    for name, damage in globals().copy().items()
    if damage
    in (_key_missing, _wrong_type, _extra_key, _minutes_as_text, _empty_list, _id_as_title, _no_node)
}
DAMAGES: Mapping[str, Damage] = {
    name.strip("_"): damage
    for name, damage in globals().copy().items()
    if damage
    in (
        _duplicate,
        _same_id,
        _nowhere,
        _cycle,
        _redundant,
        _too_many,
        _hours,
        _template,
        _task,
        _junk_title,
        _lost,
        _reversed,
        _flat,
    )
}


class Replaced(Exception):
    """Raised by a damage that leaves nothing of the document: `document` is what
    the provider hands in instead.
    """

    def __init__(self, document: Any) -> None:
        super().__init__()
        self.document = document


class Damaged(Internal):
    """Proposes what the internal provider proposes, the first time damaged; its repairs
    are the internal provider's.
    """

    damages: tuple[Damage, ...] = ()

    def propose(self, request: ProposeRequest) -> Proposal:
        proposal = super().propose(request)
        damages, self.damages = self.damages, ()
        try:
            for damage in damages:
                damage(proposal.curriculum["nodes"])
        except Replaced as other:
            return Proposal(curriculum=other.document)
        return replace(proposal, notes=[]) if damages else proposal
