"""What each section of a document is for, where only the others tell."""

from __future__ import annotations

import re

from dagogy.api.scope import ScopeDocument
from dagogy.api.text import Words

from dagogy_provider_internal.language.cues import shares
from dagogy_provider_internal.language.headings import heading_kind, is_label, is_part
from dagogy_provider_internal.language.lexicon import NO_NAME, is_imperative, name_rank
from dagogy_provider_internal.language.naming import tidy_title
from dagogy_provider_internal.language.numbering import is_chapter
from dagogy_provider_internal.reading.concept import Found
from dagogy_provider_internal.reading.items import label_of, repeated
from dagogy_provider_internal.reading.outline import Section, items_of, outline
from dagogy_provider_internal.reading.structure.listed import ASIDE, LABEL_WORDS, bare

#: A concept that is treated in sub-sections has at most this many; with more the
#: heading is that of a chapter.
FEW_PARTS = 3


class SectionKinds:
    """The sections of one document, each with what its heading is for."""

    def __init__(self, document: ScopeDocument) -> None:
        self.document = document
        self.root = outline(document)
        self.found = Found()
        self._settle_kinds()

    def _settle_kinds(self) -> None:
        """What a heading is for, where only the others tell: the letters of a glossary, headings without a
        number among numbered chapters, and a word of structure that the section defines as a concept."""
        for section in self.root.walk():
            letters = [
                c for c in section.children if len(Words.form(c.title)) == 1 or Words.form(c.title) == "0 9"
            ]
            if len(letters) >= 3 and 2 * len(letters) > len(section.children):
                for child in letters:
                    child.kind = "group"
        for section in self.root.walk():
            if (
                section.kind in ("skip", "group", "part")
                and section.head >= 0
                and self._defines_itself(section)
            ):
                section.kind = "concept"
        self._set_unnumbered_aside()
        # "Usage" and "Pitfalls" with nothing above them belong to the subject of the whole document.
        for section in self.root.children:
            if section.kind == "concept" and is_part(section.title) and not self._defines_itself(section):
                section.kind = "skip"
        self._settle_by_siblings()

    def _settle_by_siblings(self) -> None:
        """Under an unlucky heading (`Practice`, `Week 4: Review`) a list or a table that is made like those
        beside it holds concepts as they do."""
        for section in self.root.walk():
            alike = {self._shape(c) for c in section.children if c.kind in ("concept", "group")} - {None}
            for child in section.children:
                if (
                    child.kind in ("skip", "part")
                    and self._shape(child) in alike
                    and (is_chapter(child.title) or not _is_about_the_course(child.title))
                ):
                    child.kind = "group"

    def _shape(self, section: Section) -> tuple[str, ...] | None:
        """How the list or the table of a section without sub-sections is made, where it may be one of names:
        the header of the table, or that each item says something of what it names; None elsewhere."""
        blocks = self.document.blocks
        if section.children or section.head < 0:
            return None
        rows = [p for p in section.own if blocks[p].kind == "table_row"]
        if rows:
            header = blocks[rows[0]].header
            return ("table", *header) if any(name_rank(h) < NO_NAME for h in header) else None
        items, loose = items_of(self.document, section.own)
        if not items or any(blocks[p].kind != "paragraph" for p in loose):
            return None
        if is_chapter(section.title) and bare(items):
            return ("names of a numbered part",)
        several = repeated(i.block for i in items)
        split = [label_of(i.block, several) for i in items]
        glossed = all(
            gloss
            and len(name.split()) <= LABEL_WORDS
            and not is_label(name)
            and heading_kind(name) == "concept"
            and not is_imperative(gloss)
            for name, gloss, _ in split
        )
        return ("names with a gloss",) if glossed and not any(i.block.links for i in items) else None

    def _set_unnumbered_aside(self) -> None:
        chapters = [s for s in self.root.walk() if s.kind == "concept" and is_chapter(s.title)]
        near: set[int] = set()
        for section in self.root.walk():
            if is_chapter(section.title):
                near.update(id(s) for s in section.walk())
            elif any(is_chapter(s.title) for s in section.walk()):
                near.add(id(section))
        others = [
            s
            for s in self.root.walk()
            if s.kind == "concept" and id(s) not in near and s.head >= 0 and not self._defines_itself(s)
        ]
        if (
            len(chapters) >= 3
            and others
            and 3 * len(others) <= len(chapters)
            and not any(s.children for s in others)
        ):
            for section in others:
                section.kind = "skip"

    def _defines_itself(self, section: Section) -> bool:
        first = next(
            (
                self.document.blocks[p].text
                for p in section.own
                if self.document.blocks[p].kind == "paragraph"
            ),
            "",
        )
        title = re.escape(tidy_title(section.title))
        return bool(
            re.match(
                rf"(?:an? |the )?{title} (?:is|are|means) (?:an? |any |the |what |when |one of )",
                first[:200],
                re.IGNORECASE,
            )
        )

    def _is_taught_in_parts(self, section: Section) -> bool:
        """Whether a section defines its own concept and its few sub-sections define none: they treat that
        concept (`Insertion`, `Deletion`).
        """
        parts = [c for c in section.children if c.kind in ("concept", "group")]
        below = [s for c in parts for s in c.walk()]
        return (
            len(parts) <= FEW_PARTS
            and len(below) == len(parts)
            and self._defines_itself(section)
            and not any(map(self._defines_itself, parts))
        )


def _is_about_the_course(heading: str) -> bool:
    return any(shares(heading)[k] for k in ASIDE)
