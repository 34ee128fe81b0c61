"""Gradient-boosted trees, evaluated from data: each tree is arrays of feature, threshold, left, right and
value (Friedman 2001).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Tree(NamedTuple):
    """Node `i` asks whether feature `feature[i]` is at most `threshold[i]`; where `left[i]` is 0
    it is a leaf with `value[i]`.
    """

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]


def total(trees: Sequence[Tree], features: Sequence[float]) -> float:
    """The sum of what the trees say."""
    out = 0.0
    for feature, threshold, left, right, value in trees:
        i = 0
        while left[i]:
            i = left[i] if features[feature[i]] <= threshold[i] else right[i]
        out += value[i]
    return out


class Model(NamedTuple):
    """`base` and the sum of the trees are the log-odds that a title is one that a
    teacher would give a concept.
    """

    base: float
    trees: list[Tree]

    def probability(self, features: Sequence[float]) -> float:
        odds = self.base + total(self.trees, features)
        return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0


class Looks(NamedTuple):
    """The model of a title by itself (`features`), and that of the title among all that the first makes of
    its document (`agreement`).
    """

    first: Model
    second: Model


@cache
def looks() -> Looks:
    """The weights that are shipped; `scripts/train_reading.py` makes them."""
    data = json.loads((files(__package__) / "model.json").read_text(encoding="utf-8"))
    return Looks(
        *(Model(data[look]["base"], [Tree(*tree) for tree in data[look]["trees"]]) for look in Looks._fields)
    )
