"""Trains the models that say which titles of a document are concepts, and prints what they are worth.

  python scripts/train_reading.py DOCUMENTS… --scorer SCORE.PY [--held-out DOCUMENTS…] [--courses TEXTS…]
  [--folds 5] [--write]

Each of DOCUMENTS is a folder of cases, `NAME/doc.*` with a teacher's reading in `NAME/gold.json` (its
format: `FORMAT.md` of the reading bench, whose `score.py` says when two names are alike). The documents
of this repository that are written for dagogy are trained on as well. What tells courses from other texts
is trained on these, on `providers/internal/training/course` and on the TEXTS, folders where a file's name
says what it is (`yes-…`, `no-…`, `not-…`). Needs scikit-learn. `--write` puts the weights where the
provider `internal` reads them, and the sources of the documents, with hashes of their bytes and labels,
into `providers/internal/training/sources.jsonl`. Cross-validation is over documents: no document is
judged by a model that has seen any of it. `--leave-out N/M` keeps every document of DOCUMENTS whose name
falls into that part of M unseen.
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import importlib.util
import json
import pickle
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import Source
from dagogy.api.scope import Block
from dagogy.host.manager import Host
from dagogy.pipeline.documents import Readers
from dagogy_provider_internal import recognition
from dagogy_provider_internal.concepts import structural_reading
from dagogy_provider_internal.recognised import NO_COURSE
from dagogy_provider_internal.recognition import agreement, course, wording
from dagogy_provider_internal.recognition.choice import choose
from dagogy_provider_internal.recognition.features import FIRST, Described, described, names
from dagogy_provider_internal.recognition.units import titled
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

WEIGHTS = Path(recognition.__file__).parent / "model.json"
ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "providers/internal/training/sources.jsonl"
COURSES = ROOT / "providers/internal/training/course"
#: Titles from which on a name is taken for that of a concept, as the bench has it.
ALIKE, NEVER = 0.6, 0.9
_AS_GOOD = 0.03  # less alike than the best name of a concept
_INNER_FOLDS = 4
_OWN, _OWN_WEIGHT = ("examples/", "tests/"), 0.25


@dataclass
class Case:
    name: str
    gold: dict[str, Any]
    found: Described
    #: What the judge of courses sees.
    text: str
    blocks: Sequence[Block]
    features: np.ndarray
    #: For each title the position of the concept that it names, -1 for none, how much alike the two are, and
    #: whether it must never be one.
    concept: list[int]
    alike: list[float]
    never: list[bool]
    source: str
    sha256: str
    #: What the first look makes of the titles, and the features of the second.
    chances: np.ndarray | None = None
    agreement: np.ndarray | None = None


def scorer(path: Path) -> Any:
    """The scorer of the bench, its costly functions remembering what they said."""
    spec = importlib.util.spec_from_file_location("score", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.plain = functools.lru_cache(None)(module.plain)
    module.tokens = functools.lru_cache(None)(module.tokens)
    return module


def load(folders: Sequence[Path], score: Any) -> list[Case]:
    readers, cases = Readers(Host()), []
    for path in sorted(p for folder in folders for p in folder.glob("*/gold.json")):
        gold = json.loads(path.read_text(encoding="utf-8"))
        file = next(path.parent.glob("doc.*"))
        data = file.read_bytes()
        blocks = readers.read(Source(str(file), data)).blocks
        found = described(blocks)
        if found.titles:
            features = np.array([t.features for t in found.titles], dtype=np.float32)
            for title in found.titles:
                title.features = title.features[:FIRST]
            labelled = labels(score, gold, [t.text for t in found.titles])
            digest = hashlib.sha256(data).hexdigest()
            cases.append(
                Case(
                    path.parent.name,
                    gold,
                    found,
                    course.text_of(blocks),
                    blocks,
                    features,
                    *labelled,
                    gold.get("source", ""),
                    digest,
                )
            )
    return cases


def own_cases(score: Any) -> list[Case]:
    """The documents of this repository that are written for dagogy. Their structure says what they teach, and
    tests hold that it is read right.
    """
    cases, readers = [], Readers(Host())
    for path in sorted([*(ROOT / "examples").glob("*.md"), *(ROOT / "tests/data/scope").glob("*.md")]):
        data = path.read_bytes()
        document = readers.read(Source(str(path), data))
        found, structure = described(document.blocks), structural_reading(document).concepts
        if found.titles and structure:
            gold = {"concepts": [{"title": c.title} for c in structure]}
            features = np.array([t.features for t in found.titles], dtype=np.float32)
            for title in found.titles:
                title.features = title.features[:FIRST]
            labelled = labels(score, gold, [t.text for t in found.titles])
            name = str(path.relative_to(ROOT))
            digest = hashlib.sha256(data).hexdigest()
            cases.append(
                Case(
                    name,
                    gold,
                    found,
                    course.text_of(document.blocks),
                    document.blocks,
                    features,
                    *labelled,
                    name,
                    digest,
                )
            )
    return cases


def labels(
    score: Any, gold: dict[str, Any], titles: Sequence[str]
) -> tuple[list[int], list[float], list[bool]]:
    concepts = [[c["title"], *c.get("aliases", [])] for c in gold["concepts"]]

    @functools.cache
    def of(title: str) -> tuple[int, float, bool]:
        value, best = max(
            ((score.alike(title, name), k) for k, known in enumerate(concepts) for name in known),
            default=(0.0, -1),
        )
        worst = max((score.alike(title, name) for name in gold.get("never", [])), default=0.0)
        if worst >= NEVER and worst > value:
            return -1, worst, True
        return (best if value >= ALIKE else -1), value, False

    found = [of(t) for t in titles]
    return [c for c, _, _ in found], [v for _, v, _ in found], [n for _, _, n in found]


def targets(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """For each title whether it is the best name that the document has for a concept, and what
    that weighs. Another name of the same concept is none, but says less: a reader who takes it has
    not read wrong, only twice."""
    best: dict[int, float] = {}
    for concept, value in zip(case.concept, case.alike, strict=True):
        best[concept] = max(value, best.get(concept, 0.0))
    target, weight = np.zeros(len(case.concept)), np.ones(len(case.concept))
    for i, (concept, value) in enumerate(zip(case.concept, case.alike, strict=True)):
        if concept >= 0 and value >= best[concept] - _AS_GOOD:
            target[i] = 1
            weight[i] = 1.0 if case.gold["concepts"][concept].get("weight", 1) >= 1 else 0.6
        elif concept >= 0:
            weight[i] = 0.3
    # What was written for dagogy is easy, and there is much of it.
    share = _OWN_WEIGHT if case.name.startswith(_OWN) else 1.0
    # A long document has many titles; it speaks louder than a short one, but not as
    # much louder as it is longer.
    return target, share * weight * len(target) ** -0.5


def fitted(
    cases: Sequence[Case], rows: Sequence[np.ndarray], **settings: Any
) -> HistGradientBoostingClassifier:
    known = [targets(c) for c in cases]
    weight = np.concatenate([w for _, w in known])
    model = HistGradientBoostingClassifier(
        learning_rate=0.08,
        max_leaf_nodes=12,
        l2_regularization=3.0,
        max_features=0.3,
        random_state=1,
        **settings,
    )
    return model.fit(
        np.concatenate(rows), np.concatenate([t for t, _ in known]), sample_weight=weight / weight.mean()
    )


def first_look(cases: Sequence[Case]) -> HistGradientBoostingClassifier:
    return fitted(cases, [c.features for c in cases], max_iter=120, min_samples_leaf=15)


def two_looks(
    cases: Sequence[Case], unseen: Sequence[Case]
) -> tuple[HistGradientBoostingClassifier, HistGradientBoostingClassifier]:
    """Both models, and in each unseen case what they make of it. The second is trained on what first looks
    made of documents new to them.
    """
    order = np.random.RandomState(2).permutation(len(cases))
    for k in range(_INNER_FOLDS):
        fold = set(order[k::_INNER_FOLDS])
        model = first_look([cases[i] for i in order if i not in fold])
        for i in fold:
            _looked_at(cases[i], model)
    second = fitted(cases, [_agreement(c) for c in cases], max_iter=80, min_samples_leaf=30)
    first = first_look(cases)
    for case in unseen:
        _looked_at(case, first)
    return first, second


def _looked_at(case: Case, model: HistGradientBoostingClassifier) -> None:
    case.chances = model.predict_proba(case.features)[:, 1]
    case.agreement = np.array(
        agreement.agreed(case.blocks, case.found, case.chances.tolist()), dtype=np.float32
    )


def _agreement(case: Case) -> np.ndarray:
    assert case.agreement is not None
    return case.agreement


def measured(case: Case, probabilities: Sequence[float]) -> tuple[float, ...]:
    """F1, recall, precision, leak and size of what is chosen, as the bench counts them."""
    at = {(t.unit, t.text): k for k, t in enumerate(case.found.titles)}
    chosen = choose(case.found, probabilities).chosen
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
    print(
        f"{what}: F1 {f1:.3f} recall {recall:.3f} precision {precision:.3f} leak {leak:.3f} size {size:.1f} "
        f"usable {usable}/{len(rows)} AUC {area:.3f}"
    )


def exported(model: HistGradientBoostingClassifier, features: Sequence[str]) -> dict[str, Any]:
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        trees.append(
            [
                nodes["feature_idx"].tolist(),
                [float(f"{v:.5g}") if np.isfinite(v) else 1e30 for v in nodes["num_threshold"]],
                [0 if leaf else int(v) for v, leaf in zip(nodes["left"], nodes["is_leaf"], strict=True)],
                [0 if leaf else int(v) for v, leaf in zip(nodes["right"], nodes["is_leaf"], strict=True)],
                [
                    round(float(v), 5) if leaf else 0
                    for v, leaf in zip(nodes["value"], nodes["is_leaf"], strict=True)
                ],
            ]
        )
    return {
        "features": list(features),
        "base": round(float(model._baseline_prediction.ravel()[0]), 5),
        "trees": trees,
    }


def named(case: Case) -> tuple[list[str], list[bool]]:
    """What the teacher of a document names as concepts, and as what never is one."""
    concepts = {titled(t) for c in case.gold["concepts"] for t in (c["title"], *c.get("aliases", [])[:2])}
    never = {titled(t) for t in case.gold.get("never", [])}
    return [*concepts, *never], [False] * len(concepts) + [True] * len(never)


def words_of(texts: Sequence[str]) -> csr_matrix:
    columns, starts, values = [], [0], []
    for text in texts:
        seen = wording.buckets(text)
        columns += seen
        values += [len(seen) ** -0.5] * len(seen)
        starts.append(len(columns))
    return csr_matrix((values, columns, starts), shape=(len(texts), wording.BUCKETS))


def judge_of_words(cases: Sequence[Case]) -> LogisticRegression:
    known = [named(c) for c in cases]
    return LogisticRegression(C=4, max_iter=300).fit(
        words_of([t for texts, _ in known for t in texts]), [n for _, never in known for n in never]
    )


def worded(cases: Sequence[Case], unseen: Sequence[Case]) -> dict[str, Any]:
    """Puts into the features of all cases what a judge of words makes of their titles that has not seen their
    names; the weights of that for all.
    """

    def tell(some: Sequence[Case], judge: LogisticRegression) -> None:
        for case in some:
            chances = judge.predict_proba(words_of([t.text for t in case.found.titles]))[:, 1]
            case.features[:, FIRST - 1] = chances
            for title, chance in zip(case.found.titles, chances, strict=True):
                title.features[FIRST - 1] = float(chance)

    order = np.random.RandomState(1).permutation(len(cases))
    for k in range(_INNER_FOLDS):
        fold = set(order[k::_INNER_FOLDS])
        tell([cases[i] for i in fold], judge_of_words([cases[i] for i in order if i not in fold]))
    judge = judge_of_words(cases)
    tell(unseen, judge)
    scale = float(np.abs(judge.coef_[0]).max()) / 127
    weights = bytes((np.rint(judge.coef_[0] / scale).astype(int) + 128).tolist())
    return {
        "bias": round(float(judge.intercept_[0]), 4),
        "scale": round(scale, 6),
        "weights": base64.b85encode(weights).decode(),
    }


def course_words(text: str) -> np.ndarray:
    row = np.zeros(course.BUCKETS)
    row[list(course.buckets(text))] = 1
    return row / (np.linalg.norm(row) or 1)


@dataclass
class Text:
    """A text that is a course or none: what the judge of courses sees of it, and how
    sure the first look is of it.
    """

    name: str
    text: str
    is_course: bool
    seen: list[float]


def judge_of_courses(known: Sequence[Text]) -> dict[str, Any]:
    """The weights of the judge of whether a text is a course; prints what it is worth, cross-validated."""
    words, target = np.array([course_words(t.text) for t in known]), np.array([t.is_course for t in known])
    seen = np.array([t.seen for t in known])
    order = np.random.RandomState(0).permutation(len(target))

    def by_words(some: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=30, max_iter=500).fit(words[some], target[some])

    score = np.zeros(len(target))
    for k in range(8):
        fold = order[k::8]
        score[fold] = by_words(np.setdiff1d(order, fold)).decision_function(words[fold])
    columns = np.hstack([score[:, None], seen])
    middle, spread = columns.mean(0), columns.std(0) + 1e-9
    columns = (columns - middle) / spread
    chance = np.zeros(len(target))
    for k in range(8):
        fold = order[k::8]
        rest = np.setdiff1d(order, fold)
        chance[fold] = (
            LogisticRegression(C=1, max_iter=500)
            .fit(columns[rest], target[rest])
            .predict_proba(columns[fold])[:, 1]
        )
    print(
        f"course or not: AUC {roc_auc_score(target, chance):.3f}, courses {target.sum()}, others "
        f"{(~target).sum()}"
    )
    for limit in sorted({0.1, 0.15, 0.2, 0.3, 0.5, NO_COURSE}):
        print(
            f"  refused below {limit}: {(chance[~target] < limit).mean():.0%} of the others, "
            f"{(chance[target] < limit).mean():.1%} of the courses"
        )
    judge, both = by_words(order), LogisticRegression(C=1, max_iter=500).fit(columns, target)
    weights = both.coef_[0] / spread
    return {
        "bias": round(float(judge.intercept_[0]), 4),
        "weights": [round(float(w), 3) for w in judge.coef_[0]],
        "seen bias": round(float(both.intercept_[0] - weights @ middle), 5),
        "words": round(float(weights[0]), 5),
        "seen": [float(f"{w:.5g}") for w in weights[1:]],
    }


def course_chance(judge: dict[str, Any], text: Text) -> float:
    by_words = judge["bias"] + float(course_words(text.text) @ np.array(judge["weights"]))
    score = (
        judge["seen bias"] + judge["words"] * by_words + float(np.array(judge["seen"]) @ np.array(text.seen))
    )
    return float(1 / (1 + np.exp(-score)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", nargs="+", type=Path)
    parser.add_argument("--scorer", type=Path, required=True)
    parser.add_argument("--held-out", nargs="*", default=[], type=Path)
    parser.add_argument("--courses", nargs="*", default=[], type=Path)
    parser.add_argument("--leave-out", help="N/M: keep every document in the Nth of M parts unseen")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--cache", type=Path, help="keep the features in this file from one call to the next")
    a = parser.parse_args()
    cases, held = collected(a.documents, a.held_out, a.scorer, a.cache)
    if a.leave_out:
        cases, left_out = parted(cases, a.leave_out)
        held = [*held, *left_out]
    taught = [c for c in cases if c.gold.get("is_course", True)]
    others = [c for c in cases if not c.gold.get("is_course", True)]
    words = worded(taught, [*others, *held])
    if a.folds > 1:
        report("cross-validated", taught, cross_validated(taught, a.folds))
    first, second = two_looks(taught, [*others, *held])
    if held:
        report("held out", held, {c.name: second.predict_proba(_agreement(c))[:, 1].tolist() for c in held})
    # Those of the repository are short texts on any subject, written for tests: they say
    # nothing of what a course is like.
    strangers = [c for c in cases if not c.name.startswith(_OWN)]
    judge = judge_of_courses([*map(as_text, strangers), *course_texts([COURSES, *a.courses], first)])
    tell_courses(judge, held)
    if a.write:
        written(WEIGHTS.with_name("course.json"), judge)
        written(WEIGHTS.with_name("wording.json"), words)
        written(
            WEIGHTS,
            {
                "first": exported(first, names()),
                "second": exported(second, [*agreement.names(), *names()[:FIRST]]),
            },
        )
        SOURCES.write_text(
            "".join(json.dumps(source_of(c), ensure_ascii=False) + "\n" for c in cases), encoding="utf-8"
        )
    return 0


def tell_courses(judge: dict[str, Any], held: Sequence[Case]) -> None:
    """Prints which of these documents are no course, or taken for none."""
    for text in map(as_text, held):
        p = course_chance(judge, text)
        if not text.is_course or p < 0.5:
            print(f"held out: a course with {p:.2f}: {text.name}{'' if text.is_course else ' (is none)'}")


def parted(cases: Sequence[Case], part_of: str) -> tuple[list[Case], list[Case]]:
    """The documents outside and inside of part N of M (`N/M`), by their names; those of the
    repository are never left out.
    """
    part, parts = map(int, part_of.split("/"))
    inside = {
        c.name for c in cases if zlib.crc32(c.name.encode()) % parts == part and not c.name.startswith(_OWN)
    }
    return [c for c in cases if c.name not in inside], [c for c in cases if c.name in inside]


def source_of(case: Case) -> dict[str, Any]:
    """Where a document comes from and what its labels are, by hashes: whoever has the same bytes can rebuild
    the training set.
    """
    seen: dict[str, int] = {}
    for title, concept, never in zip(case.found.titles, case.concept, case.never, strict=True):
        if concept >= 0 or never:
            seen.setdefault(
                hashlib.sha256(title.text.casefold().encode()).hexdigest()[:12], -2 if never else concept
            )
    return {
        "source": case.source,
        "sha256": case.sha256,
        "course": bool(case.gold.get("is_course", True)),
        "concepts": seen,
    }


def collected(
    documents: Sequence[Path], held_out: Sequence[Path], score: Path, cache: Path | None
) -> tuple[list[Case], list[Case]]:
    if cache and cache.exists():
        known: tuple[list[Case], list[Case]] = pickle.loads(cache.read_bytes())
        return known
    module = scorer(score)
    cases = [*load(documents, module), *own_cases(module)], load(held_out, module)
    if cache:
        cache.write_bytes(pickle.dumps(cases))
    return cases


def cross_validated(cases: Sequence[Case], folds: int) -> dict[str, Sequence[float]]:
    """For each document the probabilities of its titles by models that have not seen it."""
    out: dict[str, Sequence[float]] = {}
    order = np.random.RandomState(0).permutation(len(cases))
    for k in range(folds):
        fold = set(order[k::folds])
        unseen = [cases[i] for i in fold]
        _, second = two_looks([c for i, c in enumerate(cases) if i not in fold], unseen)
        out |= {c.name: second.predict_proba(_agreement(c))[:, 1].tolist() for c in unseen}
    return out


def as_text(case: Case) -> Text:
    assert case.chances is not None
    return Text(
        case.name,
        case.text,
        bool(case.gold.get("is_course", True)),
        agreement.sureness(case.found, case.chances.tolist()),
    )


def course_texts(folders: Sequence[Path], first: HistGradientBoostingClassifier) -> list[Text]:
    """The texts in the folders that can be read and have a title. `first`: a first
    look that saw none of them.
    """
    known, readers = [], Readers(Host())
    for path in sorted(
        p for folder in folders for p in folder.iterdir() if p.name.startswith(("yes-", "no-", "not-"))
    ):
        try:
            blocks = readers.read(Source(str(path), path.read_bytes())).blocks
        except InvalidArgument as e:
            print(f"left out: {e}")
            continue
        found = described(blocks)
        if found.titles:
            chances = first.predict_proba(np.array([t.features for t in found.titles], dtype=np.float32))[
                :, 1
            ]
            seen = agreement.sureness(found, chances.tolist())
            known.append(Text(path.stem, course.text_of(blocks), path.name.startswith("yes-"), seen))
    return known


def written(path: Path, weights: dict[str, Any]) -> None:
    path.write_text(json.dumps(weights, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size:,} bytes written")


if __name__ == "__main__":
    sys.exit(main())
