"""The two looks at the titles of a document, and what is chosen by them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np
from dagogy_provider_internal.reading.recognition import agreement
from dagogy_provider_internal.reading.recognition.choice import choose
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from reading.cases import Case, targets

_INNER_FOLDS = 4


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
    courses = [c for c in cases if c.is_course]
    rows = [measured(c, probabilities[c.name]) for c in courses]
    f1, recall, precision, leak, size = map(fmean, zip(*rows, strict=True))
    usable = sum(r[1] >= 0.8 and r[2] >= 0.8 and not r[3] for r in rows)
    target = np.concatenate([np.array(c.concept) >= 0 for c in cases])
    area = roc_auc_score(target, np.concatenate([probabilities[c.name] for c in cases]))
    print(
        f"{what}: F1 {f1:.3f} recall {recall:.3f} precision {precision:.3f} leak {leak:.3f} size {size:.1f} "
        f"usable {usable}/{len(rows)} AUC {area:.3f}"
    )


def judged(cases: Sequence[Case], second: HistGradientBoostingClassifier) -> dict[str, Sequence[float]]:
    """For each case, after the first look, the probabilities of its titles by the second."""
    return {c.name: second.predict_proba(_agreement(c))[:, 1].tolist() for c in cases}


def cross_validated(cases: Sequence[Case], folds: int) -> dict[str, Sequence[float]]:
    """For each document the probabilities of its titles by models that have not seen it."""
    out: dict[str, Sequence[float]] = {}
    order = np.random.RandomState(0).permutation(len(cases))
    for k in range(folds):
        fold = set(order[k::folds])
        unseen = [cases[i] for i in fold]
        _, second = two_looks([c for i, c in enumerate(cases) if i not in fold], unseen)
        out |= judged(unseen, second)
    return out
