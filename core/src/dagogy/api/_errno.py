"""The errors of operating systems, by the numbers and names that texts give them."""

from __future__ import annotations

import re

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
    "EEXIST": "17",
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
    "EEXIST": "80 183",
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
    r"|ENOMEM|EPIPE|EBUSY|EEXIST|ENOEXEC|EISDIR|ENOTDIR|ECONNREFUSED|ECONNRESET|ECONNABORTED|"
    r"ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENETDOWN)\b|\b(ENOTFOUND|EAI_AGAIN|EAI_NONAME|EAI_FAIL)\b"
)


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
