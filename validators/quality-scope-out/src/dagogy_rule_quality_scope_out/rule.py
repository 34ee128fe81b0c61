"""The rule `quality.scope_out`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, Any

from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.rules import Options as RuleOptions
from dagogy.api.text import Words, lazy_pattern, shorten

# "… are not covered", "No …": what a sentence says of the excluded thing, not the thing.
_FRAME = lazy_pattern(
    r"^(?:no|not|(?:any|every)thing (?:about|on)"
    r"|we (?:do not|don't|will not|won't) (?:cover|teach|discuss|treat))\s+"
    r"|(?<!\s)\s+(?:(?:is|are|will be|were|was)\s+(?:not|out|excluded|omitted|skipped|left)\b.*"
    r"|(?:is|are)n't\b.*|\(?out of scope\)?)$"
)
# What follows narrows the thing down or exempts a part of it; then the words before it exclude too much.
_RESTRICTED = lazy_pattern(
    r"\b(?:except|excepting|beyond|other than|unless|apart from|besides"
    r"|rather than|instead of|more than|that|which|who|where|when)\b"
)
_EXAMPLES = lazy_pattern(
    r"(?:(?<!\s)\s+)?(?:\(.*|\[.*|[:,]?\s(?:such as|e\.g\.|for example|including|like)\s.*)$", re.DOTALL
)
_SEPARATOR = lazy_pattern(r"(?:(?<!\s)\s+)?[,;、，；]\s*(?:(?:and|or)\s+)?|(?<!\s)\s+(?:and|or|&)\s+")
_PUNCTUATION = lazy_pattern(r"[\s,;:.!?…、，；。'\"‘’“”()\[\]_‐-―-]+")
# After a single excluded word a title may go on like this and still be about that
# word: "Deployment with Docker".
_GOES_ON = r"(?:\s*[:(–—]|\s+(?:-\s|(?:with|using|in|on|via)\b))"
_LEADING = tuple(
    (
        "introduction introducing intro basics basic fundamentals fundamental principles overview "
        "foundations essentials elements elementary understanding using applied practical simple modern "
        "first steps getting started"
    ).split()
)
_VAGUE = tuple(
    (
        "advanced topic topics detail details other related further everything anything specific extra "
        "additional special deep dive theory practice history internals content material subjects areas none "
        "nothing n etc"
    ).split()
)


class ScopeOut(Rule):
    """What the topic spec excludes costs the learner hours that were meant for something else. Titles are
    judged and nothing else, since a text may well mention what it does not teach.

    An item of `scope_out` is cut at commas, "and" and "or"; of a sentence ("Kernel internals are not
    covered") only the thing counts. A title teaches it when it begins with the item's words in the same
    order, compared by stems and after `leading_words` such as "Introduction to"; or when the two have the
    same words. A single word ("Deployment") matches only a title that is about that word alone: "Deployment
    with Docker", but not "Deployment diagrams". Silence is kept about items that a title cannot decide: those
    that consist of `vague_words` ("Advanced topics"), that exempt something ("Algebra beyond linear
    equations"), or whose words are all part of one `scope_in` item too. An item that stands in `scope_in`
    just the same is a contradiction and reported once, whatever is taught.

    Bad:
        `scope_out` has "Machine learning"; a node is called "Introduction to machine learning".
        Both `scope_in` and `scope_out` have "Machine learning".

    Good:
        The node is called "Statistics for machine learning", and teaches statistics.

    How to fix:
        Remove the node and what only it needs, rename it if its title says more than it teaches, or take the
        item out of `scope_out`. Of an item in both lists, keep the one that is meant.
    """

    class Options(RuleOptions):
        leading_words: Annotated[
            tuple[str, ...], Field(description="Words that may stand before the thing that a title teaches.")
        ] = _LEADING
        vague_words: Annotated[
            tuple[str, ...], Field(description="Words that alone exclude nothing in particular.")
        ] = _VAGUE

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        leading = frozenset(w.casefold() for w in options.leading_words)
        vague = frozenset(Words.stem(w.casefold()) for w in options.vague_words)
        yield from _contradictions(context.spec.scope_out, context.spec.scope_in, vague)
        parts = _parts(context.spec.scope_out, context.spec.scope_in, vague)
        if not parts:
            return
        by_token: dict[str, list[_Part]] = {}
        for part in parts:
            for token in dict.fromkeys(part.tokens):
                by_token.setdefault(token, []).append(part)
        for i in _candidates([node.title for node in context.nodes], parts):
            node = context.nodes[i]
            found = _excluded(_fold(node.title), by_token, leading)
            if found:
                yield Finding(
                    message=(
                        f"'{shorten(node.title)}' teaches what scope_out excludes: '{shorten(found.item)}'; "
                        "remove the node, or the item from scope_out"
                    ),
                    pointer=f"/nodes/{i}/title",
                    node_id=node.id,
                    data={"item": found.item},
                )


@dataclass(frozen=True, slots=True)
class _Part:
    """One excluded thing: the stems of its content words in order, the item it comes from."""

    tokens: tuple[str, ...]
    index: int
    item: str


def _contradictions(
    scope_out: Sequence[str], scope_in: Sequence[str], vague: frozenset[str]
) -> Iterator[Finding]:
    """The items of `scope_out` that are items of `scope_in` but for case, spaces and punctuation; not the
    vague ones, such as "etc.".
    """
    wanted = {_plain(item) for item in scope_in}
    for index, item in enumerate(scope_out):
        if _plain(item) in wanted and not vague.issuperset(Words.stems(_fold(item))):
            yield Finding(
                message=f"'{shorten(item)}' is in scope_in too; take it out of one of the two",
                pointer=f"/scope_out/{index}",
                document="topic_spec",
                data={"item": item},
            )


def _plain(text: str) -> str:
    # Signs such as "+" and "#" stay, and the vowel signs of Indic scripts, which are no
    # letters: they tell words apart.
    return _PUNCTUATION.sub(" ", _fold(text).casefold()).strip()


def _parts(scope_out: Sequence[str], scope_in: Sequence[str], vague: frozenset[str]) -> list[_Part]:
    wanted = [frozenset(Words.stems(_fold(item))) for item in scope_in]
    parts = []
    for index, item in enumerate(scope_out):
        thing = _EXAMPLES.sub("", _FRAME.sub("", _fold(item).strip().rstrip(".!")))
        if _RESTRICTED.search(thing):
            continue
        pieces = _SEPARATOR.split(thing)
        # In "linear and logistic regression" the lone "linear" is no thing of its own.
        single = all(len(Words.of(piece)) <= 1 for piece in pieces)
        for piece in dict.fromkeys([thing, *pieces]):
            tokens = tuple(Words.stems(piece))
            if (
                not tokens
                or vague.issuperset(tokens)
                or (len(tokens) == 1 and len(pieces) > 1 and not single)
            ):
                continue
            if not any(item_in.issuperset(tokens) for item_in in wanted):
                parts.append(_Part(tokens, index, item))
    return parts


def _candidates(titles: Sequence[str], parts: Sequence[_Part]) -> list[int]:
    """The positions of the titles that have the rarest word of some part, found in all titles at once."""
    text = _fold("\n".join([title.replace("\n", " ") for title in titles]))
    found: set[int] = set()
    ends: list[int] = []
    for part in parts:
        # A stem differs from the words it comes from in its last two letters at most ("librari", "library").
        probes = [token[: max(2, len(token) - 2)] for token in part.tokens]
        if not all(probe in text for probe in probes):
            continue
        ends = ends or list(accumulate(len(title) + 1 for title in text.split("\n")))
        probe = min(probes, key=text.count)
        at = text.find(probe)
        while at >= 0:
            line = bisect_right(ends, at)
            found.add(line)
            at = text.find(probe, ends[line])
    return sorted(found)


def _excluded(title: str, by_token: dict[str, list[_Part]], leading: frozenset[str]) -> _Part | None:
    """The excluded thing that `title` teaches."""
    pieces = _without_leading(Words.of(title), leading)
    if not pieces or Words.stem(pieces[0]) not in by_token:
        return None
    content = [w for w in pieces if w not in Words.STOP]
    tokens = tuple(map(Words.stem, content))
    own = sorted(Words.stem(w) for w in content if w not in leading) or sorted(tokens)
    for part in by_token[Words.stem(pieces[0])]:
        size = len(part.tokens)
        if sorted(part.tokens) == own or (size > 1 and tokens[:size] == part.tokens):
            return part
        if size == 1 and re.search(rf"\b{re.escape(pieces[0])}{_GOES_ON}", title):
            return part
    return None


def _without_leading(pieces: Sequence[str], leading: frozenset[str]) -> Sequence[str]:
    """The words of a title from the first on that says what it is about; all of them where none does: "First
    steps" may be what is excluded.
    """
    start = next((k for k, w in enumerate(pieces) if w not in leading and w not in Words.STOP), 0)
    return pieces[start:]


def _fold(text: str) -> str:
    return text.lower() if text.isascii() else Words.normalized(text).lower()
