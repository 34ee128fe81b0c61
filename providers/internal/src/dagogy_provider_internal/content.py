"""What a node says: core ideas, pitfalls, a mastery check and a capability, taken from what the source says of the very concept.

Where the source says nothing of a kind, the search widens step by step: other sentences of the concept, sentences elsewhere that name it, and
at last what the document's structure and the prerequisite edges say. Each step lowers the confidence; nothing is padded with phrases that
would fit any other concept as well.
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
    quoted,
    sentence,
    shortened,
    task_and_criterion,
    uncapitalised,
)

#: How many core ideas a node has where the source has them.
IDEAS = {"survey": 3, "practical": 4, "mastery": 5}
_PITFALLS = {"survey": 1, "practical": 2, "mastery": 3}
_SHORTEST_IDEA = 4  # words
_PROOF = frozenset("prove show derive justify deduce demonstrate".split())
_TELLING = frozenset("define state explain describe name identify recognize distinguish summarize list interpret compare classify".split())


@dataclass(frozen=True, slots=True)
class Around:
    """A concept's place in the curriculum: titles it leans on, titles that lean on it, its nearest relatives by name or section, passages of other
    concepts that name it, and misconceptions of the spec about it."""

    before: Sequence[str] = ()
    after: Sequence[str] = ()
    beside: Sequence[str] = ()
    elsewhere: Sequence[tuple[str, Passage]] = ()
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
    example_lines: tuple[int, int] | None = None

    def lacks(self, what: str, cost: float) -> None:
        self.missing.append(what)
        self.confidence = round(max(0.2, self.confidence - cost), 2)


def content_of(concept: Concept, passages: Sequence[Passage], around: Around, depth: str) -> Content:
    """All text of the node for `concept`."""
    content = Content()
    used: set[str] = set()
    _pitfalls(content, concept, passages, around, depth, used)
    _core_ideas(content, concept, passages, around, depth, used)
    _fill_pitfalls(content, concept, passages, around, used)
    _mastery(content, concept, passages, around)
    content.capability = _capability(content, concept, passages, around)
    shown = [p for p in passages if p.role in ("example", "code", "practice")] or [p for p in passages if not p.first]
    content.example_lines = shown[0].lines if shown else None
    return content


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
    """What the document's structure says of a concept that it does not describe."""
    title = f"“{concept.title}”"
    out: list[str] = []
    if around.before:
        out.append(f"{title} uses {_listed(around.before[:2])}.")
    if around.after:
        out.append(f"{title} is used by {_listed(around.after[:2])}.")
    if around.beside:
        out.append(f"{title} stands beside {_listed(around.beside[:2])}{_section(concept)}.")
    if len(around.beside) > 2:
        out.append(f"{_listed(around.beside[2:4], 'and')} {'are' if len(around.beside) > 3 else 'is'} near {title}.")
    out.append(f"{title} is one of the topics{_section(concept) or ' of the spec'}.")
    out.append(f"The source names {title} and does not describe it.")
    return out


def _section(concept: Concept) -> str:
    return f" under “{concept.path[-1]}”" if concept.path else ""


def _listed(titles: Sequence[str], word: str = "and") -> str:
    return f" {word} ".join(f"“{t}”" for t in titles)


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
    warned = [p for _, p in around.elsewhere if pitfall_strength(p.text) == 2] + [p for _, p in around.elsewhere if pitfall_strength(p.text) == 1]
    content.pitfalls = _take(warned, concept, used)[:1]
    if not content.pitfalls:
        content.lacks("pitfalls", 0.1)
        weak = [p for p in passages if p.role not in ("code", "requires", "definition") and pitfall_strength(p.text) and not p.text.rstrip().endswith(":")]
        asked = [p for p in passages if p.role == "question"]
        content.pitfalls = [shortened(p.text) for p in [*weak, *asked]][:1]
    if not content.pitfalls and content.spare:
        content.pitfalls = [f"Easily passed over: {uncapitalised(content.spare[-1])}"]
    if not content.pitfalls:
        content.pitfalls = [_confusion(content, concept, around)]


def _confusion(content: Content, concept: Concept, around: Around) -> str:
    near = next(iter(around.beside), "")
    if around.before:
        return f"Starting on {core_name(concept.title)} without “{around.before[0]}”, which it uses."
    if near:
        return f"Taking “{near}” for the same as “{concept.title}”; the source lists them apart."
    if around.after:
        return f"Passing on to “{around.after[0]}” before “{concept.title}” is settled."
    return f"Taking “{concept.title}” for more than this: {uncapitalised(content.core_ideas[0])}"


# --------------------------------------------------------------------------------------------------------------------- mastery check


def _mastery(content: Content, concept: Concept, passages: Sequence[Passage], around: Around) -> None:
    """The source's own exercise where it has one, else one made of its question, code or statements."""
    marked = [p for p in passages if p.role == "practice" and p.explicit]
    practice = marked + [p for p in passages if p.role == "practice" and not p.explicit]
    split = [task_and_criterion(p.text) for p in practice]
    task, criterion = next((s for s in split[: len(marked)] if all(s)), ("", "")) or ("", "")
    if not task:
        task, criterion = next((s for s in split if all(s)), ("", ""))
    if not task:
        task = next((t for t, _ in split if len(t.split()) > 2), "")
    if not task:
        task = _own_task(content, concept, passages, around)
        content.lacks("a practice task", 0.1)
    content.task = task
    content.criterion = criterion or _own_criterion(content, concept, task)


def _own_task(content: Content, concept: Concept, passages: Sequence[Passage], around: Around) -> str:
    """Something to do about the concept where the source asks for nothing."""
    question = next((p.text for p in passages if p.role == "question" and len(p.text.split()) > 3), "")
    code = next((p for p in passages if p.role == "code"), None)
    ideas = content.core_ideas
    if question:
        return sentence(f"Answer in writing, with one example of your own: {question}")
    if code is not None:
        first = next((line.strip() for line in code.text.splitlines() if line.strip()), "")
        return sentence(f"Run the code in lines {code.lines[0]}–{code.lines[1]}, from `{first[:60]}` on, and say what each line does")  # noqa: RUF001
    if "any statement" in content.missing:
        return _task_from_relations(concept, around)
    example = next((p.text for p in passages if p.role == "example"), "")
    if example:
        return sentence(f"Work out a case of your own that goes beyond the source's: {quoted(example)}")
    if len(ideas) > 1:
        return sentence(f"Show on an example of your own that {uncapitalised(ideas[1].rstrip('.?! '))}")
    return _task_from_relations(concept, around)


def _task_from_relations(concept: Concept, around: Around) -> str:
    name = core_name(concept.title)
    if around.before:
        return sentence(f"Work one problem on {name} and mark each step that uses “{around.before[0]}”")
    if around.after:
        return sentence(f"Work one problem on {name} and show where its result enters “{around.after[0]}”")
    if around.beside:
        return sentence(f"Write down one case that belongs to {name} and one that belongs to “{around.beside[0]}”, and say what tells them apart")
    return sentence(f"Write down one case of {name} and one that only looks like it, and say what tells them apart")


def _own_criterion(content: Content, concept: Concept, task: str) -> str:
    """By what to judge a task for which the source gives no outcome: its own statement about the concept."""
    verb = imperative_of(task.split(" ", 1)[0])
    ideas = [i for i in content.core_ideas if folded(i.rstrip(".")) not in folded(task)] or content.core_ideas
    statement = next((i for i in ideas if re.search(r"\d", i)), ideas[0])
    if "any statement" in content.missing:
        return f"Every step is written out, and somebody else reaches the same result for {core_name(concept.title)} from them."
    if verb in _TELLING:
        return f"The answer contains what the source says: {quoted(statement)}."
    if verb in _PROOF:
        return f"No step is left out, and the argument agrees with {quoted(statement)}."
    return f"The result agrees with {quoted(statement)}."


# ------------------------------------------------------------------------------------------------------------------------ capability


def _capability(content: Content, concept: Concept, passages: Sequence[Passage], around: Around) -> str:
    """A verb phrase about the concept: a skill that the source lists, else what its definition says can be done or explained."""
    skills = [imperative(p.text) for p in passages if p.role == "practice" and not p.explicit and p.lines != concept.lines]
    skill = next((s for s in skills if s and len(s.split()) > 2 and _about(s, concept)), "") or next((s for s in skills if len(s.split()) > 3), "")
    definition = next((p for p in passages if p.role == "definition"), None)
    if skill and (definition is None or is_imperative(definition.text) or _listed_skills(passages)):
        return sentence(_first_doing(skill))
    made = capability_from_definition(concept.title, definition.text, imperative_of(concept.title.split(" ", 1)[0]) != "") if definition else ""
    if made and folded(made) != folded(concept.title):
        return made
    if skill:
        return sentence(_first_doing(skill))
    if content.core_ideas and "any statement" not in content.missing:
        return sentence(f"Explain why {uncapitalised(content.core_ideas[0].rstrip('.?! '))}")
    named = core_name(concept.title)
    if around.after:
        return sentence(f"Use {named} where “{around.after[0]}” needs it")
    if around.before:
        return sentence(f"Carry {_listed(around.before[:1])} on to {named}")
    return sentence(f"Tell {named} from “{around.beside[0]}”" if around.beside else f"Work a problem on {named}")


def _about(text: str, concept: Concept) -> bool:
    return bool(set(same_key(text)) & {w for w in same_key(core_name(concept.title)) if len(w) > 3})


def _listed_skills(passages: Sequence[Passage]) -> bool:
    """Whether the concept's text has a list of skills: several one-sentence demands on lines of their own."""
    return sum(p.role == "practice" and not p.explicit for p in passages) >= 2


def _first_doing(skill: str) -> str:
    """One capability: a list of skills in one sentence is cut after its first."""
    return re.split(r";\s|\.\s", shortened(skill, 150))[0]
