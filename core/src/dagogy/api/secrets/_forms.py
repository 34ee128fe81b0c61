"""Takes secrets out of texts and documents, whatever form they are written in.

A secret whose value is known is looked for in views of the text: with its escapes undone and what nobody sees
left out; of that the letters and digits alone. What is found is traced back to where it stands. Base64, hex
dumps and lists of codes are decoded and read the same way.
"""

from __future__ import annotations

import base64
import codecs
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from dagogy.api.patterns import lazy_pattern
from dagogy.api.secrets import _shapes
from dagogy.api.secrets._encodings import SHORTEST, Span, decoded_spans
from dagogy.api.secrets._names import NO, STRONG, WEAK_WORDS, says_where, strength, words_of

_MARK = "redacted"

_URL_PASSWORD = lazy_pattern(r"://(?:[^/?#\s:@]*:)?([^/?#\s@]+)@")
_PARAMETER = lazy_pattern(r"[?&;]([^=&;#\s]+)=([^&;#\s]+)")
_SCHEME = lazy_pattern(r"(?i)(?:bearer|basic|token|apikey)\s+(\S+)\Z")
#: What is shorter is no secret when it is put together from pieces, from one line, or is cut.
_SHORTEST_IN_PIECES, _SHORTEST_IN_A_LINE, _SHORTEST_CUT = 8, 16, 10
_LONG_LINE = 20

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
_UNSEEN = lazy_pattern(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b\][^\x07\x1b\r\n]{0,512}"
    r"(?:\x07|\x1b\\)|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b[@-Z\\-_]"
    "|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-"
    "\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0001-\U000e01ef]"
)
#: What encodings put before quotation marks, and the marks: left out of texts and of secrets alike.
_QUOTES = lazy_pattern(r"[\\\"'`]+")
#: What may stand where a line was broken, besides the break itself: blanks, quotation marks of mails, bars of
#: tracebacks, commas, plus signs.
_FILLING = lazy_pattern(r"[\s+,|>\u2500-\u257f]+")
_APART = lazy_pattern(r"[\W_]+")
_SOFT = lazy_pattern(r"(?P<soft>=\r?\n)|(?P<quoted>(?:=[0-9A-F]{2})+)")
#: What shows that a text may be quoted-printable.
_IS_SOFT = lazy_pattern(r"=\r?\n|=3D|=[0-9A-F]{2}=[0-9A-F]{2}")
_TAGS = lazy_pattern(r"</?[A-Za-z][A-Za-z0-9]{0,12}(?: [^<>]{0,200})?>")
_BREAK = lazy_pattern(r"[\r\n]|\\[nr]")
_ROUNDS, _DEPTH = 4, 2
_OF_A_DESKTOP = frozenset({"SESSION", "AUTH", "PRIVATE"})
#: A text without one of these is as it is seen, but for characters that `_skeleton` leaves out anyway.
_WRITTEN = lazy_pattern(r"[\\%&^<=\x1b\x9b]")
#: What an escape within an escape begins with.
_MAY_ESCAPE = frozenset("\\%&^\x1b")


def secrets_of(environ: Mapping[str, str], declared: Iterable[str] = ()) -> dict[str, str]:
    """The secret values in `environ` by variable name: those that plugins declared, those whose name says so,
    and those within a value.

    Within a value these are the password of a URL (or a user that stands alone), parameters, settings and
    fields whose name says so, what follows `Bearer`, and each long line of a value of many lines. A second
    one of the same variable is called `NAME_2`.
    """
    names = set(declared)
    found: dict[str, str] = {}
    for name, value in environ.items():
        values = list(
            dict.fromkeys(t for t in _of_variable(name, value, name in names) if len(t.strip()) >= SHORTEST)
        )
        for number, secret in enumerate(values):
            found[f"{name}_{number + 1}" if number else name] = secret
    return found


def _of_variable(name: str, value: str, declared: bool) -> Iterator[str]:
    if declared or (strength(name) != NO and not _plain(name, value)):
        yield value
        if scheme := _SCHEME.search(value.strip()):
            yield scheme[1]
        if "\n" in value:
            yield from (
                line.strip()
                for line in value.splitlines()
                if len(line.strip()) >= _LONG_LINE and not line.startswith("-----")
            )
    if "=" in value or ":" in value:
        yield from (unquote(found[1]) for found in _URL_PASSWORD.finditer(value))
        if "://" in value:
            yield from (
                unquote(v)
                for key, v in _PARAMETER.findall(value)
                if strength(key) != NO or key.lower() in ("sig", "signature")
            )
        if len(value) > len(name) + 1:
            yield from (
                value[start:end]
                for start, end, key in _shapes.assigned(value)
                if strength(key) == STRONG or not value[start:end].isalpha()
            )


def _plain(name: str, value: str) -> bool:
    """Whether the value of a variable with a name like `SESSION` is a word or a place as
    others, which nobody keeps secret.
    """
    value = value.strip()
    if value.startswith(("/", "./", "~/")) and (says_where(name) or strength(name) != STRONG):
        return True
    return (
        strength(name) != STRONG
        and _OF_A_DESKTOP.issuperset(WEAK_WORDS.intersection(words_of(name)))
        and value.isalpha()
        and len(value) <= 16
    )


def looks_secret(value: str) -> bool:
    """Whether a text has what looks like a secret, whatever it is called."""
    return bool(_spans(value, {}, shapes=True))


def redacted(value: Any, secrets: Mapping[str, str], *, shapes: bool = True) -> Any:
    """`value` (text, or JSON values) with every secret replaced by the name of its variable, and what looks
    like one by a mark.

    `shapes`: whether what only looks like a secret goes too. Not in what a provider wrote for people to learn
    from: a lesson may show one. Redact before a text is cut: of a secret that was cut only what is longer
    than ten characters is known again, and only at the very ends.
    """
    if isinstance(value, str):
        return _without(value, secrets, shapes=shapes)
    if isinstance(value, Mapping):
        return {
            _without(k, secrets, shapes=shapes) if isinstance(k, str) else k: redacted(
                _unnamed(k, v) if shapes else v, secrets, shapes=shapes
            )
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return _redacted_items(list(value), secrets, shapes)
    return value


def _redacted_items(items: list[Any], secrets: Mapping[str, str], shapes: bool) -> list[Any]:
    texts = len(items) > 1 and all(isinstance(i, str) for i in items)
    if shapes and texts:
        for place in _shapes.arguments(items):  # of a command line
            items[place] = f"[{_MARK}]"
    clean = [redacted(v, secrets, shapes=shapes) for v in items]
    if texts:
        # A secret may go on in the next line.
        joined = "\n".join(items)
        whole = _without(joined, secrets, shapes=shapes)
        if whole != "\n".join(clean) and whole != joined:
            return [_without(line, secrets, shapes=shapes) for line in whole.split("\n")]
    return clean


def remains(text: str, secrets: Mapping[str, str]) -> bool:
    """Whether a secret is in `text` after all: whether `redacted` would take anything."""
    return _without(text, secrets) != text


def _unnamed(key: Any, value: Any) -> Any:
    """The value of a field, without what its name shows to be a secret."""
    if isinstance(key, str) and isinstance(value, str):
        return f"[{_MARK}]" if _shapes.of_field(key, value) else value
    if (
        isinstance(key, str)
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and strength(key) != NO
    ):
        return f"[{_MARK}]" if _shapes.of_field(key, str(value)) else value
    if isinstance(key, str) and isinstance(value, list) and strength(key) == STRONG:
        return [_unnamed(key, item) for item in value]
    return value


def _without(text: str, secrets: Mapping[str, str], *, shapes: bool = True) -> str:
    if not text:
        return text
    spans = _spans(text, secrets, shapes)
    return _replaced(text, spans) if spans else text


def _replaced(text: str, spans: list[Span]) -> str:
    """`text` with a mark for each span; of spans that overlap one mark, that of a known
    secret rather than of another.
    """
    merged: list[list[Any]] = []
    for start, end, name in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
            merged[-1][2] = name if merged[-1][2] == _MARK else merged[-1][2]
        else:
            merged.append([start, end, name])
    parts, at = [], 0
    for start, end, name in merged:
        parts += [text[at:start], f"[{name}]"]
        at = end
    return "".join([*parts, text[at:]])


def _spans(text: str, secrets: Mapping[str, str], shapes: bool, depth: int = _DEPTH) -> list[Span]:
    """Where in `text` the secrets are: as it is, as it is seen, and in what it encodes."""
    spans = _known_spans(text, secrets) if secrets else []
    if shapes:
        spans += [(start, end, _MARK) for start, end in _shapes.spans(text)]
        for start, end in _unseen_lines(text):
            view = _View(text[start:end]).seen()
            places = (view.place(*span) for span in _shapes.spans(view.text))
            spans += [(start + first, start + last, _MARK) for first, last in places]
    if depth and len(text) >= _SHORTEST_IN_A_LINE:
        spans += decoded_spans(text, lambda decoded: _spans(decoded, secrets, shapes, depth - 1))
    return spans


def _unseen_lines(text: str) -> list[tuple[int, int]]:
    """The lines of `text` that hold what is not seen; lines that follow each other together."""
    regions: list[tuple[int, int]] = []
    for pattern in (_UNSEEN, _WRITTEN_ESC):
        at = 0
        while match := pattern.search(text, at):
            at = text.find("\n", match.end())
            at = len(text) if at < 0 else at
            regions.append((text.rfind("\n", 0, match.start()) + 1, at))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(regions):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _known_spans(text: str, secrets: Mapping[str, str]) -> list[Span]:
    spans: list[Span] = []
    wanted = [
        (name, needles) for name, needles in ((n, _needles(s)) for n, s in secrets.items()) if needles.plain
    ]
    for view in _renderings(text) if _WRITTEN.search(text) else (_View(text),):
        skeleton = _skeleton(view.text)
        present = [
            (name, needles)
            for name, needles in wanted
            if len(skeleton) >= len(needles.bones[0]) and any(bone in skeleton for bone in needles.bones)
        ]
        if present:
            spans += _in_view(text, view if view.parent else view.seen().replaced(_QUOTES), present)
    for name, secret in secrets.items():
        spans += [(start, end, name) for start, end in _cut(text, secret.strip())]
    return spans


class _View:
    """A text made from another one: pieces of it that were copied, and some that were replaced. `place` says
    where characters came from.
    """

    def __init__(
        self,
        text: str,
        parent: _View | None = None,
        pieces: tuple[list[int], list[int], list[int]] | None = None,
        nested: bool = False,
    ) -> None:
        self.text, self.parent, self._pieces, self._nested = text, parent, pieces, nested

    def replaced(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str] | None = None) -> _View:
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
        return _View("".join([*parts, self.text[at:]]), self, (outs, starts, ends), nested)

    def lower(self) -> _View:
        low = self.text.lower()
        if len(low) != len(self.text):
            low = "".join(c.lower() if len(c.lower()) == 1 else c for c in self.text)
        return _View(low, self)

    def seen(self) -> _View:
        """As it is seen: escapes undone, also those within others, and without what is not seen."""
        view = self
        for _ in range(_ROUNDS):
            undone = view.replaced(_ESCAPE, _undone)
            after = undone.replaced(_UNSEEN)
            again = after is not undone or (undone is not view and undone._nested)
            view = after
            if not again:
                break
        return view

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where in the first text the characters from `start` to `end` came from."""
        view: _View | None = self
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


def _renderings(text: str) -> Iterator[_View]:
    """The text as it is seen; also without tags, and with what mails put for a byte undone."""
    view = _View(text).seen()
    yield view.replaced(_QUOTES)
    if "<" in view.text:
        yield view.replaced(_TAGS).replaced(_QUOTES)
    if "=" in view.text and _IS_SOFT.search(view.text):
        yield view.replaced(
            _SOFT, lambda m: "" if m["soft"] else _characters(bytes.fromhex(m[0].replace("=", "")))
        ).replaced(_QUOTES)


def _in_view(text: str, view: _View, present: Sequence[tuple[str, _Needles]]) -> Iterator[Span]:
    low = view.lower()
    broken, tight = low.replaced(_FILLING), view.replaced(_APART)
    tight_low = tight.lower()
    for name, needles in present:
        for needle in needles.plain:
            yield from ((*span, name) for span in low.find(needle))
        for needle in needles.broken:
            # A blank alone may be a line break that was folded, but `test token` is
            # not the secret `testtoken`.
            sure = len(needle) >= _SHORTEST_IN_A_LINE
            yield from (
                (start, end, name)
                for start, end in broken.find(needle)
                if sure or _BREAK.search(text, start, end)
            )
        for needle in needles.tight:
            yield from ((*span, name) for span in tight_low.find(needle))
        for needle in needles.exact:
            yield from ((*span, name) for span in tight.find(needle))
        for needle in needles.whole:
            yield from ((*span, name) for span in _View(text).find(needle))


class _Needles(NamedTuple):
    """What to look for: in small letters as it is written, without fillers, and without all but letters and
    digits; the same with its case.
    """

    plain: tuple[str, ...]
    broken: tuple[str, ...]
    tight: tuple[str, ...]
    exact: tuple[str, ...]
    whole: tuple[str, ...]
    #: A text without one of these holds none of the others; the shortest first.
    bones: tuple[bytes, ...]


@lru_cache(maxsize=256)
def _needles(secret: str) -> _Needles:
    view = _View(secret.strip()).seen().replaced(_QUOTES)
    plain = view.lower().text
    if len(plain) < SHORTEST:
        return _Needles((), (), (), (), (), ())
    broken = _FILLING.sub("", plain)
    letters = [
        _APART.sub("", form)
        for form in (plain, unicodedata.normalize("NFKD", plain), codecs.encode(plain, "rot13"))
    ]
    tight = [
        form
        for form in letters
        if len(form) >= _SHORTEST_IN_A_LINE or (len(form) >= 12 and not form.isalpha() and not form.isdigit())
    ]
    exact: list[str] = []
    whole: list[str] = []
    for data in (
        secret.strip().encode(errors="surrogatepass"),
        secret.strip().encode("utf-16-le", "surrogatepass"),
    ):
        tight.append(data.hex())
        # Whole groups only; the first and the last group share bits with their neighbours.
        exact += (_APART.sub("", base64.b64encode(inner).decode()) for inner in _groups(data, 3))
        tight += (base64.b32encode(inner).decode().lower() for inner in _groups(data, 5))
        whole += (
            encode(part).decode()
            for encode in (base64.b85encode, base64.a85encode)
            for part in (data, data[: len(data) // 4 * 4])
            if len(part) >= 12
        )
    needles = _Needles(
        plain=tuple(dict.fromkeys((plain, plain.replace(" ", "+")))),
        broken=(broken,) if len(broken) >= _SHORTEST_IN_PIECES else (),
        tight=tuple(dict.fromkeys(tight)),
        exact=tuple(e for e in dict.fromkeys(exact) if len(e) >= _SHORTEST_IN_PIECES),
        whole=tuple(whole),
        bones=(),
    )
    return needles._replace(
        bones=tuple(sorted({_skeleton(n) for group in needles[:5] for n in group}, key=len))
    )


def _groups(data: bytes, size: int) -> Iterator[bytes]:
    for shift in range(size):
        inner = data[shift:]
        inner = inner[: len(inner) // size * size]
        if len(inner) >= SHORTEST:
            yield inner


def _skeleton(text: str) -> bytes:
    """The letters and digits of ASCII, small: quickly made, and what has not a
    needle's has not the needle.
    """
    return text.encode(errors="surrogatepass").translate(None, _FLESH).lower()


_FLESH = bytes(b for b in range(256) if not chr(b).isalnum() or b > 127)


def _cut(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """A beginning of the secret where the text ends, an end of it where the text begins:
    somebody cut before we could look.
    """
    if len(secret) <= _SHORTEST_CUT:
        return
    tail = max(0, len(text) - len(secret) + 1)
    at = text.find(secret[:_SHORTEST_CUT], tail)
    while at >= 0:
        if secret.startswith(text[at:].rstrip("…. \n")):
            yield at, len(text)
        at = text.find(secret[:_SHORTEST_CUT], at + 1)
    after = _CUT_MARK.match(text)
    start = after.end() if after else 0
    at = text.find(secret[-_SHORTEST_CUT:], start, start + len(secret))
    if at >= 0 and secret.endswith(text[start : at + _SHORTEST_CUT]):
        yield start, at + _SHORTEST_CUT


_CUT_MARK = lazy_pattern(r"(?:\[\d+ characters before\]\s*|[….\s]{1,8})?")
_WRITTEN_ESC = lazy_pattern(r"(?<!\\)\\++(?:u001b|x1b|033|e)\[|\^\[\[", re.IGNORECASE)
