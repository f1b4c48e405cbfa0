"""Expectations over a beta distributed probability, by the trapezoidal rule in its log odds.

In s = log(p / (1 - p)) the density of Beta(a, b) is analytic in a strip and falls off exponentially on both sides, so
that the trapezoidal rule converges geometrically. Where a or b is below one the tails are long; there the function's
value at that end is taken off first and its expectation added in closed form, and what is left falls off faster by one
power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_DROP = 32.0
"""Tails are cut where they have fallen by exp(-32)."""


@dataclass(frozen=True, slots=True, eq=False)
class BetaMixture:
    """A quadrature rule for E f(p), p ~ Beta(a, b), for several b at once.

    Parameters
    ----------
    a : float
        First shape.
    b : array, shape (m,)
        Second shapes.
    p, q, log_p, log_q, weight : arrays, shape (m, nodes)
        Nodes p, 1 - p and their logarithms (each without cancellation), and weights.
    take_low, take_high : arrays, shape (m,)
        One where the value at p = 0 or at p = 1 is taken off, else zero.
    """

    a: float
    b: FloatArray
    p: FloatArray
    q: FloatArray
    log_p: FloatArray
    log_q: FloatArray
    weight: FloatArray
    take_low: FloatArray
    take_high: FloatArray

    @property
    def nodes(self) -> int:
        """Nodes of each rule."""
        return int(self.p.shape[1])

    def part(self, rows: slice) -> BetaMixture:
        """The rule for some of the second shapes."""
        return BetaMixture(
            self.a, self.b[rows], self.p[rows], self.q[rows], self.log_p[rows], self.log_q[rows], self.weight[rows],
            self.take_low[rows], self.take_high[rows],
        )  # fmt: skip

    def reduced(self, values: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        """Take the line through the ends off, in place.

        Parameters
        ----------
        values : array, shape (m, k, nodes)
            k functions at the nodes.
        low, high : arrays, shape (m, k)
            The functions at p = 0 and at p = 1.
        """
        if self.take_low.any():
            values -= (low * self.take_low[:, None])[:, :, None] * self.q[:, None, :]
        if self.take_high.any():
            values -= (high * self.take_high[:, None])[:, :, None] * self.p[:, None, :]
        return values

    def expectation(self, reduced: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        """E f(p), shape (m, k), of what `reduced` gave."""
        a, b = self.a, self.b[:, None]
        line = (low * self.take_low[:, None] * b + high * self.take_high[:, None] * a) / (a + b)
        return np.asarray(line + _dot(reduced, self.weight))

    def derivatives(
        self, reduced: FloatArray, low: FloatArray, high: FloatArray, mean_log_p: FloatArray, mean_log_q: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Derivatives of E f(p) in a and in b, shape (m, k) each; E log p and E log(1 - p) have shape (m,)."""
        a, b = self.a, self.b[:, None]
        slope = (high * self.take_high[:, None] * b - low * self.take_low[:, None] * b) / (a + b) ** 2
        fall = (low * self.take_low[:, None] * a - high * self.take_high[:, None] * a) / (a + b) ** 2
        by_a = slope + _dot(reduced, self.weight * (self.log_p - mean_log_p[:, None]))
        by_b = fall + _dot(reduced, self.weight * (self.log_q - mean_log_q[:, None]))
        return by_a, by_b


def _dot(values: FloatArray, weight: FloatArray) -> FloatArray:
    return np.asarray(np.matmul(values, weight[:, :, None])[:, :, 0])


def beta_mixture(a: float, b: FloatArray, log_normaliser: FloatArray, reach: FloatArray) -> BetaMixture:
    """The rule for functions that fall like (1 + p w)^-r.

    Parameters
    ----------
    a : float
        First shape.
    b : array, shape (m,)
        Second shapes.
    log_normaliser : array, shape (m,)
        Logarithm of the beta function at (a, b).
    reach : array, shape (m,)
        Largest r w that will be asked for: how far to the left of the density the function may move the mass.
    """
    take_low = np.full(b.shape, 1.0 if a < 1 else 0.0)
    take_high = np.where(b < 1, 1.0, 0.0)
    left, right = a + take_low, b + take_high
    centre = np.log(left / right)
    start = centre - _fall(right, left) - np.log1p(reach / (left + right))
    end = centre + _fall(left, right)
    # The narrowest feature is as wide as the density of a gamma variable's logarithm with shape `left`.
    step = np.min(1 / (1.9 + 1.2 / np.sqrt(1 / left + 1 / (right + reach))))
    nodes = int(np.ceil(np.max(end - start) / step)) + 1
    spacing = (end - start) / (nodes - 1)
    odds = start[:, None] + spacing[:, None] * np.arange(nodes)
    small = np.exp(-np.abs(odds))
    tail = np.log1p(small)
    log_p = np.minimum(odds, 0.0) - tail
    log_q = -np.maximum(odds, 0.0) - tail
    weight = np.exp(a * log_p + b[:, None] * log_q - log_normaliser[:, None]) * spacing[:, None]
    larger = 1 / (1 + small)
    p = np.where(odds > 0, larger, small * larger)
    q = np.where(odds > 0, small * larger, larger)
    return BetaMixture(a, b, p, q, log_p, log_q, weight, take_low, take_high)


def _fall(left: FloatArray, right: FloatArray) -> FloatArray:
    """How far to the right of its peak the density of the log odds of Beta(left, right) has fallen by exp(-32).

    The density's logarithm, left s - (left + right) log(1 + exp(s)), is concave; Newton's method from the right, on the
    root of its asymptote, meets the root from one side.
    """
    both = left + right
    away = (_DROP + both * np.log(both / left)) / right
    for _ in range(60):
        ratio = left * np.exp(np.minimum(away, 700.0))
        fallen = -left * away + both * np.where(away > 690, away + np.log(left / both), np.log((right + ratio) / both))
        slope = -left + both / (1 + right / ratio)
        change = (fallen - _DROP) / slope
        away = away - change
        if np.all(np.abs(change) < 1e-3 * away):
            break
    return away
