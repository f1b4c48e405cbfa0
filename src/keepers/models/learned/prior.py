"""The plain rule that learned predictions start from: so much, and so much more for each unit of past spend."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

FloatArray = NDArray[np.float64]

CREDIBLE = 30.0
"""Buyers with whom the features are believed by half, however well they seem to predict."""


@dataclass(frozen=True, slots=True)
class RatioPrior:
    """``level + ratio * past spend``; the level alone where past spend is unknown.

    Attributes
    ----------
    level, ratio : float
        In money, and money for money.
    feature : int or None
        Position of past spend among the features.
    """

    level: float
    ratio: float
    feature: int | None

    def __call__(self, X: FloatArray) -> FloatArray:
        """The rule's prediction, shape (n,)."""
        return np.asarray(self.level + self.ratio * self._past(X))

    def _past(self, X: FloatArray) -> FloatArray:
        if self.feature is None:
            return np.zeros(len(X))
        return np.maximum(np.nan_to_num(X[:, self.feature]), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return asdict(self)

    @classmethod
    def fit(cls, X: FloatArray, outcome: FloatArray, feature: int | None) -> RatioPrior:
        """Learn both numbers, with errors weighted as larger values vary more; the total comes out right."""
        mean = float(outcome.mean())
        past = np.zeros(len(X)) if feature is None else np.maximum(np.nan_to_num(X[:, feature]), 0.0)
        typical = float(past.mean())
        if feature is None or typical <= 0:
            return cls(mean, 0.0, None)
        weight = 1.0 / np.sqrt(0.5 * typical + past)
        found, _ = nnls(np.column_stack([weight, past * weight]), outcome * weight)
        total = float(found[0] + found[1] * typical)
        if total <= 0:
            return cls(mean, 0.0, None)
        return cls(float(found[0] * mean / total), float(found[1] * mean / total), feature)


def learned_share(learned: FloatArray, prior: FloatArray, outcome: FloatArray) -> float:
    """How much of the prediction is learned, between 0 and 1: the rest stays with the plain rule.

    The weight that predicts held-out customers best, shrunk by its own uncertainty, so that what few customers seem to
    say counts for little.

    Parameters
    ----------
    learned, prior, outcome : arrays, shape (n,)
        Held-out predictions, the rule's, and what happened.
    """
    weight = 1.0 / (learned + prior + outcome.mean())
    gap = learned - prior
    information = float(np.sum(weight * gap**2))
    if information <= 0:
        return 0.0
    best = float(np.sum(weight * gap * (outcome - prior))) / information
    left = outcome - prior - best * gap
    variance = float(np.sum((weight * gap * left) ** 2)) / information**2
    if best <= 0:
        return 0.0
    buyers = float(np.sum(outcome > 0))
    return float(np.clip(best * best**2 / (best**2 + variance), 0.0, 1.0) * buyers / (buyers + CREDIBLE))
