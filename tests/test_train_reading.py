"""The script that trains the reading (`scripts/train_reading.py`), on two small documents."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("dagogy_provider_internal")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
cases, labels, roles, titles, trees, words = (
    importlib.import_module(f"reading.{name}")
    for name in ("cases", "labels", "roles", "titles", "trees", "words")
)
recognised = importlib.import_module("dagogy_provider_internal.reading.recognition.roles")
boosted = importlib.import_module("dagogy_provider_internal.reading.recognition.trees")

SCORER = """
def plain(text): return " ".join(text.casefold().split())
def tokens(text): return plain(text).split()
def alike(a, b): return float(plain(a) == plain(b))
"""
WEAVING = """# Weaving

## Warp

The warp is the set of threads held on the loom.

## Weft

The weft is the thread that is drawn through.

## Grading

- Attendance
- Sampler

| Week | Topic | Reading |
|---|---|---|
| 1 | Plain weave | Chapter 1 |
| 2 | Twill | Chapter 2 |
"""
BAKING = """# Baking

## Starter

A starter is flour and water that ferments.

## Proofing

Let the dough rise until it springs back.

## Policies

- Office hours
- Late work

| Week | Topic | Reading |
|---|---|---|
| 1 | Crumb | Handout A |
| 2 | Crust | Handout B |
"""


def _gold(concepts: list[str], never: list[str]) -> dict[str, Any]:
    spans = [
        (1, 1, "title"), (3, 3, "concept"), (5, 5, "definition"), (7, 7, "concept"), (9, 9, "explanation"),
        (11, 14, "administration"), (16, 17, "structure"), (18, 19, "concept"),
    ]  # fmt: skip
    return {
        "source": "own",
        "concepts": [{"title": c, "group": None, "weight": 1} for c in concepts],
        "never": never,
        "roles": [list(span) for span in spans],
        "is_course": True,
    }


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    folder = tmp_path_factory.mktemp("documents")
    for name, text, gold in (
        ("weaving", WEAVING, _gold(["Warp", "Weft", "Plain weave", "Twill"], ["Grading", "Attendance"])),
        ("baking", BAKING, _gold(["Starter", "Proofing", "Crumb", "Crust"], ["Policies", "Office hours"])),
    ):
        (folder / name).mkdir()
        (folder / name / "doc.md").write_text(text, encoding="utf-8")
        (folder / name / "gold.json").write_text(json.dumps(gold), encoding="utf-8")
    (folder / "score.py").write_text(SCORER, encoding="utf-8")
    found: list[Any] = cases.load([folder], labels.scorer(folder / "score.py"))
    return found


def test_the_labels_of_titles_and_of_lines_are_those_of_the_teacher(known: list[Any]) -> None:
    weaving = next(c for c in known if c.name == "weaving")
    by_text = {t.text: k for k, t in enumerate(weaving.found.titles)}
    assert weaving.concept[by_text["Twill"]] == 3
    assert weaving.never[by_text["Attendance"]]
    role = {label.piece: recognised.ROLES[label.role] for label in weaving.roles}
    row = next(at for at, b in enumerate(weaving.blocks) if b.kind == "table_row")
    assert role[row, -1] == role[row, 1] == "concept"
    assert role[row, 2] == "resource"
    assert {role[at, -1] for at, b in enumerate(weaving.blocks) if b.kind == "list_item"} == {
        "administration"
    }


def test_the_weights_of_the_roles_say_without_a_library_what_the_trained_model_says(
    known: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    weights, look = roles.trained(known)
    (tmp_path / "roles.json").write_text(json.dumps(weights), encoding="utf-8")
    monkeypatch.setattr(recognised, "files", lambda _: tmp_path)
    recognised._weights.cache_clear()
    try:
        shipped = recognised.RolesOf(known[0].blocks).chances()
    finally:
        recognised._weights.cache_clear()
    trained = look(known[0].blocks)
    assert len(shipped) == len(trained)
    for mine, theirs in zip(shipped, trained, strict=True):
        assert mine == pytest.approx(theirs.tolist(), abs=0.02)


def test_the_weights_of_the_looks_say_what_the_trained_models_say(known: list[Any]) -> None:
    words.worded(known, [])
    first, _ = titles.two_looks(known, [])
    data = trees.exported(first, [])
    shipped = boosted.Model(data["base"], [boosted.Tree(*tree) for tree in data["trees"]])
    for case in known:
        trained = first.predict_proba(case.features)[:, 1]
        assert [shipped.probability(row) for row in case.features.tolist()] == pytest.approx(
            trained.tolist(), abs=1e-3
        )
