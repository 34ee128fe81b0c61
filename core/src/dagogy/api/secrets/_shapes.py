"""What a secret looks like where nobody knows its value: tokens with a mark of their own, headers, options,
URLs, key files, `name: value`.

Every pattern takes time in proportion to the text, whatever the text: what is repeated without a bound is
taken when the pattern has come so far, or ends before the pattern can begin again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from dagogy.api.patterns import lazy_pattern
from dagogy.api.secrets._gitleaks import RULES
from dagogy.api.secrets._names import NO, STRONG, WEAK, says_where, strength, words_of

Span = tuple[int, int]

#: What a text must hold in small letters, and the pattern; its first group, else all of it, is the secret.
#: The prefixes that gitleaks knows as well are here for tokens of another length than today's, and for what
#: is left of one that was cut.
_PATTERNS: tuple[tuple[tuple[str, ...], str], ...] = (
    # One slash is what is left of a URL that was taken for a path; two letters before
    # it are no drive of Windows.
    ((":/", ":\\/\\/"), r"(?:(?<=://)|(?<=:\\/\\/)|(?<=[A-Za-z]{2}:/))[^/?#\s\"'<>\\]+(?=@)"),
    (("sk-",), r"(?<![A-Za-z0-9])sk-(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{8,}"),
    (("gh",), r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{16,}"),
    (("github_pat_",), r"(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{16,}"),
    (("gl",), r"(?<![A-Za-z0-9])gl(?:pat|dt|rt|cbt|ptt|soat|ft|ffct|imt|agent|oas)-[A-Za-z0-9_.-]{16,}"),
    (("akia", "asia", "abia", "acca"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}"),
    (("aiza",), r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{30,}"),
    (("ya29.",), r"(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{16,}"),
    (("1//0",), r"(?<![A-Za-z0-9/])1//0[A-Za-z0-9_-]{20,}"),
    (("xox", "xapp"), r"(?i)(?<![A-Za-z0-9])(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Z0-9-]{8,}"),
    (("hf_", "npm_"), r"(?<![A-Za-z0-9])(?:hf|npm)_[A-Za-z0-9]{16,}"),
    (("pypi-ag",), r"(?<![A-Za-z0-9])pypi-Ag[A-Za-z0-9_-]{16,}"),
    (("_live_", "_test_", "_prod_"), r"(?<![A-Za-z0-9])(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{8,}"),
    (("whsec_",), r"(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=]{16,}"),
    (("age-secret-key-",), r"(?i)(?<![A-Za-z0-9])AGE-SECRET-KEY-[A-Z0-9-]{16,}"),
    (("sg.",), r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    (("_v1_",), r"(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{16,}"),
    (("eyj",), r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}"),
    ((":aa",), r"(?<![\w:])\d{8,10}:AA[A-Za-z0-9_-]{30,}"),
    ((".",), r"(?<![\w.-])[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w-])"),
    (("sq0",), r"(?<![A-Za-z0-9])sq0(?:atp|csp)-[A-Za-z0-9_-]{20,}"),
    (("hvs.",), r"(?<![A-Za-z0-9])hvs\.[A-Za-z0-9_-]{20,}"),
    (("hooks.slack.com",), r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/_-]{8,})"),
    (("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/(\d{4,30}/[A-Za-z0-9_-]{16,})"),
    (("webhook.office.com",), r"webhook\.office\.com/([^\s\"'<>]{8,})"),
    (
        ("bearer",),
        r"(?i)(?<![a-z])bearer(?:\s|%20|\+){1,3}((?=[A-Za-z]*[0-9._~+/=-][A-Za-z0-9])[A-Za-z0-9._~+/=-]{8,})",
    ),
    (("aws4-hmac-sha256",), r"(?i)aws4-hmac-sha256[ \t]+([^\r\n\"']+)"),
    (
        ("authorization",),
        (
            r"(?i)authorization\\{0,4}[\"']?\s{0,3}[:=]\s{0,3}\\{0,4}[\"']?(?:digest|ntlm"
            r"|negotiate)[ \t]+((?:[^\r\n\"'\\]|\\{0,4}\"[^\"\\\r\n]{0,512}\\{0,4}\")+)"
        ),
    ),
    (
        ("authorization",),
        (
            r"(?i)authorization\\{0,4}[\"']?\s{0,3}[:=]\s{0,3}\\{0,4}[\"']?"
            r"(?:basic|token|apikey|api-key|bot)[ \t]+((?-i:(?=[a-z]*[A-Z0-9+/=]))[^\s\"'\\,;]{4,})"
        ),
    ),
    (
        ("cookie",),
        r"(?i)(?<![a-z])(?:set-)?cookie\\{0,4}[\"']?\s{0,3}:\s{0,3}\\{0,4}[\"']?([\w.%!#$&*+^`|~-]{1,128}=[^\r\n\"'\\]+)",
    ),
    (('auth"',), r"(?i)\"auth\"\s{0,3}:\s{0,3}\"([A-Za-z0-9+/]{8,}={0,2})\""),
    (
        ("login",),
        r"(?i)(?<![a-z])login\s{1,20}\S{1,200}\s{1,20}(?:account\s{1,20}\S{1,200}\s{1,20})?password\s{1,20}(\S+)",
    ),
    (("machine",), r"(?i)(?<![a-z])machine\s{1,20}\S{1,200}\s{1,20}password\s{1,20}(\S+)"),
    # .pgpass: host:port:database:user:password
    (
        (":",),
        r"(?<!\S)[\w.*-]{1,253}+:(?:\d{2,5}|\*):[\w.*-]{1,64}:[\w.*@-]{1,64}:(?![0-9a-fA-F:]*(?!\S))([^\s\"',]{6,})(?!\S)",
    ),
    (
        ("mysql", "mariadb"),
        r"(?:mysql|mariadb)[\w-]{0,16}(?:[ \t][^\s|;&]{1,100}){0,12}?[ \t]-p([^\s\"'-][^\s\"']+)",
    ),
    (("sshpass",), r"sshpass[ \t]{1,4}-p[ \t]{0,4}[\"']?([^\s\"']+)"),
    (("redis-cli",), r"redis-cli(?:[ \t][^\s|;&]{1,100}){0,8}?[ \t]-a[ \t]{1,4}[\"']?([^\s\"']+)"),
    (
        (" login",),
        (
            r"(?:docker|podman|oc|az|helm)[ \t](?:\w{1,20}[ \t])?login"
            r"(?:[ \t][^\s|;&]{1,100}){0,8}?[ \t]-p[ \t]{1,4}[\"']?([^\s\"']+)"
        ),
    ),
    (
        ("-u", "--user", "--proxy-user"),
        (
            r"(?<!\S)(?:-[uU]|--user|--proxy-user)[ \t=]{0,2}[\"']?"
            r"[^\s:\"'=]{1,128}:((?![\d:]+(?:\s|$))[^\s\"']{4,})"
        ),
    ),
    (
        ("accountkey", "sharedaccess"),
        r"(?i)(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([A-Za-z0-9+/=%&.-]{8,})",
    ),
    (("private-lines",), r"Private-Lines:[ \t]{0,4}\d{1,4}\s{1,4}((?:[A-Za-z0-9+/=]{1,80}\s{1,4})+)"),
)
_ALL = (*_PATTERNS, *((keywords, pattern) for _, keywords, pattern in RULES))
#: A match begins at most so far before its keyword, and has what it must have so far behind it.
_BACK, _AHEAD = 80, 1600
#: `name = value` in all the ways of programs: `name: value`, `"name": "value"`, `\"name\": \"value\"`,
#: `--name value`, `?name=value`.
_ASSIGNED = lazy_pattern(
    r"(?<![A-Za-z0-9_.-])(?P<dash>--?)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]{1,79}+)(?P<close>\\{0,4}[\"'`]?\]?)"
    r"(?P<sep>[ \t]{0,8}(?::=|=>|={1,3}|:)[ \t]{0,8}|(?(dash)[ \t]{1,4}(?=[^\s:=-])|(?!)))"
    r"(?P<open>(?:[brfu@]?\\{0,4}[\"'`])?)"
)
_OPTION_WORD = lazy_pattern(r"--?[A-Za-z][A-Za-z0-9-]{1,60}\Z")
_IN_QUOTES = {quote: lazy_pattern(rf"(?:\\.|[^{quote}\\\r\n])*") for quote in "\"'`"}
_IN_ESCAPED_QUOTES = lazy_pattern(r"[^\"'\\\r\n]*")
_WORD, _BARE = lazy_pattern(r"\S*"), lazy_pattern(r"[^\s\"'`,;&<>)\]}]*")
_KEYWORDS = (
    "pass",
    "pwd",
    "pin",
    "pat",
    "jwt",
    "cookie",
    "sess",
    "sid",
    "private",
    "webhook",
    "conn",
    "dsn",
    "cred",
    "auth",
    "token",
    "secret",
    "key",
)
_KEYWORDS_2 = ("otp", "sig", "sas", "bearer", "mnemonic")
#: Values that say how it stands with a secret, or stand for one.
_STATES = frozenset(
    (
        "required missing invalid expired incorrect unknown disabled enabled default optional unset redacted "
        "hidden masked present absent revoked rotated string password secret token null none true false "
        "undefined changeme example placeholder basic bearer oauth oauth2 internal undefined string"
    ).split()
)
_PROSE = lazy_pattern(
    r"\b(?:is|are|was|be|must|not|the|your|may|can|and|or|of|to|for|with|missing|required|invalid|field)\b",
    re.IGNORECASE,
)
_CALL = lazy_pattern(r"[A-Za-z_][\w.]*[(\[]")
_IDENTIFIER = lazy_pattern(r"[A-Za-z_][A-Za-z_.]*\Z")
_NO_TOKEN = lazy_pattern(
    r"(?:[0-9a-fA-F]{7,128}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|v?\d[\d.,:/T+-]*Z?|sha\d+[:-].*|[~.]{0,2}/.*|[a-z]+://.*|[A-Za-z]:\\.*)\Z",
    re.DOTALL,
)
_SIGNATURE = frozenset(
    {
        "sig",
        "signature",
        "key",
        "token",
        "code",
        "x-amz-signature",
        "x-amz-credential",
        "x-goog-signature",
        "x-goog-credential",
        "hmac",
    }
)
_PEM = lazy_pattern(r"-----BEGIN[ A-Z0-9_-]{0,60}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = lazy_pattern(r"-----END[ A-Z0-9_-]{0,60}PRIVATE KEY(?: BLOCK)?-----")
_PEM_LINE = lazy_pattern(
    r"(?:[\s|>\"',+]|\\{1,4}[nrt]){0,24}(?:(?:Proc-Type|DEK-Info"
    r"|Version|Comment): [^\r\n]{1,200}|[A-Za-z0-9+/=]{8,})"
)
_PEM_BEFORE = lazy_pattern(
    r"(?:(?:^|(?<=n)|(?<=\s)|(?<=\"))[A-Za-z0-9+/=]{4,100}(?:[\s|>\"',+]|\\{1,4}[nr]){1,16})\Z"
)
#: How much of a value is judged. All of one that is secret goes.
_LOOKED_AT = 128
_SHORT = 160


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    # A line end that is written as an escape, in JSON within JSON, ends in a letter
    # and parts words all the same.
    return re.compile(pattern.replace("(?<![A-Za-z0-9])", r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"))


def spans(text: str) -> list[Span]:
    """Where `text` has what looks like a secret."""
    return list(_spans_of_short(text)) if len(text) <= _SHORT else _spans(text)


@lru_cache(maxsize=2048)
def _spans_of_short(text: str) -> tuple[Span, ...]:
    return tuple(_spans(text))  # the same few names, commands and messages come again and again


def _spans(text: str) -> list[Span]:
    low = text.lower()
    found: list[Span] = []
    for keywords, pattern in _ALL:
        present = [word for word in keywords if word in low]
        if present:
            found += _matches(_compiled(pattern), text, low, present)
    if "private key" in low:
        found += _key_files(text)
    if any(word in low for word in (*_KEYWORDS, *_KEYWORDS_2)):
        found += [(start, end) for start, end, _ in assigned(text)]
    return found


def _matches(pattern: re.Pattern[str], text: str, low: str, keywords: list[str]) -> Iterator[Span]:
    """The secrets that `pattern` finds. Where its keywords are few, it looks around them only."""
    group = 1 if pattern.groups else 0
    for match in _around(pattern, text, low, keywords) if len(low) == len(text) else pattern.finditer(text):
        if match.end() > match.start():
            yield match.span(group if match.start(group) >= 0 else 0)


def _around(pattern: re.Pattern[str], text: str, low: str, keywords: list[str]) -> Iterator[re.Match[str]]:
    places: list[int] = []
    most = len(text) // (16 * _AHEAD)
    for word in keywords:
        at = low.find(word)
        while at >= 0 and len(places) <= most:
            places.append(at)
            at = low.find(word, at + 1)
    if len(places) > most:
        yield from pattern.finditer(text)
        return
    for place in places:
        limit = place + _AHEAD
        for match in pattern.finditer(text, max(0, place - _BACK), limit):
            yield match if match.end() < limit else pattern.match(text, match.start()) or match


def _key_files(text: str) -> Iterator[Span]:
    """Private keys as files hold them, whole, without their end, or without their beginning."""
    ends = [match.span() for match in _PEM_END.finditer(text)]
    at, number = 0, 0
    for begin in _PEM.finditer(text):
        if begin.start() < at:
            continue
        while number < len(ends) and ends[number][0] < begin.end():
            yield from _headless(text, at, ends[number])
            at = ends[number][1]
            number += 1
        at = begin.end()
        while line := _PEM_LINE.match(text, at):
            at = line.end()
        if number < len(ends) and ends[number][0] - at < 400:
            at = ends[number][1]
            number += 1
        yield begin.start(), at
    for end in ends[number:]:
        yield from _headless(text, at, end)
        at = end[1]


def _headless(text: str, after: int, end: Span) -> Iterator[Span]:
    start = end[0]
    while start > after and (line := _PEM_BEFORE.search(text[max(after, start - 120) : start])):
        start = max(after, start - 120) + line.start()
    if start < end[0]:
        yield start, end[1]


def assigned(text: str) -> Iterator[tuple[int, int, str]]:
    """Start and end of each value that is given to a secret name in `text`, and the name."""
    at = 0
    while match := _ASSIGNED.search(text, at):
        opened, sep = match["open"], match["sep"].strip()
        at = match.end() if opened or sep else match.end("name")
        if not sep and match["dash"] != "--":
            continue
        before = text[match.start() - 1] if match.start() else ""
        stated = _stated(text, match, before)
        if stated.power == NO:
            continue
        within = "" if opened else before
        end = _value(text, match, within, match.end() + _LOOKED_AT)
        name = match["name"]
        if (
            stated.power != STRONG
            and "PASS" not in name.upper()
            and not _DIGIT.search(text, match.end(), end)
        ):
            continue  # nothing but a digit makes it look like a secret; this is the way of almost all
        if stated.is_secret(text[match.end() : end]):
            at = _value(text, match, within, len(text))
            yield match.end(), at, name


def _stated(text: str, match: re.Match[str], before: str) -> _Stated:
    """How the value of one match is given; `before`: the character in front of it."""
    name, sep = match["name"], match["sep"]
    query = before in ("?", "&", ";") and sep == "="
    power = STRONG if query and name.lower() in _SIGNATURE else strength(name.rstrip(".-"))
    if power == WEAK and sep.strip() and before in (" ", "-"):
        power = max(power, strength(_words_before(text, match.start()) + name))
    return _Stated(name, power, bool(match["open"]), sep.strip(), bool(match["dash"]) or query, before)


def _words_before(text: str, start: int) -> str:
    """`API ` of `API key: …`."""
    found = re.search(r"(?:[A-Za-z]+[ -]){1,2}\Z", text[max(0, start - 32) : start])
    return found[0] if found else ""


def _value(text: str, match: re.Match[str], before: str, limit: int) -> int:
    """Where the value ends, or `limit` if it goes on."""
    opened, at = match["open"], match.end()
    if opened:
        return _end((_IN_ESCAPED_QUOTES if "\\" in opened else _IN_QUOTES[opened[-1]]), text, at, limit)
    # In the environment's way a value goes on to the next blank, whatever is in it.
    whole = (
        match["sep"] == "="
        and match["name"].isupper()
        and (not before or before.isspace())
        and not match["close"]
    )
    end = _end(_WORD if whole else _BARE, text, at, limit)
    while whole and end > at and text[end - 1] in "\"'`,;)]}":
        end -= 1
    return end


def _end(pattern: re.Pattern[str], text: str, at: int, limit: int) -> int:
    match = pattern.match(text, at, limit)
    return match.end() if match else at


def _is_no_prose(value: str) -> bool:
    """Whether what follows `--password` without a sign between is its value and no word of a sentence."""
    if any(c.isdigit() for c in value):
        return True
    is_word = value.isalpha() and (value.islower() or value.istitle() or value.isupper())
    return not is_word and "(" not in value


class _Stated:
    """How a value was given to a name, and what that says of it."""

    def __init__(self, name: str, power: int, quoted: bool, sep: str, argument: bool, before: str) -> None:
        self.name, self.power, self.quoted, self.sep, self.argument = name, power, quoted, sep, argument
        self.exported = sep == "=" and name.isupper() and (not before or before.isspace() or before in "\"'")
        self.listed = before == ";" and sep == "="

    def is_secret(self, value: str) -> bool:
        if _stands_for_one(value, self.name):
            return False
        words = set(words_of(self.name))
        if words & {"PIN", "PASSCODE", "OTP", "TOTP"} and value.isdigit():
            return 4 <= len(value) <= 12 and (words != {"PIN"} or self._is_setting())
        if self.power == STRONG:
            return self._strongly(value)
        if "PASS" in words and (self.quoted or self.sep in ("=", "") or len(words) > 1):
            return self._strongly(value) and not value.isdigit()
        return looks_random(value)

    def _is_setting(self) -> bool:
        """Whether a value was set, where `name: value` may as well be prose."""
        return self.quoted or self.sep != ":" or self.exported

    def _strongly(self, value: str) -> bool:
        if self._is_no_value(value):
            return False
        if not self.sep:
            return _is_no_prose(value)
        if _DIGIT.search(value) and not (" " in value and _PROSE.search(value)):
            return True
        if self.quoted:
            return not _PROSE.search(value) and not value.endswith((".", "…"))
        if self.exported or self.argument or self.listed:
            return True
        if self.sep == "=" and _IDENTIFIER.match(value):
            return False  # `api_key=api_key` of a call
        return not _IDENTIFIER.match(value.replace("-", "_")) and "…" not in value

    def _is_no_value(self, value: str) -> bool:
        """Whether it is too short, a call, or a place."""
        is_call = _CALL.match(value) and not self.quoted
        return bool(len(value) < 6 or is_call or (says_where(self.name) and _NO_TOKEN.match(value)))


def _stands_for_one(value: str, name: str) -> bool:
    """Whether a value only stands for a secret: a mark, a variable, a placeholder, asterisks, a state."""
    value = _AFTER_SCHEME.sub("", value.strip())
    low = value.lower().rstrip(".,:;!")
    return (
        len(low) < 4
        or value[0] in "[<{$%(…*"
        or low in _STATES
        or low == name.lower()
        or low.startswith(("os.environ", "env.", "your", "my ", "process.env", "redacted"))
        or not set(low) - set("*x.-_•…")
    )


_DIGIT, _LETTER, _SMALL, _CAPITAL = (lazy_pattern(r) for r in (r"\d", r"[^\W\d_]", r"[a-z]", r"[A-Z]"))
_NUMBERED = lazy_pattern(r"[a-z]+(?:[-_:.][a-z]+)*[-_:.]?\d+\Z")
_AFTER_SCHEME = lazy_pattern(r"(?i)(?:bearer|basic|token)[ \t]{1,4}(?=[\[<{$%(…*])")
_BLANK = lazy_pattern(r"\s")


def looks_random(value: str) -> bool:
    """Whether a word is made by chance: letters and digits mixed, no hash, no UUID, no number, no path."""
    if len(value) < 8 or _BLANK.search(value) or _NO_TOKEN.match(value):
        return False
    if not (_DIGIT.search(value) and _LETTER.search(value)) or _NUMBERED.match(value):
        return False
    return len(value) >= 16 or bool(_SMALL.search(value) and _CAPITAL.search(value))


def of_field(name: str, value: str) -> bool:
    """Whether `value` is a secret because a field of this name holds it."""
    power = strength(name)
    if power == NO or not value:
        return False
    return _Stated(name, power, True, ":", False, "").is_secret(value)


def arguments(words: Iterable[str]) -> Iterator[int]:
    """The places in a command line of the values of secret options: `--password`, `X`."""
    listed = list(words)
    for place, (word, value) in enumerate(pairwise(listed)):
        if word.startswith("--") and _OPTION_WORD.match(word) and strength(word.lstrip("-")) != NO:
            if not value.startswith(("--", "[")) and not (
                strength(word.lstrip("-")) != STRONG and len(value) < 4
            ):
                yield place + 1
        elif word in ("-u", "--user", "--proxy-user") and re.match(
            r"[^\s:/]{1,128}:(?!\d+\Z)[^\s]{4,}\Z", value
        ):
            yield place + 1
