"""List items: which of their words are the name, which say something of it, and
which tell what comes before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dagogy.api.scope import Block

from dagogy_provider_internal.language.headings import is_ordinary
from dagogy_provider_internal.language.keys import same_key
from dagogy_provider_internal.language.naming import split_cue, split_gloss, split_label, tidy_title


def label_of(
    block: Block, several: frozenset[tuple[str, ...]]
) -> tuple[str, str, tuple[tuple[str, tuple[int, int]], ...]]:
    """Of a list item its name, its gloss, and what it says in parentheses of what comes before. A label that
    stands before `several` items (`SQL: joins and unions`, `SQL: window functions`) names none of them."""
    if block.lead:
        name, gloss = block.lead, block.rest.lstrip(" :–—-")
        rest, cue = split_cue(f"{name} {gloss}") if gloss else split_cue(name)
        name, gloss = (name, rest[len(name) :].strip()) if gloss else (rest, "")
    else:
        text, cue = split_cue(block.text)
        name, gloss = split_label(text)
        if gloss and same_key(tidy_title(name)) in several:
            name, gloss = split_gloss(text)
        if " | " in name and block.emphasised and text.startswith(block.emphasised[0]):
            # `**body** string | Buffer | null`: what may stand there is no part of the name.
            name, gloss = block.emphasised[0], text[len(block.emphasised[0]) :].strip()
    if " | " in name and block.links:
        name = name.partition(" | ")[0]  # the title of a page, with that of its site
    name, early = split_cue(name)
    cues = [c for c in (early, cue) if c]
    return name, gloss, tuple((c, block.lines) for c in cues)


def repeated(blocks: Iterable[Block]) -> frozenset[tuple[str, ...]]:
    """The labels that more than one of these items has."""
    blocks = list(blocks)
    if all(map(only_names, blocks)):
        return frozenset()  # which label nothing
    counts = Counter(same_key(tidy_title(b.lead or split_label(split_cue(b.text)[0])[0])) for b in blocks)
    return frozenset(k for k, n in counts.items() if n > 1)


def only_names(block: Block) -> bool:
    """Whether an item is a name in Latin words and nothing besides, as most items of the longest lists are:
    all else about it need not be asked.
    """
    return not block.lead and not block.links and is_ordinary(block.text)
