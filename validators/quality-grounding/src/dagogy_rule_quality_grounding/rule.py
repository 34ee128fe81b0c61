"""The rule `quality.grounding`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any
from unicodedata import normalize

from dagogy.api import STOP_WORDS, Finding, Meta, Node, Rule, ScopeDocument, Subject, sentences, stem, words
from dagogy.api import Options as RuleOptions

# Thai to Khmer, Chinese, Japanese and Korean: what is written together there is more than a word, or a word and its particle.
_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
# Words that hardly an English text of a paragraph can do without, and no text of another language has.
_ENGLISH = frozenset(["the", "and", "of", "with", "that", "which", "from", "this", "these", "their", "is", "are"])
_NEUTRAL = tuple(
    (
        "use used using make makes made give gives take takes get gets become becomes keep keeps put set need needs want allow allows let lets help "
        "helps show shows mean means call called known know work works happen happens way ways thing things part parts kind kinds type types form "
        "forms case cases example examples different other many much several various also often usually always never sometimes well good better best "
        "important possible first second last next new two three like rather instead however therefore since even still already every any another "
        "must should simple simply certain specific describe describes define defines defined definition represent represents contain contains "
        "consist consists include includes provide provides depend depends whole start end thus hence without within one"
    ).split()
)


class Grounding(Rule):
    """A curriculum made from a scope document has to teach what the document says. A core idea that is not in it was made up, or it
    comes from somewhere that nobody can check.

    A core idea is grounded when at least `min_share` of its content words occur anywhere in the scope document or the spec's
    `local_paths`. Words are compared by the first six letters of their stems (Snowball English); stop words and `neutral_words`, which any
    text may have, do not count, so a paraphrase passes. Where a script has no spaces, pairs of characters are compared. A node is
    reported when more than `max_ungrounded_share` of its core ideas are not grounded, or when not one content word of its title occurs in
    the sources or in the spec's `scope_in`. The rule is silent without a scope document, where the sources hold fewer than
    `min_words_per_node` words a node (a bare list of names grounds nothing), and about nodes in another language than the sources.

    Bad:
        The scope document is about baking. A core idea reads "Eigenvalues measure how a matrix stretches space".

    Good:
        The document says "Salt tightens the gluten network and slows fermentation". The core idea reads "Salt slows down fermentation".

    How to fix:
        Take core ideas from what the document says of the concept, extend the document, or name the other source in `local_paths`.
    """

    class Options(RuleOptions, frozen=True):
        min_share: Annotated[float, Meta(description="The share of a core idea's content words that the sources must have.", gt=0, le=1)] = 0.5
        max_ungrounded_share: Annotated[float, Meta(description="The share of a node's core ideas that may be ungrounded.", ge=0, lt=1)] = 0.5
        min_words_per_node: Annotated[int, Meta(description="Sources with fewer words for each node are not judged by.", ge=0)] = 8
        neutral_words: Annotated[tuple[str, ...], Meta(description="Words that any text may have; they do not count.")] = _NEUTRAL

    def check(self, subject: Subject, options: Any) -> Iterator[Finding]:
        if subject.scope is None:
            return
        source = _Source(subject.sources, frozenset(options.neutral_words))
        nodes = subject.nodes
        if source.length < options.min_words_per_node * len(nodes):
            return
        asked_for = source.tokens | {token for item in subject.spec.scope_in for token in source.content(item)}
        for i, node in enumerate(nodes):
            loose = [k for k, idea in enumerate(node.core_ideas) if not source.grounds(idea, options.min_share)]
            strange = source.strange(node.title, asked_for)
            if (not strange and len(loose) <= options.max_ungrounded_share * len(node.core_ideas)) or source.other_language(node):
                continue
            if strange:
                yield Finding(
                    message=f"no word of the title '{_short(node.title)}' is in the scope document or scope_in: name the concept as they do, or remove it",
                    pointer=f"/nodes/{i}/title",
                    node_id=node.id,
                )
            if len(loose) > options.max_ungrounded_share * len(node.core_ideas):
                yield _ungrounded(i, node, loose, source)


class _Source:
    """The sources as the set of tokens they have, with what is known of the words met so far."""

    def __init__(self, documents: Iterable[ScopeDocument], neutral: frozenset[str]) -> None:
        self.ignored = STOP_WORDS | neutral
        self.verbatim: set[str] = set()
        self.words: set[str] = set()
        self.tokens: set[str] = set()
        self.length = 0
        for document in documents:
            for text in (document.title, *(str(v) for v in document.front_matter.values()), *(block.text for block in document.blocks)):
                self._read(text)
        self.english = len(_ENGLISH & self.words) >= 2
        for word in self.words:
            self.tokens.update(_tokens_of(word))
            # A one-character word there is found inside any other.
            if _SPACELESS.search(word):
                self.tokens.update(word)

    def _read(self, text: str) -> None:
        found = words(_fold(text))
        self.length += sum(len(w) if _SPACELESS.search(w) else 1 for w in found)
        self.words.update(found)
        self.verbatim.add(text)
        self.verbatim.update(sentences(text))

    def content(self, text: str) -> list[str]:
        """The tokens of `text` that count, in order, each once."""
        return list(dict.fromkeys(token for word in words(_fold(text)) if word not in self.ignored for token in _tokens_of(word)))

    def grounds(self, idea: str, min_share: float) -> bool:
        """Whether enough of `idea` is in the sources. An idea with a single content word says too little to be judged."""
        if idea in self.verbatim:
            return True
        # Most words stand in the sources as they are, so a count of those settles most ideas without a stem.
        present = [word in self.words for word in words(_fold(idea)) if word not in self.ignored]
        if sum(present) >= min_share * len(present) and idea.isascii():
            return True
        tokens = self.content(idea)
        return len(tokens) < 2 or sum(token in self.tokens for token in tokens) >= min_share * len(tokens)

    def strange(self, title: str, known: set[str]) -> bool:
        """Whether `title` has content words and none of them is known."""
        if title in self.verbatim:
            return False
        tokens = self.content(title)
        return bool(tokens) and known.isdisjoint(tokens)

    def other_language(self, node: Node) -> bool:
        """Whether one of node and sources is English and the other is not. Told by the words that no longer English text lacks."""
        text = words(" ".join([node.title, node.capability, *node.core_ideas, *node.pitfalls]))
        return len(text) >= 8 and _ENGLISH.isdisjoint(text) == self.english


def _ungrounded(i: int, node: Node, loose: Sequence[int], source: _Source) -> Finding:
    idea = node.core_ideas[loose[0]]
    missing = [word for word in dict.fromkeys(words(_fold(idea))) if word not in source.ignored and source.tokens.isdisjoint(_tokens_of(word))]
    return Finding(
        message=f"{len(loose)} of {len(node.core_ideas)} core ideas are not in the scope document, first '{_short(idea)}'"
        f" (nothing there on {_short(', '.join(missing))}): take them from what the document says of the concept",
        pointer=f"/nodes/{i}/core_ideas/{loose[0]}",
        node_id=node.id,
        data={"core_ideas": list(loose)},
    )


def _tokens_of(word: str) -> Sequence[str]:
    """What words are compared by: the stem's first six letters, so that endings of other languages differ less too."""
    if not word.isascii() and _SPACELESS.search(word):
        return [word[i : i + 2] for i in range(len(word) - 1)] or [word]
    return (stem(word)[:6],)


def _fold(text: str) -> str:
    return text.lower() if text.isascii() else normalize("NFKC", text).lower()


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
