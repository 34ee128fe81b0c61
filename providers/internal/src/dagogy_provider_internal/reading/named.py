"""What can be no name of a concept, whichever reading took it for one: the rules would refuse it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import fmean

from dagogy.api.wording import unlike

from dagogy_provider_internal.language.clauses import without_trail
from dagogy_provider_internal.language.headings import heading_kind
from dagogy_provider_internal.language.lexicon import NUMBER_WORDS
from dagogy_provider_internal.reading.concept import Concept, Found
from dagogy_provider_internal.reading.recognition.units import DIVISION

#: A length in front of a title: `(10 min) – The forces of flight`.
_LENGTH_FIRST = re.compile(
    r"^[(\[]\s?(?:~|ca\.?)?\s?\d{1,3}(?:\s?[-–]\s?\d{1,3})?\s?(?:h|hrs?|hours?|min\w{0,6}|std\.?|horas?|heures?|ore|ч|мин\w{0,6})"
    r"\.?\s?[)\]]\s?(?:[-–—:]\s?)?(?=\S)",
    re.IGNORECASE,
)
_ONLY_A_NUMBER = re.compile(
    rf"{DIVISION}\s?(?:no\.?|nr\.?|#)?\s?(?:\d{{1,3}}(?:\.\d{{1,3}}){{0,3}}|[ivxl]{{1,5}})", re.IGNORECASE
)
#: A division with its number in words: `Week Four: Earth and stars`.
_COUNTED = "|".join(
    sorted(
        {*NUMBER_WORDS, *"eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen".split()},
        key=len,
        reverse=True,
    )
)
_WORD_NUMBER = re.compile(rf"^{DIVISION}\s(?:{_COUNTED})\s?(?:[:.|]|\s[-–—])\s?(?=\S)", re.IGNORECASE)
#: What an objective opens with: `Students will be able to name the stages`.
_ABLE = re.compile(
    r"^(?:the )?(?:students?|learners?|participants?|trainees?|you)\s(?:will|should|can|must)\s"
    r"(?:(?:be able|learn(?: how)?|know how)\sto\s)?(?=\w+\s\w)",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"\\[a-zA-Z]{2,40}[\[{]|\}\{")
_MOST_WORDS = 20
#: In a document of so many characters a heading of structure is no name, however a list has it.
_LONG, _STRUCTURE = 1300, 1.25
#: Where the mean of the log-odds of so many titles is above, they are worded like none of concepts.
_FEWEST, _MEAN = 3, 0.45


def keep_names(found: Found) -> None:
    """Takes what stands around them off the titles, and takes out what is only a number, a sentence by its
    length, or, where the titles all together are worded like administration, what is worded so; unless
    nothing would be left."""
    for concept in found.concepts:
        name = concept.title.partition(" | ")[0]
        if (asked := _ABLE.sub("", name)) != name:
            name = asked[:1].upper() + asked[1:]
        name = _WORD_NUMBER.sub("", _LENGTH_FIRST.sub("", name)).strip()
        concept.title = without_trail(name) or concept.title
    _take_out(found, [c for c in found.concepts if _is_no_name(c)])
    odds = [unlike(c.title) for c in found.concepts]
    if len(odds) >= _FEWEST and fmean(odds) > _MEAN:
        _take_out(found, [c for c, value in zip(found.concepts, odds, strict=True) if value > 0])


def _is_no_name(concept: Concept) -> bool:
    title = concept.title
    return (
        len(title.split()) > _MOST_WORDS
        or bool(_ONLY_A_NUMBER.fullmatch(title) or _COMMAND.search(title))
        or (
            len(concept.document.text) > _LONG
            and heading_kind(title) == "skip"
            and unlike(title) > _STRUCTURE
        )
    )


def _take_out(found: Found, none: Sequence[Concept]) -> None:
    if len(none) == len(found.concepts):
        return
    for concept in none:
        found.concepts.remove(concept)
        found.skip(concept.title, "is no name of a concept", "", concept.anchor)
