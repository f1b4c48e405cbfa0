"""Clocks that covariates speed up and slow down: time in which buying is even, with derivatives in the coefficients.

With z piecewise constant over periods, A(t) is the integral of exp(gamma' z) from the start of the paths to t. It is
linear within a period, and so are its derivatives in gamma; a table at the ends of the periods gives them anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What clocks show for rows; arrays of shape (n,), (n, k) and (n, k, k)."""

    value: FloatArray
    first: FloatArray
    second: FloatArray

    def __sub__(self, other: Reading) -> Reading:
        return Reading(self.value - other.value, self.first - other.first, self.second - other.second)


class Clock:
    """Clocks of some paths at given coefficients.

    Parameters
    ----------
    values : array, shape (p, m, k)
        k covariates of p paths in m periods of equal length; before the first and after the last period the values
        there hold.
    length : float
        Of a period.
    gamma : array, shape (k,)
        Coefficients.
    order : int
        0 for the clocks alone, 2 with derivatives.
    """

    def __init__(self, values: FloatArray, length: float, gamma: FloatArray, order: int = 0) -> None:
        self.length, self.periods = length, values.shape[1]
        self.speed = np.exp(values @ gamma)
        self._values = values
        self._total = self._summed(self.speed)
        self._first: FloatArray | None = None
        self._second: FloatArray | None = None
        if order:
            slope = self.speed[..., None] * values
            self._first = self._summed(slope)
            self._second = self._summed(slope[..., :, None] * values[..., None, :])

    def _summed(self, speed: FloatArray) -> FloatArray:
        whole = np.zeros((speed.shape[0], self.periods + 1, *speed.shape[2:]))
        np.cumsum(speed * self.length, axis=1, out=whole[:, 1:])
        return whole

    def at(self, path: IntArray, time: FloatArray) -> FloatArray:
        """What the clocks of paths show at times since the start of the paths, shape (n,)."""
        period = self._period(time)
        return np.asarray(self._total[path, period] + (time - period * self.length) * self.speed[path, period])

    def reading(self, path: IntArray, time: FloatArray) -> Reading:
        """The same with derivatives in the coefficients."""
        assert self._first is not None
        assert self._second is not None
        period = self._period(time)
        rest = (time - period * self.length) * self.speed[path, period]
        z = self._values[path, period]
        first = self._first[path, period] + rest[..., None] * z
        second = self._second[path, period] + rest[..., None, None] * z[..., :, None] * z[..., None, :]
        return Reading(self._total[path, period] + rest, first, second)

    def pace(self, path: IntArray, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Speed and covariates of paths at times, with a further axis of k for the covariates."""
        period = self._period(time)
        return np.asarray(self.speed[path, period]), np.asarray(self._values[path, period])

    def time_of(self, path: IntArray, shown: FloatArray) -> FloatArray:
        """The time at which the clocks of paths show so much: the inverse of `at`."""
        period = period_reached(self._total, path, shown)
        left = shown - self._total[path, period]
        return np.asarray(period * self.length + left / self.speed[path, period])

    def _period(self, time: FloatArray) -> IntArray:
        return np.clip(np.floor(time / self.length), 0, self.periods - 1).astype(np.int64)


def period_reached(totals: FloatArray, path: IntArray, shown: FloatArray) -> IntArray:
    """The last period at whose begin no more than so much is reached.

    Parameters
    ----------
    totals : array, shape (p, m + 1)
        What is reached at the ends of the periods of each path, rising.
    path, shown : arrays, shape (n,)
        A path and what is asked for.

    Returns
    -------
    array of int, shape (n,)
        From 0 to m - 1.
    """
    low = np.zeros(shown.shape, dtype=np.int64)
    high = np.full(shown.shape, totals.shape[1] - 1, dtype=np.int64)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        reached = totals[path, middle] <= shown
        low, high = np.where(reached, middle, low), np.where(reached, high, middle)
    return low
