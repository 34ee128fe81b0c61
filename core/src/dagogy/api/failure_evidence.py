"""A failure as evidence: what classifiers ask, each answer with the very lines it comes from.

`FailureEvidence.of(failure)` reads the facts of the failure and the text that came with it, and gives them as clues: our own typed code, the
innermost error body, the HTTP status, the exceptions down to the leaf, errno, signal, and what error lines say. Banner, warnings, the echoed
prompt, other programs' errors and the retries before the last word are no clues.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from dagogy.api import errors
from dagogy.api._bodies import Body, bodies
from dagogy.api._lines import CAUSE, EXCEPTION, Line, Unit, clean, fold, read_lines
from dagogy.api._waits import stated_wait
from dagogy.api.incidents import Failure

#: The codes of our own failures (CONTRACT.md).
OWN_CODES = frozenset(kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DagogyError))

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
_BY_NUMBER = {number: name for name, numbers in _POSIX.items() for number in numbers.split()}
_BY_WINERROR = {number: name for name, numbers in _WINDOWS.items() for number in numbers.split()}
_ERRNO = re.compile(r"\[(?P<win>Win)?Err(?:no|or) (?P<number>-?\d+)\]|\(os error (?P<os>-?\d+)\)|\berrno: ?-(?P<node>\d+)\b")
#: A name within backticks is spoken of, as a manual does.
_ERRNO_NAME = re.compile(
    r"(?<!`)\b(ENOENT|EACCES|EPERM|EROFS|ENOSPC|EDQUOT|E2BIG|ENAMETOOLONG|EMFILE|ENFILE|EAGAIN"
    r"|ENOMEM|EPIPE|EBUSY|ENOEXEC|EISDIR|ENOTDIR|ECONNREFUSED|ECONNRESET|ECONNABORTED|"
    r"ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENETDOWN)\b|\b(ENOTFOUND|EAI_AGAIN|EAI_NONAME|EAI_FAIL)\b"
)
_STATUS = re.compile(
    r"(?:\bHTTP(?:/[\d.]+| Error| status(?: code)?)?:? |\bError code: |\bunexpected status |\blast status: |(?:Client|Server) error '|\bAPI Error:? \(?|"
    r"\bdoes not indicate success: |"
    r"\bstatus(?:_code|Code| code)?['\"]?\s{0,8}(?:[=:]\s{0,8})?['\"]?|^Error: |\breturned (?:error )?|^<Response \[)(?P<status>[45]\d\d)\b(?!\.\d)",
    re.IGNORECASE,
)
_STATUS_FIRST = re.compile(r"\b(?P<status>[45]\d\d) (?:Client|Server) Error: ")
_TYPED = re.compile(r"^(?:(?:ERROR|Error|error|CRITICAL):? )?\[(?P<a>[a-z_]+)\] (?P<b>.*)|^error\[(?P<c>[a-z_]+)\]: ?(?P<d>.*)", re.DOTALL)
_EXIT = re.compile(r"(?i)\b(?:rc|return ?code|exit[ -]?(?:code|status)|exited with(?: code)?|exited|^exit:)\s{0,8}(?:[=:]\s{0,8})?(-?\d{1,3})\b")
_SIGNALLED = re.compile(r"\b(?:ended|killed|terminated|died) (?:by|with|from) (?:<Signals\.)?(?:signal )?(?P<name>SIG[A-Z]+)", re.IGNORECASE)
_SIGNALS = {"SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGABRT": 6, "SIGKILL": 9, "SIGSEGV": 11, "SIGPIPE": 13, "SIGTERM": 15}
_OUR_TIMEOUT = re.compile(
    r"(?i)\btime(?:out|d out) after [\d.]+ ?s(?:ec(?:ond)?s?)?\b.{0,40}\b(?:SIGKILL|SIGTERM|kill)|\bTimeoutExpired\b.{0,400}\btimed out after\b"
)
_PATH = re.compile(r"['\"](?P<quoted>(?:[A-Za-z]:)?[^'\"\s][^'\"]*)['\"](?:\)|,|:|\s*(?:->|\(|$)|$)|(?<![\w.<>-])(?P<bare>(?:[\w.<>-]++/)+[\w.<>-]+)")
_ATTRIBUTE = re.compile(r"^\s*\.?(?P<name>status_code|statusCode|status|code|type|param|message|error_code)\s*[=:]\s*(?P<value>.+)$")
_REASON = re.compile(
    r"(?:finish_reason|stop_reason|finishReason|incomplete_details.{0,30}?\breason"
    r"|\bIncomplete response returned, reason)['\"]?\s*[=:]\s*['\"]?(?P<reason>[A-Za-z_]+)",
    re.DOTALL,
)
_OUTPUT_TEXT = re.compile(r"(?m)^[^\S\n]*(?:output_text|last_message|output-last-message)\s*[=:]\s*(?P<quoted>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*$")
_URLOPEN = re.compile(r"<urlopen error (?P<inner>.{0,600})>")
_CAUSED_BY = re.compile(r"\(Caused by (?P<name>\w+)\((?P<inner>.{0,600})\)\)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One piece of evidence: what is said (`text`), where it was found, and the lines themselves.

    `kind`: `typed`, `cause`, `body`, `exception`, `line`, `exit` or `killed`. `cause`: what the provider itself knows (`ProviderError.CAUSES`).
    `outer`: an exception that another one caused; the leaf decides. `where`: what stands before the error on its line, such as the file it is
    about; of a cause `coding agent` or `service`, whoever was asked. `path`: the file that the error names.
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


@dataclass(slots=True)
class _Chain:
    """Exceptions that caused each other, outermost first, each with its message, what stands before it, and its lines."""

    links: list[tuple[str, str, str, tuple[str, ...]]] = field(default_factory=list)


class FailureEvidence:
    """The clues of one failure."""

    _last: tuple[Failure, FailureEvidence] | None = None

    def __init__(self, failure: Failure) -> None:
        self.failure = failure

    @classmethod
    def of(cls, failure: Failure) -> FailureEvidence:
        """The evidence of `failure`; the last one is kept, since each classifier asks for the same."""
        if cls._last is None or cls._last[0] is not failure:
            cls._last = (failure, cls(failure))
        return cls._last[1]

    @cached_property
    def lines(self) -> Sequence[Line]:
        """The lines of the text, cleaned, each with its kind."""
        return read_lines(self.text)

    @cached_property
    def text(self) -> str:
        """The text of the failure, cleaned."""
        return clean(self.failure.text)

    @cached_property
    def _units(self) -> list[Unit]:
        return list(fold(list(self.lines)))

    @cached_property
    def exit_status(self) -> int | None:
        """The exit status, negative for a signal; from the text where the failure does not have it."""
        failure = self.failure
        if failure.signal is not None:
            return -failure.signal
        if failure.exit_status is not None:
            return failure.exit_status
        return self._reported_exit[0]

    @cached_property
    def _reported_exit(self) -> tuple[int | None, tuple[str, ...]]:
        for line in reversed(self.lines):
            if line.kind in ("plain", "error"):
                named, match = _SIGNALLED.search(line.text), _EXIT.search(line.text)
                if named and named["name"].upper() in _SIGNALS:
                    return -_SIGNALS[named["name"].upper()], (line.text,)
                if match:
                    return int(match[1]), (line.text,)
        return None, ()

    @cached_property
    def killed_by(self) -> str:
        """`timeout` (ours), `user`, `system`, or an empty string when nobody is known to have sent the signal."""
        if self.failure.killed_by:
            return self.failure.killed_by
        return "timeout" if self._timeout_lines else ""

    @cached_property
    def _timeout_lines(self) -> tuple[str, ...]:
        return tuple(line.text for line in self.lines if line.kind in ("plain", "error", "warning") and _OUR_TIMEOUT.search(line.text))[-1:]

    @cached_property
    def is_transcript(self) -> bool:
        """Whether this is what `codex exec` prints, as text or as events."""
        return any(line.kind == "banner" and line.text.startswith("OpenAI Codex v") for line in self.lines) or '"type":"thread.started"' in self.text

    @cached_property
    def reply(self) -> str | None:
        """The last message of the model, if the text has it. Empty when the text says that there was none."""
        events = [e for e in self._events if e.get("type") == "item.completed" and (e.get("item") or {}).get("type") in ("agent_message", "assistant_message")]
        if events:
            return str(events[-1]["item"].get("text") or "")
        quoted = _OUTPUT_TEXT.search(self.text)
        if quoted:
            return quoted["quoted"][1:-1].replace("\\n", "\n").replace("\\'", "'")
        spoken = [i for i, line in enumerate(self.lines) if line.kind == "banner" and line.text in ("codex", "[last message]")]
        if spoken:
            rest = self.lines[spoken[-1] + 1 :]
            end = next((i for i, line in enumerate(rest) if line.kind != "reply"), len(rest))
            return "\n".join(line.text for line in rest[:end]).strip()
        silent = any(line.kind == "warning" and "no last agent message" in line.text for line in self.lines)
        return "" if silent else None

    @cached_property
    def _events(self) -> list[dict[str, Any]]:
        found = []
        for line in self.lines:
            if line.text.startswith('{"type":'):
                try:
                    event = json.loads(line.text, strict=False)
                except (ValueError, RecursionError):
                    continue
                found.append(event)
        return found

    @cached_property
    def succeeded(self) -> bool:
        """Exit 0 and a reply that parses, with no error after it: no incident, whatever was printed on the way."""
        if self.exit_status != 0 or self.failure.code:
            return False
        plain = [line.text for line in self.lines if line.kind == "plain" and line.text.strip()]
        reply = self.reply if self.reply is not None else "\n".join(plain)
        after = any(line.kind == "error" for line in self.lines) and not self.is_transcript
        return parses(reply) and not after

    @cached_property
    def retry_after_seconds(self) -> float | None:
        """How long, from the failure on, the service said that it will not answer; None where it did not say."""
        return stated_wait(self.failure.details, f"{self.failure.message}\n{self.text}", self.failure.at_utc)

    @cached_property
    def _asked_a_program(self) -> bool:
        """Whether the provider asked a program that it started, not a service."""
        failure = self.failure
        return failure.exit_status is not None or failure.signal is not None or any(k in failure.details for k in ("returncode", "signal"))

    @cached_property
    def clues(self) -> Sequence[Clue]:
        """Every clue. Where something failed for good, what was logged or retried before it is left out."""
        found = [*self._failure_clues(), *self._text_clues]
        return [*found, *self._exit_clues()]

    @cached_property
    def _text_clues(self) -> list[Clue]:
        if self.is_transcript and self.exit_status == 0:
            return []
        units = [u for u in self._units if u.kind not in ("prompt", "reply", "banner", "frame", "foreign")]
        last_word = self._last_words(units)
        return [*self._body_clues(last_word), *self._exception_clues(last_word), *self._line_clues(last_word), *self._reason_clues()]

    def _last_words(self, units: list[Unit]) -> list[Unit]:
        """The units that say why it ended: errors; else, where there is none, what was logged, retried or just printed."""
        events = [u for u in units if u.lines[0].startswith('{"type":')]
        final = [u for u in events if '"turn.failed"' in u.lines[0][:40]] or [u for u in events if u.lines[0].startswith('{"type":"error"')][-1:]
        if final:
            return final
        units = [u for u in units if u not in events]
        last_errors = [u for u in units if u.kind == "error"]
        if self.is_transcript and last_errors:
            last = last_errors[-1].text
            return [u for u in last_errors if u.text == last][-1:] + [u for u in units if u.kind in ("error", "tool") and u.lines[0].startswith("bwrap: ")]
        if last_errors:
            return [u for u in units if u.kind in ("error", "plain")]
        if self.exit_status == 0:
            return []  # it went on from what was retried, and what it printed is its work
        return [u for u in units if u.kind == "plain"] + [u for u in units if u.kind in ("retry", "trace")]

    def _body_clues(self, units: list[Unit]) -> Iterator[Clue]:
        text = "\n".join(_undata(line) for unit in units for line in unit.lines)
        seen: set[Body] = set()
        for body in bodies(text):
            if body in seen:
                continue
            seen.add(body)
            lines = tuple(text[body.span[0] : body.span[1]].split("\n")[:4])
            if body.ours in OWN_CODES:
                yield from _typed(body.ours, body.message, lines)
            elif body.event in ("error", "turn.failed") and not body.codes and body.status is None:
                # codex wraps what it would print otherwise into events; that is prose.
                yield from self._event_clues(body.message, lines)
            else:
                yield Clue(kind="body", text=body.message, lines=lines, codes=body.codes, param=body.param, status=body.status or self._status_near(lines))
        attributes = _attributes(units)
        if attributes is not None:
            yield attributes

    def _event_clues(self, message: str, lines: tuple[str, ...]) -> Iterator[Clue]:
        if self._is_terminal_event(message):
            yield _line_clue(message, lines, self.failure.http_status, message)

    def _is_terminal_event(self, message: str) -> bool:
        return bool(message) and (not _is_retry(message) or self.killed_by != "" or "turn.failed" not in self.text)

    def _status_near(self, lines: tuple[str, ...]) -> int | None:
        for unit in self._units:
            if any(lines[0] in line for line in unit.lines):
                match = _STATUS.search(unit.text)
                if match:
                    return int(match["status"])
        return self.failure.http_status

    def _exception_clues(self, units: list[Unit]) -> Iterator[Clue]:
        chains = _chains(units, self.lines)
        if self.failure.exception_chain:
            own: list[tuple[str, str, str, tuple[str, ...]]] = [
                (n, m, "", (f"{n}: {m}",)) for n, m in self.failure.exception_chain if not n.startswith("dagogy.")
            ]
            chains.append(_Chain(own))
        for chain in chains:
            for position, (name, message, where, lines) in enumerate(chain.links):
                outer = position < len(chain.links) - 1
                for index, (inner_name, inner) in enumerate(_nested(name, message)):
                    yield Clue(
                        kind="exception",
                        text=inner,
                        lines=lines,
                        exception=inner_name,
                        where=where,
                        outer=outer,
                        errno=_errno(f"{inner_name}: {inner}"),
                        path=_path(inner),
                        status=_status(inner) if index == 0 else None,
                    )

    def _line_clues(self, units: list[Unit]) -> Iterator[Clue]:
        seen: set[str] = set()
        for unit in units:
            text = unit.text
            if text in seen or text.startswith('{"type":'):
                continue
            seen.add(text)
            typed = _TYPED.match(text)
            if typed and (typed["a"] or typed["c"]) in OWN_CODES:
                yield from _typed(typed["a"] or typed["c"], typed["b"] or typed["d"], unit.lines)
            yield _line_clue(text, unit.lines, self.failure.http_status if unit.kind == "error" or len(units) <= 3 else None, unit.tight)

    def _reason_clues(self) -> Iterator[Clue]:
        kept = [line.text for line in self.lines if line.kind not in ("prompt", "reply", "tool")]
        for found in _REASON.finditer("\n".join(kept)):
            line = next((text for text in kept if found["reason"] in text), found[0])
            yield Clue(kind="body", text="", lines=(line,), codes=frozenset({found["reason"].lower()}))

    def _failure_clues(self) -> Iterator[Clue]:
        failure = self.failure
        if failure.code or failure.message:
            yield from _typed(failure.code, failure.message, (f"[{failure.code}] {failure.message}",))
        cause = failure.details.get("cause")
        if cause in errors.ProviderError.CAUSES:
            asked = "coding agent" if self._asked_a_program else "service"
            yield Clue(kind="cause", text=failure.message, lines=(f"cause: {cause}",), cause=str(cause), where=asked, status=failure.http_status)
        code = failure.machine_code or str(failure.details.get("machine_code") or "")
        if code:
            yield Clue(kind="body", text=failure.message, lines=(f"machine code: {code}",), codes=frozenset({code.lower()}), status=failure.http_status)
        if failure.http_status is not None:
            yield Clue(kind="line", text="", lines=(f"HTTP status {failure.http_status}",), status=failure.http_status)
        name = str(failure.details.get("errno_name") or "") or _BY_NUMBER.get(str(failure.errno), "")
        if name:
            path = str(failure.details.get("path") or "")
            yield Clue(kind="exception", text=failure.message, lines=(f"{name}: {failure.message}",), errno=name, path=path)

    def _exit_clues(self) -> Iterator[Clue]:
        status = self.exit_status
        if self.killed_by:
            yield Clue(kind="killed", text=self.killed_by, lines=self._timeout_lines or (f"killed by: {self.killed_by}",))
        elif status not in (None, 0):
            yield Clue(kind="exit", text=str(status), lines=self._reported_exit[1] or (f"exit status {status}",))


def parses(text: str) -> bool:
    """Whether `text` is one JSON object or array."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_retry(text: str) -> bool:
    return text.lower().startswith("reconnecting")


def _undata(line: str) -> str:
    return line.removeprefix("data: ")


def _typed(code: str, message: str, lines: tuple[str, ...]) -> Iterator[Clue]:
    """A failure of ours; what its message quotes of others is evidence too."""
    yield Clue(kind="typed", text=message, lines=lines, typed=code, status=_status(message), errno=_errno(message), path=_path(message))
    for body in bodies(message):
        yield Clue(kind="body", text=body.message, lines=lines, codes=body.codes, param=body.param, status=body.status or _status(message))


def _line_clue(text: str, lines: tuple[str, ...], status: int | None, tight: str) -> Clue:
    return Clue(kind="line", text=text, lines=lines[:6], status=_status(text) or status, errno=_errno(text), path=_path(text), tight=tight)


def _status(text: str) -> int | None:
    found = _STATUS.search(text) or _STATUS_FIRST.search(text)
    return int(found["status"]) if found else None


def _errno(text: str) -> str:
    """The name of the system's error in `text`, by its number or name, whatever language its words are in."""
    found = _ERRNO.search(text)
    if found:
        number = found["number"] or found["os"] or found["node"]
        if number == "8" and not found["win"] and re.search(r"(?i)nodename|servname|gaierror", text):
            return "EAI"
        windows = found["win"] or (found["os"] and re.search(r"[A-Za-z]:\\|\bsystem cannot\b|\bAccess is denied", text))
        return (_BY_WINERROR if windows else _BY_NUMBER).get(number, "")
    named = _ERRNO_NAME.search(text)
    if named:
        return named[1] or "EAI"
    return ""


def _path(text: str) -> str:
    """The last file that `text` names."""
    found = list(_PATH.finditer(text))
    return (found[-1]["quoted"] or found[-1]["bare"] or "") if found else ""


def _attributes(units: Iterable[Unit]) -> Clue | None:
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
    codes = frozenset(found[key].lower() for key in ("code", "type", "error_code") if key in found and re.fullmatch(r"[A-Za-z][\w.-]{2,60}", found[key]))
    if not codes:
        return None
    status = next((int(found[k]) for k in ("status_code", "statusCode", "status") if re.fullmatch(r"[45]\d\d", found.get(k, ""))), None)
    return Clue(kind="body", text=found.get("message", ""), lines=tuple(lines[:6]), codes=codes, param=found.get("param", ""), status=status)


def _nested(name: str, message: str) -> Iterator[tuple[str, str]]:
    """An exception and what its message wraps: `<urlopen error …>`, `(Caused by …)`."""
    inner = _URLOPEN.search(message)
    caused = _CAUSED_BY.search(message)
    if inner:
        yield name, inner["inner"]
    elif caused:
        yield caused["name"], caused["inner"]
    else:
        yield name, message


def _chains(units: Sequence[Unit], lines: Sequence[Line]) -> list[_Chain]:
    """The exceptions in the text, as chains. A traceback prints the cause first, a `caused by` line says it last."""
    chains: list[_Chain] = []
    texts = [line.text.strip() for line in lines]
    printed = [t for t in texts if t.startswith(("The above exception was the direct cause", "During handling of the above exception"))]
    for unit in units:
        if unit.kind == "foreign" or unit.text.startswith("{"):
            continue
        head = unit.lines[0].strip()
        cause = CAUSE.match(unit.lines[0])
        found = EXCEPTION.search(CAUSE.sub("", unit.text) if cause else unit.text)
        if not found:
            continue
        message = found["message"] if found["message"] is not None else (found["repr"] or "").strip("\"'") or _message_below(unit, units)
        text = " ".join((f"[{found['tag']}] " if found["tag"] else "") + message for _ in (0,))
        where = "" if cause else unit.text[: found.start()].rstrip(": ")
        link = (found["name"], text, where, unit.lines[:6])
        if cause and chains:
            chains[-1].links.append(link)
        elif printed and chains and not head.startswith("("):
            chains[-1].links.insert(0, link)
            printed.pop()
        else:
            chains.append(_Chain([link]))
    return chains


def _message_below(unit: Unit, units: Sequence[Unit]) -> str:
    """The message of an exception whose name stands alone on its line, when the next one gives it (`str(exc): …`, `message: …`)."""
    at = next((i for i, u in enumerate(units) if u is unit), len(units))
    match = re.match(r"(?:str\(\w*\)|message|reason): (.*)", units[at + 1].text) if at + 1 < len(units) else None
    return match[1] if match else ""


def refine(clue: Clue, **changes: Any) -> Clue:
    """A copy of `clue` with other values, for a classifier that reads more into it."""
    return replace(clue, **changes)
