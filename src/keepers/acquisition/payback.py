"""When the cost of winning a customer is back, as a distribution: over what is not known of value and of cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.time import TimeUnit
from keepers.valuation.intervals import central


@dataclass(frozen=True, slots=True)
class Payback:
    """Months until a customer has brought what it cost to win them.

    Parameters
    ----------
    months, low, high : float or None
        The estimate and the 80% interval; None is not within the lifetime that was looked at.
    probability : float
        Of being back within the target.
    """

    months: float | None
    low: float | None
    high: float | None
    probability: float


def payback(ages: FloatArray, curve: FloatArray, cost: FloatArray, target_months: float) -> Payback:
    """The payback of customers of one group.

    Parameters
    ----------
    ages : array, shape (a,)
        Ages in days, rising from 0.
    curve : array, shape (n + 1, a)
        Value up to each age by draw, not discounted; draw 0 is the estimate.
    cost : array, shape (n + 1,)
        Cost of a new customer by draw.
    target_months : float
        The target.

    >>> ages, curve = np.array([0.0, 30.4375, 60.875]), np.array([[10.0, 20.0, 30.0], [10.0, 30.0, 50.0]])
    >>> payback(ages, curve, np.array([15.0, 60.0]), 12.0)
    Payback(months=0.5, low=None, high=None, probability=0.0)
    """
    months = np.array([_crossing(ages, row, paid) for row, paid in zip(curve, cost, strict=True)]) / TimeUnit.MONTH.days
    drawn = months[1:]
    # Where the end of the interval is beyond all that was looked at, its quantile is infinite.
    low, high = np.quantile(drawn, central(0.80), method="inverted_cdf")
    return Payback(_finite(months[0]), _finite(low), _finite(high), float(np.mean(drawn <= target_months)))


def drawn_cost(cost: float, customers: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Cost of a new customer by draw, shape (n + 1,): as many would have come for the money as chance allows.

    The number of customers is Poisson about what the money brings; with a flat prior of the logarithm of that, its
    posterior is Gamma(customers).
    """
    return np.concatenate([[cost / customers], cost / rng.gamma(customers, 1.0, draws)])


def _crossing(ages: FloatArray, curve: FloatArray, cost: float) -> float:
    """The first age at which the curve reaches the cost, between grid points along a line; infinite if never."""
    there = np.flatnonzero(curve >= cost)
    if not there.size:
        return np.inf
    place = int(there[0])
    if not place:
        return float(ages[0])
    before, after = curve[place - 1], curve[place]
    return float(ages[place - 1] + (ages[place] - ages[place - 1]) * (cost - before) / (after - before))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
