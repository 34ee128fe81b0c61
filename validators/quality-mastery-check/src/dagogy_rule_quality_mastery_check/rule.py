"""The rule `quality.mastery_check`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Annotated

import dagogy.api
from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.text import Words, lazy_pattern, shorten

#: What may stand before the verb of a task.
_PREFIX = lazy_pattern(
    r"(?:(?:the\s+)?(?:learners?|students?|you)\s+(?:should|can|will|must"
    r"|shall|(?:is|are) able to)\s+|be able to\s+|try to\s+|please\s+)+"
)
_PREFIX_STARTS = frozenset(
    ["the", "learner", "learners", "student", "students", "you", "be", "try", "please"]
)
#: Signs that a vague verb only leads up to a doing: a second sentence, "by doing", or "and/then"
#: with a verb and its object.
_DOING = lazy_pattern(
    r"[.;:!?]\s+\S|\bby\s+\w+ing\b|\bso (?:that|you)\b|\benough to\b"
    r"|\b(?:and|then) (?:use|apply|show|explain|solve)\b|"
    r"(?:\b(?:and|then|or)|,)\s+(?:then\s+|be able to\s+)?\w+\s+"
    r"(?:it|them|a|an|the|your|each|every|its|their|this|that|these|those|how|why|what|"
    r"whether|which|when|where|all|both|one|two|three|four|five|six|seven|eight|nine|ten|at least|\d+)\b"
)
#: A text with this many characters for each word that is wanted is long enough in any
#: language; compounds can be long.
_CHARACTERS_A_WORD = 12
#: Longer criteria have more to say than that the task was done.
_LONGEST = 120
_CLAUSE = lazy_pattern(r"[.;:,]\s+|\s(?:and|but|while|because)\s")
_NEGATION = frozenset(
    "no not never none without nothing neither nor cannot only than least most within exactly".split()
)
_ONLY_RIGHT = frozenset("correct correctly right passed pass".split())
#: The participles that the stemmer does not lead back to their verb.
_VERB_OF = dict(
    pair.split(":")
    for pair in (
        "drawn:draw written:write built:build made:make done:do found:find shown:show given:give taken:take "
        "chosen:choose known:know spoken:speak broken:break driven:drive grown:grow held:hold kept:keep "
        "left:leave lost:lose met:meet put:put read:read run:run said:say sent:send set:set sung:sing "
        "sold:sell spent:spend split:split taught:teach thought:think told:tell understood:understand "
        "woven:weave wound:wind bought:buy brought:bring caught:catch cut:cut dealt:deal dug:dig drew:draw "
        "wrote:write sewn:sew proven:prove begun:begin bent:bend bound:bind swum:swim explanation:explain "
        "description:describe comparison:compare definition:define proof:prove solution:solve "
        "calculation:calculate computation:compute derivation:derive"
    ).split()
)


#: Reading, watching and going over: what is seen of it is a bookmark.
_CONSUMED = tuple(
    f"{verb} {which}{what}"
    for verb in (
        "read",
        "re-read",
        "reread",
        "skim",
        "review",
        "study",
        "go over",
        "go through",
        "look at",
        "look over",
        "revisit",
        "watch",
        "listen to",
    )
    for which in ("the ", "this ", "a ", "")
    for what in (
        "section",
        "chapter",
        "text",
        "book",
        "page",
        "article",
        "material",
        "notes",
        "documentation",
        "introduction",
        "video",
        "lecture",
        "lesson",
        "slides",
        "resource",
        "podcast",
        "tutorial",
        "source",
        "definition",
        "example",
        "explanation",
        "summary",
        "topic",
        "concept",
        "unit",
    )
)


class MasteryCheck(Rule):
    """A mastery check decides whether the learner may go on, so the task must ask for something that can be
    seen, and the criterion must let somebody else tell pass from fail. Nobody can see "understanding".

    Only the clear opposites are findings. A task is at fault if it begins with one of `vague_verbs` and no
    doing follows ("Understand limits", but not "Know the scales and play them", nor "Understand limits by
    plotting three"). A criterion is at fault if it has one of `vague_criteria` in it and nothing that can be
    measured: no digit and none of `measurable_words`; if all it says is how the learner feels
    (`self_reports`), whatever words follow in the same clause; if it says that the task was done, tried or
    came out as it should, and not what is then seen (all its words are in `empty_words`); or if it repeats
    the task in another form ("A map is drawn" for "Draw a map"). A repetition that adds a quantity ("all",
    "each", a number) is a warning. Task and criterion each have at least `min_words` words (scripts without
    spaces are exempt) and differ from each other. The word lists are English; text in other languages passes.

    Bad:
        `task: "Understand osmosis."`, `pass_criteria: "The learner has a good understanding of it."`,
        `task: "Draw a map."`, `pass_criteria: "The map was drawn and the learner feels confident."`

    Good:
        `task: "Predict for three pairs of solutions which way the water flows."`,
        `pass_criteria: "All three are right."`

    How to fix:
        Ask what somebody who has mastered it can make, compute, decide or show, and let the task ask for just
        that. For the criterion give a number, a comparison, a named result, or what must not happen.
    """

    class Options(dagogy.api.rules.Options):
        min_words: Annotated[
            int, Field(description="The least number of words in a task and in a criterion.", ge=1)
        ] = 2
        vague_verbs: Annotated[
            tuple[str, ...], Field(description="What a task begins with that asks for nothing to be seen.")
        ] = (
            "understand",
            "know",
            "learn about",
            "learn more about",
            "learn what",
            "learn the basics of",
            "be familiar with",
            "become familiar with",
            "get familiar with",
            "familiarize yourself with",
            "familiarise yourself with",
            "read about",
            "read up on",
            "reflect on",
            "memorize",
            "memorise",
            "take note of",
            "pay attention to",
            "try to understand",
            "get an idea of",
            "get a feel for",
            "get a feeling for",
            "get a sense of",
            "develop a sense of",
            "gain insight into",
            "get an overview of",
            "gain an overview of",
            "make yourself familiar with",
            "make sure you understand",
            *_CONSUMED,
            "be aware of",
            "become aware of",
            "appreciate",
            "comprehend",
            "internalize",
            "internalise",
            "gain an understanding of",
            "get an understanding of",
            "have an understanding of",
            "develop an understanding of",
            "gain knowledge of",
            "acquire knowledge of",
            "have knowledge of",
            "think about",
            "get to know",
            "have a feeling for",
        )
        vague_criteria: Annotated[
            tuple[str, ...],
            Field(description="Parts of a criterion by which nobody else can tell pass from fail."),
        ] = (
            "good understanding", "clear understanding", "deep understanding", "solid understanding",
            "sound understanding", "basic understanding", "thorough understanding", "strong understanding",
            "full understanding", "proper understanding", "sufficient understanding",
            "demonstrates understanding", "demonstrates an understanding", "demonstrate understanding",
            "shows understanding", "shows an understanding", "show understanding", "has an understanding",
            "has understood", "learner understands", "learners understand", "student understands",
            "students understand", "you understand", "understands the concept", "understands the topic",
            "understands it", "concept is understood", "topic is understood", "demonstrates knowledge",
            "demonstrate knowledge", "shows knowledge", "good knowledge", "solid knowledge", "has knowledge",
            "learner knows", "student knows", "demonstrates mastery", "shows mastery",
            "demonstrates competence", "demonstrates proficiency", "good grasp", "solid grasp", "firm grasp",
            "well done", "done well", "good enough", "good job", "satisfactory", "satisfactorily",
            "feels confident", "feels comfortable", "is comfortable", "are comfortable", "is confident",
            "are confident", "is familiar with", "looks good", "good quality", "acceptable quality",
            "high quality", "to a good standard",
        )  # fmt: skip
        self_reports: Annotated[
            tuple[str, ...], Field(description="Parts of a criterion that only the learner can tell.")
        ] = (
            "feel confident", "feels confident", "feel comfortable", "feels comfortable", "is comfortable",
            "are comfortable", "is confident", "are confident", "feel ready", "feels ready", "feels sure",
            "feel sure", "believes to have", "thinks that they have", "is satisfied", "are satisfied",
            "feels good", "feel good", "is happy with", "are happy with", "feels familiar", "feel familiar",
            "makes sense to", "no longer afraid", "has a sense of", "have a sense of", "gets a sense of",
            "has an idea of", "have an idea of", "gets an idea of", "has a rough idea of",
            "has a feeling for", "have a feeling for", "gets a feeling for", "has a feel for",
            "have a feel for", "gets a feel for", "developed a sense of", "developed a feel for",
            "developed a feeling for", "gained a sense of", "gained an idea of", "got a sense of",
            "got an idea of", "got a feel for", "got a feeling for",
            "no open questions", "no questions left", "no questions remain", "no questions are left",
        )  # fmt: skip
        empty_words: Annotated[
            tuple[str, ...],
            Field(description="Words of a criterion that only says that the task was done, by their stems."),
        ] = (
            "task", "exercise", "work", "assignment", "activity", "check", "step", "section", "chapter",
            "text", "material", "video", "lesson", "unit", "node", "learner", "student", "you", "reader",
            "someone", "result", "answer", "solution", "outcome", "output", "response", "attempt", "effort",
            "do", "done", "did", "complete", "completed", "finish", "finished", "make", "made", "try",
            "tried", "carry", "perform", "performed", "submit", "submitted", "read", "seen", "watched",
            "studied", "reviewed", "learn", "learned", "learnt", "understood", "understand", "know", "known",
            "success", "successful", "successfully", "well", "proper", "properly", "good", "fine", "ok",
            "okay", "acceptable", "adequate", "reasonable", "appropriate", "sufficient", "suitable",
            "convincing", "expected", "expectation", "required", "requirement", "needed", "intended",
            "desired", "should", "full", "fully", "whole", "end", "everything", "clear", "clearly", "goal",
            "objective", "achieve", "achieved", "reach", "reached", "meet", "met", "pass", "passed",
            "criterion", "criteria", "topic", "concept", "subject", "content", "able", "can", "ability",
            "demonstrate", "shown", "show", "cover", "covered", "dealt", "worked", "gone", "through",
            "looked", "question", "discussed", "correct", "correctly", "right",
        )  # fmt: skip
        measurable_words: Annotated[
            tuple[str, ...], Field(description="Words that make a criterion measurable, as a digit does.")
        ] = (
            "all", "every", "each", "both", "none", "no", "any", "zero", "one", "two", "three", "four",
            "five", "six", "seven", "eight", "nine", "ten", "twelve", "half", "least", "most", "more", "less",
            "fewer", "than", "within", "without", "exactly", "only", "under", "below", "above", "before",
            "same", "equal", "equals", "matches", "match", "agrees", "passes", "pass", "prints", "returns",
            "outputs", "produces", "compiles", "runs", "contains", "lists", "names", "correct", "correctly",
            "right", "error", "errors", "mistakes", "by", "if", "when",
        )  # fmt: skip

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding]:
        checks = _Checks(_Tasks(options.vague_verbs), _Criteria(options), options.min_words)
        for i, node in enumerate(context.nodes):
            check = node.mastery_check
            faults, mild = checks.faults(check.task, check.pass_criteria)
            for field, text, fault in filter(itemgetter(1), faults):  # an empty text is a declared gap
                what = "mastery task" if field == "task" else "pass criterion"
                yield Finding(
                    message=f"{what} of '{node.id}' {fault}: '{shorten(text)}'",
                    pointer=f"/nodes/{i}/mastery_check/{field}",
                    node_id=node.id,
                    severity="warning" if mild else "",
                )


@dataclass(slots=True)
class _Checks:
    """What is wrong with a task and its criterion."""

    tasks: _Tasks
    criteria: _Criteria
    min_words: int

    def faults(self, task: str, criterion: str) -> tuple[list[tuple[str, str, str]], bool]:
        """The field, its text and the fault, of each; and whether they are only doubtful."""
        lower = criterion.lower()
        found = [("task", task, fault) for fault in self._of_task(task)]
        found += [("pass_criteria", criterion, fault) for fault in self._of_criterion(criterion, lower)]
        # The fold costs too much for every node, and texts that are equal but for case and
        # marks are about as long.
        if (
            -4 < len(task) - len(criterion) < 4
            and task[1:9].lower() == criterion[1:9].lower()
            and Words.of(task) == Words.of(criterion)
        ):
            found.append(
                ("pass_criteria", criterion, "is the task once more; say what is seen when it is passed")
            )
            return found, False
        if found or len(criterion) >= _LONGEST or not self.criteria.hollow_at_a_glance(task, lower):
            return found, False
        fault = self.criteria.empty(criterion) or self.criteria.repeats(task, criterion)
        if not fault:
            return [], False
        return [("pass_criteria", criterion, fault)], self.criteria.measures(criterion)

    def _of_task(self, task: str) -> Iterator[str]:
        first = task.partition(" ")[0].rstrip(",.:;").lower()
        if first in self.tasks.heads and (verb := self.tasks.vague(task)):
            yield (
                f"only asks to '{verb}', which nobody can see; ask for something to make, compute, decide or "
                "show"
            )
        if self._is_short(task):
            yield f"has fewer than {self.min_words} words; say what has to be done with what"

    def _of_criterion(self, criterion: str, lower: str) -> Iterator[str]:
        if any(key in lower for key in self.criteria.keys) and (phrase := self.criteria.vague(criterion)):
            yield f"says '{phrase}', which cannot be measured; give a number, a comparison or a named result"
        if self._is_short(criterion):
            yield f"has fewer than {self.min_words} words; say what is seen when the task is passed"

    def _is_short(self, text: str) -> bool:
        return len(text) < _CHARACTERS_A_WORD * self.min_words and _too_short(text, self.min_words)


class _Tasks:
    def __init__(self, vague_verbs: Sequence[str]) -> None:
        self.verbs = tuple(sorted((v.casefold() for v in vague_verbs), key=len, reverse=True))
        #: What the first word of a task must be for the task to be looked at.
        self.heads = frozenset(v.partition(" ")[0] for v in self.verbs) | (
            _PREFIX_STARTS if self.verbs else frozenset()
        )

    def vague(self, task: str) -> str:
        """The vague verb that is all the task asks for, or an empty string."""
        text = " ".join(task.casefold().split())
        prefix = _PREFIX.match(text)
        text = text[prefix.end() :] if prefix else text
        for verb in self.verbs:
            if (
                text == verb
                or text == f"{verb}s"
                or (
                    text.startswith((verb, f"{verb}s"))
                    and not text.removeprefix(f"{verb}s").removeprefix(verb)[:1].isalnum()
                )
            ):
                return "" if _DOING.search(text, len(verb)) else verb
        return ""


class _Criteria:
    def __init__(self, options: MasteryCheck.Options) -> None:
        folded = [v.casefold() for v in options.vague_criteria]
        selves = [v.casefold() for v in options.self_reports]
        self.pattern = _any_of([*folded, *selves])
        self.selves = _any_of(selves)
        self.measurable = frozenset(map(str.casefold, options.measurable_words))
        self.hollow = frozenset(Words.stem(w.casefold()) for w in options.empty_words) | {
            w.casefold() for w in options.empty_words
        }
        self.beginnings = frozenset(w.casefold()[:5] for w in options.empty_words)
        self.keys = _keys([*folded, *selves])

    def hollow_at_a_glance(self, task: str, criterion: str) -> bool:
        """Whether the longest word of a criterion (in lower case) may be one of the task or an empty one;
        else it says something.
        """
        longest = max(criterion.replace(".", " ").replace(",", " ").split(), key=len, default="")
        return longest[:3] in task.lower() or longest[:5] in self.beginnings

    def measures(self, text: str) -> bool:
        return any(map(str.isdigit, text)) or not self.measurable.isdisjoint(Words.of(text))

    def vague(self, criterion: str) -> str:
        """The phrase that makes the criterion vague, or an empty string."""
        text = " ".join(criterion.casefold().split())
        found = self.pattern.search(text)
        if found is None:
            return ""
        if own := self.selves.search(text):
            # What can be seen has to stand in another clause than the feeling.
            clauses = [c for c in _CLAUSE.split(text) if not self.selves.search(c)]
            return (
                ""
                if any(len(Words.of(c)) > 2 and not self.pattern.search(c) for c in clauses)
                or any(map(str.isdigit, text))
                else own[0]
            )
        return "" if self.measures(text) else found[0]

    def empty(self, criterion: str) -> str:
        """What is wrong with a criterion that names nothing that could be missing, or an empty string."""
        content = [w for w in Words.of(criterion) if w not in Words.STOP]
        # Of one word nothing is said here: it is too short in any case.
        hollow = len(content) > 1 or (content and len(Words.of(criterion)) > 1)
        if (
            not hollow
            or not content
            or any(w not in self.hollow and Words.stem(w) not in self.hollow for w in content)
        ):
            return ""
        # "The answer is right" can fail where the task has one answer.
        if not _ONLY_RIGHT.isdisjoint(content):
            return ""
        return "only says that the task was done; say what is then seen, counted or measured"

    def repeats(self, task: str, criterion: str) -> str:
        """What is wrong with a criterion that has no word beyond those of the task, or an empty string."""
        criteria, asked = _bare(criterion), _bare(task)
        new = {w for w in criteria - asked if w not in self.hollow and Words.stem(w) not in self.hollow}
        if (
            new
            or len(criteria & asked) < 2
            or not _NEGATION.isdisjoint(Words.of(criterion))
            or any(map(str.isdigit, criterion))
        ):
            return ""
        return "says no more than the task; say what is seen when it is passed"


def _bare(text: str) -> set[str]:
    """The stems of the content words, irregular participles led back to their verbs."""
    return {Words.stem(_VERB_OF.get(w, w)) for w in Words.of(text) if w not in Words.STOP}


def _any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    return lazy_pattern(rf"\b(?:{'|'.join(map(re.escape, phrases))})(?!\w)" if phrases else r"(?!)")


def _keys(phrases: Sequence[str]) -> tuple[str, ...]:
    """A few beginnings of words, one of them in each phrase: a criterion without any of
    them is looked at no further.
    """
    left = [{w[:6] for w in phrase.split() if len(w) > 3} or {phrase} for phrase in phrases]
    keys: list[str] = []
    while left:
        often = Counter(key for keys_of_one in left for key in keys_of_one)
        best = max(often, key=lambda key: (often[key], len(key), key))
        keys.append(best)
        left = [k for k in left if best not in k]
    return tuple(keys)


def _too_short(text: str, min_words: int) -> bool:
    """Of a script that is not written with spaces between words nothing is said."""
    return len(Words.of(text)) < min_words and not any(
        c.isalpha() and not c.isupper() and not c.islower() for c in text
    )
