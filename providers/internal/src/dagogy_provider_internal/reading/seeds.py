"""The concepts of a seed list."""

from __future__ import annotations

import re

from dagogy.api.scope import ScopeDocument

from dagogy_provider_internal.language.naming import split_gloss, tidy_title
from dagogy_provider_internal.reading.concept import Concept, Found
from dagogy_provider_internal.reading.items import label_of, repeated
from dagogy_provider_internal.reading.structure.taken import take
from dagogy_provider_internal.reading.tables import row_minutes


def seed_concepts(document: ScopeDocument) -> Found:
    """A seed list: every list item is a concept; without items every heading; without these every line."""
    blocks = document.blocks
    items = [i for i, b in enumerate(blocks) if b.kind == "list_item"]
    headings = [i for i, b in enumerate(blocks) if b.kind == "heading"]
    tops = [i for i in headings if blocks[i].level == 1]
    if len(tops) == 1 and tops[0] == headings[0]:
        headings = headings[1:]
    rows = [i for i, b in enumerate(blocks) if b.kind == "table_row"]
    chosen = (
        items
        or headings
        or rows
        or [i for i, b in enumerate(blocks) if b.kind in ("paragraph", "quote", "code")]
    )
    found = Found()
    several = repeated(blocks[i] for i in items)
    for at in chosen:
        block = blocks[at]
        if block.kind == "list_item":
            name, gloss, needs = label_of(block, several)
            take(
                found,
                Concept(
                    tidy_title(name),
                    document,
                    at,
                    [at] if gloss else [],
                    block.path,
                    gloss,
                    ordered=block.ordered,
                    needs=needs,
                ),
            )
        elif headings or rows:
            text = block.cells[0] if block.cells else block.lead or block.text
            name, gloss = (text, block.rest) if block.lead else split_gloss(text)
            own = [at] if gloss or len(block.cells) > 1 else []
            take(
                found,
                Concept(tidy_title(name), document, at, own, block.path, gloss, minutes=row_minutes(block)),
            )
        else:
            lines = document.text.split("\n")[block.lines[0] - 1 : block.lines[1]]
            for line in lines:
                take(
                    found, Concept(tidy_title(re.sub(r"^[\s>*+-]+", "", line)), document, at, [], block.path)
                )
    return found
