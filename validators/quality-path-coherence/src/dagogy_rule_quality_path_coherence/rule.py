"""The rule `quality.path_coherence`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.rules import Options as RuleOptions
from dagogy.api.text import Words, shorten

_PROJECT = tuple(
    "project capstone thesis dissertation exam examination internship practicum portfolio assignment".split()
)
_ADVANCED = tuple("advanced expert graduate research".split())


class PathCoherence(Rule):
    """A learner who was carried along in small steps gives up at a cliff. Two kinds of cliff are found.

    A workload jump: a node takes more than `max_jump` times the median of its prerequisites' estimates and at
    least `min_minutes_of_jump` minutes. Projects, exams and the like (`project_words` in the title) are meant
    to be large and are left alone.

    Advanced work from nothing: a node without prerequisites whose title begins or ends with one of
    `advanced_words`, while another node of the same curriculum teaches the plain subject (it shares a content
    word with the rest of the title) and is not required. Curricula of fewer than `min_nodes` nodes are not
    looked at for this, nor are names such as "Advanced Encryption Standard" unless the curriculum has the
    plain subject too.

    Bad:
        "Sorting" takes 40 minutes; "Compilers", whose one prerequisite is "Sorting", takes 600. "Advanced
        sorting" requires nothing although the curriculum has a node "Sorting".

    Good:
        "Compilers" is split into "Lexers", "Parsers" and "Code generation". "Advanced
        sorting" requires "Sorting".

    How to fix:
        Split the large node, add the step that is missing before it, or correct its estimate. Give advanced
        work the node that teaches the plain subject as a prerequisite.
    """

    class Options(RuleOptions):
        max_jump: Annotated[
            float,
            Field(
                description=(
                    "The largest sound ratio of a node's minutes to the median of its prerequisites' minutes."
                ),
                gt=1,
            ),
        ] = 6.0
        min_minutes_of_jump: Annotated[
            float, Field(description="Nodes that take fewer minutes than this are never a jump.", ge=0)
        ] = 240.0
        project_words: Annotated[
            tuple[str, ...], Field(description="Words in a title that mark work which is meant to be large.")
        ] = _PROJECT
        advanced_words: Annotated[
            tuple[str, ...],
            Field(description="Words that mark advanced work where they begin or end a title."),
        ] = _ADVANCED
        min_nodes: Annotated[
            int,
            Field(
                description="Smaller curricula are not searched for advanced work without prerequisites.",
                ge=1,
            ),
        ] = 6

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        yield from _jumps(context, options)
        if len(context.nodes) >= options.min_nodes:
            yield from _advanced_roots(context.nodes, {w.casefold() for w in options.advanced_words})


def _jumps(context: RuleContext, options: Any) -> Iterator[Finding]:
    nodes = context.nodes
    if not nodes:
        return
    minutes = [node.estimate_minutes for node in nodes]
    # No median is below the smallest estimate, so a node at or below this is no
    # jump, whatever comes before it.
    floor = max(options.max_jump * min(minutes), options.min_minutes_of_jump)
    project_words = {w.casefold() for w in options.project_words}
    for i, before in enumerate(context.index.prerequisites):
        if minutes[i] < floor or not before:
            continue
        from statistics import median  # with fractions and decimals; hardly any curriculum comes here

        usual = median([minutes[p] for p in before])
        if minutes[i] <= options.max_jump * usual or not project_words.isdisjoint(Words.of(nodes[i].title)):
            continue
        yield Finding(
            message=(
                f"workload jump: '{shorten(nodes[i].title)}' takes {minutes[i]:g} minutes, its prerequisites "
                f"{usual:g} (median), {minutes[i] / usual:.1f} times as much; at most {options.max_jump:g} "
                "times is wanted: split it, or add a step before it"
            ),
            pointer=f"/nodes/{i}/estimate_minutes",
            node_id=nodes[i].id,
        )


def _advanced_roots(nodes: Sequence[Node], advanced: set[str]) -> Iterator[Finding]:
    wanted: dict[int, frozenset[str]] = {}
    for i, node in enumerate(nodes):
        if not node.prerequisites and (rest := _without_mark(node.title, advanced)):
            wanted[i] = rest
    # The usual case; only with a candidate are the other titles worth reading.
    if not wanted:
        return
    teachers = _plain_titles(nodes, wanted, frozenset().union(*wanted.values()))
    for i, rest in wanted.items():
        j = min((teachers[s] for s in rest if s in teachers), default=-1)
        if j >= 0:
            yield Finding(
                message=(
                    f"'{shorten(nodes[i].title)}' is advanced work without prerequisites, and "
                    f"'{shorten(nodes[j].title)}' ({nodes[j].id}) teaches the plain subject: make that, or "
                    "what comes after it, a prerequisite"
                ),
                pointer=f"/nodes/{i}/prerequisites",
                node_id=nodes[i].id,
            )


def _without_mark(title: str, advanced: set[str]) -> frozenset[str]:
    """The stems of what is advanced; empty when the title neither begins nor ends with an advanced word."""
    pieces = Words.of(title)
    if len(pieces) < 2:
        return frozenset()
    if pieces[0] in advanced:
        pieces = pieces[1:]
    elif pieces[-1] in advanced:
        pieces = pieces[:-1]
    else:
        return frozenset()
    return frozenset(Words.stems(" ".join(pieces)))


def _plain_titles(
    nodes: Sequence[Node], advanced_nodes: dict[int, frozenset[str]], stems: frozenset[str]
) -> dict[str, int]:
    """For each of `stems` the first node, none of `advanced_nodes`, that has it in its title."""
    # A word and its stem share their first letters, so most titles need no stemming.
    starts = {s[:3] for s in stems}
    found: dict[str, int] = {}
    for i, node in enumerate(nodes):
        if i in advanced_nodes:
            continue
        if any(w[:3] in starts for w in node.title.lower().split()):
            for s in Words.stems(node.title):
                if s in stems:
                    found.setdefault(s, i)
    return found
