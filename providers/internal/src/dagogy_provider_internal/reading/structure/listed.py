"""What an item or a bold start is called, and whether items are names or labels."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from dagogy.api.scope import Block
from dagogy.api.text import Words

from dagogy_provider_internal.language.cues import categories
from dagogy_provider_internal.language.headings import is_label, meta_role
from dagogy_provider_internal.language.lexicon import is_imperative, label
from dagogy_provider_internal.language.naming import split_gloss, split_label
from dagogy_provider_internal.reading.outline import Item

#: An item of at most this many words is a label rather than a statement.
LABEL_WORDS = 8
#: Leads that label a text in one list and name a concept in another.
_AMBIGUOUS = frozenset(
    {
        "errors",
        "tests",
        "checks",
        "mistakes",
        "traps",
        "faults",
        "exercises",
        "practice",
        "examples",
        "definitions",
        "questions",
        "syntax",
        "usage",
    }
)


def bold_start(block: Block) -> tuple[str, str]:
    """The bold term at the start of a paragraph and what follows it: set off by punctuation, or by a capital
    (`**Collateral** Property that …`).
    """
    if block.lead:
        return block.lead, block.rest.lstrip(" :–—-")
    first = block.emphasised[0] if block.emphasised else ""
    rest = block.text[len(first) :]
    if (
        first
        and block.text.startswith(first)
        and rest[:1] == " "
        and rest[1:2].isupper()
        and not first[-1:].isspace()
    ):
        return first.rstrip(":. "), rest.strip()
    return "", ""


#: What names a list of facts about a course and not of its subject, and the share of its labels that do.
_ABOUT = ("administration", "time", "person", "assessment", "resource", "warning", "exercise")
ABOUT_THE_COURSE = tuple(categories().index(name) for name in _ABOUT[:3])
ASIDE = tuple(categories().index(name) for name in (*_ABOUT[:1], *_ABOUT[2:6]))


def item_name(item: Item) -> str:
    return item.block.lead or split_gloss(item.block.text)[0]


def named_items(items: Sequence[Item]) -> list[Item]:
    """The items that start with a bold name, at the highest depth at which most items do; sub-items of such
    an item are its content.
    """
    level = list(items)
    while level:
        named = [
            i
            for i in level
            if i.block.lead and not is_label(i.block.lead) and len(i.block.lead.split()) <= 2 * LABEL_WORDS
        ]
        if named and len(named) >= 0.5 * len(level):
            # "Errors" among a dozen named concepts is one more, and so is "Summary"; "Note" is not.
            chosen = {i.at for i in named}
            return (
                named
                if len(named) < 0.8 * len(level)
                else [i for i in level if i.at in chosen or _names_too(i.block.lead, len(named))]
            )
        level = [c for i in level for c in i.children if not meta_role(item_name(i))]
    return []


def _names_too(lead: str, others: int) -> bool:
    return bool(lead) and (
        Words.form(lead) in _AMBIGUOUS or (others >= 8 and not label(f"{lead}: x")[0] and not meta_role(lead))
    )


def bare(items: Sequence[Item]) -> bool:
    """Whether a list names things (`Bubble sort`) instead of saying things about one."""
    if not items:
        return False
    names = [split_label(i.block.text)[0] for i in items]
    sentences = sum(
        (n.rstrip().endswith((".", "!")) and not n.rstrip().endswith("etc.")) or bool(label(i.block.text)[0])
        for n, i in zip(names, items, strict=True)
    )
    asked = sum(len(n.split()) > 4 and is_imperative(n) for n in names)
    return (
        median(len(n.split()) for n in names) <= LABEL_WORDS
        and sentences <= 0.3 * len(items)
        and asked <= 0.5 * len(items)
    )
