"""Whatever a text consists of, the time for it grows with its length: no pattern backtracks,
and no document holds a run up.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hostile_documents import HEAD, SHAPES
from support import ROOT, CommandRunner, clean_environment, forked

PROBE = Path(__file__).resolve().parent / "pattern_probe.py"
SIZE = 100_000
#: What a document of `SIZE` may take at most, in `unit`s of CPU time: twice what 5 s are on the machine on
#: which it was measured, idle.
ALLOWED = 512
#: Times what is allowed after which a document counts as one that never ends.
HANGS_AFTER = 10


def slow_patterns(thoroughness: str, tmp_path: Path) -> list[dict[str, Any]]:
    """The patterns whose time grows faster than the text, found in a process
    that sees each being compiled.
    """
    names = ("container-networking", "intro-statistics")[: 1 + (thoroughness == "thorough")]
    documents = [str(ROOT / "examples" / f"{name}.md") for name in names]
    done = subprocess.run(
        [sys.executable, str(PROBE), thoroughness, *documents],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    shown = json.loads(done.stdout)
    assert shown["patterns"] > 500  # all are seen
    findings: list[dict[str, Any]] = shown["findings"]
    return findings


@pytest.mark.slow
def test_patterns_take_time_that_grows_with_the_text(tmp_path: Path) -> None:
    assert not slow_patterns("few", tmp_path)


@pytest.mark.slow
def test_patterns_take_time_that_grows_with_any_text(tmp_path: Path) -> None:
    assert not slow_patterns("thorough", tmp_path)


@pytest.mark.slow
def test_the_probe_finds_patterns_that_backtrack() -> None:
    import pattern_probe as probe

    for pattern, way in (
        (r"(?:\w+ ?){1,8}$", "match"),
        (r"\s+$", "finditer"),
        (r"^\S+ needs (?:\S+ ?){1,8}\d$", "match"),
        (r"\bfrom\b.*\bto\b", "search"),
        (r"(a|a)*b", "match"),
    ):
        one = probe.Found(re.compile(pattern), "here", 1, {way})
        assert list(probe.findings([one], thorough=True)), pattern
    for pattern, way in (
        (r"(?<!\s)\s+$", "finditer"),
        (r"\w+(?: \w+){0,7}", "match"),
        (r"[a-z]+\d", "match"),
    ):
        assert not list(
            probe.findings([probe.Found(re.compile(pattern), "here", 1, {way})], thorough=True)
        ), pattern


def unit() -> float:
    """Seconds of CPU that a fixed amount of work on a text takes here and now: on a busy machine, whose cores
    share their caches, up to twice as many.
    """
    text = (
        "A falcon hunts in flight, and the heron waits for 12 minutes; see https://birds.example/falcon.\n"
        * 500
    )
    repeats, began = 10, time.process_time()
    for _ in range(4 * repeats):
        words = re.findall(r"\w+", text.lower())
        Counter(pairwise(words)).most_common(5)
        [line.strip().split(" ") for line in text.splitlines() if re.search(r"\bheron\b", line)]
    return (time.process_time() - began) / repeats


def run_within(units: int, text: str, runner: CommandRunner, tmp_path: Path) -> tuple[int, str]:
    """Status and stderr of a run of `text` in a process of its own, which may take so many `unit`s of CPU
    time. What is loaded once is loaded before.
    """
    (runner.folder / "warm.md").write_text(HEAD)
    runner.init()
    runner("run", "latest", "--scope-file", "warm.md")
    (runner.folder / "scope.md").write_text(text)

    def run() -> int:
        before = unit()
        seconds = math.ceil(HANGS_AFTER * units * before)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        began = time.process_time()
        done = runner("run", "latest", "--scope-file", "scope.md")
        took = (time.process_time() - began) / max(before, unit())
        os.write(2, done.err.encode())
        assert took <= units, f"{took:.0f} units of CPU time, {units} are allowed"
        return done.status

    done = forked(run, tmp_path)
    return done.status, done.err


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_a_document_of_any_shape_ends(shape: str, runner: CommandRunner, tmp_path: Path) -> None:
    status, err = run_within(ALLOWED, SHAPES[shape](SIZE), runner, tmp_path)
    assert status in (0, 2, 4), err
    assert "could not run" not in err


@pytest.mark.parametrize(
    "shape", ["a URL after each cue", "one sentence", "AsciiDoc links", "marks and words"]
)
def test_a_small_document_of_a_hard_shape_ends(shape: str, runner: CommandRunner, tmp_path: Path) -> None:
    status, err = run_within(ALLOWED, SHAPES[shape](12_000), runner, tmp_path)
    assert status in (0, 4), err


@pytest.mark.slow
def test_a_long_address_after_requires_is_read_at_once(runner: CommandRunner, tmp_path: Path) -> None:
    url = "https://host.example/" + "-".join(["a"] * 120)
    text = (
        "# Birds\n\n## Falcon\n\nA falcon hunts in flight.\n\n## Heron\n\n"
        f"The heron requires {url}; see there!\n"
    )
    status, err = run_within(ALLOWED, text, runner, tmp_path)
    assert status in (0, 4), err
