"""The fields of a curriculum that wait for an author: how many there are, and what each asks of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagogy.contracts.types import GapField, Node

#: From this share of open fields on a curriculum is a skeleton.
_SKELETON = 0.9
#: The fields that say something about a concept, beside its name and what follows from it.
_CONTENT = ("core_ideas", "pitfalls", "mastery_check")
#: A mastery check that has its task and lacks the criterion.
_CRITERIA = "pass_criteria"
#: What an open field is called, one of it and several.
_NAMES: Mapping[str, tuple[str, str]] = {
    "capability": ("capability", "capabilities"),
    "core_ideas": ("core idea", "core ideas"),
    "pitfalls": ("pitfall", "pitfalls"),
    "mastery_check": ("task", "tasks"),
    _CRITERIA: ("pass criterion", "pass criteria"),
    "resources": ("resource", "resources"),
}
_QUESTIONS: Mapping[str, str] = {
    "capability": "What can a learner do after “{title}” that they could not do before?",
    "core_ideas": "Which two or three statements should a learner remember about “{title}”?",
    "pitfalls": "What mistake do learners make with “{title}”?",
    "mastery_check": "What task shows that somebody has mastered “{title}”, and what tells pass from fail?",
    "resources": "Where can a learner read a definition of “{title}”, and where an example?",
}
_CRITERION = "How can another person tell whether the task for “{title}” was done well?"


def gap_question(node: Node, field: GapField) -> str:
    """The question for an author whose answer fills `field` of `node`."""
    asked = _QUESTIONS[field]
    if field == "mastery_check" and node.mastery_check.task:
        asked = _CRITERION
    return asked.format(title=node.title)


@dataclass(frozen=True, slots=True)
class GapCount:
    """How many gaps are open.

    `nodes`: all nodes; `open_nodes`: those with a gap; `fields`: for each field that is open somewhere, in
    how many nodes (`pass_criteria` where a mastery check has its task and lacks only that); `skeleton`:
    whether nearly all that could be said of the concepts is open.
    """

    nodes: int
    open_nodes: int
    fields: Mapping[str, int]
    skeleton: bool

    def __bool__(self) -> bool:
        return bool(self.fields)

    def __str__(self) -> str:
        """`18 of 26 concepts need an author: 16 pitfalls, 8 tasks`; "" where no gap is open."""
        if not self.fields:
            return ""
        parts = ", ".join(f"{n} {_NAMES[name][n != 1]}" for name, n in self.fields.items())
        verb = "needs" if self.open_nodes == 1 else "need"
        line = f"{self.open_nodes} of {self.nodes} concepts {verb} an author: {parts}"
        return f"skeleton: {line}" if self.skeleton else line

    def as_dict(self) -> dict[str, Any]:
        """As JSON values, with the sentence as `summary`."""
        return {
            "nodes": self.nodes,
            "open_nodes": self.open_nodes,
            "fields": dict(self.fields),
            "skeleton": self.skeleton,
            "summary": str(self),
        }


def count_gaps(nodes: Sequence[Node]) -> GapCount:
    """Counts the declared gaps that are open in `nodes`."""
    # In the order of the fields of a node, since dictionaries keep theirs.
    counts: Counter[str] = Counter(dict.fromkeys(_NAMES, 0))
    open_nodes = 0
    for node in nodes:
        gaps = node.open_gaps()
        open_nodes += bool(gaps)
        fields = [gap.field for gap in gaps]
        is_half = bool(node.mastery_check.task)
        counts.update(_CRITERIA if is_half and name == "mastery_check" else name for name in fields)
    content = sum(counts[name] for name in (*_CONTENT, _CRITERIA))
    skeleton = bool(nodes) and content >= _SKELETON * len(_CONTENT) * len(nodes)
    return GapCount(len(nodes), open_nodes, {name: n for name, n in counts.items() if n}, skeleton)
