"""Objectives and exercises that stand apart from the concepts, in lists of their own: which concept each is
about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from dagogy.api.scope import ScopeDocument

from dagogy_provider_internal.language.keys import content_tokens
from dagogy_provider_internal.language.lexicon import label
from dagogy_provider_internal.language.naming import core_name
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.writing.material import Quote, Role, headed, learned
from dagogy_provider_internal.writing.standing import is_task, is_topic, plain

_ROLES: tuple[Role, ...] = ("objective", "exercise")
_LONGEST = 40  # words


def asked_elsewhere(concepts: Sequence[Concept], language: str) -> Mapping[int, list[Quote]]:
    """By the position of a concept the objectives and exercises outside of all concepts that have every
    telling word of its name; each goes to the concept with the longest such name, and to none where there
    are two.
    """
    documents = {id(c.document): c.document for c in concepts if c.anchor >= 0}
    names = [frozenset(content_tokens(core_name(c.title))) for c in concepts]
    holding: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(names):
        for word in name:
            holding[word].append(i)
    found: dict[int, list[Quote]] = defaultdict(list)
    for document in documents.values():
        taken = {at for c in concepts if c.document is document for at in (*c.blocks, c.anchor)}
        for quote in _asked(document, taken, language):
            words = set(content_tokens(quote.text))
            near = {i for w in words for i in holding.get(w, ()) if names[i] <= words}
            most = max((len(names[i]) for i in near), default=0)
            best = [i for i in near if len(names[i]) == most]
            if len(best) == 1:
                found[best[0]].append(quote)
    return found


def _asked(document: ScopeDocument, taken: set[int], language: str) -> Iterator[Quote]:
    for at, block in enumerate(document.blocks):
        if at in taken or block.kind not in ("list_item", "paragraph") or len(block.text.split()) > _LONGEST:
            continue
        told = next((r for name in reversed(block.path) if (r := headed(name))), "") or learned(document, at)
        if told not in _ROLES:
            continue
        text = plain(label(block.text)[1], language).rstrip(";；,，、 ")
        if text.endswith((":", "：")):
            continue
        if told == "objective" and block.kind == "list_item" and is_topic(text, language):
            yield Quote(text, block.lines, "objective", at, True, True, document.location)
        elif told == "exercise" and is_task(text, language):
            yield Quote(text, block.lines, "exercise", at, True, True, document.location)
