"""Clues: one piece of evidence each, and what a single text says by its form: an HTTP status, a system error,
a file, a failure of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dagogy.api import errors
from dagogy.api._bodies import bodies
from dagogy.api._errno import errno_in
from dagogy.api._lines import Unit

#: The codes of our own failures (CONTRACT.md).
OWN_CODES = frozenset(
    kind.code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DagogyError)
)
STATUS = re.compile(
    r"(?:\bHTTP(?:/[\d.]+| Error| status(?: code)?)?:? |\bError code: "
    r"|\bunexpected status |\blast status: |(?:Client|Server) error '|\bAPI Error:? \(?|"
    r"\bdoes not indicate success: |"
    r"\bstatus(?:_code|Code| code)?['\"]?\s{0,8}(?:[=:]\s{0,8})?['\"]?|^Error: "
    r"|\breturned (?:error )?|^<Response \[|<title>(?:[^<|]{0,80}\| )?(?:Error:? )?)"
    r"(?P<status>[45]\d\d)\b(?!\.\d)",
    re.IGNORECASE,
)
_LEADING_STATUS = re.compile(r"(?P<status>[45]\d\d)(?::? (?=[A-Z{'\"<])|:?$)")
_STATUS_FIRST = re.compile(r"\b(?P<status>[45]\d\d) (?:Client|Server) Error: ")
TYPED = re.compile(
    r"^(?:(?:ERROR|Error|error|CRITICAL):? )?\[(?P<a>[a-z_]+)\] (?P<b>.*)"
    r"|^error\[(?P<c>[a-z_]+)\]: ?(?P<d>.*)"
    r"|^(?:(?:ERROR|Error|error|CRITICAL): )?(?P<e>[a-z]+_[a-z_]+|locked(?=: run )): (?P<f>.*)",
    re.DOTALL,
)
#: A failure of ours by the name of its class, as a traceback ends; without its package only where no other
#: program is known to have one of that name.
_TYPED_CLASS = re.compile(
    r"^(?:dagogy\.(?:\w+\.)*(?P<ours>[A-Z]\w*)|(?P<alone>StageConflict|ValidationFailed)(?:Error)?): "
    r"(?P<message>.*)",
    re.DOTALL,
)
_CODES_BY_CLASS = {
    kind.__name__: kind.code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DagogyError)
}
_PATH = re.compile(
    r"['\"](?P<quoted>(?:[A-Za-z]:)?[^'\"\s][^'\"]*)['\"](?:\)|,|:|\s*(?:->|\(|$)|$)|(?<![\w.<>-])(?P<bare>(?:[\w.<>-]++/)+[\w.<>-]+)"
)
_ATTRIBUTE = re.compile(
    r"^\s*\.?(?P<name>status_code|statusCode|status|code|type|param|message|error_code)\s*[=:]\s*(?P<value>.+)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One piece of evidence: what is said (`text`), where it was found, and the lines themselves.

    `kind`: `typed`, `cause`, `body`, `exception`, `line`, `exit` or `killed`. `cause`: what the provider
    itself knows (`ProviderError.CAUSES`).
    `within`: where an exception was raised, as its traceback has it: folder, file and function of the last
    frames. `outer`: an exception that another one caused; the leaf decides. `where`: what stands before the
    error on its line, such as the file it is about; of a cause `coding agent` or `service`, who was asked.
    `path`: the file that the error names.
    """

    kind: str
    text: str
    lines: tuple[str, ...]
    typed: str = ""
    cause: str = ""
    codes: frozenset[str] = frozenset()
    param: str = ""
    status: int | None = None
    exception: str = ""
    errno: str = ""
    where: str = ""
    within: str = ""
    path: str = ""
    outer: bool = False
    tight: str = ""


def typed_clues(code: str, message: str, lines: tuple[str, ...]) -> Iterator[Clue]:
    """A failure of ours; what its message quotes of others is evidence too."""
    yield Clue(
        kind="typed",
        text=message,
        lines=lines,
        typed=code,
        status=status_in(message),
        errno=errno_in(message),
        path=path_in(message),
    )
    for body in bodies(message):
        yield Clue(
            kind="body",
            text=body.message,
            lines=lines,
            codes=body.codes,
            param=body.param,
            status=body.status or status_in(message),
        )


def own_failure(text: str) -> tuple[str, str]:
    """The code and the message of a failure of ours that a line tells of; both "" where it tells of none."""
    typed = TYPED.match(text)
    if typed is not None:
        for code, message in (("a", "b"), ("c", "d"), ("e", "f")):
            if typed[code] in OWN_CODES:
                return typed[code], typed[message]
    named = _TYPED_CLASS.match(text)
    code = _CODES_BY_CLASS.get(named["ours"] or named["alone"], "") if named is not None else ""
    return (code, named["message"]) if named is not None and code else ("", "")


def line_clue(text: str, lines: tuple[str, ...], status: int | None, tight: str) -> Clue:
    return Clue(
        kind="line",
        text=text,
        lines=lines[:6],
        status=status_in(text) or status,
        errno=errno_in(text),
        path=path_in(text),
        tight=tight,
    )


def status_in(text: str) -> int | None:
    found = STATUS.search(text) or _STATUS_FIRST.search(text)
    return int(found["status"]) if found else None


def status_of_exception(message: str) -> int | None:
    """The HTTP status that the message of an exception has, or begins with, as those of many SDKs do."""
    leading = _LEADING_STATUS.match(message)
    return status_in(message) or (int(leading["status"]) if leading else None)


def path_in(text: str) -> str:
    """The last file that `text` names."""
    found = list(_PATH.finditer(text))
    return (found[-1]["quoted"] or found[-1]["bare"] or "") if found else ""


def attribute_clue(units: Iterable[Unit]) -> Clue | None:
    """The attributes of an API error, printed one a line (`.code = 'x'`, `code: 'x',`)."""
    found: dict[str, str] = {}
    lines = []
    for line in (line for unit in units for line in unit.lines):
        attribute = _ATTRIBUTE.match(line)
        if attribute:
            value = attribute["value"].rstrip().removesuffix(",").rstrip().strip("'\"")
            if value not in ("None", "null", "undefined"):
                found.setdefault(attribute["name"], value)
                lines.append(line.strip())
    codes = frozenset(
        found[key].lower()
        for key in ("code", "type", "error_code")
        if key in found and re.fullmatch(r"[A-Za-z][\w.-]{2,60}", found[key])
    )
    if not codes:
        return None
    status = next(
        (
            int(found[k])
            for k in ("status_code", "statusCode", "status")
            if re.fullmatch(r"[45]\d\d", found.get(k, ""))
        ),
        None,
    )
    return Clue(
        kind="body",
        text=found.get("message", ""),
        lines=tuple(lines[:6]),
        codes=codes,
        param=found.get("param", ""),
        status=status,
    )
