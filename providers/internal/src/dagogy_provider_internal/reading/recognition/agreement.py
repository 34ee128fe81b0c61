"""What the titles of a document say about each other: a second look at each title that knows how likely the
first look finds all of them.

Items of one list, cells of one column and headings of one level mostly have one fate, and how many concepts a
document has shows only when all its titles are seen together. The first model's probabilities are therefore
features of a second one (stacked generalization, Wolpert 1992).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from statistics import fmean, median

from dagogy.api.scope import Block

from dagogy_provider_internal.reading.recognition.features import FIRST, WORDING, Described, Title

_LIKELY = 0.3
_BEST, _MANY = 5, 20  # titles that tell how sure the first look is in this document
_AROUND = 5  # units on either side that are looked at
_STATISTICS = ("mean", "median", "best", "worst", "share likely", "members")


def names() -> list[str]:
    """What each feature of the second look is, in order; those of the title itself
    (`FIRST` of the first look) follow.
    """
    return [
        "first look",
        "log-odds",
        *(f"siblings {s}" for s in _STATISTICS),
        *(f"likes {s}" for s in _STATISTICS),
        "siblings' wording",
        "siblings beside the best",
        "likes beside the best",
        "siblings' share of all",
        "beside the best five",
        "beside the best twenty",
        "best five",
        "best twenty",
        "expected concepts",
        "log units",
        "mean of its reading",
        "best of other readings",
        "sum of other readings",
        "sum of its reading",
        "titles of its reading",
        "heading above",
        "item above",
        "mean below",
        "best below",
        "sum below",
        "best of the same text",
        "times the same text",
        "unit before",
        "unit after",
        "units around",
        "share that is likelier",
        "titles that are likelier",
    ]


class _Look:
    """The first look at a document, by unit, group and place. `chances`: for each title its probability."""

    def __init__(self, blocks: Sequence[Block], found: Described, chances: Sequence[float]) -> None:
        self.blocks, self.found, self.chances = blocks, found, chances
        self.siblings: dict[Hashable, list[int]] = defaultdict(list)
        self.likes: dict[Hashable, list[int]] = defaultdict(list)
        self.of_unit: dict[int, list[int]] = defaultdict(list)
        self.of_reading: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.of_text: dict[str, list[int]] = defaultdict(list)
        for i, title in enumerate(found.titles):
            self.siblings[title.siblings].append(i)
            self.likes[self._like(title)].append(i)
            self.of_unit[title.unit].append(i)
            self.of_reading[title.unit, title.reading].append(i)
            self.of_text[title.text.casefold()].append(i)
        self.best = [max((chances[i] for i in self.of_unit[k]), default=0.0) for k in range(len(found.units))]
        self.ranked = sorted(self.best, reverse=True)
        self.sibling_statistics = {key: self._statistics(group) for key, group in self.siblings.items()}
        self.like_statistics = {key: self._statistics(group) for key, group in self.likes.items()}
        self._outline()

    def _like(self, title: Title) -> Hashable:
        unit = self.found.units[title.unit]
        block = self.blocks[unit.at]
        place = block.header if unit.kind == "cell" else (block.level, block.ordered)
        return unit.kind, unit.column, place, unit.readings[title.reading].way

    def _statistics(self, group: Sequence[int]) -> list[float]:
        values = [self.chances[i] for i in group]
        likely = sum(v > _LIKELY for v in values) / len(values)
        return [fmean(values), median(values), max(values), min(values), likely, float(len(values))]

    def _outline(self) -> None:
        """For each block the best title of the heading above it, and those of the units below it."""
        at: dict[int, list[int]] = defaultdict(list)
        for k, unit in enumerate(self.found.units):
            at[unit.at].append(k)
        self.at = {block: max(self.best[k] for k in units) for block, units in at.items()}
        self.above = [0.0] * len(self.blocks)
        self.below: dict[int, list[float]] = defaultdict(list)
        stack: list[int] = []
        for i, block in enumerate(self.blocks):
            if block.kind == "heading":
                while stack and self.blocks[stack[-1]].level >= block.level:
                    stack.pop()
            self.above[i] = self.at.get(stack[-1], 0.0) if stack else 0.0
            own = [self.best[k] for k in at.get(i, ())]
            for heading in stack:
                self.below[heading] += own
            if block.parent >= 0 and self.blocks[block.parent].kind != "heading":
                self.below[block.parent] += own
            if block.kind == "heading":
                stack.append(i)


def agreed(blocks: Sequence[Block], found: Described, chances: Sequence[float]) -> list[list[float]]:
    """For each title the features of the second look. `chances`: for each title what the first
    look makes of it, in (0, 1).
    """
    look = _Look(blocks, found, chances)
    if not found.titles:
        return []
    groups, likes = look.sibling_statistics, look.like_statistics
    best_group, best_like = max(s[0] for s in groups.values()), max(s[0] for s in likes.values())
    mass = {key: sum(chances[i] for i in group) for key, group in look.siblings.items()}
    wording = {
        key: fmean(found.titles[i].features[WORDING] for i in group) for key, group in look.siblings.items()
    }
    document = _document(look)
    rank = _ranks(look.ranked, chances)
    out = []
    for i, title in enumerate(found.titles):
        chance = min(max(chances[i], 1e-4), 1 - 1e-4)
        sibling, like = groups[title.siblings], likes[look._like(title)]
        out.append(
            [
                chances[i],
                math.log(chance / (1 - chance)),
                *sibling,
                *like,
                wording[title.siblings],
                sibling[0] / (best_group + 1e-6),
                like[0] / (best_like + 1e-6),
                mass[title.siblings] / (sum(chances) + 1e-6),
                chances[i] / (document[0] + 1e-6),
                chances[i] / (document[1] + 1e-6),
                *document,
                *_unit(look, title),
                *_place(look, title),
                rank[i] / len(look.ranked),
                float(rank[i]),
                *title.features[:FIRST],
            ]
        )
    return out


def _document(look: _Look) -> list[float]:
    return [fmean(look.ranked[:_BEST]), fmean(look.ranked[:_MANY]), sum(look.best), math.log(len(look.best))]


def _ranks(ranked: Sequence[float], chances: Sequence[float]) -> list[int]:
    """For each chance how many units have a better one."""
    order = sorted(range(len(chances)), key=lambda i: -chances[i])
    rank, better = [0] * len(chances), 0
    for i in order:
        while better < len(ranked) and ranked[better] > chances[i]:
            better += 1
        rank[i] = better
    return rank


def _unit(look: _Look, title: Title) -> list[float]:
    mine = [look.chances[i] for i in look.of_reading[title.unit, title.reading]]
    others = [
        look.chances[i] for i in look.of_unit[title.unit] if look.found.titles[i].reading != title.reading
    ]
    return [fmean(mine), max(others, default=0.0), sum(others), sum(mine), float(len(mine))]


def _place(look: _Look, title: Title) -> list[float]:
    unit, k = look.found.units[title.unit], title.unit
    block, below = look.blocks[unit.at], look.below.get(unit.at, ())
    same = look.of_text[title.text.casefold()]
    return [
        look.above[unit.at],
        look.at.get(block.parent, 0.0) if block.parent >= 0 else -1.0,
        fmean(below) if below else -1.0,
        max(below, default=-1.0),
        sum(below),
        max(look.chances[i] for i in same),
        float(len(same)),
        look.best[k - 1] if k else 0.0,
        look.best[k + 1] if k + 1 < len(look.best) else 0.0,
        fmean(look.best[max(0, k - _AROUND) : k + _AROUND + 1]),
    ]


def sureness(found: Described, chances: Sequence[float]) -> list[float]:
    """How sure the first look is of a document: its best five and twenty units, their sum, number and mean,
    and what the document is like.
    """
    best: dict[int, float] = {}
    for title, chance in zip(found.titles, chances, strict=True):
        best[title.unit] = max(chance, best.get(title.unit, 0.0))
    ranked = sorted(best.values(), reverse=True)
    if not ranked:
        return []
    own = [
        fmean(ranked[:_BEST]),
        fmean(ranked[:_MANY]),
        math.log1p(sum(ranked)),
        math.log(len(ranked)),
        fmean(ranked),
    ]
    return [*own, *found.document]
