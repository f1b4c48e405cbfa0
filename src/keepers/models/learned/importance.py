"""Which features matter, in money, and whether they would again: their parts by trees learned on other customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from keepers.models.learned.attrition import EXPECTED, EXPECTED_MONEY
from keepers.models.learned.contributions import Course, money_shares

FloatArray = NDArray[np.float64]

_WORDS = {
    EXPECTED: "the chance that a model of buying gives",
    EXPECTED_MONEY: "the money that a model of buying expects",
}

MOST_ROWS, MOST_REFIT_ROWS = 600, 200
"""Customers on whom features are weighed, by the model and by each refit."""


@dataclass(frozen=True, slots=True)
class FeatureWeight:
    """How much a feature moves predictions.

    Attributes
    ----------
    feature : str
    money : float
        Mean size of its part in a prediction, in money a customer.
    share : float
        That, of all features together.
    low, high : float
        The smallest and largest `money` among refits, each without another part of the customers.
    rank_low, rank_high : int
        The best and worst place among refits, 1 the first.
    """

    feature: str
    money: float
    share: float
    low: float
    high: float
    rank_low: int
    rank_high: int


@dataclass(frozen=True, slots=True)
class Importance:
    """All features, those that move predictions most first.

    Attributes
    ----------
    weights : tuple of FeatureWeight
    stability : float
        Mean rank correlation between refits: 1 where they agree on the order of the features, 0 where they do not.
    """

    weights: tuple[FeatureWeight, ...]
    stability: float

    @property
    def sentence(self) -> str:
        """In words."""
        moving = [one for one in self.weights if one.money > 0]
        if not moving:
            return "No feature moves the prediction: what little the customers show is left to the plain rule."
        first = ", ".join(f"{_WORDS.get(one.feature, one.feature)} ({one.share:.0%})" for one in moving[:3])
        steady = "agree on" if self.stability >= 0.8 else "mostly agree on" if self.stability >= 0.5 else "differ in"
        return (
            f"Most of what moves predictions is {first}; refits without a part of the customers {steady} the order "
            f"(rank correlation {self.stability:.2f}). What predicts is not what causes."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {"stability": self.stability, "weights": [asdict(one) for one in self.weights]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Importance:
        """What `to_dict` wrote."""
        return cls(tuple(FeatureWeight(**one) for one in data["weights"]), float(data["stability"]))


def sampled_rows(X: FloatArray) -> FloatArray:
    """The customers on whom features are weighed."""
    return X[:: -(-len(X) // MOST_ROWS)].copy()


def importance_of(course: Course, sample: FloatArray, names: Sequence[str]) -> tuple[Importance, FloatArray, float]:
    """Weigh the features on a sample of customers.

    Returns
    -------
    importance, centre, mean : Importance, array of shape (p,), float
        The mean part of each feature and the mean prediction over the sample, from which contributions are counted.
    """
    shares, base = money_shares(course, sample)
    few = sample[:: -(-len(sample) // MOST_REFIT_ROWS)]
    refits = np.array([_sizes(money_shares(course, few, parts=parts)[0]) for parts in course.head.folds])
    size = _sizes(shares)
    ranks = np.array([rankdata(-one, method="min") for one in refits])
    total = float(size.sum())
    weights = [
        FeatureWeight(
            name,
            float(size[k]),
            float(size[k] / total) if total > 0 else 0.0,
            float(refits[:, k].min()),
            float(refits[:, k].max()),
            int(ranks[:, k].min()),
            int(ranks[:, k].max()),
        )
        for k, name in enumerate(names)
    ]
    weights.sort(key=lambda one: -one.money)
    centre = shares.mean(axis=0)
    return Importance(tuple(weights), _agreement(refits)), centre, base + float(shares.sum(axis=1).mean())


def _sizes(shares: FloatArray) -> FloatArray:
    """Mean size about the mean, so that what is the same for everybody counts for nothing."""
    return np.asarray(np.abs(shares - shares.mean(axis=0)).mean(axis=0))


def _agreement(refits: FloatArray) -> float:
    """Mean rank correlation between refits, over features that move a prediction in any of them."""
    moving = refits[:, refits.max(axis=0) > 0]
    if moving.shape[1] < 2:
        return 1.0
    ranks = np.array([rankdata(one) for one in moving])
    ranks = ranks[ranks.std(axis=1) > 0]
    if len(ranks) < 2:
        return 0.0
    table = np.corrcoef(ranks)
    return float(table[np.triu_indices(len(table), 1)].mean())
