"""The rule `quality.resource_relevance`."""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

from dagogy.api.documents import Node, Resource
from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.rules import Options as RuleOptions
from dagogy.api.text import Words, lazy_pattern, shorten

if TYPE_CHECKING:
    from dagogy.api.scope import Block, ScopeDocument

_LINES = lazy_pattern(r"L(\d+)(?:-L?(\d+))?$")
# The host of a web address; the folder of the run's own inputs.
_HOST = lazy_pattern(r"^(?:local://(?:inputs/)?|[a-z][a-z0-9+.-]*://[^/?#]*)", re.IGNORECASE)
# Where words are joined in a URL, as in `RegularExpressions` and `regular_expressions2`.
_JOINED = lazy_pattern(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|_")
# Thai to Khmer, Chinese, Japanese and Korean.
_SPACELESS = lazy_pattern("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
# Words that hardly an English text of a paragraph can do without, and no text of another language has.
_ENGLISH = frozenset(["the", "and", "with", "that", "which", "from", "this", "these"])
#: Words by which the language of a passage can be told.
_FEWEST = 8
_GENERIC = tuple(
    (
        "example examples definition introduction guide tutorial documentation docs doc reference manual "
        "handbook resource chapter section part page pages lecture notes video book article paper course "
        "lesson exercise exercises overview index html htm php pdf en wiki www com org learn use using apply "
        "explain describe understand build write make given case work get new one two placeholder link "
        "source title untitled online best top"
    ).split()
)


class ResourceRelevance(Rule):
    """A resource that has nothing to do with its concept is a reference list for show, and the learner loses
    trust in all the others.

    A resource has to do with a node when its title, citation or the path of its URL shares a content word (by
    its stem, or by its first five letters) with the node's title, capability, core ideas, pitfalls or task,
    or with the curriculum's topic, since a textbook of the subject serves all of it. A book, a paper or a
    video bears a name that need not tell what is in it: one that is cited with a number, as of a chapter or a
    page, counts as well. `generic_words` such as "guide" or "example" do not count. A `local://` link into
    the scope document also counts when the lines it names have such a word. A node is reported when none of
    its resources has to do with it. The rule is silent about nodes without resources (`evidence.mode` counts
    them), and about texts that it cannot compare: those not in English whose resources may well be, and
    scripts without spaces.

    A `local://` link that names lines of the scope document (or of a file in the spec's
    `local_paths`) is held to more: a node is reported for the first such link whose lines and their
    headings share no word with it.

    One more finding is made where the very same URL, with the same citation, serves more than
    `max_same_url_share` of at least `min_nodes` nodes: a home page is no evidence for anything in particular.
    Titles that name a chapter or a page count as citations.

    Bad:
        The node "Photosynthesis" has the one resource "Great cakes", https://example.org/cakes.

    Good:
        The node "Photosynthesis" has "Light reactions in plants", https://example.org/photosynthesis#light.

    How to fix:
        Replace the resource by one about the concept, or, if it is about it, say where in the `citation`.
        Link the section instead of the home page.
    """

    class Options(RuleOptions):
        generic_words: Annotated[
            tuple[str, ...], Field(description="Words that do not make a resource relevant.")
        ] = _GENERIC
        max_same_url_share: Annotated[
            float,
            Field(
                description="The share of the nodes that may have the very same URL and citation.", gt=0, le=1
            ),
        ] = 0.5
        min_nodes: Annotated[
            int, Field(description="Smaller curricula may use one URL throughout.", ge=2)
        ] = 5

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        yield from _one_for_all(context.nodes, options)
        judge: _Relevance | None = None
        for i, node in enumerate(context.nodes):
            # The usual case: some resource's title names the concept. The first letter may be a capital in
            # one of the two only.
            name = node.title[1:]
            for resource in node.resources:
                if name in resource.title and len(name) > 3:
                    break
            else:
                judge = judge or _Relevance(context, options)
                if node.resources and not judge.any_related(node):
                    first = node.resources[0]
                    yield Finding(
                        message=(
                            f"no resource of '{shorten(node.title)}' has to do with it: none shares a "
                            f"content word with the node (first '{shorten(first.title)}', "
                            f"{shorten(first.url)}); replace one, or cite the place in it that is about the "
                            "concept"
                        ),
                        pointer=f"/nodes/{i}/resources",
                        node_id=node.id,
                    )
                    continue
            for k, resource in enumerate(node.resources):
                if resource.url.startswith("local://"):
                    judge = judge or _Relevance(context, options)
                    if judge.beside_the_point(node, resource):
                        yield Finding(
                            message=(
                                f"the lines that '{shorten(node.title)}' cites have no word of it: "
                                f"{shorten(resource.url)}; cite those that are about it"
                            ),
                            pointer=f"/nodes/{i}/resources/{k}/url",
                            node_id=node.id,
                        )
                        break


class _Source:
    """In which lines of a document each token stands. Each line is split once, however many nodes cite it:
    what is asked of a range of lines is answered by two looks into lists.
    """

    def __init__(self, document: ScopeDocument, pieces: Callable[[str], frozenset[str]]) -> None:
        self._lines: dict[str, array[int]] = {}
        self._english = array("I")
        self._words = array("I", [0])  # up to the end of each line
        for number, line in enumerate(document.text.split("\n"), 1):
            words = Words.of(line)
            self._words.append(self._words[-1] + len(words))
            if not _ENGLISH.isdisjoint(words):
                self._english.append(number)
            for token in pieces(line):
                self._lines.setdefault(token, array("I")).append(number)
        #: The stretches of blocks that stand under the same headings, in order: their lines, which may
        #: overlap, and the headings without the title of the document.
        self._sections: list[tuple[int, int, tuple[str, ...]]] = []
        self._under: dict[str, list[int]] = {}
        self._english_headings: list[int] = []
        self._add_sections(document.blocks, pieces)
        self._starts = [first for first, _, _ in self._sections]
        self._ends = list(accumulate((last for _, last, _ in self._sections), max))

    def _add_sections(self, blocks: Sequence[Block], pieces: Callable[[str], frozenset[str]]) -> None:
        known: dict[str, frozenset[str]] = {}
        ordered = sorted(blocks, key=lambda b: b.lines[0])
        for path, under in groupby(ordered, key=lambda b: b.path[1:]):
            of = list(under)
            self._sections.append((of[0].lines[0], max(b.lines[1] for b in of), path))
            for name in path:
                if name not in known:
                    known[name] = pieces(name)
            if any(not _ENGLISH.isdisjoint(Words.of(name)) for name in path):
                self._english_headings.append(len(self._sections) - 1)
            for token in frozenset().union(*(known[name] for name in path)):
                self._under.setdefault(token, []).append(len(self._sections) - 1)

    def has(self, tokens: Iterable[str], first: int, last: int) -> bool:
        """Whether one of the tokens is in one of these lines."""
        return any(_between(self._lines.get(token, ()), first, last) for token in tokens)

    def stands_under(self, tokens: Iterable[str], first: int, last: int) -> bool:
        """Whether one of the tokens is in a heading above one of these lines."""
        return any(self._stands(self._under.get(token, ()), first, last) for token in tokens)

    def _stands(self, sections: Sequence[int], first: int, last: int) -> bool:
        """Whether one of the sections, which ascend, has one of these lines."""
        near, end = self._near(first, last)
        inside = sections[bisect_left(sections, near) : bisect_left(sections, end)]
        return any(self._sections[k][1] >= first for k in inside)

    def is_english(self, first: int, last: int) -> bool | None:
        """Whether these lines, with the headings above them, have English words, None where they are too few
        to tell.
        """
        count = self._count(first, last)
        if count < _FEWEST:
            for name in self._headings(first, last):
                count += len(Words.of(name))
                if count >= _FEWEST:
                    break
            else:
                return None
        return _between(self._english, first, last) or self._stands(self._english_headings, first, last)

    def _count(self, first: int, last: int) -> int:
        most = len(self._words) - 1
        return self._words[min(last, most)] - self._words[min(max(first, 1), most + 1) - 1]

    def _near(self, first: int, last: int) -> tuple[int, int]:
        return bisect_left(self._ends, first), bisect_right(self._starts, last)

    def _headings(self, first: int, last: int) -> Iterator[str]:
        near, end = self._near(first, last)
        return (n for _, stop, path in self._sections[near:end] if stop >= first for n in path)


#: The documents that were split last, each with what tells it from others.
_latest: list[tuple[Sequence[Block], str, frozenset[str], _Source]] = []
_KEPT = 8


def _between(lines: Sequence[int], first: int, last: int) -> bool:
    """Whether one of the numbers, which ascend, is one from `first` to `last`."""
    at = bisect_left(lines, first)
    return at < len(lines) and lines[at] <= last


class _Relevance:
    """Compares nodes and resources by their stems."""

    def __init__(self, context: RuleContext, options: Any) -> None:
        self.context = context
        self.generic_words = frozenset(word.casefold() for word in options.generic_words)
        self.generic = frozenset(token for word in options.generic_words for token in Words.stems(word))
        self.topic = self._tokens(context.curriculum.topic)
        # of two at one place the first counts
        self._documents = {s.location: s for s in reversed(context.sources)}

    def any_related(self, node: Node) -> bool:
        texts = [f"{r.title} {r.citation} {unquote(_path_of(r.url))}" for r in node.resources]
        # A word of the title as it stands settles most nodes without a stem.
        all_texts = " ".join(texts).lower()
        if any(
            len(word) >= 5 and word[:5] in all_texts and word not in self.generic_words
            for word in node.title.lower().split()
        ):
            return True
        own = " ".join(
            [node.title, node.capability, *node.core_ideas, *node.pitfalls, node.mastery_check.task]
        )
        known = self._tokens(own) | self.topic
        if any(
            self._about(resource, text, known) for resource, text in zip(node.resources, texts, strict=True)
        ):
            return True
        # Only English can be compared with resources that are, as often as not, English.
        return _ENGLISH.isdisjoint(Words.of(own))

    def _about(self, resource: Resource, text: str, known: frozenset[str]) -> bool:
        if resource.kind in ("book", "paper", "video") and any(c.isdigit() for c in _use_of(resource)):
            return True
        url = _path_of(resource.url) if resource.url.startswith("local://") else resource.url
        return (
            not known.isdisjoint(self._tokens(f"{text} {_JOINED.sub(' ', text)}"))
            or any(len(token) >= 5 and token in url.lower() for token in known)
            or (resource.url.startswith("local://") and self._names(resource.url, known))
        )

    def beside_the_point(self, node: Node, resource: Resource) -> bool:
        """Whether the lines that a resource names say nothing of the node; False
        where that cannot be told.
        """
        place, _, fragment = unquote(resource.url[len("local://") :]).partition("#")
        lines = _LINES.match(fragment)
        if not lines or place not in self._documents:
            return False
        source, first, last = self._source(place), int(lines[1]), int(lines[2] or lines[1])
        own = " ".join(
            [
                node.title,
                node.capability,
                *node.core_ideas,
                *node.pitfalls,
                node.mastery_check.task,
                node.mastery_check.pass_criteria,
            ]
        )
        # In two languages, or two scripts, the same thing has other words.
        is_english = source.is_english(first, last)
        if is_english is not None and is_english == _ENGLISH.isdisjoint(Words.of(own)):
            return False
        pieces = self._pieces(own)
        return not (source.has(pieces, first, last) or source.stands_under(pieces, first, last))

    def _source(self, place: str) -> _Source:
        """The document at a place by its lines. A run is judged several times: what was split stays."""
        document = self._documents[place]
        for blocks, text, generic, source in _latest:
            if blocks is document.blocks and text is document.text and generic == self.generic:
                return source
        made = _Source(document, self._pieces)
        _latest[_KEPT - 1 :] = []
        _latest.insert(0, (document.blocks, document.text, self.generic, made))
        return made

    def _pieces(self, text: str) -> frozenset[str]:
        """The tokens and, of what is written without spaces, pairs of characters."""
        return self._tokens(text) | {
            run[i : i + 2] for run in _SPACELESS.findall(text) for i in range(len(run) - 1)
        }

    def _names(self, url: str, known: frozenset[str]) -> bool:
        """Whether what a `local://` URL names of a source has one of these tokens: its lines, or without
        lines the whole text.
        """
        place, _, fragment = unquote(url[len("local://") :]).partition("#")
        if place not in self._documents:
            return False
        lines = _LINES.match(fragment)
        first, last = (int(lines[1]), int(lines[2] or lines[1])) if lines else (1, sys.maxsize)
        return self._source(place).has(known, first, last)

    def _tokens(self, text: str) -> frozenset[str]:
        # Numbers are everywhere; they relate nothing.
        stems = {
            s for s in Words.stems(text if text.isascii() else Words.normalized(text)) if not s.isdigit()
        } - self.generic
        return frozenset(stems | {s[:5] for s in stems})


def _one_for_all(nodes: Sequence[Node], options: Any) -> Iterator[Finding]:
    """A finding for each URL that, with the same citation, serves too many nodes."""
    if len(nodes) < options.min_nodes:
        return
    limit = max(1.0, options.max_same_url_share * len(nodes))
    for url in _frequent_urls(nodes, limit):
        # Counted again with what sets the uses apart, each node once.
        uses: Counter[Any] = Counter()
        first: dict[Any, tuple[int, int]] = {}
        for i, node in enumerate(nodes):
            own = [(_use_of(r), k) for k, r in enumerate(node.resources) if r.url == url]
            uses.update({use for use, _ in own})
            for use, k in own:
                first.setdefault(use, (i, k))
        use, n = uses.most_common(1)[0]
        if n > limit:
            i, k = first[use]
            yield Finding(
                message=(
                    f"{n} of {len(nodes)} nodes have the very same resource {shorten(url)}: link the section "
                    "that is about the concept, or cite it"
                ),
                pointer=f"/nodes/{i}/resources/{k}/url",
                data={"url": url},
            )


def _frequent_urls(nodes: Sequence[Node], limit: float) -> list[str]:
    """The URLs that stand more often than `limit`. Hashing all of them is what costs, so only those are
    counted whose length is frequent: there are few, mostly none.
    """
    urls = [resource.url for node in nodes for resource in node.resources]
    lengths = {length for length, n in Counter(map(len, urls)).items() if n > limit}
    if not lengths:
        return []
    return [url for url, n in Counter(url for url in urls if len(url) in lengths).items() if n > limit]


def _path_of(url: str) -> str:
    return _HOST.sub("", url)


def _use_of(resource: Resource) -> str:
    """What tells two uses of a URL apart: the citation, or a title with a number in
    it, such as that of a chapter.
    """
    return resource.citation or (resource.title if any(c.isdigit() for c in resource.title) else "")
