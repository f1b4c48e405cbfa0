"""Interpolation of smooth functions through their values at Chebyshev points, and Gauss-Legendre rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.sums import product

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChebyshevGrid:
    """Chebyshev points of the first kind on an interval.

    Parameters
    ----------
    low, high : float
        The interval; of no length, it has one point.
    size : int
        Number of points.
    """

    low: float
    high: float
    size: int

    @property
    def points(self) -> FloatArray:
        """The points, shape (size,)."""
        angles = (np.arange(self.size) + 0.5) * np.pi / self.size
        return np.asarray(0.5 * (self.low + self.high) + 0.5 * (self.high - self.low) * np.cos(angles))

    def polynomials(self, at: FloatArray) -> FloatArray:
        """Chebyshev polynomials at the places `at`, shape (size, m)."""
        middle, half = 0.5 * (self.low + self.high), 0.5 * (self.high - self.low)
        place = np.clip((at - middle) / half, -1.0, 1.0) if half > 0 else np.zeros(at.shape)
        table = np.empty((self.size, at.size))
        table[0] = 1.0
        if self.size > 1:
            table[1] = place
        for k in range(2, self.size):
            np.multiply(2 * place, table[k - 1], out=table[k])
            table[k] -= table[k - 2]
        return table

    @property
    def transform(self) -> FloatArray:
        """The matrix that turns values at the points into coefficients, shape (size, size)."""
        return _transform(self.size)

    def coefficients(self, values: FloatArray) -> FloatArray:
        """Coefficients of functions whose values at the points stand in the last axis."""
        if values.ndim != 2:
            return np.asarray(values @ self.transform.T)
        return product(values, self.transform.T)

    def matrix(self, at: FloatArray) -> FloatArray:
        """The matrix that turns values at the points into values at the places `at`, shape (m, size)."""
        return product(self.polynomials(at).T, self.transform)


@cache
def _transform(size: int) -> FloatArray:
    angles = (np.arange(size) + 0.5) * np.pi / size
    table = (2.0 / size) * np.cos(np.outer(np.arange(size), angles))
    table[0] *= 0.5
    return np.asarray(table)


def relative_tail(coefficients: FloatArray) -> float:
    """How large the last coefficients are beside the largest, at worst over functions: the interpolation's error."""
    sizes = np.abs(coefficients)
    largest = sizes.max(axis=-1)
    last = sizes[..., -3:].max(axis=-1)
    return float(np.max(last / np.maximum(largest, np.finfo(float).tiny), initial=0.0))
