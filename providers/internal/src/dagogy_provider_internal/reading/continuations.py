"""Topics that go on: rows or items that are named alike but for the number of a part ("Semantics I" and
"Semantics II", "Joins" and "Joins (cont.)")."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from dagogy_provider_internal.language.keys import same_key
from dagogy_provider_internal.language.terms import terms
from dagogy_provider_internal.reading.concept import Concept, is_bare

_CONTINUED = (
    r"cont(?:inued|inuation|['’]d|d|\.)?|ctd\.?|forts(?:etzung|\.)?|suite|continuaci[oó]n|continuação|segue|"
    r"продолжение|続き|续|續"
)
_NUMERAL = r"\d{1,2}|[IVX]{1,4}|[一二三四五六七八九十]"
#: What stands last in a title, set off by a space, a mark or a bracket, but for what follows an eastern
#: character.
_PART = re.compile(
    rf"(?:(?<=[\s,:–—(\[（-])|(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]))"
    rf"(?:(?:part|pt\.?|teil|parte|partie|часть|del|część|部分?)\s)?"
    rf"(?:(?P<number>{_NUMERAL})|(?P<again>{_CONTINUED}))[)\]）]?$",
    re.IGNORECASE,
)
_AROUND = " ,:–—-([（"
#: What says of a topic that it is begun, gone on with or ended there.
_GOES_ON = re.compile(
    r"^(?:begin|start|continue|continuing|finish|complete|conclude|wrap[- ]up|more(?: on)?|"
    r"fortsetzung:?|suite de|fin de|continuar|terminar)\s(?P<topic>\S.+)$",
    re.IGNORECASE,
)
_ROMAN = {"I": 1, "V": 5, "X": 10}
_NEAR = 3  # concepts from one part to the next
_LEAST = 4  # letters of a topic; an eastern character counts for two


class _Part(NamedTuple):
    at: int
    concept: Concept
    topic: str
    number: int


def joined(concepts: Sequence[Concept]) -> None:
    """Gives the parts of one topic its name, where they follow each other closely, rising from the first part
    or the topic itself, and the document says of each no more than its row or item; they are then one
    concept. Exercises of a kind that are scattered, and what the vocabulary has as a term, `World War I`, are
    no parts of anything."""
    parts: dict[tuple[str, ...], list[_Part]] = defaultdict(list)
    for at, concept in enumerate(concepts):
        if is_bare(concept):
            topic, number = _part(concept.title) or (concept.title, 0)
            parts[same_key(topic)].append(_Part(at, concept, topic, number))
    for found in parts.values():
        numbers = [part.number for part in found]
        close = all(b.at - a.at <= _NEAR for a, b in pairwise(found))
        if len(found) > 1 and close and numbers == sorted(numbers) and numbers[0] <= 1:
            for part in found:
                part.concept.title = part.topic


def _part(title: str) -> tuple[str, int] | None:
    """The topic that a title names a part of, and which one; 0 for one that only goes on."""
    if title.casefold() in terms():
        return None
    if match := _GOES_ON.match(title):
        topic, _, aside = match["topic"].rpartition("(")
        return (topic.strip() if topic and aside.endswith(")") else match["topic"]), 0
    match = _PART.search(title)
    if match is None:
        return None
    topic = title[: match.start()].rstrip(_AROUND)
    letters = sum((2 if c >= "\u3040" else 1) for c in topic if c.isalpha())
    if letters < _LEAST:
        return None
    number = match["number"] or ""
    return topic, _number(number) if number else 0


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    if (east := "一二三四五六七八九十".find(text)) >= 0:
        return east + 1
    values = [_ROMAN[c] for c in text.upper()]
    return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))
