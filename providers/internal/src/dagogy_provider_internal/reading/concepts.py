"""Which blocks of a document are concepts.

The document's own structure decides. Of each section it is asked: does it hold a table of topics, a list of
named items, sub-sections that are concepts, a list of bare labels, or text of its own? In the last case the
heading is the concept, else its members are. Whether lists are members or content is voted on by all sections
of the same level, so that one unusual section does not change the reading of the rest.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from dagogy.api.scope import Block, LeftOut, ScopeDocument
from dagogy.api.text import Words

from dagogy_provider_internal.language.amounts import stated_amount
from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.language.headings import (
    heading_kind,
    is_admin,
    is_contents,
    is_label,
    is_part,
    meta_role,
)
from dagogy_provider_internal.language.keys import same_key
from dagogy_provider_internal.language.lexicon import NO_NAME, column_role, is_imperative, label, name_rank
from dagogy_provider_internal.language.marks import is_day_off, says_no_topic
from dagogy_provider_internal.language.naming import (
    aliases,
    has_leader,
    is_sentence,
    same_names,
    split_gloss,
    split_label,
    stated_length,
    tidy_title,
)
from dagogy_provider_internal.language.numbering import is_chapter, is_number_column, numbering
from dagogy_provider_internal.reading.concept import Concept, Found, length
from dagogy_provider_internal.reading.corrected import as_told
from dagogy_provider_internal.reading.estimates import stated_minutes
from dagogy_provider_internal.reading.items import label_of, only_names, repeated
from dagogy_provider_internal.reading.module_table import description, topics, without
from dagogy_provider_internal.reading.modules import placed
from dagogy_provider_internal.reading.outline import Item, Section, items_of, outline
from dagogy_provider_internal.reading.prose import terms
from dagogy_provider_internal.reading.recognised import as_found, better, without_dates, without_unlikely
from dagogy_provider_internal.reading.recognition import Recognition, is_course, recognise
from dagogy_provider_internal.reading.tables import is_module_column, is_week_column, row_minutes, row_numbers

#: An item of at most this many words is a label rather than a statement.
_LABEL_WORDS = 8
#: A grouping heading with at least this many words of its own among siblings that
#: are concepts is one of them.
_SUBSTANTIAL_WORDS = 6
#: A text under a title has at least this many words to be a concept, where nothing in it is.
_A_TEXT = 40
#: A concept that is treated in sub-sections has at most this many; with more the
#: heading is that of a chapter.
_FEW_PARTS = 3

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

#: The role of what a section says of the course, by its own name for it, where that is another.
_META = {"prerequisites": "prerequisite", "scope_out": "excluded", "goal": "objective"}


def find_concepts(document: ScopeDocument) -> Found:
    """All concepts of `document`, each once, in document order. Every caller gets the same: what is to be
    another has to be a copy.
    """
    if not _latest or _latest[0][0] != document:
        found = _found(document)
        for concept in found.concepts:
            concept.probability = found.probability(concept.title)
        placed(found.concepts)
        found = _merged(found)
        _latest[:] = [(document, found)]
    return _latest[0][1]


def _found(document: ScopeDocument) -> Found:
    recognition = recognise(document.blocks) if len(document.blocks) <= _MOST_BLOCKS else None
    probabilities = recognition.probabilities if recognition else {}
    if document.concepts_at:
        found = as_told(document, probabilities)
    elif document.mode == "seed-list":
        found = _seeds(document)
    else:
        found = _described(document, recognition) or _best_reading(document, recognition)
    found.probabilities = probabilities
    return found


def _described(document: ScopeDocument, recognition: Recognition | None) -> Found | None:
    """What the document teaches where tables state the facts of its course: what stands beside them, or where
    they are most of it, or nothing does, what their row of contents lists. None where no table does so.
    """
    described = description(document)
    if described is None:
        return None
    listed = topics(document, described)
    if len(listed.concepts) > 1 and described.share(document) >= _MOSTLY:
        return listed
    rest = without(document, described)
    found = _best_reading(rest, recognise(rest.blocks) if recognition else None)
    if len(found.concepts) > 1 or not listed.concepts:
        found.skipped += listed.skipped
        return found
    listed.skipped += found.skipped
    return listed


#: From this share of its words on the facts of a course are what a document is about.
_MOSTLY = 0.5
#: A document of more blocks is read by its structure alone: the model looks at each title closely.
_MOST_BLOCKS = 3000
#: From this expected F1 on the titles themselves say that the document is a course.
_SURE = 0.9
#: A shorter document has too little in it for the model to go by, and one shorter than the second figure to
#: be judged a course or none.
_FEW_BYTES, _JUDGED_BYTES = 150, 500
#: Documents below this size are mostly written for dagogy, and their structure says it all.
_MANY_BYTES = 1300


def structural_reading(document: ScopeDocument) -> Found:
    """What the structure of the document names, whatever the model makes of it."""
    return _Reader(document).read()


def _size(document: ScopeDocument) -> int:
    """The bytes of what is read of the document: of some of its sections, where only they are."""
    return (
        len(document.text.encode())
        if document.mode == "full"
        else sum(len(b.text.encode()) for b in document.blocks)
    )


def _best_reading(document: ScopeDocument, recognition: Recognition | None) -> Found:
    found = structural_reading(document)
    without_dates(found)
    size = _size(document)
    if recognition is None or size < _FEW_BYTES:
        return found
    if size >= _JUDGED_BYTES and recognition.worth < _SURE and not found.defined:
        found.course = is_course(document.blocks, recognition.seen)
    short = size < _MANY_BYTES
    if not (short and _says_of_each(found)) and better(found, recognition, short=short):
        again = as_found(document, recognition)
        again.course = found.course
        return again
    _by_rows(found)
    _without_odd_headings(found, recognition)
    if size >= _MANY_BYTES:
        without_unlikely(found, recognition)
    return found


def _says_of_each(found: Found) -> bool:
    """Whether the author says something of each name in its own item: then the names were chosen by the
    author."""
    return len(found.concepts) > 1 and all(c.gloss for c in found.concepts)


#: Of a document whose concepts are rows or items so few may be headings (share), and with less than this
#: share of the probability that the others have in the middle such a heading is none.
_ODD, _ODD_CHANCE = 0.4, 0.6


def _without_odd_headings(found: Found, recognition: Recognition) -> None:
    """Where rows or items name the concepts, a heading beside those that these stand under (`Team`,
    `Totals`), without a number, that the model does not take is a part of the document."""
    listed = [c for c in found.concepts if c.anchor >= 0 and c.document.blocks[c.anchor].kind != "heading"]
    odd = [c for c in found.concepts if c.anchor >= 0 and c.document.blocks[c.anchor].kind == "heading"]
    if len(listed) < 2 or not odd or len(odd) > _ODD * len(found.concepts):
        return
    taken = {chosen.text.casefold() for chosen in recognition.chosen}
    chances = sorted(recognition.probabilities.get(c.title.casefold(), 0.0) for c in listed)
    least = _ODD_CHANCE * chances[len(chances) // 2]
    blocks = found.concepts[0].document.blocks
    level = {b.path: b.level for b in blocks if b.kind == "heading"}
    deepest = max((level.get(blocks[c.anchor].path, 0) for c in listed), default=0)
    for concept in odd:
        name = concept.title.casefold()
        if concept.number or blocks[concept.anchor].level > deepest:
            continue
        if name not in taken and recognition.probabilities.get(name, 1.0) < least:
            found.concepts.remove(concept)
            found.skip(concept.title, "stands beside what names the concepts", "", concept.anchor)


def _by_rows(found: Found) -> None:
    """Where most concepts are rows of a timetable, its order is that of the course, and a row that is named
    like a part of a document is none.
    """
    rows = [
        c
        for c in found.concepts
        if c.anchor >= 0
        and (c.number or any(map(_SCHEDULE_COLUMN.match, c.document.blocks[c.anchor].header)))
        and c.document.blocks[c.anchor].cells
    ]
    if 2 * len(rows) < len(found.concepts):
        return
    for concept in rows:
        if heading_kind(concept.title) in ("skip", "meta") and len(found.concepts) > _FEW_PARTS:
            found.concepts.remove(concept)
            found.skip(concept.title, "is a structural heading", "structure", concept.anchor)
        concept.ordered = concept.ordered or not any(c.number for c in rows)


#: The document that was read last, with its concepts: a run reads the same one several times.
_latest: list[tuple[ScopeDocument, Found]] = []


def _seeds(document: ScopeDocument) -> Found:
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
            _add(
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
            _add(
                found,
                Concept(tidy_title(name), document, at, own, block.path, gloss, minutes=row_minutes(block)),
            )
        else:
            lines = document.text.split("\n")[block.lines[0] - 1 : block.lines[1]]
            for line in lines:
                _add(
                    found, Concept(tidy_title(re.sub(r"^[\s>*+-]+", "", line)), document, at, [], block.path)
                )
    return found


_ADDRESS = re.compile(r"\b(?:https?|ftp|file)://[\w-]+[.:/]|^www\.\w+\.\w\S*$", re.IGNORECASE)


def _add(found: Found, concept: Concept) -> None:
    if not any(c.isalpha() or unicodedata.category(c) in ("Sm", "So") for c in concept.title):
        found.skip(concept.title or "(no text)", "has no word in it", "text", concept.anchor)
    elif ("://" in concept.title or concept.title[:4].lower() == "www.") and _ADDRESS.search(concept.title):
        found.skip(concept.title, "is an address, not the name of a concept", "resource", concept.anchor)
    elif is_sentence(concept.title):
        found.skip(concept.title, "is a sentence, not the name of a concept", "text", concept.anchor)
    else:
        found.concepts.append(concept)


class _Reader:
    """Walks the outline of one document."""

    def __init__(self, document: ScopeDocument) -> None:
        self.document = document
        self.root = outline(document)
        self.found = Found()
        self.repeated_leads = self._labels_of_many_sections()
        self._settle_kinds()
        self.bold_levels, self.label_levels = self._vote()
        self.concept_levels = self._levels_with_content()

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

    # --------------------------------------------------------------------------- kinds, by the whole document

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
        if is_chapter(section.title) and _bare(items):
            return ("names of a numbered part",)
        several = repeated(i.block for i in items)
        split = [label_of(i.block, several) for i in items]
        glossed = all(
            gloss
            and len(name.split()) <= _LABEL_WORDS
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
                    _add(self.found, concept)

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
        self.found.defined = len(found) >= _FEW_PARTS
        for term in found:
            _add(
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
            _add(self.found, Concept(tidy_title(head.text), self.document, self.root.head, sorted(own), ()))

    # --------------------------------------------------------------------------------- votes by heading level

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
            bold = _named_items(items)
            named[level] = named.get(level, 0) + sum(self._size(i.blocks()) for i in bold)
            set_off = self._term_paragraphs(section)
            if len(set_off) >= 3 and not items:
                named[level] += self._size(loose)
                prose[level] -= self._size(p for p in loose if self.document.blocks[p].kind != "table_row")
            if not bold and _bare(items):
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

    # ----------------------------------------------------------------------------------------------- sections

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
                _add(self.found, concept)
            self._children(section, all_kinds=False)
        elif section.head < 0 or section is self.root:
            self._children(section, all_kinds=True)
        elif (not any(c.kind == "concept" for c in inner) and section.kind == "concept") or (
            section.kind == "concept"
            and self._size(section.own) >= _SUBSTANTIAL_WORDS
            and (
                self._is_taught_in_parts(section)
                or section.level in self.concept_levels
                or (len(numbering(section.title)) > 1 and not any(numbering(c.title) for c in inner))
            )
        ):
            self._heading_concept(section)
        else:
            self._group(section, "groups other concepts")
            self._children(section, all_kinds=True)

    def _is_taught_in_parts(self, section: Section) -> bool:
        """Whether a section defines its own concept and its few sub-sections define none: they treat that
        concept (`Insertion`, `Deletion`).
        """
        parts = [c for c in section.children if c.kind in ("concept", "group")]
        below = [s for c in parts for s in c.walk()]
        return (
            len(parts) <= _FEW_PARTS
            and len(below) == len(parts)
            and self._defines_itself(section)
            and not any(map(self._defines_itself, parts))
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

    def _size(self, positions: Iterable[int]) -> int:
        """Words in these blocks."""
        return sum(length(self.document.blocks[p].text) for p in positions)

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
        _add(self.found, concept)

    # ---------------------------------------------------------------------------- paragraphs with a bold term

    def _labels_of_many_sections(self) -> frozenset[str]:
        """Bold leads that come back in several sections: they label a text
        (`Time complexity`), they name no concept.
        """
        blocks = self.document.blocks
        counts: dict[str, set[int]] = defaultdict(set)
        for section in self.root.walk():
            for p in section.own:
                if blocks[p].kind == "paragraph" and _bold_start(blocks[p])[0]:
                    counts[Words.form(_bold_start(blocks[p])[0])].add(section.head)
        return frozenset(lead for lead, heads in counts.items() if len(heads) > 1)

    def _term_paragraphs(self, section: Section) -> list[int]:
        """The paragraphs of a section that begin with a term in bold; empty unless they are most of its
        paragraphs that begin anything.
        """
        blocks = self.document.blocks
        paragraphs = [p for p in section.own if blocks[p].kind == "paragraph" and blocks[p].parent < 0]
        leads = [p for p in paragraphs if self._is_term(_bold_start(blocks[p])[0])]
        return leads if len(leads) >= 0.4 * len(paragraphs) else []

    def _is_term(self, lead: str) -> bool:
        return (
            bool(lead)
            and len(lead.split()) <= _LABEL_WORDS
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
        lead, rest = _bold_start(block)
        blocks = [p for p in own if at <= p < end]
        return Concept(tidy_title(lead), self.document, at, blocks if rest else blocks[1:], block.path, rest)

    # ------------------------------------------------------------------------------------------------- tables

    def _topic_rows(self, section: Section, *, guess: bool) -> list[Concept]:
        """The rows of the tables of topics in a section: those with a name column, or whose other columns say
        what a concept has; with `guess` any table that has a column of names."""
        blocks = self.document.blocks
        out: list[Concept] = []
        tables: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for at in section.own:
            if blocks[at].kind in ("table_row", "html") and blocks[at].cells:
                tables[blocks[at].header].append(at)
        for header, rows in tables.items():
            column = _name_column(
                header, [blocks[at].cells for at in rows], guess=guess, heading=tidy_title(section.title)
            )
            schedule = any(_SCHEDULE_COLUMN.match(h.strip()) for h in header)
            numbers = row_numbers(header, [blocks[at].cells for at in rows])
            idle = _idle([blocks[at].cells for at in rows], header, column) if schedule else frozenset()
            week = next((k for k, h in enumerate(header) if is_week_column(h)), -1)
            module = next((k for k, h in enumerate(header) if k != column and is_module_column(h)), -1)
            for k, (at, number) in enumerate(zip(rows, numbers, strict=True) if column >= 0 else ()):
                row = blocks[at]
                title = tidy_title(row.cells[column]) if column < len(row.cells) else ""
                if title and (
                    is_admin(title, schedule=schedule)
                    or (schedule and is_day_off(title))
                    or (k in idle and says_no_topic(title))
                ):
                    self.found.skip(title, "is an entry of the timetable", "", at)
                elif title:
                    out.append(
                        Concept(
                            title,
                            self.document,
                            at,
                            [at],
                            row.path,
                            minutes=row_minutes(row),
                            number=number or numbering(row.cells[column]),
                            group=(
                                tidy_title(row.cells[module])
                                if 0 <= module < len(row.cells)
                                else f"{header[week]} {number[0]}"
                                if week >= 0 and number
                                else ""
                            ),
                        )
                    )
        return sorted(out, key=lambda c: c.anchor)

    # -------------------------------------------------------------------------------------------------- lists

    def _members(self, section: Section, items: list[Item]) -> list[Concept]:
        """The items of a section that are concepts themselves; empty when the list is text about the
        heading's concept.
        """
        given = [i for i in items if only_names(i.block) or not meta_role(_item_name(i))]
        items = self._without_admin(given)
        again = len(items) < len(given)
        free = section is self.root or section.kind in ("group", "skip")
        named = _named_items(items)
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
                        _item_name(item), reason, LeftOut.GROUP if item.children else "text", item.at
                    )
            several = repeated(i.block for i in named)
            return [self._item_concept(i, _path_of(i, self.document), several) for i in named]
        if section.kind != "skip" and _bare(items) and (free or section.level in self.label_levels):
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
        items = [i for i in items if not meta_role(_item_name(i))]
        several = repeated(i.block for i in items)
        split = [label_of(i.block, several) for i in items]
        if len(items) >= 2 and all(
            gloss and not is_label(name) and len(name.split()) <= _LABEL_WORDS for name, gloss, _ in split
        ):
            return [self._item_concept(i, _path_of(i, self.document), several) for i in items]
        for item in items:
            self.found.skip(
                _item_name(item), f"is text beside the table of topics of “{section.title}”", "", item.at
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
                self.found.skip(_item_name(item), "is a link within the document", "structure", item.at)
            elif is_admin(tidy_title(_item_name(item)), schedule=schedule) or (
                schedule and is_day_off(title)
            ):
                self.found.skip(_item_name(item), "is an entry of the timetable", "", item.at)
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
            if len(item.children) >= 2 and _bare(item.children) and not label_of(item.block, frozenset())[1]:
                self.found.skip(_item_name(item), "groups other items", LeftOut.GROUP, item.at)
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

    def _bold_paragraphs(self) -> None:
        """The way of texts without headings: paragraphs that start with a bold term. Each
        takes the text up to the next.
        """
        blocks = self.document.blocks
        leads = [
            i
            for i, b in enumerate(blocks)
            if b.kind in ("paragraph", "list_item") and b.lead and len(b.lead.split()) <= _LABEL_WORDS
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
            _add(
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


_SCHEDULE_COLUMN = re.compile(
    r"^(?:weeks?|dates?|days?|time|when|session|lecture|class|woche|datum|tag|semaine|date|semana|fecha"
    r"|settimana|data|неделя|дата|周|日期|週|日付)\b",
    re.IGNORECASE,
)
_TIMED = re.compile(r"^\s*(?:\d{1,2}[:h]\d{2}|\d{4}-\d{2}-\d{2})")
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


def _bold_start(block: Block) -> tuple[str, str]:
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


def _name_column(header: Sequence[str], rows: Sequence[Sequence[str]], *, guess: bool, heading: str) -> int:
    """The column whose cells name concepts, -1 where none does. Under `Faults`
    a column `Fault` names them.
    """
    ranked = [(name_rank(h), k) for k, h in enumerate(header)]
    if ranked and min(ranked)[0] < NO_NAME:
        return min(ranked)[1]
    roles = [column_role(h) for h in header]
    if header and header[0].strip() and same_key(header[0]) == same_key(heading) and len(rows) >= 2:
        return 0
    if {"definition", "requires", "pitfall"} & set(roles[1:]):
        return 0
    if guess and len(rows) >= 3:
        for column in range(max(map(len, rows))):
            cells = [r[column] for r in rows if column < len(r) and r[column].strip()]
            named = [
                c
                for c in cells
                if any(map(str.isalpha, c))
                and len(c.split()) <= _LABEL_WORDS
                and not c.rstrip().endswith(".")
            ]
            if (
                len(cells) >= 0.8 * len(rows)
                and len(named) >= 0.9 * len(cells)
                and len(set(map(Words.form, named))) >= 0.9 * len(named)
            ):
                return column
    return -1


def _idle(rows: Sequence[Sequence[str]], header: Sequence[str], column: int) -> frozenset[int]:
    """The rows of a timetable that have nothing but their place and their title, where most rows have
    more."""
    others = [
        k
        for k, h in enumerate(header)
        if k != column and not _SCHEDULE_COLUMN.match(h.strip()) and not is_number_column(h)
    ]
    empty = frozenset(
        i for i, cells in enumerate(rows) if not any(cells[k].strip() for k in others if k < len(cells))
    )
    return empty if others and 3 * len(empty) <= len(rows) else frozenset()


#: What names a list of facts about a course and not of its subject, and the share of its labels that do.
_ABOUT = ("administration", "time", "person", "assessment", "resource", "warning", "exercise")
_ABOUT_THE_COURSE = tuple(categories().index(name) for name in _ABOUT[:3])
_ASIDE = tuple(categories().index(name) for name in (*_ABOUT[:1], *_ABOUT[2:6]))
_FACT_WORDS = 3


def _is_about_the_course(heading: str) -> bool:
    return any(shares(heading)[k] for k in _ASIDE)


def _is_about_the_course_list(items: Sequence[Item]) -> bool:
    """Whether a list is one of facts about the course (`Teacher: …`, `Room: …`): each item a short label
    with a value, and the words of most labels of administration, time or people."""
    labels = [re.split(r"\s?[:：]\s?", i.block.text, maxsplit=1) for i in items]
    if len(items) < 2 or any(len(parts) < 2 or len(parts[0].split()) > _FACT_WORDS for parts in labels):
        return False
    return 2 * sum(any(shares(p[0])[k] >= 0.5 for k in _ABOUT_THE_COURSE) for p in labels) > len(items)


def _item_name(item: Item) -> str:
    return item.block.lead or split_gloss(item.block.text)[0]


def _named_items(items: Sequence[Item]) -> list[Item]:
    """The items that start with a bold name, at the highest depth at which most items do; sub-items of such
    an item are its content.
    """
    level = list(items)
    while level:
        named = [
            i
            for i in level
            if i.block.lead and not is_label(i.block.lead) and len(i.block.lead.split()) <= 2 * _LABEL_WORDS
        ]
        if named and len(named) >= 0.5 * len(level):
            # "Errors" among a dozen named concepts is one more, and so is "Summary"; "Note" is not.
            chosen = {i.at for i in named}
            return (
                named
                if len(named) < 0.8 * len(level)
                else [i for i in level if i.at in chosen or _names_too(i.block.lead, len(named))]
            )
        level = [c for i in level for c in i.children if not meta_role(_item_name(i))]
    return []


def _names_too(lead: str, others: int) -> bool:
    return bool(lead) and (
        Words.form(lead) in _AMBIGUOUS or (others >= 8 and not label(f"{lead}: x")[0] and not meta_role(lead))
    )


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
    return sum(not i.block.rest and len(i.children) >= 2 and _bare(i.children) for i in named) >= 0.6 * len(
        named
    )


def _bare(items: Sequence[Item]) -> bool:
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
        median(len(n.split()) for n in names) <= _LABEL_WORDS
        and sentences <= 0.3 * len(items)
        and asked <= 0.5 * len(items)
    )


def _path_of(item: Item, document: ScopeDocument) -> tuple[str, ...]:
    """The heading path of an item with the items above it, which group it."""
    above: list[str] = []
    parent = item.block.parent
    while parent >= 0:
        above.append(tidy_title(document.blocks[parent].lead or document.blocks[parent].text)[:80])
        parent = document.blocks[parent].parent
    return (*item.block.path, *reversed(above))


# ---------------------------------------------------------------------------------------------------- merging


def _merged(found: Found) -> Found:
    """Concepts with the same name, an inflection of it, or an alias in common become
    one, which has all their text.

    Which of the titles stays does not depend on the order of the document: the one that tells most names,
    then the one with most text.
    """
    first_with: dict[tuple[str, ...], int] = {}
    parent = list(range(len(found.concepts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i, concept in enumerate(found.concepts):
        concept.names = aliases(concept.title)
        for key in (same_key(n) for n in same_names(concept.title)):
            first = first_with.setdefault(key, i)
            if first != i:
                one, other = sorted((root(first), root(i)))
                parent[other] = one
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(len(found.concepts)):
        members[root(i)].append(i)
    kept: list[tuple[int, Concept]] = []
    for positions in members.values():
        if len(positions) == 1:
            kept.append((positions[0], found.concepts[positions[0]]))
            continue
        alike = sorted((found.concepts[i] for i in sorted(positions)), key=_fullness)
        # What a sentence lists in passing, an aim say, has its name and its place where it stands by itself.
        alike.sort(key=_is_in_passing)
        for again in alike[1:]:
            _absorb(alike[0], again)
            found.skip(again.title, f"is “{alike[0].title}” again", LeftOut.MERGED, again.anchor)
        own = [i for i in positions if not _is_in_passing(found.concepts[i])]
        kept.append((min(own or positions), alike[0]))
    found.concepts = [concept for _, concept in sorted(kept, key=lambda k: k[0])]
    return found


def _is_in_passing(concept: Concept) -> bool:
    block = concept.document.blocks[concept.anchor]
    return block.kind == "paragraph" and len(block.text) > 2 * len(concept.title)


def _fullness(concept: Concept) -> tuple[int, int, int, str]:
    words = sum(length(concept.document.blocks[b].text) for b in concept.blocks)
    return -len(same_names(concept.title)), -words, len(concept.title), concept.title


def _absorb(concept: Concept, other: Concept) -> None:
    if other.document is concept.document:
        concept.blocks = sorted({*concept.blocks, *other.blocks})
    concept.names.extend(n for n in other.names if n not in concept.names)
    concept.gloss = concept.gloss or other.gloss
    concept.needs = (*concept.needs, *other.needs)
    concept.minutes = other.minutes if concept.minutes is None else concept.minutes
