"""How many orders to expect of a cell at least and at most: quantiles of a count with a mass at zero."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.valuation.intervals import LogMixture, OrdersAhead, by_time_of_leaving

_TERMS = 80


def count_quantile(orders: OrdersAhead, level: float) -> FloatArray:
    """The smallest number of orders that is not exceeded with probability `level`, shape (n,).

    Zero has the model's probability. Where few orders are ahead, N - 1 is negative binomial with the model's mean and
    variance; where many are, N is a mixture over the time of leaving, as for the value.

    Parameters
    ----------
    orders : OrdersAhead
        What is known of the numbers.
    level : float
        In (0, 1).
    """
    first = np.maximum(orders.mean / orders.some, 1.0)
    excess = np.maximum(first - 1.0, 1e-6)
    spread = np.maximum((orders.variance + orders.mean**2) / orders.some - first**2, excess)
    within = (level - orders.p_zero) / orders.some
    found = _summed(excess, spread, within)
    if orders.many.size:
        weight, counts, variance = by_time_of_leaving(orders)
        of_count = np.log1p(variance / counts**2)
        mixture = LogMixture(weight, np.log(counts) - of_count / 2, np.sqrt(of_count))
        found[orders.many] = np.rint(mixture.quantile(np.clip(within[orders.many], 1e-9, 1 - 1e-9)))
    return np.where(within > 0, found, 0.0)


def _summed(excess: FloatArray, spread: FloatArray, within: FloatArray) -> FloatArray:
    size = excess**2 / np.maximum(spread - excess, 1e-6 * excess**2)
    chance = excess / (size + excess)
    weight = np.exp(-size * np.log1p(excess / size))
    cumulative, count, rows = weight.copy(), np.ones(excess.shape), np.arange(excess.size)
    for k in range(1, _TERMS):
        going = cumulative < within[rows]
        if not going.any():
            break
        rows, weight, cumulative = rows[going], weight[going], cumulative[going]
        count[rows] += 1.0
        weight = weight * (chance[rows] * (size[rows] + k - 1) / k)
        cumulative = cumulative + weight
    return count
