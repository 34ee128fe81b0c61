"""Views of a text: with its escapes undone and what nobody sees left out, each character traced back to where
it came from.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from dagogy.api.patterns import lazy_pattern

#: What an encoding puts for a character. Any number of backslashes: JSON may stand within JSON.
_ESCAPE = lazy_pattern(
    # `\\(?<!\\\\)\\*+` is all backslashes from the first one.
    r"(?P<u>\\(?<!\\\\)\\*+u[0-9a-fA-F]{4}(?:\\++u[0-9a-fA-F]{4})*)|\\(?<!\\\\)\\*+(?:u\{|U)(?P<point>[0-9a-fA-F]{1,8})\}?"
    r"|(?P<percent>%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*)|(?P<x>\\(?<!\\\\)\\*+x[0-9a-fA-F]{2}(?:\\++x[0-9a-fA-F]{2})*)"
    r"|(?P<octal>\\(?<!\\\\)\\*+[0-3][0-7]{2}(?:\\++[0-3][0-7]{2})*)|(?P<newline>\\(?<!\\\\)\\*+[nr])|(?P<esc>\\(?<!\\\\)\\*+e(?=\[)|\^\[(?=\[))"
    r"|&(?P<entity>[a-zA-Z]{2,8}|\#0{0,6}\d{1,7}|\#[xX]0{0,6}[0-9a-fA-F]{1,6});"
)

_BYTE, _OCTET = lazy_pattern(r"[0-9a-fA-F]{2}"), lazy_pattern(r"[0-7]{3}")

#: What is not seen: terminal codes, controls, zero-width and joining characters, soft hyphens, direction
#: marks, variation selectors.
UNSEEN = lazy_pattern(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b\][^\x07\x1b\r\n]{0,512}"
    r"(?:\x07|\x1b\\)|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b[@-Z\\-_]"
    "|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-"
    "\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0001-\U000e01ef]"
)

#: What encodings put before quotation marks, and the marks: left out of texts and of secrets alike.
QUOTES = lazy_pattern(r"[\\\"'`]+")

_SOFT = lazy_pattern(r"(?P<soft>=\r?\n)|(?P<quoted>(?:=[0-9A-F]{2})+)")

#: What shows that a text may be quoted-printable.
_IS_SOFT = lazy_pattern(r"=\r?\n|=3D|=[0-9A-F]{2}=[0-9A-F]{2}")

_TAGS = lazy_pattern(r"</?[A-Za-z][A-Za-z0-9]{0,12}(?: [^<>]{0,200})?>")

#: Escapes within escapes are undone this often.
_ROUNDS = 4

#: What an escape within an escape begins with.
_MAY_ESCAPE = frozenset("\\%&^\x1b")


class View:
    """A text made from another one: pieces of it that were copied, and some that were replaced. `place` says
    where characters came from.
    """

    def __init__(
        self,
        text: str,
        parent: View | None = None,
        pieces: tuple[list[int], list[int], list[int]] | None = None,
        nested: bool = False,
    ) -> None:
        self.text, self.parent, self._pieces, self._nested = text, parent, pieces, nested

    def replaced(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str] | None = None) -> View:
        """With `by(match)`, else nothing, for what matches."""
        parts: list[str] = []
        outs: list[int] = []
        starts: list[int] = []
        ends: list[int] = []  # of what was replaced; -1 for what was copied
        size = at = 0
        nested = False
        for match in pattern.finditer(self.text):
            put = by(match) if by else ""
            nested = nested or not _MAY_ESCAPE.isdisjoint(put)
            for piece, start, end in (
                (self.text[at : match.start()], at, -1),
                (put, match.start(), match.end()),
            ):
                if piece:
                    parts.append(piece)
                    outs.append(size)
                    starts.append(start)
                    ends.append(end)
                    size += len(piece)
            at = match.end()
        if not at:
            return self
        outs.append(size)
        starts.append(at)
        ends.append(-1)
        return View("".join([*parts, self.text[at:]]), self, (outs, starts, ends), nested)

    def lower(self) -> View:
        low = self.text.lower()
        if len(low) != len(self.text):
            low = "".join(c.lower() if len(c.lower()) == 1 else c for c in self.text)
        return View(low, self)

    def seen(self) -> View:
        """As it is seen: escapes undone, also those within others, and without what is not seen."""
        view = self
        for _ in range(_ROUNDS):
            undone = view.replaced(_ESCAPE, _undone)
            after = undone.replaced(UNSEEN)
            again = after is not undone or (undone is not view and undone._nested)
            view = after
            if not again:
                break
        return view

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where in the first text the characters from `start` to `end` came from."""
        view: View | None = self
        while view is not None:
            if view._pieces is not None:
                outs, starts, ends = view._pieces
                first, last = bisect_right(outs, start) - 1, bisect_right(outs, end - 1) - 1
                end = starts[last] + end - outs[last] if ends[last] < 0 else ends[last]
                start = starts[first] + start - outs[first] if ends[first] < 0 else starts[first]
            view = view.parent
        return start, end

    def find(self, needle: str) -> Iterator[tuple[int, int]]:
        """Where `needle` came from, each time it is there."""
        at = self.text.find(needle)
        while at >= 0:
            yield self.place(at, at + len(needle))
            at = self.text.find(needle, at + len(needle))


def _undone(match: re.Match[str]) -> str:
    """What an escape stands for."""
    if match["newline"]:
        return "\n"
    if match["esc"]:
        return "\x1b"
    if match["u"]:
        return bytes.fromhex(re.sub(r"\\+u", "", match["u"])).decode("utf-16-be", "surrogatepass")
    if match["point"]:
        point = int(match["point"], 16)
        return chr(point) if point <= 0x10FFFF else match[0]
    if match["percent"] or match["x"]:
        return _characters(bytes.fromhex("".join(_BYTE.findall(match[0]))))
    if match["octal"]:
        return _characters(bytes(int(digits, 8) for digits in _OCTET.findall(match[0])))
    from html import unescape

    return unescape(match[0])


def _characters(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def renderings(text: str) -> Iterator[View]:
    """The text as it is seen; also without tags, and with what mails put for a byte undone."""
    view = View(text).seen()
    yield view.replaced(QUOTES)
    if "<" in view.text:
        yield view.replaced(_TAGS).replaced(QUOTES)
    if "=" in view.text and _IS_SOFT.search(view.text):
        yield view.replaced(
            _SOFT, lambda m: "" if m["soft"] else _characters(bytes.fromhex(m[0].replace("=", "")))
        ).replaced(QUOTES)
