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
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, sqrt
from typing import Any, NamedTuple

from dagogy.api.scope import Block, ScopeDocument

from dagogy_provider_internal.reading.recognition.pieces import (
    Piece,
    Surroundings,
    count,
    described,
    position,
    seen,
)
from dagogy_provider_internal.reading.recognition.trees import Tree, total

#: What a block can be, in the order of the probabilities.
ROLES = (
    "concept", "group", "title", "definition", "explanation", "example", "motivation", "objective",
    "exercise", "question", "option_right", "option_wrong", "warning", "resource", "prerequisite", "schedule",
    "administration", "assessment", "person", "tool", "structure", "code", "boilerplate", "other",
)  # fmt: skip
#: From this probability on the likeliest role is told; below it the model abstains.
SURE = 0.5
#: Blocks and cells of a document that the model is asked about.
MOST = 3_000
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


class Beside:
    """What the first look makes of all that is `AROUND` each piece. `chances`: for each piece the
    probabilities of its roles by the first look.
    """

    def __init__(self, around: Surroundings, chances: Sequence[Sequence[float]]) -> None:
        self._around, self._chances = around, chances
        self._none = [0.0] * len(ROLES)
        self._groups: dict[Hashable, list[float]] = {}

    def of(self, i: int) -> list[float]:
        """The square roots of the probabilities of the roles of all that is around a piece, 0 where there is
        nothing.
        """
        around, none = self._around, self._none
        at, column = around.pieces[i]
        block, whole = around.blocks[at], around.whole
        if column < 0:
            before = self._roots(whole[at - 1]) if at else none
            after = self._roots(whole[at + 1]) if at + 1 < len(whole) else none
            above = self._roots(whole[block.parent]) if block.parent >= 0 else none
        else:
            before = self._roots(i - 1) if column else none
            after = self._roots(i + 1) if column + 1 < len(block.cells) else none
            above = self._roots(whole[at])
        heading = self._roots(whole[around.heading[at]]) if around.heading[at] >= 0 else none
        below = self._mean([whole[k] for k in around.below[at]]) if column < 0 else none
        key = around.key[i]
        if key not in self._groups:
            self._groups[key] = self._mean(around.siblings[key])
        return [*self._roots(i), *before, *after, *heading, *above, *self._groups[key], *below]

    def _roots(self, i: int) -> list[float]:
        return [sqrt(p) for p in self._chances[i]]

    def _mean(self, of: Sequence[int]) -> list[float]:
        if not of:
            return self._none
        return [sqrt(sum(column) / len(of)) for column in zip(*(self._chances[i] for i in of), strict=True)]


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
    """The roles of the blocks of a document and of the cells of its table rows. The second look, which takes
    most of the time, is given only to what is asked for.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.around = Surroundings(blocks)
        self._beside = Beside(self.around, [_first_look(self.around, p) for p in self.around.pieces])
        self._roles: dict[int, Role] = {}

    def of(self, at: int, column: int = -1) -> Role:
        """The role of a block, or of one cell of it."""
        if len(self.around.blocks[at].cells) < 2:
            column = -1
        return self._of(position(self.around, Piece(at, column)))

    def chances(self) -> list[tuple[float, ...]]:
        """For each of the `pieces` the probability of each of `ROLES`."""
        return [self._of(i).chances for i in range(len(self.around.pieces))]

    def blocks(self) -> list[Role]:
        """The role of each block, in order."""
        return [self._of(i) for i in self.around.whole]

    def _of(self, i: int) -> Role:
        if i not in self._roles:
            self._roles[i] = _second_look([*described(self.around, i), *self._beside.of(i)])
        return self._roles[i]


_latest: list[tuple[Sequence[Block], RolesOf | None]] = []


def roles(document: ScopeDocument | Sequence[Block]) -> RolesOf | None:
    """What the blocks of a document are for, and the cells of its table rows; None where they are more than
    `MOST`, for which the model takes too much time. The last answer is kept: a run asks several times.
    """
    blocks = document.blocks if isinstance(document, ScopeDocument) else document
    if not _latest or (_latest[0][0] is not blocks and _latest[0][0] != blocks):
        _latest[:] = [(blocks, RolesOf(blocks) if count(blocks) <= MOST else None)]
    return _latest[0][1]
