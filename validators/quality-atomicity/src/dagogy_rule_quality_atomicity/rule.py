"""The rule `quality.atomicity`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import dagogy.api
from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.text import lazy_pattern, shorten

_CLAUSE_END = lazy_pattern(
    r"(?:(?<!\s)\s+)?(?:[,;]\s*(?:and\s+)?(?:then\s+|also\s+)?|\.\s+)|(?<!\s)\s+(?:and\s+(?:then\s+|also\s+)?|&\s+)",
    re.IGNORECASE,
)
#: How titles are joined, in the languages where one short word does it.
_JOINERS = frozenset(["and", "And", "AND", "und", "et", "y", "e", "og", "och", "en", "и", "&", "+"])
_JOINED = lazy_pattern(
    rf"(?:(?<!\s)\s+)?,\s+(?:and\s+)?|(?<!\s)\s+(?:{'|'.join(map(re.escape, sorted(_JOINERS)))})\s+"
)
#: A doing whose object is only pointed at belongs to the one before: "write a function and call it".
_POINTING = frozenset(
    [
        "it",
        "its",
        "them",
        "their",
        "this",
        "that",
        "these",
        "those",
        "each",
        "result",
        "results",
        "outcome",
        "answer",
        "answers",
        "both",
    ]
)
_ARTICLES = frozenset(("the", "a", "an"))


class Atomicity(Rule):
    """A node is the unit that is planned, checked and required by others. One that teaches several things
    cannot be passed in part, and whoever needs one of them must wait for all.

    The rule checks three signs. A capability is split at commas, semicolons, "and" and sentence ends; the
    parts that begin with one of `verbs` and go on with an object of their own are its doings, and more than
    `max_capabilities` of them are a finding. ("Draw, construct and describe figures" is one doing, since the
    verbs share an object; so is "call it" after another.) A title that joins the titles of two or more other
    nodes, or more than `max_joined` short names by "and", is one. And so is an estimate above `max_minutes`.

    Bad:
        Capability: `Explain name resolution, configure a bridge network and deploy a service.`
        Title: `Sets and Maps`, where `Sets` and `Maps` are nodes too.

    Good:
        Capability: `Configure a bridge network that resolves names.`
        Title: `Tangent and normal lines`, `Sensitivity and specificity`, `Reading and writing files`.

    How to fix:
        Make a node of each doing and let the later ones require the earlier. Where the parts have nodes
        already, keep for the joint node only what they do together, and name that. If large nodes are usual
        in your field, raise `max_minutes`.
    """

    class Options(dagogy.api.rules.Options):
        max_capabilities: Annotated[
            int, Field(description="The most doings with an object of their own in a capability.", ge=1)
        ] = 2
        max_joined: Annotated[
            int, Field(description='The most short names that a title may join by "and".', ge=1)
        ] = 2
        max_minutes: Annotated[float, Field(description="The most minutes that a node may take.", gt=0)] = 600
        verbs: Annotated[
            tuple[str, ...], Field(description="What a doing begins with: verbs that are hardly ever nouns.")
        ] = (
            "add", "adjust", "analyse", "analyze", "apply", "arrange", "assemble", "assess", "bake", "build",
            "calculate", "choose", "classify", "compare", "compose", "compute", "configure", "connect",
            "construct", "convert", "create", "deduce", "define", "deploy", "derive", "describe", "detect",
            "determine", "develop", "diagnose", "differentiate", "distinguish", "draw", "edit", "evaluate",
            "explain", "express", "find", "fit", "formulate", "generate", "identify", "implement", "install",
            "integrate", "interpret", "justify", "knead", "maintain", "measure", "modify", "optimise",
            "optimize", "perform", "play", "predict", "prepare", "prove", "read", "recognise", "recognize",
            "repair", "replace", "secure", "select", "simplify", "sing", "solve", "summarise", "summarize",
            "transcribe", "translate", "verify", "write",
        )  # fmt: skip

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding]:
        verbs = frozenset(map(str.casefold, options.verbs))
        titles: dict[str, int] | None = None
        for i, node in enumerate(context.nodes):
            if _may_hold(node.capability, options.max_capabilities):
                doings = _doings(node.capability, verbs)
                if len(doings) > options.max_capabilities:
                    named = ", ".join(f"'{shorten(d, 30)}'" for d in doings[:4])
                    yield _finding(
                        node,
                        f"/nodes/{i}/capability",
                        f"has {len(doings)} capabilities in one ({named}); make a node of each",
                    )
            title = node.title
            if "," in title or not _JOINERS.isdisjoint(title.split()):
                parts = [p for p in _JOINED.split(" ".join(title.split())) if p]
                titles = _positions(context.nodes) if titles is None else titles
                if fault := _joint_title(
                    parts, i, titles, options.max_joined, " and " in title and "," not in title
                ):
                    yield _finding(node, f"/nodes/{i}/title", fault)
            if node.estimate_minutes > options.max_minutes:
                yield _finding(
                    node,
                    f"/nodes/{i}/estimate_minutes",
                    (
                        f"takes {node.estimate_minutes:g} minutes, more than {options.max_minutes:g}; split "
                        "it at its capabilities"
                    ),
                )


def _may_hold(capability: str, most: int) -> bool:
    """Whether a capability may hold more than `most` doings: each beyond the first needs a separator before
    it, and nearly all capabilities have fewer.
    """
    if capability.count(",") + capability.count(" and ") >= most:
        return True
    return ";" in capability or ". " in capability or "&" in capability


def _doings(capability: str, verbs: frozenset[str]) -> list[str]:
    """The parts of a capability that begin with a verb and have an object of their own."""
    out: list[str] = []
    for part in _CLAUSE_END.split(" ".join(capability.split())):
        spoken = part.casefold().split()
        if len(spoken) < 2 or spoken[0] not in verbs:
            continue
        thing = spoken[2] if spoken[1] in _ARTICLES and len(spoken) > 2 else spoken[1]
        if not out or thing.strip(".,;:!?") not in _POINTING:
            out.append(part.strip(" .,;"))
    return out


def _positions(nodes: Sequence[Node]) -> dict[str, int]:
    return {node.title.strip().casefold(): i for i, node in enumerate(nodes)}


def _joint_title(
    parts: Sequence[str], i: int, titles: Mapping[str, int], max_joined: int, only_and: bool
) -> str:
    own = [p for p in parts if titles.get(p.strip().casefold(), i) != i]
    if len(own) > 1:
        named = ", ".join(f"'{shorten(p, 30)}'" for p in own[:4])
        return f"joins {named} in its title, which have nodes of their own; name what they do together"
    if only_and and len(parts) > max_joined and all(len(p.split()) <= 3 for p in parts):
        return (
            f"joins {len(parts)} names in its title '{shorten(' and '.join(parts), 60)}'; make a node of each"
        )
    return ""


def _finding(node: Node, pointer: str, fault: str) -> Finding:
    return Finding(message=f"node '{node.id}' {fault}", pointer=pointer, node_id=node.id)
