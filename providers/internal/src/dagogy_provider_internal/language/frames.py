"""The few sentences that are not quoted, in the language of the source (`locale/*.po`, gettext)."""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from dagogy.api.scope import Block, ScopeDocument
from dagogy.api.text import Words

#: The languages that there are frames for, by ISO 639-1.
LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "ru", "zh", "ja")
_READ = 3000  # characters of a document that its language is told by
_FEWEST = 3  # words
_SHORT = 60  # words
_SMALL_WORDS = 0.25  # share of an English text
_AT_FIRST = 64  # texts that are looked at first
#: What stands in addresses and formulas and in no word.
_NO_WORD = frozenset("/\\_=<>{}@#")
#: Quotation marks of each language.
_MARKS = {
    "de": "„“", "fr": ("« ", " »"), "es": "«»", "it": "«»", "ru": "«»", "zh": "“”", "ja": "「」",
}  # fmt: skip


class Frames:
    """The frames of one language; `language` is "" where there are none."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else ""

    def __call__(self, frame: str, **parts: str) -> str:
        """`frame`, an English text with `{name}` and the like, in the language; "" where there is no such
        language.
        """
        return _catalogue(self.language).gettext(frame).format(**parts) if self.language else ""

    def reason(self, why: str) -> str:
        """Why something is left open. In English where there is no other way to tell it."""
        return _catalogue(self.language or "en").gettext(why)

    def quoted(self, name: str) -> str:
        """A name as it stands in a frame; English ones need no marks."""
        if self.language == "en":
            return name
        first, last = _MARKS.get(self.language, "“”")
        return f"{first}{name}{last}"


def purpose(document: ScopeDocument) -> tuple[str, str]:
    """Goal and audience of a course that says neither, in its language; empty for English, for which dagogy
    has words itself, and for a language without frames.
    """
    frames = Frames(language_of(document))
    if frames.language in ("", "en"):
        return "", ""
    name = frames.quoted(document.title)
    return (
        frames("Explain and apply the concepts of {name}.", name=name),
        frames("Learners who are new to {name}.", name=name),
    )


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with (files(__package__) / "locale" / f"{language}.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language_of(document: ScopeDocument | None, names: Iterable[str] = ()) -> str:
    """The language of a document by ISO 639-1, by its prose; without one, that of `names`. English where
    there are too few words to tell.
    """
    if document is None:
        return _language(list(names))
    # A run asks when it reads a document and when it writes of it.
    if not _latest or _latest[0][0] is not document.blocks:
        texts = [b.text for b in document.blocks if b.kind not in ("code", "html")]
        _latest[:] = [(document.blocks, _language(texts) if texts else "")]
    return _latest[0][1] or _language(list(names))


#: The document whose language was told last, by its blocks.
_latest: list[tuple[Sequence[Block], str]] = []


def _language(texts: Sequence[str]) -> str:
    text = _most_telling(texts)
    words = Words.of(text)
    if len(words) < _FEWEST:
        return "en"
    # Of a few sentences the detector is sure where it is wrong; small words of English are the surer sign.
    if len(words) < _SHORT and sum(w in Words.STOP for w in words) >= _SMALL_WORDS * len(words):
        return "en"
    script = _east_asian(text)
    if script:
        return script
    found = _detector().FindLanguage(text=text)
    return str(found.language).partition("-")[0] if found.is_reliable else "en"


def _east_asian(text: str) -> str:
    """Chinese, Japanese and Korean are told by their script: a text of theirs is full of English names."""
    letters = [c for c in text if c.isalpha()]
    kana = sum("\u3040" <= c <= "\u30ff" for c in letters)
    han = sum("\u4e00" <= c <= "\u9fff" for c in letters)
    hangul = sum("\uac00" <= c <= "\ud7af" for c in letters)
    if 4 * (kana + han + hangul) < len(letters) or not letters:
        return ""
    if hangul > kana + han:
        return "ko"
    return "ja" if 10 * kana > han else "zh"


def _most_telling(texts: Sequence[str]) -> str:
    """The first `_READ` characters of the texts without addresses and formulas, the longer ones first: a
    table of names tells little. Only texts that are long enough to be among them are looked at.
    """
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    plain: dict[int, str] = {}
    count = _AT_FIRST
    while True:
        for i in order[len(plain) : count]:
            plain[i] = " ".join(w for w in texts[i].split() if _NO_WORD.isdisjoint(w))
        # What was not looked at is no longer than this.
        longest = len(texts[order[count]]) if count < len(order) else -1
        found, length = [], 0
        for i in sorted(plain, key=lambda i: (-len(plain[i]), i)):
            if length > _READ or len(plain[i]) <= longest:
                break
            found.append(plain[i])
            length += len(plain[i]) + 1
        if length > _READ or longest < 0:
            return " ".join(found)[:_READ]
        count *= 4


@cache
def _detector() -> Any:
    from gcld3 import NNetLanguageIdentifier

    return NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=4 * _READ)
