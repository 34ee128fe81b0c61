"""The training of the model of roles (`reading/recognition/roles.py`), and what it is worth on documents that
it has not seen."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

import numpy as np
from dagogy.api.scope import Block
from dagogy_provider_internal.reading.recognition import pieces, roles
from dagogy_provider_internal.reading.recognition.pieces import BUCKETS, Surroundings
from dagogy_provider_internal.reading.recognition.roles import ROLES
from scipy.sparse import csr_matrix, vstack
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from reading.cases import Case
from reading.labels import RoleLabel
from reading.trees import exported_tree

_FOLDS = 4
_TEMPERATURES = tuple(round(0.8 + 0.1 * k, 1) for k in range(20))
_UNKNOWN = -9.0  # log-odds of a role that no block of the training set has


#: The probability of each role of each piece of these blocks.
Look = Callable[[Sequence[Block]], np.ndarray]


class Seen:
    """What is seen of the pieces of a document (a row each), and their labels."""

    def __init__(self, blocks: Sequence[Block], labels: Sequence[RoleLabel] = ()) -> None:
        self.around = Surroundings(blocks)
        every = range(len(self.around.pieces))
        self.described = np.array([pieces.described(self.around, i) for i in every], dtype=np.float32)
        self.rows = _matrix([pieces.seen(self.around, piece) for piece in self.around.pieces])
        position = {piece: i for i, piece in enumerate(self.around.pieces)}
        self.at = np.array([position[label.piece] for label in labels], dtype=int)
        self.role = np.array([label.role for label in labels], dtype=int)
        self.weight = np.array([label.weight for label in labels]) * max(1, len(labels)) ** -0.4
        self.said = np.array([label.said for label in labels], dtype=bool)
        #: What the first and the second look make of the pieces, unseen.
        self.first = np.zeros((0, 0))
        self.second = np.zeros((0, 0))
        self.beside = np.zeros((0, 0))

    def look(self, model: LogisticRegression) -> None:
        self.first = _probabilities(model, self.rows)
        beside = roles.Beside(self.around, self.first.tolist())
        rows = np.array([beside.of(i) for i in range(len(self.around.pieces))], dtype=np.float32)
        self.beside = np.hstack([self.described, rows])


def _matrix(rows: Sequence[Sequence[tuple[tuple[int, ...], float]]]) -> csr_matrix:
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for row in rows:
        for buckets, weight in row:
            columns += buckets
            values += [weight] * len(buckets)
        starts.append(len(columns))
    return csr_matrix((values, columns, starts), shape=(len(rows), BUCKETS))


def _probabilities(model: Any, rows: Any) -> np.ndarray:
    out = np.full((rows.shape[0], len(ROLES)), 1e-5)
    if rows.shape[0]:
        out[:, model.classes_] = model.predict_proba(rows)
    return out / out.sum(axis=1, keepdims=True)


def _labelled(seen: Sequence[Seen], of: str) -> tuple[Any, np.ndarray, np.ndarray]:
    kept = [s.role >= 0 for s in seen]
    parts = [getattr(s, of)[s.at[k]] for s, k in zip(seen, kept, strict=True) if k.any()]
    role = np.concatenate([s.role[k] for s, k in zip(seen, kept, strict=True)])
    weight = np.concatenate([s.weight[k] for s, k in zip(seen, kept, strict=True)])
    return vstack(parts) if of == "rows" else np.vstack(parts), role, weight / weight.mean()


def _first(seen: Sequence[Seen]) -> LogisticRegression:
    rows, role, weight = _labelled(seen, "rows")
    return LogisticRegression(C=1, max_iter=60, tol=1e-3).fit(rows, role, sample_weight=weight)


def _second(seen: Sequence[Seen]) -> HistGradientBoostingClassifier:
    rows, role, weight = _labelled(seen, "beside")
    return HistGradientBoostingClassifier(
        max_iter=30,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=15,
        l2_regularization=5,
        max_features=0.15,
        max_bins=64,
        early_stopping=False,
        random_state=1,
    ).fit(rows, role, sample_weight=weight)


def trained(cases: Sequence[Case]) -> tuple[dict[str, Any], Look]:
    """The weights of the model, and what it makes of other blocks; prints what it is worth on documents that
    were not trained on.
    """
    taught = [case for case in cases if any(label.said for label in case.roles)]
    known = [Seen(case.blocks, case.roles) for case in taught]
    order = np.random.RandomState(3).permutation(len(known))
    folds = [set(order[k::_FOLDS].tolist()) for k in range(min(_FOLDS, len(known)))]
    for fold in folds:
        model = _first([s for i, s in enumerate(known) if i not in fold])
        for i in fold:
            known[i].look(model)
    for fold in folds:
        trees = _second([s for i, s in enumerate(known) if i not in fold])
        for i in fold:
            known[i].second = _probabilities(trees, known[i].beside)
    temperature = _temperature(known)
    _report(known, temperature)
    first, second = _first(known), _second(known)

    def look(blocks: Sequence[Block]) -> np.ndarray:
        seen = Seen(blocks)
        seen.look(first)
        return _probabilities(second, seen.beside)

    return _exported(first, second) | {"temperature": temperature}, look


def _exported(first: LogisticRegression, second: HistGradientBoostingClassifier) -> dict[str, Any]:
    scale = float(np.abs(first.coef_).max()) / 127
    rows, bias = np.zeros((len(ROLES), BUCKETS), dtype=np.int8), np.full(len(ROLES), _UNKNOWN)
    rows[first.classes_] = np.rint(first.coef_ / scale).astype(np.int8)
    bias[first.classes_] = first.intercept_
    base = np.full(len(ROLES), _UNKNOWN)
    trees: list[list[Any]] = [[] for _ in ROLES]
    for k, role in enumerate(second.classes_):
        base[role] = second._baseline_prediction.ravel()[k]
        trees[role] = [exported_tree(predictors[k]) for predictors in second._predictors]
    return {
        "first": [base64.b85encode(row.tobytes()).decode() for row in rows],
        "scale": round(scale, 6),
        "bias": [round(float(b), 4) for b in bias],
        "base": [round(float(b), 4) for b in base],
        "features": [*pieces.names(), *(f"{place} {role}" for place in roles.AROUND for role in ROLES)],
        "trees": trees,
    }


def _said(known: Sequence[Seen]) -> tuple[list[Seen], np.ndarray, np.ndarray]:
    """The documents in which a teacher gave lines a role, these roles, and what the model made of them."""
    said = [s for s in known if s.said.any()]
    role = np.concatenate([s.role[s.said] for s in said])
    return said, role, np.vstack([s.second[s.at[s.said]] for s in said])


def _calibrated(chances: np.ndarray, temperature: float) -> np.ndarray:
    powers = chances ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _temperature(known: Sequence[Seen]) -> float:
    """What the log-odds are to be divided by for the probabilities to be as right as they can be."""
    _, role, chances = _said(known)
    at = np.arange(len(role))
    return float(
        max(_TEMPERATURES, key=lambda t: np.log(np.maximum(_calibrated(chances, t)[at, role], 1e-9)).mean())
    )


def _report(known: Sequence[Seen], temperature: float) -> None:
    """Accuracy, calibration and confusion on the blocks whose lines a teacher gave a role."""
    said, role, chances = _said(known)
    chances = _calibrated(chances, temperature)
    alone = np.vstack([s.first[s.at[s.said]] for s in said])
    best, sure = chances.argmax(axis=1), chances.max(axis=1)
    right = best == role
    ends = np.cumsum([s.said.sum() for s in said])[:-1]
    print(
        f"roles of {len(role)} blocks in {len(said)} documents, cross-validated: right {right.mean():.3f} "
        f"(by its words alone {(alone.argmax(axis=1) == role).mean():.3f}; a document counting as much as "
        f"another {fmean(part.mean() for part in np.split(right, ends)):.3f})"
    )
    for limit in sorted({0.3, 0.4, 0.5, 0.7, 0.8, roles.SURE}):
        told = sure >= limit
        if told.any():
            print(f"  told from {limit}: {told.mean():.0%} of the blocks, {right[told].mean():.0%} right")
    for low in np.arange(0.2, 1.0, 0.1):
        told = (sure >= low) & (sure < low + 0.1)
        if told.any():
            print(
                f"  probability {low:.1f} to {low + 0.1:.1f}: {right[told].mean():.2f} right of {told.sum()}"
            )
    print(f"  {'role':<15} blocks recall precision  taken for")
    for k, name in enumerate(ROLES):
        mine, taken = role == k, best == k
        if not mine.any():
            continue
        wrong = Counter(ROLES[b] for b in best[mine & ~right]).most_common(3)
        precision = right[taken].mean() if taken.any() else 0.0
        print(
            f"  {name:<15} {mine.sum():>6} {right[mine].mean():>6.2f} {precision:>9.2f}  "
            + ", ".join(f"{other} {count}" for other, count in wrong)
        )
