"""Special functions of counts: products that start anywhere and rise by one, in logarithms and with derivatives."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Rising(NamedTuple):
    """Logarithm of a rising factorial and its first two derivatives in the base, each of shape (n,)."""

    value: FloatArray
    first: FloatArray
    second: FloatArray


def log_rising(base: float, counts: FloatArray, order: int = 2) -> Rising:
    """log Gamma(base + n) / Gamma(base) for whole n, with derivatives in `base`.

    A running sum over 0 .. max(n) is exact where the difference of two large log-gammas would lose digits, and it
    needs no library of special functions.

    Parameters
    ----------
    base : float
        Positive.
    counts : array, shape (n,)
        Whole numbers from zero on.
    order : int
        Highest derivative wanted; the others are zeros.
    """
    index = counts.astype(np.intp)
    largest = int(index.max(initial=0))
    steps = base + np.arange(largest, dtype=float)

    def summed(terms: FloatArray) -> FloatArray:
        return np.concatenate(([0.0], np.cumsum(terms)))[index]

    zeros = np.zeros(index.shape)
    return Rising(
        summed(np.log(steps)),
        summed(1 / steps) if order >= 1 else zeros,
        summed(-1 / steps**2) if order >= 2 else zeros,
    )


def log_rising_many(bases: FloatArray, counts: FloatArray) -> FloatArray:
    """log Gamma(base + n) / Gamma(base) of each base, shape (m, 1), and each whole n, shape (n,)."""
    index = counts.astype(np.intp)
    largest = int(index.max(initial=0))
    summed = np.zeros((len(bases), largest + 1))
    np.cumsum(np.log(bases + np.arange(largest, dtype=float)), axis=1, out=summed[:, 1:])
    return summed[:, index]


def log_beta(a: float, b: float) -> float:
    """Logarithm of the beta function of two positive numbers.

    >>> round(log_beta(2.0, 3.0), 12) == round(math.log(1 / 12), 12)
    True
    """
    small, large = min(a, b), max(a, b)
    if large < 1e3:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    # Stirling's series for the difference of two large log-gammas, which would cancel.
    difference = (
        (large - 0.5) * -math.log1p(small / large) - small * math.log(large + small) + small
        + (1 / large - 1 / (large + small)) / 12
    )  # fmt: skip
    return math.lgamma(small) + difference


def digamma(values: FloatArray) -> FloatArray:
    """Derivative of the log-gamma function at positive numbers (recurrence to 10, then Stirling's series)."""
    z = np.array(values, dtype=float)
    below = np.zeros(z.shape)
    for _ in range(10):
        low = z < 10
        if not low.any():
            break
        below = np.where(low, below - 1 / z, below)
        z = np.where(low, z + 1, z)
    square = 1 / z**2
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))))
    return np.asarray(below + np.log(z) - 0.5 / z - series)
