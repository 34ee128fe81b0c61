#!/usr/bin/env python3
"""`make bench-ordering`: how well the provider `internal` orders concepts, against orders and
prerequisites that people made.

Four measures, each printed as a table:

- the benchmark's dev cases through the command line, in its three modes, by its own runner and scorer, beside
  its shuffled chain and its heuristic;
- our own cases (`tests/data/ordering`): those that may be tuned on, and with `--judge`
  those that are kept for judging;
- the worth of each signal: the agreement with that signal switched off, against all of them
  (`edges.SIGNALS`);
- with `--loko`, leave one kind out: weights are searched on the cases of all kinds but one and scored on that
  kind, beside the shipped weights.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from dagogy.api.documents import TopicSpec
from dagogy.pipeline.spec import synthesise_spec
from dagogy_provider_internal.ordering.weights import DEFAULT, SIGNALS, Weights
from dagogy_provider_internal.study import Chosen, Studied, chosen, read, study
from dagogy_reader_markdown.reader import read_markdown
from pydantic import TypeAdapter

ROOT = Path(__file__).resolve().parents[1]
BENCH = Path(os.environ.get("DAGOGY_BENCH") or ROOT.parent / "shared/bench")
OWN = ROOT / "tests/data/ordering"
MODES = ("scope", "spec", "spec+doc")
#: What is aimed at: the least of each score but `violation`, of which it is the most.
COMMON = {"coverage": 0.97, "purity": 0.90, "violation": 0.08}
AIMS = {"scope": {**COMMON, "agreement": 0.58}, "spec": {**COMMON, "agreement": 0.48}, "spec+doc": COMMON}
#: Kinds of the benchmark that our own cases name by what they are, not by where they come from.
SAME_KIND = {"exercism": "track", "metacademy": "maths"}
#: Leave one kind out: each weight takes these multiples of the shipped one, one weight after
#: the other, so many times over.
GRID = (1.0, 0.0, 0.5, 2.0)
PASSES = 2
Row = dict[str, Any]


class Scorer:
    """The benchmark's `score.py` and `heuristic.py`, as they are; only which concept a title means is found
    once, not at every trial.
    """

    def __init__(self, bench: Path) -> None:
        self.folder = bench / "ordering"
        if not (self.folder / "score.py").is_file():
            raise FileNotFoundError(
                f"no ordering benchmark at {bench}: ordering/score.py is missing; give its folder with "
                "--bench or DAGOGY_BENCH"
            )
        sys.dont_write_bytecode = True  # the folder is not ours
        sys.path.insert(0, str(self.folder))
        self._score = cast("Any", import_module("score"))
        self._score.Matcher = _remembering(self._score.Matcher)

    def score(self, truth: Row, curriculum: Row) -> Row:
        row: Row = self._score.score(truth, curriculum)
        return row | {"kind": SAME_KIND.get(row["kind"], row["kind"])}

    def chain(self, titles: list[str]) -> Row:
        made: Row = self._score.chain(titles)
        return made

    def heuristic(self, path: Path) -> Row:
        """Run as a program: its sums depend on the order of sets."""
        command = [sys.executable, str(self.folder / "heuristic.py"), str(path)]
        made: Row = json.loads(
            subprocess.run(
                command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "0"}
            ).stdout
        )
        return made

    def table(self, rows: list[Row], title: str, *, each: bool = True) -> str:
        return str(self._score.table(rows, title, each))


def _remembering(matcher: Callable[[list[Row]], Any]) -> Callable[[list[Row]], Any]:
    known: dict[str, Any] = {}

    def of(concepts: list[Row]) -> Any:
        key = json.dumps(concepts)
        if key not in known:
            known[key] = matcher(concepts)
            known[key].best = cache(known[key].best)
        return known[key]

    return of


@dataclass(frozen=True)
class Case:
    """One case: its folder, and its truth, which only the scorer gets to see."""

    folder: Path
    truth: Row

    @property
    def kind(self) -> str:
        return str(SAME_KIND.get(self.truth["kind"], self.truth["kind"]))


def load(folder: Path, names: Iterable[str]) -> list[Case]:
    return [
        Case(folder / name, json.loads((folder / name / "truth.json").read_text(encoding="utf-8")))
        for name in names
    ]


def split(folder: Path, part: str) -> list[str]:
    names: list[str] = json.loads((folder / "split.json").read_text(encoding="utf-8"))[part]
    return names


# -------------------------------------------------------------------------------------------- in this process


@cache
def material(folder: Path, mode: str) -> Chosen:
    """The concepts of a case as `dagogy run` would choose them. Raises the errors of
    `read_scope` and of the provider.
    """
    document = read_markdown((folder / "scope.md").read_text(encoding="utf-8"), source="scope.md")
    written = (
        synthesise_spec(document, read(document), b"{}", b"{}")
        if mode == "scope"
        else (folder / "topic_spec.json").read_bytes()
    )
    # The runner lays the document where a run has its scope document, so it is read as one.
    by_scope = mode != "spec"
    return chosen(
        TypeAdapter(TopicSpec).validate_json(written), [document] if by_scope else [], by_scope=by_scope
    )


def curriculum(studied: Studied) -> Row:
    """The part of a curriculum that is scored: nodes in the order of study, with their prerequisites."""
    before: dict[int, list[str]] = {i: [] for i in studied.arrangement.order}
    for edge in studied.arrangement.edges:
        before[edge.after].append(studied.concepts[edge.before].id)
    return {
        "nodes": [
            {"id": studied.concepts[i].id, "title": studied.concepts[i].title, "prerequisites": before[i]}
            for i in studied.arrangement.order
        ]
    }


def scored(scorer: Scorer, case: Case, mode: str, weights: Weights = DEFAULT) -> Row:
    given = material(case.folder, mode)
    return scorer.score(
        case.truth, curriculum(study(given.concepts, given.limit, given.topic, weights=weights))
    )


def changed(weights: Weights, values: Mapping[str, float]) -> Weights:
    """Weights with other values; those that are counts stay whole numbers."""
    new: dict[str, Any] = {
        name: round(value) if isinstance(getattr(weights, name), int) else float(value)
        for name, value in values.items()
    }
    return replace(weights, **new)


def mean(rows: Iterable[Row], key: str = "agreement") -> float:
    return statistics.fmean(row[key] for row in rows if key in row)


# --------------------------------------------------------------------------------------------------- the aims


def by_kind(rows: Iterable[Row]) -> dict[str, float]:
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row["kind"], []).append(row)
    return {kind: mean(of_kind) for kind, of_kind in kinds.items()}


def beside(
    scorer: Scorer, mode: str, cases: Sequence[Case], rows: Sequence[Row]
) -> tuple[list[str], list[str]]:
    """The means beside those of the chain and the heuristic, with the aims; and what was missed."""
    specs = [json.loads((c.folder / "topic_spec.json").read_text(encoding="utf-8")) for c in cases]
    chain = [
        scorer.score(c.truth, scorer.chain(spec["scope_in"])) for c, spec in zip(cases, specs, strict=True)
    ]
    source = "topic_spec.json" if mode == "spec" else "scope.md"
    heuristic = [scorer.score(c.truth, scorer.heuristic(c.folder / source)) for c in cases]
    keys = ("coverage", "purity", "violation", "agreement")
    lines = [f"{mode:<26}" + "".join(f"{key:>11}" for key in keys)]
    for name, some in (("internal", rows), ("heuristic.py", heuristic), ("shuffled chain", chain)):
        lines.append(f"  {name:<24}" + "".join(f"{mean(some, key):>11.3f}" for key in keys))
    aims = AIMS[mode]
    lines.append(f"  {'aim':<24}" + "".join(f"{_aim(key, aims):>11}" for key in keys))
    missed = [
        f"{mode}: {key} is {mean(rows, key):.3f}, {aim} is the aim"
        for key, aim in aims.items()
        if not _met(key, mean(rows, key), aim)
    ]
    ours, least = by_kind(rows), by_kind(chain)
    missed += [
        f"{mode}: kind {kind} is at {ours[kind]:.3f}, below its chain at {least[kind]:.3f}"
        for kind in ours
        if ours[kind] < least[kind]
    ]
    return lines, missed


def _aim(key: str, aims: Mapping[str, float]) -> str:
    if key not in aims:
        return "-"
    return f"{'<=' if key == 'violation' else '>='} {aims[key]:.2f}"


def _met(key: str, value: float, aim: float) -> bool:
    return value <= aim if key == "violation" else value >= aim


def through_command_line(scorer: Scorer, mode: str, cases: Sequence[Case], folder: Path) -> list[Row]:
    """The benchmark's own runner over its dev cases. A case without a curriculum scores nothing."""
    out = folder / mode
    command = [
        "python3.11",
        str(scorer.folder / "run_system.py"),
        "--root",
        str(ROOT),
        "--mode",
        mode,
        "--out",
        str(out),
        "--split",
        "dev",
    ]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode or "NO CURRICULUM" in done.stdout or "init failed" in done.stdout:
        print(done.stdout + done.stderr, file=sys.stderr)
    rows = []
    for case in cases:
        path = out / f"{case.folder.name}.json"
        rows.append(
            scorer.score(
                case.truth, json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"nodes": []}
            )
        )
    return rows


# ------------------------------------------------------------------------------------- what signals are worth


def ablation(scorer: Scorer, sets: Mapping[str, Sequence[Case]]) -> list[str]:
    """Mean agreement with each signal off, and how far that is from all signals: what is lost by
    leaving it out has a minus.
    """
    columns = [(name, mode) for name in sets for mode in ("scope", "spec")]

    def measured(weights: Weights) -> list[float]:
        return [mean(scored(scorer, case, mode, weights) for case in sets[name]) for name, mode in columns]

    whole = measured(DEFAULT)
    lines = [f"{'agreement without':<20}" + "".join(f"{f'{name} {mode}':>18}" for name, mode in columns)]
    lines.append(f"{'(all signals)':<20}" + "".join(f"{value:>10.3f}{'':8}" for value in whole))
    for signal, names in SIGNALS.items():
        values = measured(changed(DEFAULT, dict.fromkeys(names, 0)))
        lines.append(
            f"{signal:<20}"
            + "".join(
                f"{value:>10.3f} {value - all_on:>+7.3f}" for value, all_on in zip(values, whole, strict=True)
            )
        )
    return lines


# ----------------------------------------------------------------------------------------- leave one kind out


class Search:
    """Coordinate search over the weights: the mean over kinds of the mean agreement in scope and spec mode.

    It begins with every weight half or twice the shipped one, by turns, so that it has to find its way and
    what was tuned on the kind left out is not simply kept. A weight that makes no difference to the cases
    searched on is the shipped one, for they can say nothing of it; one that is shipped as 0 stays 0.
    """

    def __init__(self, scorer: Scorer, cases: Sequence[Case]) -> None:
        self.scorer, self.cases = scorer, cases
        self.known: dict[Weights, float] = {}
        self.names = [f.name for f in fields(Weights) if getattr(DEFAULT, f.name)]

    def value(self, weights: Weights) -> float:
        if weights not in self.known:
            rows = [
                scored(self.scorer, case, mode, weights) for case in self.cases for mode in ("scope", "spec")
            ]
            self.known[weights] = statistics.fmean(by_kind(rows).values())
        return self.known[weights]

    def run(self) -> Weights:
        best = changed(
            DEFAULT,
            {name: getattr(DEFAULT, name) * (2.0 if i % 2 else 0.5) for i, name in enumerate(self.names)},
        )
        value = self.value(best)
        for _ in range(PASSES):
            before = value
            for name in self.names:
                for factor in GRID:
                    tried = changed(best, {name: getattr(DEFAULT, name) * factor})
                    reached = self.value(tried)
                    if reached > value + 1e-9 or (factor == 1.0 and reached == value):
                        best, value = tried, reached
            if value <= before:
                break
        return best


def left_out(
    bench: Path, kind: str, names: tuple[tuple[Path, tuple[str, ...]], ...], judged: tuple[str, ...]
) -> str:
    """The row of one kind: what weights that never saw it reach on it."""
    scorer = Scorer(bench)
    cases = [case for folder, some in names for case in load(folder, some)]
    found = Search(scorer, [c for c in cases if c.kind != kind]).run()
    held = [c for c in [*cases, *load(OWN, judged)] if c.kind == kind]
    cells = []
    for mode in ("scope", "spec"):
        here, shipped = (mean(scored(scorer, c, mode, weights) for c in held) for weights in (found, DEFAULT))
        cells.append(f"{here:>10.3f}{shipped:>10.3f} {here - shipped:>+7.3f}")
    differing = [
        f"{n} {getattr(found, n):.3g}"
        for n in (f.name for f in fields(Weights))
        if getattr(found, n) != getattr(DEFAULT, n)
    ]
    return f"{kind:<12}{len(held):>6}" + "".join(cells) + "   " + ", ".join(differing)


def leave_one_kind_out(
    bench: Path, names: tuple[tuple[Path, tuple[str, ...]], ...], judged: tuple[str, ...]
) -> Iterator[str]:
    kinds = sorted({case.kind for folder, some in names for case in load(folder, some)})
    yield (
        f"{'left out':<12}{'cases':>6}"
        + "".join(f"{mode:>10}{'shipped':>10}{'':8}" for mode in ("scope", "spec"))
        + "   weights found that differ"
    )
    with concurrent.futures.ProcessPoolExecutor(max_workers=min(len(kinds), os.cpu_count() or 1)) as pool:
        yield from pool.map(
            left_out, [bench] * len(kinds), kinds, [names] * len(kinds), [judged] * len(kinds)
        )


# --------------------------------------------------------------------------------------------------- the door


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--bench", type=Path, default=BENCH, help="the benchmark (DAGOGY_BENCH, else ../shared/bench)")
    add("--quick", action="store_true", help="run the dev cases in this process, not by the command line")
    add("--judge", action="store_true", help="also score the cases kept for judging; not for tuning")
    add("--loko", action="store_true", help="also leave one kind out at a time (some minutes)")
    add("--check", action="store_true", help="exit with 1 when an aim is missed")
    return parser.parse_args()


def _rows(scorer: Scorer, mode: str, cases: Sequence[Case], folder: Path | None) -> list[Row]:
    """By the command line, which works in `folder`; in this process without one."""
    if folder is None:
        return [scored(scorer, c, mode) for c in cases]
    return through_command_line(scorer, mode, cases, folder)


def _print_own(scorer: Scorer, part: str, cases: Sequence[Case]) -> None:
    """The cases of our own, in every mode."""
    for mode in MODES:
        rows = [scored(scorer, c, mode) for c in cases]
        print(scorer.table(rows, f"own cases ({part}), mode {mode}", each=part == "tune"), end="\n\n")
        lines, failed = beside(scorer, mode, cases, rows)
        below = [f"  {line}" for line in failed if "below its chain" in line]
        print("\n".join([*lines[:-1], *below]), end="\n\n")


def main() -> int:
    options = _options()
    try:
        scorer = Scorer(options.bench)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    cases = scorer.folder / "cases"
    dev = load(cases, split(scorer.folder, "dev"))
    parts = ("tune", "check") if options.judge else ("tune",)
    own = {part: load(OWN, split(OWN, part)) for part in parts}
    summary, missed = [], []
    with tempfile.TemporaryDirectory(prefix="bench-ordering-") as folder:
        for mode in MODES:
            rows = _rows(scorer, mode, dev, None if options.quick else Path(folder))
            print(scorer.table(rows, f"dev cases of the benchmark, mode {mode}"), end="\n\n")
            lines, failed = beside(scorer, mode, dev, rows)
            summary += lines
            missed += failed
    print("\n".join(summary), end="\n\n")
    for part, some in own.items():
        _print_own(scorer, part, some)
    print("\n".join(ablation(scorer, {"dev": dev, **own})), end="\n\n")
    if options.loko:
        names = ((cases, tuple(split(scorer.folder, "dev"))), (OWN, tuple(split(OWN, "tune"))))
        for line in leave_one_kind_out(
            options.bench, names, tuple(split(OWN, "check")) if options.judge else ()
        ):
            print(line, flush=True)
        print()
    print("\n".join(f"missed: {line}" for line in missed) or "every aim is met")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
