"""The lines of an output, cleaned, and what each of them is: an error, a warning, a banner, an
echoed prompt, a reply, a frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

#: `error`: says by its form that something failed. `retry` and `trace`: an error that the
#: program went on from, or logged beside its work. `foreign`: the error of another program, such
#: as git. `plain`: any other line.
Kind = Literal[
    "error", "retry", "trace", "warning", "banner", "prompt", "reply", "tool", "frame", "foreign", "plain"
]

#: Evidence stands at the end of an output, or at its start; of more than this only those two parts are read.
LIMIT = 200_000
#: The same of one folded text: patterns are searched in no more than this.
UNIT_LIMIT = 4_000
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_TYPOGRAPHIC = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u00a0": " ",
        "\u2011": "-",
        "\ufeff": None,
        "\r": None,
    }
)
_TRACE = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z\s+(?:ERROR|WARN) [a-z][\w:]*: ")
_STAMP = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?(?:\s|$)")
#: Who said it, as Docker Compose and the system's journal put before each line.
_SPEAKER = re.compile(
    r"^(?:[a-z][\w.-]*-\d+ +\| |[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]+ [\w./@()-]+(?:\[\d+\])?: )"
)
#: An error that a sentence names and goes on: a manual or a list of changes speaks of it.
_SPOKEN_OF = re.compile(r"`(?=[^`\n]*(?:Error|Exception|Errno))[^`\n]*`(?=,? +[a-z])")
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
#: An exception by its name: any dotted one, or one that ends like the names of exceptions do.
EXCEPTION = re.compile(
    r"(?:^|(?<=: )|(?<=\) )|(?<=> )|(?<=- )|(?<=caused by ))"
    r"(?P<name>(?:[A-Za-z_]\w*\.)+_?[A-Z]\w*(?<!Warning)"
    r"|[A-Z]\w*(?:Error|Exception|Timeout|Interrupt|Exceeded|"
    r"Expired|Disconnected|IncompleteRead|UnsupportedProtocol|InvalidURL|TooManyRedirects"
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


def clean(text: str) -> str:
    """`text` without colours, typographic quotes and the time stamps of a log,
    and not longer than the limit.
    """
    if len(text) > LIMIT:
        text = text[: LIMIT // 4] + "\n" + text[-LIMIT * 3 // 4 :]
    plain = _SPOKEN_OF.sub("`…`", _ANSI.sub("", text).translate(_TYPOGRAPHIC))
    lines = [_SPEAKER.sub("", line, count=1) for line in plain.split("\n")]
    stamped = sum(_STAMP.match(line) is not None for line in lines if line.strip())
    if stamped * 3 >= sum(1 for line in lines if line.strip()) * 2:
        # A log that stamps every line, such as that of a CI service: what it logged is what
        # stands behind the stamps.
        lines = [_STAMP.sub("", line, count=1) for line in lines]
    return "\n".join(lines)


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
    line = _MARK.sub("", _STAMP.sub("", raw))
    if _FRAME.match(line):
        return "frame", line
    stripped = line.strip()
    if _RETRY.match(stripped):
        return "retry", stripped
    if _FOREIGN.match(stripped):
        return "foreign", stripped
    found = EXCEPTION.search(stripped[:UNIT_LIMIT])
    if _ERROR.match(stripped) or CAUSE.match(line) or (found and not _WARNING.match(stripped)):
        return "error", line.rstrip()
    return ("warning" if _WARNING.match(stripped) else "plain"), line.rstrip()


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
