"""Concepts of running text: the terms that its sentences define, call by name or set off in bold or italics.

The patterns are those of Hearst (1992) for definitions ("an X is a Y that …"), of "called" and "known as" for
names that come after what they name, and the habit of textbooks to set a term off where it is introduced. A
term that is only used, or stressed, is none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from dagogy.api.scope import Block, ScopeDocument
from dagogy.api.text import Words, sentences

from dagogy_provider_internal.language.keys import same_key, word_forms
from dagogy_provider_internal.language.naming import same_names, tidy_title

_MAX_WORDS = 5
_MAX_TRUSTED_WORDS = 8
_ARTICLE = (
    r"(?:an?|the|its|their|one's|eine?[rsnm]?|der|die|das|une?|les?|la"
    r"|l['’]|uno?|una|el|los|las|il|lo|gli|i|uma?|os?|as?|een|de|het)"
)
_INDEFINITE = (
    r"(?:an?|one of|any|anything|part of|what|whatever|when|where|how"
    r"|eine?[rsnm]?|une?|des|una?|uno|unos|unas|um|uma|een|jede[rs]?|"
    r"the(?!\s(?:same|case|best|most|reason|right|only|next)\b)|"
    r"der|die|das|la|el|le|il|l['’])"
)
_COPULA = (
    r"(?:is|are|means?|denotes?|refers? to|describes?|measures?|"
    r"ist|sind|bezeichnet|bedeutet|heißt|est|sont|désigne|es|son|significa|è|sono|são|é|betekent|är|jest|to)"
)
#: `A fixed-rate mortgage is a mortgage whose rate …`, at the start of a sentence or behind a colon.
_DEFINED = re.compile(
    rf"(?:^|[:;–—]\s+)(?P<article>{_ARTICLE}\s*\b)?(?P<name>[^\W_][^.,:;!?()\"“”«»]{{0,60}}?)"
    rf"(?:\s*\((?P<short>[^()]{{1,40}})\))?\s+{_COPULA}\s+{_INDEFINITE}(?:\s|(?<=['’])\S)",
    re.IGNORECASE,
)
_DASHED = re.compile(r"^(?P<name>[^\W_][^.,:;!?()—–]{0,60}?)\s+[—–-]\s+(?:это\s+|це\s+)?\S")
_NAMED_HAN = re.compile(
    r"(?:^|[。！？，、：])(?:所谓|所謂)?[「“《『]?(?P<name>[^\s。！？，、：「」“”《》は是指]{1,14})[」”》』]?(?:とは|是指|指的是|是一种|是一個|是一个)"
)
#: `…; this is called foreclosure`.
_CALLED = re.compile(
    r"\b(?:is|are|was|were|be|we|often|usually|also|sometimes"
    r"|commonly|people|is then|are then)?\s*(?:called|known as|termed|"
    r"referred to as|(?<=is )named|(?<=are )named|"
    r"nennt man|"
    r"heißt|genannt|appelée?s?|s['’]appelle|nommée?s?|se llaman?|llamad[oa]s?|denominad[oa]s?|chamam?-se|"
    r"si chiama|chiamat[oaie]|называется|называют|kallas|heet|genoemd)"
    r"\s+(?:an?\s+|the\s+|une?\s+|una?\s+|eine?n?\s+)?(?P<name>[\"“«„]?[^\W_][^.,:;!?()\"“”«»]{0,50})"
)
#: Where a called name ends when no punctuation ends it.
_NAME_ENDS = re.compile(
    r"(?<!\s)\s+(?:that|which|who|whose|when|where|if|because|and|or|but|in|for"
    r"|of the|by|as|since|with|near|at|on|der|die|das|und|qui|que|et|y|e|и)\s(?s:.*)$"
)
#: What stands right before a term that is introduced in italics, and right behind one.
_BEFORE = re.compile(
    rf"(?:^|[\s(])(?:{_ARTICLE}|called|known as|termed|named|als|appelée?|llamad[oa])\s*[\"“]?$",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    rf"^[\"”]?\s*(?:\([^()]{{1,40}}\)\s*)?(?:{_COPULA}\b|—|–|:|это\b|とは|は|是|指|هو|هي|הוא|היא)",
    re.IGNORECASE,
)
#: Small words that stand inside names.
_LINKS = frozenset("of and or to in for on by with the a an at from".split())
_RELATIVE = re.compile(
    r"\b(?:qu['’]|que\b|qui\b|dont\b|où\b|che\b|cui\b|котор\w+|dass\b|wenn\b)", re.IGNORECASE
)
_GENERAL = frozenset(
    (
        "always never ever often sometimes must should really much many good bad new old first second last "
        "next same different important following example result reason goal aim point problem question "
        "answer idea way thing one ones rest chapter section course book guide lesson meeting people person "
        "today here now then everyone everybody someone something nothing anything note notes beispiel ziel "
        "ergebnis exemple résultat ejemplo resultado dies dieser diese dieses es er sie wir man ce cela ceci "
        "il elle on nous c' esto este esta ello это он она они мы"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Term:
    """A term with the position of the block that introduces it and what that block says of it."""

    name: str
    at: int
    gloss: str


def terms(document: ScopeDocument) -> list[Term]:
    """The terms that the paragraphs and items of `document` introduce, each at its first
    definition, in document order.
    """
    blocks = document.blocks
    places = [
        i
        for i, b in enumerate(blocks)
        if b.kind in ("paragraph", "quote", "list_item", "html") and len(b.text) > 3
    ]
    mentions = _mentions(blocks[i] for i in places)
    found: dict[tuple[str, ...], Term] = {}
    for at in places:
        found_sentences = sentences(blocks[at].text)
        names = [list(_introduced(sentence, blocks[at], mentions)) for sentence in found_sentences]
        starts = [i for i, introduced in enumerate(names) if introduced]
        # What follows up to the next term is said of this one.
        for i, end in zip(starts, [*starts[1:], len(found_sentences)], strict=False):
            for name in names[i]:
                found.setdefault(same_key(name), Term(name, at, " ".join(found_sentences[i:end])))
    return list(found.values())


def _mentions(blocks: Iterator[Block]) -> Counter[str]:
    return Counter(w for b in blocks for w in word_forms(b.text))


def _introduced(sentence: str, block: Block, mentions: Counter[str]) -> Iterator[str]:
    """The terms that a sentence introduces, as titles."""
    seen: set[tuple[str, ...]] = set()
    set_off = [*_set_off(sentence, block)]
    for name in (*set_off, *_called(sentence), *_defined(sentence, mentions)):
        title = _title(name, trusted=name in set_off)
        # "The *pH* of a solution is …" defines pH.
        if (
            title
            and same_key(title) not in seen
            and (name in set_off or not any(f"{term} " in f"{name} " for term in set_off))
        ):
            seen.add(same_key(title))
            yield title


def _set_off(sentence: str, block: Block) -> Iterator[str]:
    for phrase in block.emphasised:
        at = sentence.find(phrase)
        if at >= 0 and (_BEHIND.match(sentence[at + len(phrase) :]) or _BEFORE.search(sentence[:at])):
            # "The *best alternative to a negotiated agreement* (BATNA) is …" has both names.
            short = re.match(r"\s*\((?P<short>[^\W\d_]{2,8})\)", sentence[at + len(phrase) :])
            both = f"{phrase} ({short['short']})" if short else ""
            yield both if len(same_names(both)) > 1 else phrase


def _called(sentence: str) -> Iterator[str]:
    for match in _CALLED.finditer(sentence):
        yield _NAME_ENDS.sub("", match["name"]).strip(' "“”«»„')


def _defined(sentence: str, mentions: Counter[str]) -> Iterator[str]:
    for match in _DEFINED.finditer(sentence):
        name = match["name"].strip()
        definite = (match["article"] or "").strip().lower() == "the"
        # "The result is a mess" defines nothing; "the loan-to-value ratio is the loan divided by …", of which
        # there is talk elsewhere too, does.
        if not definite or min((mentions[w] for w in word_forms(name)), default=0) > 1:
            yield f"{name} ({match['short']})" if match["short"] else name
    for pattern in (_DASHED, _NAMED_HAN):
        found = pattern.search(sentence)
        if found and (pattern is _NAMED_HAN or not found["name"].isascii()):
            yield found["name"].strip()


def _title(name: str, *, trusted: bool) -> str:
    """`name` as a title, or an empty string where it is none: a pronoun, a clause, a phrase of general words.
    `trusted`: the author set it off.
    """
    bare = re.sub(rf"^{_ARTICLE}\s+", "", tidy_title(name), flags=re.IGNORECASE)
    found = [w.lower() for w in bare.split()]
    if (
        not found
        or len(found) > (_MAX_TRUSTED_WORDS if trusted else _MAX_WORDS)
        or len(bare) < 2
        or not any(c.isalpha() for c in bare)
    ):
        return ""
    if all(w in Words.STOP or w in _GENERAL for w in found) or (len(found) == 1 and bare.endswith("ly")):
        return ""
    if not trusted and _RELATIVE.search(bare):
        return ""
    if not trusted and (
        found[0] in Words.STOP
        or found[0] in _GENERAL
        or found[-1] in Words.STOP
        or any(w in Words.STOP - _LINKS for w in found[1:-1])
    ):
        return ""
    first = bare.split()[0]
    return (
        bare[:1].upper() + bare[1:]
        if first.replace("-", "").islower() and len(re.split(r"[-'’]", first)[0]) > 1
        else bare
    )
