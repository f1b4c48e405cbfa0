"""P(alive) against who came back: customers in groups by P(alive), their predicted and their actual activity."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.evaluation.outcomes import Outcomes
from keepers.models.buying import BuyingModel

FAR = 0.15
"""Shares of active customers that are off by more than this on average are a bad fit."""

UNLIKELY = 0.001
_GROUPS = 10


@dataclass(frozen=True, slots=True)
class ActivityGroup:
    """Customers with like P(alive): how many, its mean, and the predicted and actual share that came back."""

    customers: float
    probability_alive: float
    predicted: float
    actual: float


@dataclass(frozen=True, slots=True)
class ActivityFit:
    """Who came back in a holdout.

    Attributes
    ----------
    groups : tuple of ActivityGroup
        From the lowest P(alive) to the highest.
    statistic, p_value : float
        Sum over groups of the squared error by its variance, and the chance of one as large.
    error : float
        Mean size of the error of a group's share, by customers.
    sentence : str
        In words.
    """

    groups: tuple[ActivityGroup, ...]
    statistic: float
    p_value: float
    error: float
    sentence: str

    @property
    def poor(self) -> bool:
        """Whether the misfit is large and no chance."""
        return self.error > FAR and self.p_value < UNLIKELY

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {**asdict(self), "poor": self.poor}


def activity_fit(model: BuyingModel, outcomes: Outcomes) -> ActivityFit:
    """Hold P(alive) and the predicted activity against who bought in the holdout.

    Parameters
    ----------
    model : BuyingModel
        Fitted on what was known at the cut.
    outcomes : Outcomes
        Histories at the cut and what followed.
    """
    from scipy.special import chdtrc

    cells, weight = outcomes.cells, outcomes.cells.weight
    alive = np.asarray(model.probability_alive(cells))
    active = 1.0 - np.asarray(model.purchase_distribution(cells, outcomes.horizon, 0))[:, 0]
    bought = outcomes.weight * (outcomes.purchases > 0)
    came = np.asarray(np.bincount(outcomes.cell, weights=bought, minlength=cells.size), dtype=np.float64)
    # Where P(alive) is one for many (BG/NBD's one-time buyers) the predicted activity still tells them apart.
    order = np.lexsort([active, np.round(alive, 9)])
    middle = np.cumsum(weight[order]) - weight[order] / 2
    group = np.minimum((_GROUPS * middle / weight.sum()).astype(np.intp), _GROUPS - 1)
    used, group = np.unique(group, return_inverse=True)

    def summed(column: FloatArray) -> FloatArray:
        return np.bincount(group, weights=column[order], minlength=used.size).astype(np.float64)

    size, expected, actual = summed(weight), summed(weight * active), summed(came)
    variance = np.maximum(summed(weight * active * (1 - active)), 1e-12)
    statistic = float(np.sum((actual - expected) ** 2 / variance))
    p_value = float(chdtrc(used.size, statistic))
    error = float(np.abs(actual - expected).sum() / size.sum())
    means = zip(size, summed(weight * alive) / size, expected / size, actual / size, strict=True)
    groups = tuple(ActivityGroup(*(float(value) for value in row)) for row in means)
    return ActivityFit(groups, statistic, p_value, error, _sentence(groups, p_value, error))


def _sentence(groups: tuple[ActivityGroup, ...], p_value: float, error: float) -> str:
    low, high = groups[0], groups[-1]
    shares = (
        f"Of the customers with the lowest P(alive), {low.predicted:.0%} were predicted to come back and "
        f"{low.actual:.0%} did; of those with the highest, {high.predicted:.0%} and {high.actual:.0%}"
    )
    if p_value >= 0.05:
        return f"{shares}: within what chance explains (p = {p_value:.2f})."
    told = f"p = {p_value:.3f}" if p_value >= UNLIKELY else f"p < {UNLIKELY}"
    return f"{shares}; shares are off by {error:.1%} on average, more than chance explains ({told})."
