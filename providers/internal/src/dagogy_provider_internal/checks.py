"""Mastery checks for concepts of which the source has no exercise: what it says of the
concept decides what can be asked.

Examples that it lists can be gone through, a limit can be kept and broken, parts can be named, figures worked
out, two sides compared, a purpose carried out, an example of code changed. So two concepts get like tasks
only where the source says like things of them. The forms of a kind of concept (`KINDS`) come first where its
name asks for something: to do a procedure, to state a theorem, to decide a case.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dagogy_provider_internal.kinds import Kind
from dagogy_provider_internal.lexicon import VERBS, imperative_of
from dagogy_provider_internal.pitfalls import kind_and_difference, limit_strength
from dagogy_provider_internal.statements import VERBS_MORE

_ITEM = r"(?:[^,;:.()]|\.(?=\d)|(?<=\d)\.(?!\d)){2,50}"
_WHOLE_ITEM = re.compile(_ITEM)
_LAST_TWO = re.compile(rf"(?P<first>{_ITEM})? ?\b(?:and|or) (?P<last>{_ITEM})", re.IGNORECASE)
#: What a list stands behind that goes on to the end of its sentence.
_EXAMPLES = re.compile(
    r"\b(?:examples? (?:include|are|of [^,;:.]{2,40} (?:include|are))|such as|for example,) ", re.IGNORECASE
)
_PARTS = re.compile(
    r"\b(?:consists? of|comprises?|is made up of|are made up of|(?:has|have) (?:\w+ )?(?:parts|elements)):? ",
    re.IGNORECASE,
)
_MOST_CUES = 8
_FIGURES = re.compile(
    r"\d\s?(?:%|percent\b)|\S\s=\s\S|\b\d+(?:[.,]\d+)?\s(?:times|minutes?|hours?|days?|grams?|°|degrees?|metres?|meters?|volts?|bits?|bytes?)\b"
)
#: Figures that follow from others, and are not just told.
_COMPUTED = re.compile(
    r"=|(?:%|percent) of\b|\b(?:per|times|divided|sum|total|equals?|gives?"
    r"|yields?|makes?|leaves?|doubles?|halves?|rises?|falls?|grows?|twice|half)\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\b(?:unlike|whereas|than|similar to|compared (?:with|to)"
    r"|instead of|as opposed to|in contrast)\b|, while\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:^|\s)(?:if|when|whenever|once) (?:an?|the|it|its|you"
    r"|they|there|each|every|all|no|any|(?:\w+ ){1,3}(?:is|are))\s",
    re.IGNORECASE,
)
_PURPOSE = re.compile(
    r"\b(?:lets?|allows?|enables?|helps?) (?:you|us|one|users"
    r"|programs|people|developers)(?: to)? (?P<what>[a-z].+)$|"
    r"\b(?:is|are|can be) used to (?P<used>[a-z].+)$"
)
#: "A drone is a male bee whose only task …": what a thing is cannot be run against.
_IS_A = re.compile(r"(?:an? |the )?(?:[\w'’-]+ ){1,4}(?:is|are) (?:an? |the )", re.IGNORECASE)
#: A limit that can be run against: it says what is shut out, not only what always holds.
_EXCLUDES = re.compile(
    r"\b(?:only|cannot|can['’]t|must(?: not)?|never|unless|except|no longer|at (?:most|least))\b|n['’]t\b",
    re.IGNORECASE,
)
_MOST_ITEMS = 5
_MOST_TERMS = 3
_BETWEEN = frozenset(
    (
        "a an the of to in on at by for with from and or as that which its their it is are was were be been "
        "being has have had do does did can could may might must should will would not no if when where "
        "while who whose what how why this these those there than then so but also such into onto over under "
        "between among through across you your one they them we our each every all any some more most many "
        "much very only just about other another let lets allow allows enable enables provide provides "
        "include includes contain contains consist consists mean means called used given two three before "
        "after during against once both either same own new because since until unless without within "
        "whether s t"
    ).split()
)
#: Words that are nouns in the plural at least as often as verbs with an s.
_NOUNS = frozenset(
    (
        "type list order set group graph point program place change plan structure time score value label "
        "form model link map balance cost name test trace round record report"
    ).split()
)
_DETERMINERS = frozenset("a an the its their his her your each every all any some one two three no".split())
_OPENS_THING = (
    _DETERMINERS
    | frozenset(
        (
            "of in on at by for with from into onto between among through across and or provides provide "
            "uses use"
        ).split()
    )
    | {","}
)
_LONGEST_CODE = 70
_HANGING = frozenset("a an the of to in on at by for with from and or as that which its their".split())


@dataclass(frozen=True, slots=True)
class Material:
    """What a check can be made of: the `name` of the concept inside a sentence, `first` a prerequisite as `
    together with X` or nothing, clauses that follow "that" (the first defines the concept), what the concept
    `is` (the complement of its definition), and lines of code."""

    name: str
    first: str
    clauses: Sequence[str]
    complement: str = ""
    code: str = ""


def listed(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def items_of(text: str) -> list[str]:
    return [i for part in re.split(r",\s(?:and |or )?|\s(?:and|or)\s", text) if (i := part.strip())]


def _list_behind(cue: re.Pattern[str], text: str) -> str:
    """The list of short items, the last two joined by "and" or "or", that stands behind the cue and ends the
    text; "" where there is none.
    """
    for found in itertools.islice(cue.finditer(text), _MOST_CUES):
        items = text[found.end() :].removesuffix(".")
        *before, last = items.split(", ")
        joined = _LAST_TWO.fullmatch(last)
        # Behind a comma "and" may open the last piece.
        if joined and (joined["first"] or before) and all(_WHOLE_ITEM.fullmatch(item) for item in before):
            return items
    return ""


def asked(material: Material, depth: str) -> tuple[str, str]:
    """The task that fits best what the source says, and what its criterion needs before the statement that is
    looked for (`{shown}`).
    """
    for form in (
        _by_examples,
        _by_genus,
        _by_parts,
        _by_figures,
        _by_purpose,
        _by_limit,
        _by_comparison,
        _by_condition,
        _by_code,
    ):
        made = form(material)
        if made:
            tasks, criterion = made
            return tasks[depth].replace("{first}", material.first), criterion
    tasks, criterion = _explained(material)
    return tasks[depth].replace("{first}", material.first), criterion


_Form = tuple[dict[str, str], str]


def _depths(survey: str, practical: str, mastery: str) -> dict[str, str]:
    return {"survey": survey, "practical": practical, "mastery": mastery}


def _by_examples(material: Material) -> _Form | None:
    for text in material.clauses:
        items = items_of(_list_behind(_EXAMPLES, text))[:_MOST_ITEMS]
        if len(items) > 1:
            cases = listed(items)
            return (
                _depths(
                    f"Say of {cases} what each has to do with {material.name}",
                    (
                        f"Go through {cases}, and add one of your own: say of each what makes it a case for "
                        f"{material.name}"
                    ),
                    (
                        f"Go through {cases}, add one of your own and one that does not belong, and defend "
                        f"each{{first}}"
                    ),
                ),
                "Each of them is treated, and the reason given for each agrees with this: {shown}",
            )
    return None


def _by_genus(material: Material) -> _Form | None:
    found = kind_and_difference(material.complement)
    if not found:
        return None
    genus, only = found
    other = f"{'an' if re.match('[aeiou]', genus) else 'a'} {genus}"
    return (
        _depths(
            f"Say what sets {material.name} apart from any other {genus}",
            f"Find {material.name} and {other} that is something else, and say what decides",
            (
                f"Build {material.name}{{first}}, change it until it is only {other}, and say which change "
                "was the last"
            ),
        ),
        f"What decides is named: only the first is one {only}",
    )


def _by_parts(material: Material) -> _Form | None:
    for text in material.clauses:
        found = _list_behind(_PARTS, text)
        if found:
            parts = listed([p for p in re.split(r",\s(?:and )?|\sand\s", found) if p])
            return (
                _depths(
                    f"Name the parts of {material.name} from memory",
                    f"Draw or write out a case of {material.name}, and mark and name every part",
                    (
                        f"Take a case of {material.name} apart{{first}}, and say of each part what is lost "
                        "without it"
                    ),
                ),
                f"Nothing is left out of these: {parts}",
            )
    return None


def _by_figures(material: Material) -> _Form | None:
    text = next((t for t in material.clauses if _FIGURES.search(t) and _COMPUTED.search(t)), "")
    if not text:
        return None
    return (
        _depths(
            f"Say in your own words, with the figures, that {text}",
            f"Check with figures of your own that {text}",
            f"Check with figures of your own{{first}} that {text}, and say what would change them",
        ),
        "Somebody else who works the figures out again gets the same, and they agree with this: {shown}",
    )


def _by_purpose(material: Material) -> _Form | None:
    found = next((m for t in material.clauses if (m := _PURPOSE.search(t))), None)
    if not found:
        return None
    what = found["what"] or found["used"]
    if re.search(r"\b(?:is|are)\b", what):
        return None
    return (
        _depths(
            f"Describe a situation in which somebody wants to {what}, and what {material.name} does there",
            f"Use {material.name} on something of your own to {what}",
            f"Use {material.name}{{first}} to {what}, then try it without, and report the difference",
        ),
        "The result is there for somebody else to see, and it can be seen in it that {shown}",
    )


def _by_limit(material: Material) -> _Form | None:
    # A contrast is for a comparison: it is neither kept nor broken.
    text = next(
        (
            t
            for t in material.clauses[1:]
            if (limit_strength(t) == 3 or (limit_strength(t) == 1 and _EXCLUDES.search(t)))
            and not _IS_A.match(t)
        ),
        "",
    )
    if not text:
        return None
    return (
        _depths(
            f"Give one case in which it matters that {text}",
            f"Set up a case that keeps to this and one that runs against it: {text}",
            f"Work out{{first}} what goes wrong in a case that runs against this, and repair it: {text}",
        ),
        "Somebody else can tell from what comes out which case is which, and finds in it that {shown}",
    )


def _by_comparison(material: Material) -> _Form | None:
    text = next((t for t in material.clauses if _COMPARES.search(t)), "")
    if not text:
        return None
    return (
        _depths(
            f"Name the two sides of this and what sets them apart: {text}",
            f"Set the two against each other on one small case of your own: {text}",
            f"Solve the same problem{{first}} on both sides of this, and say which served better: {text}",
        ),
        "What is alike and what is not is marked in the case, and one sees that {shown}",
    )


def _by_condition(material: Material) -> _Form | None:
    text = next((t for t in material.clauses if _CONDITION.search(t)), "")
    if not text:
        return None
    return (
        _depths(
            f"Say what has to be the case, and what follows from it: {text}",
            (
                "Predict what follows in one case that meets the condition and in one that does not, then "
                f"check: {text}"
            ),
            f"Look{{first}} for the case at the edge of the condition, and argue on which side it is: {text}",
        ),
        "Prediction and outcome are written down for both, and they agree with this: {shown}",
    )


def _by_code(material: Material) -> _Form | None:
    if not material.code:
        return None
    return (
        _depths(
            f"Read `{material.code}` aloud in words, and say what it does",
            (
                f"Start from `{material.code}`, change one thing in it, say beforehand what will come out, "
                "and run it"
            ),
            (
                f"Write code of your own{{first}} that does what `{material.code}` does on another case, "
                "and one variant that fails"
            ),
        ),
        "What came out stands next to what was expected, and is explained by this: {shown}",
    )


def _explained(material: Material) -> _Form:
    criterion = "Somebody else, asked afterwards, can say that {shown}"
    if len(material.clauses) > 1:
        text = material.clauses[1]
        return (
            _depths(
                f"Say without the source at hand, with one example of {material.name}, that {text}",
                (
                    f"Teach {material.name} to somebody else with an example of your own; show on the "
                    f"example that {text}"
                ),
                (
                    f"Teach {material.name}{{first}} to somebody else with an example and a counterexample "
                    f"of your own; show on both why {text}"
                ),
            ),
            criterion,
        )
    terms = terms_of(material.clauses[0], material.name)
    if len(terms) > 1:
        named = listed(terms)
        return (
            _depths(
                f"Give one case of {material.name}, and point in it at {named}",
                f"Make up a case of {material.name} from what you work with yourself, and mark in it {named}",
                (
                    f"Make up two cases of {material.name}{{first}} that differ in as much as can be, mark "
                    f"in both {named}, and say what they keep in common"
                ),
            ),
            f"In the case are marked {named}, so that somebody else sees in it that {{shown}}",
        )
    gap = f"{_opening(material.clauses[0])} ___"
    return (
        _depths(
            f"Finish this sentence from memory, with one example: {gap}",
            f"Finish this sentence from memory, and show on an example of your own that it is so: {gap}",
            (
                f"Finish this sentence from memory, and look{{first}} for a case in which it does not hold: "
                f"{gap}"
            ),
        ),
        "The sentence says, in whatever words, that {shown}",
    )


def terms_of(text: str, name: str) -> list[str]:
    """The things that a statement speaks of beside the concept: what stands behind an article, a preposition
    or a verb and before the next function word; the longest first."""
    own = {w.removesuffix("s") for w in re.findall(r"\w+", name.lower())}
    found: list[str] = []
    chunk: list[str] = []
    opened = False  # by a word after which a thing is named
    pieces = re.findall(r"[\w'’-]+|[^\w\s]", text)
    for word, follows in itertools.pairwise([*pieces, "."]):
        low = word.lower()
        base = low.removesuffix("s")
        verb = base in VERBS and follows.lower() in _DETERMINERS
        # "The heat goes off": behind a noun the s is that of a verb, unless the word is a noun as often
        # ("numeric types").
        verb = verb or bool(
            chunk
            and low.endswith("s")
            and base not in _NOUNS
            and any(b in VERBS or b in VERBS_MORE for b in (base, low[:-2]))
        )
        if re.match(r"\w", word) and not (
            verb or low in _BETWEEN or low.endswith(("ly", "ing")) or re.search(r"['’]", low)
        ):
            chunk += [word] if opened else []
            continue
        found += [" ".join(chunk)] if chunk else []
        chunk, opened = [], low in _OPENS_THING or verb
    found += [" ".join(chunk)] if chunk else []
    terms = [
        t
        for t in dict.fromkeys(found)
        if len(t) > 3 and not t.endswith("ed") and not {w.lower().removesuffix("s") for w in t.split()} <= own
    ]
    return sorted(terms, key=lambda t: -len(t.split()))[:_MOST_TERMS]


def _opening(text: str) -> str:
    """The first half of a sentence, up to a word that does not hang on the next one."""
    found = text.split()
    end = max(2, len(found) // 2)
    while end > 2 and found[end - 1].lower() in _HANGING:
        end -= 1
    return " ".join(found[:end]).rstrip(",;:")


#: Tasks and criteria where the name of the concept says what is asked, by its kind and the depth.
KINDS: dict[Kind, dict[str, str]] = {
    "theorem": {
        "survey": "State in your own words, with one example, that {aim}",
        "practical": "Take a case of your own for {name}, check the conditions, and show in it that {aim}",
        "mastery": "Derive that {aim}, and give a case in which a condition of {name} fails",
        "criterion": (
            "The conditions are listed before the conclusion is drawn, and the argument uses that {shown}"
        ),
        "survey criterion": "Condition and conclusion are told apart, and the example shows that {shown}",
    },
    "procedure": {
        "survey": "Describe the steps on one example, and say where it matters that {aim}",
        "practical": "{do} on a case of your own, write each step down, and mark where it matters that {aim}",
        "mastery": (
            "{do}{first} on a case that the source does not treat, justify each step, and say where it "
            "matters that {aim}"
        ),
        "criterion": "Somebody else can repeat the steps from the notes alone, and sees that {shown}",
        "survey criterion": "The steps are in order, and it is said that {shown}",
    },
    "judgement": {
        "survey": "Describe one case for each side, and explain that {aim}",
        "practical": "Decide two cases of your own that come out differently, and give the reason: {aim}",
        "mastery": (
            "Decide a case in which both sides have something for them, weigh them, and argue that {aim}"
        ),
        "criterion": "Each decision names its reason, and the cases differ in this: {shown}",
        "survey criterion": "The two cases differ, and the explanation says that {shown}",
    },
}


def code_line(code: str) -> str:
    """The line of an example that says most, short enough to be quoted; empty where there is none."""
    lines = [line.strip() for line in code.splitlines()]
    material = [
        line
        for line in lines
        if 6 <= len(line) <= _LONGEST_CODE
        and "`" not in line
        and not re.match(r"(?:#!|//|#|/\*|\*|--|import\b|package\b|use\b)", line)
    ]
    return max(material, key=lambda line: len(set(re.findall(r"\w+", line))), default="")


#: What somebody else can see in the answer to an exercise of the source, by the verb that the exercise opens
#: with; `{what}` is what it asks for.
_SEEN: dict[str, str] = {
    verb: seen
    for verbs, seen in (
        (
            "prove show derive justify deduce demonstrate",
            "Each step names what it follows from, and the last one is this: {what}",
        ),
        (
            "define state formulate",
            "With the wording alone somebody else can tell a case from what is none, for this: {what}",
        ),
        (
            (
                "compute calculate find solve estimate evaluate determine measure count predict convert "
                "multiply divide add subtract simplify factor"
            ),
            "Somebody else who starts from the same givens gets the same for this: {what}",
        ),
        (
            "compare distinguish contrast classify decide tell sort rank",
            "Each side has its reason written next to it, and the reasons differ: {what}",
        ),
        (
            "construct build draw graph sketch make design write create implement plot label",
            "Somebody else can point at each thing that was asked for: {what}",
        ),
        (
            "explain describe interpret summarize identify recognize relate",
            "Somebody else can carry the answer over to a case that it does not mention: {what}",
        ),
        (
            "use apply extend represent reduce translate transform express",
            (
                "The place in the working where this comes in is marked, and somebody else who goes over it "
                "gets the same: {what}"
            ),
        ),
    )
    for verb in verbs.split()
}
_OTHERWISE = "Somebody else who does it again, by the notes alone, ends up with the same: {what}"
#: An exercise that has no case of its own, put so that something comes out of it that can be handed in.
_HANDED_IN: dict[str, str] = {
    verb: task
    for verbs, task in (
        (
            "prove show derive justify deduce demonstrate",
            "Write out, line by line and with a reason for each line: {what}",
        ),
        (
            "define state formulate",
            "Write down in one sentence, and try on two cases and on one that is none: {what}",
        ),
        (
            "explain describe interpret summarize",
            "Put on one page, for somebody who has not met it, with an example of your own: {what}",
        ),
        (
            (
                "compute calculate find solve estimate evaluate determine measure count predict convert "
                "multiply divide subtract simplify factor"
            ),
            "With figures of your own, {task}, and leave the working to be read",
        ),
        (
            "recognize identify classify decide compare distinguish contrast tell sort rank",
            "Collect three cases of your own, and {task} in each",
        ),
        (
            "use apply extend represent reduce translate transform express",
            "Choose a problem that the source does not treat, and {task} in it",
        ),
        (
            "construct build draw graph sketch make design write create implement plot label",
            "For an example of your own, {task}, and label each part",
        ),
    )
    for verb in verbs.split()
}
_NEXT_ORDER = re.compile(
    r"(?:,(?: and| then)?| and) (?P<verb>[a-z]+) (?:an?|the|its|their|each|every|all|it|them)\b"
)
_SHORT_OBJECT = 8  # characters
_COUNTED = re.compile(
    r"\b(?P<count>two|three|four|five) (?P<things>(?:[a-z-]+ ){0,2}?[a-z]{3,}s)\b(?! (?:of|to)\b)"
)


def asked_for(task: str) -> str:
    """What an exercise asks for, without its verbs and what only adds to it."""
    first, _, rest = re.split(r",? e\.g\.|(?<=\w{4})\s\(|;\s|\.\s", task.rstrip(". "))[0].partition(" ")
    joined = re.match(r"(?:and|or) (?P<verb>\w+) ", rest)
    rest = rest[joined.end() :] if joined and imperative_of(joined["verb"]) else rest
    # "Take a sample, do a roll, and state the load": what comes of the first order.
    later = next(
        (
            m
            for m in _NEXT_ORDER.finditer(rest)
            if m["verb"] in VERBS or m["verb"] in VERBS_MORE or m["verb"] == "do"
        ),
        None,
    )
    rest = rest[: later.start()] if later and later.start() > _SHORT_OBJECT else rest
    return re.sub(r"^that ", "", rest) or first


def handed_in(task: str) -> str:
    """An exercise as one whose outcome can be handed in and looked at."""
    form = _HANDED_IN.get(imperative_of(task.split(" ", 1)[0]))
    small = f"{task[:1].lower()}{task[1:]}".rstrip(". ")
    form = form or "On a case of your own, {task}, and note each step with what came out"
    return form.format(what=re.sub(r"^\w+ (?:that )?", "", small), task=small)


def criterion_for(task: str, shown: str) -> str:
    """By what an exercise of the source can be judged for which it gives no outcome: the objects, the way and
    the number that it names itself, and what the source says of them (`shown`, which may be empty)."""
    named = skill_criterion(task)
    if named:
        return named
    seen = _SEEN.get(imperative_of(task.split(" ", 1)[0]), _OTHERWISE).format(what=asked_for(task))
    return f"{seen}; it agrees with this: {shown}." if shown else f"{seen}."


def skill_criterion(task: str) -> str:
    """By what a skill that the source only demands can be checked: the objects, the way and the number that
    it names; empty where it names none.
    """
    text = task.rstrip(".")
    way = re.search(
        r"\b(?P<by>by(?= \w+ing\b)|using|with the help of|in terms of)\s(?P<way>[^,;:()]{6,110})", text
    )
    kinds = re.match(
        r"^\w+(?: and \w+)? (?:the )?(?:[\w ]+ of )?"
        rf"(?P<items>{_ITEM}(?:, {_ITEM}){{1,30}},? and {_ITEM}?)(?=\s(?:by|using|with|in)\b|$)",
        text,
    )
    counted = _COUNTED.search(text)
    parts = []
    if kinds and len(items := items_of(kinds["items"])) > 2 and not re.search(r"\b(?:to|as|and)\b", items[0]):
        parts.append(f"there is a finished case for each of these: {listed(items)}")
    elif counted:
        parts.append(
            f"the {counted['count']} {counted['things']} are named, and each is treated by itself: "
            f"{asked_for(task)}"
        )
    if way:
        parts.append(f"the working shows the way: {way['by']} {way['way']}")
    if not parts:
        return ""
    material = "; ".join([*parts, "somebody else who goes over it gets the same"])
    return f"{material[:1].upper()}{material[1:]}."
