"""What headings, labels and numbers are to a document: its structure, its
organisation, or the name of a concept.

Words of documents and courses in a dozen languages, none of a subject. A heading in any other language is
taken for the name of a concept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from dagogy.api.text import Words

from dagogy_provider_internal.language.heading_words import (
    ADMIN,
    ADMIN_IN_SCHEDULES,
    ADMIN_PHRASES,
    ADMIN_WORDS,
    APPENDIX,
    BOX,
    CONTENTS,
    FIRST_WORDS,
    GROUP,
    META,
    META_CLAUSES,
    PART,
    SKIP,
)
from dagogy_provider_internal.language.lexicon import label
from dagogy_provider_internal.language.numbering import (
    NUMBERED_PART,
    SEEN,
    is_chapter,
    is_plain,
    without_numbering,
    without_symbols,
)

#: What a heading is for. `concept`: a name of its own; `group`: its children are taught, it is not; `meta`:
#: says something about the course; `part`: belongs to the concept above it (examples, exercises, …); `skip`:
#: neither it nor its text is taught.
HeadingKind = Literal["concept", "group", "meta", "part", "skip"]


@lru_cache(maxsize=SEEN)
def _key(title: str) -> str:
    """What a title is looked up by in the lists of headings."""
    return Words.form(without_numbering(without_symbols(title)))


def is_admin(title: str, *, schedule: bool = False) -> bool:
    """Whether a title is an entry of a timetable and nothing that is taught: `Final exam`, `Fall break`.
    `schedule`: among entries with times or weeks, where `Review` and `Break` are such entries as well."""
    key = _key(title)
    if not _opens_structure(key):
        return False
    if key in ADMIN_PHRASES:
        return True
    found = key.split()
    heads = ADMIN_IN_SCHEDULES if schedule else ADMIN
    return (
        0 < len(found) <= 6
        and any(w in heads for w in found)
        and all(w in heads or w in ADMIN_WORDS or w.isdecimal() for w in found)
    )


def is_part(title: str) -> bool:
    """Whether a heading names a part that the treatment of any concept may have
    (`Usage`, `Pitfalls`, `Exercise 4`).
    """
    key = _key(title)
    return key in PART or bool(BOX.match(key))


def heading_kind(title: str, *, below_concept: bool = False) -> HeadingKind:
    """What a heading is for. `below_concept`: it stands under a heading that could be a concept, so an
    "Example" is a part of that.
    """
    key = _key(title)
    if not _opens_structure(key):
        return "concept"
    if _role_of(key):
        return "meta"
    if below_concept and is_part(title):
        return "part"
    if key in SKIP or is_admin(title, schedule=is_chapter(title)) or APPENDIX.match(key):
        return "skip"
    if key in GROUP or not key or NUMBERED_PART.match(key):
        return "group"
    return "concept"


def is_contents(title: str) -> bool:
    """Whether a heading announces a table of contents, which says what is taught where nothing else does."""
    return Words.form(title) in CONTENTS


def meta_role(title: str) -> str:
    """Which of `scope_out`, `audience`, `prerequisites`, `goal` a heading or item
    introduces, or an empty string.
    """
    key = _key(title)
    return _role_of(key) if _opens_structure(key) else ""


def is_ordinary(title: str) -> bool:
    """Whether a title is nothing but Latin words and begins like no heading of structure: it is a name, with
    nothing to take off.
    """
    return is_plain(title) and not _opens_structure(title.lower())


def _opens_structure(key: str) -> bool:
    """Whether a heading with this key may be one of structure. One that does not
    begin with a Latin letter may.
    """
    return not "a" <= key[:1] <= "z" or key.partition(" ")[0] in FIRST_WORDS


def _role_of(key: str) -> str:
    return META.get(key) or next((role for role, pattern in META_CLAUSES if pattern.match(key)), "")


def is_label(lead: str) -> bool:
    """Whether a bold lead only labels its text (`Note`, `Common mistake`) and names no concept."""
    return (
        bool(label(f"{lead.rstrip(':. ')}: x")[0]) or Words.form(lead) in PART or heading_kind(lead) == "meta"
    )
