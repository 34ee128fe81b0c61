"""Topics that go on: rows or items that are named alike but for the number of a part ("Semantics I" and
"Semantics II", "Joins" and "Joins (cont.)")."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from dagogy_provider_internal.language.keys import same_key
from dagogy_provider_internal.language.terms import terms
from dagogy_provider_internal.reading.concept import Concept, is_bare

_CONTINUED = (
    r"cont(?:inued|inuation|['’]d|d|\.)?|ctd\.?|forts(?:etzung|\.)?|suite|continuaci[oó]n|continuação|segue|"
    r"продолжение|続き|续|續"
)
_NUMERAL = r"\d{1,2}|[IVX]{1,4}|[一二三四五六七八九十]"
#: Set off by a space, a comma, a dash or brackets, but for what follows an eastern character.
_PART = re.compile(
    rf"^(?P<topic>.*?\S)(?:\s*[,:–—-]?\s*[(\[（]\s*|\s*[,:–—-]\s+|\s+|(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?=[\dIVX一-十(（]))"
    rf"(?:(?:part|pt\.?|teil|parte|partie|часть|del|część|部分?)\s+)?(?:(?P<number>{_NUMERAL})|(?P<again>{_CONTINUED}))\s*[)\]）]?$",
    re.IGNORECASE,
)
#: What says of a topic that it is begun, gone on with or ended there.
_GOES_ON = re.compile(
    r"^(?:begin|start|continue|continuing|finish|complete|conclude|wrap[- ]up|more(?: on)?|"
    r"fortsetzung:?|suite de|fin de|continuar|terminar)\s+(?P<topic>\S.{2,}?)(?:\s*\([^()]*\))?$",
    re.IGNORECASE,
)
_ROMAN = {"I": 1, "V": 5, "X": 10}
_LEAST = 4  # letters of a topic; an eastern character counts for two


def joined(concepts: Sequence[Concept]) -> None:
    """Gives the parts of one topic its name, where the document has at least two of them, the first part or
    the topic itself among them, and says of each no more than its row or item; which are then one concept.
    What the vocabulary has as a term, `World War I`, is no part of anything."""
    parts: dict[tuple[str, ...], list[tuple[Concept, str, int]]] = defaultdict(list)
    plain = {same_key(c.title) for c in concepts}
    for concept in concepts:
        if (part := _part(concept.title)) and is_bare(concept):
            parts[same_key(part[0])].append((concept, *part))
    for key, found in parts.items():
        numbers = {number for _, _, number in found}
        if key in plain or (1 in numbers and len(numbers) > 1) or (len(found) > 1 and numbers == {0}):
            for concept, topic, _ in found:
                concept.title = topic


def _part(title: str) -> tuple[str, int] | None:
    """The topic that a title names a part of, and which one; 0 for one that only goes on."""
    if title.casefold() in terms():
        return None
    if match := _GOES_ON.match(title):
        return match["topic"], 0
    match = _PART.match(title)
    if match is None:
        return None
    topic = match["topic"].rstrip(" ,:–—-")
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
