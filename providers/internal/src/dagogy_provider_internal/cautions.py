"""Which sentences of a source warn, and what mistake follows from them: a pitfall is what the source itself states of the concept.

By how surely a sentence names what goes wrong (`limit_strength`): it warns in so many words (4), it forbids or speaks of failure (3), it sets one
thing against another (2), it limits or requires (1). What only gives a name, counts, or denies something by the way is none of these. Where nothing
of the kind is said, a definition of the form "a K that …" still tells one mistake apart: to take any K for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dagogy_provider_internal.lexicon import pitfall_strength
from dagogy_provider_internal.naming import same_key
from dagogy_provider_internal.passages import Passage
from dagogy_provider_internal.phrasing import balanced, sentence
from dagogy_provider_internal.statements import Statement

_WARNS = re.compile(
    r"\b(?:(?:gets?|getting) stuck|trips? (?:\w+ )?up|easy to (?:forget|overlook|miss|confuse|get wrong|mix up)|easily (?:forgotten|overlooked|missed)|"
    r"tempting|tempted|mis(?:read|under\w+|interpret\w*|used?|taken)|sources? of (?:\w+ )?(?:bugs|errors|confusion|trouble)|gotchas?|"
    r"(?<!how )surpris(?:es?|ed|ing|ingly)|counter-?intuitive|error-prone|(?:is|are) unsafe|not to be confused|hard to (?:see|notice|spot|find|tell)|goes unnoticed|"
    r"often (?:forgotten|overlooked|confused|wrong\w*)|recommended (?:\w+ ){1,6}instead|deprecated|discouraged|not recommended|might (?:expect|think)|may (?:expect|seem)|contrary to|be aware that)\b",
    re.IGNORECASE,
)
_NOT = r"(?:(?-i:not)|n['’]t)"
_IS = r"(?:is|are|does|do|did|was|were|has|have|had|need)"
_LIMITS = (
    re.compile(
        rf"\b(?:an? (?:\w+ )?(?:error|panic)|as errors|errors if|raises? (?:an? )?\w+(?:Error|Exception)|panics?|fails?|failure|crash(?:es)?|invalid|illegal|forbidden|{_NOT} (?:be )?"
        r"(?:allowed|permitted|possible|guarantee\w*|compile)|cannot|can['’]?t|won['’]t|will not|must not|may not|never|impossible|undefined behaviou?r|"
        r"too (?:much|many|little|few|early|late|long|short|hot|cold|fast|slow)|wrong\w*|loses?|(?:is|are|be|gets?) lost|no effect|"
        r"there (?:is|are) no\b(?! (?:need|official|reason|point))|nobody|no one|rejects?|refuses?)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:unlike|whereas|rather than|instead of|as opposed to|(?:in|by) contrast|different from|differs? from|no longer|"
        rf"not (?:the same|all|every|necessarily|always|when|if|as|by)|(?:{_IS} (?-i:not)|{_IS}n['’]t)|even (?:if|though|when)|although|despite|"
        r"except (?:for|that|when|in))\b|,? but\b(?! also)|^however\b|, (?-i:not)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:only|must|has to|have to|requires?|required|needs? to|unless|always|exactly|at (?:most|least)|no (?:more|less|fewer) than|otherwise|"
        r"not until|regardless)\b",
        re.IGNORECASE,
    ),
)
#: Looks like a limit and is none: a name is given, something is added, the author speaks of what the reader has or does.
_NO_LIMIT = re.compile(
    r"\b(?:not (?:only|just|merely)|no matter|(?:do|does|did)(?: not|n['’]t) (?:have|need|want) to|only (?:a few|some|begin)|at least one of the|"
    r"not (?:yet|covered|discussed|shown)|should(?: not|n['’]t) take|nothing (?:but|more than)|cannot (?:only|be overstated))\b|"
    r"\b(?:if|whether|when) (?:you|we) (?:have|need|must|are not|don['’]t)\b|\b(?:you|we|one)(?: \w+){0,2} (?:need|have|want) to\b|\b(?:makes|is|are) no\b|"
    r"\bbut (?:also|there (?:is|are)|(?:it|they|this|the \w+|this \w+) (?:can|may|also)|some|many|may)\b|\bwhether or not\b|\bno consensus\b|\bwithout (?:affecting|further|having to|the need)\b|"
    r"\b(?:is|are) (?:also |often |sometimes )?(?:called|known as|termed|named)\b",
    re.IGNORECASE,
)
#: Opens a sentence that needs the one before it, which a pitfall does not have.
_LEANS_BACK = re.compile(
    r"(?:this|these|those|they|its|their|an example|in (?:contrast|other|these|this|that|such|both|the)|otherwise|instead|via|due to|because of|for example|"
    r"with(?:out)? (?:it|them))\b",
    re.IGNORECASE,
)
_STORY = re.compile(r"\b(?:we|our|us|I|my)\b")
_MOST = 4
_WORTHLESS = -0.6  # the value of a statement that is not about the concept in so many words and points back to another one
_WORD = r"(?!(?:that|which|can|to|is|are|have|with|from|between|how|what|when|it|them|you|we)\b)[\w'’/-]+"
_PHRASE = rf"(?:[“\"][^“”\"]{{1,40}}[”\"],?(?: [“\"][^“”\"]{{1,40}}[”\"],?)?|(?:{_WORD} ?){{1,5}}(?<! ))"
#: Two things that the source tells apart, or asks to be told apart.
_APART = re.compile(
    rf"\b(?:distinctions?|differences?|distinguish(?:es|ing)?) (?:between (?:the (?:terms?|words?|notions?|concepts?) )?(?P<a>{_PHRASE}) and|(?P<c>{_PHRASE}) from) (?P<b>{_PHRASE})(?=[,;:.()]|$)|"
    rf"\b(?:confus(?:e|es|ed|ing)|mix(?:es|ed|ing)? up) (?P<e>{_PHRASE}) (?:with|and) (?P<f>{_PHRASE})(?=[,;:.()]|$)",
    re.IGNORECASE,
)
_APART_HINTS = ("istinction", "istinguish", "ifference", "onfus", "ix up", "ixes up", "ixing up")
#: "A K that …", "a K in which …": what kind of thing the concept is, and what makes it one.
GENUS = re.compile(
    r"^(?P<article>an?|the)\s(?P<genus>(?:[\w'’-]+\s){0,3}?[\w'’-]+),?\s(?P<only>(?:that|which|whose|in which|where|for which|by which)\s[^,;:]{8,110})$"
)
NO_GENUS = re.compile(r"\b(?:way|kind|type|sort|part|set|one|form|such)$|\w+est\b")
_FINITE = re.compile(r"\b(?:is|are|was|has|have|can|may|must|will|does|do|\w{2,}[^\Wsui]s)(?= (?:the|an?|its|their|all|each|every|no|not|to|by|with|in|on|of|two|\w+ed|\w+)\b|$)")
_RELATIVE = re.compile(r"(?:that|which) (?!this\b|its\b|as\b)(?:is|has|can|may|must|will|does|\w+ly|\w{2,}s)\b|(?:whose|in which|where|for which|by which)\b")


def limit_strength(text: str) -> int:
    """4: it warns; 3: it forbids or speaks of failure; 2: it sets one thing against another; 1: it limits or requires; 0: none of these."""
    if _NO_LIMIT.search(text):
        return 0
    if pitfall_strength(text) == 2 or _WARNS.search(text):
        return 4
    return next((len(_LIMITS) - k for k, pattern in enumerate(_LIMITS) if pattern.search(text)), 0)


def is_story(text: str) -> bool:
    """Whether the author speaks of himself and his readers."""
    return bool(_STORY.search(text))


def leans_back(text: str) -> bool:
    """Whether a sentence needs the one before it."""
    return bool(_LEANS_BACK.match(text))


def can_warn(s: Statement) -> bool:
    """Whether a statement can stand as a pitfall: a sentence of its own about the concept, neither its definition nor the author's story."""
    return (
        s.clause
        and (not s.defines or limit_strength(s.text) == _MOST)
        and s.passage.role in ("fact", "definition", "example")
        and s.value > _WORTHLESS
        and not is_story(s.text)
        and not leans_back(s.text)
    )


def told_apart(passages: Sequence[Passage]) -> str:
    """Two things that the source says differ, as the mistake of mixing them up; empty where it names none."""
    for p in passages:
        hinted = p.role not in ("code", "question") and any(hint in p.text for hint in _APART_HINTS)
        found = _APART.search(p.text) if hinted else None
        if found:
            return sentence(f"Mixing up {found['a'] or found['c'] or found['e']} and {found['b'] or found['f']}")
    return ""


def taken_for(complement: str, name: str) -> str:
    """The mistake that a definition by kind and difference speaks against: to take any of the kind for the concept. `complement` is what the concept
    is ("a relation that is transitive"); empty where it has no such form."""
    found = GENUS.match(complement)
    if not found or found["article"] == "the" or NO_GENUS.search(found["genus"]) or same_key(found["genus"]) == same_key(name):
        return ""
    # One predicate, or several with "and" between them; what has more is a whole sentence that only opens like a definition.
    predicates = len(_FINITE.findall(found["only"]))
    if not _RELATIVE.match(found["only"]) or predicates > 1 + len(re.findall(r"\band\b", found["only"])) or not balanced(found["only"]):
        return ""
    return sentence(f"Taking any {found['genus']} for {name}: it has to be one {found['only']}")
