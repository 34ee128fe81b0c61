"""Cutting source sentences to what a node needs: shortened ideas, a task with its criterion, a capability.
Nothing is added but the few words that turn a statement into something to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from dagogy_provider_internal.lexicon import OUTCOME_VERBS, VERBS, imperative_of, is_imperative
from dagogy_provider_internal.naming import balanced, singular, word_forms
from dagogy_provider_internal.passages import Passage

_OPENS = re.compile(r"[A-Z][a-z]{2,}(?= [a-z])")
_WITHIN = re.compile(r"(?<=[\w,;] )[A-Za-z][a-z’'-]*\b")
_LONGEST = 240
_HOPELESS = 600
_PARENTHESES = re.compile(r"(?:(?<!\s)\s+)?\((?=[^()]*[^\W\d_]{3})[^()]*\)")
_EXAMPLES = re.compile(
    r"(?:,\sincluding|,?\s(?:such as|e\.g\.|for example|for instance))"
    r"\s[^.;:]{0,300}?(?=[;:]|,\s(?:and|but|so|which|because)\s|\.?$)"
)
#: Where a sentence can end early: before a clause that only adds to it, never inside a list.
_CUT = re.compile(
    r";\s|:\s|,\s(?:which|so|because|since|but|where|while|unless|although|though|whereas|making|allowing|"
    r"and (?:it|they|the|this|these|then|thus|so))\b|\s[–—]\s|—|\s--?\s"
)
#: What cannot be the end of a sentence: a condition without its consequence.
_HANGS = re.compile(
    r"^(?:if|when|while|where|although|though|because|since|as|given"
    r"|unless|once|after|before|unlike|with|in order|for)\b[^,]*$",
    re.IGNORECASE,
)
_LEAST_KEPT = 5  # words
_ABLE = re.compile(
    r"^(?:be able to|you (?:can|should be able to)"
    r"|(?:students?|learners?) (?:can|will be able to)|know how to|can)\s+",
    re.IGNORECASE,
)
#: Verbs behind a semicolon that say what must be seen, and not what is to be done next.
_SEEN = frozenset("confirm check verify expect see show observe note tell prove explain".split())
_JOINED = re.compile(
    r"(?:,\s+and\s+|;\s+|,\s+then\s+|(?<!\s)\s+and\s+|,\s+)(?:then\s+)?(?P<verb>[A-Za-z]+)\b"
)
_RESULT_FOR = re.compile(
    r"^(?P<verb>Find|Compute|Calculate|Get|Obtain|Work out|Reproduce"
    r"|Determine|Report|Measure|Show|Derive|Estimate)(?=[^:;]*$)\s"
    r"(?P<result>\D*\d.*?)\s(?P<given>(?:for|from|after)\s+(?:the\s+|a\s+)?.{0,300}?\w.*)$"
)
_PHRASE_WITH_VERB = re.compile(
    r"^\w+ (?:\S+ ){0,2}(?:an?|the|and|with|by|to|from|your|how|that|problems?|between|of|in|on)\b .*",
    re.IGNORECASE,
)
_SECOND_RESULT = re.compile(r"\b(then|and) ([^\s\d]*\d\S*) for\b")
_FUNCTION_START = frozenset(
    (
        "a an the it its in on of for to when if each every one two both this these those that they there "
        "with without by from as at some many most all any after before because although while such no not "
        "only during you we your our he she his her their its what which how where here despite unlike like "
        "using having given also often usually once unless until within between among instead either "
        "sometimes since so than as through over under about against across besides except even just still "
        "then however fortunately similarly typically generally informally together not nothing none "
        "whenever wherever whether who whose without regardless according due"
    ).split()
)


def shortened(sentence: str, longest: int = _LONGEST) -> str:
    """The sentence within `longest` characters where that can be done without cutting into it, else the whole
    sentence; only what has several hundred characters and no clause to do without is cut off, with "…"."""
    text = within(sentence, longest) or _closed(" ".join(sentence.split()))
    return text if len(text) <= _HOPELESS else f"{text[:_HOPELESS].rpartition(' ')[0] or text[:_HOPELESS]} …"


def within(sentence: str, longest: int) -> str:
    """The sentence in at most `longest` characters; an empty string where it has no clause to do without.

    It loses, in this order and no more than needed: parentheses, examples, and the clauses at its end.
    """
    text = " ".join(sentence.split())
    for shorten in (lambda t: t, lambda t: _PARENTHESES.sub("", t), lambda t: _EXAMPLES.sub("", t)):
        text = shorten(text)
        if len(text) <= longest:
            return _closed(_LOOSE_END.sub("", text))
    cuts = [m.start() for m in _CUT.finditer(text) if m.start() <= longest and balanced(text[: m.start()])]
    kept = next(
        (
            text[:c]
            for c in reversed(cuts)
            if len(text[:c].split()) >= _LEAST_KEPT and not _HANGS.search(text[:c])
        ),
        "",
    )
    return _closed(_LOOSE_END.sub("", kept.rstrip(" ,;"))) if kept else ""


#: What joined a clause that was cut off.
_LOOSE_END = re.compile(r"[,;]\s+(?:and|or|but|then)[\s.]*$")


def _closed(text: str) -> str:
    text = text.rstrip(" :;,—–-،؛、，；")
    return (
        text
        if text.endswith((".", "!", "?", "…", "。", "！", "？", "؟", "۔", "।"))
        or re.search(r"[.!?。！？][”\")）」』]$", text)
        else f"{text}."
    )


def plain_words(texts: Iterable[Iterable[Passage]], titles: Iterable[str]) -> frozenset[str]:
    """The words that may be written small inside a sentence: those that the source writes small there more
    often than not, and those that only ever open its sentences and stand in no title, so that they are hardly
    names. A word with a capital among them is one that it never writes small."""
    small: Counter[str] = Counter()
    opening: set[str] = set()
    for passage in (p for few in texts for p in few if p.role != "code"):
        for word in _WITHIN.findall(passage.text):
            small[word.lower()] += 1 if word.islower() else -1
        first = _OPENS.match(passage.text)
        if first:
            opening.add(first.group().lower())
    named = {w.lower() for title in titles for w in title.split()}
    never = (w.capitalize() for w, n in small.items() if n < 0)
    return frozenset(
        [
            *(w for w, n in small.items() if n > 0),
            *(w for w in opening if w not in small and w not in named),
            *never,
        ]
    )


def uncapitalised(sentence: str, plain: Collection[str] = ()) -> str:
    """With a small first letter where the first word is a function word, a gerund or adverb, or one of
    `plain`, the words that the source also writes small; names and acronyms stay."""
    first = re.match(r"[^\W\d_]+(?=[\s’',]|$)", sentence)
    if joined := re.match(r"(?P<word>[A-Z][a-z]+)-[a-z]+(?:-[a-z]+)*(?=[\s,]|$)", sentence):
        return sentence if joined["word"] in plain else sentence[:1].lower() + sentence[1:]
    return (
        sentence[:1].lower() + sentence[1:]
        if first and (first.group().lower() in _FUNCTION_START or is_plain(first.group(), plain))
        else sentence
    )


def is_plain(word: str, plain: Collection[str]) -> bool:
    """Whether `word` may be written small: the source does so with it or its singular, or its ending says
    that it is no name.
    """
    low = word.lower()
    return word[1:].islower() and (
        low in plain
        or singular(low) in plain
        or (len(low) > 5 and low.endswith(("ing", "ly")) and word not in plain)
    )


def running(title: str, plain: Collection[str]) -> str:
    """A title inside a sentence. One with capitals throughout stays as it is; else the first word is written
    small where it is no name.
    """
    first, _, rest = title.partition(" ")
    capitals = any(w[:1].isupper() and w[1:].islower() for w in rest.split())
    return title if capitals or not is_plain(first, plain) else title[:1].lower() + title[1:]


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """`text` as a sentence: a capital in front, a full stop behind."""
    text = text.strip().rstrip(" ,;:")
    # A command line keeps its first letter.
    text = text if re.match(r"[a-z]+ -", text) else capitalised(text)
    return _closed(text)


def imperative(text: str) -> str:
    """`text` as something to do: "Be able to prove …" and "Computing …" become "Prove …" and "Compute …";
    empty if it asks for nothing.
    """
    whole = " ".join(text.split())
    text = _ABLE.sub("", whole)
    word = text.split(" ", 1)[0].rstrip(",:")
    verb = imperative_of(word)
    if not verb:
        # What one is to be able to is a verb, also one that the list does not have.
        return capitalised(text) if text != whole else ""
    second = re.sub(
        r"((?:,| and)(?: then)? )(\w+ing)\b", lambda m: m[1] + (_second(m[2]) or m[2]), text[len(word) :]
    )
    return capitalised(verb + second) if word.lower() != verb else capitalised(text)


def _second(word: str) -> str:
    """The plain form of a second verb; outside the list of verbs it is told by its ending alone."""
    low = word.lower()
    return imperative_of(word) or (
        f"{low[:-3]}e" if low.endswith(("ating", "izing", "ising", "iding", "ucing")) else ""
    )


#: Verbs whose gerund is hardly ever the first half of a name, as "sorting" and "routing"
#: are in "sorting algorithms".
_TAKES_OBJECT = frozenset(
    (
        "add analyze analyse apply approximate calculate choose compare compute configure construct convert "
        "create define derive describe determine distinguish divide estimate evaluate examine execute "
        "explain express extend find generate identify implement improve install interpret justify multiply "
        "prove recognize reduce relate represent simplify solve subtract transform translate use validate "
        "verify visualize"
    ).split()
)


def doing(title: str, texts: Iterable[str] = ()) -> str:
    """A title that names something to do, as an imperative ("Defining an Enum": "Define an
    Enum"); empty for any other.

    The plain form of many verbs is a noun as well ("Type Definitions", "Set operations"), so it counts only
    in a title of several words that goes on like a phrase with a verb. A gerund alone is a name
    ("Debugging"), and so is one with a plural behind it ("Sorting algorithms"), unless `said`, what the
    source says, has the verb with that object ("sort the algorithms").
    """
    first, _, rest = title.partition(" ")
    if not first.lower().endswith("ing"):
        return imperative(title) if _PHRASE_WITH_VERB.match(title) else ""
    verb = imperative_of(first)
    if not rest or not verb or re.match(r"(?:and|or) (?!\w+ing\b)", rest):
        return ""
    if " " in rest or singular(rest) == rest or verb in _TAKES_OBJECT or _with_object(verb, rest, texts):
        return imperative(title)
    return ""


def _with_object(verb: str, thing: str, texts: Iterable[str]) -> bool:
    """Whether a text has the plain verb, or the verb with an article, in front of the thing."""
    forms = rf"{verb}(?:e?s|e?d)?|{re.escape(verb.removesuffix('e'))}ing (?=(?:the|an?|each|all)\b)"
    pattern = re.compile(
        rf"\b(?:{forms})\s+(?:(?:the|an?|each|all|two|your|these)\s+)?(?:\w+\s)?{re.escape(singular(thing.lower()))}",
        re.IGNORECASE,
    )
    return any(pattern.search(text) for text in texts)


def task_and_criterion(practice: str, plain: Collection[str] = ()) -> tuple[str, str]:
    """A practice sentence apart: what to do, and by what somebody else can tell that it was done. The
    criterion may be empty.

    The places to cut are, in this order: a semicolon or colon after an imperative, a second verb that names
    an outcome ("and confirm …"), a result before its givens ("find 2.4 for …"), the subject of a "must" or
    "gives". A bare statement becomes its own criterion.
    """
    text = " ".join(practice.split()).rstrip(".")
    for mark in ("; ", ": "):
        task, found, rest = text.partition(mark)
        asked = _asked(task)
        # A second order is a task of its own and no outcome.
        ordered = imperative_of(rest.split(" ", 1)[0]) if rest else ""
        if (
            found
            and asked
            and len(asked.split()) > 2
            and len(rest.split()) > 2
            and (not ordered or ordered in _SEEN or re.search(r"\d", rest))
        ):
            return sentence(asked), sentence(rest)
    asked = imperative(text)
    found_outcome = _cut_at_outcome(text, bool(asked))
    if found_outcome:
        return found_outcome
    bound = _BOUND.match(text) if asked else None
    if bound and (
        imperative_of(bound["bound"].split(" ", 1)[0]) or not re.match(r"(?:the|an?)\b", bound["bound"])
    ):
        return sentence(imperative(bound["task"]) or bound["task"]), sentence(bound["bound"])
    result = _RESULT_FOR.match(asked) if asked else None
    if result:
        # "2 for n = 36, then 1 for n = 144": the second result is none of the givens.
        given, others = (
            _SECOND_RESULT.sub(r"\1 for", result["given"]),
            [m[2] for m in _SECOND_RESULT.finditer(result["given"])],
        )
        criterion = (
            f"The results are {', then '.join([result['result'], *others])}"
            if others
            else f"The result is {result['result']}"
        )
        return sentence(f"{result['verb']} the result{'s' * bool(others)} {given}"), sentence(criterion)
    if asked:
        return sentence(asked), ""
    return _observation(text, plain), sentence(text)


def _asked(task: str) -> str:
    """`task` as something to do, also after its circumstances ("With a saw, cut …"); a statement
    of what must come out is not.
    """
    if re.search(r"\b(?:must|should)\b", task):
        return ""
    asked = imperative(task)
    if asked or not _given(task):
        return asked
    return capitalised(task) if any(imperative_of(w) == w for w in re.findall(r"\w+", task)[2:]) else ""


def _cut_at_outcome(text: str, asked: bool) -> tuple[str, str] | None:
    """The two halves around a verb that names the outcome."""
    for match in _JOINED.finditer(text):
        verb = imperative_of(match["verb"]) or match["verb"].lower()
        if match.start() <= 12 or verb not in OUTCOME_VERBS or not (asked or _given(text)):
            continue
        before, rest = text[: match.start()], verb + text[match.end() :]
        if re.search(r"\b(?:must|should)\b", before) or not (
            len(rest.split()) >= 4 or re.search(r"\d", rest)
        ):
            continue
        task = imperative(before) or (
            capitalised(before) if _asked(before) else f"{capitalised(before)}, {verb} the result"
        )
        return sentence(task), sentence(rest)
    return None


#: A last clause that says how much is enough: "… and put at least three in the right order".
_BOUND = re.compile(
    r"^(?P<task>.{12,}?)(?:,? and|,|;)\s+(?P<bound>(?:\w+ )(?:[^,]{0,200}?)"
    r"(?:at least|at most|no more than|less than|more than|within|exactly|when it|until)\b.*)$"
)
_MUST = re.compile(r"^(?P<subject>.{4,}?)\s(?:must|should)\b")
_GIVES = re.compile(
    r"^(?P<subject>\D*\d.*)\s(?P<verb>gives?|yields?|makes?|equals|weighs?)\s+(?:about |roughly )?\d"
)


def _observation(text: str, plain: Collection[str] = ()) -> str:
    """The task of watching for what a statement says must be seen."""
    gives = _GIVES.match(text)
    if gives:
        return sentence(f"Work out what {uncapitalised(gives['subject'])} {gives['verb']}")
    must = _MUST.match(text)
    if must and _given(text) and ", " in must["subject"]:
        circumstances, _, watched = must["subject"].rpartition(", ")
        return sentence(f"{capitalised(circumstances)}, observe {watched}")
    first = re.split(r"[;,:]\s", text)[0]
    return (
        sentence(f"Observe and record whether {uncapitalised(first, plain)}")
        if len(first.split()) > 3
        else ""
    )


def _given(text: str) -> bool:
    return bool(re.match(r"^(?:with|on|from|after|for|in|at)\b", text, re.IGNORECASE))


# ------------------------------------------------------------------------------------------------- capability

_IS = re.compile(
    r"^(?P<subject>(?:(?:A|An|The|One) )?[^,;:.()]{2,70}?)\s+"
    r"(?P<verb>is|are|means|refers? to|stands for)\s+(?P<rest>(?!not\b|also\b|"
    r"often\b|usually\b|used\b|called\b|based\b|done\b"
    r"|similar\b|fundamental\b|key\b|one of\b|located\b)\S.+)$"
)
_PURPOSE = re.compile(
    r"\b(?:lets?|allows?|enables?|helps?|permits?) (?:you|us|one|users"
    r"|programs|people|developers)(?: to)? (?P<what>[a-z].+)$|\b(?:is|"
    r"are|can be) used to (?P<used>[a-z].+)$"
)
_NOUN_FIRST = re.compile(
    r"^(?:an?|the|one|two|three|four|five|six|seven|\d+|any|each|how|what|when|where|whatever|source|destination|statements?|functions?|"
    r"ways?|types?|kinds?|rules?|sets?)\b|^\w+ (?:that|which|of|with|for|in)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"^(?:(?:a|an|the)\s+)?(?:\w+\s+){0,2}?(?:number|ratio|sum|root|percentage|weight|share|probability|rate|range|temperature|average|"
    r"area|volume|length|distance|difference|product|slope|limit|count)\b",
    re.IGNORECASE,
)


def capability_from_definition(title: str, definition: str, *, plain: Collection[str]) -> str:
    """A verb phrase out of the sentence that defines the concept, or an empty string."""
    text = re.split(r", and (?=[^,]* (?:is|are) )", shortened(definition, 170))[0].rstrip(".…! ")
    if is_demand(text, title):
        return sentence(text) if is_imperative(text) else ""
    if is_fragment(text, title):
        return sentence(f"Explain {running(title, plain)} as {uncapitalised(text)}")
    purpose = _PURPOSE.search(text)
    if purpose and not imperative_of(title.split(" ", 1)[0]):
        return sentence(f"Use {running(title, plain)} to {purpose['what'] or purpose['used']}")
    match = _IS.match(text)
    if not match:
        return (
            sentence(f"Explain how {uncapitalised(text, plain)}")
            if len(text.split()) > 4 and not text.endswith("?")
            else ""
        )
    rest = match["rest"]
    doing = imperative(rest)
    if doing and rest.split(" ", 1)[0].endswith("ing"):
        return sentence(doing)
    if match["verb"] in ("is", "are") and not _NOUN_FIRST.match(rest):
        return sentence(f"Explain what it means that {uncapitalised(text, plain)}")
    subject = match["subject"]
    subject = (
        uncapitalised(subject) if subject.split()[0] in ("A", "An", "The", "One") else running(subject, plain)
    )
    if match["verb"] in ("is", "are"):
        return sentence(f"{'Compute' if _AMOUNT.match(rest) else 'Explain'} {subject} as {rest}")
    return sentence(f"Explain what {subject} {match['verb']}: {rest}")


_AUXILIARY = frozenset(
    (
        "is are was were has have had can could may might must will would shall should does do did let lets"
    ).split()
)
_RELATIVE = frozenset("that which who whom whose where when while if as".split())
_PREPOSITION = frozenset(
    (
        "of for with without in on at by from to into onto over under between among through across against "
        "about than per via within after before during"
    ).split()
)
_DETERMINER = frozenset(
    (
        "a an the its their his her each every all any some no one two three four five six several many "
        "most more this these those it them itself"
    ).split()
)
#: Singular nouns with an s at the end.
_NO_PLURAL = frozenset("series means species lens news bias gas canvas atlas alias pancreas".split())
_DEMAND = re.compile(
    r"^(?:beware|avoid|never|always|do not|don['’]t|remember|note that|be (?:careful|sure|aware)|watch out|"
    r"take care|make sure|keep in mind|mind)\b",
    re.IGNORECASE,
)


def is_demand(text: str, title: str = "") -> bool:
    """Whether a sentence tells the reader to do or leave something. One that opens with the name of the
    concept (`Set operations …`) does not.
    """
    own = word_forms(title)
    if own and word_forms(text)[: len(own)] == own:
        return False
    return bool(_DEMAND.match(text)) or (is_imperative(text) and not _finite(text.split()))


def is_fragment(text: str, title: str) -> bool:
    """Whether a gloss is a noun phrase without a verb of its own ("A last-in first-out
    store"), as glossaries have it.
    """
    if not re.match(r"^An?\s", text):
        return False
    own, used = [singular(w) for w in word_forms(title)], word_forms(text)
    names_it = bool(own) and any(used[k : k + len(own)] == own for k in range(len(used)))
    return not names_it and not _finite(text.split())


def _finite(tokens: list[str]) -> bool:
    """Whether a sentence has a finite verb in its main clause: an auxiliary that no relative pronoun governs,
    or, in a subject opened by "a" or "an", which holds no plural, a word with the s of the third person."""
    bare = [t.strip(',;:.!?()“”"').lower() for t in tokens]
    for k, word in enumerate(bare):
        if word in _AUXILIARY and k and not (_RELATIVE & set(bare[max(0, k - 2) : k])):
            return True
    if bare[0] not in ("a", "an"):
        return False
    for k, word in enumerate(bare):
        # "An if expression …": right behind the article it is part of the name.
        if k > 1 and (word in _RELATIVE or word in _PREPOSITION):
            return False
        if k >= 2 and _third_person(word) and _may_follow(bare[k + 1] if k + 1 < len(bare) else "", word):
            return True
        if tokens[k].endswith((",", ";", ":")):
            return False
    return False


def _third_person(word: str) -> bool:
    return (
        word.isalpha()
        and len(word) > 3
        and word.endswith("s")
        and not word.endswith(("ss", "us", "is"))
        and word not in _NO_PLURAL
    )


def _may_follow(following: str, verb: str) -> bool:
    base = (verb[:-1], verb[:-2], f"{verb[:-3]}y")
    return (
        not following
        or any(b in VERBS for b in base)
        or following in _DETERMINER
        or following in _PREPOSITION
        or following in _RELATIVE
        or following.endswith(("ly", "s"))
        or following.isdigit()
    )
