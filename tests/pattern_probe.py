"""Finds every regular expression that dagogy compiles, and those whose time grows faster than the text.

Started as a program in a process of its own, so that each pattern is seen being compiled: those of every
module, of every plugin's implementation, and those that are made while a document is read. Prints one JSON
object: how many patterns, and the findings.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import json
import math
import os
import pkgutil
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

#: Characters of a text, and of the shorter one it is compared with.
LONG, SHORT = 3_200, 800
#: Four times the text takes about four times as long; pairs take sixteen times.
GROWTH = 9.0
#: Seconds of CPU for `LONG` characters under which no growth is looked at: a linear pattern takes less, and
#: pairs of so many take more.
QUICK = 0.0015
#: By the clock a pattern is not looked at any longer under this growth; by CPU time it fails above `GROWTH`.
SUSPICIOUS = 8.0
#: Seconds of CPU that are measured at least.
MEASURED = 0.1
TRIES = 3
#: After so many seconds of CPU a pattern counts as not linear.
LIMIT = 0.5

#: What texts consist of: letters, digits, spaces, punctuation, mixed words, brackets, ideographs.
RUNS = (
    *(
        " ",
        "\n",
        "\t",
        " \n",
        "a",
        "A",
        "0",
        "é",
        "中",
        "-",
        ".",
        ",",
        "/",
        "*",
        "_",
        "=",
        "#",
        "|",
        "<",
        ":",
        "&",
        "\\",
        '"',
        "'",
        "`",
        "“",
        "—",
    ),
    *("(", ")", "[", "]", "{", "(a", "[a](", "<a ", "| a ", "- a\n", "a\n", "> "),
    *(
        "a ",
        "A ",
        "0 ",
        "A a ",
        "a.",
        "a-",
        "a, ",
        "a/",
        "a: ",
        "a=",
        "0.",
        "1, ",
        "a and ",
        "the a ",
        "of a ",
    ),
)
#: Those of the quick test.
FEW = ("a", "0", " ", "\n", "-", "a ", "A a ", "a, ", "中")


class TooLong(Exception):
    """The limit on CPU seconds was reached."""


def _stop(number: int, frame: object) -> None:
    raise TooLong


# ------------------------------------------------------------------------------------------------- collecting


@dataclass(slots=True)
class Found:
    """A pattern, where it was compiled, and the ways in which it is used: `match`,
    `fullmatch`, `search`, `finditer`.
    """

    pattern: re.Pattern[str]
    module: str
    line: int
    ways: set[str]


#: How `re` names the function that compiled a pattern, or a method of a pattern: what the matcher does then.
WAYS = {
    "match": "match",
    "fullmatch": "fullmatch",
    "search": "search",
    "sub": "finditer",
    "subn": "finditer",
    "split": "finditer",
    "findall": "finditer",
}


def collected(work: Sequence[str]) -> list[Found]:
    """All patterns of text that are compiled. `work`: documents that are run through."""
    found: dict[tuple[str, int], Found] = {}
    plain = re._compile  # type: ignore[attr-defined]

    def compile_(pattern: Any, flags: Any) -> Any:
        made = plain(pattern, flags)
        caller, used = sys._getframe(2), sys._getframe(1).f_code.co_name
        name = caller.f_globals.get("__name__", "")
        if name.startswith("dagogy") and isinstance(made.pattern, str):
            one = found.setdefault((made.pattern, int(made.flags)), Found(made, name, caller.f_lineno, set()))
            if used != "compile":
                one.ways.add(WAYS.get(used, "finditer"))
        return made

    from dagogy.api import patterns

    re._compile = compile_  # type: ignore[attr-defined]
    # Here each is seen where it is named, whether it is used or not.
    patterns.lazy_pattern = re.compile
    try:
        for module in sorted(m.name for m in pkgutil.iter_modules() if m.name.startswith("dagogy")):
            _import_all(module)
        for document in work:
            _run(document)
    finally:
        re._compile = plain  # type: ignore[attr-defined]
    for one in found.values():
        one.ways.update(_ways_of(one))
    return list(found.values())


@functools.cache
def _source(module: str) -> str:
    return inspect.getsource(sys.modules[module])


@functools.cache
def _all_sources() -> str:
    return "\n".join(
        _source(name)
        for name in sorted(sys.modules)
        if name.startswith("dagogy") and getattr(sys.modules[name], "__file__", None)
    )


def _ways_of(one: Found) -> set[str]:
    """How the module that names the pattern uses it; both ways where it does not say so."""
    names = [name for name, value in vars(sys.modules[one.module]).items() if value is one.pattern]
    # What an object keeps is looked for by the name of its attribute.
    line = _source(one.module).split("\n")[one.line - 1]
    kept = re.findall(r"^\s+self\.(\w+)(?:: [^=]+)? = re\.compile\(", line)
    ways = {
        WAYS.get(used, used)
        for name in kept
        for used in re.findall(rf"self\.{name}\.(match|fullmatch|search|finditer|sub)\b", _source(one.module))
    }
    for name in names:
        text = _source(one.module) if name.startswith("_") else _all_sources()
        ways |= {
            WAYS.get(used, used)
            for used in re.findall(
                rf"\b{name}\s*\.(match|fullmatch|search|finditer|subn?|split|findall)\b", text
            )
        }
        # The name alone: it is handed on.
        if re.search(rf"\b{name}\b(?!\s*(?:\.|:\s|=[^=]))", text):
            ways |= {"match", "finditer"}
    return ways if ways or one.ways else {"match", "finditer"}


def _import_all(name: str) -> None:
    module = importlib.import_module(name)
    for inner in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        if not inner.name.endswith("__main__"):
            importlib.import_module(inner.name)


def _run(document: str) -> None:
    """One whole run of `document`, whose patterns made of its own words count too."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from dagogy.cli.group import run

    with TemporaryDirectory() as folder, open(os.devnull, "w") as nothing:
        path = Path(folder, "scope.md")
        path.write_text(document)
        with (
            contextlib.chdir(folder),
            contextlib.redirect_stdout(nothing),
            contextlib.redirect_stderr(nothing),
        ):
            run(["init", "probe"])
            run(["run", "latest", "--scope-file", str(path)])
            run(["why", "latest"])


# -------------------------------------------------------------------------------------------------- attacking


def prefixes(pattern: str, flags: int) -> list[str]:
    """What can stand in front of each repetition of the pattern: a text that leads the matcher to it."""
    out: dict[str, None] = {"": None}

    def sample(items: Any) -> str:
        return "".join(_sample(op, argument, sample) for op, argument in items)

    def walk(items: Any, before: str) -> None:
        for op, argument in items:
            if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
                least, most, inner = argument
                if most > 4:
                    out[before] = None
                walk(inner, before)
                before += sample(inner) * (least or (1 if most > 4 else 0))
                if most > 4:
                    out[before] = None
                continue
            if op is sre.SUBPATTERN:
                walk(argument[-1], before)
            elif op is sre.ATOMIC_GROUP:
                walk(argument, before)
            elif op is sre.BRANCH:
                for branch in argument[1]:
                    walk(branch, before)
            elif op is sre.ASSERT:
                walk(argument[1], before)
            before += _sample(op, argument, sample)

    walk(parser.parse(pattern, flags), "")
    return list(out)


def _sample(op: Any, argument: Any, sample: Any) -> str:
    """A text that one node of a parsed pattern matches, or nearly."""
    if op is sre.LITERAL:
        return chr(argument)
    if op is sre.IN:
        return _member(argument)
    if op in (sre.ANY, sre.NOT_LITERAL):
        return "a"
    if op is sre.SUBPATTERN:
        return str(sample(argument[-1]))
    if op is sre.ATOMIC_GROUP:
        return str(sample(argument))
    if op is sre.BRANCH:
        return str(sample(argument[1][0]))
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return str(sample(argument[2])) * argument[0]
    return ""


def _member(items: Any) -> str:
    negated = items[0][0] is sre.NEGATE
    for candidate in "aA0 .-,:;/(['\"\n":
        if any(_holds(op, argument, candidate) for op, argument in items if op is not sre.NEGATE) != negated:
            return candidate
    op, argument = items[-1]
    return chr(argument if op is sre.LITERAL else argument[0] if op is sre.RANGE else 97)


def _holds(op: Any, argument: Any, character: str) -> bool:
    if op is sre.LITERAL:
        return argument == ord(character)
    if op is sre.RANGE:
        return bool(argument[0] <= ord(character) <= argument[1])
    kinds = {
        sre.CATEGORY_WORD: character.isalnum() or character == "_",
        sre.CATEGORY_SPACE: character.isspace(),
        sre.CATEGORY_DIGIT: character.isdigit(),
    }
    opposite = {
        sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
        sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
        sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
    }
    return (
        kinds[argument]
        if argument in kinds
        else not kinds[opposite[argument]]
        if argument in opposite
        else False
    )


def loops(pattern: str, flags: int) -> list[str]:
    """A text for each repetition of the pattern that it matches once."""
    out: dict[str, None] = {}

    def sample(items: Any) -> str:
        return "".join(
            _sample(op, argument, sample)
            if op not in (sre.MAX_REPEAT, sre.MIN_REPEAT)
            else sample(argument[2]) * max(1, argument[0])
            for op, argument in items
        )

    def walk(items: Any) -> None:
        for op, argument in items:
            if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
                if argument[1] > 4:
                    out[sample(argument[2])] = None
                walk(argument[2])
            elif op is sre.SUBPATTERN:
                walk(argument[-1])
            elif op is sre.ATOMIC_GROUP:
                walk(argument)
            elif op is sre.BRANCH:
                for branch in argument[1]:
                    walk(branch)
            elif op in (sre.ASSERT, sre.ASSERT_NOT):
                walk(argument[1])

    walk(parser.parse(pattern, flags))
    return [text for text in out if 0 < len(text) < 40]


def attacks(pattern: str, flags: int, *, thorough: bool) -> Iterator[tuple[str, str]]:
    """Pairs of what stands in front and what is repeated."""
    if not thorough:
        for run in FEW:
            yield "", run
        return
    before = prefixes(pattern, flags)[:24]
    # Its own words again and again, as a cue that occurs often and is never followed by what it needs.
    own = [f"{text}{space}" for text in before if 1 < len(text) < 40 for space in ("", " ")]
    runs = dict.fromkeys((*loops(pattern, flags)[:12], *own, *RUNS))
    for prefix in before:
        for run in runs:
            yield prefix, run


def _once(compiled: re.Pattern[str], way: str, text: str) -> None:
    if way == "finditer":
        for _ in compiled.finditer(text):
            pass
    else:
        getattr(compiled, way)(text)


def _limited(function: Callable[[], float]) -> float:
    """What `function` returns; infinity where it takes more than `LIMIT` seconds of CPU."""
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        return function()
    except TooLong:
        return math.inf
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _elapsed(compiled: re.Pattern[str], way: str, text: str) -> float:
    """Seconds by the clock: never less than those of CPU, which some systems count in ticks of 10 ms."""
    start = time.perf_counter()
    _once(compiled, way, text)
    return time.perf_counter() - start


def _cpu(compiled: re.Pattern[str], way: str, text: str) -> float:
    """Seconds of CPU of one call, from so many calls that ticks do not matter."""
    calls, start = 0, time.process_time()
    while (spent := time.process_time() - start) < MEASURED:
        _once(compiled, way, text)
        calls += 1
    return spent / calls


def call_growth(function: Callable[[str], object], long: str, short: str) -> float:
    """How many times longer (in CPU time) a function takes for `long` than for `short`; 1 where that is too
    quick to be measured.

    The least of some tries: what else the machine does counts in some of them only.
    """

    def cpu(text: str, calls: int) -> float:
        start = time.process_time()
        for _ in range(calls):
            function(text)
        return (time.process_time() - start) / calls

    grown = math.inf
    for _ in range(TRIES):
        took = cpu(long, 1)
        if took < 10 * QUICK:
            return 1.0
        grown = min(grown, took / max(cpu(short, 4), 1e-9))
        if grown <= GROWTH:
            break
    return grown


def growth(compiled: re.Pattern[str], way: str, prefix: str, run: str) -> float:
    """How many times longer four times the text takes; 1 where that is too quick to be measured."""

    def text(size: int) -> str:
        return prefix + run * (size // len(run)) + "\x00"

    long, short = text(LONG), text(SHORT)
    once = _limited(lambda: _elapsed(compiled, way, long))
    if once < QUICK:
        return 1.0
    if once == math.inf:
        return math.inf
    # The clock also counts what other processes do: the least of some is what the pattern takes.
    if min(once, *(_elapsed(compiled, way, long) for _ in range(2))) < SUSPICIOUS * min(
        _elapsed(compiled, way, short) for _ in range(3)
    ):
        return 1.0
    # CPU time is counted in ticks that may fall on others: the least of some tries is what the pattern takes.
    grown = math.inf
    for _ in range(TRIES):
        grown = min(grown, _cpu(compiled, way, long) / _cpu(compiled, way, short))
        if grown <= GROWTH:
            break
    return grown


def findings(found: Sequence[Found], *, thorough: bool) -> Iterator[dict[str, Any]]:
    """Each pattern that is not linear, with the text that shows it."""
    signal.signal(signal.SIGVTALRM, _stop)
    for one in found:
        worst = max(_growths(one, thorough=thorough), default=(0.0, "", "", ""))
        if worst[0] > GROWTH:
            grown, way, prefix, run = worst
            place = {"module": one.module, "line": one.line, "pattern": one.pattern.pattern}
            yield {**place, "growth": min(grown, 999.0), "way": way, "prefix": prefix, "run": run}


def _growths(one: Found, *, thorough: bool) -> Iterator[tuple[float, str, str, str]]:
    # To find all is to search again and again.
    ways = one.ways - {"search"} if "finditer" in one.ways else one.ways
    for prefix, run in attacks(one.pattern.pattern, one.pattern.flags, thorough=thorough):
        for way in sorted(ways):
            grown = growth(one.pattern, way, prefix, run)
            yield grown, way, prefix, run
            if grown > GROWTH:
                return


def main(documents: Sequence[str], *, thorough: bool) -> None:
    found = collected(documents)
    sys.stderr.write(f"{len(found)} patterns\n")
    shown = []
    for finding in findings(found, thorough=thorough):
        shown.append(finding)
        sys.stderr.write(json.dumps(finding, ensure_ascii=False) + "\n")
    json.dump({"patterns": len(found), "findings": shown}, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    from pathlib import Path

    main([Path(name).read_text() for name in sys.argv[2:]], thorough=sys.argv[1] == "thorough")
