"""Classifiers that look for a difference between two kinds of bytes."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence

Examples = Sequence[bytes]


def linear(calm: Examples, other: Examples) -> float:
    """Return how well a straight line tells them apart: 0.5 is chance, 1 always (ROC AUC)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000, C=0.01))
    return _area(model, calm, other)


def forest(calm: Examples, other: Examples) -> float:
    """Return how well a forest of decisions tells them apart."""
    from sklearn.ensemble import RandomForestClassifier

    return _area(RandomForestClassifier(n_estimators=300, random_state=1), calm, other)


def _area(model: object, calm: Examples, other: Examples) -> float:
    from sklearn.model_selection import cross_val_score

    data = [_features(one) for one in (*calm, *other)]
    labels = [0] * len(calm) + [1] * len(other)
    scores = cross_val_score(model, data, labels, cv=10, scoring="roc_auc")
    return float(scores.mean())


def _features(request: bytes) -> list[float]:
    """Return numbers that say how a request looks: how long, which bytes, in which order."""
    counts = [0.0] * 256
    for byte in request:
        counts[byte] += 1
    body = request.partition(b"\n\n")[2]
    near = sum(first == second for first, second in itertools.pairwise(body))
    sums = [sum(body[start::4096]) for start in range(0, 4096, 256)]
    return [
        float(len(request)),
        float(len(zlib.compress(request))),
        float(near),
        *map(float, body[:64]),
        *map(float, body[-64:]),
        *map(float, sums),
        *counts,
    ]
