"""From the sentences of a source to statements that stand on their own: without what only leads the reader
through the text, with the concept's name where a pronoun stood for it, and short enough for a core idea.
Nothing is added but that name, and nothing is cut in the middle."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from dagogy_provider_internal.concept import Concept
from dagogy_provider_internal.lexicon import VERBS, imperative_of, is_imperative, is_pointer
from dagogy_provider_internal.naming import balanced, core_name, key_words, running_name, singular
from dagogy_provider_internal.passages import COMMAND, Passage
from dagogy_provider_internal.phrasing import (
    capitalised,
    is_demand,
    is_fragment,
    sentence,
    uncapitalised,
    within,
)

#: Characters of a statement: what is longer loses subordinate clauses, and is used only where there is
#: nothing else if it stays longer.
LONGEST = 240
_SHORTEST = 4  # words
# plain statements of one concept; what comes after them is looked at for warnings and exercises only
_ENOUGH = 40
_ENOUGH_MERGED = 200  # the same where others were merged into it: each of them may have to say
_ENOUGH_OF_A_MEMBER = 6  # the same of each of these
_MOST_NAMES = 60  # of a concept that many were merged into; those of the first

#: `code {number} The exit code`: the type of a parameter says nothing in a sentence.
_TYPED = re.compile(r"^(?P<name>[\w.$\[\]]+) \{[^{}]{1,60}\}[.:]? (?P<rest>\S.*)$")
_CALL = re.compile(r"^(?:warning|caution|attention|important|danger|note|tip)\s?[:!]\s+", re.IGNORECASE)
#: A sentence without its end, a pattern to be filled in, a note of work.
LEFT_OPEN = re.compile(
    r"(?:\b(?:and|or|the|of)|…|\.\.\.|\b(?:TODO|TBD))[.\s]{0,40}$|^(?:<[^<>]+>[/:@.\s-]*)+$"
)
_WRAPPED = re.compile(r"^\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)[.!]?$")
_ASIDE = re.compile(
    r"(?:(?<!\s)\s+)?\((?:also )?(?:see|cf\.?|compare|discussed|described|covered"
    r"|shown|as (?:shown|described|discussed|mentioned)|more on|footnote)\b[^()]*\)|"
    r"(?:,|;|\s[–—-])\s(?:see|cf\.)\s[^.;]*(?=[.;]|$)|"
    r",? as (?:shown|seen|described|discussed|mentioned|explained)"
    r"(?: in| above| below| earlier)?[^,.;]*,?(?=[,.;\s]|$)|"
    r",? (?:which (?:is|are) )?(?:discussed|described|covered|explained|introduced|mentioned) "
    r"(?:in (?:the |more )?(?:“|next|previous|another|section|chapter|detail)|"
    r"above|below|earlier|later)[^,.;]*,?(?=[,.;\s]|$)",
    re.IGNORECASE,
)
_MARKS = re.compile(
    r"(?<=[\w.)])\s*\^?[*†‡]+(?=\s|$).*$|(?:(?<!\s)\s+)?\[\d{1,3}\]|(?<![⁰¹²³⁴-⁹])[⁰¹²³⁴-⁹]+$"
)
#: "Know that X", "Note that X": only X is the statement.
_UNWRAPPED = re.compile(
    r"^(?:also,? )?(?:please )?(?:know|understand|note|notice|remember|recogni[sz]e"
    r"|recall|see|realize|realise|be aware|keep in mind|bear in mind|observe|"
    r"it is (?:important|worth|useful|helpful) (?:to (?:note|remember|know|understand|realize)|noting)"
    r"|(?:we|you) (?:can|may|should) (?:say|see|note)|"
    r"it (?:turns out|follows)|this means|that means|(?:as|because|since) you (?:know|can see),?)"
    r"(?: informally| intuitively| formally)?(?:,? that|:)\s+",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"^(?:(?:however|therefore|thus|hence|moreover|furthermore|in addition"
    r"|additionally|also|so|but|and|then|in fact|indeed|of course|nevertheless|"
    r"nonetheless|similarly|likewise|consequently|as a result|in other words"
    r"|that is|in short|finally|next|again|here|now|generally|for example|"
    r"for instance|in particular|specifically|on the other hand"
    r"|as such|besides|that said|simply put|note|surprisingly|"
    r"first|second|third|fortunately|unfortunately|luckily)[,:]\s+|(?:thus|hence|therefore"
    r"|but|and|also|here|so|yet|moreover|then)\s+(?!far\b|that\b|called\b|much\b|many\b))",
    re.IGNORECASE,
)
#: What speaks to the reader about the text, tells a story, or needs what stood before it.
NARRATIVE = re.compile(
    r"\blet['’]s\b|^let us\b|^(?:see|refer to|visit|read more)\b|\b(?:we|i)['’](?:ve|ll|d)\b|"
    r"\byou['’](?:ve|d)\b|\byou['’]ll (?:need|learn|see|notice|find|also|be|use|want|get)\b|"
    r"\bwe (?:will|have|had|saw|were|did)\b|\byou (?:saw|had|did)\b"
    r"|\bwe (?:mentioned|discussed|showed?|used|wrote)\b|"
    r"\b(?:this|the|next|previous|last|following|another|our|these) "
    r"(?:chapters?|sections?|book|exercises?|lessons?|tutorials?|articles?|course|concept|page|track)\b|"
    r"\bhere we\b|^before we\b|\bwe (?:print|want|don['’]t want|may want|need to (?:talk|discuss))\b|"
    r"^say (?:we|you)\b|^(?:suppose|imagine|consider|recall)\b"
    r"|\bas (?:above|before|follows)\b|\b(?:shown|seen|given|listed) (?:above|below|here)\b|"
    r"^(?:the (?:former|latter|same|other)|this same|"
    r"one of (?:them|these)|both of|other(?:s| possibilities| ways)?"
    r"|another|neither|either|none of (?:them|these))\b|"
    r"^(?:as(?! an? )|because|since|although|while|whereas)\s[^,]*$"
    r"|^[“\"][^“”\"]*[”\"]\.?$|^(?:similar|more) (?:details|information|examples?)\b|"
    r"^if you(?:['’]re| are) (?:new|wondering|familiar|curious"
    r"|unsure|not sure|interested|coming)\b|\bwhy (?:that|this) is\b|"
    r"^(?:now that you|so far)\b|\bplease\b|\bclick\b|\bhere[.,]?$|"
    r"^the (?:inverse|reverse|opposite|same|reason|problem|answer"
    r"|solution|downside|upside|rest|first one|second one)\b|"
    r"\b(?:do|did|doing|hear|call|see|use|like|achieve|avoid"
    r"|solve|fix|of|for|with|on|to|by) (?:this|that|these|those)"
    r"(?=[.,;]|$|\s(?:to|is|referred|in|by|with)\b)|"
    r"\b(?:example|listing|figure|table) (?:above|below|\d)"
    r"|\b(?:operators?|functions?|syntax|statements?|loops?|methods?|variables?) (?:above|below)\b|"
    r"^(?:above|below),|^an example (?:that|of|which)\b"
    r"|\bI (?:\w+ )?(?:have|had|will|am|would|want|think|use|used|show)\b|"
    r"^(?:\w+ )?(?:research )?(?:paper|chapter|book|article|essay|video|talk|lesson|post) "
    r"(?:covers|discusses|explains|describes|presents|introduces|is about)\b",
    re.IGNORECASE,
)
PRONOUN = re.compile(r"^(?P<word>It|They|This|These|That|Those|He|She|Such)\s+(?P<next>[\w’']+)")
#: "When it is full, …": a pronoun is the subject of the clause that opens the sentence. What comes to, rains
#: or is necessary stands for nothing.
_PRONOUN_INSIDE = re.compile(
    r"^(?P<when>(?:When(?:ever)?|If|Once|After|Before|While|Because|Since|As"
    r"|Although|Though|Until|Unless|Where(?:ver)?|Even (?:if|though)|As soon as) )"
    r"(?P<word>it|they|this|these|that|those|he|she) (?!comes to\b|rains\b"
    r"|(?:is|was) (?:\w+ly )?(?:necessary|possible|important|clear|true|known|raining)\b)"
    r"(?P<next>[\w’']+)"
)
_VERBS_AFTER = frozenset(
    (
        "meant made gave led allowed became helped showed caused turned changed let is are was were has have "
        "had can could may might must should will would does do did means mean makes make allows allow lets "
        "let helps help gives give ensures ensure requires require includes include happens happen works "
        "work prevents prevent leads lead results result enables enable causes cause shows show becomes "
        "become comes come takes take applies apply holds hold implies imply refers refer provides provide "
        "also in not only isn’t isn't aren’t aren't doesn’t doesn't don’t don't can’t can't cannot then "
        "usually often always never still just all both simply typically generally"
    ).split()
)
_SUBJECTLESS = re.compile(
    r"^(?P<verb>Requires|Needs|Builds (?:up)?on|Depends on|Presupposes|Covers"
    r"|Includes|Contains|Uses|Allows|Lets|Enables|Helps|Provides|Gives|Shows|Has|"
    r"Consists of|Measures|Describes|Represents|Defines|Means|Refers to|Holds|Makes|Takes|Returns|Means)\s"
)
_PROPOSITIONAL = frozenset("This These That Those Such He She".split())
#: Skills as standards and syllabi put them.
_ORDER = re.compile(
    r"^(?:Know|Understand|Assume|Suppose|Learn|Be able|Be aware"
    r"|Recognize|Recognise|Relate|Experiment)\b(?! (?:is|are|of)\b)"
)
_ORDERED = re.compile(
    r"^\w+ (?:that|how|why|whether|what|which|an?|the|your|each|every|all|one|two|three|it|them)\b"
)
_SUBORDINATE = re.compile(r",|\b(?:how|what|that|which|who|where|when|whether|if|in which)\b")
_FINITE = frozenset(
    (
        "is are was were be been has have had can could may might must will would shall should does do did"
    ).split()
)
#: Behind these "That" opens a clause and stands for nothing.
_OPENS_CLAUSE = frozenset("they it the a an two no each all both there you".split())
_OPENS_OBJECT = frozenset("the a an its all each every any one two three how what whether to".split())
_DETERMINERS = frozenset(
    "a an the its their his her each every any some no this that of for in to with two three".split()
)
VERBS_MORE = frozenset(
    (
        "allow let enable help permit ensure require include contain consist hold mean refer imply happen "
        "prevent lead result cause become come go apply provide need depend vary grow fall rise lower raise "
        "increase decrease differ belong exist occur remain stay keep return accept store support assume "
        "describe denote involve share offer act serve handle rely wrap depend absorb carry cost end begin "
        "form live lie say think know see suit fit follow behave bind bond react melt dissolve ferment ripen "
        "spread travel flow shrink swell cause tend seem appear matter vanish converge commute equal exceed "
        "satisfy span map intersect own owe bear own commit oblige protect govern bar void"
    ).split()
)
#: An "it" that stands for nothing: "It is often claimed that …", "It is hard to …".
EXPLETIVE = re.compile(
    r"^It (?:is|was|has been|can be|may be|should be|must be)(?: \w+)? "
    r"(?:\w+ that|(?:\w+ly )?(?:important|possible|impossible|easy|hard|difficult|common|"
    r"useful|necessary|better|best|customary|tempting|easier|harder|safe|safer|wise|enough) (?:to|for))\b"
)
#: The rest of a sentence that a formula or a block of code has torn apart.
_INVERTED = re.compile(r"(?:Is|Are|Was|Were|Does|Has)\s")
#: Opens or ends what answers the question in front of it, and says nothing without it.
_ANSWERS = re.compile(
    r"^(?:yes|no|because|ja|nein|weil|denn|oui|non|parce que|sí|porque|да|нет|потому что)\b"
    r"|^(?:نعم|لا[،,]|لأن|כן,|לא,|כי\s|是的|不是|不会|因为|因為|"
    r"它|はい|いいえ)|"
    r"から(?:だ|です)。?$",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"^[^:.,]{2,30}: \S")
_FIRST_PERSON = {"we": "you", "our": "your", "us": "you", "ours": "yours", "ourselves": "yourself"}
_FIRST = re.compile(r"\b(?:we|our|us|ours|ourselves)\b", re.IGNORECASE)
_CONTRACTED = re.compile(r"^(It|They|This|That|These|Those|We|You)['’](s|re)\b(?! been\b)")
_WE = re.compile(r"\b(?:we|our|us|I|my)\b", re.IGNORECASE)


_OPENING = re.compile(r"^(?P<article>(?:An?|The|Each|Every|All)\s)?(?P<words>[\w`'-]+(?:\s[\w`'-]+){0,2})")
_SHORT_WORD = 3
_LIGHT = frozenset(
    (
        "with from type types using value values define defining example problem problems more other "
        "general basic number numbers"
    ).split()
)
_ENDS_SUBJECT = frozenset(
    (
        "of for to in on with from by is are that which when if as at you we it they this these can will "
        "and or let lets allow allows"
    ).split()
)


@dataclass
class Statement:
    """A sentence that can be read alone. `subject`: it is about the concept in so many words; `defines`: it
    says what the concept is; `clause`: it can follow "that". `value` ranks statements; the higher, the more a
    learner gets from it."""

    text: str
    passage: Passage
    subject: bool = False
    defines: bool = False
    clause: bool = False
    value: float = 0.0

    @cached_property
    def key(self) -> str:
        """The text as it is compared with others."""
        return key_of(self.text)


def key_of(text: str) -> str:
    """A sentence as it is compared with others."""
    return text.casefold().rstrip(" .!?。！？؟۔।")


class _Subject:
    """Finds the concept as the grammatical subject of a sentence."""

    def __init__(self, concept: Concept) -> None:
        names = dict.fromkeys(
            n
            for name in (concept.names or [concept.title])[:_MOST_NAMES]
            for n in (name, core_name(name))
            if n.strip()
        )
        forms = sorted(
            {f for n in names for f in (n, " ".join(map(singular, n.split())))}, key=lambda f: (-len(f), f)
        )
        written = "|".join(re.escape(f).replace(r"\ ", r"\s+") for f in forms)
        self._written = written
        self.title = running_name(concept.title)
        self.distinctive = frozenset(
            w for w in key_words(self.title) if len(w) > _SHORT_WORD and w not in _LIGHT
        )

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the concept's name as the noun phrase that opens a sentence. Compiled when it is asked for:
        of many concepts nothing is said.
        """
        return re.compile(
            rf"^(?P<np>(?:(?:An?|The|Every|Each|All)\s+)?(?:{self._written})(?:e?s)?(?:\s\([^()]*\))?)(?![\w-])",
            re.IGNORECASE,
        )

    @cached_property
    def anywhere(self) -> re.Pattern[str]:
        """Finds the concept's name inside a sentence."""
        return re.compile(rf"(?<![\w-])(?:{self._written})(?:e?s)?(?![\w-])", re.IGNORECASE)

    def of(self, text: str) -> str:
        """The noun phrase about the concept that `text` opens with, or an empty string: its name, or a phrase
        of few words with a telling one of it.
        """
        match = self.pattern.match(text)
        if match:
            return match["np"]
        opening = _OPENING.match(text)
        if opening is None:
            return ""
        before = opening["words"].split()
        at = next(
            (k for k, w in enumerate(before) if singular(w.lower().strip("`'")) in self.distinctive), -1
        )
        # A preposition or verb in front of the telling word makes another thing the subject.
        if at < 0 or any(w.lower() in _ENDS_SUBJECT for w in before[: at + 1]):
            return ""
        return f"{opening['article'] or ''}{' '.join(before[: at + 1])}"


def statements(passages: Sequence[Passage], concept: Concept) -> list[Statement]:
    """What the passages state, in their order. A sentence that cannot stand alone is left out."""
    subject = _Subject(concept)
    known = _named(subject.title, passages)
    out: list[Statement] = []
    before: Passage | None = None
    plain: Counter[str] = Counter()
    meant = known
    asked = False
    for passage in passages:
        after_question, asked = asked, passage.role == "question"
        if (
            passage.role in ("code", "question")
            or passage.data
            or (passage.role == "requires" and passage.explicit)
        ):
            continue
        enough = (
            len(out) >= (_ENOUGH_MERGED if passage.member else _ENOUGH)
            or plain[passage.member] >= _ENOUGH_OF_A_MEMBER
        )
        if enough and passage.role == "fact":
            continue
        if after_question and _ANSWERS.search(passage.text):
            continue
        same_block = before is not None and before.lines == passage.lines and before.column == passage.column
        # A new block speaks of the concept again; inside one, a sentence with another
        # subject takes the pronouns over.
        meant = meant if same_block else known
        made = _statement(passage, subject, meant)
        opens_with = subject.of(made.text if made else passage.text)
        if opens_with:
            meant = opens_with
        elif made is None or not made.subject:
            meant = known if passage.first or passage.role == "requires" else ""
        if made is not None:
            out.append(made)
            plain[passage.member] += bool(passage.member)
        before = passage
    return out


def _named(title: str, passages: Sequence[Passage]) -> str:
    """The concept as the source writes it as a subject, with its article; else with "the",
    where it is no name or plural.
    """
    first = next((p.text for p in passages if p.first), "")
    found = re.match(rf"^(?:An?|The)\s+{re.escape(title)}\b", first, re.IGNORECASE)
    if found:
        return found.group()
    running = (
        title[:1].lower() + title[1:] if title[1:2].islower() and not re.search(r"\s[A-Z]", title) else title
    )
    opens = first[: len(title)].casefold() == title.casefold()
    return capitalised(running) if opens or is_plural(title) or running == title else f"The {running}"


def is_plural(name: str) -> bool:
    last = name.rsplit(maxsplit=1)[-1] if name.strip() else ""
    return " and " in name or singular(last) != last


def _statement(passage: Passage, subject: _Subject, meant: str) -> Statement | None:
    text = cleaned(passage.text)
    if (
        not text
        or text.endswith((":", "：", "?", "？", "؟"))
        or not balanced(text)
        or _INVERTED.match(text)
        or LEFT_OPEN.search(text)
    ):
        return None
    alone = resolved(text, meant)
    if alone is None:
        return None
    about = alone != text or bool(subject.of(alone))
    short = within(alone, LONGEST)
    brief = passage.explicit and len(short.split()) >= _SHORTEST - 1 and _has_verb(short)
    if not short or (_bare(short, subject) and not brief) or is_pointer(short) or NARRATIVE.search(short):
        return None
    short = addressed(short)
    clause = (
        _is_clause(short, subject.title)
        and not (passage.role == "practice" and is_imperative(short))
        and not _LABELLED.match(short)
    )
    made = Statement(short, passage, about, passage.role == "definition" and passage.first, clause)
    made.value = _value(made, subject)
    return made


@lru_cache(maxsize=50_000)
def cleaned(text: str) -> str:
    """A sentence without asides, marks and what ties it to the one before it, with a capital in front."""
    text = _CONTRACTED.sub(lambda m: f"{m[1]} {'is' if m[2] == 's' else 'are'}", " ".join(text.split()))
    typed = _TYPED.match(text)
    text = f"{typed['name']}: {typed['rest']}" if typed else text
    text = _CALL.sub("", text)
    wrapped = _WRAPPED.match(text)
    text = _MARKS.sub("", wrapped["inside"] if wrapped else text)
    text = re.sub(
        r"^As (?:mentioned|discussed|noted|described|shown|seen"
        r"|explained|stated|we|you|already)\b[^,]{0,80},\s+",
        "",
        text,
    )
    text = _ASIDE.sub("", text.replace(", however,", "")).strip()
    for _ in range(2):
        text = _UNWRAPPED.sub("", text)
        text = _OPENER.sub("", text)
    text = text.strip(" ,;–—")
    first = text.split(" ", 1)[0]
    return capitalised(text) if first.isalpha() and first.islower() and not COMMAND.match(text) else text


def addressed(text: str) -> str:
    """`text` with the reader in place of an author who speaks of "us": a node has no
    author. `US` is no pronoun.
    """

    def second(found: re.Match[str]) -> str:
        word = found.group()
        message = _FIRST_PERSON[word.lower()]
        return word if word.isupper() else capitalised(message) if word[0].isupper() else message

    return _FIRST.sub(
        second, re.sub(r"\b(we|We)['’]re\b", lambda m: "You’re" if m[1] == "We" else "you’re", text)
    )


def resolved(text: str, meant: str) -> str | None:
    """`text` with the concept in place of the pronoun it starts with; None where nobody can tell what the
    pronoun stands for.
    """
    if EXPLETIVE.match(text):
        return text
    if inside := _PRONOUN_INSIDE.match(text):
        return _resolved_inside(text, inside, meant)
    match = PRONOUN.match(text)
    if match is None:
        if _lacks_subject(text) and is_plural(meant):
            return None
        if _lacks_subject(text) and meant:
            return f"{capitalised(meant)} {uncapitalised_first(text)}"
        return text
    word, follows = match["word"], match["next"].lower()
    if word == "That" and follows in _OPENS_CLAUSE:
        return text
    if word in _PROPOSITIONAL:
        # "This rule …" names what it means, "This allows …" does not.
        return (
            None
            if follows in _VERBS_AFTER or word in ("That", "He", "She", "Such") or _third_person(follows)
            else text
        )
    if not meant or (word == "They") != is_plural(meant):
        return None
    return f"{capitalised(meant)}{text[len(word) :]}"


def _resolved_inside(text: str, found: re.Match[str], meant: str) -> str | None:
    """`text` with the concept for the pronoun of its first clause, where that can be it and has an article to
    tell that it is no proper name.
    """
    word, article = found["word"].capitalize(), re.match(r"(?:An?|The) ", meant)
    if word in _PROPOSITIONAL:
        return (
            None
            if found["next"].lower() in _VERBS_AFTER
            or word in ("That", "He", "She")
            or _third_person(found["next"])
            else text
        )
    name = meant[article.end() :] if article else meant
    if name and name.casefold() in text.casefold():
        return text
    if not article or (word == "They") != is_plural(meant):
        return None
    return f"{found['when']}{uncapitalised_first(meant)}{text[found.end('word') :]}"


def _lacks_subject(text: str) -> bool:
    """Whether a sentence begins with its verb, as definitions in tables do ("Returns the length")."""
    first, _, rest = text.partition(" ")
    third = first.lower().removesuffix("s")
    verb = (
        first.endswith("s")
        and first[:1].isupper()
        and any(v in VERBS or v in VERBS_MORE for v in (third, third.removesuffix("e")))
    )
    return bool(_SUBJECTLESS.match(text)) or (verb and rest.split(" ", 1)[0] in _OPENS_OBJECT)


def _third_person(word: str) -> bool:
    return (
        len(word) > 4
        and word.endswith("s")
        and not word.endswith(("ss", "us", "is", "ions", "ers", "ors", "ies", "ments"))
    )


def uncapitalised_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _bare(text: str, subject: _Subject) -> bool:
    """Too short to state anything, or only the name again."""
    spaced = text.isascii() or len(text.split()) >= _SHORTEST
    if spaced and (len(text.split()) < _SHORTEST - 1 or (len(text.split()) < _SHORTEST and len(text) < 24)):
        return True
    # A key costs more than the rest of the reading: a sentence several times as long as
    # the name is more than that.
    only_name = len(text) <= 3 * len(subject.title) + 40 and set(key_words(text)) <= {
        *key_words(subject.title),
        "cover",
        "include",
    }
    return only_name or (not spaced and len(text) < 6)


def _is_clause(text: str, title: str) -> bool:
    """Whether `text` can follow "that": neither a noun phrase nor an order."""
    if is_fragment(text, title) or is_order(text, title) or _lacks_subject(text) or _bids(text):
        return False
    # "Giving measures of center, and how they are found": a gerund with a verb
    # further on is no sentence either.
    if text.split(" ", 1)[0].endswith("ing") and imperative_of(text.split(" ", 1)[0]):
        main = _SUBORDINATE.split(text)[0]
        return bool(
            _FINITE.intersection(main.lower().split())
            or re.search(r"\b\w{2,}s (?:the|an?|it|its|them|you|all|each)\b", main)
        )
    letters = [c for c in text if c.isalpha()]
    # A sign such as ° or × is of no script; what an English verb is can only be asked of Latin letters.
    return sum(not c.isascii() for c in letters) > 0.4 * len(letters) or _has_verb(text)


def _bids(text: str) -> bool:
    """Whether a text opens with the plain form of a verb and its object ("Raise an error …")."""
    first, _, rest = text.partition(" ")
    object_ = rest.split(" ", 1)[0]
    return first.lower() in VERBS_MORE and (
        object_ in _OPENS_OBJECT - {"to", "what", "how", "whether"}
        or (object_.endswith("ed") and " " in rest)
    )


def _has_verb(text: str) -> bool:
    """Whether an English text may have a finite verb: a noun phrase with its adjuncts ("The
    roll of a die: …") has none.
    """
    found = [w.strip(".,;:()“”\"'").lower() for w in text.split()]
    for before, word in zip(["", *found], found, strict=False):
        if word in _FINITE or re.search(r"n['’]t$|['’](?:s|re|ve|ll)$", word):
            return True
        if before not in _DETERMINERS and _is_verb(word):
            return True
    return False


def _is_verb(word: str) -> bool:
    return any(
        base in VERBS or base in VERBS_MORE
        for base in (word, word[:-1], word[:-2], word[:-3] + "y")
        if len(base) > 1
    )


def is_order(text: str, title: str = "") -> bool:
    """Whether a sentence tells the reader to do, know or leave something, also behind an adverb or its
    circumstances ("Using A, show B").
    """
    if is_demand(text, title) or _ORDER.match(text) or (is_imperative(text) and _ORDERED.match(text)):
        return True
    behind = re.match(
        r"(?:[A-Z]\w+ly|(?:Using|With|For|Given|In|From|By|Without|Through)\s[^,;:]{2,80},(?:\s\w+ly)?)\s(?P<verb>[a-z]+)\b",
        text,
    )
    return bool(behind) and imperative_of(behind["verb"] if behind else "") == (
        behind["verb"] if behind else "-"
    )


def _value(made: Statement, subject: _Subject) -> float:
    text = made.text
    value = 3.0 * made.defines + 2.0 * made.subject + bool(subject.anywhere.search(text)) + 0.5 * made.clause
    if is_order(text, subject.title):
        value -= 1.5
    elif not made.clause and not is_fragment(text, subject.title):
        value -= 1.0
    value -= 1.0 * (made.passage.role in ("example", "other", "pointer", "practice")) + 0.5 * bool(
        _WE.search(made.passage.text)
    )
    value -= 0.5 * bool(
        re.match(r"(?:This|These|There|Those|If you|When you|In (?:this|these|that|such) cases?)\b", text)
    ) + 0.5 * (len(text.split()) > 32)
    return value + 0.5 * made.passage.explicit


#: "Show that X", "explain why X": what is demanded says X.
_CLAIMS = re.compile(
    r"^(?:(?:informally|formally) )?(?:know|understand|show|prove|recogni[sz]e"
    r"|verify|explain|see|realize|demonstrate|observe|argue|be aware)"
    r"(?:, [^,]{2,40},)?(?: informally)? (?:that|why) (?P<claim>.{12,})$",
    re.IGNORECASE,
)
_SEEN_AS = re.compile(
    r"^(?P<verb>Understand|Interpret|Recognize|Recognise|View|Describe|Regard) "
    r"(?P<what>(?!how\b|that\b)[^,;:]{3,70}?) as (?P<how>.{8,})$"
)
_PARTICIPLES = {
    "understand": "understood",
    "interpret": "interpreted",
    "recognize": "recognized",
    "recognise": "recognised",
    "view": "seen",
}


def claimed(statement: Statement, title: str) -> Statement | None:
    """A statement for a demand that says what is so: "Show that X" says X, and "Interpret A as B" that A can
    be interpreted as B. What demands nothing is left as it is; None where the claim cannot stand alone."""
    text = statement.text.rstrip(".")
    claim, seen = _CLAIMS.match(text), _SEEN_AS.match(text)
    if not is_order(statement.text, title) or not (claim or seen):
        return statement
    if claim:
        claim_text = sentence(claim["claim"])
    elif seen:
        verb = seen["verb"].lower()
        claim_text = sentence(
            f"{seen['what']} can be {_PARTICIPLES.get(verb, f'{verb}ed'.replace('eed', 'ed'))} as "
            f"{seen['how']}"
        )
    if not balanced(claim_text) or resolved(claim_text, "") != claim_text or PRONOUN.match(claim_text):
        return None
    return Statement(
        claim_text,
        statement.passage,
        statement.subject,
        statement.defines,
        _is_clause(claim_text, title),
        statement.value + 1.0,
    )


def halves(statement: Statement, meant: str) -> Iterator[Statement]:
    """The main clauses of a statement that has two, each as one of its own."""
    match = re.match(
        r"^(?P<left>[^;]{20,}?)(?:;\s+|,\s(?:and|but|so)\s(?=(?:it|they|the|an?|each|all|no|every)\s))(?P<right>[^;]{20,})$",
        statement.text.rstrip("."),
    )
    right = resolved(cleaned(match["right"]), meant) if match else None
    if (
        match
        and right
        and balanced(match["left"])
        and balanced(right)
        and _finite(match["left"])
        and _finite(right)
    ):
        for k, part in enumerate((match["left"], right)):
            yield Statement(
                sentence(part),
                statement.passage,
                statement.subject and not k,
                statement.defines and not k,
                statement.clause,
                statement.value - k,
            )


def _finite(text: str) -> bool:
    return bool(
        re.search(
            r"\b(?:is|are|was|were|has|have|can|may|must|will|does|do|cannot)\b|\b\w{3,}[^s\W]s\b", text
        )
    )


def clause(statement: Statement, plain: frozenset[str], longest: int = 170) -> str:
    """The statement as it follows "that", or an empty string where it cannot."""
    text = within(statement.text, longest) if statement.clause else ""
    return uncapitalised(re.sub(r"^Instead, |(?<=\S)[.!。！۔।]$", "", text), plain) if text else ""
