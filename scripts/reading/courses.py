"""The training of the judge of courses (`reading/recognition/course.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import Source
from dagogy.host.manager import Host
from dagogy.pipeline.documents import Readers
from dagogy_provider_internal.reading.recognised import NO_COURSE
from dagogy_provider_internal.reading.recognition import agreement, course
from dagogy_provider_internal.reading.recognition.features import described
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from reading.cases import Case


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


def tell_courses(judge: dict[str, Any], held: Sequence[Case]) -> None:
    """Prints which of these documents are no course, or taken for none."""
    for text in map(as_text, held):
        p = course_chance(judge, text)
        if not text.is_course or p < 0.5:
            print(f"held out: a course with {p:.2f}: {text.name}{'' if text.is_course else ' (is none)'}")


def as_text(case: Case) -> Text:
    assert case.chances is not None
    return Text(
        case.name,
        case.text,
        case.is_course,
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
