"""The text of an output without what dresses its words up: colours, typographic quotes, time stamps, boxes,
progress bars, and the form in which a program prints the bytes that another one wrote.
"""

from __future__ import annotations

import re

#: Evidence stands at the end of an output, or at its start; of more than this only those two parts are read.
LIMIT = 200_000
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
    }
)
STAMP = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?(?:\s|$)")
#: Who said it, as Docker Compose and the system's journal put before each line.
_SPEAKER = re.compile(
    r"^(?:[a-z][\w.-]*[-_]\d+ +\| |[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]+ [\w./@()-]+(?:\[\d+\])?: )"
)
#: An error that a sentence names and goes on: a manual or a list of changes speaks of it.
_SPOKEN_OF = re.compile(r"`(?=[^`\n]*(?:Error|Exception|Errno))[^`\n]*`(?=,? +[a-z])")
_SIDES = "\u2502\u2503\u2551"
#: A box's upper or lower edge: corners and lines, perhaps with a title between them.
_EDGE = re.compile(r"[\u2500-\u257f]{2}(?:.*[\u2500-\u257f])?$")
_DRAWN = re.compile(r"[\u2500-\u257f]+")
#: How far something is; what the program says next stands on the same line.
_BAR = re.compile(r"[^|\n]{0,80}\d{1,3}%\|[^|\n]{0,200}\|[^|\]\n]{0,80}\]")
#: Bytes as Python shows them: `b'first line\\nsecond line'`.
_BYTES = re.compile(r"(?<![\w'\"])b(?:'(?P<one>(?:[^'\\\n]|\\.)*)'|\"(?P<two>(?:[^\"\\\n]|\\.)*)\")")
_ESCAPE = re.compile(r"\\([nrt'\"\\])")
_ESCAPED = {"n": "\n", "r": "", "t": "\t"}
#: Only what begins like an error or has several lines is unpacked: a header's bytes are quoted as they are.
_OUTPUT = re.compile(r"\\n|^(?:\w+\.)*\w*(?:Error|Exception|Timeout)\b")


def clean(text: str) -> str:
    """`text` without colours, typographic quotes, boxes, progress bars and the time stamps of a log, bytes
    that were printed as such read as text, and not longer than the limit.
    """
    if len(text) > LIMIT:
        text = text[: LIMIT // 4] + "\n" + text[-LIMIT * 3 // 4 :]
    text = re.sub(r"(?<!\r)\r+\n", "\n", _ANSI.sub("", text)).replace("\r", "\n")
    plain = _SPOKEN_OF.sub("`\u2026`", text.translate(_TYPOGRAPHIC))
    lines = _unboxed([_SPEAKER.sub("", line, count=1) for line in _BYTES.sub(_unpacked, plain).split("\n")])
    lines = [_without_bars(line) for line in lines]
    stamped = sum(STAMP.match(line) is not None for line in lines if line.strip())
    if stamped * 3 >= sum(1 for line in lines if line.strip()) * 2:
        # A log that stamps every line, such as that of a CI service: what it logged is what
        # stands behind the stamps.
        lines = [STAMP.sub("", line, count=1) for line in lines]
    return "\n".join(lines)


def _unpacked(found: re.Match[str]) -> str:
    inside = found["one"] if found["one"] is not None else found["two"]
    if not _OUTPUT.search(inside):
        return found[0]
    return _ESCAPE.sub(lambda m: _ESCAPED.get(m[1], m[1]), inside).rstrip("\n")


def _unboxed(lines: list[str]) -> list[str]:
    """The lines without boxes around them. What stands in the box of a traceback is its frames."""
    found, traceback = [], False
    for line in lines:
        bare = line.strip()
        if bare[:1] in _SIDES and bare:
            inside = bare.strip(_SIDES).strip()
            found.append(f"  | {inside}" if traceback else inside)
        elif _EDGE.match(bare):
            traceback = "Traceback" in line
            found.append(_DRAWN.sub(" ", line).strip())
        else:
            traceback = False
            found.append(line)
    return found


def _without_bars(line: str) -> str:
    at, bar = 0, _BAR.match(line)
    while bar is not None and bar.end() < len(line):
        at = bar.end()
        bar = _BAR.match(line, at)
    return line[at:].lstrip() if at else line
