"""What a node says: core ideas, pitfalls, a mastery check and a capability, taken from what the source says of the very concept.

Where the source says nothing of a kind, the search widens step by step: other sentences of the concept, sentences elsewhere that name it, and
at last what the document's structure and the prerequisite edges say. Each step lowers the confidence. Of a concept that the source only
names, nothing but its place can be said: its node has sentences of a fixed form ("“X” comes after “Y”") with its own and its neighbours'
names in them, and the lowest confidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dagogy_provider_internal.concepts import Concept
from dagogy_provider_internal.lexicon import folded, imperative_of, is_imperative, pitfall_strength
from dagogy_provider_internal.naming import core_name, same_key
from dagogy_provider_internal.passages import Passage
from dagogy_provider_internal.phrasing import (
    capability_from_definition,
    capitalised,
    imperative,
    is_demand,
    is_fragment,
    quoted,
    sentence,
    shortened,
    task_and_criterion,
    uncapitalised,
)

#: How many core ideas a node has where the source has them.
IDEAS = {"survey": 3, "practical": 4, "mastery": 5}
_PITFALLS = {"survey": 1, "practical": 2, "mastery": 3}
_WITH_REASON = re.compile(r"(?:; |, because |, since |, otherwise |, or )")
_SHORTEST_IDEA = 4  # words
_PROOF = frozenset("prove show derive justify deduce demonstrate".split())
_TELLING = frozenset("define state explain describe name identify recognize distinguish summarize list interpret compare classify".split())


@dataclass(frozen=True, slots=True)
class Around:
    """A concept's place in the curriculum: titles it leans on, titles that lean on it, its nearest relatives by name or section, passages of other
    concepts that name it, the neighbour to tell it by (`before`, `after` or `beside`, and its title; one
    that few others are told by), and misconceptions of the spec about it."""

    before: Sequence[str] = ()
    after: Sequence[str] = ()
    beside: Sequence[str] = ()
    elsewhere: Sequence[tuple[str, Passage]] = ()
    partner: tuple[str, str] = ("", "")
    misconceptions: Sequence[str] = ()


@dataclass(slots=True)
class Content:
    """The text of a node. `confidence` falls with each kind of text for which the search had to widen; `missing` names those kinds."""

    capability: str = ""
    core_ideas: list[str] = field(default_factory=list)
    pitfalls: list[str] = field(default_factory=list)
    task: str = ""
    criterion: str = ""
    confidence: float = 0.9
    missing: list[str] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)
    plain: frozenset[str] = frozenset()

    def lacks(self, what: str, cost: float) -> None:
        self.missing.append(what)
        self.confidence = round(max(0.2, self.confidence - cost), 2)


def content_of(concept: Concept, passages: Sequence[Passage], around: Around, depth: str) -> Content:
    """All text of the node for `concept`."""
    content = Content(plain=_plain_words(passages))
    used: set[str] = set()
    _pitfalls(content, concept, passages, around, depth, used)
    _core_ideas(content, concept, passages, around, depth, used)
    _fill_pitfalls(content, concept, passages, around, used)
    _mastery(content, concept, passages, around)
    content.capability = _capability(content, concept, passages, around)
    return content


def _plain_words(passages: Sequence[Passage]) -> frozenset[str]:
    """The words that the source writes small within a sentence: such a word may lose its capital when a sentence is built in."""
    return frozenset(w for p in passages if p.role != "code" for w in re.findall(r"(?<=\s)[a-z]+\b", p.text))


# ------------------------------------------------------------------------------------------------------------------------ core ideas


def _core_ideas(content: Content, concept: Concept, passages: Sequence[Passage], around: Around, depth: str, used: set[str]) -> None:
    wanted = IDEAS.get(depth, 4)
    definitions = [p for p in passages if p.role == "definition"]
    facts = [p for p in passages if p.role == "fact"]
    examples = [p for p in passages if p.role in ("example", "other")]
    ideas = _take([*definitions, *facts, *examples], concept, used)
    content.spare = ideas[wanted:]
    ideas = ideas[:wanted]
    if len(ideas) < 2:
        wider = [p for role in ("pitfall", "pointer", "practice", "question") for p in passages if p.role == role]
        ideas += _take((p for p in wider if not (p.role == "pointer" and p.text.rstrip().endswith(":"))), concept, used)[: 2 - len(ideas)]
    if len(ideas) == 1:
        ideas = _halves(ideas[0]) or ideas
    if len(ideas) < 2:
        content.lacks("core ideas", 0.25)
        ideas += _take((p for _, p in around.elsewhere), concept, used)[: 2 - len(ideas)]
    if len(ideas) < 2:
        content.lacks("any statement", 0.2)
        ideas += [r for r in _relations(concept, around) if folded(r) not in used][: 2 - len(ideas)]
    content.core_ideas = ideas


def _take(passages: Iterable[Passage], concept: Concept, used: set[str]) -> list[str]:
    """Their texts as ideas, without what is used already, too short or only the name again."""
    out: list[str] = []
    for passage in passages:
        text = shortened(passage.text)
        key = folded(text)
        if key in used or same_key(text) == same_key(concept.title) or (text.isascii() and len(text.split()) < _SHORTEST_IDEA and len(key) < 24):
            continue
        used.add(key)
        out.append(text)
    return out


def _halves(text: str) -> list[str]:
    """One long sentence as two ideas, where it has two main clauses."""
    for mark in ("; ", ": ", ", and ", ", so ", ", but ", " because ", ", which ", ", such as ", " such as "):
        left, found, right = text.rstrip(".").partition(mark)
        if found and len(left.split()) >= _SHORTEST_IDEA and len(right.split()) >= _SHORTEST_IDEA:
            return [sentence(left), sentence(right if mark[0] in ";:" else capitalised(right))]
    return []


def _relations(concept: Concept, around: Around) -> list[str]:
    """What the document's structure says of a concept that it does not describe; the most telling neighbour first."""
    title = f"“{concept.title}”"
    kind, partner = around.partner
    others = [("beside", t) for t in around.beside] + [("before", t) for t in around.before] + [("after", t) for t in around.after]
    out = [_relation(title, k, f"“{t}”", concept) for k, t in [(kind, partner), *(o for o in others if o[1] != partner)] if t]
    return [*out, f"{title} is one of the topics{_section(concept) or ' of the spec'}.", f"The source names {title} and does not describe it."]


def _relation(title: str, kind: str, partner: str, concept: Concept) -> str:
    word = {"before": "comes after", "after": "comes before"}.get(kind, "stands beside")
    return f"{title} {word} {partner}{_section(concept) if kind == 'beside' else ''}."


def _section(concept: Concept) -> str:
    return f" under “{concept.path[-1]}”" if concept.path else ""


# -------------------------------------------------------------------------------------------------------------------------- pitfalls


def _pitfalls(content: Content, concept: Concept, passages: Sequence[Passage], around: Around, depth: str, used: set[str]) -> None:
    """What the source marks as a mistake or a warning; where it does not, a contrast or limit that is not the definition."""
    marked = [p for p in passages if p.role == "pitfall" and p.explicit] + [p for p in passages if p.role == "pitfall" and not p.explicit]
    content.pitfalls = _take(marked, concept, used)[: _PITFALLS.get(depth, 2)]
    content.pitfalls += [sentence(m) for m in around.misconceptions if folded(sentence(m)) not in used]
    if not content.pitfalls:
        facts = [p for p in passages if p.role in ("fact", "example", "pointer") and not p.first and not p.text.rstrip().endswith(":")]
        # A contrast is worth more as an idea than as a pitfall when there are no others.
        if len(facts) >= 2:
            content.pitfalls = _take([p for p in facts if pitfall_strength(p.text) == 1][:1], concept, used)


def _fill_pitfalls(content: Content, concept: Concept, passages: Sequence[Passage], around: Around, used: set[str]) -> None:
    """For a concept whose own text warns of nothing: what others say of it, a question that the source asks, or what it is close to."""
    if content.pitfalls:
        return
    content.pitfalls = _take([p for _, p in around.elsewhere if pitfall_strength(p.text) == 2], concept, used)[:1]
    if not content.pitfalls:
        content.lacks("pitfalls", 0.1)
        weak = [
            p
            for p in passages
            if p.role in ("fact", "definition", "example") and pitfall_strength(p.text) and _states(p.text, concept) and not p.text.rstrip().endswith(":")
        ]
        asked = [p for p in passages if p.role == "question"]
        content.pitfalls = [sentence(f"Overlooking that {uncapitalised(shortened(p.text), content.plain)}") for p in weak[:1]] or [
            shortened(p.text) for p in asked[:1]
        ]
    if not content.pitfalls:
        # Advice with its reason ("Cut in one stroke; a hesitant cut seals again") warns of what happens otherwise.
        content.pitfalls = [shortened(p.text) for p in passages if p.role == "practice" and not p.explicit and _WITH_REASON.search(p.text)][:1]
    stated = [s for s in content.spare if _states(s, concept)]
    if not content.pitfalls and stated:
        content.pitfalls = [sentence(f"Overlooking that {uncapitalised(stated[-1], content.plain)}")]
    if not content.pitfalls:
        content.pitfalls = [_confusion(content, concept, around)]


def _confusion(content: Content, concept: Concept, around: Around) -> str:
    kind, partner = around.partner
    if kind == "before":
        return f"Starting on “{concept.title}” before “{partner}” is settled."
    if kind == "after":
        return f"Passing on to “{partner}” before “{concept.title}” is settled."
    if kind == "beside":
        return f"Taking “{partner}” for the same as “{concept.title}”; the source lists them apart."
    return f"Taking “{concept.title}” for more than this: {uncapitalised(content.core_ideas[0], content.plain)}"


# --------------------------------------------------------------------------------------------------------------------- mastery check


def _mastery(content: Content, concept: Concept, passages: Sequence[Passage], around: Around) -> None:
    """The source's own exercise where it has one, else one made of its question, code or statements."""
    marked = [p for p in passages if p.role == "practice" and p.explicit]
    practice = marked + [p for p in passages if p.role == "practice" and not p.explicit]
    split = [task_and_criterion(p.text, content.plain) for p in practice]
    both = [s for s in split if all(s)]
    tasks = [t for t, _ in split if len(t.split()) > 2]
    if both and (split[0] == both[0] or not marked or not split[0][0]):
        content.task, content.criterion = both[0]
    elif tasks:
        content.task, content.criterion = tasks[0], _source_criterion(content, tasks[0])
    else:
        content.lacks("a practice task", 0.1)
        content.task, content.criterion = _own_check(content, concept, passages, around)


def _source_criterion(content: Content, task: str) -> str:
    """By what to judge a task of the source for which it gives no outcome: its own statement about the concept."""
    verb = imperative_of(task.split(" ", 1)[0])
    statement = _statement(content, task)
    if verb in _TELLING:
        return f"The answer contains what the source says: {quoted(statement)}."
    if verb in _PROOF:
        return f"No step is left out, and the argument agrees with {quoted(statement)}."
    return f"The result agrees with {quoted(statement)}."


def _statement(content: Content, task: str) -> str:
    """The idea to measure an answer by: not one that the task gives away, and one with a number or a definition if possible."""
    ideas = [i for i in content.core_ideas if folded(i.rstrip(".…"))[:60] not in folded(task)] or content.core_ideas
    return next((i for i in ideas if re.search(r"\b(?:is|are) (?:an?|the)\b", i)), next((i for i in ideas if re.search(r"\d", i)), ideas[0]))


def _own_check(content: Content, concept: Concept, passages: Sequence[Passage], around: Around) -> tuple[str, str]:
    """A task and its criterion about the concept where the source asks for nothing."""
    if "any statement" in content.missing:
        return _check_by_relation(concept, around)
    question = next((p.text for p in passages if p.role == "question" and len(p.text.split()) > 3), "")
    code = next((p for p in passages if p.role == "code"), None)
    example = next((p.text for p in passages if p.role == "example"), "")
    ideas = content.core_ideas
    if question:
        return sentence(f"Answer in writing, with one example of your own: {question}"), f"The answer agrees with {quoted(_statement(content, question))}."
    if code is not None:
        first = next((line.strip() for line in code.text.splitlines() if line.strip()), "")
        span = f"{code.lines[0]}–{code.lines[1]}"
        task = f"Run the code in lines {span}, from `{first[:60]}` on, and say what each line does"
        return sentence(task), f"Each line of {span} is accounted for, and the account agrees with {quoted(ideas[0])}."
    if example:
        return sentence(
            f"Work out a case of your own beside the source's: {quoted(example)}"
        ), f"The case is another one, and {quoted(_statement(content, example))} holds for it as well."
    stated = [i for i in [*ideas[1:], ideas[0]] if _states(i, concept)]
    if not stated:
        advice = ideas[1]
        return (
            sentence(f"Work out a case of “{concept.title}” of your own in which this matters: {quoted(advice)}"),
            f"Without it the case comes out otherwise, and {quoted(_statement(content, advice))} holds for it as well.",
        )
    shown = stated[0].rstrip(".?! ")
    return (
        sentence(f"Show on an example of your own that {uncapitalised(shown, content.plain)}"),
        f"The example also bears out {quoted(_statement(content, shown))}.",
    )


def _states(text: str, concept: Concept) -> bool:
    """Whether `text` can follow "that": it is a clause, neither a noun phrase nor an order."""
    return not is_fragment(text, concept.title) and not is_demand(text, concept.title) and not text.rstrip().endswith("?")


def _check_by_relation(concept: Concept, around: Around) -> tuple[str, str]:
    """For a concept that is only named: tell it by its nearest neighbour."""
    name, (kind, partner) = concept.title, around.partner
    if kind == "before":
        return (
            sentence(f"Work one problem on “{name}” and mark each step that uses “{partner}”"),
            f"No marked step holds without “{partner}”, and working “{name}” by a second way gives the same result.",
        )
    if kind == "after":
        return (
            sentence(f"Work one problem on “{name}” and show where its result enters “{partner}”"),
            f"A problem on “{partner}” is then solved with this result of “{name}” and no other help.",
        )
    if kind == "beside":
        return (
            sentence(f"Write down one case of “{name}” and one of “{partner}”, and say what tells them apart"),
            f"Somebody else, given the two cases only, sorts them to “{name}” and “{partner}” in the same way.",
        )
    return (
        sentence(f"Write down one case of “{name}” and one that only looks like it, and say what tells them apart"),
        f"Somebody else, given the two cases only, finds the one that is “{name}”.",
    )


# ------------------------------------------------------------------------------------------------------------------------ capability


def _capability(content: Content, concept: Concept, passages: Sequence[Passage], around: Around) -> str:
    """A verb phrase about the concept: a skill that the source lists, else what its definition says can be done or explained."""
    skills = [imperative(p.text) for p in passages if p.role == "practice" and not p.explicit and p.lines != concept.lines]
    skill = next((s for s in skills if s and len(s.split()) > 2 and _about(s, concept)), "") or next((s for s in skills if len(s.split()) > 3), "")
    definition = next((p for p in passages if p.role == "definition"), None)
    if skill and (definition is None or is_imperative(definition.text) or _listed_skills(passages)):
        return sentence(_first_doing(skill))
    made = capability_from_definition(concept.title, definition.text, plain=content.plain) if definition else ""
    if made and folded(made) != folded(concept.title):
        return made
    if skill:
        return sentence(_first_doing(skill))
    if content.core_ideas and "any statement" not in content.missing:
        stated = next((i for i in content.core_ideas if _states(i, concept)), "")
        if stated:
            return sentence(f"Explain why {uncapitalised(stated.rstrip('.?! '), content.plain)}")
        return sentence(f"Explain what the source says of “{concept.title}”: {quoted(content.core_ideas[0])}")
    kind, partner = around.partner
    named = core_name(concept.title)
    if kind == "after":
        return sentence(f"Use “{named}” for “{partner}”")
    if kind == "before":
        return sentence(f"Go on from “{partner}” to “{named}”")
    return sentence(f"Tell “{named}” from “{partner}”" if partner else f"Recognize a case of “{named}”")


def _about(text: str, concept: Concept) -> bool:
    return bool(set(same_key(text)) & {w for w in same_key(core_name(concept.title)) if len(w) > 3})


def _listed_skills(passages: Sequence[Passage]) -> bool:
    """Whether the concept's text has a list of skills: several one-sentence demands on lines of their own."""
    return sum(p.role == "practice" and not p.explicit for p in passages) >= 2


def _first_doing(skill: str) -> str:
    """One capability: a list of skills in one sentence is cut after its first."""
    return re.split(r";\s|\.\s", shortened(skill, 150))[0]
