"""Other plain-text markup in Markdown's terms: reStructuredText, AsciiDoc, printed tables of contents,
definition lists with several terms.

People keep scope documents in whatever their tools write. What carries their structure is translated line for
line, so that the line numbers stay those of the file: titles, lists, definitions, admonitions, and the fences
of code. A text in Markdown passes unchanged but for outlines that are numbered by hand and definition lists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["as_markdown"]

_ATX = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`~]*$")
_MAX_TERM = 80
#: A list or outline has at least so many lines.
_FEW = 3


def as_markdown(lines: Sequence[str]) -> list[str]:
    """`lines` as Markdown: as many lines, each in its place."""
    if _is_restructured(lines):
        translated = _from_restructured(lines)
    elif _is_asciidoc(lines):
        translated = _from_asciidoc(lines)
    else:
        translated = list(lines)
    return _terms_joined(_marked_lines_as_lists(_outlines_as_lists(_rules_completed(translated))))


def _fence(line: str) -> re.Match[str] | None:
    return _FENCE.match(line) if "```" in line or "~~~" in line else None


def _has_markdown_headings(lines: Sequence[str]) -> bool:
    return any(_ATX.match(line) for line in lines)


# ------------------------------------------------------------------------------------------- rules of tables

_RULE = re.compile(r" {0,3}\|?[ \t]*:?-{2,}:?[ \t]*\|[-:| \t]*$")
_CELL_ENDS = re.compile(r"(?<!\\)\|")


def _rules_completed(lines: list[str]) -> list[str]:
    """The rule under the header of a table has as many cells as the header: GitHub knows no table without,
    kramdown, which many course sites are made with, is content with one."""
    fence = ""
    for number, line in enumerate(lines):
        mark = _fence(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        if fence or not number or "|" not in line or not _RULE.match(line):
            continue
        header, rule = (_CELL_ENDS.split(x.strip().strip("|")) for x in (lines[number - 1], line))
        if len(header) > len(rule) and lines[number - 1].strip() and not _RULE.match(lines[number - 1]):
            lines[number] = "|" + " --- |" * len(header)
    return lines


# ------------------------------------------------------------------------------------------- printed outlines

_ENTRY = re.compile(r"\s*(?:(?P<number>\d{1,3}(?:\.\d{1,3}){0,5})[.)]?\s+)?(?P<title>[^\W_].*)$")
_LEADER = re.compile(r"(?:\.\s?){4,80}\s{0,80}(?:\d{1,4}|[ivxlc]{1,6})?\s{0,80}$|…{2,}|\t\d{1,4}\s*$")
_MAX_ENTRY = 160


def _outlines_as_lists(lines: list[str]) -> list[str]:
    """Outlines and tables of contents with numbers such as `2.1`, or leaders of dots, that are marked up by
    nothing else: their lines become items of nested lists, as deep as their numbers."""
    fence, start = "", 0
    for number in range(len(lines) + 1):
        line = lines[number] if number < len(lines) else ""
        mark = _fence(line)
        entry = not fence and not mark and len(line) <= _MAX_ENTRY and _ENTRY.match(line) is not None
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        if not (entry or (not line.strip() and number < len(lines))):
            if number - start >= _FEW:
                _outline_as_list(lines, start, number)
            start = number + 1
    return lines


def _outline_as_list(lines: list[str], start: int, end: int) -> None:
    """Translates the lines from `start` up to `end`, if they are such an outline."""
    found = [(i, m) for i in range(start, end) if (m := _ENTRY.match(lines[i])) is not None]
    led = [bool(_LEADER.search(lines[i])) for i, _ in found]
    parts = [bool(m["number"]) or leads for (_, m), leads in zip(found, led, strict=True)]
    if sum("." in (m["number"] or "") or leads for (_, m), leads in zip(found, led, strict=True)) < _FEW:
        return
    # A title or a sentence may stand above it, and below.
    first, last = parts.index(True), len(parts) - parts[::-1].index(True)
    if sum(parts) < 0.8 * (last - first):
        return
    found = found[first:last]
    for i, match in found:
        depth = match["number"].count(".") if match["number"] else 0
        number = f"{match['number']}\\. " if match["number"] else ""  # not the mark of a list inside the item
        lines[i] = f"{'  ' * depth}- {number}{match['title']}"


#: What a line of a hand-written outline or timetable starts with: `IV.`, `B)`, `3.`, `a.`, `09:30`.
_MARKS = (
    (
        "time",
        re.compile(
            r"\d{1,2}[:.h]\d{2}(?:\s?(?:am|pm|uhr))?(?:\s?[-–—]\s?\d{1,2}[:.h]\d{2}(?:\s?(?:am|pm|uhr))?)?\s",
            re.IGNORECASE,
        ),
    ),
    ("roman", re.compile(r"[IVX]{1,5}[.)]\s")),
    ("capital", re.compile(r"[A-Z][.)]\s")),
    ("number", re.compile(r"\d{1,3}[.)]\s")),
    ("letter", re.compile(r"[a-z][.)]\s")),
)
_BULLETS = frozenset("-*+•")


def _mark_of(line: str) -> str:
    bare = line.strip()
    first, second = bare[:1], bare[1:2]
    if first in _BULLETS:
        return "bullet" if not second or second.isspace() else ""
    if second not in (".", ")") and first not in "IVX" and not first.isdecimal():
        return ""  # which is so of most lines
    return next((kind for kind, pattern in _MARKS if pattern.match(bare + " ")), "")


def _marked_lines_as_lists(lines: list[str]) -> list[str]:
    """Outlines with Roman numerals or letters, and timetables: Markdown takes their lines for one paragraph.
    Every line of such a stretch has a mark; the depth of an item is the place of its kind of mark among those
    met on the way down."""
    fence, start = "", 0
    for number in range(len(lines) + 1):
        line = lines[number] if number < len(lines) else ""
        mark = _fence(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        if fence or not _mark_of(line):
            if number - start >= _FEW and _mark_of(lines[start]) in ("time", "roman", "capital"):
                _marked_as_list(lines, start, number)
            start = number + 1
    return lines


def _marked_as_list(lines: list[str], start: int, end: int) -> None:
    kinds = [_mark_of(lines[i]) for i in range(start, end)]
    if kinds.count(kinds[0]) < 2:
        return
    if "time" in kinds and set(kinds) != {"time"}:
        return
    open_kinds: list[str] = []
    numerals = 0  # how many Roman numerals the outline has had
    for i, kind in zip(range(start, end), kinds, strict=True):
        text = lines[i].strip()
        mark, message = text.split(maxsplit=1) if " " in text else (text, "")
        # `C.` and `I.` are both: what is under way decides.
        if (
            kind == "roman"
            and open_kinds[-1:] == ["capital"]
            and mark[:-1] != "".join(_ROMAN[numerals : numerals + 1])
        ):
            kind = "capital"
        numerals += kind == "roman"
        open_kinds = open_kinds[: open_kinds.index(kind) + 1] if kind in open_kinds else [*open_kinds, kind]
        if kind in ("roman", "number"):
            message = f"{mark[:-1]}\\{mark[-1]} {message}"  # not the mark of a list inside the item
        lines[i] = f"{'  ' * (len(open_kinds) - 1)}- {text if kind == 'time' else message}"


_ROMAN = (
    "I",
    "II",
    "III",
    "IV",
    "V",
    "VI",
    "VII",
    "VIII",
    "IX",
    "X",
    "XI",
    "XII",
    "XIII",
    "XIV",
    "XV",
    "XVI",
    "XVII",
    "XVIII",
    "XIX",
    "XX",
)


# ------------------------------------------------------------------------------------------------ definitions


def _terms_joined(lines: list[str]) -> list[str]:
    """Several terms above one definition become `Term (Term, Term)` on the last of their lines: Markdown
    knows one term on one line.
    """
    fence = ""
    first = -1  # the first line of the paragraph under way
    for number, line in enumerate(lines):
        mark = _fence(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        if fence or not line.strip():
            first = -1
        elif line.startswith(": ") and first >= 0:
            lines[first:number] = _joined(lines[first:number])
            first = -1
        elif first < 0 and (not number or not lines[number - 1].strip()):
            first = number
    return lines


def _joined(lines: list[str]) -> list[str]:
    """The lines above a definition, joined on the last of them where they may be several terms of it, and not
    a sentence.
    """
    if not 1 < len(lines) <= 5 or not all(map(_is_term, lines)):
        return lines
    first, *others = (line.strip() for line in lines)
    return [*([""] * len(others)), f"{first} ({', '.join(others)})"]


def _is_term(line: str) -> bool:
    return len(line) <= _MAX_TERM and line[:1].isalnum() and not line.rstrip().endswith((".", ":", ","))


# ------------------------------------------------------------------------------------------- reStructuredText

_ADORNMENT = re.compile(r"([=\-~^\"'`*+#:.<>_])\1{3,}\s*$")
_DIRECTIVE = re.compile(r"^(\s*)\.\. (?:([\w-]+)::|_[^:]+:|\[)\s*(.*)$")
_ADMONITIONS = frozenset(
    "note warning tip hint important caution danger attention error admonition seealso".split()
)
#: What the two characters are that a directive, or a line under a title that matters here, begins with.
_ADORNS = frozenset(".~^\"'*+#:=-")
_PROSE = frozenset("topic sidebar epigraph pull-quote container rubric glossary".split())


def _is_restructured(lines: Sequence[str]) -> bool:
    """Directives, or titles under a line of marks that Markdown does not take for one; and
    no heading of Markdown's own.
    """
    marked = (i for i, line in enumerate(lines) if line[:1] in _ADORNS and line[1:2] == line[:1])
    if not any(_DIRECTIVE.match(lines[i]) or _adorned(lines, i) in ("over", "other") for i in marked):
        return False
    return not _has_markdown_headings(lines)


def _adorned(lines: Sequence[str], at: int) -> str:
    """What the line `at` is to a title: `over` it, `under` it with one of Markdown's marks, under it with an
    `other`, or nothing (empty).
    """
    mark = _ADORNMENT.match(lines[at])
    if mark is None:
        return ""
    width = len(lines[at].rstrip())
    below = lines[at + 1] if at + 1 < len(lines) else ""
    if _is_framed(lines, at):
        return "over" if len(below.strip()) <= width and (not at or not lines[at - 1].strip()) else ""
    if not _is_title_above(lines, at, width):
        return ""
    if mark[1] in "=-":
        return "under"
    # A title under tildes or backticks is followed by a blank line or the end, and no
    # closing fence comes after.
    return "other" if not below.strip() or mark[1] not in "~`" else ""


def _is_framed(lines: Sequence[str], at: int) -> bool:
    """Whether the line after `at` stands between two equal adornments."""
    return (
        at + 2 < len(lines)
        and lines[at + 2].rstrip() == lines[at].rstrip()
        and bool(lines[at + 1].strip())
        and not _ADORNMENT.match(lines[at + 1])
    )


def _is_title_above(lines: Sequence[str], at: int, width: int) -> bool:
    """Whether the line before `at` may be a title: one line by itself, not indented, and no wider than what
    stands under it.
    """
    title = lines[at - 1] if at else ""
    if not title.strip() or title[0].isspace() or _ADORNMENT.match(title):
        return False
    return len(title.rstrip()) <= width and not (at > 1 and lines[at - 2].strip())


def _from_restructured(lines: Sequence[str]) -> list[str]:
    out = list(lines)
    levels: dict[str, int] = {}
    at = 0
    while at < len(lines):
        kind = _adorned(lines, at)
        directive = _DIRECTIVE.match(lines[at])
        if kind:
            over = kind == "over"
            style = lines[at][0] + kind[: 4 * over]
            level = levels.setdefault(style, min(len(levels) + 1, 6))
            title = at + 1 if over else at - 1
            out[title] = f"{'#' * level} {lines[title].strip()}"
            out[at] = ""
            if over:
                out[at + 2] = ""
            at += 3 if over else 1
        elif directive:
            at = _directive(lines, out, at, directive)
        else:
            at += 1
    return out


def _directive(lines: Sequence[str], out: list[str], at: int, found: re.Match[str]) -> int:
    """Translates the directive at `at`, and gives the line after it."""
    indent, name, argument = len(found[1]), (found[2] or "").lower(), found[3]
    end = _end_of_indented(lines, at, indent)
    mark = "> " if name in _ADMONITIONS else ""
    is_text = bool(mark) or name in _PROSE
    out[at] = f"{mark}{argument}" if argument and is_text else ""
    body = False
    for number in range(at + 1, end):
        text = lines[number].strip()
        body = body or not (text.startswith(":") or not text)
        if is_text:
            out[number] = f"{mark}{text}" if body else ""
        elif not body or not name:  # options, and comments
            out[number] = ""
    return end


def _end_of_indented(lines: Sequence[str], at: int, indent: int) -> int:
    """The line after those below `at` that are indented more; blank lines at their end do not count."""
    end = at + 1
    while end < len(lines) and (
        not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent
    ):
        end += 1
    while end > at + 1 and not lines[end - 1].strip():
        end -= 1
    return end


# --------------------------------------------------------------------------------------------------- AsciiDoc

_ASCII_TITLE = re.compile(r"(={1,6})\s+(\S.*)$")
_ATTRIBUTE = re.compile(r":!?[\w-]+!?:(?:\s|$)")
_BLOCK_ATTRIBUTES = re.compile(r"\[[^\[\]]*\]\s*$|\[\[[^\[\]]*\]\]\s*$")
_DELIMITER = re.compile(r"(={4,}|-{4,}|\.{4,}|\*{4,}|_{4,}|\+{4,}|/{4,})\s*$")
_LIST = re.compile(r"(\*{1,5}|\.{1,5})\s+(?=\S)")
_TERM = re.compile(r"(\S.{0,78}?)(:{2,4}|;;)(?:\s+(\S.*))?$")


def _is_asciidoc(lines: Sequence[str]) -> bool:
    """At least two titles marked with `==`, each after a blank line; and no heading of Markdown's own."""
    titles = sum(
        1
        for i, line in enumerate(lines)
        if line.startswith("=") and _ASCII_TITLE.match(line) and (not i or not lines[i - 1].strip())
    )
    return titles >= 2 and not _has_markdown_headings(lines)


def _without_closing(title: str) -> str:
    """A title without the marks that may close it (`== Title ==`)."""
    title = title.rstrip()
    bare = title.rstrip("=")
    return bare.rstrip() if bare != title and bare[-1:].isspace() else title


def _from_asciidoc(lines: Sequence[str]) -> list[str]:
    out: list[str] = []
    verbatim = ""
    for number, line in enumerate(lines):
        delimiter = _DELIMITER.match(line)
        if verbatim or (delimiter and line[0] in "-.+/"):
            ends = bool(verbatim) and line.rstrip() == verbatim
            out.append("```" if ends or not verbatim else line)
            verbatim = "" if ends else verbatim or line.rstrip()
        elif delimiter or _ATTRIBUTE.match(line) or _BLOCK_ATTRIBUTES.match(line):
            out.append("")
        else:
            out.append(_asciidoc_line(line, is_last=number + 1 == len(lines)))
    return out


def _asciidoc_line(line: str, *, is_last: bool) -> str:
    """A title, a list item or a term as Markdown has it; any other line as it is."""
    if title := _ASCII_TITLE.match(line):
        return f"{'#' * len(title[1])} {_without_closing(title[2])}"
    if item := _LIST.match(line):
        return "  " * (len(item[1]) - 1) + ("* " if line[0] == "*" else "1. ") + line[item.end() :]
    term = _TERM.match(line)
    if term and "://" not in term[1] and (term[3] or not is_last):
        return f"- **{term[1]}**:{' ' + term[3] if term[3] else ''}"
    return line
