"""What a learner knows of a curriculum, and what follows from it.

What is known is closed downwards, as in a knowledge space (Doignon and Falmagne 1985): whoever knows a
concept knows what it builds on. A learner's file lies in `learners/` of the run, is no input of any artifact,
and goes into no escalation bundle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from dagogy.api.errors import InvalidArgument, ValidationFailed
from dagogy.contracts.types import Curriculum, Node
from dagogy.pipeline.graph import GraphIndex
from dagogy.workspace.files import from_json
from dagogy.workspace.runs import Run

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def learner_file(name: str) -> str:
    """The file of a learner in a run. Raises `InvalidArgument` for a name that could be no file."""
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"'{name}' is no name of a learner",
            hint="use up to 64 letters, digits, '-' and '_', such as 'ada'",
        )
    return f"learners/{name}.json"


def known_ids(run: Run, name: str) -> set[str]:
    """The ids that the file of a learner names; none where there is no file. Raises `ValidationFailed` for a
    file that is none.
    """
    path = learner_file(name)
    if not run.exists(path):
        return set()
    try:
        found = from_json(run.read(path))
        ids = found["known"] if isinstance(found, dict) else None
        if not (isinstance(ids, list) and all(isinstance(one, str) for one in ids)):
            raise ValueError("'known' is no list of ids")
    except (ValueError, KeyError) as error:
        problem = "'known' is missing" if isinstance(error, KeyError) else error
        raise ValidationFailed(
            f"{path} of {run.id} cannot be used: {problem}", hint=f"correct it, or remove {run.path / path}"
        ) from None
    return set(ids)


class Progress:
    """What one learner knows of one curriculum; all of it linear in nodes and edges."""

    def __init__(self, nodes: Sequence[Node], known: Iterable[str] = ()) -> None:
        self.nodes = nodes
        self.index = GraphIndex(nodes)
        said = {self.index.position[i] for i in known if i in self.index.position}
        self.known = self._reached(said, self.index.prerequisites)

    def learned(self, node: Node) -> None:
        """The learner knows `node`, and with it what it builds on."""
        self.known |= self._reached({self.index.position[node.id]}, self.index.prerequisites)

    def forgotten(self, node: Node) -> None:
        """The learner does not know `node`, nor what builds on it."""
        self.known -= self._reached({self.index.position[node.id]}, self.index.dependents)

    def ready(self) -> list[Node]:
        """What is not known and builds on what is known alone, in the order of the document."""
        before = self.index.prerequisites
        return [
            node
            for i, node in enumerate(self.nodes)
            if i not in self.known and all(p in self.known for p in before[i])
        ]

    def path(self, node: Node) -> list[Node]:
        """The least that has to be learned for `node`, itself last, in an order of study; empty where it is
        known. Raises `ValidationFailed` where a cycle leaves no order.
        """
        wanted = self._reached({self.index.position[node.id]}, self.index.prerequisites) - self.known
        order = [i for i in self.index.order if i in wanted]
        if len(order) < len(wanted):
            raise ValidationFailed(
                f"'{node.title}' is in a cycle of prerequisites, or behind one; no order of study exists",
                hint="'dagogy validate' names it",
            )
        return [self.nodes[i] for i in order]

    def rest(self, curriculum: Curriculum) -> Curriculum | None:
        """The curriculum without what is known; None where all is."""
        known = {self.nodes[i].id for i in self.known}
        nodes = [
            replace(node, prerequisites=[p for p in node.prerequisites if p not in known])
            for node in self.nodes
            if node.id not in known
        ]
        return replace(curriculum, nodes=nodes) if nodes else None

    def document(self) -> dict[str, Any]:
        """What the learner's file holds."""
        return {
            "schema_version": 1,
            "known": [node.id for i, node in enumerate(self.nodes) if i in self.known],
        }

    @staticmethod
    def _reached(start: set[int], edges: Sequence[Sequence[int]]) -> set[int]:
        reached, waiting = set(start), list(start)
        while waiting:
            for i in edges[waiting.pop()]:
                if i not in reached:
                    reached.add(i)
                    waiting.append(i)
        return reached
