"""Which sentences of a source warn, and what mistake follows from them: a pitfall is what the source itself
states of the concept.

By how surely a sentence names what goes wrong (`limit_strength`): it warns in so many words (4), it forbids
or speaks of failure (3), it sets one thing against another (2), it limits or requires (1). What only gives a
name, counts, or denies something by the way is none of these. Where nothing of the kind is said, a definition
of the form "a K that …" still tells one mistake apart: to take any K for it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from dagogy.api.text import Words

from dagogy_provider_internal.lexicon import pitfall_strength
from dagogy_provider_internal.naming import balanced, core_name, same_key, word_forms
from dagogy_provider_internal.passages import Passage
from dagogy_provider_internal.phrasing import sentence
from dagogy_provider_internal.statements import Statement

_WARNS = re.compile(
    r"\b(?:(?:gets?|getting) stuck|trips? (?:\w+ )?up"
    r"|easy to (?:forget|overlook|miss|confuse|get wrong|mix up)|easily (?:forgotten|overlooked|missed)|"
    r"tempting|tempted|mis(?:read|under\w+|interpret\w*|used?|taken)"
    r"|sources? of (?:\w+ )?(?:bugs|errors|confusion|trouble)|gotchas?|"
    r"(?<!how )surpris(?:es?|ed|ing|ingly)|counter-?intuitive|error-prone"
    r"|(?:is|are) unsafe|not to be confused|hard to (?:see|notice|spot|find|tell)|"
    r"goes unnoticed|"
    r"often (?:forgotten|overlooked|confused|wrong\w*)|recommended (?:\w+ ){1,6}instead"
    r"|deprecated|discouraged|not recommended|might (?:expect|"
    r"think)|may (?:expect|seem)|contrary to|be aware that)\b",
    re.IGNORECASE,
)
_NOT = r"(?:(?-i:not)|n['’]t)"
_IS = r"(?:is|are|does|do|did|was|were|has|have|had|need)"
_LIMITS = (
    re.compile(
        r"\b(?:an? (?:\w+ )?(?:error|panic)|as errors|errors if"
        r"|raises? (?:an? )?\w+(?:Error|Exception)|panics?|fails?|failure|crash(?:es)?|invalid|"
        rf"illegal|forbidden|{_NOT} (?:be )?"
        r"(?:allowed|permitted|possible|guarantee\w*|compile)|cannot|can['’]?t"
        r"|won['’]t|will not|must not|may not|never|impossible|undefined behaviou?r|"
        r"too (?:large|small|big|much|many|little|few|early|late|long|short|hot|cold|fast|slow)"
        r"|wrong\w*|loses?|(?:is|are|be|gets?) lost|no effect|"
        r"there (?:is|are) no\b(?! (?:need|official|reason|point|consensus))"
        r"|nobody|no one|rejects?|refuses?)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:unlike|whereas|rather than|instead of|as opposed to"
        r"|(?:in|by) contrast|different from|differs? from|no longer|"
        r"not (?:the same|all|every|necessarily|always|when|if|as|by)"
        rf"|(?:{_IS} (?-i:not)|{_IS}n['’]t)|even (?:if|though|when)|although|despite|"
        r"except (?:for|that|when|in)|hardly|barely|no more \w+ than|adds? complexity)\b"
        r"|,? but\b(?! also)|^however\b|(?:,| and) (?-i:not)\b(?! in\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:only|must|has to|have to|requires?(?! it\b)|required|needs? to"
        r"|unless|(?<!almost )always|exactly|at (?:most|least)|no (?:more|less|"
        r"fewer) than|otherwise|"
        r"not until|regardless|holds?\b.{3,60}\bas long as)\b",
        re.IGNORECASE,
    ),
)
#: The same in other languages: what is forbidden, and what is required or limited.
_LIMITS_ELSEWHERE = (
    re.compile(
        r"不能|不得|不可|无法|無法|できない|できません|ません。|لا يجوز|لا يمكن"
        r"|لا يصح|אסור|אי אפשר|אין ל|\b(?:нельзя|невозможно|не может|darf nicht|"
        r"kann nicht|können nicht|ne (?:peut|peuvent|doit) pas"
        r"|no (?:puede|pueden|debe)|non (?:può|deve)|não (?:pode|deve))\b"
    ),
    re.compile(
        r"而不是|不同于|不等于|ではなく|ではない|بخلاف|بل |ليس|אינו|איננו"
        r"|\b(?:в отличие|а не|im gegensatz|sondern|à la différence|sino|a diferencia|invece)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"只有|只能|必须|必須|务必|除非|だけ|のみ|なければならない|必要があ|يجب|فقط"
        r"|إلا|רק |חייב|צריך|\b(?:только|должен|должна|должно|должны|если не|nur|muss|"
        r"müssen|seulement|doit|doivent|il faut|solo|debe|deben|soltanto|deve|devono|apenas)\b",
        re.IGNORECASE,
    ),
)
#: Words that hardly any English sentence does without, and that other languages do not have.
_ENGLISH = re.compile(
    r"\b(?:the|of|to|and|is|are|it|with|for|that|not|can|cannot|must|has|have)\b", re.IGNORECASE
)
#: Looks like a limit and is none: a name is given, something is added, the author speaks of
#: what the reader has or does.
_NO_LIMIT = re.compile(
    r"\b(?:not (?:only|just|merely)|no matter|(?:do|does|did)(?: not|n['’]t) "
    r"(?:have|need|want) to|only (?:a few|some|begin)|at least one of the|"
    r"not (?:yet|covered|discussed|shown)|should(?: not|n['’]t) take"
    r"|nothing (?:but|more than)|cannot (?:only|be overstated))\b|"
    r"\b(?:if|whether|when) (?:you|we) (?:have|need|must|are not|don['’]t)\b"
    r"|\b(?:you|we|one)(?: \w+){0,2} (?:need|have|want) to\b|\bmakes no\b|"
    r"\bbut (?:also|there (?:is|are)|(?:it|they|this|the \w+|this \w+) (?:can|may|also|often)"
    r"|some|many|may)\b|\bwhether or not\b|\bno consensus\b|"
    r"\bwithout (?:affecting|further|having to|the need)\b|"
    r"\b(?:is|are) (?:also |often |sometimes )?(?:called|known as|termed|named)\b",
    re.IGNORECASE,
)
#: Opens a sentence that needs the one before it, which a pitfall does not have.
_LEANS_BACK = re.compile(
    r"(?:this|these|those(?! (?:who|that|which)\b)|they|its|their|an example"
    r"|in (?:contrast|other|these|this|that|such|both|the)|otherwise|instead|"
    r"via|due to|because of|for example|"
    r"with(?:out)? (?:it|them))\b",
    re.IGNORECASE,
)
_STORY = re.compile(r"\b(?:we|our|us|I|my)\b")
_MOST = 4
# concepts whose names end in the same word; of more than that the word is the subject of the course
_FEW_ALIKE = 4
# the value of a statement that is not about the concept in so many words and points back to another one
_WORTHLESS = -0.6
_WORD = (
    r"(?!(?:that|which|can|to|is|are|have|with|from|between|how|what|when|it|them|you|we)\b)[\w'’/-]{1,40}+"
)
_PHRASE = rf"(?:[“\"][^“”\"]{{1,40}}[”\"],?(?: [“\"][^“”\"]{{1,40}}[”\"],?)?|{_WORD}(?: {_WORD}){{0,4}})"
#: Two things that the source tells apart, or asks to be told apart.
_APART = re.compile(
    r"\b(?:distinctions?|differences?|distinguish(?:es|ing)?) "
    rf"(?:between (?:the (?:terms?|words?|notions?|concepts?) )?(?P<a>{_PHRASE}) and|"
    rf"(?P<c>{_PHRASE}) from) (?P<b>{_PHRASE})(?=[,;:.()]|$)|"
    r"\b(?:confus(?:e|es|ed|ing)|mix(?:es|ed|ing)? up) "
    rf"(?P<e>{_PHRASE}) (?:with|and) (?P<f>{_PHRASE})(?=[,;:.()]|$)",
    re.IGNORECASE,
)
_APART_HINTS = ("istinction", "istinguish", "ifference", "onfus", "ix up", "ixes up", "ixing up")
#: "A K that …", "a K in which …": what kind of thing the concept is, and what makes it one.
_GENUS = re.compile(
    r"^(?P<article>an?|the)\s(?P<genus>(?:[\w'’-]+\s){0,3}?[\w'’-]+),?\s"
    r"(?P<only>(?:that|which|whose|in which|where|for which|by which)\s[^,;:]{8,110})$"
)
_NO_GENUS = re.compile(r"\b(?:way|kind|type|sort|part|set|one|form|such)$|\b\w+est\b")
_FINITE = re.compile(
    r"\b(?:is|are|was|has|have|can|may|must|will|does|do|\w{2,}[^\Wsui]s)"
    r"(?= (?:the|an?|its|their|all|each|every|no|not|to|by|with|in|on|of|two|\w+ed|\w+)\b|$)"
)
_RELATIVE = re.compile(
    r"(?:that|which) (?!this\b|its\b|as\b)(?:is|has|can|may|must|will|does|\w+ly|\w{2,}s)\b"
    r"|(?:whose|in which|where|for which|by which)\b"
)


@lru_cache(maxsize=50_000)
def limit_strength(text: str) -> int:
    """4: it warns; 3: it forbids or speaks of failure; 2: it sets one thing against another; 1: it limits or
    requires; 0: none of these.
    """
    if _NO_LIMIT.search(text):
        return 0
    if pitfall_strength(text) == 2 or _WARNS.search(text):
        return 4
    here = next((len(_LIMITS) - k for k, pattern in enumerate(_LIMITS) if pattern.search(text)), 0)
    if here or _ENGLISH.search(text):
        return here
    return next((len(_LIMITS) - k for k, pattern in enumerate(_LIMITS_ELSEWHERE) if pattern.search(text)), 0)


#: What the main clause denies, in front of any relative clause.
_DENIES = re.compile(
    r"^(?:(?!\b(?:that|which|who|whose|where|if|when|any)\b)[^,;])+?\b"
    r"(?:is|are|was|were|does|do)(?: (?-i:not)|n['’]t)\b",
    re.IGNORECASE,
)
_SET_AGAINST = re.compile(
    r"\b(?:unlike|whereas|although|despite|even (?:if|though)|rather than"
    r"|not all|not every|not necessarily|no longer|no more|hardly)\b|\bbut not\b",
    re.IGNORECASE,
)


def speaks_against(text: str) -> bool:
    """Whether a sentence that defines something also speaks against a mistake: it forbids, limits, or denies
    in its main clause. A denial that is part of the definition ("a group that is not …") tells no mistake."""
    return limit_strength(text) != 2 or bool(_SET_AGAINST.search(text) or _DENIES.match(text))


def is_story(s: Statement) -> bool:
    """Whether the author speaks of himself and his readers."""
    return bool(_STORY.search(s.passage.text))


def refers_back(text: str) -> bool:
    """Whether a sentence needs the one before it."""
    return bool(_LEANS_BACK.match(text))


def can_warn(s: Statement) -> bool:
    """Whether a statement can stand as a pitfall: a sentence of its own about the concept, neither its
    definition nor the author's story.
    """
    return (
        s.clause
        and (not s.defines or limit_strength(s.text) == _MOST)
        and s.passage.role in ("fact", "definition", "example")
        and s.value > _WORTHLESS
        and not is_story(s)
        and not refers_back(s.text)
    )


def distinguished(passages: Sequence[Passage]) -> str:
    """Two things that the source says differ, as the mistake of mixing them up; empty where it names none."""
    for p in passages:
        hinted = p.role not in ("code", "question") and any(hint in p.text for hint in _APART_HINTS)
        found = _APART.search(p.text) if hinted else None
        if found:
            return sentence(
                f"Mixing up {found['a'] or found['c'] or found['e']} and {found['b'] or found['f']}"
            )
    return ""


def kind_and_difference(complement: str) -> tuple[str, str] | None:
    """The kind and the difference in what a concept is ("a relation", "that is
    transitive"), if it has that form.
    """
    found = _GENUS.match(complement)
    if not found or found["article"] == "the" or _NO_GENUS.search(found["genus"]):
        return None
    # One predicate, or several with "and" between them; what has more is a whole sentence that only opens
    # like a definition.
    only = found["only"]
    predicates = len(_FINITE.findall(only))
    if not _RELATIVE.match(only) or predicates > 1 + len(re.findall(r"\band\b", only)) or not balanced(only):
        return None
    return found["genus"], only


def taken_for(complement: str, name: str) -> str:
    """The mistake that a definition by kind and difference speaks against: to take any of the
    kind for the concept. `complement` is what the concept is ("a relation that is transitive");
    empty where it has no such form."""
    found = kind_and_difference(complement)
    return (
        sentence(f"Taking any {found[0]} for {name}: it has to be one {found[1]}")
        if found and same_key(found[0]) != same_key(name)
        else ""
    )


def mixed_up(name: str, other: str, definition: str) -> str:
    """The mistake of taking one concept for the `other` that has most in common with it; `told`
    says what the other one is.
    """
    return sentence(f"Mixing up {name} with {other}: {definition}")


def alike(titles: Sequence[str], definitions: Sequence[str]) -> Mapping[int, int]:
    """For each concept the one that it is most easily mixed up with, if there is any: the names end in the
    same word, which few others do, and the definitions have another telling word in common. An empty
    definition is like none."""
    by_head: dict[str, list[int]] = defaultdict(list)
    for i, title in enumerate(titles):
        forms = word_forms(core_name(title))
        # What is done with a thing is not mixed up with the thing.
        if forms and definitions[i] and not forms[0].endswith("ing"):
            by_head[forms[-1]].append(i)
    found: dict[int, int] = {}
    for few in (few for few in by_head.values() if 1 < len(few) <= _FEW_ALIKE):
        names = {w for i in few for w in Words.stems(titles[i])}
        stems = {i: set(Words.stems(definitions[i])) - names for i in few}
        for i in few:
            shared, nearest = max((len(stems[i] & stems[j]), -abs(i - j)) for j in few if j != i)
            if shared:
                found[i] = next(
                    j for j in few if j != i and len(stems[i] & stems[j]) == shared and abs(i - j) == -nearest
                )
    return found
