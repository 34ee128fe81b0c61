"""What the Markdown reports are made of. Text from elsewhere goes through one of these and stays text,
whatever it looks like.

Inside a line `inline`, or `code` for what is quoted as it was typed; lines as they were printed in a `fence`;
a `document` of such lines at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dagogy.api.display import one_line, printed, visible
from dagogy.api.patterns import lazy_pattern

# The characters that begin or end markup wherever they stand. An underscore inside a word is none of them.
_ACTIVE = lazy_pattern(r"[\\`*\[\]<>|#~&$@]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.", re.IGNORECASE)
# What makes a list item, a numbered one or an underline only at the beginning of a line.
_OPENING = lazy_pattern(r"^(?:(?=[-+=])|(\d{1,9})(?=[.)]))")
_TICKS = lazy_pattern("`+")
_CODE_SPAN = lazy_pattern("`([^`]+)`")
_BAR = lazy_pattern(r"(?<!\\)(\\*)\|")


class Markdown(str):
    """Text that is Markdown already, made here or written by us."""

    __slots__ = ()


def inline(value: object) -> Markdown:
    """`value` as plain text inside a line: none of its characters is markup, and no
    address in it becomes a link.
    """
    if isinstance(value, Markdown):
        return value
    text = _ACTIVE.sub(r"\\\g<0>", " ".join(one_line(value).split()))
    return Markdown(_OPENING.sub(lambda found: f"{found[1] or ''}\\", text))


def code(value: object) -> Markdown:
    """`value` in a code span that it does not end."""
    text = " ".join(one_line(value).split())
    ticks = "`" * (1 + max(map(len, _TICKS.findall(text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return Markdown(f"{ticks}{pad}{text}{pad}{ticks}")


def prose(text: str) -> Markdown:
    """Plain text in which only `code spans` are markup, as plugins write of their incidents."""
    parts = _CODE_SPAN.split(one_line(text))
    joined = "".join(code(part) if i % 2 else _padded(part) for i, part in enumerate(parts))
    return Markdown(joined.strip())


def _padded(part: str) -> str:
    """`inline` with the blanks at both ends."""
    body = part.strip()
    return (
        part
        if not body
        else part[: len(part) - len(part.lstrip())] + inline(body) + part[len(part.rstrip()) :]
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table; its cells are plain text but where they are `Markdown`, stay on
    one line and keep their bars.
    """
    return [_row([Markdown(h) for h in head]), "|" + "---|" * len(head), *(_row(row) for row in rows)]


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_BAR.sub(_escaped_bar, " ".join(inline(c).split())) for c in cells) + " |"


def _escaped_bar(found: re.Match[str]) -> str:
    """A bar ends a cell inside a code span too, unless it is escaped: by an odd number of
    backslashes, as all parsers have it.
    """
    return found[1] + ("" if len(found[1]) % 2 else "\\") + "|"


def fence(lines: Iterable[str]) -> list[str]:
    """Lines as they were printed, in a fence that none of them closes."""
    kept = [line for text in lines for line in visible(text).replace("\r\n", "\n").split("\n")]
    ticks = "`" * max(3, 1 + max((len(run) for line in kept for run in _TICKS.findall(line)), default=0))
    return [f"{ticks}text", *kept, ticks]


def document(lines: Iterable[str]) -> str:
    """A whole report, ending in a newline. What slipped through is escaped as on a terminal."""
    return printed("\n".join(lines).rstrip("\n") + "\n")
