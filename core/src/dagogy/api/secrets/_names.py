"""Which names say that what they name is secret: of variables, options, fields, headers and
parameters, in any case style.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

#: `DB_PASSWORD`, `dbPassword`, `db-password` and `DBPassword` are the same words.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: Names with one of these words name a secret; in a text a value is believed to be one though
#: it be a word like any other.
_STRONG = frozenset(
    {
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "PASSCODE",
        "PWD",
        "SECRET",
        "CREDENTIAL",
        "CRED",
        "JWT",
        "DSN",
        "AUTHORIZATION",
        "OTP",
        "TOTP",
        "WEBHOOK",
        "APIKEY",
        "SAS",
        "BEARER",
        "CONNSTR",
        "MNEMONIC",
        "HTPASSWD",
    }
)
#: Also names of much else: in a text the value has to look like a secret.
WEAK_WORDS = frozenset(
    {
        "PASS",
        "PIN",
        "PAT",
        "COOKIE",
        "SESSION",
        "SESSIONID",
        "PRIVATE",
        "AUTH",
        "KEY",
        "TOKEN",
        "SESSID",
        "SID",
    }
)
#: What some write as one word: the last part of `PGPASSWORD`, `accesskey`.
_GLUED = re.compile(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|SSHPASS|CONNECTIONSTRING|(?:API|ACCESS|SECRET|PRIVATE|AUTH|ACCOUNT|MASTER|DEPLOY|SIGNING|ENCRYPTION)KEY)$"
)
#: Two words that are strong together.
_STRONG_KEYS = frozenset(
    (
        "API ACCESS SECRET PRIVATE AUTH ACCOUNT MASTER DEPLOY SIGNING ENCRYPTION SHARED SUBSCRIPTION ADMIN "
        "SERVICE LICENSE SSH"
    ).split()
)
_STRONG_TOKENS = frozenset(
    (
        "ACCESS AUTH REFRESH API BEARER SECURITY SESSION ID BOT DEPLOY CSRF XSRF CLIENT GH GITHUB GITLAB HF "
        "NPM PYPI SLACK VAULT"
    ).split()
)
_STRONG_PAIRS = frozenset(
    {
        ("CONNECTION", "STRING"),
        ("CONN", "STR"),
        ("CONN", "STRING"),
        ("PASS", "PHRASE"),
        *((word, "KEY") for word in _STRONG_KEYS),
    }
)
#: Keys that are no secrets: of tables, caches, sorting, keyboards; and the public one of two.
_OTHER_KEYS = frozenset(
    (
        "PUBLIC PRIMARY FOREIGN CACHE SORT PARTITION HOT KEYBOARD SHORTCUT ROW COLUMN INDEX LOOKUP GROUP "
        "ANSWER IDEMPOTENCY"
    ).split()
)
#: Names that count or describe a secret, by their last word; and numbers of tokens,
#: which models read and write.
_ABOUT = frozenset(
    (
        "COUNT LENGTH LEN SIZE LIMIT TTL TIMEOUT TYPE ENABLED REQUIRED POLICY EXPIRY EXPIRES MODE METHOD "
        "ROTATION STATUS STATE ERROR VERSION PARALLELISM CRITERIA CRITERION"
    ).split()
)
_COUNTING = frozenset(
    (
        "MAX MIN TOTAL NUM NUMBER LIMIT PROMPT COMPLETION INPUT OUTPUT CACHED REASONING USED SPENT LEFT PER "
        "BUDGET COUNT USAGE"
    ).split()
)
_WHERE = frozenset("FILE PATH DIR DIRECTORY FOLDER HOME SOCK SOCKET".split())
#: The shell's working directory.
_NONE = frozenset({"PWD", "OLDPWD", "OLD_PWD"})
STRONG, WEAK, NO = 2, 1, 0


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in capitals, in the singular."""
    return tuple(
        w.removesuffix("S") if len(w) > 3 and not w.endswith("SS") else w
        for w in map(str.upper, _WORD.findall(name))
    )


@lru_cache(maxsize=4096)
def strength(name: str) -> int:
    """`STRONG` where the name alone says that its value is secret, `WEAK` where it
    is if it looks so, else `NO`.
    """
    words = words_of(name)
    if not words or name.upper() in _NONE or words[-1] in _ABOUT:
        return NO
    if not _STRONG.isdisjoint(words) or any(w != "TOKEN" and _GLUED.search(w) for w in words):
        return STRONG
    if "TOKEN" in words:
        return _strength_of_token(words)
    if any(pair in _STRONG_PAIRS for pair in pairwise(words)):
        return STRONG
    weak = WEAK_WORDS.intersection(words)
    return NO if not weak or (weak == {"KEY"} and not _OTHER_KEYS.isdisjoint(words)) else WEAK


def _strength_of_token(words: Sequence[str]) -> int:
    """Of a name with the word TOKEN: models count tokens, and parsers have them."""
    if not _COUNTING.isdisjoint(words):
        return NO
    return STRONG if any(a in _STRONG_TOKENS and b == "TOKEN" for a, b in pairwise(words)) else WEAK


def is_secret_name(name: str) -> bool:
    """Whether the value of a variable, option or field of this name is to be kept secret: `DB_PASS`,
    `accessToken`, `--api-key`; not `KEYBOARD`.
    """
    return strength(name) != NO


def says_where(name: str) -> bool:
    """Whether the name is of a place in which a secret lies, and so of none itself: `PASSWORD_FILE`."""
    words = words_of(name)
    return bool(words) and words[-1] in _WHERE
