"""Votes by heading level: whether lists, labels or terms in bold are the concepts or text under one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dagogy.api.scope import ScopeDocument
from dagogy.api.text import Words

from dagogy_provider_internal.language.headings import heading_kind, is_label
from dagogy_provider_internal.language.naming import tidy_title
from dagogy_provider_internal.reading.concept import Concept, length
from dagogy_provider_internal.reading.outline import Section, items_of
from dagogy_provider_internal.reading.structure.kinds import SectionKinds
from dagogy_provider_internal.reading.structure.listed import LABEL_WORDS, bare, bold_start, named_items
from dagogy_provider_internal.reading.structure.taken import take


class LevelVotes(SectionKinds):
    """What the sections of each level are made of, and the terms that stand in bold."""

    def __init__(self, document: ScopeDocument) -> None:
        super().__init__(document)
        self.repeated_leads = self._labels_of_many_sections()
        self.bold_levels, self.label_levels = self._vote()
        self.concept_levels = self._levels_with_content()

    def _vote(self) -> tuple[set[int], set[int]]:
        """The heading levels whose lists of named items, and whose lists of bare labels, are the concepts and
        not text under one.
        """
        prose: dict[int, int] = {}
        named: dict[int, int] = {}
        labels: dict[int, int] = {}
        for section in self.root.walk():
            if section.kind in ("skip", "meta", "part") or section.children:
                continue
            items, loose = items_of(self.document, section.own)
            level = section.level
            prose[level] = prose.get(level, 0) + self._size(
                p for p in loose if self.document.blocks[p].kind != "table_row"
            )
            bold = named_items(items)
            named[level] = named.get(level, 0) + sum(self._size(i.blocks()) for i in bold)
            set_off = self._term_paragraphs(section)
            if len(set_off) >= 3 and not items:
                named[level] += self._size(loose)
                prose[level] -= self._size(p for p in loose if self.document.blocks[p].kind != "table_row")
            if not bold and bare(items):
                labels[level] = labels.get(level, 0) + self._size(i.at for i in items)
            elif not bold:
                prose[level] += sum(self._size(i.blocks()) for i in items)
        return {v for v in prose if named.get(v, 0) > 1.5 * prose[v]}, {
            v for v in prose if labels.get(v, 0) > 1.5 * prose[v]
        }

    def _levels_with_content(self) -> set[int]:
        """The heading levels most of whose headings have text and no sub-headings: there a heading with both
        is a concept with parts.
        """
        total: dict[int, int] = {}
        leaves: dict[int, int] = {}
        for section in self.root.walk():
            if section.head >= 0 and section.kind == "concept":
                total[section.level] = total.get(section.level, 0) + 1
                inner = [c for c in section.children if c.kind == "concept"]
                leaves[section.level] = leaves.get(section.level, 0) + (not inner and bool(section.own))
        return {level for level, count in total.items() if leaves[level] >= 0.6 * count}

    def _size(self, positions: Iterable[int]) -> int:
        """Words in these blocks."""
        return sum(length(self.document.blocks[p].text) for p in positions)

    def _labels_of_many_sections(self) -> frozenset[str]:
        """Bold leads that come back in several sections: they label a text
        (`Time complexity`), they name no concept.
        """
        blocks = self.document.blocks
        counts: dict[str, set[int]] = defaultdict(set)
        for section in self.root.walk():
            for p in section.own:
                if blocks[p].kind == "paragraph" and bold_start(blocks[p])[0]:
                    counts[Words.form(bold_start(blocks[p])[0])].add(section.head)
        return frozenset(lead for lead, heads in counts.items() if len(heads) > 1)

    def _term_paragraphs(self, section: Section) -> list[int]:
        """The paragraphs of a section that begin with a term in bold; empty unless they are most of its
        paragraphs that begin anything.
        """
        blocks = self.document.blocks
        paragraphs = [p for p in section.own if blocks[p].kind == "paragraph" and blocks[p].parent < 0]
        leads = [p for p in paragraphs if self._is_term(bold_start(blocks[p])[0])]
        return leads if len(leads) >= 0.4 * len(paragraphs) else []

    def _is_term(self, lead: str) -> bool:
        return (
            bool(lead)
            and len(lead.split()) <= LABEL_WORDS
            and not is_label(lead)
            and Words.form(lead) not in self.repeated_leads
            and heading_kind(lead) == "concept"
        )

    def _bold_members(self, section: Section) -> list[Concept]:
        """The terms of a glossary that is written in paragraphs."""
        leads = self._term_paragraphs(section)
        free = section.kind == "group" and section is not self.root
        if not leads or not (
            free or (len(leads) >= 3 and section.level in self.bold_levels and section.kind == "concept")
        ):
            return []
        return [
            self._term_concept(at, end, section.own)
            for at, end in zip(leads, [*leads[1:], len(self.document.blocks)], strict=True)
        ]

    def _term_concept(self, at: int, end: int, own: Sequence[int]) -> Concept:
        block = self.document.blocks[at]
        lead, rest = bold_start(block)
        blocks = [p for p in own if at <= p < end]
        return Concept(tidy_title(lead), self.document, at, blocks if rest else blocks[1:], block.path, rest)

    def _bold_paragraphs(self) -> None:
        """The way of texts without headings: paragraphs that start with a bold term. Each
        takes the text up to the next.
        """
        blocks = self.document.blocks
        leads = [
            i
            for i, b in enumerate(blocks)
            if b.kind in ("paragraph", "list_item") and b.lead and len(b.lead.split()) <= LABEL_WORDS
        ]
        for at, following in zip(leads, [*leads[1:], len(blocks)], strict=False):
            if not self._is_term(blocks[at].lead):
                self.found.skip(blocks[at].lead, "labels a text", "", at)
                continue
            own = [
                p
                for p in range(at, following)
                if blocks[p].kind != "heading" and blocks[p].path == blocks[at].path
            ]
            take(
                self.found,
                Concept(
                    tidy_title(blocks[at].lead),
                    self.document,
                    at,
                    own,
                    blocks[at].path,
                    blocks[at].rest.lstrip(" :"),
                ),
            )
