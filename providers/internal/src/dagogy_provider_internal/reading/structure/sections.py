"""The walk through the outline of a document: of each section its members or its heading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dagogy.api.scope import LeftOut

from dagogy_provider_internal.language.amounts import stated_amount
from dagogy_provider_internal.language.headings import heading_kind, is_contents, meta_role
from dagogy_provider_internal.language.marks import is_day_off
from dagogy_provider_internal.language.naming import stated_length, tidy_title
from dagogy_provider_internal.language.numbering import numbering
from dagogy_provider_internal.reading.concept import Concept, Found
from dagogy_provider_internal.reading.estimates import stated_minutes
from dagogy_provider_internal.reading.outline import Section, items_of
from dagogy_provider_internal.reading.prose import terms
from dagogy_provider_internal.reading.structure.kinds import FEW_PARTS
from dagogy_provider_internal.reading.structure.lists import ListMembers
from dagogy_provider_internal.reading.structure.taken import take

#: A grouping heading with at least this many words of its own among siblings that
#: are concepts is one of them.
_SUBSTANTIAL_WORDS = 6
#: A text under a title has at least this many words to be a concept, where nothing in it is.
_A_TEXT = 40
#: The role of what a section says of the course, by its own name for it, where that is another.
_META = {"prerequisites": "prerequisite", "scope_out": "excluded", "goal": "objective"}


class SectionReader(ListMembers):
    """Walks the outline of one document."""

    def read(self) -> Found:
        self._section(self.root)
        for other in (self._contents, self._unnamed_tables, self._bold_paragraphs):
            if not self.found.concepts:
                other()
        if len(self.found.concepts) < 2:
            self._prose()
        if not self.found.concepts:
            self._title()
        _named_by_questions(self.found)
        return self.found

    def _section(self, section: Section) -> None:
        document = self.document
        if section.kind == "meta":
            role = meta_role(section.title)
            self.found.skip(
                section.title,
                f"says what is {role.replace('_', ' ')}, no concept",
                _META.get(role, role),
                section.head,
            )
            return
        inner = [c for c in section.children if c.kind in ("concept", "group")]
        if (
            section.head >= 0
            and not section.blocks()
            and numbering(section.title)
            and is_day_off(section.title)
        ):
            self.found.skip(section.title, "is a day off", "schedule", section.head)
            return
        if section.kind == "skip":
            # The questions of an FAQ are about the course; any other sub-heading with text is a concept under
            # an unlucky heading.
            members = any(
                c.kind == "concept" and c.own and not c.title.rstrip().endswith(("?", "？"))
                for c in section.children
            )
            self.found.skip(section.title, "is a structural heading", "structure", section.head)
            if not members:
                return
        items, loose = items_of(document, section.own)
        if aside := self._aside(items):
            for item in items:
                self.found.skip(item.block.text, *aside, item.at)
            items = []
            if not loose and not section.children and section.head >= 0 and section is not self.root:
                self.found.skip(section.title, aside[0], aside[1], section.head)
                return
        tables = self._topic_rows(section, guess=section.kind == "group" and section is not self.root)
        named = (
            self._beside_table(section, items)
            if tables
            else self._members(section, items) or self._bold_members(section)
        )
        if tables or named:
            self._group(
                section, "groups the topics of its table" if tables else "groups the items of its list"
            )
            for concept in sorted([*tables, *named], key=lambda c: c.anchor):
                take(self.found, concept)
            self._children(section, all_kinds=False)
        elif section.head < 0 or section is self.root:
            self._children(section, all_kinds=True)
        elif section.kind == "concept" and (
            not any(c.kind == "concept" for c in inner) or self._is_substantial(section, inner)
        ):
            self._heading_concept(section)
        else:
            self._group(section, "groups other concepts")
            self._children(section, all_kinds=True)

    def _is_substantial(self, section: Section, inner: Sequence[Section]) -> bool:
        """Whether a section says enough itself, beside the concepts in it, to be one."""
        return self._size(section.own) >= _SUBSTANTIAL_WORDS and (
            self._is_taught_in_parts(section)
            or section.level in self.concept_levels
            or (len(numbering(section.title)) > 1 and not any(numbering(c.title) for c in inner))
        )

    def _children(self, section: Section, *, all_kinds: bool) -> None:
        for child in section.children:
            if all_kinds or child.kind not in ("part", "skip"):
                self._section(child)
            else:
                self.found.skip(child.title, "is a structural heading", "structure", child.head)

    def _group(self, section: Section, reason: str) -> None:
        if section.head >= 0 and section is not self.root and section.kind != "skip":
            self.found.skip(section.title, reason, LeftOut.GROUP, section.head)

    def _heading_concept(self, section: Section) -> None:
        block = self.document.blocks[section.head]
        parts = [(tidy_title(c.title), c.blocks()) for c in section.children if c.kind == "concept"]
        concept = Concept(
            tidy_title(section.title),
            self.document,
            section.head,
            section.blocks(),
            block.path[:-1],
            parts=parts,
            number=numbering(section.title),
            minutes=stated_minutes("Time", stated_length(section.title))
            or stated_amount(stated_length(section.title)),
        )
        for child in section.children:
            for below in child.walk():
                self.found.skip(below.title, f"is part of “{concept.title}”", "part", below.head)
        take(self.found, concept)

    def _contents(self) -> None:
        """Nothing but a table of contents says what is taught."""
        for section in self.root.walk():
            if is_contents(section.title):
                section.kind = "group"
                self._section(section)

    def _unnamed_tables(self) -> None:
        """Tables whose header does not say which column names the concepts: the
        first one that holds names.
        """
        for section in self.root.walk():
            if section.kind in ("concept", "group"):
                for concept in self._topic_rows(section, guess=True):
                    take(self.found, concept)

    def _prose(self) -> None:
        """A text without structure: what its sentences define. One heading above it is its title then."""
        administrative = {id(s): s for s in self.root.walk() if s.kind == "meta"}
        aside = {p for s in administrative.values() for p in s.blocks()}
        found = [t for t in terms(self.document) if t.at not in aside]
        if len(found) < (3 if self.found.concepts else 1):
            return
        for concept in self.found.concepts:
            self.found.skip(
                concept.title,
                "is the title of a text that defines its terms in its sentences",
                LeftOut.GROUP,
                concept.anchor,
            )
        self.found.concepts.clear()
        self.found.defined = len(found) >= FEW_PARTS
        for term in found:
            take(
                self.found,
                Concept(
                    term.name,
                    self.document,
                    term.at,
                    [term.at],
                    self.document.blocks[term.at].path,
                    term.gloss,
                ),
            )

    def _title(self) -> None:
        """A text about one thing, which its title names."""
        blocks = [
            p
            for s in self.root.walk()
            if s.kind != "meta"
            for p in s.own
            if self.document.blocks[p].kind != "code"
        ]
        if (
            self.root.head >= 0
            and self._size(blocks) >= _A_TEXT
            and heading_kind(self.root.title) == "concept"
        ):
            head = self.document.blocks[self.root.head]
            own = [p for s in self.root.walk() if s.kind != "meta" for p in s.own]
            take(self.found, Concept(tidy_title(head.text), self.document, self.root.head, sorted(own), ()))


_QUESTION = re.compile(
    r"^(?:what|who)(?:['’]s| is| are| was| were) "
    r"(?:meant by |the (?:meaning|definition|point|idea) of )?(?:an? |the (?!difference))?(?P<what>.+?)$|"
    r"^what (?:does|do) (?:an? |the )?(?P<does>.+?) (?:mean|stand for|do|refer to)$|"
    r"^was (?:ist|sind|bedeutet|heißt) (?:eine?[rsnm]? |der |die |das )?(?P<was>.+?)$|"
    r"^qu['’]est[- ]ce (?:que c['’]est qu['’]|que |qu['’])(?:une? |le |la |les |l['’])?(?P<que>.+?)$|"
    r"^¿?qu[ée] (?:es|son|significa) (?:una? |el |la |los |las )?(?P<es>.+?)$|"
    r"^что такое (?P<ru>.+?)$|^什么是(?P<zh>.+?)$|^(?P<ja>.+?)とは(?:何(?:です)?か)?$",
    re.IGNORECASE,
)
#: A question about the course, not about its subject.
_PRACTICAL = re.compile(
    r"^(?:where|when|whom?|how long|how much|can|may|do|must|should)\b.{0,40}\b(?:I|we)\b", re.IGNORECASE
)


def _named_by_questions(found: Found) -> None:
    """In a document of questions and answers a concept is what the question asks about: `What is a p-value?`.
    One question among names is a name.
    """
    asked = [c for c in found.concepts if c.title.endswith(("?", "？"))]
    if len(asked) < 3 or len(asked) < 0.6 * len(found.concepts):
        return
    found.concepts = [
        c for c in found.concepts if not (c.title.endswith(("?", "？")) and _PRACTICAL.match(c.title))
    ]
    for concept in asked:
        if _PRACTICAL.match(concept.title):
            found.skip(
                concept.title,
                "asks about the course, not about its subject",
                "administration",
                concept.anchor,
            )
            continue
        match = _QUESTION.match(concept.title.rstrip("?？ "))
        name = next((g for g in match.groups() if g), "") if match else ""
        if name and len(name.split()) <= 12:
            concept.title = _capital(name)


def _capital(name: str) -> str:
    return (
        name[:1].upper() + name[1:]
        if re.match(r"[^\W\d_]{2}", name) and name.split(maxsplit=1)[0].islower()
        else name
    )
