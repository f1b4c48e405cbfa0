"""What of a total's error on days of the past is to be carried over to other days: the part that lasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

USUAL = 0.05
"""By how much a forecast's total is usually off for good, as a logarithm: its law is not the store's."""


def lasting_gap(
    expected: FloatArray,
    outcome: FloatArray,
    customers: NDArray[np.generic] | None = None,
    reach: float = 0.5,
) -> float:
    """Logarithm of the factor by which a forecast's total is to be raised, by what the past showed of it.

    A total of the past differs from its forecast for two reasons. One lasts: the law of the forecast is not the
    store's. The other does not: those days were better or worse than usual, and the forecast, fitted to what was known
    on them, was off by chance; one that is fitted later is off by a chance of its own. Of a logarithm g with the
    variance v of chance the part ``t / (t + v)`` is carried over, where t is the usual square of what lasts, or what g
    shows beyond twice the chance if that is more.

    What chance does to the days ahead is counted from what is left of each customer; what it did to the forecast grows
    with the square of how far it reached beyond what it was fitted to (as found on simulated stores: as much again
    where it reached half as far as its history, and sixteen times as much where it reached twice as far).

    Parameters
    ----------
    expected, outcome : arrays, shape (n,)
        What was expected of each customer, NaN where nothing was said, and what came.
    customers : array, shape (n,), optional
        Customer of each row, where one stands on several.
    reach : float
        The time that was foretold over the time that was known before it.
    """
    known = np.isfinite(expected)
    total, came = float(expected[known].sum()), float(outcome[known].sum())
    if total <= 0 or came <= 0:
        return 0.0
    gap = float(np.log(came / total))
    left = (outcome - expected * (came / total))[known]
    if customers is not None:
        _, row = np.unique(customers[known], return_inverse=True)
        left = np.bincount(row, left).astype(np.float64)
    chance = (1.0 + 4.0 * reach**2) * float(np.square(left).sum()) / came**2
    lasting = max(USUAL**2, gap**2 - 4.0 * chance)
    return gap * lasting / (lasting + chance)
