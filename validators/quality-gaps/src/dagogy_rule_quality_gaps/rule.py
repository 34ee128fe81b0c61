"""The rule `quality.gaps`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagogy.api.documents import Node
from dagogy.api.rules import Finding, Fix, Measure, Rule, RuleContext

#: What a gap in each field asks its author for.
_WANTED = {
    "capability": "say what the learner can do afterwards",
    "core_ideas": "state at least two things to know",
    "pitfalls": "name a mistake that learners make",
    "mastery_check": "give a task, and say what tells pass from fail",
    "resources": "name where the learner can read it up",
}
_SEVERITIES = {"minimal": "info", "standard": "warning", "strict": "error"}


class Gaps(Rule):
    """A node may leave its capability, core ideas, pitfalls, mastery check or resources open by naming the
    field in `gaps`, with a reason: an honest gap is better than a sentence that says nothing. It is still
    work that somebody has to do before the curriculum is handed out.

    The rule reports each node that has gaps: a note in evidence mode `minimal`, a warning in `standard`, an
    error in `strict`. A gap that names a field which has all that it needs is a warning in every mode, with a
    safe fix that takes the gap out.

    Measures `written`: the share of those fields that are no gaps.

    Bad:
        In `standard` mode a node with `"pitfalls": []` and
        `"gaps": [{"field": "pitfalls", "reason": "The source names no mistake."}]`.

    Good:
        The same node with `"pitfalls": ["Counting the solute instead of the water."]` and no gap.

    How to fix:
        Write the field and take the gap out; `dagogy gaps RUN` lists all of them, each with a question. Or
        say more of the concept in the scope document and run again. A curriculum that is to be finished by
        hand passes in evidence mode `minimal` or `standard`.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding | Measure]:
        severity = _SEVERITIES[context.spec.evidence_mode]
        written: dict[str, float] = {}
        for i, node in enumerate(context.nodes):
            written[node.id] = 1.0
            if not node.gaps:
                continue
            left = [gap for gap in node.gaps if not _filled(node, gap.field)]
            written[node.id] -= len({gap.field for gap in left}) / len(_WANTED)
            if left:
                wanted = "; ".join(f"{gap.field}: {_WANTED[gap.field]} ({gap.reason})" for gap in left)
                yield Finding(
                    f"'{node.id}' leaves {len(left)} of its fields to an author: {wanted}",
                    f"/nodes/{i}/gaps",
                    node.id,
                    severity=severity,
                )
            for j, gap in enumerate(node.gaps):
                if _filled(node, gap.field):
                    yield Finding(
                        f"'{node.id}' names {gap.field} as a gap and has it; take the gap out",
                        f"/nodes/{i}/gaps/{j}",
                        node.id,
                        fix=_without(i, j, gap.field, len(node.gaps)),
                    )
        yield Measure("written", written)


def _filled(node: Node, field: str) -> bool:
    """Whether the field has what a whole node needs. Of resources that depends on the evidence mode, so they
    are taken at their author's word."""
    check = node.mastery_check
    return {
        "capability": bool(node.capability),
        "core_ideas": len(node.core_ideas) > 1,
        "pitfalls": bool(node.pitfalls),
        "mastery_check": bool(check.task and check.pass_criteria),
        "resources": False,
    }[field]


def _without(i: int, j: int, field: str, gaps: int) -> Fix:
    path = f"/nodes/{i}/gaps/{j}" if gaps > 1 else f"/nodes/{i}/gaps"
    return Fix(
        "safe",
        f"take the gap {field} out",
        [
            {"op": "test", "path": f"/nodes/{i}/gaps/{j}/field", "value": field},
            {"op": "remove", "path": path},
        ],
    )
