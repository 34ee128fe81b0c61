"""The rule `graph.prerequisite_integrity`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from dagogy.api.documents import Node
from dagogy.api.rules import Finding, Fix, Rule, RuleContext

# difflib compares one id with one other in some 20 µs: enough for a slip of the pen here and there, not for
# thousands of them.
_MOST_GUESSES = 50
_MOST_CANDIDATES = 200


class PrerequisiteIntegrity(Rule):
    """A prerequisite is a promise that the curriculum teaches something before this node. It is broken when
    no node has that id (the usual cause is an id that was renamed, or a title in the place of an id) and void
    when a node names itself. The same id twice in one list counts once, so the second is a mistake too.

    Bad:
        Node `bread` with `"prerequisites": ["bread", "doughs", "yeast", "yeast"]`, where
        no node is called `doughs`.

    Good:
        Node `bread` with `"prerequisites": ["dough", "yeast"]`, and a node for each.

    How to fix:
        Write the id of the node that is meant; the finding names the nearest one. If the concept is missing,
        add a node for it, or drop the prerequisite. Self references and repetitions are removed by the safe
        fix; the unsafe one puts the id in place that is the same but for case and punctuation (or has that
        title), else it removes the unknown prerequisite.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        known = context.index.position
        guess: _Guess | None = None
        for i, (node, valid) in enumerate(zip(context.nodes, context.index.prerequisites, strict=True)):
            before = node.prerequisites
            if len(before) == len(valid):
                continue  # the index leaves out unknown ids, self references and repetitions
            seen: set[str] = set()
            for at, wanted in enumerate(before):
                pointer = f"/nodes/{i}/prerequisites/{at}"
                if wanted in seen:
                    yield _finding(
                        node,
                        pointer,
                        wanted,
                        f"prerequisite '{wanted:.60}' of '{node.id:.60}' is listed twice; once is enough",
                    )
                elif wanted == node.id:
                    yield _finding(
                        node, pointer, wanted, f"'{node.id:.60}' names itself as its prerequisite; remove it"
                    )
                elif wanted not in known:
                    guess = guess or _Guess(context.nodes)
                    yield _unknown(node, pointer, wanted, guess)
                seen.add(wanted)


class _Guess:
    """Finds the id that was most likely meant. Built when the first unknown id turns up."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.same: dict[str, str] = {}
        self.near: dict[str, list[str]] = {}
        for node in nodes:
            key = _fold(node.id)
            self.same.setdefault(key, node.id)
            self.near.setdefault(key[:3], []).append(node.id)
        for node in nodes:
            self.same.setdefault(_fold(node.title), node.id)
        self._all = list(dict.fromkeys(node.id for node in nodes))
        self._left = _MOST_GUESSES

    def nearest(self, wanted: str) -> str | None:
        """The id nearest in spelling: among all in a small curriculum, among those with the
        same beginning in a large one.
        """
        if not self._left:
            return None
        self._left -= 1
        candidates = self._all if len(self._all) <= _MOST_CANDIDATES else self.near.get(_fold(wanted)[:3], [])
        by_fold = {
            c.casefold(): c
            for c in sorted(candidates, key=lambda c: abs(len(c) - len(wanted)))[:_MOST_CANDIDATES]
        }
        close = get_close_matches(wanted[:200].casefold(), by_fold, n=1, cutoff=0.75)
        return by_fold[close[0]] if close else None


def _fold(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _unknown(node: Node, pointer: str, wanted: str, guess: _Guess) -> Finding:
    same = guess.same.get(_fold(wanted))
    near = same or guess.nearest(wanted)
    hint = (
        f"did you mean '{near:.60}'?"
        if near and near != node.id
        else "add a node for it or remove the prerequisite"
    )
    message = f"prerequisite {wanted!r:.60} of '{node.id:.60}' is the id of no node; {hint}"
    if same and same != node.id and same not in node.prerequisites:
        patch = [
            {"op": "test", "path": pointer, "value": wanted},
            {"op": "replace", "path": pointer, "value": same},
        ]
        return Finding(message, pointer, node.id, Fix("unsafe", f"write '{same:.60}' instead", patch))
    return _finding(node, pointer, wanted, message, safe=False)


def _finding(node: Node, pointer: str, wanted: str, message: str, *, safe: bool = True) -> Finding:
    patch = [{"op": "test", "path": pointer, "value": wanted}, {"op": "remove", "path": pointer}]
    return Finding(
        message,
        pointer,
        node.id,
        Fix("safe" if safe else "unsafe", f"remove {wanted!r:.60} from the prerequisites", patch),
    )
