"""The rule `quality.grounding`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.rules import Options as RuleOptions
from dagogy.api.text import STOP_WORDS, lazy_pattern, match_keys, normalized, sentences, shorten, words

if TYPE_CHECKING:
    from dagogy.api.scope import Block, ScopeDocument

# Thai to Khmer, Chinese, Japanese and Korean: what is written together there is more than a word,
# or a word and its particle.
_SPACELESS = lazy_pattern(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LINES = lazy_pattern(r"L(\d{1,9})(?:-L?(\d{1,9}))?\Z")
_PASSAGE = 40
# Words that hardly an English text of a paragraph can do without, and no text of another language has.
_ENGLISH = frozenset(
    ["the", "and", "of", "with", "that", "which", "from", "this", "these", "their", "is", "are"]
)
_SURELY_ENGLISH = 2
#: Content words beside the title of a sentence that explains it.
_SAYS_SOMETHING = 3
#: What stands in quotation marks is named, not said.
_QUOTED = lazy_pattern(r"“[^“”]{1,200}”|„[^„“”]{1,200}[“”]|«[^«»]{1,200}»|\"[^\"]{1,200}\"")
_NEUTRAL = tuple(
    (
        "use used using make makes made give gives take takes get gets become becomes keep keeps put set "
        "need needs want allow allows let lets help helps show shows mean means call called known know work "
        "works happen happens way ways thing things part parts kind kinds type types form forms case cases "
        "example examples different other many much several various also often usually always never "
        "sometimes well good better best important possible first second last next new two three like rather "
        "instead however therefore since even still already every any another must should simple simply "
        "certain specific describe describes define defines defined definition represent represents contain "
        "contains consist consists include includes provide provides depend depends whole start end thus "
        "hence without within one"
    ).split()
)


class Grounding(Rule):
    """A curriculum made from a scope document has to teach what the document says. A core idea that is not in
    it was made up, or it comes from somewhere that nobody can check.

    A core idea is grounded when at least `min_share` of its content words occur anywhere in the scope
    document or the spec's `local_paths`, and at least `min_passage_share` of them in one passage of some 80
    words or more, since a long document has most words somewhere. Words are compared by the first six letters
    of their stems (Snowball); stop words and `neutral_words`, which any text may have, do not count, so a
    paraphrase passes. Where a script has no spaces, pairs of characters are compared.

    A node is reported when a core idea is not grounded: as an error when more than `max_ungrounded_share` of
    them are not, else as a warning. It is reported, as an error when it holds for all of them, when core
    ideas are what the sources say of another concept: nearly all their words are in one sentence of a section
    (or list item) that bears the title of another node, and neither the sentence nor the idea names this one,
    nor do its resources cite those lines. It is an error when not one content word of the title occurs in the
    sources or in the spec's `scope_in`.

    For a node with an `estimate_confidence` of 0.3 or less (in `strict` mode also with an open
    question) all of these are warnings, and the core ideas of all such nodes together one. It is an
    error, though, when all nodes are such and none says anything that is in the sources, which explain
    more than half of their concepts.

    The rule is silent without a scope document, where the sources hold fewer than `min_words_per_node` words
    a node (a bare list of names grounds nothing), and about core ideas in another language than the sources.

    Bad:
        The scope document is about baking. A core idea reads "Eigenvalues measure how
        a matrix stretches space".

    Good:
        The document says "Salt tightens the gluten network and slows fermentation". The core idea reads "Salt
        slows down fermentation".

    How to fix:
        Take core ideas from what the document says of the concept, extend the document, or name the other
        source in `local_paths`. Where it says nothing, do not fill the gap: give the node an
        `estimate_confidence` of 0.3 or less and ask an open question.
    """

    class Options(RuleOptions):
        min_share: Annotated[
            float,
            Field(
                description="The share of a core idea's content words that the sources must have.", gt=0, le=1
            ),
        ] = 0.5
        min_passage_share: Annotated[
            float,
            Field(
                description="The share of a core idea's content words that one passage must have.", ge=0, le=1
            ),
        ] = 0.5
        max_ungrounded_share: Annotated[
            float,
            Field(
                description=(
                    "The share of a node's core ideas that may be ungrounded at the cost of a warning."
                ),
                ge=0,
                lt=1,
            ),
        ] = 0.5
        min_words_per_node: Annotated[
            int, Field(description="Sources with fewer words for each node are not compared with.", ge=0)
        ] = 8
        neutral_words: Annotated[
            tuple[str, ...], Field(description="Words that any text may have; they do not count.")
        ] = _NEUTRAL

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        if context.scope is None:
            return
        source = _Source(context.sources, frozenset(options.neutral_words))
        nodes = context.nodes
        if source.length < options.min_words_per_node * len(nodes):
            return
        asked_for = source.tokens | {
            token for item in context.spec.scope_in for token in source.content(item)
        }
        sections = _Sections(context.sources, nodes, source)
        doubtful: dict[int, Sequence[int]] = {}
        for i, node in enumerate(nodes):
            loose = [
                k
                for k, idea in enumerate(node.core_ideas)
                if not source.grounds(idea, options.min_share, options.min_passage_share)
            ]
            strange = source.strange(node.title, asked_for)
            borrowed = {
                k: owner
                for k, idea in enumerate(node.core_ideas)
                if k not in loose and (owner := sections.owner_of(idea, i)) >= 0
            }
            if not (strange or loose or borrowed):
                continue
            foreign = source.other_language(node)
            loose = [k for k in loose if k not in foreign]
            mild = "warning" if i in context.tentative else ""
            if strange and len(foreign) < max(1, len(node.core_ideas)):
                yield Finding(
                    message=(
                        f"no word of the title '{shorten(node.title)}' is in the scope document or scope_in: "
                        "name the concept as they do, or remove it"
                    ),
                    pointer=f"/nodes/{i}/title",
                    node_id=node.id,
                    severity=mild,
                )
            few = options.max_ungrounded_share * len(node.core_ideas)
            if loose and mild:
                doubtful[i] = loose
            elif loose:
                yield _ungrounded(i, node, loose, source, "warning" if len(loose) <= few else "")
            if borrowed:
                yield _borrowed(
                    i,
                    node,
                    borrowed,
                    nodes,
                    mild or ("warning" if len(borrowed) < len(node.core_ideas) else ""),
                )
        explained = (
            sum(map(sections.explains, range(len(nodes)))) if len(context.tentative) == len(nodes) else 0
        )
        if 2 * explained > len(nodes) and not any(map(source.supports, nodes)):
            yield Finding(
                message=(
                    f"none of the {len(nodes)} nodes says anything that is in the scope document, which "
                    f"explains {explained} of their concepts: take core ideas from what it says of each"
                ),
                pointer="/nodes",
            )
        elif doubtful:
            yield _ungrounded_openly(doubtful, nodes)


def _borrowed(
    i: int, node: Node, borrowed: Mapping[int, int], nodes: Sequence[Node], severity: str
) -> Finding:
    k, owner = next(iter(borrowed.items()))
    return Finding(
        message=(
            f"{len(borrowed)} of {len(node.core_ideas)} core ideas of '{node.id}' are what the scope "
            f"document says of another concept, first '{shorten(node.core_ideas[k])}' (of "
            f"'{shorten(nodes[owner].title)}'): take them from what it says of '{shorten(node.title)}'"
        ),
        pointer=f"/nodes/{i}/core_ideas/{k}",
        node_id=node.id,
        severity=severity,
        data={"core_ideas": list(borrowed)},
    )


class _Source:
    """What the sources say: their words and tokens, and in which passages of the text each token occurs."""

    def __init__(self, documents: Iterable[ScopeDocument], neutral: frozenset[str]) -> None:
        self.ignored = STOP_WORDS | neutral
        self.verbatim: set[str] = set()
        self.length = 0
        self._passages: list[set[str]] = []
        for document in documents:
            self._read(
                [
                    document.title,
                    *map(str, document.front_matter.values()),
                    *(block.text for block in document.blocks),
                ]
            )
        self.words: set[str] = set().union(*self._passages)
        self.english = len(_ENGLISH & self.words) >= _SURELY_ENGLISH
        # A word of one character is found inside any other of a script without spaces.
        tokens = {
            word: {*_tokens_of(word), *([] if word.isascii() else _SPACELESS.findall(word))}
            for word in self.words
        }
        self.tokens: set[str] = set().union(*tokens.values())
        self._places: dict[str, list[int]] = {}
        for i, passage in enumerate(self._passages):
            for token in {token for word in passage for token in tokens[word]}:
                self._places.setdefault(token, []).append(i)
        self._masks: dict[str, int] = {}

    def _read(self, texts: Iterable[str]) -> None:
        """Cuts one document into passages of 40 words or more, at the ends of its blocks."""
        passage: set[str] = set()
        length = 0
        for text in texts:
            found = words(_fold(text))
            passage.update(found)
            length += sum(
                len(word) if not word.isascii() and _SPACELESS.search(word) else 1 for word in found
            )
            self.verbatim.add(text)
            self.verbatim.update(sentences(text))
            if length >= 40:
                self._passages.append(passage)
                self.length += length
                passage, length = set(), 0
        self._passages.append(passage)
        self.length += length

    def content(self, text: str) -> list[str]:
        """The tokens of `text` that count, in order, each once."""
        return list(
            dict.fromkeys(
                token for word in words(_fold(text)) if word not in self.ignored for token in _tokens_of(word)
            )
        )

    def grounds(self, idea: str, min_share: float, min_passage_share: float) -> bool:
        """Whether enough of `idea` is in the sources. An idea with a single content word
        says too little to be judged.
        """
        if idea in self.verbatim:
            return True
        tokens = self.content(idea)
        if len(tokens) < 2:
            return True
        known = [token for token in tokens if token in self.tokens]
        if len(known) < min_share * len(tokens):
            return False
        return self._one_passage_has(known, ceil(min_passage_share * len(tokens)))

    def supports(self, node: Node) -> bool:
        """Whether anything that the node says besides names is in the sources, or is in
        English where they are not.
        """
        if not self.english and self.other_language(node):
            return True
        named = set(self.content(node.title))
        for idea in node.core_ideas:
            own = [token for token in self.content(_QUOTED.sub(" ", idea)) if token not in named]
            if idea in self.verbatim or self._one_passage_has(
                [token for token in own if token in self.tokens], max(2, ceil(len(own) / 2))
            ):
                return True
        return False

    def _one_passage_has(self, tokens: Sequence[str], needed: int) -> bool:
        """Whether a passage, with the one after it, has at least `needed` of `tokens`.

        The passages that have a token are the bits of one number. The numbers are added up for all passages
        at once, in planes: bit `i` of plane `j` is bit `j` of passage `i`'s count.
        """
        planes: list[int] = []
        for carry in map(self._mask, tokens):
            for j, plane in enumerate(planes):
                planes[j], carry = plane ^ carry, plane & carry
            if carry:
                planes.append(carry)
        equal, more = (1 << len(self._passages)) - 1, 0
        for j in reversed(range(max(len(planes), needed.bit_length()))):
            plane = planes[j] if j < len(planes) else 0
            if needed >> j & 1:
                equal &= plane
            else:
                more |= equal & plane
                equal &= ~plane
        return bool(equal | more)

    def _mask(self, token: str) -> int:
        mask = self._masks.get(token)
        if mask is None:
            bits = bytearray(len(self._passages) // 8 + 1)
            for i in self._places.get(token, ()):
                bits[i >> 3] |= 1 << (i & 7)
            mask = int.from_bytes(bits, "little")
            mask = self._masks[token] = mask | mask >> 1
        return mask

    def strange(self, title: str, known: set[str]) -> bool:
        """Whether `title` has content words and none of them is known."""
        if title in self.verbatim:
            return False
        tokens = self.content(title)
        return bool(tokens) and known.isdisjoint(tokens)

    def other_language(self, node: Node) -> set[int]:
        """The positions of the core ideas that are not in the language of the sources: English,
        where they are not, or the reverse. Told by the words that hardly an English sentence, and no
        longer English text, lacks."""
        if not self.english:
            return {
                k
                for k, idea in enumerate(node.core_ideas)
                if len(_ENGLISH.intersection(words(idea))) >= _SURELY_ENGLISH
            }
        text = words(" ".join([node.title, node.capability, *node.core_ideas, *node.pitfalls]))
        return set(range(len(node.core_ideas))) if len(text) >= 8 and _ENGLISH.isdisjoint(text) else set()


class _Sections:
    """Which sentence of the sources stands under the title of which node."""

    def __init__(self, documents: Iterable[ScopeDocument], nodes: Sequence[Node], source: _Source) -> None:
        self._source, self._nodes = source, nodes
        self._titles = [frozenset(source.content(node.title)) for node in nodes]
        by_title: dict[frozenset[str], int] = {}
        for i, title in enumerate(self._titles):
            by_title.setdefault(title, i)
        by_title.pop(frozenset(), None)
        #: Of each sentence: its tokens, the node that it stands under (-1 for none),
        #: the document and the lines.
        self._sentences: list[tuple[frozenset[str], int, str, tuple[int, int]]] = []
        self._places: dict[str, list[int]] = {}
        self._under: dict[int, list[int]] = {}
        owners: dict[str, int] = {}
        for document in documents:
            for block in document.blocks:
                owner = next(
                    (
                        owners[name]
                        for name in (block.lead, *reversed(block.path))
                        if name and self._named(name, owners, by_title) >= 0
                    ),
                    -1,
                )
                if owner >= 0 and block.kind not in ("heading", "code"):
                    self._add(block, owner, document.location)

    def _named(self, name: str, owners: dict[str, int], by_title: Mapping[frozenset[str], int]) -> int:
        if name not in owners:
            owners[name] = by_title.get(frozenset(self._source.content(name)), -1)
        return owners[name]

    def _add(self, block: Block, owner: int, location: str) -> None:
        for sentence in sentences(block.text):
            tokens = frozenset(self._source.content(sentence))
            for token in tokens:
                self._places.setdefault(token, []).append(len(self._sentences))
            self._under.setdefault(owner, []).append(len(self._sentences))
            self._sentences.append((tokens, owner, location, block.lines))

    def explains(self, i: int) -> bool:
        """Whether the sources have a sentence under the title of node `i` that says more than the title."""
        return any(
            len(self._sentences[k][0] - self._titles[i]) >= _SAYS_SOMETHING for k in self._under.get(i, ())
        )

    def owner_of(self, idea: str, i: int) -> int:
        """The other node whose section says `idea`, or -1 where none does or node
        `i` has a claim on it too.
        """
        tokens = frozenset(self._source.content(idea))
        title = self._titles[i]
        if len(tokens) < 3 or not title or not tokens.isdisjoint(title):
            return -1
        needed = 0.75 * len(tokens)
        # Most ideas are said under their own title, which settles it without a look at the rest.
        if any(len(self._sentences[k][0] & tokens) >= needed for k in self._under.get(i, ())):
            return -1
        # A sentence that has three quarters of the tokens has one of the rarest third.
        rare = sorted(tokens, key=lambda t: (len(self._places.get(t, ())), t))[: len(tokens) // 4 + 1]
        near = [
            k
            for k in sorted({k for t in rare for k in self._places.get(t, ())})
            if len(self._sentences[k][0] & tokens) >= needed
        ]
        for k in near:
            stems, _, location, lines = self._sentences[k]
            if not stems.isdisjoint(title) or _cites(self._nodes[i], location, lines):
                return -1
        return self._sentences[near[0]][1] if near else -1


def _cites(node: Node, location: str, lines: tuple[int, int]) -> bool:
    for resource in node.resources:
        place, _, fragment = unquote(resource.url).partition("#")
        if place == f"local://{location}" and (cited := _LINES.match(fragment)):
            first, last = int(cited[1]), int(cited[2] or cited[1])
            # A range as long as this names the document rather than a passage.
            if last - first < _PASSAGE and first <= lines[1] and lines[0] <= last:
                return True
    return False


def _ungrounded(i: int, node: Node, loose: Sequence[int], source: _Source, severity: str) -> Finding:
    idea = node.core_ideas[loose[0]]
    missing = [
        word
        for word in dict.fromkeys(words(_fold(idea)))
        if word not in source.ignored and source.tokens.isdisjoint(_tokens_of(word))
    ]
    why = (
        f"nothing there on {shorten(', '.join(missing))}" if missing else "its words are there, but far apart"
    )
    return Finding(
        message=(
            f"{len(loose)} of {len(node.core_ideas)} core ideas are not in the scope document, first "
            f"'{shorten(idea)}' ({why}): take them from what the document says of the concept"
        ),
        pointer=f"/nodes/{i}/core_ideas/{loose[0]}",
        node_id=node.id,
        severity=severity,
        data={"core_ideas": list(loose)},
    )


def _ungrounded_openly(doubtful: Mapping[int, Sequence[int]], nodes: Sequence[Node]) -> Finding:
    """One finding for all nodes that say that nothing supports them."""
    i, loose = next(iter(doubtful.items()))
    several = (
        f"core ideas of {len(doubtful)} nodes" if len(doubtful) > 1 else f"core ideas of '{nodes[i].id}'"
    )
    return Finding(
        message=(
            f"{several} are not in the scope document, as the low estimate_confidence admits, first "
            f"'{shorten(nodes[i].core_ideas[loose[0]])}': say more of the concepts there, or leave them out"
        ),
        pointer=f"/nodes/{i}/core_ideas/{loose[0]}",
        node_id=nodes[i].id,
        severity="warning",
        data={"nodes": [nodes[k].id for k in doubtful]},
    )


@lru_cache(maxsize=200_000)
def _tokens_of(word: str) -> Sequence[str]:
    """What a word is compared by, found once for all sentences of a large source."""
    return match_keys(word)


def _fold(text: str) -> str:
    return text.lower() if text.isascii() else normalized(text).lower()
