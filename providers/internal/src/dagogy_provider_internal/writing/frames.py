"""The few sentences that are not quoted, in the language of the source (`locale/*.po`, gettext)."""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from dagogy.api.scope import ScopeDocument
from dagogy.api.text import words

#: The languages that there are frames for, by ISO 639-1.
LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "ru", "zh", "ja")
#: What a text is also told from: the neighbours of these and the languages most written besides.
_OTHERS = (
    "nl",
    "pl",
    "cs",
    "uk",
    "bg",
    "ro",
    "ca",
    "sv",
    "da",
    "fi",
    "tr",
    "hu",
    "el",
    "ar",
    "he",
    "fa",
    "ko",
    "vi",
)
_READ = 3000  # characters of a document that its language is told by
_FEWEST = 3  # words
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
    texts = [b.text for b in document.blocks if b.kind not in ("code", "html")] if document else []
    text = " ".join(_most_telling(texts or list(names)))[:_READ]
    if len(words(text)) < _FEWEST:
        return "en"
    found = _detector().detect_language_of(text)
    return str(found.iso_code_639_1.name).lower() if found is not None else "en"


def _most_telling(texts: list[str]) -> list[str]:
    """The texts without addresses and formulas, the longer ones first: a table of names tells little."""
    plain = [" ".join(w for w in text.split() if not any(c in w for c in "/\\_=<>{}@#")) for text in texts]
    return sorted(plain, key=len, reverse=True)


@cache
def _detector() -> Any:
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, code.upper()) for code in (*LANGUAGES, *_OTHERS)]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()
