"""What other parts of the source say of a concept: sentences outside its own text that
explain it or warn about it.

A concept may have a heading with little below it, or stand only in a list, and be explained in the
introduction or in the section of another one. Such sentences are evidence as good as its own, and are cited
by their lines. Each sentence of a document is looked at once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dagogy.api.scope import Block, ScopeDocument

from dagogy_provider_internal.concept import Concept
from dagogy_provider_internal.headings import meta_role
from dagogy_provider_internal.lexicon import pitfall_strength
from dagogy_provider_internal.naming import phrases, singular, word_forms
from dagogy_provider_internal.passages import Passage, whole_sentences
from dagogy_provider_internal.statements import Statement, statements

_FEW = 4
_NEAR = 60  # characters in front of a name that are looked at
#: What follows the name where a sentence says what the thing is or does, and what stands before it where it
#: gives the name to something.
_EXPLAINS = re.compile(
    r"\W{0,2}(?:is|are|was|means?|refers? to|describes?|lets?|allows?|enables?"
    r"|states?|says?|consists? of|has|have|can|must|does|do|gives?|makes?|measures?|"
    r"tells?|shows?|holds?|needs?|requires?|works?|turns?|takes?|sets?|keeps?"
    r"|maps?|stores?|contains?|\w{3,}s (?:the|a|an|how|when|whether|all|each)\b)",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"[\w-]")
_ENDING = re.compile(r"(?:e?s)?(?![\w-])")
_NAMES = re.compile(r"\b(?:called|known as|termed|named|is an?|are)\s+(?:an? |the )?\W?$", re.IGNORECASE)


@dataclass(slots=True)
class CrossReferences:
    """Statements outside the concept's own text: those that explain it, and those that warn about it."""

    explaining: list[Statement] = field(default_factory=list)
    warning: list[Statement] = field(default_factory=list)


def cross_references(concepts: Sequence[Concept], wanted: Sequence[int]) -> Mapping[int, CrossReferences]:
    """For each of the `wanted` concepts what is said of it outside its own
    blocks, a few sentences of a kind.
    """
    found: dict[int, CrossReferences] = defaultdict(CrossReferences)
    by_document: dict[int, list[int]] = defaultdict(list)
    for i in wanted:
        by_document[id(concepts[i].document)].append(i)
    for few in by_document.values():
        _search(concepts[few[0]].document, concepts, few, found)
    return found


def _search(
    document: ScopeDocument,
    concepts: Sequence[Concept],
    wanted: Sequence[int],
    found: dict[int, CrossReferences],
) -> None:
    called: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    lengths: dict[str, set[int]] = defaultdict(set)  # of the names that begin with a word
    for i in wanted:
        for name in concepts[i].names or [concepts[i].title]:
            for parts in phrases([name]):
                called[parts].append((i, name))
                lengths[parts[0]].add(len(parts))
    own = {i: {concepts[i].anchor, *concepts[i].blocks} for i in wanted}
    for at, block in enumerate(document.blocks):
        if block.kind in ("heading", "code") or any(meta_role(h) for h in block.path):
            continue
        for sentence in (s for text in block.cells or (block.text,) for s in whole_sentences(text)):
            forms = word_forms(sentence)
            # A merged concept has hundreds of names: only those that are there are looked at.
            named: dict[int, list[str]] = defaultdict(list)
            for k, form in enumerate(forms):
                for length in lengths.get(form, ()):
                    for i, name in called.get(tuple(forms[k : k + length]), ()):
                        if at not in own[i]:
                            named[i].append(name)
            for i, names in named.items():
                _keep(found[i], sentence, block, concepts[i], names)


def _keep(kept: CrossReferences, text: str, block: Block, concept: Concept, names: Iterable[str]) -> None:
    """`names`: those by which `text` names the concept."""
    warns = pitfall_strength(text) == 2
    kind = kept.warning if warns else kept.explaining
    if len(kind) >= _FEW or not (warns or _explains(text, names)):
        return
    passage = Passage(text, block.lines, "pitfall" if warns else "fact")
    # Where the concept is not the subject of what is said, a pronoun could mean anything: only
    # what stands alone is taken.
    kind.extend(
        s
        for s in statements([passage], concept)
        if s.text.split(" ", 1)[0] == text.split(" ", 1)[0] and (s.clause or warns)
    )


def _explains(text: str, names: Iterable[str]) -> bool:
    low = text.lower()
    if len(low) != len(text):  # a few capitals have no small letter of one character
        low = text
    for name in dict.fromkeys(form for n in names for form in (n.lower(), _one(n.lower()))):
        for start, end in _mentions(low, name):
            if (start <= 24 and _EXPLAINS.match(text, end)) or _NAMES.search(
                text, max(0, start - _NEAR), start
            ):
                return True
    return False


def _one(name: str) -> str:
    """A name with its last word in the singular: a section on `Templates` is
    explained by what a template is.
    """
    before, space, last = name.rpartition(" ")
    return f"{before}{space}{singular(last)}"


def _mentions(low: str, name: str) -> Iterator[tuple[int, int]]:
    """Where `name` or its plural stands in a text of small letters as words of their own. Found without a
    pattern for each of a hundred thousand names.
    """
    start = low.find(name)
    while start >= 0:
        end = _ENDING.match(low, start + len(name))
        if end and not (start and _INSIDE.match(low[start - 1])):
            yield start, end.end()
        start = low.find(name, start + 1)
