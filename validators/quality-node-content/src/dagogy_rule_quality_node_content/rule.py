"""The rule `quality.node_content`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, NamedTuple

import dagogy.api
from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Fix, Rule, RuleContext
from dagogy.api.text import Words, lazy_pattern, shorten

if TYPE_CHECKING:
    from dagogy.api.scope import ScopeDocument

#: A text with this many characters for each word that is wanted is long enough in any
#: language; compounds can be long.
_CHARACTERS_A_WORD = 12
_PUNCTUATION = " .,;:!?-–—*_\"'"
#: What may be around a word that stands alone.
_OUTER = _PUNCTUATION + "`()[]…“”„‘’«»"
#: What a text begins with that has neither letter nor digit.
_EMPTY_STARTS = " \t\r\n\u00a0\u200b\ufeff.…?!-–—_*=#~"
#: Marks of a formula or of code, where words cannot be counted.
_FORMULA = lazy_pattern(r"[\d=<>+*/^(){}\[\]_\\|≈≠≤≥→⇒∈∀∃∑∫√±×÷·°%$§]")


class NodeContent(Rule):
    """A node whose texts are blank, left to be written, cut off or only say its title again looks finished
    and teaches nothing.

    The rule checks the capability, the core ideas, the pitfalls and the mastery check of each node. None may
    be without a letter or digit, or be a placeholder (`placeholders`: the whole text, compared without case
    and outer punctuation; `*` stands for any text). The capability, a core idea or a pitfall may not be the
    title alone, and no core idea may occur twice in a node (case, outer punctuation and runs of spaces do not
    count). A core idea has at least `min_words` words; formulas, code and texts in scripts that are not plain
    Latin letters are not held to a number of words but to two characters for each.

    A text may not break off (at "…", at a word such as "the" or "and", after a space at its end), have
    nothing between typographic quotation marks, or hold a variable that was never filled in (`{title}`) or a
    note such as `TODO:`, unless a source has it among the same words. Warnings are what may be meant: a long
    text cut at "…", an end at a comma, colon or preposition, brackets, quotation marks or backticks that do
    not pair, and markup (bold, links, headings, table rows, pairs of HTML tags, a bare URL). Code between
    backticks is not looked at. Markup is taken off by a safe fix, and so is a core idea that is there twice
    where three or more remain.

    Bad:
        `core_ideas: ["Osmosis", "TODO", "..."]`

    Good:
        `core_ideas: ["Water passes a membrane towards the side with more solute.", "The flow stops when the
        pressures are equal."]`

    How to fix:
        Write what the learner must come to know, one whole statement an idea. A placeholder is work that
        is left: do it, or take the item out. If an idea occurs twice, keep the clearer one and say
        something new in the other.
    """

    class Options(dagogy.api.rules.Options):
        min_words: Annotated[int, Field(description="The least number of words in a core idea.", ge=1)] = 3
        placeholders: Annotated[
            tuple[str, ...],
            Field(
                description="Texts that stand for one that is still to be written; `*` stands for any text."
            ),
        ] = (
            "todo", "todo:*", "todo -*", "(todo*)", "[todo*]", "tbd", "tbd:*", "tba", "fixme", "fixme:*",
            "xxx", "n/a", "none", "null", "undefined", "nothing", "placeholder", "to be done",
            "to be defined", "to be determined", "to be decided", "to be added", "to be written",
            "coming soon", "fill in", "fill in later", "fill this in", "your text here", "text goes here",
            "lorem ipsum", "lorem ipsum dolor*", "blah", "blah blah*", "asdf", "insert * here", "[insert*]",
            "[add*]", "[describe*]", "[your*]", "<*>", "{{*}}",
        )  # fmt: skip

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding]:
        judge = _Judge(options.min_words, options.placeholders, context.sources)
        for i in judge.suspects(context.nodes):
            node = context.nodes[i]
            ideas, pitfalls = len(node.core_ideas), len(node.pitfalls)
            for position, text, fault in judge.faults(node):
                place = _place(position, ideas, pitfalls)
                yield Finding(
                    message=(
                        f"{place.name} of '{node.id}' {fault.what}: '{shorten(text)}'; "
                        f"{fault.wanted or place.wanted}"
                    ),
                    pointer=f"/nodes/{i}/{place.path}",
                    node_id=node.id,
                    severity="warning" if fault.mild else "",
                    fix=_fix(f"/nodes/{i}/{place.path}", text, fault, ideas),
                )


class _Fault(NamedTuple):
    """What is wrong with a text, as the middle of a sentence; what is wanted instead, where that
    is not plain from the place.
    """

    what: str
    wanted: str = ""
    mild: bool = False
    #: The text without what is wrong with it; None where nobody knows it.
    fixed: str | None = None
    #: Whether the text may go.
    idle: bool = False


def _fix(path: str, text: str, fault: _Fault, ideas: int) -> Fix | None:
    test = {"op": "test", "path": path, "value": text}
    if fault.fixed is not None:
        return Fix(
            "safe",
            f"write it without markup: '{shorten(fault.fixed)}'",
            [test, {"op": "replace", "path": path, "value": fault.fixed}],
        )
    if fault.idle and ideas > 2:
        return Fix("safe", "take the second one out", [test, {"op": "remove", "path": path}])
    return None


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
    return [
        node.capability,
        *node.core_ideas,
        *node.pitfalls,
        node.mastery_check.task,
        node.mastery_check.pass_criteria,
    ]


class _Judge:
    """Judges the texts of a node, in two steps: `suspects` is fast and sorts out the nodes
    where nothing can be wrong.
    """

    def __init__(self, min_words: int, placeholders: Sequence[str], sources: Sequence[ScopeDocument]) -> None:
        self.min_words = min_words
        self.sources = sources
        self.pattern = re.compile(
            "|".join(re.escape(p.casefold()).replace(r"\*", ".*") for p in placeholders) or r"(?!)", re.DOTALL
        )
        #: A longer text can be a placeholder only by way of a `*`, and then begins with one of `heads`.
        self.longest = max((len(p) for p in placeholders), default=0) + 4
        self.heads = frozenset(_heads(placeholders))
        self.singles = frozenset(head for head in self.heads if len(head) == 1) | frozenset(_EMPTY_STARTS)
        self.first = frozenset(head[0] for head in self.heads if head) | self.singles

    def suspects(self, nodes: Sequence[Node]) -> Iterator[int]:
        """The positions of the nodes that `faults` must look at."""
        longest, first, heads, singles, words_wanted = (
            self.longest,
            self.first,
            self.heads,
            self.singles,
            self.min_words,
        )
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
                    if len(text) <= repeats or (
                        text[0] in first and (text[:4] in heads or text[0] in singles)
                    ):
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
                        or not _whole(_texts(node))
                    ):
                        continue
            yield i

    def faults(self, node: Node) -> Iterator[tuple[int, str, _Fault]]:
        """Position, text and what is wrong with it, for each text that is at fault."""
        texts, ideas = _texts(node), len(node.core_ideas)
        seen: dict[tuple[str, ...], int] | None = {} if _repeat(node.core_ideas) else None
        for position, text in enumerate(texts):
            if not text:
                continue  # a declared gap: the schema lets no other text be empty
            is_idea = 1 <= position <= ideas
            fault = self._fault(text, node.title if position < len(texts) - 2 else "", is_idea) or (
                None if _whole((text,)) else _broken(text, self._quoted)
            )
            if is_idea and seen is not None:
                before = seen.setdefault(_normal_forms(text), position)
                if before != position and not fault:
                    fault = _Fault(f"says the same as core idea {before}", idle=True)
            if fault:
                yield position, text, fault

    def _fault(self, text: str, title: str, is_idea: bool) -> _Fault | None:
        if len(text) <= self.longest or text[0] in self.first:
            plain = text.strip().casefold()
            if self.pattern.fullmatch(plain) or self.pattern.fullmatch(plain.strip(_PUNCTUATION)):
                return _Fault("is a placeholder")
            if not any(map(str.isalnum, plain)):
                return _Fault("says nothing")
        if len(text) <= len(title) + 4 and _normal_forms(text) == _normal_forms(title):
            return _Fault("only repeats the title")
        if is_idea and self._too_short(text):
            return _Fault(f"has fewer than {self.min_words} words")
        return None

    @cached_property
    def _sources(self) -> list[str]:
        return [_unmarked(source.text) for source in self.sources]

    def _quoted(self, text: str) -> bool:
        """Whether a source has the words, whatever marks are around them."""
        wanted = _unmarked(text).strip(_PUNCTUATION)
        return any(wanted in source for source in self._sources)

    def _too_short(self, text: str) -> bool:
        if len(text) >= _CHARACTERS_A_WORD * self.min_words or _FORMULA.search(text):
            return False
        if not text.isascii():
            return sum(map(str.isalpha, text)) < 2 * self.min_words
        return len(Words.of(text)) < self.min_words


#: Characters that a plain sentence has not; with one of them a text is looked at closely.
_ODD = lazy_pattern(r"[…{}\[\]()<>|*`“”„«»\"#]")
#: And with one of these, where texts are on lines of their own.
_SIGNS = (
    "__", "http", "orem ipsum", "TODO", "TBD", "FIXME", "XXX", "...", " and.", " or.", " the.", " a.", " an.",
    " \n", ",\n", ";\n", ":\n", "、\n", "，\n", "\n- ", "\n+ ", "\n• ", "\n ",
)  # fmt: skip
#: The last words of what may have been broken off.
_LAST = frozenset(
    "the and or because which a an of with for from by on in to at as that if is are The And Or".split()
)


def _whole(texts: Sequence[str]) -> bool:
    """Whether nothing in the texts looks broken at a glance: no odd character, and
    every text ends as one may.
    """
    joined = "\n" + "\n".join(texts) + "\n"
    if _ODD.search(joined):
        return False
    for sign in _SIGNS:
        if sign in joined:
            return False
    return all(text[text.rfind(" ") + 1 :] not in _LAST for text in texts)


_CODE = lazy_pattern(r"(?<!`)(`{1,20})(?!`).{1,1000}?(?<!`)\1(?!`)", re.DOTALL)
_NAMES = (
    r"(?:title|concept|topic|name|node|neighbou?r|prerequisite|predecessor"
    r"|successor|idea|subject|skill|capability|task|criterion|example)s?"
)
_VARIABLE = lazy_pattern(
    rf"\$?\{{\{{?\s*{_NAMES}(?:_\w+)?\s*\}}|%\(\w+\)s|<{_NAMES}>|\[{_NAMES}\](?![(\[])", re.IGNORECASE
)
#: How many characters before or after it a source has as well where it is the source that speaks of a
#: variable or a note ("marks a test as TODO").
_CONTEXT = 20
_SEPARATOR = lazy_pattern(r"[\s“”„‘’«»\"]")
_NOTE = lazy_pattern(
    r"\blorem ipsum dolor\b|\b(?:TODO|FIXME|XXX):|[(\[](?:TODO|TBD|FIXME|XXX)\b"
    r"|\s(?:TBD|TODO)\.?$|\[(?:[Ii]nsert|[Aa]dd|[Yy]our|[Dd]escribe)\s[^\]]{0,300}\]"
)
_EMPTY = lazy_pattern(r"“\s*”|„\s*[“”]|«\s*»|‘\s*’|「\s*」|『\s*』")
#: An ellipsis at the end that breaks a sentence off, and does not go on with a series.
_ELLIPSIS = lazy_pattern(r"(?<!etc)(?<=[^\W\d_])\s*(?:\.{3}|…)[….\s]*$")
#: An article, too, but not the prefix of a German verb ("rufe sie an") or a variable ("of type a").
_NO_END = lazy_pattern(r"(?i)(?:^|\s)(?:(?:the|and|or|because|which)\.?|(?:is|are|as|with|has|have|or) an?)$")
_HARDLY_AN_END = lazy_pattern(
    r"(?:^|\s)(?:of|with|for|from|by|on|in|to|at|as|that|if|is|are)$", re.IGNORECASE
)
_BOLD = lazy_pattern(r"(?<![\w*])(\*\*|__)(?=[^\s*_])(.{1,500}?)(?<=[^\s*_])\1(?![\w*])")
_LINK = lazy_pattern(r"!?\[([^\[\]]+)\]\([^()\s]+\)")
_PAIR = lazy_pattern(
    r"<(p|b|i|em|strong|u|div|span|li|ul|a|td|tr|table|h[1-6])\b[^<>]*>(.{0,500}?)</\1>",
    re.IGNORECASE | re.DOTALL,
)
_BREAK = lazy_pattern(r"<br\s*/?>|&nbsp;", re.IGNORECASE)
_HEAD = lazy_pattern(r"^\s*(?:#{1,6}|[-*+•>])\s+(?=\w)")
_ROW = lazy_pattern(r"^\s*\|.*\|\s*$")
_BARE_URL = lazy_pattern(r"^\s*https?://\S+\s*$")
_BALANCED = lazy_pattern(r"\([^()\[\]]*\)|\[[^()\[\]]*\]|“[^“”]*”|(?<!\d)\"[^\"]*\"")
#: What may stand alone: half-open intervals, numbers of a list, inches and seconds, arrows, faces.
_INTERVAL = lazy_pattern(r"\[[^\[\](),]*,[^\[\]()]*\)|\([^\[\](),]*,[^\[\]()]*\]|\][^\[\](),]*,[^\[\]()]*\[")
_ALONE = lazy_pattern(r"(?:^|[\s;,])\w{1,3}\)|(?<=\d)[\"”“]|[<>]{2,}|[:;]-?[()]")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("«", "»"))


def _broken(text: str, quoted: Callable[[str], bool] = lambda words: False) -> _Fault | None:
    """What shows that the text was cut, left unfilled or taken over with its marks. `quoted` tells whether a
    source has these words.
    """
    # Code is no prose; blanked out, it leaves all else in its place.
    blank = _CODE.sub(lambda code: "x" * len(code[0]), text) if "`" in text else text
    for found in _VARIABLE.finditer(blank):
        if not any(map(quoted, _together(text, found) or _around(text, found))):
            return _Fault(f"has the variable {found[0]} in it, which nobody filled in")
    note = _NOTE.search(blank)
    if note and not any(map(quoted, _around(text, note))):
        return _Fault(f"has a note of work that is left in it ({shorten(note[0], 20)})")
    prose = _CODE.sub("x", text) if "`" in text else text
    if _EMPTY.search(prose):
        return _Fault("has quotation marks with nothing between them", "say what is meant")
    return _cut_off(prose) or _markup(text, prose) or _unpaired(prose)


def _together(text: str, found: re.Match[str]) -> list[str]:
    """A variable with what is written together with it; `create @<scope>:<name>` of a manual is what the
    source teaches, and no template.
    """
    before, after = _SEPARATOR.split(text[: found.start()])[-1], _SEPARATOR.split(text[found.end() :])[0]
    return [f"{before}{found[0]}{after}"] if before.strip(_OUTER) or after.strip(_OUTER) else []


def _around(text: str, found: re.Match[str]) -> list[str]:
    """What was found with the words before it, and with those after it: that a source has a
    `{title}` excuses no other.
    """
    before, after = text[: found.start()][-_CONTEXT:], text[found.end() :][:_CONTEXT]
    return [
        part
        for part, words in ((before + found[0], before), (found[0] + after, after))
        if words.strip(_OUTER)
    ]


def _unmarked(text: str) -> str:
    """The words without case, line breaks and the marks of Markdown."""
    return " ".join(text.replace("`", "").replace("*", "").split()).casefold()


def _cut_off(prose: str) -> _Fault | None:
    plain = prose.rstrip()
    if _ELLIPSIS.search(plain):
        return _Fault("is cut off at its end", "write the sentence to its end", mild=len(plain) >= _LONG)
    if _NO_END.search(plain) and not _LETTER.search(plain):
        return _Fault("breaks off", "write the sentence to its end")
    if plain[-1:].isalpha() and plain.isascii() and _HARDLY_AN_END.search(plain):
        return _Fault("breaks off", "write the sentence to its end", mild=plain == prose)
    if plain[-1:] in ("(", ",", ";", ":", "、", "，"):
        return _Fault(f"ends in '{plain[-1]}'", "write the sentence to its end", mild=True)
    return None


#: From this many characters on a text at "…" was shortened rather than lost.
_LONG = 120
#: "vitamin A", "the letter a", "blood group A": a letter, not an article.
_LETTER = lazy_pattern(
    r"(?:\bA\.?|\b(?:letter|vowel|note|key|option|variable|to|of|is|and|or|in|by|than|from) an?\.?)$"
)


def _markup(text: str, prose: str) -> _Fault | None:
    if _BARE_URL.match(prose):
        return _Fault("is nothing but a URL", mild=True)
    if _ROW.match(prose):
        return _Fault("is a table row", mild=True)
    if not any(p.search(prose) for p in (_BOLD, _LINK, _PAIR, _BREAK, _HEAD)):
        return None
    fixed = None
    if prose == text:
        plain = _BREAK.sub(" ", _PAIR.sub(r"\2", _LINK.sub(r"\1", _BOLD.sub(r"\2", _HEAD.sub("", text)))))
        plain = " ".join(plain.split())
        fixed = plain if plain and not _broken(plain) else None
    return _Fault("has markup in it", "write plain text", mild=True, fixed=fixed)


def _unpaired(prose: str) -> _Fault | None:
    plain = _BALANCED.sub(" ", _BALANCED.sub(" ", _INTERVAL.sub(" ", prose)))
    plain = _ALONE.sub(" ", plain)
    alone = next(
        (a if plain.count(a) > plain.count(b) else b for a, b in _PAIRS if plain.count(a) != plain.count(b)),
        "",
    )
    if not alone:
        alone = next((mark for mark in ('"', "`") if plain.count(mark) % 2), "")
    if not alone and "„" not in plain and "“" in plain and plain.count("“") != plain.count("”"):
        alone = "“"
    return (
        _Fault(
            f"has a {alone} without its counterpart", "pair it, or write the sentence to its end", mild=True
        )
        if alone
        else None
    )


def _heads(placeholders: Sequence[str]) -> Iterator[str]:
    """How a long text that matches a placeholder with `*` begins: the first four characters before the `*`,
    or the first one.
    """
    for entry in placeholders:
        fixed, star, _ = entry.partition("*")
        if star:
            head = fixed[:4] if len(fixed) >= 4 else fixed[:1]
            yield from (head.lower(), head.upper(), head.title())


def _repeat(ideas: Sequence[str]) -> bool:
    """Whether two core ideas are the same. Lengths and beginnings (but for the first character: its case may
    differ) decide nearly always.
    """
    if len(ideas) == 2 and not -6 < len(ideas[0]) - len(ideas[1]) < 6:
        return False
    if len({text[1:24].lower().rstrip(".") for text in ideas}) == len(ideas):
        return False
    return len({_normal_forms(text) for text in ideas}) < len(ideas)


def _normal_forms(text: str) -> tuple[str, ...]:
    """What two texts have in common that say the same; the marks of a formula say something as well."""
    return Words.form(text), *_FORMULA.findall(text)
