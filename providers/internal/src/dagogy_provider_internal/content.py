"""What a node says: core ideas, pitfalls, a mastery check and a capability, taken from what the source says
of the very concept.

Where the source says nothing of a kind, the search widens step by step: other sentences of the
concept, then sentences elsewhere that explain it or warn about it. Each step lowers the confidence. Of
a concept that the source only names, nothing can be said but that, where it stands and what is open:
its node has the fewest sentences that the contract allows, a confidence of `UNSAID` at most, and in
strict mode an open question of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dagogy.api.text import Words

from dagogy_provider_internal.checks import (
    KINDS,
    Material,
    asked,
    code_line,
    criterion_for,
    handed_in,
    listed,
    terms_of,
)
from dagogy_provider_internal.concept import Concept
from dagogy_provider_internal.cross_references import CrossReferences
from dagogy_provider_internal.kinds import Kind, kind_of
from dagogy_provider_internal.lexicon import (
    NEEDS,
    OUTCOME_VERBS,
    imperative_of,
    is_imperative,
    is_pointer,
    is_prerequisite,
)
from dagogy_provider_internal.naming import (
    balanced,
    core_name,
    is_unspaced,
    key_words,
    running_name,
    same_key,
)
from dagogy_provider_internal.passages import NO_TASK, TABLE_OF_CONTENTS, Passage
from dagogy_provider_internal.phrasing import (
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
from dagogy_provider_internal.pitfalls import (
    can_warn,
    distinguished,
    is_story,
    limit_strength,
    mixed_up,
    refers_back,
    speaks_against,
    taken_for,
)
from dagogy_provider_internal.statements import (
    LEFT_OPEN,
    LONGEST,
    NARRATIVE,
    PRONOUN,
    Statement,
    addressed,
    claimed,
    clause,
    cleaned,
    halves,
    is_order,
    key_of,
    resolved,
    uncapitalised_first,
)

#: How many core ideas a node has where the source has them. A concept that others were merged into has one
#: for each of these as well.
IDEAS = {"survey": 3, "practical": 4, "mastery": 5}
_MOST_IDEAS = 8
_PITFALLS = {"survey": 1, "practical": 2, "mastery": 3}
#: The confidence of a node on whose concept the source has nothing, or one sentence. Both are tentative
#: (`RuleContext.tentative`).
SILENT, THIN = 0.2, 0.3
#: All others start from `_FULL`. Each kind of text that is made of the source's words, or found elsewhere,
#: costs `_WIDER`; one that the source does not have at all `_ABSENT`. Ideas from elsewhere leave `_BORROWED`,
#: or `_ALL_BORROWED` where none is of the concept's own text; no less than `_SUPPORTED`.
_FULL, _BORROWED, _ALL_BORROWED, _SUPPORTED = 0.9, 0.5, 0.4, 0.35
_WIDER, _ABSENT = 0.1, 0.2
_NOTHING, _NO_MORE = "any statement", "any further statement"
_LEAST_IDEAS = 2
_USED_SKILLS = 2
_STEP, _MOST_STEPS = 90, 6
_NO_MISTAKE = "The source names no mistake"
_LONG_NAME = 5
_FORBIDS = 3  # the strength of a sentence that forbids or speaks of failure
_OPENING_WORDS = 2
_SHORT_CLAUSE = 120
_DEMANDED = re.compile(
    r"^(?:know|understand|prove|show|explain|recogni[sz]e|see|derive|be aware)"
    r"(?:, [^,]+,)? (?:why|that|of ways in which) (?P<what>[^:;]{12,200})$",
    re.IGNORECASE,
)
_BARE_EXAMPLE = re.compile(r"^(?:for example|for instance|e\.g\.|examples?:)", re.IGNORECASE)
#: "All of these concepts" in an exercise: it means what its section is about.
_THESE = re.compile(
    r"\b(?:(?:all|both|any|each|some)(?: of)? )?(?:these|those|this|the (?:above|following)) "
    r"(?:concepts?|notions?|ideas?|topics?|terms?|objects?|"
    r"things|definitions?)\b",
    re.IGNORECASE,
)
_DANGLES = re.compile(r"\b(?:these|those|this|the (?:above|following|former|latter))\b", re.IGNORECASE)
_SAYS_WHAT = re.compile(
    r"(?:An? |The |All |Each |Every )?(?:[\w'’-]+ ){1,5}(?:is|are|means) (?:an?|the|any|one|what|those|all)\b"
)
_DEFINES = re.compile(r"^[^,;:.()]{2,70}?\s(?:is|are)\s(?P<what>.+)$")
_WITH_REASON = re.compile(
    r"\b(?:because|since|otherwise)\b|[,;] or (?:it|they|the|you|else|your)\b|; (?:an?|the|too|\w+ing) "
)
_QUESTION = re.compile(
    r"^(?:what|which|why|how|when|where|who|does|do|is|are|can)\b(?! if we\b)[^:]{12,200}\?$", re.IGNORECASE
)
_PROOF = frozenset("prove show derive justify deduce demonstrate".split())
_TELLING = frozenset(
    (
        "define state explain describe name identify recognize distinguish summarize list interpret compare "
        "classify give"
    ).split()
)
_ENGLISH = frozenset("the a an and of is are to in that for with it can be or as by on not".split())


@dataclass(frozen=True, slots=True)
class Around:
    """A concept's place in the curriculum: titles it depends on, titles that depend on it, what other parts
    of the source say of it, misconceptions of the spec about it, the words that the source writes small
    within a sentence, and the concept most like it with its definition, if there is one."""

    before: Sequence[str] = ()
    after: Sequence[str] = ()
    cross_references: CrossReferences = field(default_factory=CrossReferences)
    misconceptions: Sequence[str] = ()
    plain: frozenset[str] = frozenset()
    alike: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Content:
    """The text of a node. `confidence` falls with each kind of text for which the search had to
    widen; `missing` names those kinds. `cited` are the passages outside the concept's own text
    that its sentences come from."""

    capability: str = ""
    core_ideas: list[str] = field(default_factory=list)
    pitfalls: list[str] = field(default_factory=list)
    task: str = ""
    criterion: str = ""
    confidence: float = _FULL
    missing: list[str] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)
    cited: list[Passage] = field(default_factory=list)

    @property
    def silent(self) -> bool:
        """Whether the source says too little of the concept to teach it."""
        return bool({_NOTHING, _NO_MORE} & set(self.missing))

    def lacks(self, what: str, confidence: float) -> None:
        least = {_NOTHING: SILENT, _NO_MORE: THIN}.get(what, min(self.confidence, _SUPPORTED))
        self.missing.append(what)
        self.confidence = round(min(self.confidence, max(confidence, least)), 2)


def content_of(
    concept: Concept, passages: Sequence[Passage], statements: Sequence[Statement], around: Around, depth: str
) -> Content:
    """All text of the node for `concept`; `said` are the statements that its `passages` make."""
    return _Writer(concept, passages, statements, around, depth).write()


def needs_cross_references(concept: Concept, passages: Sequence[Passage]) -> bool:
    """Whether the concept's own text leaves something open that other parts of the source may have."""
    few = len(passages) < 12 and (
        sum(p.role in ("definition", "fact") for p in passages) < 3
        or not any(p.role == "pitfall" for p in passages)
    )
    return few or not any(p.first and _SAYS_WHAT.match(p.text) for p in passages)


class _Writer:
    """Writes one node. `said` are the statements about the concept, the best first; `used` the texts that
    stand in the node already.
    """

    def __init__(
        self,
        concept: Concept,
        passages: Sequence[Passage],
        statements: Sequence[Statement],
        around: Around,
        depth: str,
    ) -> None:
        self.concept, self.passages, self.around, self.depth = concept, passages, around, depth
        self.content = Content()
        self.kind: Kind = kind_of(concept.title, passages)
        self.statements = _of_the_matter(statements, around.before)
        self.ideas: list[Statement] = []
        self.used: set[str] = set()
        self.foreign = not self._parts() and _is_foreign(
            [concept.title, *(p.text for p in passages[:12] if p.role != "code")]
        )

    def write(self) -> Content:
        self._marked_pitfalls()
        self._limits()
        self._core_ideas()
        if not self.content.core_ideas:
            return self._only_named()
        self._other_pitfalls()
        self._mastery()
        capability = self._capability()
        if Words.form(capability) == Words.form(self.content.task):
            self.content.task = sentence(handed_in(self.content.task))
        if Words.form(capability) == Words.form(self.concept.title):
            # The title is a skill in full; what the learner can do is to show it on a case that the source
            # does not work out.
            capability = f"{capability.rstrip('. ')}, on a case that was not seen before"
        self.content.capability = self._with_members(capability)
        if len(self.content.core_ideas) < _LEAST_IDEAS and (line := self._code()):
            self.content.core_ideas.append(f"The source shows it in code: `{line}`.")
            self.content.lacks(_NO_MORE, THIN)
        if len(self.content.core_ideas) < _LEAST_IDEAS:
            self.content.core_ideas.append(f"The source says no more of “{self.concept.title}” than this.")
            self.content.lacks(_NO_MORE, THIN)
        return self.content

    # --------------------------------------------------------------------------------------------- core ideas

    def _core_ideas(self) -> None:
        # A warning is a pitfall before it is an idea, and an exercise is no idea. Of a list of skills the
        # first serve as capability and task.
        skills = [
            s
            for s in self.statements
            if s.passage.role == "practice" and not s.passage.explicit and not s.passage.part
        ]
        left = {id(s) for s in skills[_USED_SKILLS:]}
        own = [s for s in self.statements if s.passage.role not in ("pitfall", "practice") or id(s) in left]
        own = self._statements_first(own)
        wanted = max(IDEAS.get(self.depth, 4), min(_MOST_IDEAS, len(self.concept.merged)))
        self.ideas = self._best(own, wanted)
        # "A template is a text with slots" may stand in the introduction, and the concept's own section may
        # take it for known.
        explaining = next(
            (
                s
                for s in self.around.cross_references.explaining
                if s.subject and s.clause and _SAYS_WHAT.match(s.text)
            ),
            None,
        )
        if (
            explaining
            and self.ideas
            and not self.concept.merged
            and not any(_SAYS_WHAT.match(s.text) and s.subject for s in self.ideas)
        ):
            self.ideas = [replace(explaining, defines=True), *self.ideas[: wanted - 1]]
            self.content.cited.append(explaining.passage)
        for s in self.ideas:
            self.used.add(s.key)
        if len(self.ideas) < _LEAST_IDEAS:
            self._widen()
        self.content.core_ideas = [s.text for s in self.ideas]
        self.content.spare = [s.text for s in own if s.key not in self.used]

    def _statements_first(self, own: list[Statement]) -> list[Statement]:
        """Ideas are statements: what is to be known or shown is said as one where the source words it so.
        Other orders, what hangs on the sentence before it and bare examples are left out, where there is
        enough without them."""
        own = [self._contents_of(s) for s in own]
        claims = [stated for s in own if (stated := claimed(s, self.concept.title)) is not None]
        alone = [
            s
            for s in claims
            if not (
                is_order(s.text, self.concept.title)
                or refers_back(s.text)
                or _BARE_EXAMPLE.match(s.passage.text)
            )
        ]
        if len({s.key for s in alone} - self.used) >= _LEAST_IDEAS:
            return alone
        return [
            *alone,
            *(s for s in claims if s not in alone and not is_order(s.text, self.concept.title)),
            *(s for s in claims if is_order(s.text, self.concept.title)),
        ]

    def _best(self, found: Sequence[Statement], wanted: int) -> list[Statement]:
        """The most telling statements in the order of the document, the definition first, each once, one at
        least for each merged concept.
        """
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
        """What else can serve as an idea: half of a long sentence, advice, what other parts say of the
        concept, and last a sentence as it stands.
        """
        if len(self.ideas) == 1 and (two := list(halves(self.ideas[0], self._name(self.concept.title)))):
            self.ideas = two
        self._add([s for s in self.statements if s.passage.role in ("practice", "pitfall") and s.clause])
        before = len(self.ideas)
        self._add(self.around.cross_references.explaining)
        if len(self.ideas) > before:
            self.content.cited += [s.passage for s in self.ideas[before:]]
            self.content.lacks("a text", _BORROWED if before else _ALL_BORROWED)
        self._add(self._contents())
        self._add([_as_it_is(p) for p in self.passages if _can_stand(p, self.concept)])
        if not self.ideas:
            # A skill is all that the source has: it says at least what is to be learned.
            self._add(self.statements[:1])

    def _add(self, found: Sequence[Statement]) -> None:
        for s in found:
            again = any(
                _repeats(s.text, text)
                for text in [*(idea.text for idea in self.ideas), *self.content.pitfalls]
            )
            if len(self.ideas) < _LEAST_IDEAS and s.text and s.key not in self.used and not again:
                self.used.add(s.key)
                self.ideas.append(s)

    def _contents(self) -> list[Statement]:
        """ "Covers A, B, C" as a statement about the concept."""
        return [
            self._contents_of(Statement(p.text, p, True, clause=True))
            for p in self.passages
            if TABLE_OF_CONTENTS.match(p.text) and len(self._parts()) > 1
        ]

    def _contents_of(self, s: Statement) -> Statement:
        """A statement that lists what belongs to the concept, without the concept
        itself; any other as it is.
        """
        match = TABLE_OF_CONTENTS.match(s.passage.text)
        if not match or len(self._parts()) < _LEAST_IDEAS:
            return s
        return replace(
            s,
            text=sentence(
                f"{running_name(self.concept.title)} {match['verb'].lower()} {listed(self._parts())}"
            ),
        )

    def _code(self) -> str:
        """A line of code that the source gives with the concept, if it can be quoted."""
        return next((line for p in self.passages if p.role == "code" and (line := code_line(p.text))), "")

    def _parts(self) -> list[str]:
        """The items of a passage that only lists what belongs to the concept."""
        for p in self.passages:
            match = TABLE_OF_CONTENTS.match(p.text)
            if match:
                parts = (
                    part.strip() for part in re.split(r",\s|\sand\s|;\s", p.text[match.end() :].rstrip(". "))
                )
                return [
                    part
                    for part in parts
                    if part and same_key(part) != same_key(running_name(self.concept.title))
                ]
        return []

    # ----------------------------------------------------------------------------------------------- pitfalls

    def _marked_pitfalls(self) -> None:
        """What the source marks as a mistake or a warning, what the spec calls a misconception, and warnings
        elsewhere that name the concept.
        """
        stated = {id(s.passage): s.text for s in self.statements}
        marked = [p for p in self.passages if p.role == "pitfall" and p.explicit] + [
            p for p in self.passages if p.role == "pitfall" and not p.explicit
        ]
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

    def _limits(self) -> None:
        """Failures, contrasts and conditions that the source states of the concept, as far as it says enough
        else for the core ideas.
        """
        usable = {s.key for s in self.statements if s.passage.role not in ("pitfall", "practice")} - self.used
        found = [(limit_strength(s.text), s) for s in self.statements if s.key in usable and can_warn(s)]
        found.sort(key=lambda f: (-f[0], -f[1].value))
        # An idea can be replaced by advice, by what other parts say, by a sentence as it stands or by the
        # code that shows it.
        stated = {id(s.passage) for s in self.statements}
        left = any(s.passage.role == "practice" and s.clause for s in self.statements) or any(
            id(p) not in stated and _can_stand(p, self.concept) for p in self.passages
        )
        replaced = left or bool(self.around.cross_references.explaining) or bool(self._code())
        for k, (strength, s) in enumerate(found):
            # A second one has to be a contrast at least, and may not cost an idea.
            kept = _LEAST_IDEAS - replaced if not self.content.pitfalls else IDEAS.get(self.depth, 4)
            wanted = _PITFALLS.get(self.depth, 2)
            if (
                strength < (1 if not k else 2)
                or len(self.content.pitfalls) >= wanted
                or len(usable) <= kept
                or s.key in self.used
            ):
                break
            usable.discard(s.key)
            self._pitfall(s.text)

    def _other_pitfalls(self) -> None:
        """For a concept whose own text leaves no sentence to warn with: two things that it tells
        apart, half of an idea, what is said elsewhere, advice with its reason, a limit among the
        ideas, what its definition shuts out. Nothing else is made into a mistake: where the source
        names none, the node says so."""
        if self.content.pitfalls:
            return
        warned = [s for s in self.around.cross_references.warning if s.key not in self.used]
        warned += [
            s
            for s in self.around.cross_references.explaining
            if s.key not in self.used and can_warn(s) and limit_strength(s.text) > 1
        ]
        advice = [
            s
            for s in self.statements
            if s.key not in self.used
            and s.passage.role == "practice"
            and not s.passage.explicit
            and _WITH_REASON.search(s.text)
        ]
        text = ("" if self.foreign else distinguished(self.passages)) or self._second_half()
        if not text and warned:
            self.content.cited.append(warned[0].passage)
            text = warned[0].text
        text = (
            text
            or (advice[0].text if advice else "")
            or self._demanded()
            or self._overlooked()
            or self._taken_for()
            or self._mixed_up()
        )
        self.content.lacks("pitfalls", self.content.confidence - (_WIDER if text else _ABSENT))
        self._pitfall(text or f"{_NO_MISTAKE} with “{self.concept.title}”.")

    def _taken_for(self) -> str:
        name, opening = self._name(self.concept.title), self.ideas[0].text
        about = is_fragment(opening, self.concept.title) or re.match(
            rf"(?:An? |The )?{re.escape(name)}(?:e?s)? ", opening, re.IGNORECASE
        )
        return taken_for(self._complement(), self._called()) if about and not self.foreign else ""

    def _mixed_up(self) -> str:
        other, definition = self.around.alike
        text = within(definition, 170).rstrip(".") if definition and not self.foreign else ""
        return (
            mixed_up(self._called(), self._name(other), uncapitalised(text, self.around.plain))
            if text
            else ""
        )

    def _complement(self) -> str:
        """What the concept is, by the sentence that defines it."""
        first = self.ideas[0]
        text = clause(first, self.around.plain) or clause(first, self.around.plain, LONGEST)
        definition = _DEFINES.match(text) if first.subject else None
        if definition:
            return definition["what"]
        gloss = first.text.rstrip(".!? ")
        return uncapitalised(gloss) if is_fragment(first.text, self.concept.title) else ""

    def _demanded(self) -> str:
        """A limit that the source asks the learner to know or show ("Know why
        …", "Prove that … is not …").
        """
        found = (
            m["what"]
            for p in self.passages
            if p.role not in ("code", "question") and (m := _DEMANDED.match(cleaned(p.text)))
        )
        return next(
            (
                sentence(what)
                for what in found
                if limit_strength(what) and balanced(what) and not PRONOUN.match(capitalised(what))
            ),
            "",
        )

    def _overlooked(self) -> str:
        """A failure, contrast or condition that stands among the ideas, because the source says too little
        else to spare it there. What a definition denies is part of it; only what it forbids or sets against
        another thing is a mistake as well."""
        later = [s for s in self.ideas[1:] if limit_strength(s.text)]
        opening = [s for s in self.ideas[:1] if speaks_against(s.text)]
        found = [
            (limit_strength(s.text), c)
            for s in [*later, *opening]
            if not is_story(s) and not refers_back(s.text) and (c := clause(s, self.around.plain))
        ]
        strength, text = max(found, key=lambda f: f[0], default=(0, ""))
        if self.foreign:
            # No English frame takes the sentence in; what forbids or warns says it by itself.
            return max(
                (s.text for s in self.ideas if limit_strength(s.text) >= _FORBIDS),
                key=limit_strength,
                default="",
            )
        return sentence(f"Overlooking that {text}") if strength else ""

    def _second_half(self) -> str:
        """The half of an idea that takes something back or limits it, where the idea can do without."""
        for k, idea in enumerate(self.ideas):
            two = list(halves(idea, self._name(self.concept.title)))
            if two and not idea.passage.member and limit_strength(two[1].text):
                self.ideas[k] = two[0]
                self.content.core_ideas[k] = two[0].text
                return two[1].text
        return ""

    def _called(self) -> str:
        """The concept as the source calls it within a sentence, with the article that its definition has."""
        name = self._name(self.concept.title)
        article = next(
            (
                m[1].lower()
                for s in self.ideas
                if (m := re.match(rf"(An?|The) {re.escape(name)}\b", s.text, re.IGNORECASE))
            ),
            "",
        )
        return f"{article} {name}" if article else name

    def _doing(self) -> str:
        """The title as an order, where it names something to do."""
        return re.sub(r"\b[Oo]ur\b", "the", doing(self.concept.title, (p.text for p in self.passages)))

    def _topic(self) -> str:
        """The concept inside a task: as it is called, or in quotation marks where its title is a phrase or a
        sentence and no name.
        """
        title = running_name(self.concept.title)
        phrase = (
            len(title.split()) > _LONG_NAME
            or title.split(" ", 1)[0].endswith("ing")
            or (" " in title and (is_imperative(title) or is_order(title)))
        )
        return f"“{title}”" if phrase or re.search(r"[!?,:…]", title) else self._called()

    def _name(self, title: str) -> str:
        """A title within a sentence, small where the source writes its first word small."""
        return running(running_name(title), self.around.plain)

    # ------------------------------------------------------------------------------------------ mastery check

    def _mastery(self) -> None:
        """The source's own exercise where it has one, else one made of its question, code or statements."""
        practice = [p for p in self.passages if p.role == "practice" and self._asks(p)]
        # At a glance something is told, and not done, where the source asks for both.
        survey = self.depth == "survey"
        practice.sort(
            key=lambda p: (
                not p.explicit,
                survey and imperative_of(self._whole(p).split(" ", 1)[0]) not in _TELLING,
            )
        )
        split = [self._split(p) for p in practice]
        both = [s for s in split if all(s)]
        marked = any(p.explicit for p in practice)
        tasks = [t for t, _ in split if len(t.split()) > 2 or is_unspaced(t)]
        if both and (split[0] == both[0] or not marked or not split[0][0]):
            self.content.task, self.content.criterion = both[0]
        elif tasks:
            self.content.task, self.content.criterion = tasks[0], self._criterion_for(tasks[0])
        else:
            self.content.lacks("a practice task", self.content.confidence - _WIDER)
            self.content.task, self.content.criterion = self._own_check()
            return
        if self.depth == "mastery":
            self._second_task([s for s in split if s[0] in tasks and s[0] != self.content.task])

    def _second_task(self, others: Sequence[tuple[str, str]]) -> None:
        """Who is to master a concept does two things with it: another exercise of the source,
        or one made of what it says.
        """
        if self.foreign and not others:
            return
        task, criterion = others[0] if others else self._own_check()
        criterion = criterion or self._criterion_for(task)
        if Words.form(task) not in Words.form(self.content.task) and Words.form(criterion) not in Words.form(
            self.content.criterion
        ):
            self.content.task, self.content.criterion = (
                f"{self.content.task} {task}",
                f"{self.content.criterion} {criterion}",
            )

    def _whole(self, passage: Passage) -> str:
        """An exercise with the concept's name where it says "these concepts" or "it"."""
        name = self._called()
        text = _THESE.sub(lambda _: name, cleaned(passage.text))
        return addressed(
            re.sub(
                r"^(\w+) (?:it|them)(?= )", lambda m: f"{m[1]} {name}" if imperative_of(m[1]) else m[0], text
            )
        )

    def _split(self, passage: Passage) -> tuple[str, str]:
        """An exercise of the source as a task and its criterion, with the concept's name for the pronoun that
        it may start with.
        """
        name, text = self._called(), self._whole(passage)
        if self.foreign:
            return sentence(text), ""
        task, criterion = task_and_criterion(resolved(text, name) or text, self.around.plain)
        orders = (
            [imperative_of(w) for w in re.findall(r"^\w+|(?<= and )\w+", criterion)]
            if not passage.explicit
            else []
        )
        if (
            orders
            and orders[0]
            and not {v for v in orders if v} <= OUTCOME_VERBS
            and not re.search(r"\d", criterion)
        ):
            # A second order is no outcome.
            task, criterion = sentence(imperative(text) or text), ""
        criterion = re.sub(r"^That (?=[a-z])", "What is shown is that ", criterion)
        return task, re.sub(
            r"^(?:Find|Confirm|Measure|Get|Expect|See|Observe)\s+(?=[\d−-]+(?:[.,]\d+)?\s)(?!.*\bthen\b)",
            "The result is ",
            criterion,
        )

    def _asks(self, passage: Passage) -> bool:
        """Whether a passage of practice can be set as a task. An order in running prose is advice unless it
        names the concept or what must come out.
        """
        text = cleaned(passage.text)
        if passage.step or (not passage.explicit and (is_prerequisite(text) or is_pointer(text))):
            return False
        parts = self._split(passage)
        if any(map(LEFT_OPEN.search, parts)) or (not passage.explicit and NO_TASK.match(text)):
            return False
        if not passage.explicit and (
            NARRATIVE.search(text) or parts[0].startswith("Observe and record") or any(map(_dangles, parts))
        ):
            return False
        if not balanced(text) or (
            not passage.explicit
            and re.search(r"\bplease\b|\b(?:see|refer to|check out) (?:the|our|this)\b", text, re.IGNORECASE)
        ):
            return False
        if passage.explicit or not passage.part or set(key_words(text)) & _distinctive(self.concept):
            return True
        return all(parts)

    def _look_for(self, task: str) -> str:
        """What somebody else looks for in an answer to `task`: a statement of the source that the task does
        not give away, in the form that follows "that"; the definition, or one with a number, before others.
        """
        given = Words.form(task)
        clauses = [
            (s, c)
            for s in [*self.ideas, *self.statements]
            if s.passage.role not in ("practice", "pitfall")
            and (c := clause(s, self.around.plain) or clause(s, self.around.plain, LONGEST))
        ]
        fresh = [
            (s, c) for s, c in clauses if Words.form(c)[:50] not in given and Words.form(c)[-40:] not in given
        ]
        ranked = sorted(
            enumerate(fresh),
            key=lambda p: (not p[1][0].defines, not re.search(r"\d", p[1][1]), -p[1][0].value, p[0]),
        )
        return ranked[0][1][1] if ranked else ""

    def _criterion_for(self, task: str) -> str:
        """By what to judge a task of the source for which it gives no outcome."""
        if self.foreign:
            return "Found in the result: " + next(
                (i for i in self.content.core_ideas if Words.form(i)[:50] not in Words.form(task)),
                self.content.core_ideas[0],
            )
        shown = self._look_for(task)
        # What the source says elsewhere of the concept tells nothing of an answer to another question.
        own = set(Words.stems(task)) - {imperative_of(task.split(" ", 1)[0])}
        verb, fits = imperative_of(task.split(" ", 1)[0]), bool(shown and own & set(Words.stems(shown)))
        if fits and verb in _PROOF:
            return sentence(f"Each step names what it follows from, and the argument uses that {shown}")
        if fits and verb in _TELLING:
            return sentence(f"The answer says that {shown}, and gives a case of it")
        return criterion_for(task, shown if fits else "")

    def _own_check(self) -> tuple[str, str]:
        """A task and its criterion for the kind of concept, where the source asks for nothing."""
        question = next(
            (
                q
                for p in self.passages
                if p.role == "question" and _QUESTION.match(q := cleaned(p.text)) and balanced(q)
            ),
            "",
        )
        parts = self._parts()
        if self.foreign:
            return self._foreign_check()
        if question:
            return sentence(f"Answer in writing, with an example of your own: {question}"), self._states(
                question
            )
        if len(parts) > 1 and len(self.ideas) < _LEAST_IDEAS + 1:
            return (
                sentence(
                    f"Say in one sentence each what {listed(parts)} {'are' if len(parts) > 1 else 'is'}, and "
                    "how they hang together"
                ),
                sentence(
                    f"Each of {listed(parts)} has a sentence of its own and an example, and at least one "
                    "link between two of them is drawn"
                ),
            )
        return self._check_by_kind()

    def _states(self, task: str) -> str:
        shown = self._look_for(task)
        return (
            sentence(f"The answer says that {shown}, and the example shows it")
            if shown
            else self.content.core_ideas[-1]
        )

    def _check_by_kind(self) -> tuple[str, str]:
        plain = self.around.plain
        rest = sorted(self.ideas[1:], key=lambda s: (s.passage.role == "example", -s.value))
        clauses = [
            c for s in [*self.ideas[:1], *rest] if (c := clause(s, plain) or clause(s, plain, LONGEST))
        ]
        if not clauses and is_order(self.ideas[0].text):
            return self.ideas[0].text, self._criterion_for(self.ideas[0].text)
        if not clauses:
            return self._check_of_fragment(self._topic())
        steps = [within(cleaned(p.text), _STEP).rstrip(". ") for p in self.passages if p.step]
        has_steps = any(p.step and p.role == "practice" for p in self.passages)
        depth = self.depth if self.depth in ("survey", "mastery") else "practical"
        form = KINDS.get(self.kind)
        if form is None:
            return self._check_by_text(clauses, depth)
        aim = clauses[1] if len(clauses) > 1 else clauses[0]
        done = self._doing()
        do = _small(done, plain) if done else f"Carry out {self._called()}"
        task = sentence(
            form[depth].format(aim=aim, name=self._topic(), do=do, first=self._first_prerequisite())
        )
        if has_steps and self.kind == "procedure" and len(steps) > 1 and all(steps[:_MOST_STEPS]):
            noted = "; ".join(uncapitalised_first(s) for s in steps[:_MOST_STEPS])
            return task, sentence(f"The notes have each of these steps with its result: {noted}")
        shown = self._look_for(task)
        if not shown and self.kind == "procedure":
            # The one statement that the source has is what is looked for, so the task does not give it away.
            return sentence(f"{do} on a case of your own, and write each step down"), sentence(
                form["criterion"].format(shown=aim)
            )
        if not shown:
            return self._check_by_text(clauses, depth)
        return task, sentence(form.get(f"{depth} criterion", form["criterion"]).format(shown=shown))

    def _check_by_text(self, clauses: Sequence[str], depth: str) -> tuple[str, str]:
        """A task out of what the source says, examples, parts, limits and code
        among it, and its criterion.
        """
        material = Material(
            self._topic(), self._first_prerequisite(), clauses, self._complement(), self._code()
        )
        task, criterion = asked(material, depth)
        return sentence(task), sentence(criterion.replace("{shown}", self._look_for(task) or clauses[0]))

    def _first_prerequisite(self) -> str:
        return f" together with {self._name(self.around.before[0])}" if self.around.before else ""

    def _check_of_fragment(self, name: str) -> tuple[str, str]:
        """For a gloss without a verb, such as glossaries have."""
        gloss = uncapitalised(self.ideas[0].text.rstrip(".!? "), self.around.plain)
        terms = terms_of(gloss, self.concept.title)
        looked_at = f", and point in both at {listed(terms)} or at what is there instead" if terms else ""
        return (
            sentence(f"Give one example of {name} and one case that only looks like it{looked_at}"),
            sentence(f"By this the two can be told apart: {gloss}"),
        )

    def _foreign_check(self) -> tuple[str, str]:
        """For a text in another language, of which no clause can be built into an English one."""
        ideas = self.content.core_ideas
        asked = (
            f"Explain, and show on an example: {ideas[1]}"
            if len(ideas) > 1
            else f"Explain “{self.concept.title}” in your own words, with an example."
        )
        return asked, f"Found in the explanation: {ideas[0]}"

    # --------------------------------------------------------------------------------------------- capability

    def _capability(self) -> str:
        """A verb phrase about the concept: a skill that the source lists, else what its definition says can
        be done or explained.
        """
        title, plain = self.concept.title, self.around.plain
        if self.foreign:
            return f"Explain: {self.content.core_ideas[0]}"
        skill = self._skill()
        definition = next((s for s in self.ideas if s.defines), None) or next(
            (s for s in self.ideas if s.subject and s.clause), None
        )
        if definition is not None and Words.form(skill).rstrip(". ") == Words.form(self.content.task).rstrip(
            ". "
        ):
            skill = ""
        many = (
            sum(p.role == "practice" and not p.explicit and not p.part for p in self.passages) >= _LEAST_IDEAS
        )
        if skill and (definition is None or many or is_imperative(definition.text)):
            return skill
        if len(parts := self._parts()) > 1 and (definition is None or definition.passage.role == "other"):
            return sentence(f"Tell {listed(parts)} apart as parts of {self._name(title)}")
        done = self._doing()
        if done and Words.form(done) != Words.form(title):
            return sentence(_small(done, plain))
        fits = definition is not None and (definition.subject or is_fragment(definition.text, title))
        made = capability_from_definition(title, definition.text, plain=plain) if definition and fits else ""
        # "Explain X as …" repeats the first idea: what else the source says of the concept tells
        # what can be done with it.
        named = not self._topic().startswith("“")
        if skill and not named:
            return skill
        if named and made.startswith("Explain ") and (more := self._beyond(definition)):
            return more
        if made and Words.form(made) != Words.form(title) and balanced(made):
            return made
        if skill:
            return skill
        clauses = [clause(s, plain) or clause(s, plain, LONGEST) for s in self.ideas]
        ordered = sorted(filter(None, clauses), key=lambda c: len(c) > _SHORT_CLAUSE)
        if able := next((a for a in map(_able, ordered) if not a.startswith("Explain, with")), ""):
            return sentence(able)
        if ordered:
            return sentence(
                self._can(ordered[0]) if named else f"Explain, with an example, that {ordered[0]}"
            )
        if is_order(self.ideas[0].text, title):
            return sentence(within(self.ideas[0].text, 170) or self.ideas[0].text)
        return sentence(
            f"Say of a case whether it is {self._name(self.concept.title)}: "
            f"{uncapitalised(self.ideas[0].text.rstrip('.? '), plain)}"
        )

    def _beyond(self, definition: Statement | None) -> str:
        """What can be done with the concept by a statement that does not define it: something to do where
        that says so, else to show it on a case.
        """
        given = Words.form(self.content.task)
        others = sorted((s for s in self.ideas if s is not definition), key=lambda s: -s.value) + [
            s for s in self.statements if s.key not in self.used
        ]
        others = [s for s in others if s.subject]
        others_stated = [
            c
            for s in others
            if (c := clause(s, self.around.plain, _SHORT_CLAUSE))
            and not refers_back(s.text)
            and not NEEDS.search(s.text)
        ]
        if not others_stated:
            return ""
        able = [
            a for a in map(_able, others_stated) if not a.startswith(("Explain, with", "Say what follows"))
        ]
        if able:
            return sentence(able[0])
        # What the task asks for already comes last.
        shown = min(others_stated, key=lambda c: Words.form(c) in given)
        return sentence(self._can(shown))

    def _can(self, shown: str) -> str:
        """What somebody can do who knows of the concept that `shown`."""
        form = next((form for pattern, form in _CAN_BY if pattern.search(shown)), _CAN[self.kind])
        return form.format(name=self._topic(), shown=shown)

    def _skill(self) -> str:
        found = [
            p
            for p in self.passages
            if p.role == "practice" and not p.explicit and p.lines != self.concept.lines and self._asks(p)
        ]
        skills = [
            s
            for p in found
            if (s := within(imperative(self._whole(p)), 170))
            and len(s.split()) > 2
            and not re.match(r"(?:note|say|look)\b", s, re.IGNORECASE)
        ]
        # The mastery task takes one of the skills, and the capability another where there are several.
        skills = [
            s for s in skills if Words.form(s).rstrip(". ") != Words.form(self.content.task).rstrip(". ")
        ] or skills
        about = next((s for s in skills if set(key_words(s)) & _distinctive(self.concept)), "")
        skill = about or next(iter(skills), "")
        whole = next(
            (skill[: m.start()] for m in re.finditer(r";\s|\.\s", skill) if balanced(skill[: m.start()])),
            skill,
        )
        return sentence(whole) if skill else ""

    # --------------------------------------------------------------------------------------------- only named

    def _with_members(self, capability: str) -> str:
        """What was merged into the concept is named in what the learner can do, so that
        nobody takes it for left out.
        """
        text = f"{self.concept.title} {capability}".casefold()
        left = [m for m in self.concept.merged if m.casefold() not in text]
        return sentence(f"{capability.rstrip('.')}; this takes in {listed(left)}") if left else capability

    def _only_named(self) -> Content:
        """The node of a concept that the source only names: what is known, and what is open."""
        content, title = self.content, f"“{running_name(self.concept.title)}”"
        content.lacks(_NOTHING, SILENT)
        names_it = "The source names" if self.concept.anchor >= 0 else "The topic spec asks for"
        content.core_ideas = [f"{names_it} {title} and does not say what it is.", self._place(title)]
        content.pitfalls = content.pitfalls or [f"What goes wrong with {title} is open."]
        done = self._doing()
        content.capability, content.task, content.criterion = (t.format(name=title) for t in _OPEN[self.kind])
        if done and self.kind == "procedure":
            content.capability = sentence(
                f"{_small(done, self.around.plain)}, on a case that was not seen before"
            )
        content.capability = self._with_members(content.capability)
        return content

    def _place(self, title: str) -> str:
        if self.concept.merged:
            return f"{title} takes in {listed(self.concept.merged)}."
        comes = [
            f"{word} {listed([f'“{t}”' for t in titles[:2]])}"
            for word, titles in (("after", self.around.before), ("before", self.around.after))
            if titles
        ]
        if comes:
            return f"In this curriculum {title} comes {' and '.join(comes)}."
        return (
            f"{title} stands under “{self.concept.path[-1]}”."
            if self.concept.path
            else f"Nothing tells what {title} builds on."
        )


#: What somebody can do who knows more of a concept than its definition, by its kind.
_CAN: dict[Kind, str] = {
    "definition": "Recognize {name} in a case of your own, and show in it that {shown}",
    "theorem": "State {name} and the conditions, and show on a case that {shown}",
    "procedure": "Carry out {name}, and show on the way that {shown}",
    "tool": "Use {name} on a case of your own, and show by what comes out that {shown}",
    "judgement": "Decide a case of {name}, and argue that {shown}",
}
#: The same by what the statement says: a reason, figures, a use.
_CAN_BY = (
    (
        re.compile(r"\b(?:because|so that|therefore|since|thus|hence)\b"),
        "Say why this holds of {name}: {shown}",
    ),
    (
        re.compile(r"\b(?:whereas|unlike|rather than|instead of|not the same)\b"),
        "Tell {name} from what only looks like it by this: {shown}",
    ),
    (
        re.compile(r"\b(?:equals|divided by|times|square(?:d| root)|sum of)\b|\s=\s"),
        "Work out a case of {name} by this: {shown}",
    ),
    (
        re.compile(r"\b(?:decides?|determines?|depends?|chang(?:e|es|ing)|grows?|rises?|falls?)\b"),
        "Say before a trial of {name} what will come out, by this: {shown}",
    ),
    (re.compile(r"(?<![\w.])\d+(?:[.,]\d+)?(?![\w.])"), "Check with figures of {name} that {shown}"),
    (
        re.compile(r"\b(?:can|may) be \w+(?:ed|en)\b|\b(?:is|are) used\b"),
        "Put {name} to use, and show thereby that {shown}",
    ),
)
#: Capability, task and criterion where the source says nothing: first find out what it is, in
#: the way that fits the kind.
_OPEN: dict[Kind, tuple[str, str, str]] = {
    "definition": (
        "Say what {name} is, with an example.",
        (
            "Find a source that defines {name}, and write down the definition, an example and a case that "
            "is none."
        ),
        (
            "The source is cited; the example meets every part of the definition of {name}, the other case "
            "fails a part that is named."
        ),
    ),
    "theorem": (
        "State {name} with its conditions, and apply it.",
        (
            "Find a source that states {name}, write down conditions and conclusion, and apply it to one "
            "example."
        ),
        (
            "The source is cited, and each condition of {name} is checked on the example before the "
            "conclusion is drawn."
        ),
    ),
    "procedure": (
        "Carry out {name} on a case that was not seen before.",
        "Find a worked problem on {name}, cover its solution, and solve it.",
        "The source is cited, and the result of {name} is the one that it gives.",
    ),
    "tool": (
        "Use {name} on a case that was not seen before.",
        "Find the documentation of {name}, and use it once on a case of your own.",
        "The documentation is cited, and what it promises of {name} can be seen in the result.",
    ),
    "judgement": (
        "Decide a case of {name}, and say why.",
        "Find a source on {name}, and decide two cases by what it says.",
        "The source is cited, and each decision names what it takes from it on {name}.",
    ),
}


def _able(clause_text: str) -> str:
    """What a clause lets somebody do, where it says so ("to define X, write …", "you can create X by …"),
    else that they can explain it.
    """
    aim = re.match(
        r"(?:in order )?to (?P<do>[a-z]+ [^,;:]{3,80}),\s"
        r"(?:(?:you|we|one)\s(?:can|must|have to|need to|may|could|should)?\s?|simply |just )(?P<how>\w.*)$",
        clause_text,
    )
    if aim and not re.match(r"(?:know|want|understand)\b", aim["how"]):
        return f"{capitalised(aim['do'])}: {aim['how']}"
    can = re.match(
        r"(?:[^,;:]{3,40},\s)?(?:you|we|one)\s(?:can|must|may|have to|need to)\s"
        r"(?P<do>(?!also\b|not\b|only\b|know\b|use the term)[a-z]+\s.+)$",
        clause_text,
    )
    if can and not re.search(r"\bthis\b", can["do"]):
        return capitalised(can["do"])
    when = re.match(
        r"(?P<when>(?:if|when|whenever|once|after|unless)\s[^,;:]{5,90}),\s(?P<then>.+)$", clause_text
    )
    if when:
        return f"Say what follows {when['when']}, and why: {when['then']}"
    use = re.match(
        r"(?P<what>[^,;:]{2,50}?)\s(?:lets?|allows?|enables?|helps?)\s(?:you|us|one|users|programs|people|developers)(?:\sto)?\s(?P<do>[a-z].+)$",
        clause_text,
    )
    if (
        use
        and not re.search(r"\b(?:that|which)$", use["what"])
        and not re.search(r"\b(?:is|are)\b", use["do"])
    ):
        return f"Use {use['what']} to {use['do']}"
    parts = re.match(
        r"(?P<what>[^,;:]{2,60}?)\s(?:consists? of|comprises?|(?:is|are) made up of"
        r"|includes?|contains?)\s(?P<parts>(?=[^;:]+$).+?(?:,| and ).+)$",
        clause_text,
    )
    if parts:
        return f"Name what belongs to {parts['what']}: {parts['parts']}"
    if re.match(r"[^,;:]{2,60}\s(?:must|cannot|can['’]t|can only)\s", clause_text):
        return f"Keep to the rule that {clause_text}"
    if re.search(r"\b(?:whereas|as opposed to|(?:more|less|\w{3,}er) than)\b", clause_text):
        return f"Tell one from the other by an example of each: {clause_text}"
    return f"Explain, with an example, that {clause_text}"


def _of_the_matter(statements: Sequence[Statement], before: Sequence[str]) -> list[Statement]:
    """The statements without those that only say what has to be learned first; these come last where there
    are fewer than two others. That something needs another thing is such a statement where the other thing is
    a concept that comes `before`."""
    names = [set(key_words(core_name(title))) for title in before]

    def needs(s: Statement) -> bool:
        found = NEEDS.search(s.text)
        text = set(key_words(found["what"] or found["short"])) if found else set()
        return is_prerequisite(s.text) or any(
            name and text and (name <= text or text <= name) for name in names
        )

    needed = [s for s in statements if s.passage.role != "practice" and needs(s)]
    kept = [s for s in statements if s not in needed]
    others = {s.key for s in kept if s.passage.role not in ("pitfall", "practice")}
    return kept if len(others) >= _LEAST_IDEAS else [*kept, *needed]


def _label_text(passage: Passage) -> str:
    """The text behind a label or in a column, which may be a phrase or two sentences."""
    return shortened(passage.text)


def _repeats(text: str, other: str) -> bool:
    """Whether a sentence has no words beyond those of another, or those and an
    opening such as "Note that".
    """
    new, old = set(key_words(text)), set(key_words(other))
    return new <= old or (old <= new and len(new - old) <= _OPENING_WORDS)


def _can_stand(passage: Passage, concept: Concept) -> bool:
    text = " ".join(passage.text.split())
    if (
        passage.role == "pointer"
        or PRONOUN.match(cleaned(text))
        or NARRATIVE.search(text)
        or passage.role == "practice"
    ):
        return False
    if (
        passage.role in ("code", "question", "requires")
        or text.endswith(":")
        or not balanced(text)
        or TABLE_OF_CONTENTS.match(text)
        or LEFT_OPEN.search(text)
    ):
        return False
    return same_key(text) != same_key(concept.title) and (len(text.split()) >= 4 or is_unspaced(text))


def _as_it_is(passage: Passage) -> Statement:
    return Statement(addressed(shortened(passage.text)), passage)


def _dangles(text: str) -> bool:
    """Whether an exercise speaks of "these" and has nothing before that word that it could mean."""
    found = _DANGLES.search(text)
    return bool(found) and not re.search(r"[,;:]|\band\b", text[: found.start() if found else 0])


def _distinctive(concept: Concept) -> set[str]:
    return {w for w in key_words(core_name(concept.title)) if len(w) > 3}


def _small(text: str, plain: frozenset[str]) -> str:
    """What a title asks for, as a phrase: words that the source writes small lose their capitals."""
    first, *rest = text.split(" ")
    return " ".join(
        [capitalised(first), *(w.lower() if w.lower() in _ENGLISH or is_plain(w, plain) else w for w in rest)]
    )


def _is_foreign(texts: Sequence[str]) -> bool:
    """Whether the text is in a language of which no English sentence can be built: another script, or none of
    the words that English cannot do without.
    """
    text = " ".join(texts)
    letters = [c for c in text[:4000] if c.isalpha()]
    if sum(not c.isascii() for c in letters) > 0.4 * len(letters):
        return True
    found = re.findall(r"[^\W\d_]+", text.lower())
    return len(found) >= 8 and not _ENGLISH.intersection(found)
