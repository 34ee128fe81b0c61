#!/usr/bin/env python3
"""`make bench`: medians of the commands' wall time, their ratio to `python -c pass` in the same run, and
their peak memory.

The interpreter is the environment's own, not a version manager's shim; bytecode is warm (one run before the
counted ones). The curricula are made with a seed by `scripts/synthetic.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

#: Shapes of `documents.py` that differ in what costs time: sections of prose, one paragraph, one flat list, a
#: text without spaces.
LARGE = ("headings", "paragraph", "bullets", "chinese")
ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
DAGOGY = str(Path(sys.executable).parent / "dagogy")
#: The aims of the project, in multiples of `python -c pass`.
AIMS = {"--version": 5, "--help": 5, "list, 1 run": 8, "status, 20 nodes": 8, "validate, 20 nodes": 20}
AIMS |= {"validate, 100000 nodes": 250, "plan, 100000 nodes": 300, "iterate, 100000 nodes": 400}


class Bench:
    """Runs commands in one scratch workspace and collects the rows of the table."""

    def __init__(self, folder: Path, repeat: int) -> None:
        self.folder, self.repeat = folder, repeat
        keep = ("AGENT_", "ORCHESTRATION_", "DAGOGY_", "OPENAI_", "CODING_AGENT_")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(keep)}
        self.rows: list[dict[str, Any]] = []
        self.baseline = 0.0

    def once(self, command: list[str], runs: Path) -> tuple[float, float]:
        """Seconds and MiB of one run of `command`."""
        environment = {**self.environment, "ORCHESTRATION_BASE_DIR": str(runs)}
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 4):
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        return seconds, usage.ru_maxrss / 1024

    def measure(self, name: str, command: list[str], runs: Path, repeat: int = 0) -> None:
        """Adds a row: the median of `repeat` runs (of all rows' where it is 0)
        after one that is not counted.
        """
        samples = [self.once(command, runs) for _ in range((repeat or self.repeat) + 1)]
        median = statistics.median(s for s, _ in samples[1:])
        if name == "python -c pass":
            self.baseline = median
        ratio = median / self.baseline
        row = {
            "command": name,
            "median_ms": round(median * 1000, 1),
            "ratio": round(ratio, 1),
            "aim": AIMS.get(name),
            "peak_mib": round(max(m for _, m in samples)),
        }
        self.rows.append(row)
        aim = f"{row['aim']:>5}" if row["aim"] else "    -"
        print(
            f"{name:<28} {row['median_ms']:>10.1f} ms {row['ratio']:>8.1f} x {aim} {row['peak_mib']:>6} MiB",
            flush=True,
        )


def make_run(bench: Bench, runs: Path, nodes: int) -> Path:
    """A run with a synthetic curriculum and a previous one that differs in some nodes."""
    environment = {**bench.environment, "ORCHESTRATION_BASE_DIR": str(runs)}
    made = subprocess.run(
        [DAGOGY, "init", "bench", "--json"],
        cwd=bench.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    run = Path(json.loads(made.stdout)["path"])
    # In a process of its own: a child's peak memory counts from that of its parent.
    subprocess.run([PYTHON, __file__, "--make", str(nodes), str(run)], check=True)
    return run


def make_documents(nodes: int, run: Path) -> None:
    """Writes spec, curriculum and previous curriculum of `nodes` nodes into the run."""
    from synthetic import synthetic

    curriculum, spec = synthetic(nodes, seed=1)
    (run / "inputs/topic_spec.json").write_text(json.dumps(spec, indent=2), encoding="utf-8")
    (run / "outputs/curriculum/curriculum.json").write_text(
        json.dumps(curriculum, indent=2), encoding="utf-8"
    )
    for position, node in enumerate(curriculum["nodes"]):
        if position % 50 == 7:
            node["estimate_minutes"] += 15
        if position % 200 == 11:
            node["title"] += " revisited"
    (run / "outputs/curriculum/previous_curriculum.json").write_text(
        json.dumps(curriculum, indent=2), encoding="utf-8"
    )


def many_runs(runs: Path, count: int) -> None:
    """`count` copies of a small run's metadata."""
    template = json.loads(next(runs.glob("*/run.json")).read_text(encoding="utf-8"))
    for number in range(count):
        run = (
            runs / f"20250101-{number // 3600 % 24:02d}{number // 60 % 60:02d}{number % 60:02d}-copy-{number}"
        )
        run.mkdir()
        (run / "run.json").write_text(json.dumps({**template, "run_id": run.name}), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repeat", type=int, default=5, help="counted runs of each command (default 5)")
    parser.add_argument("--nodes", type=int, nargs="*", default=[20, 1_000, 10_000, 100_000])
    parser.add_argument("--json", type=Path, help="also write the rows there")
    parser.add_argument(
        "--make", nargs=2, metavar=("NODES", "RUN"), help="only write the documents of a run of NODES nodes"
    )
    options = parser.parse_args()
    if options.make:
        make_documents(int(options.make[0]), Path(options.make[1]))
        return
    folder = Path(tempfile.mkdtemp(prefix="dagogy-bench-"))
    try:
        bench = Bench(folder, options.repeat)
        print(
            f"medians of {options.repeat} runs; baseline 'python -c pass' of {Path(PYTHON).name} "
            f"{sys.version.split()[0]}\n"
        )
        print(f"{'command':<28} {'median':>13} {'ratio':>10} {'aim':>5} {'peak':>10}")
        run_all(bench, folder, options.nodes)
        if options.json:
            options.json.write_text(json.dumps(bench.rows, indent=2), encoding="utf-8")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_all(bench: Bench, folder: Path, sizes: list[int]) -> None:
    empty = folder / "none"
    bench.measure("python -c pass", [PYTHON, "-c", "pass"], empty)
    bench.measure("--version", [DAGOGY, "--version"], empty)
    bench.measure("--help", [DAGOGY, "--help"], empty)
    make_run(bench, folder / "one", 20)
    bench.measure("list, 1 run", [DAGOGY, "list"], folder / "one")
    many_runs(folder / "one", 9_999)
    bench.measure("list, 10000 runs", [DAGOGY, "list"], folder / "one")
    for nodes in sizes:
        runs = folder / f"nodes-{nodes}"
        run = make_run(bench, runs, nodes)
        reference = run.name
        bench.measure(f"validate, {nodes} nodes", [DAGOGY, "validate", reference], runs)
        bench.measure(f"status, {nodes} nodes", [DAGOGY, "status", reference], runs)
        bench.measure(f"plan, {nodes} nodes", [DAGOGY, "plan", reference], runs)
        bench.measure(f"iterate, {nodes} nodes", [DAGOGY, "iterate", reference], runs)
        shutil.rmtree(runs)
    for example in sorted((ROOT / "examples").glob("*.md")):
        runs = folder / example.stem
        subprocess.run(
            [DAGOGY, "init", "example"],
            cwd=folder,
            env={**bench.environment, "ORCHESTRATION_BASE_DIR": str(runs)},
            check=True,
            capture_output=True,
        )
        bench.measure(f"run, {example.stem}", [DAGOGY, "run", "latest", "--scope-file", str(example)], runs)
    for shape in LARGE:
        large_document(bench, folder, shape)


def large_document(bench: Bench, folder: Path, shape: str) -> None:
    """A run over a document of 5 MB, next to markdown-it alone parsing the same text."""
    text, runs = folder / f"{shape}.md", folder / shape
    subprocess.run([PYTHON, str(ROOT / "scripts/documents.py"), shape, "--out", str(text)], check=True)
    parse = (
        "import sys, pathlib, markdown_it; markdown_it.MarkdownIt('commonmark').enable('table')."
        "parse(pathlib.Path(sys.argv[1]).read_text('utf-8'))"
    )
    bench.measure(f"markdown-it, 5 MB {shape}", [PYTHON, "-c", parse, str(text)], runs, repeat=3)
    plain = bench.rows[-1]["median_ms"]
    subprocess.run(
        [DAGOGY, "init", "large"],
        cwd=folder,
        env={**bench.environment, "ORCHESTRATION_BASE_DIR": str(runs)},
        check=True,
        capture_output=True,
    )
    bench.measure(f"run, 5 MB {shape}", [DAGOGY, "run", "latest", "--scope-file", str(text)], runs, repeat=3)
    print(f"{'':<28} {bench.rows[-1]['median_ms'] / plain:>22.1f} x markdown-it")
    shutil.rmtree(runs)
    text.unlink()


if __name__ == "__main__":
    main()
