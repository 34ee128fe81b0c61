"""The rule `schema.unique_titles`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagogy.api.rules import Finding, Rule, RuleContext
from dagogy.api.text import Words

# Punctuation that does not tell one concept from another. Whatever can be an operator or part of a name (+ #
# * / & < = ! ' and the like) stays, so that C, C++ and C# differ, and so do P = NP and P ≠ NP.
_SPACES = '\t\r\v\f-‐‒–—―_,:;?¿¡()"“”„«»、。，'
_INVISIBLE = "\u00ad\u200b\u2060\ufeff"


class UniqueTitles(Rule):
    """A title is what a learner sees of a node; two nodes of the same title are the same concept twice, or
    two concepts of which one is badly named. Titles are compared after Unicode compatibility normalisation
    (NFKC, Unicode Standard Annex 15), full case folding, and with hyphens, dashes, underscores, commas,
    colons, quotation marks, parentheses, question marks, final full stops and runs of white space counted as
    one space. Symbols stay: `C`, `C++` and `C#` are three titles.

    Bad:
        `Set theory` and `Set-Theory.`

    Good:
        `Set theory` and `Axiomatic set theory`.

    How to fix:
        If the two nodes teach the same, merge them into one and let their dependents build on that. Otherwise
        say in the title what sets the later one apart.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        nodes = context.nodes
        keys = _folded([node.title for node in nodes])
        if len(set(keys)) == len(keys):
            return
        first_with: dict[str, int] = {}
        for i, key in enumerate(keys):
            first = first_with.setdefault(key, i)
            # A title of nothing but punctuation says nothing, and a node with the same id is reported by
            # schema.unique_ids.
            if first == i or not key or nodes[first].id == nodes[i].id:
                continue
            yield Finding(
                message=(
                    f"title {nodes[i].title!r:.60} is that of node '{nodes[first].id:.60}' "
                    f"({nodes[first].title!r:.60}); merge the two or tell them apart"
                ),
                pointer=f"/nodes/{i}/title",
                node_id=nodes[i].id,
                data={"first": nodes[first].id},
            )


def _folded(titles: Sequence[str]) -> list[str]:
    """What is compared of each title. All titles are folded as one long text, which is ten
    times as fast as one by one.
    """
    text = "\n".join(titles)
    if text.count("\n") >= len(titles):
        text = "\n".join(" ".join(title.split()) for title in titles)
    if not text.isascii():
        text = Words.normalized(text)
    text = f"\n{text.casefold()}\n"
    for character in _SPACES:
        text = text.replace(character, " ")
    for character in _INVISIBLE:
        text = text.replace(character, "")
    while ". " in text or ".\n" in text:
        text = text.replace(". ", " ").replace(".\n", "\n")
    while "  " in text:
        text = text.replace("  ", " ")
    return text.replace(" \n", "\n").replace("\n ", "\n")[1:-1].split("\n")
