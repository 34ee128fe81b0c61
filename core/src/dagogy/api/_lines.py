"""The lines of an output, cleaned, and what each of them is: an error, a warning, a banner, an
echoed prompt, a reply, a frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from dagogy.api._cleaning import STAMP
from dagogy.api._errno import errno_in

#: `error`: says by its form that something failed. `retry` and `trace`: an error that the
#: program went on from, or logged beside its work. `foreign`: the error of another program, such
#: as git. `plain`: any other line.
Kind = Literal[
    "error", "retry", "trace", "warning", "banner", "prompt", "reply", "tool", "frame", "foreign", "plain"
]

#: The same of one folded text: patterns are searched in no more than this.
UNIT_LIMIT = 4_000
_TRACE = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z\s+(?:ERROR|WARN) [a-z][\w:]*: ")
#: The level, and mostly the logger, that log libraries put before what was logged.
_LEVEL = re.compile(
    r"^(?:\[(?:ERROR|error|FATAL|CRITICAL)\]:? +"
    r"|(?:ERROR|CRITICAL|FATAL):(?P<logger>[A-Za-z_][\w.-]*):"
    r"|- (?P<named>[A-Za-z_][\w.-]*) - (?:ERROR|CRITICAL) - "
    r"|\| (?:ERROR|CRITICAL) +\| (?P<place>[\w.:<>-]+) - )(?=\S)"
)
_MARK = re.compile(r"^(?:##\[error\]|::error[^:]*::|[\u25a0\u2717\u2716\u274c\u26d4]\s*)")
_WARNING = re.compile(
    r"^(?:\[?(?:warning|warn|note|notice|info|debug)\]?\b[:\s]"
    r"|\S+:\d+: \w*Warning: |##\[warning\]|::warning)",
    re.IGNORECASE,
)
_RETRY = re.compile(r"(?i)^(?:error: )?(?:reconnecting\.\.\.|retrying\b)")
_FRAME = re.compile(
    r"^\s+(?:File \".*\", line \d+|at .+[:)]\d*|\^+\s*$|~+\^*)|^Traceback \(most recent call last\)|^\s+\|\s"
)
_FOREIGN = re.compile(
    r"^(?:fatal: |npm (?:ERR!|error)|yarn |pnpm|ssh: |scp: |curl: |wget: |rsync: "
    r"|(?:kubectl|helm|gh|aws|gcloud|az|psql|mysql|mongosh|redis-cli|cargo|brew"
    r"|podman|terraform|ansible|nginx|ffmpeg|rpm|dnf|yum|pip3?|conda|poetry): "
    r"|docker: |Error response from daemon|make(?:\[\d+\])?: |gcc: |cc1?: |clang: |ld: |"
    r"error\[[A-Z]\d+\]|E: |CMake |hint: |remote: |ERROR: (?:No matching distribution"
    r"|Could not (?:find|install|open|build)|Failed (?:building|to build)|pip's |"
    r"ResolutionImpossible|Cannot install|Failed cleaning|In --require-hashes)"
    r"|FAILED \S+::|E   |\S+\.(?:c|cc|cpp|h|rs|go|ts|java):\d+(?::\d+)?: )"
)
_ERROR = re.compile(
    r"^(?:ERROR|Error|error|FATAL|Fatal|CRITICAL|Critical|PANIC|panic|# Fatal)\b"
    r"|^\[[a-z]+_[a-z_]+\] |^\[(?:locked|interrupted)\] |^\[(?:ERROR|error|FATAL|CRITICAL)\]"
    r"|^(?:bwrap|sandbox-exec|env|/usr/bin/env|python[\d.]*|node)(?: \w+)?: |^thread '.*' panicked"
    r"|^-?(?:/\S*/)?(?:ba|z|da|k|)sh: |^(?:Failed|failed|Cannot|Could not|Unable) to\b"
    r"|^Caused by\b|^(?:\S+: )?Killed$|^<--- Last few GCs"
    r"|^[\w./-]+(?: [\w-]+)?: error: |^\w+ mode failed\b|^level=(?:error|fatal) "
)
#: What is wrong with this machine is so whichever program says it.
_OF_THE_MACHINE = frozenset(
    "ENOSPC EDQUOT EACCES EPERM EROFS ENOMEM E2BIG EMFILE ENFILE ENAMETOOLONG".split()
)
_TOLD = re.compile(r"\b(?:No space left on device|Disk quota exceeded|Read-only file system)\b")
_ELSEWHERE = re.compile(r"(?:remote|docker|kubectl|helm|psql|mysql|mongosh|redis-cli): |Error response from")
#: An exception by its name: any dotted one, or one that ends like the names of exceptions do.
EXCEPTION = re.compile(
    r"(?:^|(?<=: )|(?<=\) )|(?<=> )|(?<=- )|(?<=caused by ))"
    r"(?P<name>(?:[A-Za-z_]\w*\.)+_?[A-Z]\w*(?<!Warning)"
    r"|[A-Z]\w*(?:Error|Exception|Timeout|Interrupt|Exceeded|Exhausted|"
    r"Unavailable|PermissionDenied|Unauthenticated|Expired|Disconnected|IncompleteRead|UnsupportedProtocol|InvalidURL|TooManyRedirects"
    r"|MissingSchema|InvalidSchema|VersionConflict|MissingFieldsException)|"
    r"IncompleteRead|UnsupportedProtocol|InvalidURL|TooManyRedirects|MissingSchema|InvalidSchema)"
    r"(?:\s\[(?P<tag>[A-Z_]+)\])?(?::\s(?P<message>.*)|\((?P<repr>.{0,600})\)\s*$|:?\s*$|\s+[\w.-]+=.*$)",
    re.DOTALL,
)
CAUSE = re.compile(
    r"^\s*(?:__(?:cause|context)__:|caused by:?|\[cause\]:|Caused by:|\.__cause__ =)\s+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output, cleaned of colours, typographic quotes, time stamps and marks."""

    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Unit:
    """A line and those that go on from it, folded into one text. `tight` is the same without blanks where
    lines were broken.
    """

    kind: Kind
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return _bounded(" ".join(" ".join(self.lines).split()))

    @property
    def tight(self) -> str:
        return _bounded(" ".join("".join(line.rstrip("\n") for line in self.lines).split()))


def _bounded(text: str) -> str:
    return text if len(text) <= UNIT_LIMIT else f"{text[: UNIT_LIMIT * 3 // 4]} … {text[-UNIT_LIMIT // 4 :]}"


def read_lines(
    text: str, readers: Iterable[Callable[[Sequence[str], Sequence[Kind]], Sequence[Kind]]] = ()
) -> list[Line]:
    """The lines of cleaned `text`, each with its kind. `readers` get all lines and the kinds that they have
    until then, one after the other.
    """
    raw = text.split("\n")
    found = [_one(line) for line in raw]
    kinds: Sequence[Kind] = [kind for kind, _ in found]
    for read in readers:
        kinds = read(raw, kinds)
    return [Line(line, kind) for kind, (_, line) in zip(kinds, found, strict=True)]


def _one(raw: str) -> tuple[Kind, str]:
    if _TRACE.match(raw):
        return "trace", _TRACE.sub("", raw).strip()
    return _kind_of(_MARK.sub("", STAMP.sub("", raw)))


def _kind_of(line: str) -> tuple[Kind, str]:
    level = _LEVEL.match(line)
    if level:
        return "error", _logged(line, level)
    if _FRAME.match(line):
        return "frame", line
    stripped = line.strip()
    if _RETRY.match(stripped):
        return "retry", stripped
    if _FOREIGN.match(stripped):
        return _of_another(stripped), stripped
    found = EXCEPTION.search(stripped[:UNIT_LIMIT])
    if _ERROR.match(stripped) or CAUSE.match(line) or (found and not _WARNING.match(stripped)):
        return "error", line.rstrip()
    return ("warning" if _WARNING.match(stripped) else "plain"), line.rstrip()


def _of_another(line: str) -> Kind:
    """What a line of another program is. A service's disk is not this machine's."""
    told = errno_in(line[:UNIT_LIMIT]) in _OF_THE_MACHINE or _TOLD.search(line[:UNIT_LIMIT])
    return "error" if told and not _ELSEWHERE.match(line) else "foreign"


def _logged(line: str, level: re.Match[str]) -> str:
    """What was logged; the logger stands before it, as it says who speaks."""
    who = level["logger"] or level["named"] or level["place"]
    rest = line[level.end() :].rstrip()
    return f"ERROR {who}: {rest}" if who else rest


def fold(lines: list[Line]) -> Iterator[Unit]:
    """The lines as units: what goes on from an error or a warning line belongs to it."""
    unit: list[str] = []
    kind: Kind = "plain"
    for line in lines:
        indented = (
            kind == "plain"
            and line.text[:1].isspace()
            and line.text.strip() != ""
            and not unit[0][:1].isspace()
            if unit
            else False
        )
        if (
            unit
            and line.kind == "plain"
            and (
                indented
                or (kind in ("error", "retry", "warning", "trace", "foreign") and _continues(unit, line.text))
            )
        ):
            unit.append(line.text)
            continue
        if unit:
            yield Unit(kind, tuple(unit))
        unit, kind = ([line.text], line.kind) if line.text.strip() else ([], "plain")
    if unit:
        yield Unit(kind, tuple(unit))


def _continues(unit: list[str], text: str) -> bool:
    """Whether `text` goes on from `unit`: indented, an open bracket or quotation, or a line that was broken
    at the edge of a terminal.
    """
    last, first = unit[-1].rstrip(), text.strip()[:1]
    if not first or len(unit) >= 40 or len(last) > 20_000:
        return False
    return text[:1].isspace() or _is_open("".join(unit)) or first in "<)]}," or _is_broken(last, first)


def _is_open(whole: str) -> bool:
    """Whether a bracket or a page is not closed yet."""
    page = "<html" in whole.lower() and "</html" not in whole.lower()
    return page or whole.count("{") > whole.count("}") or whole.count("(") > whole.count(")")


def _is_broken(last: str, first: str) -> bool:
    """Whether a line that ends so was broken at the edge of a terminal, when the
    next one begins with `first`.
    """
    if len(last) < 20 or last[-1] in ".!?:;}])":
        return False
    return (
        first.islower() or first.isdigit() or (len(last) >= 60 and (last[-1].isalnum() or last[-1] in ",-/"))
    )
