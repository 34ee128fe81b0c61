"""What each block of a document is for: a concept, an exercise, a date, a rule of the course …

A multinomial logistic regression on the hashed words of a piece and of what stands above it (Weinberger et
al. 2009), then boosted trees on what else is seen of it and on what the first makes of it and of the pieces
around it (stacked generalization, Wolpert 1992). `scripts/train_reading.py` makes the weights from documents
in which a teacher said of each line what it is.
"""

from __future__ import annotations

import base64
import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, sqrt
from typing import Any, NamedTuple

from dagogy.api.scope import Block, ScopeDocument

from dagogy_provider_internal.recognition.pieces import Piece, Surroundings, described, position, seen
from dagogy_provider_internal.recognition.trees import Tree, total

#: What a block can be, in the order of the probabilities.
ROLES = (
    "concept", "group", "title", "definition", "explanation", "example", "motivation", "objective",
    "exercise", "question", "option_right", "option_wrong", "warning", "resource", "prerequisite", "schedule",
    "administration", "assessment", "person", "tool", "structure", "code", "boilerplate", "other",
)  # fmt: skip
#: From this probability on the likeliest role is told; below it the model abstains.
SURE = 0.5
#: Where the second look looks besides the block itself.
AROUND = ("itself", "before", "after", "heading", "item above", "siblings", "below")


@dataclass(frozen=True, slots=True)
class Role:
    """The likeliest role of a block or a cell, and its probability, calibrated on documents that were not
    trained on. `chances`: what the model gives each of `ROLES`, as other models see it: not calibrated.
    """

    name: str
    probability: float
    chances: tuple[float, ...]

    @property
    def is_sure(self) -> bool:
        """Whether it can be told (`SURE`); about seven of ten are right then."""
        return self.probability >= SURE


def beside(around: Surroundings, chances: Sequence[Sequence[float]]) -> list[list[float]]:
    """For each piece the square roots of the probabilities of the roles of all that is `AROUND` it, 0 where
    there is nothing. `chances`: for each piece those of its roles by the first look.
    """
    roots = [[sqrt(p) for p in row] for row in chances]
    none = [0.0] * len(ROLES)

    def mean(of: Sequence[int]) -> list[float]:
        if not of:
            return none
        return [sqrt(sum(column) / len(of)) for column in zip(*(chances[i] for i in of), strict=True)]

    groups = {key: mean(members) for key, members in around.siblings.items()}
    out = []
    for i, (at, column) in enumerate(around.pieces):
        block = around.blocks[at]
        whole = around.whole
        if column < 0:
            before = roots[whole[at - 1]] if at else none
            after = roots[whole[at + 1]] if at + 1 < len(whole) else none
            above = roots[whole[block.parent]] if block.parent >= 0 else none
        else:
            before = roots[i - 1] if column else none
            after = roots[i + 1] if column + 1 < len(block.cells) else none
            above = roots[whole[at]]
        heading = roots[whole[around.heading[at]]] if around.heading[at] >= 0 else none
        below = mean([whole[k] for k in around.below[at]]) if column < 0 else none
        out.append([*roots[i], *before, *after, *heading, *above, *groups[around.key[i]], *below])
    return out


class _Weights(NamedTuple):
    first: list[tuple[int, ...]]
    scale: float
    bias: list[float]
    #: For each role its log-odds before any tree, and its trees.
    base: list[float]
    trees: list[list[Tree]]
    #: What log-odds are divided by to be calibrated (temperature scaling, Guo et al. 2017).
    temperature: float


@cache
def _weights() -> _Weights:
    data: dict[str, Any] = json.loads((files(__package__) / "roles.json").read_text(encoding="utf-8"))
    columns = [array("b", base64.b85decode(row)) for row in data["first"]]
    trees = [[Tree(*tree) for tree in of] for of in data["trees"]]
    return _Weights(
        list(zip(*columns, strict=True)),
        data["scale"],
        data["bias"],
        data["base"],
        trees,
        data["temperature"],
    )


def softmax(scores: Sequence[float]) -> list[float]:
    """The probabilities that log-odds stand for."""
    most = max(scores)
    powers = [exp(s - most) for s in scores]
    total = sum(powers)
    return [p / total for p in powers]


def _first_look(around: Surroundings, piece: Piece) -> list[float]:
    weights = _weights()
    scores = list(weights.bias)
    for buckets, weight in seen(around, piece):
        factor = weight * weights.scale
        for k, value in enumerate(map(sum, zip(*(weights.first[b] for b in buckets), strict=True))):
            scores[k] += factor * value
    return softmax(scores)


def _second_look(row: Sequence[float]) -> Role:
    weights = _weights()
    return role(softmax([b + total(of, row) for b, of in zip(weights.base, weights.trees, strict=True)]))


def role(chances: Sequence[float]) -> Role:
    """The likeliest role. `chances`: the probability of each of `ROLES`."""
    best = max(range(len(ROLES)), key=chances.__getitem__)
    calibrated = [p ** (1 / _weights().temperature) for p in chances]
    return Role(ROLES[best], calibrated[best] / sum(calibrated), tuple(chances))


class RolesOf:
    """The roles of the blocks of a document and of the cells of its table rows."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.around = Surroundings(blocks)
        first = [_first_look(self.around, piece) for piece in self.around.pieces]
        rows = zip(described(self.around), beside(self.around, first), strict=True)
        self._roles = [_second_look([*row, *around]) for row, around in rows]

    def of(self, at: int, column: int = -1) -> Role:
        """The role of a block, or of one cell of it."""
        if len(self.around.blocks[at].cells) < 2:
            column = -1
        return self._roles[position(self.around, Piece(at, column))]

    def chances(self) -> list[tuple[float, ...]]:
        """For each of the `pieces` the probability of each of `ROLES`."""
        return [role.chances for role in self._roles]

    def blocks(self) -> list[Role]:
        """The role of each block, in order."""
        return [self._roles[i] for i in self.around.whole]


_latest: list[tuple[Sequence[Block], RolesOf]] = []


def roles(document: ScopeDocument | Sequence[Block]) -> RolesOf:
    """What the blocks of a document are for, and the cells of its table rows. The last answer is kept: a run
    asks several times.
    """
    blocks = document.blocks if isinstance(document, ScopeDocument) else document
    if not _latest or (_latest[0][0] is not blocks and _latest[0][0] != blocks):
        _latest[:] = [(blocks, RolesOf(blocks))]
    return _latest[0][1]
