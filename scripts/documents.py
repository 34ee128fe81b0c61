"""Writes large made-up scope documents of many shapes: `python scripts/documents.py
SHAPE [--bytes N] [--out FILE]`.

The benchmark and the slow tests use them. Same shape and size, same bytes. Words are drawn as in running
text, few often and many seldom, from made-up ones of up to four syllables, so that no lexicon knows them and
no two concepts have the same name.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

_SYLLABLES = "ba co di fu ga he ji ko la me ni po qua ri so tu va we xi yo za bre cla dro fli gra".split()
_HAN = (
    "学习数据结构算法分析程序设计计算机科学系统网络信息理论方法模型概率统计函数变量矩阵向量空间时间图树列表队"
    "列栈堆"
)
_GLUE = "the of a to and in is that for with as on by it this from at which are".split()
_VERBS = "holds gives changes keeps limits moves feeds bears".split()


class _Words:
    """Draws words, names and sentences with a seed of its own."""

    def __init__(self, seed: str) -> None:
        self._rng = random.Random(seed)
        words = (
            "".join(p)
            for size in (2, 3, 4)
            for p in itertools.islice(itertools.product(_SYLLABLES, repeat=size), 4000)
        )
        self._words = list(dict.fromkeys(words))
        self._rng.shuffle(self._words)
        self._words.sort(key=len)  # frequent words are short
        self._numbers = itertools.count()

    def word(self) -> str:
        return self._words[min(len(self._words) - 1, int(self._rng.paretovariate(0.6)) - 1)]

    def name(self) -> str:
        """A name of two words, the pair of them used once."""
        number = next(self._numbers)
        first, second = divmod(number * 7919 % 9_000_000, 3000)
        return f"{self._words[first]} {self._words[3000 + second]}".capitalize()

    def sentence(self, size: int = 12) -> str:
        """A clause with a verb, which ends in a word of content: one that ends in "the" would be
        taken for a piece cut off.
        """
        words = [
            self._rng.choice(_GLUE) if self._rng.random() < 0.4 else self.word() for _ in range(size - 5)
        ]
        return f"The {self.word()} {self._rng.choice(_VERBS)} the {' '.join(words)} {self.word()}.".replace(
            " the the ", " the "
        )

    def prose(self, size: int) -> str:
        return " ".join(self.sentence() for _ in range(max(1, size // 12)))

    def han(self, size: int) -> str:
        return "".join(self._rng.choice(_HAN) for _ in range(size))

    def chance(self, share: float) -> bool:
        return self._rng.random() < share


def _headings(w: _Words) -> Iterator[str]:
    names: list[str] = []
    for section in itertools.count():
        if section % 20 == 0:
            yield f"## Part on {w.name()}\n\n"
        names.append(w.name())
        back = f"It builds on {names[section // 2].lower()}. " if section else ""
        yield (
            f"### {names[-1]}\n\n{names[-1]} is a {w.word()} of {w.word()}. {back}{w.prose(150)}\n\n"
            f"{w.prose(130)}\n\n"
        )


def _flat(w: _Words) -> Iterator[str]:
    while True:
        yield f"## {w.name()}\n\n{w.prose(300)}\n\n"


def _bullets(w: _Words) -> Iterator[str]:
    while True:
        yield f"- {w.name()}\n"


def _glossed(w: _Words) -> Iterator[str]:
    while True:
        yield f"- **{w.name()}**: {w.prose(30)}\n"


def _table(w: _Words) -> Iterator[str]:
    yield "| Topic | Definition | Builds on |\n|---|---|---|\n"
    last = ""
    while True:
        name = w.name()
        yield f"| {name} | {w.sentence()} | {last} |\n"
        last = name


def _paragraph(w: _Words) -> Iterator[str]:
    while True:
        yield f"{w.sentence()} " if w.chance(0.98) else f"{w.name()} is a {w.word()} that {w.word()}s. "


def _nested(w: _Words) -> Iterator[str]:
    while True:
        for depth in (*range(12), *range(12, 0, -1)):
            yield f"{'  ' * depth}- {w.name()}\n"


def _quotes(w: _Words) -> Iterator[str]:
    while True:
        yield f"{'> ' * 30}{w.sentence()}\n"


def _glossary(w: _Words) -> Iterator[str]:
    yield "## Glossary\n\n"
    while True:
        yield f"**{w.name()}** is a {w.name().lower()}. {w.prose(45)}\n\n"


def _definitions(w: _Words) -> Iterator[str]:
    while True:
        yield f"{w.name()}\n: {w.prose(30)}\n\n"


def _colons(w: _Words) -> Iterator[str]:
    yield f"{w.name()}\n"
    while True:
        yield f": {w.name()}\n"


def _code(w: _Words) -> Iterator[str]:
    while True:
        code = "\n".join(f"{w.word()} = {w.word()}({w.word()}, {w.word()})" for _ in range(40))
        yield f"## {w.name()}\n\n{w.prose(40)}\n\n```python\n{code}\n```\n\n"


def _chinese(w: _Words) -> Iterator[str]:
    while True:
        name = w.han(6)
        yield f"## {name}\n\n{name}是{w.han(20)}。{'。'.join(w.han(25) for _ in range(12))}。\n\n"


def _marks(w: _Words) -> Iterator[str]:
    while True:
        yield (
            f"## {w.name()}\n\n"
            + " ".join(mark * 40 for mark in [*"[*_`(“<!~|\\", "é\u0301", "\u200f\u202e"])
            + "\n\n"
        )


def _unclosed(w: _Words) -> Iterator[str]:
    while True:
        yield f"{w.word()} (see {w.word()} [{w.word()} “{w.word()} *{w.word()} "


def _questions(w: _Words) -> Iterator[str]:
    while True:
        yield (
            f"## What is {w.name().lower()}?\n\n{w.prose(60)} Do not {w.word()} the {w.word()}. For example, "
            f"{w.sentence()}\n\n"
        )


#: The shapes of documents, each a way to go on writing for ever below the title.
SHAPES: Mapping[str, Callable[[_Words], Iterator[str]]] = {
    "headings": _headings,
    "flat": _flat,
    "bullets": _bullets,
    "glossed": _glossed,
    "table": _table,
    "paragraph": _paragraph,
    "nested": _nested,
    "quotes": _quotes,
    "glossary": _glossary,
    "definitions": _definitions,
    "colons": _colons,
    "code": _code,
    "chinese": _chinese,
    "marks": _marks,
    "unclosed": _unclosed,
    "questions": _questions,
}


def document(shape: str, size: int = 5_000_000) -> str:
    """A document of the given shape of about `size` bytes in UTF-8. Raises
    `KeyError` for an unknown shape.
    """
    parts, length = ["# A large subject\n\n"], 0
    for part in SHAPES[shape](_Words(shape)):
        parts.append(part)
        length += len(part.encode())
        if length >= size:
            return "".join(parts)
    raise AssertionError("shapes go on for ever")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a large made-up scope document.")
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--bytes", type=int, default=5_000_000, help="about how many (default 5,000,000)")
    parser.add_argument(
        "--out", type=Path, default=Path("document.md"), help="where to write (default document.md)"
    )
    given = parser.parse_args()
    given.out.write_text(document(given.shape, given.bytes), encoding="utf-8")


if __name__ == "__main__":
    main()
