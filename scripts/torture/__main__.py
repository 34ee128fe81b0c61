#!/usr/bin/env python3
"""`make torture`: hostile input and accidents against every command; ends with a table tried / survived /
lost, and status 1 when anything was lost.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from torture.all import KINDS  # noqa: E402
from torture.harness import Harness, remove_tree, warm  # noqa: E402
from torture.kinds import Case, random_of  # noqa: E402
from torture.oracle import Loss  # noqa: E402


@dataclass(slots=True)
class Tally:
    """One line of the table."""

    tried: int = 0
    lost: int = 0
    by_promise: collections.Counter[str] = field(default_factory=collections.Counter)
    losses: list[tuple[int, str, Loss]] = field(default_factory=list)

    def add(self, number: int, case: Case) -> None:
        self.tried += case.tried
        self.lost += bool(case.losses)
        for what in {loss.what for loss in case.losses}:
            self.by_promise[what] += 1
        self.losses += [(number, case.what, loss) for loss in case.losses]


_stand: Harness | None = None


def _work(root: Path, kind: str, seed: int, numbers: list[int]) -> list[tuple[int, Case]]:
    """In a worker: some cases of one kind, in a place of its own."""
    global _stand  # noqa: PLW0603 (one a process)
    if _stand is None:
        _stand = Harness(root / f"worker-{os.getpid()}")
    done = []
    for number in numbers:
        try:
            case = KINDS[kind].case(_stand, seed, number, random_of(seed, kind, number))
        except Exception as error:  # a fault of the torture itself must not pass for a survival
            import traceback

            case = Case(
                f"{kind} {number}",
                losses=[Loss("torture broke", traceback.format_exc()[-900:] or str(error))],
            )
        done.append((number, case))
    return done


def _cases(kind: str, size: int, harness: Harness) -> int:
    wanted = max(1, round(KINDS[kind].share * size))
    most = KINDS[kind].most(harness)
    return wanted if most is None else min(wanted, most)


def torture(
    root: Path, kinds: list[str], size: int, seed: int, jobs: int, only_case: int | None, progress: bool
) -> dict[str, Tally]:
    """Carries the kinds out, and returns a tally for each. Losses are told on stderr as they come."""
    warm(root)
    counts = Harness(root / "counts")
    tallies = {kind: Tally() for kind in kinds}
    # How many cases there are is found out before the workers are forked, which then know what was found.
    plan = [(kind, list(range(_cases(kind, size, counts)))) for kind in kinds]
    if only_case is not None:
        plan = [(kind, [only_case]) for kind in kinds]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        waiting = {}
        for kind, numbers in plan:
            step = max(1, min(10, len(numbers) // (8 * jobs)))
            for start in range(0, len(numbers), step):
                waiting[pool.submit(_work, root, kind, seed, numbers[start : start + step])] = kind
        for future in as_completed(waiting):
            kind = waiting[future]
            for number, case in future.result():
                tallies[kind].add(number, case)
                if progress:
                    _report(kind, seed, number, case)
    return tallies


def _report(kind: str, seed: int, number: int, case: Case) -> None:
    if case.losses:
        print(f"LOST {kind} case {number}: {ascii(case.what)[1:-1]}", file=sys.stderr)
        for loss in case.losses:
            print(f"  {loss.what}: {ascii(loss.seen)[1:-1][:600]}", file=sys.stderr)
        print(
            f"  again: .venv/bin/python scripts/torture --only {kind} --seed {seed} --case {number}",
            file=sys.stderr,
            flush=True,
        )


def table(tallies: dict[str, Tally]) -> str:
    """The result for people."""
    width = max(len(kind) for kind in tallies)
    lines = [f"{'kind':<{width}}  {'tried':>7}  {'survived':>8}  {'lost':>6}  promises that were not kept"]
    for kind, tally in tallies.items():
        broken = ", ".join(f"{what} {count}" for what, count in tally.by_promise.most_common())
        lines.append(
            f"{kind:<{width}}  {tally.tried:>7}  {max(tally.tried - tally.lost, 0):>8}  {tally.lost:>6}  "
            f"{broken}"
        )
    tried, lost = (sum(getattr(t, name) for t in tallies.values()) for name in ("tried", "lost"))
    lines.append(f"{'all':<{width}}  {tried:>7}  {max(tried - lost, 0):>8}  {lost:>6}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="torture",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="kinds:\n" + "\n".join(f"  {k.name:<14} {k.summary}" for k in KINDS.values()),
    )
    parser.add_argument(
        "--size",
        type=int,
        default=20,
        help="up to so many kills of each kind, and about ten times as many inputs in all (default: 20)",
    )
    parser.add_argument("--seed", type=int, default=1, help="what the random choices begin with (default: 1)")
    parser.add_argument(
        "--only", action="append", choices=sorted(KINDS), metavar="KIND", help="this kind; may be repeated"
    )
    parser.add_argument("--case", type=int, help="only the case of this number, with --only")
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes at work at once (default: 2)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    asked = parser.parse_args()
    if asked.case is not None and not asked.only:
        parser.error("--case needs --only")
    began = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="torture-")).resolve()
    try:
        tallies = torture(
            root,
            asked.only or list(KINDS),
            asked.size,
            asked.seed,
            max(1, asked.jobs),
            asked.case,
            progress=True,
        )
    finally:
        remove_tree(root)
    if asked.json:
        kinds = {
            kind: {
                "tried": t.tried, "survived": max(t.tried - t.lost, 0), "lost": t.lost,
                "promises": dict(t.by_promise),
                "losses": [{"case": number, "what": what, "promise": loss.what, "seen": loss.seen} for number,
                what, loss in t.losses],
            }
            for kind, t in tallies.items()
        }  # fmt: skip
        print(json.dumps({"seed": asked.seed, "size": asked.size, "kinds": kinds}, indent=2))
    else:
        print(table(tallies))
        print(f"seed {asked.seed}, size {asked.size}, {time.monotonic() - began:.0f} s")
    return 1 if any(t.lost for t in tallies.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
