"""Whether a title that was found can be the name of a concept at all."""

from __future__ import annotations

import re
import unicodedata

from dagogy_provider_internal.language.naming import is_sentence
from dagogy_provider_internal.reading.concept import Concept, Found

_ADDRESS = re.compile(r"\b(?:https?|ftp|file)://[\w-]+[.:/]|^www\.\w+\.\w\S*$", re.IGNORECASE)


def take(found: Found, concept: Concept) -> None:
    if not any(c.isalpha() or unicodedata.category(c) in ("Sm", "So") for c in concept.title):
        found.skip(concept.title or "(no text)", "has no word in it", "text", concept.anchor)
    elif ("://" in concept.title or concept.title[:4].lower() == "www.") and _ADDRESS.search(concept.title):
        found.skip(concept.title, "is an address, not the name of a concept", "resource", concept.anchor)
    elif is_sentence(concept.title):
        found.skip(concept.title, "is a sentence, not the name of a concept", "text", concept.anchor)
    else:
        found.concepts.append(concept)
