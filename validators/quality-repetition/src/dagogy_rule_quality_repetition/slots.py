"""Texts with slots for what sets them apart: titles, numbers and what is quoted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from dagogy.api.text import Words, lazy_pattern, sentences

SLOT = "…"
#: Stands for a quotation that is too long for a name: it says something, in the same frame.
SAYING = "¶"
_NAME_WORDS = 6
SLOTS = frozenset((SLOT, SAYING))
NO_DIGITS = dict.fromkeys(map(ord, "0123456789"))
#: Longer texts are compared as a whole only.
_LONGEST = 4000
_TOKEN = lazy_pattern(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+(?:[.,]\d+)*|[^\w\s.,;:!?'\"“”„«»「」『』‘’()…]|…")
#: What stands in quotation marks is named, not said. Code in backticks is said.
_QUOTED = lazy_pattern(
    r"“[^“”]{1,200}”|„[^„“”]{1,200}[“”]|«[^«»]{1,200}»|\"[^\"]{1,200}\"|「[^「」]{1,200}」|『[^『』]{1,200}』|‘[^‘’]{2,200}’(?!\w)"
)
_MARKS = frozenset('“„«"「『‘')
#: Thai to Khmer, Chinese, Japanese and Korean, where names are found inside what is written together.
SPACELESS = lazy_pattern(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


class Names:
    """Finds names in text: those of several words by their first word, those of a script without spaces by
    their first character.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._spaced: dict[str, list[list[str]]] = {}
        self._spaceless: dict[str, list[str]] = {}
        self.all: set[str] = set()
        for name in names:
            folded = name.casefold().strip()
            self.all.add(folded)
            if not folded.isascii() and SPACELESS.search(folded):
                if len(folded) > 1:
                    self._spaceless.setdefault(folded[0], []).append(folded)
            elif tokens := [_singular(t) for t in _TOKEN.findall(folded)]:
                self._spaced.setdefault(tokens[0], []).append(tokens)
        for phrases in self._spaced.values():
            phrases.sort(key=len, reverse=True)
        for runs in self._spaceless.values():
            runs.sort(key=len, reverse=True)

    def out_of(self, text: str) -> str:
        """The folded text with a slot for each name of a script without spaces."""
        if not self._spaceless or not SPACELESS.search(text):
            return text
        out, i = [], 0
        while i < len(text):
            name = next((n for n in self._spaceless.get(text[i], ()) if text.startswith(n, i)), "")
            out.append(f" {SLOT} " if name else text[i])
            i += len(name) or 1
        return "".join(out)

    def length_at(self, tokens: Sequence[str], i: int) -> int:
        """How many tokens the name that begins at `i` has; 0 where none does."""
        for name in self._spaced.get(tokens[i], ()):
            if list(tokens[i : i + len(name)]) == name:
                return len(name)
        return 0


def slotted_parts(text: str, title: str, shortest: int, names: Names) -> list[str]:
    """The templates that a text may be made from: all of it and, where it has several
    sentences, each that is long enough.
    """
    slots, title = title_words(title), title.casefold().strip()
    parts = [slotted(text, title, slots, names)]
    if len(text) <= _LONGEST and (". " in text or "! " in text or "? " in text or "。" in text):
        parts += [slotted(s, title, slots, names) for s in sentences(text) if s.count(" ") + 1 >= shortest]
    return [p for p in parts if p and p not in SLOTS]


@lru_cache(maxsize=4096)
def title_words(title: str) -> frozenset[str]:
    found = [w for w in _TOKEN.findall(title.casefold()) if w[0].isalpha()]
    return frozenset(_singular(w) for w in found if w not in Words.STOP or len(found) == 1)


def slotted(text: str, title: str, slots: frozenset[str], names: Names) -> str:
    """The text without case, punctuation, spaces and digits, and with `…` for what it has of a name or a
    short quotation; slots side by side are one."""
    folded = text.casefold()
    if title in folded:
        folded = folded.replace(title, " … ")
    if not _MARKS.isdisjoint(folded):
        folded = _QUOTED.sub(
            lambda m: f" {SLOT if m[0].count(' ') < _NAME_WORDS or m[0][1:-1] in names.all else SAYING} ",
            folded,
        )
    tokens = _TOKEN.findall(names.out_of(folded))
    singular = [_singular(t) for t in tokens]
    out: list[str] = []
    i = 0
    while i < len(tokens):
        known = 1 if singular[i] in slots or tokens[i] == SLOT else names.length_at(singular, i)
        if not known:
            out.append("#" if tokens[i][0].isdigit() else tokens[i])
        elif out[-1:] != [SLOT]:
            out.append(SLOT)
        i += known or 1
    return " ".join(out)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word
