"""How long it takes until something happens at a step, each having a chance of its own from a beta distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

FloatArray = NDArray[np.float64]

_BOUNDS = ((-7.0, 7.0), (-3.0, 12.0))
"""Of the logarithms of a / b and of a + b; chances that are all alike have an endless sum."""
_USUAL, _SPREAD = 2.0, 10.0
"""Of the logarithm of a + b, mean and standard deviation that are believed beforehand."""


def waiting(happened: FloatArray, waited: FloatArray) -> tuple[float, float]:
    """Parameters a, b under which the chance at the n-th step, where it has not happened yet, is a / (a + b + n).

    Parameters
    ----------
    happened, waited : arrays, shape (n,)
        Steps at which it happened, and at which it did not, by the number of those before; it happened somewhere.

    References
    ----------
    Fader, Hardie (2007), "How to Project Customer Retention", equations 2 and 5: r_t = (b + t - 1) / (a + b + t - 1).

    Examples
    --------
    >>> n = np.arange(40.0)
    >>> chance = 0.5 / (0.5 + 8.0 + n)
    >>> reached = 1e4 * np.concatenate([[1.0], np.cumprod(1 - chance)[:-1]])
    >>> [round(value, 2) for value in waiting(reached * chance, reached * (1 - chance))]
    [0.5, 8.0]
    """
    steps = np.arange(happened.size, dtype=np.float64)
    total = float(happened.sum() + waited.sum())

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        odds, size = np.exp(at)
        share = odds / (1.0 + odds)
        a, b = share * size, (1.0 - share) * size
        all_of, rest = a + b + steps, b + steps
        value = happened @ (np.log(a) - np.log(all_of)) + waited @ (np.log(rest) - np.log(all_of))
        by_a = happened.sum() / a - ((happened + waited) / all_of).sum()
        by_b = (waited / rest).sum() - ((happened + waited) / all_of).sum()
        slope = np.array([(by_a - by_b) * size * share * (1.0 - share), by_a * a + by_b * b])
        # A weak belief keeps the sum within reach where all chances are alike, and its likelihood is flat.
        away = (at[1] - _USUAL) / _SPREAD
        value, slope[1] = value - 0.5 * away**2, slope[1] - away / _SPREAD
        return -value / total, -slope / total

    begin = np.array([np.log(max(happened.sum(), 0.5) / max(waited.sum(), 0.5)), _USUAL])
    found = minimize(loss, np.clip(begin, *np.transpose(_BOUNDS)), jac=True, method="L-BFGS-B", bounds=_BOUNDS)
    odds, size = np.exp(found.x)
    share = odds / (1.0 + odds)
    return float(share * size), float((1.0 - share) * size)
