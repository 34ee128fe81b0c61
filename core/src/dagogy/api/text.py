"""Words and sentences of plain text, and how messages show a text."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, ClassVar, Literal

from dagogy.api.display import one_line
from dagogy.api.patterns import lazy_pattern

__all__ = ["Words", "lazy_pattern", "one_line", "sentences", "shorten"]

_WORD = lazy_pattern(r"[^\W_]+(?:['’][^\W_]+)*[+#]*")
_PLAIN = lazy_pattern(r"[^a-z0-9+#]+")
_VARIATION = lazy_pattern("[\ufe00-\ufe0f\u20e3]")  # they choose a glyph, as of an emoji
#: Characters of a sentence. What people write has a fifth of that.
LONGEST_SENTENCE = 2_000
_INITIAL = 2  # characters of an initial with its full stop
_CLOSER = "[\"'”’»)\\]]"
_SENTENCE_END = lazy_pattern(
    rf"(?:(?<=[.!?؟۔।])|(?<=[.!?؟۔।]{_CLOSER})|(?<=[.!?؟۔।]{_CLOSER}{_CLOSER}))\s+(?=[^\sa-z])|(?<=[。！？])(?![」』”’）)])"
)
_ABBREVIATION = lazy_pattern(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|ca|approx|resp|Dr|Mr|Mrs|Ms|Prof|Fig|Figs|Eq|Sec|Ch|Vol|No|St|pp|al|Jr|Sr|Inc|Ltd|Nr|Abb|bzw|z\.\s?B|d\.\s?h|рис|табл|стр|см|гл|др|пр)"
    r"|\b[^\W\d_a-z])\.$"
)

#: What may be combining marks, so many that putting them in order takes time that grows with
#: the square of their number.
_MARKS = lazy_pattern(r"[^\w\s\x00-\u02ff]{31,}")
_MOST_MARKS = 30
_JOINER = "\u034f"


def _parted(run: re.Match[str]) -> str:
    out: list[str] = []
    marks = 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MOST_MARKS:
            out.append(_JOINER)
            marks = 1
        out.append(character)
    return "".join(out)


#: The last character of a block of characters, and whose stems its words have; "" where
#: words keep their characters.
_SCRIPTS = (
    ("\u036f", "english"),
    ("\u03ff", "greek"),
    ("\u052f", "russian"),
    ("\u058f", "armenian"),
    ("\u05ff", ""),
    ("\u06ff", "arabic"),
    ("\u08ff", ""),
    ("\u097f", "hindi"),
    ("\u0b7f", ""),
    ("\u0bff", "tamil"),
    ("\u1dff", ""),
    ("\u1eff", "english"),
    ("\u1fff", "greek"),
    ("\U0010ffff", ""),
)
_SCRIPT_ENDS = [last for last, _ in _SCRIPTS]
#: Thai to Khmer, Chinese, Japanese and Korean: what is written together there is more than a word,
#: or a word and its particle.
_SPACELESS = lazy_pattern(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_KEY = 6


@cache
def _stemmer(language: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(language)


class Words:
    """How the words of a text are taken apart and compared, the same for every rule and provider.

    Stems are those of the Snowball stemmers: of the English one (Porter 2) for Latin letters, and for other
    alphabets of that of the language most written in them. What is not of such an alphabet keeps its
    characters.
    """

    #: English function words, in lower case.
    STOP: ClassVar[frozenset[str]] = frozenset(
        (
            "a about above after again all also am an and any are as at be because been before being "
            "below between both but by can cannot could did do does doing down during each few for from "
            "further had has have having he her here hers him his how i if in into is it its itself just "
            "let may me might more most must my no nor not now of off on once one only or other our ours "
            "out over own per same she should so some such than that the their theirs them then there "
            "these they this those through to too under until up upon us very was we were what when where "
            "whether which while who whom whose why will with within without would you your yours"
        ).split()
    )

    @staticmethod
    def of(text: str) -> list[str]:
        """The words of `text` in order, in lower case; `C++` and `don't` are one word."""
        return _WORD.findall(text.lower())

    @staticmethod
    @lru_cache(maxsize=200_000)
    def stem(word: str) -> str:
        """The stem of one lower-case word."""
        language = "english" if word.isascii() else _SCRIPTS[bisect_left(_SCRIPT_ENDS, word[0])][1]
        stemmed: str = _stemmer(language).stemWord(word.replace("’", "'")) if language else word
        return stemmed

    @staticmethod
    def stems(text: str) -> list[str]:
        """The stems of the words of `text` that are not stop words, in order."""
        return [Words.stem(w) for w in Words.of(text) if w not in Words.STOP]

    @staticmethod
    def keys(word: str) -> list[str]:
        """What a lower-case word is compared by where endings shall make no difference: the first six letters
        of its stem (`lemma12` stays whole), or pairs of characters in a script without spaces."""
        if not word.isascii() and _SPACELESS.search(word):
            return [word[i : i + 2] for i in range(len(word) - 1)] or [word]
        found = Words.stem(word)
        return [found[:_KEY] if found.isalpha() else found]

    @staticmethod
    def form(text: str) -> str:
        """`text` for comparison: NFKC, lower case, letters, digits, `+` and `#` only, single spaces."""
        if text.isascii():
            return " ".join(_PLAIN.sub(" ", text.lower()).split())
        # the dotted capital of Turkish
        bare = _VARIATION.sub("", Words.normalized(text).casefold()).replace("i\u0307", "i")
        kept = (c if unicodedata.category(c)[0] in "LNM" or c in "+#" else " " for c in bare)
        return " ".join("".join(kept).split())

    @staticmethod
    def normalized(text: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFKC") -> str:
        """`text` in a normal form of Unicode, in time that grows with its length: a joiner (U+034F) parts
        more than 30 combining marks in a row, as the Stream-Safe Text Format of UAX #15 has it."""
        return text if text.isascii() else unicodedata.normalize(form, _MARKS.sub(_parted, text))


def sentences(text: str) -> list[str]:
    """The sentences of `text`, trimmed; an abbreviation or an initial does not end one, nor
    does one before a small letter.

    None has more than `LONGEST_SENTENCE` characters: a table, a log or a line of code that has no full stop
    is cut into pieces, so that whoever looks through a sentence does a bounded work for each."""
    groups: list[list[str]] = []
    for part in _SENTENCE_END.split(text):
        part = part.strip()
        if not part:
            continue
        # Only the end of the last piece is looked at, and pieces are joined once: a page
        # of initials stays linear.
        if groups and (_goes_on(part) or _is_abbreviated(groups[-1][-1][-12:], part)):
            groups[-1].append(part)
        else:
            groups.append([part])
    return [piece for pieces in groups for piece in _bounded(" ".join(pieces))]


def _bounded(sentence: str) -> Iterator[str]:
    """The sentence, or where it is longer than any, its pieces: cut at white space where there is some in the
    second half of a piece.
    """
    start = 0
    while len(sentence) - start > LONGEST_SENTENCE:
        end = start + LONGEST_SENTENCE
        cut = sentence.rfind(" ", start + LONGEST_SENTENCE // 2, end)
        yield sentence[start : cut if cut > 0 else end].strip()
        start = cut + 1 if cut > 0 else end
    yield sentence[start:] if start else sentence


def _goes_on(part: str) -> bool:
    """Whether no sentence starts like this: with a small letter or a sign that joins."""
    return part[0].islower() or part[0] in "+*/=<>≤≥,)" or (part[0] == "(" and part[1:2].islower())


def _is_abbreviated(end: str, following: str) -> bool:
    """Whether the full stop at `end` belongs to an abbreviation. An initial is followed by a name, not by a
    word that opens sentences.
    """
    found = _ABBREVIATION.search(end)
    return found is not None and (
        len(found[0]) > _INITIAL or following.split(" ", 1)[0].lower() not in Words.STOP
    )


def shorten(text: str, limit: int = 60) -> str:
    """`text` on one line, cut to `limit` characters: the way messages show a value."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
