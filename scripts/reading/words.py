"""The training of the judge of the wording of titles (`reading/recognition/wording.py`)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from dagogy_provider_internal.reading.recognition import wording
from dagogy_provider_internal.reading.recognition.features import WORDING
from dagogy_provider_internal.reading.recognition.units import titled
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from reading.cases import Case

_INNER_FOLDS = 4


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
            case.features[:, WORDING] = chances
            for title, chance in zip(case.found.titles, chances, strict=True):
                title.features[WORDING] = float(chance)

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
