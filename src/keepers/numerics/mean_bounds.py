"""A bound of a mean that holds at any sample size, for columns with a known least value.

Normal intervals of a mean are right for large samples. Weighted rewards have heavy tails, and a decision that must
not be wrong needs a bound that holds as it is said. The bound by betting (Waudby-Smith and Ramdas 2024, JRSS B 86,
section 4) needs the least value alone: the wealth of a gambler who bets that the mean is larger than m grows beyond
1 / alpha with probability at most alpha if it is not (Ville's inequality).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keepers.domain.errors import InputError

FloatArray = NDArray[np.float64]

_BOLDEST = 0.75
"""Largest share of the wealth that one bet can lose."""
_HALVINGS = 60


def _checked(values: ArrayLike, least: float, confidence: float) -> FloatArray:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or column.size < 2 or not np.isfinite(column).all():
        raise InputError(f"A bound of a mean needs a flat column of at least 2 finite numbers, not {column.shape}.")
    if not 0.0 < confidence < 1.0:
        raise InputError(f"`confidence` is {confidence!r}; it must lie between 0 and 1 (write 95% as 0.95).")
    if (smallest := float(column.min())) < least - 1e-9 * max(1.0, abs(least)):
        raise InputError(f"A value is {smallest:g}, below {least:g}, which was said to be the least possible.")
    return np.maximum(column - least, 0.0)


def betting_lower(values: ArrayLike, least: float = 0.0, confidence: float = 0.95, scale: float | None = None) -> float:
    """Lower bound of the mean of values that are never below `least`, by betting.

    Parameters
    ----------
    values : array, shape (n,)
        Independent values in an order that does not depend on them.
    least : float
        No value can be smaller.
    confidence : float
        The bound is at most the mean with this probability, at every n.
    scale : float, optional
        A guess, made before the values were seen, of their standard deviation: the better, the tighter; the bound
        holds with every guess. 1 if left out.

    Returns
    -------
    float

    >>> round(betting_lower([0.0, 1.0] * 500), 3)
    0.462
    """
    excess = _checked(values, least, confidence)
    size = excess.size
    log_odds = -math.log1p(-confidence)
    guess = (1.0 if scale is None else scale) ** 2
    if not (math.isfinite(guess) and guess > 0):
        raise InputError(f"`scale` is {scale!r}; it must be a positive number, such as the spread you expect.")
    count = np.arange(1, size + 1)
    running = (np.cumsum(excess) + 0.5 * math.sqrt(guess)) / (count + 1.0)
    deviations = guess + np.cumsum((excess - running) ** 2)
    variance = np.concatenate([[guess], deviations[:-1] / count[1:]])
    # A column that begins with many equal values would otherwise tempt to bet everything.
    bet = np.sqrt(2.0 * log_odds / (size * np.maximum(variance, 1e-12 * guess)))

    def wealth(mean: float) -> float:
        stake = np.minimum(bet, _BOLDEST / mean)
        return float(np.cumsum(np.log1p(stake * (excess - mean))).max())

    low, high = 0.0, float(excess.mean())
    if high == 0.0:
        return float(least)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if wealth(middle) >= log_odds:
            low = middle
        else:
            high = middle
    return float(least + low)
