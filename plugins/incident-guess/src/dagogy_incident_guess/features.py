"""A text as counted features: what the training script and the classifier both read a failure by."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log
from zlib import crc32

from dagogy.api.failures import FailureEvidence

#: Failures say what they are at the end, and where they began at the start: of longer texts only these many
#: characters of both are read.
HEAD, TAIL = 500, 1500
#: Lengths of the character n-grams.
_GRAMS = (2, 3, 4, 5)
_NOT_ITS_OWN = frozenset({"foreign", "banner", "prompt", "reply", "warning"})
_WORD = re.compile(r"[a-z_]+|0+")
_DIGITS = re.compile(r"[0-9]")
_BLANKS = re.compile(r"\s+")
#: Paths and times differ from machine to machine and say nothing of the fault.
_PATHS = re.compile(r"(?:/[\w.@+-]+){2,}/")
#: Each kind of speaker by its grammar; which ones are known is learned.
_SPEAKERS = (
    (
        re.compile(r"(?:^|[\s:('\"])(?!builtins\b)([a-z_]\w*)(?:\.\w+)*\.\w*(?:error|exception|timeout)\b"),
        "package",
    ),
    (re.compile(r"^\s*([a-z][\w+-]*)(?:\[\d+\])?: "), "program"),
    (re.compile(r"^([a-z][\w-]*) (?:error|err!|warn)\b"), "program"),
    (re.compile(r"\b(?:https?|wss?)://([\w.-]+)"), "host"),
)


def own_words(evidence: FailureEvidence) -> str:
    """What the program itself says in the text of a failure: without the errors of other programs, banners,
    warnings, the prompt and the reply.
    """
    return "\n".join(line.text for line in evidence.lines if line.kind not in _NOT_ITS_OWN).strip()


def normal(text: str) -> str:
    """The text in lower case, every digit a 0, each folder of a path left out, runs of blanks as one."""
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]}\n{text[-TAIL:]}"
    return _BLANKS.sub(" ", _DIGITS.sub("0", _PATHS.sub("/", text.lower()))).strip()


def features(text: str) -> dict[int, float]:
    """The hashed features of a text, each with its weight, which grows with the logarithm of the count.

    The hash is the CRC-32 of a word, of two words in a row, or of 2 to 5 characters within what stands
    between blanks.
    """
    plain = normal(text)
    counts: Counter[str] = Counter()
    for token, times in Counter(plain.split(" ")).items():
        padded = f" {token} "
        for length in _GRAMS:
            for start in range(len(padded) - length + 1):
                counts[padded[start : start + length]] += times
    words = _WORD.findall(plain)
    counts.update("w:" + word for word in words)
    counts.update(f"b:{a} {b}" for a, b in pairwise(words))
    return {_hash(name): 1.0 + log(n) for name, n in counts.items()}


def speakers(text: str) -> frozenset[int]:
    """Who speaks in a text, hashed: the packages of exceptions, the programs at the beginnings of lines, and
    the hosts of addresses, of these the last two parts of the name.
    """
    found = set()
    for line in text.lower().splitlines():
        for pattern, kind in _SPEAKERS:
            found |= {f"{kind}:{_domain(name) if kind == 'host' else name}" for name in pattern.findall(line)}
    return frozenset(map(_hash, found))


def _domain(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _hash(name: str) -> int:
    return crc32(name.encode("utf-8", "replace"))
