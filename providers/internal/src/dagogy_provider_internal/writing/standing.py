"""Whether a sentence of the source says something when it is taken out of it.

What can be decided by grammar is: a mark at its end, brackets that pair, the words that it begins with
(`words.tsv`, by language).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.language.keys import is_unspaced
from dagogy_provider_internal.language.lexicon import is_imperative, is_pointer
from dagogy_provider_internal.language.naming import balanced
from dagogy_provider_internal.reading.passages import whole_sentences

#: Words, or characters of a script without spaces, of what can be quoted.
FEWEST, MOST = 4, 55
_LONGEST_TASK = 90
_ENDS = (".", "!", "。", "！", "．")
_ASKS = ("?", "？", "؟")
_CLOSING = "\"'”’»）)]」』“*_"
_LISTED = re.compile(
    r"^(?:(?:\(?(?:\d{1,2}|[a-zA-Z])[.)]|[^\w\s\"'“„«‘「『([{$\\<`~@#/.+\-−&]+|[-–—+•])\s+)+"
)
_CODE = re.compile(
    r"[{}\\|~^]|==|=>|->|::|</|/>|https?:|www\.|\[\^|\]\(|\$\$|(?<!\w)_\w{1,60}_|\w\(\)|&\w{1,30};|<\w"
)
_NUMBERED = re.compile(
    r"(?<![\d.])\d{1,6}(?:\.\d{1,6}){1,8}\s|\[\d+\]|\bp{1,2}\.\s?\d|\bISBN\b|\(\d{4}[a-z]?\)"
)
#: What a sentence does not end with: it goes on behind the full stop.
_SHORTENED = frozenset(
    "np. e.g. i.e. z.b. vs. ca. cf. ej. ex. т.е. т.к. напр. bzw. inkl. incl. approx. fig.".split()
)
#: Particles that a Japanese sentence does not begin with, and a gap where a formula was.
_PARTICLES = tuple("がをにはのでともへや、，。．")
_HOLE = re.compile("[ぁ-んァ-ヶ一-龥] +[ぁ-ん]")
_COMMAS = (",", "，", "、")


@cache
def _openers(language: str) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in (files(__package__) / "words.tsv").read_text(encoding="utf-8").splitlines():
        told, _, rest = line.partition("\t")
        if told == language:
            what, _, phrases = rest.partition("\t")
            found[what] = frozenset(phrases.split("|"))
    return found


def _opening(text: str, phrases: frozenset[str]) -> str:
    """The longest of the phrases that `text` begins with, as whole words, or ""."""
    low = text.lower()
    if is_unspaced(text[:2]):
        return max((p for p in phrases if low.startswith(p)), key=len, default="")
    heads = low.split(" ", 8)[:8]
    bare = [h.rstrip(",;:.!?…") for h in heads]
    for size in range(min(8, len(bare)), 0, -1):
        if (phrase := " ".join([*heads[: size - 1], bare[size - 1]])) in phrases:
            return phrase
        # An elided article is no word of its own (`l'autre`), a contraction is ("it's").
        if size == 1 and (head := re.split(r"['’]", bare[0])[0]) != bare[0] and head in phrases:
            return head
    return ""


def plain(text: str, language: str) -> str:
    """`text` on one line, without list marks and without the connectives at its beginning."""
    text = _LISTED.sub("", " ".join(text.split()))
    words = _openers(language)
    for _ in range(2):
        found = _opening(text, words.get("connective", frozenset()))
        rest = text[len(found) :].lstrip()
        if found and rest.startswith(_COMMAS):
            text = capital(rest[1:].lstrip())
        elif found := _opening(text, words.get("conjunction", frozenset())):
            text = capital(text[len(found) :].lstrip(" ,"))
    return text


def capital(text: str) -> str:
    """`text` with a capital at its start, unless its first word has capitals of its own."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.islower() else text


def is_question(text: str) -> bool:
    return text.rstrip(_CLOSING).endswith(_ASKS)


def ends(text: str) -> bool:
    """Whether `text` ends as a sentence does."""
    bare = text.rstrip(_CLOSING)
    return bare.endswith(_ENDS) and bare.rsplit(" ", 1)[-1].lower() not in _SHORTENED


def length(text: str) -> int:
    """Words; of a script without spaces two characters make one."""
    return sum((len(w) + 1) // 2 if is_unspaced(w) else 1 for w in text.split())


def stands(text: str, language: str) -> bool:
    """Whether a sentence can be quoted alone."""
    return (
        ends(text)
        and not is_question(text)
        and FEWEST <= length(text) <= MOST
        and _begins(text)
        and is_clean(text)
        and not dangles(text, language)
    )


def is_topic(text: str, language: str) -> bool:
    """Whether an item without a full stop can be quoted as it stands: a short statement or the name of a
    part.
    """
    bare = text.rstrip(";；,、，")
    return (
        2 <= length(bare) <= MOST
        and not is_question(bare)
        and not bare.endswith((":", "：", "…", "...", "-", "–", "/"))
        and _begins(bare)
        and is_clean(bare)
        and not dangles(bare, language)
        and sum(c.isalpha() or c.isspace() for c in bare) >= 0.8 * len(bare)
    )


def _begins(text: str) -> bool:
    """Whether it begins as a sentence does: not in the middle of one."""
    first = text.lstrip("\"'“„«‘「『([")[:1]
    return first.isalnum() and not first.islower() and first not in _PARTICLES and not _HOLE.search(text)


def is_clean(text: str) -> bool:
    """Whether it has no code, address, mark-up or reference in it, and its brackets pair."""
    letters = sum(c.isalpha() for c in text)
    return (
        balanced(text)
        and not _CODE.search(text)
        and not _NUMBERED.search(text)
        and letters >= 0.6 * sum(not c.isspace() for c in text)
        and text.count('"') % 2 == 0
        and "…" not in text
        and "..." not in text
        and not text.endswith((" .", " ,"))
        and " , " not in text
    )


def dangles(text: str, language: str) -> bool:
    """Whether it means something that was said before it, or leads the reader through the document."""
    words = _openers(language)
    bare = text.lstrip("\"'“„«‘「『([")
    return (
        _has(text, words.get("within", frozenset()))
        or any(_opening(bare, words.get(what, frozenset())) for what in ("dangling", "steers"))
        or (is_unspaced(bare[:2]) and bool(_opening(bare, words.get("connective", frozenset()))))
        or is_pointer(text)
    )


def points_away(text: str, language: str) -> bool:
    """Whether an exercise needs what stands around it."""
    words = _openers(language)
    return (
        is_pointer(text)
        or bool(_opening(text, words.get("dangling", frozenset())))
        or _has(text, words.get("beside", frozenset()) | words.get("within", frozenset()))
    )


def _has(text: str, found: frozenset[str]) -> bool:
    """Whether one of the words is in `text`."""
    if is_unspaced(text):
        return any(word in text for word in found)
    return not found.isdisjoint(w.strip(".,;:!?()\"'“”„«»") for w in text.lower().split())


def is_order(text: str, language: str) -> bool:
    """Whether it begins with a verb of tasks, as far as the cues know these in its language."""
    first = text.split(" ", 1)[0] if not is_unspaced(text[:4]) else text[:4]
    is_english = language in ("en", "")
    return (is_english and is_imperative(text)) or shares(first.strip(".,:;"))[categories().index("verb")] > 0


def is_task(text: str, language: str) -> bool:
    """Whether an exercise can be set by itself."""
    found = whole_sentences(text)
    return (
        bool(found)
        and (FEWEST <= length(text) <= _LONGEST_TASK)
        and (ends(found[0]) or is_question(found[0]) or is_order(text, language))
        and _begins(text)
        and all(map(is_clean, found))
        and not points_away(text, language)
        and not text.rstrip().endswith((":", "："))
    )
