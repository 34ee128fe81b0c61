"""The rule `quality.node_content`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import dagogy.api
from dagogy.api import Finding, Meta, Node, Rule, Subject, shorten, words

#: A text with this many characters for each word that is wanted is long enough in any language; compounds can be long.
_CHARACTERS_A_WORD = 12
_PUNCTUATION = " .,;:!?-–—*_\"'"
#: What a text begins with that has neither letter nor digit.
_EMPTY_STARTS = " \t\r\n\u00a0\u200b\ufeff.…?!-–—_*=#~"
#: Marks of a formula or of code, where words cannot be counted.
_FORMULA = re.compile(r"[\d=<>+*/^(){}\[\]_\\|≈≠≤≥→⇒∈∀∃∑∫√±×÷·°%$§]")


class NodeContent(Rule):
    """A node whose texts are blank, left to be written, or only say its title again looks finished and teaches nothing.

    Judged are the capability, the core ideas, the pitfalls and the mastery check of each node. None may be without a letter or
    digit, or be a placeholder (`placeholders`: the whole text, compared without case and outer punctuation; `*` stands for any
    text). The capability, a core idea or a pitfall may not be the title alone, and no core idea may occur twice in a node (case,
    outer punctuation and runs of spaces do not count). A core idea has at least `min_words` words; formulas, code and texts in scripts that
    are not plain Latin letters are not held to a number of words but to two characters for each.

    Bad:
        `core_ideas: ["Osmosis", "TODO", "..."]`

    Good:
        `core_ideas: ["Water passes a membrane towards the side with more solute.", "The flow stops when the pressures are equal."]`

    How to fix:
        Write what the learner must come to know, one statement an idea. A placeholder is work that is left: do it, or take the
        item out. If an idea occurs twice, keep the clearer one and say something new in the other.
    """

    class Options(dagogy.api.Options):
        min_words: Annotated[int, Meta(description="The least number of words in a core idea.", ge=1)] = 3
        placeholders: Annotated[
            tuple[str, ...], Meta(description="Texts that stand for one that is still to be written; `*` stands for any text.")
        ] = (
            "todo", "todo:*", "todo -*", "(todo*)", "[todo*]", "tbd", "tbd:*", "tba", "fixme", "fixme:*", "xxx", "n/a", "none", "null", "undefined",
            "nothing", "placeholder", "to be done", "to be defined", "to be determined", "to be decided", "to be added", "to be written", "coming soon",
            "fill in", "fill in later", "fill this in", "your text here", "text goes here", "lorem ipsum", "lorem ipsum dolor*", "blah", "blah blah*",
            "asdf", "insert * here", "[insert*]", "[add*]", "[describe*]", "[your*]", "<*>", "{{*}}",
        )  # fmt: skip

    def check(self, subject: Subject, options: Options) -> Iterator[Finding]:
        judge = _Judge(options.min_words, options.placeholders)
        for i in judge.suspects(subject.nodes):
            node = subject.nodes[i]
            ideas, pitfalls = len(node.core_ideas), len(node.pitfalls)
            for position, text, fault in judge.faults(node):
                place = _place(position, ideas, pitfalls)
                message = f"{place.name} of '{node.id}' {fault}: '{shorten(text)}'; {place.wanted}"
                yield Finding(message=message, pointer=f"/nodes/{i}/{place.path}", node_id=node.id)


class _Place(NamedTuple):
    name: str
    path: str
    wanted: str


def _place(position: int, ideas: int, pitfalls: int) -> _Place:
    """Where the text at `position` of a node stands; the order is that of `_texts`."""
    if position == 0:
        return _Place("capability", "capability", "say what the learner can do afterwards")
    if position <= ideas:
        return _Place(f"core idea {position}", f"core_ideas/{position - 1}", "state one thing to know")
    if position <= ideas + pitfalls:
        at = position - ideas
        return _Place(f"pitfall {at}", f"pitfalls/{at - 1}", "name a mistake that learners make")
    if position == ideas + pitfalls + 1:
        return _Place("mastery task", "mastery_check/task", "say what the learner has to do")
    return _Place("pass criterion", "mastery_check/pass_criteria", "say what tells pass from fail")


def _texts(node: Node) -> list[str]:
    return [node.capability, *node.core_ideas, *node.pitfalls, node.mastery_check.task, node.mastery_check.pass_criteria]


class _Judge:
    """Judges the texts of a node, in two steps: `suspects` is fast and sorts out the nodes where nothing can be wrong."""

    def __init__(self, min_words: int, placeholders: Sequence[str]) -> None:
        self.min_words = min_words
        self.pattern = re.compile("|".join(re.escape(p.casefold()).replace(r"\*", ".*") for p in placeholders) or r"(?!)", re.DOTALL)
        #: A longer text can be a placeholder only by way of a `*`, and then begins with one of `heads`.
        self.longest = max((len(p) for p in placeholders), default=0) + 4
        self.heads = frozenset(_heads(placeholders))
        self.singles = frozenset(head for head in self.heads if len(head) == 1) | frozenset(_EMPTY_STARTS)
        self.first = frozenset(head[0] for head in self.heads if head) | self.singles

    def suspects(self, nodes: Sequence[Node]) -> Iterator[int]:
        """The positions of the nodes that `faults` must look at."""
        longest, first, heads, singles, words_wanted = self.longest, self.first, self.heads, self.singles, self.min_words
        enough = _CHARACTERS_A_WORD * words_wanted
        for i, node in enumerate(nodes):
            ideas, check = node.core_ideas, node.mastery_check
            capability, task, criterion = node.capability, check.task, check.pass_criteria
            repeats = len(node.title) + 4
            repeats = longest if longest > repeats else repeats  # noqa: FURB136 - a call of max() costs a tenth of the rule
            for text in ideas:
                length = len(text)
                if length < enough and text.count(" ") <= words_wanted:
                    break
                if length <= repeats or (text[0] in first and (text[:4] in heads or text[0] in singles)):
                    break
            else:
                for text in node.pitfalls:
                    if len(text) <= repeats or (text[0] in first and (text[:4] in heads or text[0] in singles)):
                        break
                else:
                    if not (
                        len(capability) <= repeats
                        or len(task) <= longest
                        or len(criterion) <= longest
                        or (capability[0] in first and (capability[:4] in heads or capability[0] in singles))
                        or (task[0] in first and (task[:4] in heads or task[0] in singles))
                        or (criterion[0] in first and (criterion[:4] in heads or criterion[0] in singles))
                        or _repeat(ideas)
                    ):
                        continue
            yield i

    def faults(self, node: Node) -> Iterator[tuple[int, str, str]]:
        """Position, text and what is wrong with it, for each text that is at fault."""
        texts, ideas = _texts(node), len(node.core_ideas)
        seen: dict[str, int] | None = {} if _repeat(node.core_ideas) else None
        for position, text in enumerate(texts):
            is_idea = 1 <= position <= ideas
            fault = self._fault(text, node.title if position < len(texts) - 2 else "", is_idea)
            if is_idea and seen is not None:
                before = seen.setdefault(_folded(text), position)
                if before != position and not fault:
                    fault = f"says the same as core idea {before}"
            if fault:
                yield position, text, fault

    def _fault(self, text: str, title: str, is_idea: bool) -> str:
        if len(text) <= self.longest or text[0] in self.first:
            folded = text.strip().casefold()
            if self.pattern.fullmatch(folded) or self.pattern.fullmatch(folded.strip(_PUNCTUATION)):
                return "is a placeholder"
            if not any(map(str.isalnum, folded)):
                return "says nothing"
        if len(text) <= len(title) + 4 and _folded(text) == _folded(title):
            return "only repeats the title"
        if is_idea and self._too_short(text):
            return f"has fewer than {self.min_words} words"
        return ""

    def _too_short(self, text: str) -> bool:
        if len(text) >= _CHARACTERS_A_WORD * self.min_words or _FORMULA.search(text):
            return False
        if not text.isascii():
            return sum(map(str.isalpha, text)) < 2 * self.min_words
        return len(words(text)) < self.min_words


def _heads(placeholders: Sequence[str]) -> Iterator[str]:
    """How a long text that matches a placeholder with `*` begins: the first four characters before the `*`, or the first one."""
    for entry in placeholders:
        fixed, star, _ = entry.partition("*")
        if star:
            head = fixed[:4] if len(fixed) >= 4 else fixed[:1]
            yield from (head.lower(), head.upper(), head.title())


def _repeat(ideas: Sequence[str]) -> bool:
    """Whether two core ideas are the same. Lengths and beginnings (but for the first character: its case may differ) decide nearly always."""
    if len(ideas) == 2 and not -6 < len(ideas[0]) - len(ideas[1]) < 6:
        return False
    if len({text[1:24].lower() for text in ideas}) == len(ideas):
        return False
    return len({_folded(text) for text in ideas}) < len(ideas)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).strip(_PUNCTUATION)
