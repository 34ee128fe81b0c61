"""Clues: one piece of evidence each, and what a single text says by its form: an HTTP status, a system error,
a file, a failure of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dagogy.api import errors
from dagogy.api._bodies import bodies
from dagogy.api._lines import Unit

#: The codes of our own failures (CONTRACT.md).
OWN_CODES = frozenset(
    kind.code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DagogyError)
)
_POSIX = {
    "EPERM": "1",
    "ENOENT": "2",
    "EINTR": "4",
    "E2BIG": "7",
    "ENOEXEC": "8",
    "EAGAIN": "11 35 10035",
    "ENOMEM": "12",
    "EACCES": "13 10013",
    "EBUSY": "16",
    "ENOTDIR": "20",
    "EISDIR": "21",
    "ENFILE": "23",
    "EMFILE": "24 10024",
    "ETXTBSY": "26",
    "ENOSPC": "28",
    "EROFS": "30",
    "EPIPE": "32",
    "ENAMETOOLONG": "36 63",
    "ELOOP": "40",
    "ENETDOWN": "100 50",
    "ENETUNREACH": "101 51 10051",
    "ECONNABORTED": "103 53 10053",
    "ECONNRESET": "104 54 10054",
    "ETIMEDOUT": "110 60 10060",
    "ECONNREFUSED": "111 61 10061",
    "EHOSTUNREACH": "113 65 10065",
    "EDQUOT": "122 69",
    "EAI": "-2 -3 -5 11001 11002 11004",
    "EADDRNOTAVAIL": "99 49 10049",
}
_WINDOWS = {
    "ENOENT": "2 3 267",
    "EACCES": "5",
    "ENOMEM": "8 14 1455",
    "ELOCKED": "32 33",
    "ENOSPC": "39 112",
    "ENAMETOOLONG": "206",
    "ENOEXEC": "193 216",
    "EPIPE": "109 232",
    "ECONNREFUSED": "10061 1225",
    "ECONNRESET": "10054",
    "ECONNABORTED": "10053",
    "ETIMEDOUT": "10060 121",
    "ENETUNREACH": "10051 1231",
    "EHOSTUNREACH": "10065",
    "EAI": "11001",
}
BY_NUMBER = {number: name for name, numbers in _POSIX.items() for number in numbers.split()}
_BY_WINERROR = {number: name for name, numbers in _WINDOWS.items() for number in numbers.split()}
_ERRNO = re.compile(
    r"\[(?P<win>Win)?Err(?:no|or) (?P<number>-?\d+)\]|\(os error (?P<os>-?\d+)\)|\berrno: ?-(?P<node>\d+)\b"
)
#: A name within backticks is spoken of, as a manual does.
_ERRNO_NAME = re.compile(
    r"(?<!`)\b(ENOENT|EACCES|EPERM|EROFS|ENOSPC|EDQUOT|E2BIG|ENAMETOOLONG|EMFILE|ENFILE|EAGAIN"
    r"|ENOMEM|EPIPE|EBUSY|ENOEXEC|EISDIR|ENOTDIR|ECONNREFUSED|ECONNRESET|ECONNABORTED|"
    r"ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENETDOWN)\b|\b(ENOTFOUND|EAI_AGAIN|EAI_NONAME|EAI_FAIL)\b"
)
STATUS = re.compile(
    r"(?:\bHTTP(?:/[\d.]+| Error| status(?: code)?)?:? |\bError code: "
    r"|\bunexpected status |\blast status: |(?:Client|Server) error '|\bAPI Error:? \(?|"
    r"\bdoes not indicate success: |"
    r"\bstatus(?:_code|Code| code)?['\"]?\s{0,8}(?:[=:]\s{0,8})?['\"]?|^Error: "
    r"|\breturned (?:error )?|^<Response \[)(?P<status>[45]\d\d)\b(?!\.\d)",
    re.IGNORECASE,
)
_STATUS_FIRST = re.compile(r"\b(?P<status>[45]\d\d) (?:Client|Server) Error: ")
TYPED = re.compile(
    r"^(?:(?:ERROR|Error|error|CRITICAL):? )?\[(?P<a>[a-z_]+)\] (?P<b>.*)"
    r"|^error\[(?P<c>[a-z_]+)\]: ?(?P<d>.*)",
    re.DOTALL,
)
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
    `outer`: an exception that another one caused; the leaf decides. `where`: what stands before the error on
    its line, such as the file it is about; of a cause `coding agent` or `service`, whoever was asked. `path`:
    the file that the error names.
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


def errno_in(text: str) -> str:
    """The name of the system's error in `text`, by its number or name, whatever language its words are in."""
    found = _ERRNO.search(text)
    if found:
        number = found["number"] or found["os"] or found["node"]
        if number == "8" and not found["win"] and re.search(r"(?i)nodename|servname|gaierror", text):
            return "EAI"
        windows = found["win"] or (
            found["os"] and re.search(r"[A-Za-z]:\\|\bsystem cannot\b|\bAccess is denied", text)
        )
        return (_BY_WINERROR if windows else BY_NUMBER).get(number, "")
    named = _ERRNO_NAME.search(text)
    if named:
        return named[1] or "EAI"
    return ""


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
