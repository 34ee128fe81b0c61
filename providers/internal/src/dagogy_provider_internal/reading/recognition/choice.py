"""Which titles are taken together: those that make the expected F1 of the choice largest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from dagogy.api.scope import Block

from dagogy_provider_internal.reading.recognition.agreement import agreed, sureness
from dagogy_provider_internal.reading.recognition.features import Described, described
from dagogy_provider_internal.reading.recognition.trees import looks
from dagogy_provider_internal.reading.recognition.units import Unit, is_contents

#: What a title must be worth to be taken beside the others of its text, as a share of what the best titles of
#: the document are worth.
_LEAST = 0.24
#: How much of the expected number of concepts counts as missing from a smaller choice: below 1, precision
#: weighs more than recall.
_MISSING = 0.7
#: From so many texts with a colon on, and from this share of them on, they are read alike.
_ALIKE, _MOSTLY = 4, 0.5
_BEST = 5  # titles that tell how sure the model can be in this document


@dataclass(slots=True)
class Chosen:
    """A title that is taken, the unit that it stands in, and the probability that a
    teacher names a concept so.
    """

    text: str
    unit: Unit
    way: str
    probability: float


@dataclass(slots=True)
class Recognition:
    """What is taken, in document order, and what was left, each with its probability. `worth` is the expected
    F1 of the choice.
    """

    chosen: list[Chosen]
    left: list[Chosen]
    expected: float
    worth: float
    #: What each title is worth by itself, by its text in lower case.
    probabilities: dict[str, float]
    #: What the likeliest title of each block is worth, by the block's position.
    blocks: dict[int, float] = field(default_factory=dict)
    #: How sure the first look is of the document (`agreement.sureness`), for the judge of courses.
    seen: list[float] = field(default_factory=list)

    @property
    def missing(self) -> float:
        """How much of the expected number of concepts weighs against a choice."""
        return _MISSING * self.expected


def recognise(blocks: Sequence[Block]) -> Recognition:
    """What the blocks name that is to be taught."""
    found = described(blocks)
    first, second = looks()
    chances = [first.probability(title.features) for title in found.titles]
    # An entry of a table of contents names nothing that its section does not.
    probabilities = [
        0.0 if is_contents(blocks[found.units[title.unit].at]) else second.probability(row)
        for title, row in zip(found.titles, agreed(blocks, found, chances), strict=True)
    ]
    recognition = choose(found, probabilities)
    recognition.seen = sureness(found, chances)
    return recognition


def _best_reading(
    of_unit: Mapping[int, Sequence[int]], probabilities: Sequence[float], least: float
) -> Sequence[int]:
    """The titles of the reading of a text that are worth most together."""
    value, members = 0.0, []
    for of_reading in of_unit.values():
        kept = (
            [k for k in of_reading if probabilities[k] > 0.6 * least] if len(of_reading) > 1 else of_reading
        )
        worth = sum(probabilities[k] - least for k in kept)
        if worth > value:
            value, members = worth, list(kept)
    return members


def _agree(
    found: Described, readings: Mapping[int, Mapping[int, Sequence[int]]], best_of: dict[int, Sequence[int]]
) -> None:
    """Where most texts of a list or column that have a colon are read as a whole (or by what is before or
    behind it), so are the others."""
    ways: dict[Hashable, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    offered: dict[int, dict[str, Sequence[int]]] = {}
    for unit, members in best_of.items():
        of_way = {found.units[unit].readings[r].way: titles for r, titles in readings[unit].items()}
        if members and "before" in of_way:
            title = found.titles[members[0]]
            offered[unit] = of_way
            ways[title.siblings[0]][found.units[unit].readings[title.reading].way].append(unit)
    for of_group in ways.values():
        count = sum(map(len, of_group.values()))
        way = max(of_group, key=lambda w: len(of_group[w]))
        if count < _ALIKE or len(of_group[way]) < _MOSTLY * count:
            continue
        for unit in (u for other, units in of_group.items() if other != way for u in units):
            best_of[unit] = offered[unit].get(way) or best_of[unit]


def choose(found: Described, probabilities: Sequence[float]) -> Recognition:
    """Of each text the reading whose titles are worth most, and of all these the choice
    with the largest expected F1.
    """
    best = sorted(probabilities, reverse=True)[:_BEST]
    top = sum(best) / len(best) if best else 0.0
    least = min(0.12, _LEAST * top)
    readings: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for k, title in enumerate(found.titles):
        readings[title.unit][title.reading].append(k)
    taken: list[int] = []
    seen: set[str] = set()
    best_of = {unit: _best_reading(readings[unit], probabilities, least) for unit in sorted(readings)}
    _agree(found, readings, best_of)
    for members in best_of.values():
        for k in members:
            key = found.titles[k].text.casefold()
            if key not in seen:
                seen.add(key)
                taken.append(k)
    ranked = sorted(taken, key=lambda k: -probabilities[k])
    expected = sum(probabilities[k] for k in ranked)
    size, most, gained = 0, 0.0, 0.0
    for count, k in enumerate(ranked, 1):
        gained += probabilities[k]
        if (worth := 2 * gained / (count + _MISSING * expected)) > most:
            most, size = worth, count
    chosen = set(ranked[:size])

    def told(k: int) -> Chosen:
        title = found.titles[k]
        unit = found.units[title.unit]
        return Chosen(title.text, unit, unit.readings[title.reading].way, round(probabilities[k], 3))

    left = [told(k) for k in taken if k not in chosen]
    by_text: dict[str, float] = {}
    by_block: dict[int, float] = {}
    for title, p in zip(found.titles, probabilities, strict=True):
        key, at = title.text.casefold(), found.units[title.unit].at
        by_text[key] = max(p, by_text.get(key, 0.0))
        by_block[at] = max(p, by_block.get(at, 0.0))
    return Recognition([told(k) for k in taken if k in chosen], left, expected, most, by_text, by_block)
