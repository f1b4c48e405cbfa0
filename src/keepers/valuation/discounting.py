"""Discounting of what comes over time: annuities, and a gain of retention as a lower rate of discount."""

from __future__ import annotations

import math

from keepers.domain.money import DiscountRate
from keepers.domain.time import Horizon


def annuity(rate: float, length: float | None) -> float:
    """What one unit of money that flows evenly over each unit of time is worth now.

    Parameters
    ----------
    rate : float
        Continuous rate for one unit of time; may be negative for a finite length.
    length : float or None
        How long it flows; None is for ever.

    Examples
    --------
    >>> annuity(0.0, 5.0)
    5.0
    >>> round(annuity(0.1, None), 6)
    10.0
    """
    if length is None:
        return math.inf if rate <= 0 else 1.0 / rate
    return length if rate == 0 else -math.expm1(-rate * length) / rate


def retention_gain(retention: float, points: float) -> float:
    """The continuous rate a year by which keeping `points` more of every hundred customers a year offsets discounting.

    Multiplying everybody's chance of still being a customer after t years by ((R + p) / R)^t is the same, for what
    customers bring while they stay, as discounting by log((R + p) / R) less a year.

    Parameters
    ----------
    retention : float
        Share of the customers who are still there after a year, R.
    points : float
        What is added to it, 0.01 for one percentage point.

    Examples
    --------
    >>> round(retention_gain(0.6, 0.01), 5)
    0.01653
    """
    return math.log((retention + points) / retention)


def mean_factor(discount: DiscountRate, horizon: Horizon) -> float:
    """What one unit of money that flows evenly over a horizon is worth now, on average.

    >>> from keepers.domain.money import annual_rate
    >>> from keepers.domain.time import months
    >>> round(mean_factor(annual_rate(0.10), months(12)), 4)
    0.9538
    """
    return annuity(discount.per_day, horizon.days) / horizon.days
