"""Exceptions in a text that caused each other, out of tracebacks, `caused by` lines and
messages that wrap another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dagogy.api._clues import Clue, path_in, status_of_exception
from dagogy.api._errno import errno_in
from dagogy.api._lines import CAUSE, EXCEPTION, Line, Unit

_URLOPEN = re.compile(r"<urlopen error (?P<inner>.{0,600})>")
#: An exception of a driver in the message of the library that called it.
_IN_BRACKETS = re.compile(
    r"(?:^|(?<=[\s:]))\((?P<name>(?:[a-z_]\w{0,40}\.){1,8}\w{0,60}(?:Error|Exception|Timeout))\) "
    r"(?P<message>\S.*)",
    re.DOTALL,
)
_CAUSED_BY = re.compile(r"\(Caused by (?P<name>\w+)\((?P<inner>.{0,600})\)\)?")


Link = tuple[str, str, str, tuple[str, ...]]


#: A frame of Python's.
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]{1,1000})", line \d+, in (?P<function>\S+)')
#: The folder and the name of a file.
_NAME = re.compile(r"(?:[^\\/]+[\\/])?[^\\/]+$")
#: Python's own modules, and those that read JSON and check data for whoever called them.
_CALLED = re.compile(r"[\\/]lib[\\/]python[\d.]+[\\/](?!site-packages|dist-packages)|[\\/]pydantic\w*[\\/]")
#: So many of the last frames say where an exception was raised.
_FRAMES = 3


@dataclass(slots=True)
class Chain:
    """Exceptions that caused each other, outermost first, each with its message, what
    stands before it, and its lines.
    """

    links: list[Link] = field(default_factory=list)


def exception_clues(
    units: Sequence[Unit], lines: Sequence[Line], recorded: Sequence[tuple[str, str]]
) -> Iterator[Clue]:
    """The exceptions of the text, and those that were recorded with the failure, but for our own."""
    chains = chains_in(units, lines)
    if recorded:
        chains.append(Chain([(n, m, "", (f"{n}: {m}",)) for n, m in recorded if not n.startswith("dagogy.")]))
    for chain in chains:
        for position, (name, message, where, shown) in enumerate(chain.links):
            outer = position < len(chain.links) - 1
            within = _frames_above(shown, lines)
            for index, (inner_name, inner) in enumerate(nested(name, message)):
                yield Clue(
                    kind="exception",
                    text=inner,
                    lines=shown,
                    exception=inner_name,
                    where=where,
                    within=within,
                    outer=outer,
                    errno=errno_in(f"{inner_name}: {inner}"),
                    path=path_in(inner),
                    status=status_of_exception(inner) if index == 0 else None,
                )


def _frames_above(shown: tuple[str, ...], lines: Sequence[Line]) -> str:
    """The last frames above the lines of an exception: folder, file and function of each, innermost last."""
    at = next((i for i, line in enumerate(lines) if line.text == shown[0] and line.kind != "frame"), 0)
    found: list[str] = []
    for line in reversed(lines[max(0, at - 60) : at]):
        frame = _FRAME.match(line.text) if line.kind == "frame" else None
        if line.text.startswith("Traceback ") or len(found) == _FRAMES:
            break
        if frame is not None and not _CALLED.search(frame["file"]):
            name = _NAME.search(frame["file"])
            found.insert(0, f"{name[0] if name else ''} {frame['function']}")
    return "; ".join(found)


def nested(name: str, message: str) -> Iterator[tuple[str, str]]:
    """An exception and what its message wraps: `<urlopen error …>`, `(Caused by …)`."""
    inner = _URLOPEN.search(message)
    caused = _CAUSED_BY.search(message)
    bracketed = _IN_BRACKETS.match(message)
    if inner:
        yield name, inner["inner"]
    elif caused:
        yield caused["name"], caused["inner"]
    elif bracketed and bracketed.start() == 0:
        yield bracketed["name"], bracketed["message"]
    else:
        yield name, message


def chains_in(units: Sequence[Unit], lines: Sequence[Line]) -> list[Chain]:
    """The exceptions in the text, as chains. A traceback prints the cause first, a
    `caused by` line says it last.
    """
    chains: list[Chain] = []
    texts = [line.text.strip() for line in lines]
    printed = [
        t
        for t in texts
        if t.startswith(
            ("The above exception was the direct cause", "During handling of the above exception")
        )
    ]
    for unit in units:
        if unit.kind == "foreign" or unit.text.startswith("{"):
            continue
        cause = CAUSE.match(unit.lines[0]) is not None
        link = _link(unit, units, cause=cause)
        if link is None:
            continue
        if cause and chains:
            chains[-1].links.append(link)
        elif printed and chains and not unit.lines[0].strip().startswith("("):
            chains[-1].links.insert(0, link)
            printed.pop()
        else:
            chains.append(Chain([link]))
    return chains


def _link(unit: Unit, units: Sequence[Unit], *, cause: bool) -> Link | None:
    """The exception that a unit tells of, if it does. `cause`: it is reported as
    the cause of the one before.
    """
    found = EXCEPTION.search(CAUSE.sub("", unit.text) if cause else unit.text)
    if not found:
        inside = None if cause else _IN_BRACKETS.search(unit.text)
        if inside is None:
            return None
        where = unit.text[: inside.start()].rstrip(": ")
        return inside["name"], inside["message"], where, unit.lines[:6]
    message = (
        found["message"]
        if found["message"] is not None
        else (found["repr"] or "").strip("\"'") or _message_below(unit, units)
    )
    text = f"[{found['tag']}] {message}" if found["tag"] else message
    where = "" if cause else unit.text[: found.start()].rstrip(": ")
    return found["name"], text, where, unit.lines[:6]


def _message_below(unit: Unit, units: Sequence[Unit]) -> str:
    """The message of an exception whose name stands alone on its line, when the next one gives it
    (`str(exc): …`, `message: …`).
    """
    at = next((i for i, u in enumerate(units) if u is unit), len(units))
    match = (
        re.match(r"(?:str\(\w*\)|message|reason): (.*)", units[at + 1].text) if at + 1 < len(units) else None
    )
    return match[1] if match else ""
