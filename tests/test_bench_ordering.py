"""The measure of order: its cases are sound and say nothing by their order, it scores as it should, and the
provider holds its level on it.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dagogy_reader_markdown.reader import read_markdown

pytest.importorskip("dagogy_provider_internal")
from dagogy_provider_internal.reading.concepts import find_concepts
from dagogy_provider_internal.study import study

ROOT = Path(__file__).resolve().parents[1]
OWN = ROOT / "tests/data/ordering"
CASES = sorted(path.parent for path in OWN.glob("*/truth.json"))


def script() -> ModuleType:
    """`scripts/bench_ordering.py` as a module."""
    if "bench_ordering" not in sys.modules:
        found = importlib.util.spec_from_file_location("bench_ordering", ROOT / "scripts/bench_ordering.py")
        assert found is not None
        assert found.loader is not None
        sys.modules["bench_ordering"] = importlib.util.module_from_spec(found)
        found.loader.exec_module(sys.modules["bench_ordering"])
    return sys.modules["bench_ordering"]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    return script()


@pytest.fixture(scope="module")
def scorer(bench: ModuleType) -> Any:
    try:
        return bench.Scorer(bench.BENCH)
    except FileNotFoundError as error:
        pytest.skip(str(error))


def closed(edges: list[list[str]]) -> set[tuple[str, str]]:
    after: dict[str, set[str]] = {}
    for a, b in edges:
        after.setdefault(a, set()).add(b)
    pairs: set[tuple[str, str]] = set()
    for start, direct in after.items():
        open_, seen = list(direct), set[str]()
        while open_:
            at = open_.pop()
            if at not in seen:
                seen.add(at)
                open_ += after.get(at, ())
        pairs |= {(start, at) for at in seen}
    return pairs


@pytest.mark.parametrize("folder", CASES, ids=lambda p: p.name)
def test_the_order_in_which_a_case_lists_its_concepts_says_nothing_of_the_true_order(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    labels = {c["key"]: c["label"] for c in truth["concepts"]}
    document = (folder / "scope.md").read_text(encoding="utf-8")
    assert len(document.encode()) < 48_000
    keys = truth.get("order") or []
    pairs = closed(truth["edges"]) or {(a, b) for i, a in enumerate(keys) for b in keys[i + 1 :]}
    assert not any((b, a) in pairs for a, b in pairs)
    listed = re.findall(r"^(?:## |- \*\*|- (?!\*\*))(.+?)(?:\*\*.*)?$", document, re.MULTILINE)
    in_document = [k for line in listed for k, label in labels.items() if label == line]
    in_spec = [
        k
        for item in json.loads((folder / "topic_spec.json").read_text(encoding="utf-8"))["scope_in"]
        for k, label in labels.items()
        if label == item
    ]
    for order in (in_document, in_spec):
        assert sorted(order) == sorted(labels)
        place = {key: i for i, key in enumerate(order)}
        assert 0.489 <= sum(place[a] < place[b] for a, b in pairs) / len(pairs) <= 0.511


def test_every_case_is_either_for_tuning_or_for_judging() -> None:
    split = json.loads((OWN / "split.json").read_text(encoding="utf-8"))
    assert sorted(split["tune"] + split["check"]) == [folder.name for folder in CASES]


#: A course in which every prerequisite is stated, so that the edges do not hang on any weight: Ink <- Pen <-
#: Letter, and Stamp with nothing before it.
COURSE = """
# Writing

| Topic | Builds on |
|---|---|
| Letter | Pen |
| Stamp | |
| Pen | Ink |
| Ink | |
"""


def truth_of(edges: list[list[str]]) -> dict[str, Any]:
    names = ("Ink", "Pen", "Letter", "Stamp")
    return {
        "name": "writing",
        "kind": "modules",
        "edges": edges,
        "concepts": [{"key": n.lower(), "label": n, "aliases": []} for n in names],
    }


def made(bench: ModuleType) -> dict[str, Any]:
    found = find_concepts(read_markdown(COURSE, source="writing.md")).concepts
    curriculum: dict[str, Any] = bench.curriculum(study(found, 4, "Writing"))
    return curriculum


def test_what_is_scored_are_the_nodes_in_the_order_of_study_with_their_prerequisites(
    bench: ModuleType,
) -> None:
    nodes = made(bench)["nodes"]
    titles = {n["id"]: n["title"] for n in nodes}
    before = {n["title"]: [titles[p] for p in n["prerequisites"]] for n in nodes}
    assert before == {"Ink": [], "Pen": ["Ink"], "Letter": ["Pen"], "Stamp": []}
    order = [n["title"] for n in nodes]
    assert order.index("Ink") < order.index("Pen") < order.index("Letter")


def test_a_small_course_scores_what_can_be_counted_by_hand(bench: ModuleType, scorer: Any) -> None:
    row = scorer.score(truth_of([["ink", "pen"], ["pen", "letter"]]), made(bench))
    assert (row["coverage"], row["purity"], row["violation"], row["agreement"]) == (1, 1, 0, 1)
    # With pen before ink before letter as the truth, ink-letter and pen-letter are right, and the third pair
    # is the wrong way round.
    row = scorer.score(truth_of([["pen", "ink"], ["ink", "letter"]]), made(bench))
    assert (row["precision"], row["recall"]) == (0.6667, 0.6667)
    assert row["violation"] == 0.3333
    assert row["agreement"] == 0.6667


def test_aims_and_kinds_that_are_missed_are_named(bench: ModuleType, scorer: Any) -> None:
    case = bench.load(OWN, ["pkg-javascripting"])[0]
    perfect = scorer.score(
        case.truth,
        {"nodes": [{"id": k, "title": _label(case, k), "prerequisites": []} for k in case.truth["order"]]},
    )
    lines, missed = bench.beside(scorer, "scope", [case], [perfect])
    assert missed == []
    assert [line.split()[0] for line in lines] == ["scope", "internal", "heuristic.py", "shuffled", "aim"]
    backwards = scorer.score(
        case.truth,
        {
            "nodes": [
                {"id": k, "title": _label(case, k), "prerequisites": []}
                for k in reversed(case.truth["order"])
            ]
        },
    )
    _, missed = bench.beside(scorer, "scope", [case], [backwards])
    assert missed[0] == "scope: agreement is 0.000, 0.58 is the aim"
    assert missed[1].startswith("scope: kind track is at 0.000, below its chain at 0.")


def test_a_weight_that_is_a_count_stays_a_whole_number(bench: ModuleType) -> None:
    shipped = bench.DEFAULT
    for name, value in asdict(shipped).items():
        assert type(getattr(bench.changed(shipped, {name: value * 0.5}), name)) is type(value)


@pytest.mark.slow
def test_the_search_for_weights_gets_better_than_where_it_starts_and_is_no_chance(
    bench: ModuleType, scorer: Any
) -> None:
    search = bench.Search(scorer, bench.load(OWN, ["pkg-javascripting"]))
    found = search.run()
    start, *_ = search.known.values()
    assert search.value(found) > start
    assert bench.Search(scorer, search.cases).run() == found


def _label(case: Any, key: str) -> str:
    return next(str(c["label"]) for c in case.truth["concepts"] if c["key"] == key)


#: Agreement that the provider had when this was written, less the noise: raise it with
#: the provider, never lower it.
FLOOR = {"scope": 0.61, "spec": 0.55, "spec+doc": 0.61}


@pytest.mark.slow
@pytest.mark.parametrize("mode", FLOOR)
def test_the_provider_holds_its_level_on_the_dev_cases(bench: ModuleType, scorer: Any, mode: str) -> None:
    cases = bench.load(scorer.folder / "cases", bench.split(scorer.folder, "dev"))
    rows = [bench.scored(scorer, case, mode) for case in cases]
    assert [(row["coverage"], row["purity"]) for row in rows] == [(1, 1)] * len(cases)
    assert bench.mean(rows, "violation") <= 0.08
    assert bench.mean(rows) >= FLOOR[mode]
