"""Pieces of sentences that are clauses and no names: cut out of running text, they name nothing."""

from __future__ import annotations

import re
from functools import lru_cache

from dagogy_provider_internal.language.cues import read_table

_WORD = re.compile(r"\w[\w'’-]*")


@lru_cache(maxsize=20_000)
def is_clause(text: str) -> bool:
    """Whether a piece of a sentence begins like a clause, has a finite auxiliary or a modal in it, or ends
    with a German infinitive with `zu`."""
    # "IT" and "ES" are names, "it" and "es" are pronouns.
    words = [w.casefold() for w in _WORD.findall(text) if not w.isupper()]
    if not words:
        return False
    table = read_table("clauses.tsv")
    return (
        words[0] in table["opens"].words
        or not table["finite"].words.isdisjoint(words)
        or any(phrase in text.casefold() for phrase in table["finite"].phrases)
        or (len(words) > 1 and words[-2] == "zu" and text.rstrip().endswith(words[-1]))
    )


def without_trail(text: str) -> str:
    """A name without the conjunctions, articles and prepositions that it ends with when it was cut out of a
    longer text. `VITAMIN A` and `Log in` end as they should.
    """
    trails = read_table("clauses.tsv")["trails"].words
    while " " in text and text[text.rindex(" ") + 1 :] in trails:
        text = text[: text.rindex(" ")].rstrip(" ,;:–—-")
    return text
