"""What a node says: core ideas, pitfalls, a mastery check and a capability, taken from what the source says of the very concept.

Where the source says nothing of a kind, the search widens step by step: other sentences of the concept, then sentences elsewhere that explain it or
warn about it. Each step lowers the confidence. Of a concept that the source only names, nothing can be said but that, where it stands and what is
open: its node has the fewest sentences that the contract allows, a confidence of `UNSAID` at most, and in strict mode an open question of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dagogy_provider_internal.concepts import Concept
from dagogy_provider_internal.elsewhere import Elsewhere
from dagogy_provider_internal.kinds import Kind, kind_of
from dagogy_provider_internal.lexicon import folded, imperative_of, is_imperative, pitfall_strength
from dagogy_provider_internal.naming import core_name, is_unspaced, same_key
from dagogy_provider_internal.passages import TABLE_OF_CONTENTS, Passage
from dagogy_provider_internal.phrasing import (
    balanced,
    capability_from_definition,
    capitalised,
    doing,
    imperative,
    is_fragment,
    is_plain,
    running,
    sentence,
    shortened,
    task_and_criterion,
    uncapitalised,
    within,
)
from dagogy_provider_internal.statements import (
    LONGEST,
    NARRATIVE,
    PRONOUN,
    Statement,
    clause,
    cleaned,
    halves,
    is_order,
    key_of,
    resolved,
    says_what,
    uncapitalised_first,
)

#: How many core ideas a node has where the source has them. A concept that others were merged into has one for each of these as well.
IDEAS = {"survey": 3, "practical": 4, "mastery": 5}
_MOST_IDEAS = 8
_PITFALLS = {"survey": 1, "practical": 2, "mastery": 3}
#: The confidence of a node on whose concept the source has nothing, or one sentence.
UNSAID, THIN = 0.2, 0.3
_NOTHING, _NO_MORE = "any statement", "any further statement"
_LEAST_IDEAS = 2
_USED_SKILLS = 2
_LONG_PITFALL = 200
_STEP, _MOST_STEPS = 90, 6
_NO_MISTAKE = "The source names no mistake"
_HALF = 130  # characters of each side of a contrast
_WITH_REASON = re.compile(r"\b(?:because|since|otherwise)\b|[,;] or (?:it|they|the|you|else|your)\b|; (?:an?|the|too) ")
_PHRASE = r"(?:(?!(?:that|which|can|to|is|are|have|with|from|between|how|what|when|it|them|you|we)\b)[\w'’/-]+ ?){1,5}(?<! )"
#: Two things that the source tells apart, or asks to be told apart.
_APART = re.compile(
    rf"\b(?:distinctions?|differences?|distinguish(?:es|ing)?) (?:between (?P<a>{_PHRASE}) and|(?P<c>{_PHRASE}) from) (?P<b>{_PHRASE})(?=[,;:.()]|$)|"
    rf"\b(?:confus(?:e|es|ed|ing)|mix(?:es|ed|ing)? up) (?P<e>{_PHRASE}) (?:with|and) (?P<f>{_PHRASE})(?=[,;:.()]|$)",
    re.IGNORECASE,
)
_APART_HINTS = ("istinction", "istinguish", "ifference", "onfus", "ix up", "ixes up", "ixing up")
#: Words of a statement that a learner overlooks at a cost: it limits, requires or sets a number.
_LIMITING = re.compile(
    r"\b(?:only|must|not|no|never|cannot|can['’]?t|always|every|each|before|until|unless|requires?|needs?|depends?|exactly|same|at (?:most|least)|"
    r"rather than|instead|unlike|but|if|although|default|limit\w*|without|does ?n['’]t|is ?n['’]t)\b|\d",
    re.IGNORECASE,
)
_ANYTHING = re.compile("")
_GENUS = re.compile(
    r"^(?:an?|the|any|one)\s+(?P<genus>(?:[\w'’-]+\s){0,3}?[\w'’-]+),?\s(?P<only>(?:that|which|whose|in which|where|for which|by which)\s[^,;:]{8,110})$"
)
_QUESTION = re.compile(r"^(?:what|which|why|how|when|where|who|does|do|is|are|can)\b(?! if we\b)[^:]{12,200}\?$", re.IGNORECASE)
_PROOF = frozenset("prove show derive justify deduce demonstrate".split())
_TELLING = frozenset("define state explain describe name identify recognize distinguish summarize list interpret compare classify give".split())
_ENGLISH = frozenset("the a an and of is are to in that for with it can be or as by on not".split())


@dataclass(frozen=True, slots=True)
class Around:
    """A concept's place in the curriculum: titles it leans on, titles that lean on it, what other parts of the source say of it, misconceptions of
    the spec about it, the words that the source writes small within a sentence, and a concept with a similar name and what it is."""

    before: Sequence[str] = ()
    after: Sequence[str] = ()
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    misconceptions: Sequence[str] = ()
    plain: frozenset[str] = frozenset()
    sibling: tuple[str, Statement] | None = None


@dataclass(slots=True)
class Content:
    """The text of a node. `confidence` falls with each kind of text for which the search had to widen; `missing` names those kinds. `cited` are the
    passages outside the concept's own text that its sentences come from."""

    capability: str = ""
    core_ideas: list[str] = field(default_factory=list)
    pitfalls: list[str] = field(default_factory=list)
    task: str = ""
    criterion: str = ""
    confidence: float = 0.9
    missing: list[str] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)
    cited: list[Passage] = field(default_factory=list)

    @property
    def unsaid(self) -> bool:
        """Whether the source says too little of the concept to teach it."""
        return bool({_NOTHING, _NO_MORE} & set(self.missing))

    def lacks(self, what: str, confidence: float) -> None:
        self.missing.append(what)
        self.confidence = round(min(self.confidence, max(confidence, THIN if what != _NOTHING else UNSAID)), 2)


def content_of(concept: Concept, passages: Sequence[Passage], said: Sequence[Statement], around: Around, depth: str) -> Content:
    """All text of the node for `concept`; `said` are the statements that its `passages` make."""
    return _Writer(concept, passages, said, around, depth).write()


def needs_elsewhere(concept: Concept, passages: Sequence[Passage]) -> bool:
    """Whether the concept's own text leaves something open that other parts of the source may have."""
    return len(passages) < 12 and (sum(p.role in ("definition", "fact") for p in passages) < 3 or not any(p.role == "pitfall" for p in passages))


class _Writer:
    """Writes one node. `said` are the statements about the concept, the best first; `used` the texts that stand in the node already."""

    def __init__(self, concept: Concept, passages: Sequence[Passage], said: Sequence[Statement], around: Around, depth: str) -> None:
        self.concept, self.passages, self.around, self.depth = concept, passages, around, depth
        self.content = Content()
        self.kind: Kind = kind_of(concept.title, passages)
        self.said = said
        self.ideas: list[Statement] = []
        self.used: set[str] = set()
        self.foreign = not self._parts() and _is_foreign([concept.title, *(p.text for p in passages[:12] if p.role != "code")])

    def write(self) -> Content:
        self._marked_pitfalls()
        self._core_ideas()
        if not self.content.core_ideas:
            return self._only_named()
        self._other_pitfalls()
        self._mastery()
        self.content.capability = self._capability()
        if len(self.content.core_ideas) < _LEAST_IDEAS:
            self.content.core_ideas.append(f"The source says no more of “{self.concept.title}” than this.")
            self.content.lacks(_NO_MORE, THIN)
        return self.content

    # ------------------------------------------------------------------------------------------------------------------ core ideas

    def _core_ideas(self) -> None:
        # A warning is a pitfall before it is an idea, and an exercise is no idea. Of a list of skills the first serve as capability and task.
        skills = [s for s in self.said if s.passage.role == "practice" and not s.passage.explicit and not s.passage.part]
        left = {id(s) for s in skills[_USED_SKILLS:]}
        own = [s for s in self.said if s.passage.role not in ("pitfall", "practice") or id(s) in left]
        wanted = max(IDEAS.get(self.depth, 4), min(_MOST_IDEAS, len(self.concept.merged)))
        self.ideas = self._best(own, wanted)
        for s in self.ideas:
            self.used.add(s.key)
        if len(self.ideas) < _LEAST_IDEAS:
            self._widen()
        self.content.core_ideas = [s.text for s in self.ideas]
        self.content.spare = [s.text for s in own if s.key not in self.used]
        self._cover_members()

    def _best(self, found: Sequence[Statement], wanted: int) -> list[Statement]:
        """The most telling statements in the order of the document, the definition first, each once, one at least for each merged concept."""
        fresh: dict[str, Statement] = {}
        for s in found:
            if s.key not in self.used:
                fresh.setdefault(s.key, s)
        ranked = sorted(enumerate(fresh.values()), key=lambda p: (-p[1].value, p[0]))
        chosen: dict[int, Statement] = {}
        for member in dict.fromkeys(s.passage.member for s in fresh.values() if s.passage.member):
            k, s = next((k, s) for k, s in ranked if s.passage.member == member)
            if len(chosen) < wanted:
                chosen[k] = s
        for k, s in ranked:
            if len(chosen) < wanted:
                chosen.setdefault(k, s)
        return [s for _, s in sorted(chosen.items(), key=lambda p: (not p[1].defines, p[0]))]

    def _widen(self) -> None:
        """What else can serve as an idea: half of a long sentence, advice, what other parts say of the concept, and last a sentence as it stands."""
        if len(self.ideas) == 1 and (two := list(halves(self.ideas[0], self._name(self.concept.title)))):
            self.ideas = two
        self._add([s for s in self.said if s.passage.role in ("practice", "pitfall") and s.clause])
        before = len(self.ideas)
        self._add(self.around.elsewhere.explaining)
        if len(self.ideas) > before:
            self.content.cited += [s.passage for s in self.ideas[before:]]
            self.content.lacks("a text", 0.5 if before else 0.4)
        self._add(self._contents())
        self._add([_as_it_is(p) for p in self.passages if _can_stand(p, self.concept)])
        if not self.ideas:
            # A skill is all that the source has: it says at least what is to be learned.
            self._add(self.said[:1])

    def _add(self, found: Sequence[Statement]) -> None:
        for s in found:
            if len(self.ideas) < _LEAST_IDEAS and s.text and s.key not in self.used:
                self.used.add(s.key)
                self.ideas.append(s)

    def _contents(self) -> list[Statement]:
        """ "Covers A, B, C" as a statement about the concept."""
        out = []
        for p in self.passages:
            match = TABLE_OF_CONTENTS.match(p.text)
            if match and len(self._parts()) > 1:
                out.append(Statement(sentence(f"{self.concept.title} {match['verb'].lower()} {p.text[match.end() :].strip()}"), p, True, clause=True))
        return out

    def _parts(self) -> list[str]:
        """The items of a passage that only lists what belongs to the concept."""
        for p in self.passages:
            match = TABLE_OF_CONTENTS.match(p.text)
            if match:
                return [part.strip() for part in re.split(r",\s|\sand\s|;\s", p.text[match.end() :].rstrip(". ")) if part.strip()]
        return []

    def _cover_members(self) -> None:
        """What was merged into the concept, and of which no idea speaks, is named at least."""
        told = " ".join([self.concept.title, *self.content.core_ideas]).casefold()
        left = [m for m in self.concept.merged if m.casefold() not in told]
        if left and self.content.core_ideas:
            self.content.core_ideas.append(sentence(f"{self.concept.title} also takes in {_listed(left)}"))

    # -------------------------------------------------------------------------------------------------------------------- pitfalls

    def _marked_pitfalls(self) -> None:
        """What the source marks as a mistake or a warning, what the spec calls a misconception, and warnings elsewhere that name the concept."""
        stated = {id(s.passage): s.text for s in self.said}
        marked = [p for p in self.passages if p.role == "pitfall" and p.explicit] + [p for p in self.passages if p.role == "pitfall" and not p.explicit]
        texts = [stated.get(id(p)) or (_label_text(p) if p.explicit else "") for p in marked]
        wanted = max(_PITFALLS.get(self.depth, 2), min(4, len(self.concept.merged)))
        for text in texts:
            if text and key_of(text) not in self.used and len(self.content.pitfalls) < wanted:
                self._pitfall(text)
        for m in self.around.misconceptions:
            if key_of(sentence(m)) not in self.used:
                self._pitfall(sentence(m))

    def _pitfall(self, text: str) -> None:
        self.used.add(key_of(text))
        self.content.pitfalls.append(text)

    def _other_pitfalls(self) -> None:
        """For a concept whose own text marks no mistake: a contrast or limit that it states, advice with its reason, what is said elsewhere, else what
        is easily overlooked or taken too widely."""
        if self.content.pitfalls:
            return
        spare = [s for s in self.said if s.key not in self.used]
        contrast = [
            s for s in spare if s.passage.role in ("fact", "example", "definition", "pitfall") and pitfall_strength(s.text) and s.clause and s.value > 0
        ]
        warned = [s for s in self.around.elsewhere.warning if s.key not in self.used]
        advice = [s for s in spare if s.passage.role == "practice" and not s.passage.explicit and _WITH_REASON.search(s.text)]
        if contrast:
            self._pitfall(contrast[0].text)
            return
        if warned:
            self.content.cited.append(warned[0].passage)
            self._pitfall(warned[0].text)
            return
        told = advice[0].text if advice else self._overlooked(spare)
        self.content.lacks("pitfalls", self.content.confidence - 0.1 if told else THIN)
        self._pitfall(told or f"{_NO_MISTAKE} with “{self.concept.title}”.")

    def _overlooked(self, spare: Sequence[Statement]) -> str:
        """A limit or condition that the node does not have among its ideas, or else an idea that the node can spare."""
        if self.foreign:
            return ""
        told = self._told_apart() or self._limit(spare, _LIMITING)
        if not told and len(self.ideas) > _LEAST_IDEAS:
            told = self._limit(self.ideas[1:], _LIMITING)
        told = told or self._mixed_up() or self._too_wide() or self._limit(spare, _ANYTHING) or self._limit(self.ideas[_LEAST_IDEAS:], _ANYTHING)
        # With two ideas the node can spare neither; one that forbids or confines is what is got wrong.
        return told or self._limit([*self.ideas[1:], *self.ideas[:1]], _LIMITING, keep=True)

    def _told_apart(self) -> str:
        for p in self.passages:
            hinted = p.role not in ("code", "question") and any(hint in p.text for hint in _APART_HINTS)
            found = _APART.search(p.text) if hinted else None
            if found:
                return sentence(f"Mixing up {found['a'] or found['c'] or found['e']} and {found['b'] or found['f']}")
        return ""

    def _mixed_up(self) -> str:
        """The concept taken for one with a similar name; the source says of both what they are."""
        own = next((c for s in self.ideas if s.subject and says_what(s.text) and (c := clause(s, self.around.plain, _HALF))), "")
        other = clause(self.around.sibling[1], self.around.plain, _HALF) if self.around.sibling else ""
        if not own or not other or self.around.sibling is None:
            return ""
        names = [self._name(t) for t in (self.concept.title, self.around.sibling[0])]
        return sentence(f"Mixing up {names[0]} and {names[1]}: {own}, whereas {other}")

    def _limit(self, found: Sequence[Statement], pattern: re.Pattern[str], *, keep: bool = False) -> str:
        for s in found if keep else sorted(found, key=lambda s: -s.value):
            told = clause(s, self.around.plain) if s.value > 0 and pattern.search(s.text) else ""
            if not told:
                continue
            if s in self.ideas and not keep and s.passage.member:
                continue
            if s in self.ideas and not keep:
                self.ideas.remove(s)
                self.content.core_ideas.remove(s.text)
            self.used.add(s.key)
            return sentence(f"Overlooking that {told}")
        return ""

    def _too_wide(self) -> str:
        """The definition read without what tells the concept from others of its kind."""
        for s in self.ideas:
            found = re.match(r"^(?P<np>[^,;:.()]{2,60}?)\s(?:is|are)\s(?P<what>.+?)\.?$", s.text) if s.subject else None
            kind = _GENUS.match(found["what"]) if found else None
            if found and kind and balanced(kind["only"]) and not re.search(r"\b(?:way|kind|type|sort|part|set|number|one|form)$", kind["genus"]):
                name = uncapitalised(found["np"], self.around.plain)
                return sentence(f"Taking any {kind['genus']} for {name}, though only one {kind['only']} is meant")
        return ""

    def _called(self) -> str:
        """The concept as the source calls it within a sentence, with the article that its definition has."""
        name = self._name(self.concept.title)
        article = next((m[1].lower() for s in self.ideas if (m := re.match(rf"(An?|The) {re.escape(name)}\b", s.text, re.IGNORECASE))), "")
        return f"{article} {name}" if article else name

    def _name(self, title: str) -> str:
        """A title within a sentence, small where the source writes its first word small."""
        return running(core_name(title), self.around.plain)

    # --------------------------------------------------------------------------------------------------------------- mastery check

    def _mastery(self) -> None:
        """The source's own exercise where it has one, else one made of its question, code or statements."""
        practice = [p for p in self.passages if p.role == "practice" and self._asks(p)]
        practice.sort(key=lambda p: not p.explicit)
        split = [self._split(p) for p in practice]
        both = [s for s in split if all(s)]
        marked = any(p.explicit for p in practice)
        tasks = [t for t, _ in split if len(t.split()) > 2]
        if both and (split[0] == both[0] or not marked or not split[0][0]):
            self.content.task, self.content.criterion = both[0]
        elif tasks:
            self.content.task, self.content.criterion = tasks[0], self._criterion_for(tasks[0])
        else:
            self.content.lacks("a practice task", self.content.confidence - 0.1)
            self.content.task, self.content.criterion = self._own_check()

    def _split(self, passage: Passage) -> tuple[str, str]:
        """An exercise of the source as a task and its criterion, with the concept's name for the pronoun that it may start with."""
        text = cleaned(passage.text)
        task, criterion = task_and_criterion(resolved(text, self._called()) or text, self.around.plain)
        return task, re.sub(r"^(?:Find|Confirm|Measure|Get|Expect|See|Observe)\s+(?=[\d−-]+(?:[.,]\d+)?\s)(?!.*\bthen\b)", "The result is ", criterion)

    def _asks(self, passage: Passage) -> bool:
        """Whether a passage of practice can be set as a task. An order in running prose is advice unless it names the concept or what must come out."""
        text = cleaned(passage.text)
        if passage.step:
            return False
        if not passage.explicit and (NARRATIVE.search(text) or self._split(passage)[0].startswith("Observe and record")):
            return False
        if not balanced(text) or (not passage.explicit and re.search(r"\bplease\b|\b(?:see|refer to|check out) (?:the|our|this)\b", text, re.IGNORECASE)):
            return False
        if passage.explicit or not passage.part or set(same_key(text)) & _telling(self.concept):
            return True
        return all(self._split(passage))

    def _look_for(self, task: str) -> str:
        """What somebody else looks for in an answer to `task`: a statement of the source that the task does not give away, in the form that follows
        "that"; the definition, or one with a number, before others."""
        given = folded(task)
        clauses = [
            (s, c)
            for s in [*self.ideas, *self.said]
            if s.passage.role not in ("practice", "pitfall") and (c := clause(s, self.around.plain) or clause(s, self.around.plain, LONGEST))
        ]
        fresh = [(s, c) for s, c in clauses if folded(c)[:50] not in given]
        ranked = sorted(enumerate(fresh), key=lambda p: (not p[1][0].defines, not re.search(r"\d", p[1][1]), -p[1][0].value, p[0]))
        return ranked[0][1][1] if ranked else ""

    def _criterion_for(self, task: str) -> str:
        """By what to judge a task of the source for which it gives no outcome."""
        shown = self._look_for(task)
        verb = imperative_of(task.split(" ", 1)[0])
        if self.foreign:
            return "Found in the result: " + next((i for i in self.content.core_ideas if folded(i)[:50] not in folded(task)), self.content.core_ideas[0])
        if not shown:
            skill = next((c for s in self.said if not s.clause and (c := uncapitalised_first(s.text.rstrip("."))) and folded(c)[:50] not in folded(task)), "")
            matter = skill or uncapitalised_first(task.rstrip("."))
            return sentence(f"Somebody else gets the same results in three cases of it, checked without help: {matter}")
        if verb in _PROOF:
            return sentence(f"Each step names what it follows from, and the argument uses that {shown}")
        if verb in _TELLING:
            return sentence(f"The answer says that {shown}, and gives a case of it")
        return sentence(f"The result holds when somebody else checks it against this: {shown}")

    def _own_check(self) -> tuple[str, str]:
        """A task and its criterion for the kind of concept, where the source asks for nothing."""
        question = next((q for p in self.passages if p.role == "question" and _QUESTION.match(q := cleaned(p.text)) and balanced(q)), "")
        parts = self._parts()
        if self.foreign:
            return self._foreign_check()
        if question:
            return sentence(f"Answer in writing, with an example of your own: {question}"), self._says(question)
        if len(parts) > 1 and len(self.ideas) < _LEAST_IDEAS + 1:
            return (
                sentence(f"Say in one sentence each what {_listed(parts)} {'are' if len(parts) > 1 else 'is'}, and how they hang together"),
                sentence(f"Each of {_listed(parts)} has a sentence of its own and an example, and at least one link between two of them is drawn"),
            )
        return self._check_by_kind()

    def _says(self, task: str) -> str:
        shown = self._look_for(task)
        return sentence(f"The answer says that {shown}, and the example shows it") if shown else self.content.core_ideas[-1]

    def _check_by_kind(self) -> tuple[str, str]:
        rest = sorted(self.ideas[1:], key=lambda s: (s.passage.role == "example", -s.value))
        aim = next((c for s in [*rest, *self.ideas] if (c := clause(s, self.around.plain))), "")
        name = self._called()
        if not aim and is_order(self.ideas[0].text):
            return self.ideas[0].text, self._criterion_for(self.ideas[0].text)
        if not aim:
            return self._check_of_fragment(name)
        form = _FORMS[self.kind]
        done = doing(self.concept.title)
        do = _small(done, self.around.plain) if done else f"Carry out {name}"
        depth = self.depth if self.depth in ("survey", "mastery") else "practical"
        task = sentence(form[depth].format(aim=aim, name=name, do=do, first=self._first_prerequisite()))
        shown = self._look_for(task)
        steps = [within(cleaned(p.text), _STEP).rstrip(". ") for p in self.passages if p.step]
        told = any(p.step and p.role == "practice" for p in self.passages)
        if told and self.kind == "procedure" and len(steps) > 1 and all(steps[:_MOST_STEPS]):
            noted = "; ".join(uncapitalised_first(s) for s in steps[:_MOST_STEPS])
            return task, sentence(f"The notes have each of these steps with its result: {noted}")
        if not shown:
            warned = next((p for p in self.content.pitfalls if not p.startswith(_NO_MISTAKE) and aim[:40] not in p and len(p) < _LONG_PITFALL), "")
            avoided = f"Somebody else looks for this mistake and does not find it: {uncapitalised(warned, self.around.plain)}"
            return task, sentence(avoided) if warned else "Somebody else, given the result alone, comes to the same statement."
        return task, sentence(form.get(f"{depth} criterion", form["criterion"]).format(shown=shown, name=name))

    def _first_prerequisite(self) -> str:
        return f" together with {self._name(self.around.before[0])}" if self.around.before else ""

    def _check_of_fragment(self, name: str) -> tuple[str, str]:
        """For a gloss without a verb, such as glossaries have."""
        gloss = uncapitalised(self.ideas[0].text.rstrip(".!? "), self.around.plain)
        return (
            sentence(f"Give one example of {name} and one case that only looks like it"),
            sentence(f"By this the two can be told apart: {gloss}"),
        )

    def _foreign_check(self) -> tuple[str, str]:
        """For a text in another language, of which no clause can be built into an English one."""
        ideas = self.content.core_ideas
        asked = f"Explain, and show on an example: {ideas[-1]}" if len(ideas) > 1 else f"Explain “{self.concept.title}” in your own words, with an example."
        return asked, f"Found in the explanation: {ideas[0]}"

    # ------------------------------------------------------------------------------------------------------------------ capability

    def _capability(self) -> str:
        """A verb phrase about the concept: a skill that the source lists, else what its definition says can be done or explained."""
        title, plain = self.concept.title, self.around.plain
        if self.foreign:
            return f"Explain: {self.content.core_ideas[0]}"
        skill = self._skill()
        definition = next((s for s in self.ideas if s.defines), None) or next((s for s in self.ideas if s.subject and s.clause), None)
        listed = sum(p.role == "practice" and not p.explicit and not p.part for p in self.passages) >= _LEAST_IDEAS
        if skill and (definition is None or listed or is_imperative(definition.text)):
            return skill
        if len(parts := self._parts()) > 1 and (definition is None or definition.passage.role == "other"):
            return sentence(f"Tell {_listed(parts)} apart as parts of {self._name(title)}")
        done = doing(title)
        if done and folded(done) != folded(title):
            return sentence(_small(done, plain))
        fits = definition is not None and (definition.subject or is_fragment(definition.text, title))
        made = capability_from_definition(title, definition.text, plain=plain) if definition and fits else ""
        if made and folded(made) != folded(title) and balanced(made):
            return made
        if skill:
            return skill
        told = min((c for s in self.ideas if (c := clause(s, plain))), key=lambda c: len(c) > 110, default="")
        if told:
            return sentence(_able(told))
        if is_order(self.ideas[0].text, title):
            return sentence(within(self.ideas[0].text, 170) or self.ideas[0].text)
        return sentence(f"Say of a case whether it is {self._name(self.concept.title)}: {uncapitalised(self.ideas[0].text.rstrip('.? '), plain)}")

    def _skill(self) -> str:
        found = [p for p in self.passages if p.role == "practice" and not p.explicit and p.lines != self.concept.lines and self._asks(p)]
        skills = [
            s
            for p in found
            if (s := within(imperative(cleaned(p.text)), 170)) and len(s.split()) > 2 and not re.match(r"(?:note|say|look)\b", s, re.IGNORECASE)
        ]
        about = next((s for s in skills if set(same_key(s)) & _telling(self.concept)), "")
        skill = about or next((s for s in skills if len(s.split()) > 3), "")
        return sentence(re.split(r";\s|\.\s", skill)[0]) if skill else ""

    # ------------------------------------------------------------------------------------------------------------------- only named

    def _only_named(self) -> Content:
        """The node of a concept that the source only names: what is known, and what is open."""
        content, title = self.content, f"“{self.concept.title}”"
        content.lacks(_NOTHING, UNSAID)
        names_it = "The source names" if self.concept.anchor >= 0 else "The topic spec asks for"
        content.core_ideas = [f"{names_it} {title} and does not say what it is.", self._place(title)]
        content.pitfalls = content.pitfalls or [f"What goes wrong with {title} is open."]
        done = doing(self.concept.title)
        content.capability, content.task, content.criterion = (t.format(name=title) for t in _OPEN[self.kind])
        if done and self.kind == "procedure":
            content.capability = sentence(f"{_small(done, self.around.plain)}, on a case that was not seen before")
        return content

    def _place(self, title: str) -> str:
        if self.concept.merged:
            return f"{title} takes in {_listed(self.concept.merged)}."
        comes = [
            f"{word} {_listed([f'“{t}”' for t in titles[:2]])}" for word, titles in (("after", self.around.before), ("before", self.around.after)) if titles
        ]
        if comes:
            return f"In this curriculum {title} comes {' and '.join(comes)}."
        return f"{title} stands under “{self.concept.path[-1]}”." if self.concept.path else f"Nothing tells what {title} builds on."


#: Tasks and criteria by the kind of concept and the depth: to recognise and explain, to do, to combine and derive.
_FORMS: dict[Kind, dict[str, str]] = {
    "definition": {
        "survey": "Explain in your own words, with one example, that {aim}",
        "practical": "Make up an example of {name} and a case that only looks like it, and show on both that {aim}",
        "mastery": "Build an example of {name}{first}, and argue from it why {aim}",
        "criterion": "The example shows that {shown}, and the other case does not",
        "mastery criterion": "The argument is drawn from the example alone and uses that {shown}",
        "survey criterion": "Somebody else finds in the explanation that {shown}",
    },
    "theorem": {
        "survey": "State in your own words, with one example, that {aim}",
        "practical": "Take a case of your own for {name}, check the conditions, and show in it that {aim}",
        "mastery": "Derive that {aim}, and give a case in which a condition of {name} fails",
        "criterion": "The conditions are listed before the conclusion is drawn, and the argument uses that {shown}",
        "survey criterion": "Condition and conclusion are told apart, and the example shows that {shown}",
    },
    "procedure": {
        "survey": "Describe the steps on one example, and say where it matters that {aim}",
        "practical": "{do} on a case of your own, write each step down, and mark where it matters that {aim}",
        "mastery": "{do}{first} on a case that the source does not treat, justify each step, and say where it matters that {aim}",
        "criterion": "Somebody else can repeat the steps from the notes alone, and sees that {shown}",
        "survey criterion": "The steps are in order, and it is said that {shown}",
    },
    "tool": {
        "survey": "Name a situation of your own for {name} and one against, and give as a reason that {aim}",
        "practical": "Use {name} on a small case of your own, and show with what comes out that {aim}",
        "mastery": "Solve one task of your own with {name}{first}, and once more without, and show by the difference that {aim}",
        "criterion": "The result can be reproduced from what was written down, and it shows that {shown}",
        "survey criterion": "The two situations differ in this: {shown}",
    },
    "judgement": {
        "survey": "Describe one case for each side, and explain that {aim}",
        "practical": "Decide two cases of your own that come out differently, and give the reason: {aim}",
        "mastery": "Decide a case in which both sides have something for them, weigh them, and argue that {aim}",
        "criterion": "Each decision names its reason, and the cases differ in this: {shown}",
        "survey criterion": "The two cases differ, and the explanation says that {shown}",
    },
}
#: Capability, task and criterion where the source says nothing: first find out what it is, in the way that fits the kind.
_OPEN: dict[Kind, tuple[str, str, str]] = {
    "definition": (
        "Say what {name} is, with an example.",
        "Find a source that defines {name}, and write down the definition, an example and a case that is none.",
        "The source is cited; the example meets every part of the definition, the other case fails a part that is named.",
    ),
    "theorem": (
        "State {name} with its conditions, and apply it.",
        "Find a source that states {name}, write down conditions and conclusion, and apply it to one example.",
        "The source is cited, and each condition is checked on the example before the conclusion is drawn.",
    ),
    "procedure": (
        "Carry out {name} on a case that was not seen before.",
        "Find a worked problem on {name}, cover its solution, and solve it.",
        "The source is cited, and the result is the one that it gives.",
    ),
    "tool": (
        "Use {name} on a case that was not seen before.",
        "Find the documentation of {name}, and use it once on a case of your own.",
        "The documentation is cited, and what it promises can be seen in the result.",
    ),
    "judgement": (
        "Decide a case of {name}, and say why.",
        "Find a source on {name}, and decide two cases by what it says.",
        "The source is cited, and each decision names the reason that is taken from it.",
    ),
}


def _able(told: str) -> str:
    """What a clause lets somebody do, where it says so ("to define X, write …", "you can create X by …"), else that they can explain it."""
    aim = re.match(
        r"(?:in order )?to (?P<do>[a-z]+ [^,;:]{3,80}),\s(?:(?:you|we|one)\s(?:can|must|have to|need to|may|could|should)?\s?|simply |just )(?P<how>\w.*)$",
        told,
    )
    if aim and not re.match(r"(?:know|want|understand)\b", aim["how"]):
        return f"{capitalised(aim['do'])}: {aim['how']}"
    can = re.match(
        r"(?:[^,;:]{3,40},\s)?(?:you|we|one)\s(?:can|must|may|have to|need to)\s(?P<do>(?!also\b|not\b|only\b|know\b|use the term)[a-z]+\s.+)$", told
    )
    if can:
        return capitalised(can["do"])
    when = re.match(r"(?P<when>(?:if|when|whenever|once|after|unless)\s[^,;:]{5,90}),\s(?P<then>.+)$", told)
    if when:
        return f"Say what follows {when['when']}, and why: {when['then']}"
    return f"Explain, with an example, that {told}"


def _label_text(passage: Passage) -> str:
    """The text behind a label or in a column, which may be a phrase or two sentences."""
    return shortened(passage.text)


def _can_stand(passage: Passage, concept: Concept) -> bool:
    text = " ".join(passage.text.split())
    if passage.role == "pointer" or PRONOUN.match(text) or NARRATIVE.search(text) or passage.role == "practice":
        return False
    if passage.role in ("code", "question", "requires") or text.endswith(":") or not balanced(text) or TABLE_OF_CONTENTS.match(text):
        return False
    return same_key(text) != same_key(concept.title) and (len(text.split()) >= 4 or is_unspaced(text))


def _as_it_is(passage: Passage) -> Statement:
    return Statement(shortened(passage.text), passage)


def _telling(concept: Concept) -> set[str]:
    return {w for w in same_key(core_name(concept.title)) if len(w) > 3}


def _listed(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _small(text: str, plain: frozenset[str]) -> str:
    """What a title asks for, as a phrase: words that the source writes small lose their capitals."""
    first, *rest = text.split(" ")
    return " ".join([capitalised(first), *(w.lower() if w.lower() in _ENGLISH or is_plain(w, plain) else w for w in rest)])


def _is_foreign(texts: Sequence[str]) -> bool:
    """Whether the text is in a language of which no English sentence can be built: another script, or none of the words that English cannot do without."""
    text = " ".join(texts)
    letters = [c for c in text[:4000] if c.isalpha()]
    if sum(not c.isascii() for c in letters) > 0.4 * len(letters):
        return True
    found = re.findall(r"[^\W\d_]+", text.lower())
    return len(found) >= 8 and not _ENGLISH.intersection(found)
