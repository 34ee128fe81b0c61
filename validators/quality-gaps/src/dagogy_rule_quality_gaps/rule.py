"""The rule `quality.gaps`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dagogy.api.documents import gap_question
from dagogy.api.rules import Finding, Fix, Measure, Rule, RuleContext
from dagogy.api.text import shorten

if TYPE_CHECKING:
    from dagogy.api.documents import Gap, Node
    from dagogy.api.scope import ScopeConcept

#: The fields that a gap can leave open.
_FIELDS = 5
#: What an author adds to a source for each field.
_WANTED = {
    "capability": "an objective (what learners can do afterwards)",
    "core_ideas": "two statements to remember",
    "pitfalls": "a mistake that learners make",
    "mastery_check": "an exercise and what tells pass from fail",
    "resources": "a link to a definition and one to an example",
}
_CRITERION = "what tells pass from fail in its exercise"
#: What a gap is, by evidence mode; "" is the severity of the rule.
_SEVERITY = {"minimal": "info", "standard": "warning", "strict": ""}


class Gaps(Rule):
    """What the source does not say is better left open than made up: a node names the field in `gaps`, and
    a person, another document or a model fills it. Until then a learner has no task there, or is not warned
    of a mistake.

    The rule checks each node for gaps that are open, and asks the question whose answer closes each. A gap is
    a note (`info`) in evidence mode `minimal`, a warning in `standard` and an error in `strict`. A gap for a
    field that is filled by now, or that is named twice, is a warning (in `minimal` a note).

    The measure `filled` is the share of the five fields of all nodes that are filled, a task without a
    criterion counting half. It has the weight 20, in every evidence mode: a skeleton is worth less than a
    curriculum. It is not protected, since a repair may well leave open what a rule refuses.

    Bad:
        `"pitfalls": [], "gaps": [{"field": "pitfalls", "reason": "The source names no mistake."}]`

    Good:
        `"pitfalls": ["Cutting the loaf while it is hot."]`, without the gap.

    How to fix:
        Answer the question: write the field into the node and take the gap out, or say it in the source and
        generate again; `dagogy gaps RUN` lists all questions with the lines of the source. To have gaps as
        notes, set `evidence_mode: minimal` in the topic spec.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding | Measure]:
        mode = context.spec.evidence_mode
        filled: dict[str, float] = {}
        concepts = _concepts(context)
        for i, node in enumerate(context.nodes):
            open_gaps = node.open_gaps() if node.gaps else []
            halves = any(g.field == "mastery_check" for g in open_gaps) and bool(node.mastery_check.task)
            filled[node.id] = 1 - (len(open_gaps) - halves / 2) / _FIELDS
            if open_gaps:
                yield _finding(i, node, open_gaps, mode, concepts.get(i))
            for k, gap in enumerate(node.gaps):
                if not any(gap is other for other in open_gaps):
                    yield _idle(i, node, k, gap, mode)
        yield Measure("filled", filled, weight=20)


def _concepts(context: RuleContext) -> Mapping[int, ScopeConcept]:
    """By position of its node each concept of the scope document whose place is known."""
    if context.reading is None or not any(node.gaps for node in context.nodes):
        return {}
    where = context.concept_positions
    return {where[c.id]: c for c in reversed(context.reading.concepts) if c.id in where and c.lines[0]}


def _finding(i: int, node: Node, gaps: list[Gap], mode: str, concept: ScopeConcept | None) -> Finding:
    asked = " ".join(f"{gap.field}: {gap_question(node, gap.field)}" for gap in gaps)
    halves = bool(node.mastery_check.task)
    wanted = [_CRITERION if g.field == "mastery_check" and halves else _WANTED[g.field] for g in gaps]
    if concept is None:
        place = "write into the node"
    else:
        section = shorten(concept.path[-1] if concept.path else concept.title)
        place = (
            f"add to the section '{section}' (line {concept.lines[0]} of the source), or write into the node,"
        )
    easier = "" if mode == "minimal" else "; or set `evidence_mode: minimal`, where a gap is only a note"
    return Finding(
        message=f"'{node.id:.60}' needs an author. {asked} To close this, {place} {_joined(wanted)}{easier}",
        pointer=f"/nodes/{i}/gaps",
        node_id=node.id,
        severity=_SEVERITY[mode],
        data={"fields": [gap.field for gap in gaps]},
    )


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{'; '.join(parts[:-1])}; and {parts[-1]}"


def _idle(i: int, node: Node, k: int, gap: Gap, mode: str) -> Finding:
    why = "is named twice in its gaps" if node.lacks(gap.field) else "is filled, and still named in its gaps"
    path = f"/nodes/{i}/gaps/{k}"
    value = {"field": gap.field, "reason": gap.reason}
    return Finding(
        message=f"{gap.field} of '{node.id:.60}' {why}; take the gap out",
        pointer=path,
        node_id=node.id,
        severity="info" if mode == "minimal" else "warning",
        fix=Fix(
            "safe",
            "take the gap out",
            [{"op": "test", "path": path, "value": value}, {"op": "remove", "path": path}],
        ),
    )
