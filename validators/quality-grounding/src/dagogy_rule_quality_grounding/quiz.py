"""The options of quiz questions that a document marks as wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from dagogy.api.scope import Block, ScopeDocument
from dagogy.api.text import Words

#: Words before the option in a sentence that states it: a label, the name of the concept.
_LEADING = 3
#: Words of an option that is recognised after such a label; a shorter one must be all of the sentence.
_LONG = 4


class WrongOptions:
    """Where sources offer which answers as wrong ones. Options are items with a box, in a list in which at
    least one box is ticked and one is not; what some question has as its right answer is no wrong one.
    """

    def __init__(self, documents: Iterable[ScopeDocument]) -> None:
        right: set[tuple[str, ...]] = set()
        wrong: dict[tuple[str, ...], int] = {}
        said: set[tuple[str, ...]] = set()
        for document in documents:
            for options in _questions(document.blocks):
                right.update(_words(b.text) for b in options if b.marked)
                wrong.update({_words(b.text): b.lines[0] for b in options if not b.marked})
            said.update(_words(b.text) for b in document.blocks if b.marked is None)
        self._wrong = {
            w: line for w, line in wrong.items() if len(w) > 1 and w not in right and w not in said
        }
        self._lengths = sorted({len(w) for w in self._wrong}, reverse=True)

    def line(self, text: str) -> int:
        """The line of the wrong option that `text` states; 0 where it states none."""
        words = _words(text) if self._wrong else ()
        for length in self._lengths:
            before = len(words) - length
            if before == 0 or (0 < before <= _LEADING and length >= _LONG):
                line = self._wrong.get(words[before:], 0)
                if line:
                    return line
        return 0


def _words(text: str) -> tuple[str, ...]:
    return tuple(Words.of(text.casefold()))


def _questions(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Runs of items with a box, by the block they lie in, some ticked and some not."""
    for (has_box, _, _), run in groupby(blocks, key=lambda b: (b.marked is not None, b.path, b.parent)):
        options = list(run)
        if has_box and len({b.marked for b in options}) > 1:
            yield options
