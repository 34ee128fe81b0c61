"""Lists: which items name concepts, and which are administration or an aside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dagogy.api.scope import Block, LeftOut, ScopeDocument
from dagogy.api.text import Words

from dagogy_provider_internal.language.amounts import stated_amount
from dagogy_provider_internal.language.cues import shares
from dagogy_provider_internal.language.headings import heading_kind, is_admin, is_label, meta_role
from dagogy_provider_internal.language.marks import is_day_off
from dagogy_provider_internal.language.naming import has_leader, stated_length, tidy_title
from dagogy_provider_internal.language.numbering import is_chapter, numbering
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.reading.estimates import stated_minutes
from dagogy_provider_internal.reading.items import label_of, only_names, repeated
from dagogy_provider_internal.reading.outline import Item, Section
from dagogy_provider_internal.reading.structure.listed import (
    ABOUT_THE_COURSE,
    LABEL_WORDS,
    bare,
    item_name,
    named_items,
)
from dagogy_provider_internal.reading.structure.rows import TopicRows

#: Headings of a document's structure that name a concept when they stand in a list of names.
_AMBIGUOUS_HEADINGS = frozenset(
    (
        "notation support index conventions history abstract license licence copyright feedback contact "
        "links references resources sources examples exercises assessment motivation background policies "
        "attendance quiz dedication prologue epilogue overview roadmap"
    ).split()
)
#: Headings that open and close a document. In a list of names with no other word of
#: structure they are names too.
_BOOKENDS = frozenset(
    (
        "introduction intro summary conclusion conclusions recap credits preface foreword preamble appendix"
    ).split()
)
#: Those of them that are short for a part of a document, and never the name of what is taught.
_NO_NAMES = frozenset(("intro", "recap"))


class ListMembers(TopicRows):
    """The items of lists that name concepts."""

    def _members(self, section: Section, items: list[Item]) -> list[Concept]:
        """The items of a section that are concepts themselves; empty when the list is text about the
        heading's concept.
        """
        given = [i for i in items if only_names(i.block) or not meta_role(item_name(i))]
        items = self._without_admin(given)
        again = len(items) < len(given)
        free = section is self.root or section.kind in ("group", "skip")
        named = named_items(items)
        if len(named) >= 2 and free and _groups(named):
            return self._leaf_concepts(items, again=again)
        if len(named) >= 2 and (free or section.level in self.bold_levels):
            chosen = {i.at for i in named}
            for item in items:
                if item.at not in chosen:
                    reason = (
                        "groups other items"
                        if item.children
                        else "is not set off as a concept in a list that sets its concepts off"
                    )
                    self.found.skip(
                        item_name(item), reason, LeftOut.GROUP if item.children else "text", item.at
                    )
            several = repeated(i.block for i in named)
            return [self._item_concept(i, _path_of(i, self.document), several) for i in named]
        if section.kind != "skip" and bare(items) and (free or section.level in self.label_levels):
            return self._leaf_concepts(items, again=again)
        return []

    def _aside(self, items: Sequence[Item]) -> tuple[str, str] | None:
        """Why a whole list is none of names, and its role; None where it may be one."""
        if self._asks_for_answers(items):
            return "asks questions", "assessment"
        return (
            ("tells facts about the course", "administration") if _is_about_the_course_list(items) else None
        )

    def _asks_for_answers(self, items: Sequence[Item]) -> bool:
        """Whether a list is one of questions in a document whose other lists are not."""
        if len(items) < 2 or not all(i.block.text.rstrip().endswith(("?", "？")) for i in items):
            return False
        every = [b for b in self.document.blocks if b.kind == "list_item"]
        return 2 * sum(b.text.rstrip().endswith(("?", "？")) for b in every) <= len(every) + len(items)

    def _beside_table(self, section: Section, items: list[Item]) -> list[Concept]:
        """The items of a list that stands beside a table of topics: concepts too where each is a name with
        what is said of it, else told as left out.
        """
        items = [i for i in items if not meta_role(item_name(i))]
        several = repeated(i.block for i in items)
        split = [label_of(i.block, several) for i in items]
        if len(items) >= 2 and all(
            gloss and not is_label(name) and len(name.split()) <= LABEL_WORDS for name, gloss, _ in split
        ):
            return [self._item_concept(i, _path_of(i, self.document), several) for i in items]
        for item in items:
            self.found.skip(
                item_name(item), f"is text beside the table of topics of “{section.title}”", "", item.at
            )
        return []

    def _without_admin(self, items: list[Item]) -> list[Item]:
        """The items without a timetable's breaks and exams."""
        others = [i for i in items if not only_names(i.block)]
        if not others:
            return items
        schedule = any(_TIMED.match(i.block.text) or is_chapter(i.block.text) for i in others)
        # A list that has "References" in it is the table of contents of a document; in any other "Summary" is
        # a name as all the others are.
        plain = [Words.form(tidy_title(i.block.text)) for i in others if not i.block.lead]
        printed = any(has_leader(i.block.text) for i in others)
        contents = printed or any(
            heading_kind(t) == "skip" and t not in _AMBIGUOUS_HEADINGS | _BOOKENDS for t in plain
        )
        names = (
            _AMBIGUOUS_HEADINGS
            if contents or schedule or len(items) < 4
            else _AMBIGUOUS_HEADINGS | _BOOKENDS - _NO_NAMES
        )
        kept = []
        for item in items:
            if only_names(item.block):
                kept.append(item)
                continue
            title = tidy_title(item.block.text)
            if _points_inside(item.block):
                self.found.skip(item_name(item), "is a link within the document", "structure", item.at)
            elif is_admin(tidy_title(item_name(item)), schedule=schedule) or (schedule and is_day_off(title)):
                self.found.skip(item_name(item), "is an entry of the timetable", "", item.at)
            elif not item.block.lead and ":" in title and _announces(title.partition(":")[0]):
                self.found.skip(title, "labels a text", "", item.at)
            elif (
                not item.block.lead
                and heading_kind(title) == "skip"
                and (printed or Words.form(title) not in names)
            ):
                self.found.skip(title, "is a structural heading", "structure", item.at)
            else:
                kept.append(item)
        return kept

    def _leaf_concepts(self, items: list[Item], *, again: bool) -> list[Concept]:
        """`again`: entries of a timetable and the like were left out, so what was a name beside them may be
        none among the others.
        """
        leaves = self._leaves(self._without_admin(items) if again else items)
        several = repeated(i.block for i in leaves)
        return [self._item_concept(i, _path_of(i, self.document), several) for i in leaves]

    def _leaves(self, items: Iterable[Item]) -> list[Item]:
        """Items that are concepts in a list of bare labels: an item whose
        sub-items are labels groups them.
        """
        out: list[Item] = []
        for item in items:
            if len(item.children) >= 2 and bare(item.children) and not label_of(item.block, frozenset())[1]:
                self.found.skip(item_name(item), "groups other items", LeftOut.GROUP, item.at)
                out.extend(self._leaves(self._without_admin(item.children)))
            else:
                out.append(item)
        return out

    def _item_concept(
        self, item: Item, path: tuple[str, ...], several: frozenset[tuple[str, ...]]
    ) -> Concept:
        block = item.block
        if only_names(block):
            return Concept(block.text, self.document, item.at, item.blocks()[1:], path, ordered=block.ordered)
        name, gloss, needs = label_of(block, several)
        blocks = item.blocks() if gloss else item.blocks()[1:]
        number = numbering(block.lead or block.text)
        length_ = stated_length(block.lead or name)
        minutes = stated_minutes("Time", length_) or stated_amount(length_)
        return Concept(
            tidy_title(name),
            self.document,
            item.at,
            blocks,
            path,
            gloss,
            number=number,
            ordered=block.ordered,
            needs=needs,
            minutes=minutes,
        )


_TIMED = re.compile(r"^\s*(?:\d{1,2}[:h]\d{2}|\d{4}-\d{2}-\d{2})")
_FACT_WORDS = 3


def _is_about_the_course_list(items: Sequence[Item]) -> bool:
    """Whether a list is one of facts about the course (`Teacher: …`, `Room: …`): each item a short label
    with a value, and the words of most labels of administration, time or people."""
    labels = [re.split(r"\s?[:：]\s?", i.block.text, maxsplit=1) for i in items]
    if len(items) < 2 or any(len(parts) < 2 or len(parts[0].split()) > _FACT_WORDS for parts in labels):
        return False
    return 2 * sum(any(shares(p[0])[k] >= 0.5 for k in ABOUT_THE_COURSE) for p in labels) > len(items)


def _announces(head: str) -> bool:
    """Whether `Reading: …`, `Homework: …` tell what to do and not what is taught."""
    return heading_kind(head) in ("skip", "meta") or is_label(head)


def _points_inside(block: Block) -> bool:
    """Whether an item is nothing but a link to a heading of the same document."""
    return (
        bool(block.links)
        and all(link.url.startswith("#") for link in block.links)
        and Words.form(block.text) == Words.form(block.links[0].text)
    )


def _groups(named: Sequence[Item]) -> bool:
    """Whether bold items are but the headings of the labels below them: most say nothing of their own and
    have two labels or more.
    """
    return sum(not i.block.rest and len(i.children) >= 2 and bare(i.children) for i in named) >= 0.6 * len(
        named
    )


def _path_of(item: Item, document: ScopeDocument) -> tuple[str, ...]:
    """The heading path of an item with the items above it, which group it."""
    above: list[str] = []
    parent = item.block.parent
    while parent >= 0:
        above.append(tidy_title(document.blocks[parent].lead or document.blocks[parent].text)[:80])
        parent = document.blocks[parent].parent
    return (*item.block.path, *reversed(above))
