"""What names and texts are compared by: keys of names without plural, hyphen and spelling, and the words of a
text as stems.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dagogy.api.text import Words

from dagogy_provider_internal.language.numbering import is_plain

#: Words of titles that say how something is treated rather than what it is.
_LIGHT = frozenset(
    (
        "use using work working understand understanding apply applying define defining introduction "
        "overview concept basic advanced problem solve solving example"
    ).split()
)
# Scripts that write words without spaces: Thai, Lao, Burmese, Khmer, kana, Han.
UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*[+#]*")
ARTICLES = frozenset({"a", "an", "the"})


def singular(word: str) -> str:
    """Plural folded into singular, no more: `Functions` and `Functional` are not the same concept."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_BRITISH = re.compile(
    r"\b(col|fav|flav|hon|lab|behavi|neighb|harb|hum|rum|tum|vap|vig|arm|od|endeav|sav|parl|rig)our|"
    r"\b(\w{3,})is(?=(?:e|ed|es|er|ers|ing|ation|ations|able)\b)|\b(anal|paral|catal|hydrol)ys(?=(?:e|ed"
    r"|es|er|ers|ing)\b)|"
    r"\b(cent|fib|lit|met|theat|calib|spect|meag|lust|somb)re(?=s?\b)|\b(catal|dial|anal|monol)ogue|\b(def"
    r"|off|pret|lic)ence|"
    r"\b(mode|labe|trave|cance|leve|fue|tota|signa|channe|tunne)ll(?=(?:ed|er|ers|ing|or)\b)|\b(gr)ey\b"
    r"|\b(alumin)ium\b|\b(program)me(?=s?\b)|\b(mo)uld|"
    r"\b(p)aed(?=iatr)|\b(an|h)ae(?=m|sth)|\b(o)es(?=trog|ophag)",
    re.IGNORECASE,
)
_AMERICAN = ("or", "iz", "yz", "er", "og", "ense", "l", "ray", "um", "", "old", "ed", "e", "es")
#: Words that `-ise` is no suffix of.
_NOT_ISE = re.compile(
    r"^(?:exerc|prec|conc|adv|surpr|otherw|likew|prom|prem|comprom|rev|superv|telev|improv|disgu|franch"
    r"|merchand|expert|exc|desp|dev|enterpr|"
    r"circumc|inc|prac|treat|clockw|tort|porpo|turquo|no|ra|po|pra|cru|bru|ar|dem|ch|gu|w|r|v)$",
    re.IGNORECASE,
)


def _american(title: str) -> str:
    """`title` in American spelling, for comparison."""

    def spelled(match: re.Match[str]) -> str:
        kept = next((g, i) for i, g in enumerate(match.groups()) if g is not None)
        return match[0] if kept[1] == 1 and _NOT_ISE.match(kept[0]) else kept[0] + _AMERICAN[kept[1]]

    return _BRITISH.sub(spelled, title)


def same_key(title: str) -> tuple[str, ...]:
    """Titles with the same key name the same concept: case, plural, hyphens and spelling of either side of
    the Atlantic do not count.
    """
    if is_plain(title):  # word by word: a list of hundreds of thousands of names has far fewer words
        found = [_plain_key_word(w) for w in title.split()]
        distinctive = [w for w in found if w not in ARTICLES]
        return ("".join(distinctive),) if distinctive else (Words.form(title),)
    return _same_key(title)


@lru_cache(maxsize=20_000)
def _same_key(title: str) -> tuple[str, ...]:
    found = [_key_word(w) for w in _WORD.findall(_american(Words.normalized(title).replace("’", "'")))]
    distinctive = [w for w in found if w not in ARTICLES]
    if not distinctive:
        return (Words.form(title),)
    return tuple(_closed(distinctive))


@lru_cache(maxsize=100_000)
def _plain_key_word(word: str) -> str:
    return _key_word(_american(word))


def _key_word(word: str) -> str:
    if len(word) > 2 and word.endswith("s") and word[:-1].isupper():
        return word[:-1].lower()  # APIs
    return word.lower() if word.isupper() and len(word) > 1 else singular(word.lower())


def _closed(parts: Sequence[str]) -> Iterator[str]:
    """`pre`, `calculus` as one word, so that a hyphen makes no difference; numbers stay apart."""
    for numeric, group in itertools.groupby(parts, key=lambda w: w[0].isdigit() or w[-1].isdigit()):
        found = list(group)
        yield from found if numeric else ["".join(found)]


def is_unspaced(text: str) -> bool:
    """Whether `text` has letters of a script that writes words without spaces."""
    return bool(UNSPACED.search(text))


@lru_cache(maxsize=100_000)
def _token(word: str) -> tuple[str, ...]:
    if UNSPACED.search(word):
        return tuple(c for c in word if c.strip())
    return (Words.stem(word[:-2] if word.endswith(("'s", "’s")) else word),)


def tokens(text: str) -> list[str]:
    """Stems of all words in order; scripts without spaces are taken character by character."""
    return [t for w in Words.of(text) for t in _token(w)]


@lru_cache(maxsize=100_000)
def _form(word: str) -> tuple[str, ...]:
    if UNSPACED.search(word):
        return tuple(c for c in word if c.strip())
    return (singular(word[:-2] if word.endswith(("'s", "’s")) else word),)


def word_forms(text: str) -> list[str]:
    """The words of `text` in the singular: what names are looked for in. Stems would
    take `scores` for `Scoring`.
    """
    return [t for w in Words.of(text) for t in _form(w)]


def key_words(text: str) -> list[str]:
    """The words by which names and sentences are compared: in the singular, without articles. `same_key`
    joins them, this does not.
    """
    return [w for w in word_forms(text) if w not in ARTICLES]


@lru_cache(maxsize=400_000)
def content_tokens(title: str) -> tuple[str, ...]:
    """The telling stems of a title: without stop words and words that only say how something is treated; all
    of them if none is left.
    """
    plain = [w for w in Words.of(title) if w not in Words.STOP]
    distinctive = [w for w in plain if w not in _LIGHT] or plain or Words.of(title)
    return tuple(dict.fromkeys(t for w in distinctive for t in _token(w)))
