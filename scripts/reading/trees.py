"""Boosted trees as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier


def exported_tree(predictor: Any) -> list[list[float]]:
    """A tree as `recognition.trees.Tree` has it."""
    nodes = predictor.nodes
    leaves = nodes["is_leaf"]
    return [
        nodes["feature_idx"].tolist(),
        [float(f"{v:.5g}") if np.isfinite(v) else 1e30 for v in nodes["num_threshold"]],
        [0 if leaf else int(v) for v, leaf in zip(nodes["left"], leaves, strict=True)],
        [0 if leaf else int(v) for v, leaf in zip(nodes["right"], leaves, strict=True)],
        [round(float(v), 5) if leaf else 0 for v, leaf in zip(nodes["value"], leaves, strict=True)],
    ]


def exported(model: HistGradientBoostingClassifier, features: Sequence[str]) -> dict[str, Any]:
    """A model of two classes as `recognition.trees.Model` has it."""
    return {
        "features": list(features),
        "base": round(float(model._baseline_prediction.ravel()[0]), 5),
        "trees": [exported_tree(predictor) for (predictor,) in model._predictors],
    }
