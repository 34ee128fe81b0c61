"""Trains the model that says which titles of a document are concepts, and prints what it is worth.

  python scripts/train_reading.py DOCUMENTS… [--held-out DOCUMENTS…] [--folds 5] [--write]

Each of DOCUMENTS is a folder of cases, `NAME/doc.*` with a teacher's reading in `NAME/gold.json` (its format: `FORMAT.md` of the reading bench,
whose `score.py` says when two names are alike; it is found beside the folders). What tells courses from other texts is trained on these and on
`providers/internal/training/course`, where a file's name says what it is. Needs scikit-learn. `--write` puts the weights where the provider
`internal` reads them. Cross-validation is over documents: no document is judged by a model that has seen any of it.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from dagogy.api.readers import Source
from dagogy.host.manager import Host
from dagogy.pipeline.documents import Readers
from dagogy_provider_internal import recognition
from dagogy_provider_internal.recognised import NO_COURSE
from dagogy_provider_internal.recognition import course
from dagogy_provider_internal.recognition.choice import _with_siblings, choose
from dagogy_provider_internal.recognition.features import Described, described, names
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

WEIGHTS = Path(recognition.__file__).parent / "model.json"
COURSES = Path(__file__).resolve().parent.parent / "providers/internal/training/course"
#: Titles from which on a name is taken for that of a concept, as the bench has it.
ALIKE, NEVER = 0.6, 0.9


@dataclass
class Case:
    name: str
    gold: dict[str, Any]
    found: Described
    #: What the judge of courses sees.
    text: str
    features: np.ndarray
    #: For each title the position of the concept that it names, -1 for none; whether it must never be one.
    concept: list[int]
    never: list[bool]


def scorer(folder: Path) -> Any:
    """The scorer of the bench that the folder is part of, its costly functions remembering what they said."""
    path = next(p / "score.py" for p in (folder, *folder.parents) if (p / "score.py").exists())
    spec = importlib.util.spec_from_file_location("score", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.plain = functools.lru_cache(None)(module.plain)
    module.tokens = functools.lru_cache(None)(module.tokens)
    return module


def load(folders: Sequence[Path]) -> list[Case]:
    readers, cases = Readers(Host()), []
    for folder in folders:
        score = scorer(folder)
        for path in sorted(folder.glob("*/gold.json")):
            gold = json.loads(path.read_text(encoding="utf-8"))
            file = next(path.parent.glob("doc.*"))
            blocks = readers.read(Source(str(file), file.read_bytes())).blocks
            found = described(blocks)
            if found.titles:
                concept, never = labels(score, gold, [t.text for t in found.titles])
                features = np.array([t.features for t in found.titles], dtype=np.float32)
                cases.append(Case(path.parent.name, gold, found, course.text_of(blocks), features, concept, never))
    return cases


def labels(score: Any, gold: dict[str, Any], titles: Sequence[str]) -> tuple[list[int], list[bool]]:
    concepts = [[c["title"], *c.get("aliases", [])] for c in gold["concepts"]]

    @functools.cache
    def of(title: str) -> tuple[int, bool]:
        value, best = max(((score.alike(title, name), k) for k, known in enumerate(concepts) for name in known), default=(0.0, -1))
        worst = max((score.alike(title, name) for name in gold.get("never", [])), default=0.0)
        if worst >= NEVER and worst > value:
            return -1, True
        return (best if value >= ALIKE else -1), False

    found = [of(t) for t in titles]
    return [c for c, _ in found], [n for _, n in found]


def fitted(cases: Sequence[Case]) -> HistGradientBoostingClassifier:
    features = np.concatenate([c.features for c in cases])
    target = np.concatenate([np.array(c.concept) >= 0 for c in cases])
    # A long document has many titles; it speaks louder than a short one, but not as much louder as it is longer.
    weight = np.concatenate([np.full(len(c.concept), len(c.concept) ** -0.5) for c in cases])
    model = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.08, max_leaf_nodes=12, min_samples_leaf=15, l2_regularization=3.0, max_features=0.3, random_state=1
    )
    return model.fit(features, target, sample_weight=weight / weight.mean())


def measured(case: Case, probabilities: Sequence[float]) -> tuple[float, ...]:
    """F1, recall, precision, leak and size of what is chosen, as the bench counts them."""
    at = {(t.unit, t.text): k for k, t in enumerate(case.found.titles)}
    chosen = choose(case.found, _with_siblings(case.found.titles, probabilities)).chosen
    position = {id(u): i for i, u in enumerate(case.found.units)}
    taken = [at[position[id(c.unit)], c.text] for c in chosen]
    hit = {case.concept[k] for k in taken} - {-1}
    must = [k for k, c in enumerate(case.gold["concepts"]) if c.get("weight", 1) >= 1]
    recall = sum(k in hit for k in must) / len(must) if must else 1.0
    precision = len(hit) / len(taken) if taken else 0.0
    f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
    return f1, recall, precision, fmean(case.never[k] for k in taken) if taken else 0.0, len(taken)


def report(what: str, cases: Sequence[Case], probabilities: dict[str, Sequence[float]]) -> None:
    courses = [c for c in cases if c.gold.get("is_course", True)]
    rows = [measured(c, probabilities[c.name]) for c in courses]
    f1, recall, precision, leak, size = map(fmean, zip(*rows, strict=True))
    usable = sum(r[1] >= 0.8 and r[2] >= 0.8 and not r[3] for r in rows)
    target = np.concatenate([np.array(c.concept) >= 0 for c in cases])
    area = roc_auc_score(target, np.concatenate([probabilities[c.name] for c in cases]))
    print(f"{what}: F1 {f1:.3f} recall {recall:.3f} precision {precision:.3f} leak {leak:.3f} size {size:.1f} usable {usable}/{len(rows)} AUC {area:.3f}")


def exported(model: HistGradientBoostingClassifier) -> dict[str, Any]:
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        trees.append(
            [
                nodes["feature_idx"].tolist(),
                [float(f"{v:.5g}") if np.isfinite(v) else 1e30 for v in nodes["num_threshold"]],
                [0 if leaf else int(v) for v, leaf in zip(nodes["left"], nodes["is_leaf"], strict=True)],
                [0 if leaf else int(v) for v, leaf in zip(nodes["right"], nodes["is_leaf"], strict=True)],
                [round(float(v), 5) if leaf else 0 for v, leaf in zip(nodes["value"], nodes["is_leaf"], strict=True)],
            ]
        )
    return {"features": names(), "base": round(float(model._baseline_prediction.ravel()[0]), 5), "trees": trees}


def course_words(text: str) -> np.ndarray:
    row = np.zeros(course.BUCKETS)
    row[list(course.buckets(text))] = 1
    return row / (np.linalg.norm(row) or 1)


def judge_of_courses(known: Sequence[tuple[str, bool, str]]) -> LogisticRegression:
    """The judge of whether a text is a course; prints what it is worth, cross-validated. `known`: text, whether it is one, name."""
    seen, target = np.array([course_words(t) for t, _, _ in known]), np.array([right for _, right, _ in known])
    chance, order = np.zeros(len(target)), np.random.RandomState(0).permutation(len(target))
    for k in range(10):
        fold = order[k::10]
        rest = np.setdiff1d(order, fold)
        chance[fold] = LogisticRegression(C=100, max_iter=500).fit(seen[rest], target[rest]).predict_proba(seen[fold])[:, 1]
    print(f"course or not: AUC {roc_auc_score(target, chance):.3f}, courses {target.sum()}, others {(~target).sum()}")
    for limit in (0.2, 0.3, NO_COURSE, 0.4, 0.5):
        print(f"  refused below {limit}: {(chance[~target] < limit).mean():.0%} of the others, {(chance[target] < limit).mean():.1%} of the courses")
    return LogisticRegression(C=100, max_iter=500).fit(seen, target)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="+", type=Path)
    parser.add_argument("--held-out", nargs="*", default=[], type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--cache", type=Path, help="keep the features in this file from one call to the next")
    a = parser.parse_args()
    cases, held = collected(a.documents, a.held_out, a.cache)
    if a.folds > 1:
        report("cross-validated", cases, cross_validated(cases, a.folds))
    model = fitted(cases)
    if held:
        report("held out", held, {c.name: model.predict_proba(c.features)[:, 1].tolist() for c in held})
    judge = judge_of_courses(course_texts(cases))
    for c in held:
        p = judge.predict_proba([course_words(c.text)])[0, 1]
        if not c.gold.get("is_course", True) or p < 0.5:
            print(f"held out: a course with {p:.2f}: {c.name}{'' if c.gold.get('is_course', True) else ' (is none)'}")
    if a.write:
        words = {"bias": round(float(judge.intercept_[0]), 4), "weights": [round(float(w), 3) for w in judge.coef_[0]]}
        written(WEIGHTS.with_name("course.json"), words)
        written(WEIGHTS, exported(model))
    return 0


def collected(documents: Sequence[Path], held_out: Sequence[Path], cache: Path | None) -> tuple[list[Case], list[Case]]:
    if cache and cache.exists():
        known: tuple[list[Case], list[Case]] = pickle.loads(cache.read_bytes())
        return known
    cases = load(documents), load(held_out)
    if cache:
        cache.write_bytes(pickle.dumps(cases))
    return cases


def cross_validated(cases: Sequence[Case], folds: int) -> dict[str, Sequence[float]]:
    """For each document the probabilities of its titles by a model that has not seen it."""
    out: dict[str, Sequence[float]] = {}
    order = np.random.RandomState(0).permutation(len(cases))
    for k in range(folds):
        fold = set(order[k::folds])
        model = fitted([c for i, c in enumerate(cases) if i not in fold])
        for i in fold:
            out[cases[i].name] = model.predict_proba(cases[i].features)[:, 1].tolist()
    return out


def course_texts(cases: Sequence[Case]) -> list[tuple[str, bool, str]]:
    """Text, whether it is one of a course, and name, of the cases and of the texts that were written for this."""
    known = [(c.text, bool(c.gold.get("is_course", True)), c.name) for c in cases]
    readers = Readers(Host())
    for path in sorted(COURSES.glob("*.md")):
        blocks = readers.read(Source(str(path), path.read_bytes())).blocks
        known.append((course.text_of(blocks), path.name.startswith("yes-"), path.stem))
    return known


def written(path: Path, weights: dict[str, Any]) -> None:
    path.write_text(json.dumps(weights, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size:,} bytes written")


if __name__ == "__main__":
    sys.exit(main())
