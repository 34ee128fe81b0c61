"""What of a curriculum needs an author, with the place in the source and a question for each; and whether a
repair only took content out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dagogy.api.gaps import count_gaps, gap_question
from dagogy.contracts.types import Curriculum
from dagogy.pipeline.evidence import Known
from dagogy.pipeline.why import Why

if TYPE_CHECKING:
    from dagogy.api.rules import Finding
    from dagogy.contracts.types import Node


def gap_list(curriculum: Curriculum, known: Known) -> dict[str, Any]:
    """The counts, and each open gap under `gaps`, in the order of the nodes."""
    concepts = Why(curriculum, known).concept_of
    gaps = []
    for node in curriculum.nodes:
        concept = concepts.get(node.id)
        source = concept and {
            "location": concept.location,
            "lines": list(concept.lines),
            "quote": concept.evidence,
        }
        gaps += [
            {
                "node_id": node.id,
                "title": node.title,
                "field": gap.field,
                "reason": gap.reason,
                "question": gap_question(node, gap.field),
                "source": source,
            }
            for gap in node.open_gaps()
        ]
    return {**count_gaps(curriculum.nodes).as_dict(), "gaps": gaps}


def emptied(now: Sequence[Node], before: Sequence[Node], findings: Iterable[Finding]) -> str:
    """Which field of `before` is a gap in `now` though no error or warning of `findings`, those of `before`,
    stood there; "" for none. What a rule refuses may become a gap, what it does not may not.
    """
    refused = {
        tuple(pointer.split("/")[1:4])
        for f in findings
        if f.document == "curriculum" and f.severity in ("error", "warning")
        for pointer in (f.pointer, *f.others)
    }
    # Of several nodes with one id the first is compared, as everywhere.
    position = {node.id: i for i, node in reversed(list(enumerate(before)))}
    for node in now:
        i = position.get(node.id)
        for gap in node.open_gaps() if i is not None else ():
            assert i is not None
            if not before[i].lacks(gap.field) and ("nodes", str(i), gap.field) not in refused:
                return f"it turns {gap.field} of '{node.id}' into a gap, and no rule had objected to it"
    return ""
