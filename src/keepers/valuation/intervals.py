"""How far a customer's value may fall from what is expected: quantiles of a random number of orders of random size.

With N orders ahead and Gamma-Gamma spend, an order of a customer is Gamma(p, nu) and nu is Gamma(p x + q, gamma + x m)
given x orders of mean m. The value is therefore

    V = d * sum of N orders = (gamma + x m) * d * G(p N) / G(p x + q),

with independent standard gammas G and d the mean discount. All that depends on m is a factor: the quantiles of the
rest are those of a cell, and a customer's quantile is the cell's times (gamma + x m), which the engine multiplies.

V is zero with the model's probability of no order. Where few orders are ahead, N - 1 is matched by a negative binomial
with the model's mean and variance, the logarithm of the value gets its exact first three cumulants, and its quantiles
follow from the Cornish-Fisher expansion. Where many are ahead, what matters is when the customer leaves: N is then a
mixture over the time of leaving, of which the model knows the distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.distinct import distinct

MANY_ORDERS = 6.0
"""Orders expected, if any, from which on the time of leaving decides."""

SEGMENTS = 5
"""Parts of the horizon in which the time of leaving is told apart."""

_BUCKETS = (8, 24, 72)
"""Numbers of orders up to which their distribution is summed term by term, for cells that need no more."""

_BINS = (0.02, 0.04)
"""Steps of the logarithms of mean and dispersion of N - 1 within which cells share the cumulants of a bin."""

_NODES = 24
_STEEPEST = 0.9
_LOWEST_Z = 3.2
_MOST_STEPS = 40
_CLOSE_ENOUGH = 1e-4
_SURELY_NONE = 1e-12
_ROOT_OF_TWO_PI = math.sqrt(2 * math.pi)


@dataclass(frozen=True, eq=False)
class OrdersAhead:
    """What is known of the number of orders ahead of each cell.

    Parameters
    ----------
    p_zero, mean, variance : arrays, shape (n,)
        Probability of none, mean and variance of the number, the parameters' uncertainty included.
    many : array of int, shape (m,)
        Rows that `alive` is known of, see `rows_with_many`.
    alive : array, shape (m, SEGMENTS + 1)
        Their probability of being a customer at equal steps from now to the end of the horizon.
    """

    p_zero: FloatArray
    mean: FloatArray
    variance: FloatArray
    many: IntArray
    alive: FloatArray

    @property
    def some(self) -> FloatArray:
        """Probability of at least one order."""
        return np.maximum(1.0 - self.p_zero, _SURELY_NONE)


def rows_with_many(p_zero: FloatArray, mean: FloatArray) -> IntArray:
    """Rows whose number of orders is so large that the time of leaving shapes its distribution."""
    return np.flatnonzero(mean > MANY_ORDERS * np.maximum(1.0 - p_zero, _SURELY_NONE))


@dataclass(frozen=True, eq=False)
class LogCumulants:
    """First three cumulants of the logarithm of a positive quantity, each of shape (n,)."""

    mean: FloatArray
    variance: FloatArray
    third: FloatArray

    def plus(self, other: LogCumulants) -> LogCumulants:
        """Cumulants of the product of two independent quantities."""
        return LogCumulants(self.mean + other.mean, self.variance + other.variance, self.third + other.third)

    def quantile(self, level: FloatArray) -> FloatArray:
        """Quantiles of the quantity itself at levels in (0, 1), shape (n,), by the Cornish-Fisher expansion."""
        deviation, skewness = self._deviation_and_skewness
        z = np.clip(ndtri(level), -_LOWEST_Z, _LOWEST_Z)
        return np.asarray(np.exp(self.mean + deviation * (z + skewness * (z * z - 1) / 6)))

    @cached_property
    def _deviation_and_skewness(self) -> tuple[FloatArray, FloatArray]:
        deviation = np.sqrt(self.variance)
        skewness = np.divide(self.third, deviation**3, out=np.zeros_like(deviation), where=deviation > 0)
        # Beyond this skewness the expansion would turn back within the levels that are asked for.
        return deviation, np.clip(skewness, -_STEEPEST, _STEEPEST)

    def probability(self, rows: IntArray, value: FloatArray) -> FloatArray:
        """Probability of at most `value` (positive) for the quantities in `rows`, the inverse of `quantile`."""
        deviation = np.sqrt(self.variance[rows])
        skewness = np.clip(self.third[rows] / np.maximum(deviation**3, 1e-300), -_STEEPEST, _STEEPEST)
        skewness = np.where(np.abs(skewness) < 1e-6, 1e-6, skewness)
        y = (np.log(value) - self.mean[rows]) / np.maximum(deviation, 1e-300)
        root = np.sqrt(np.maximum(1 + 2 / 3 * skewness * (y + skewness / 6), 0.0))
        return np.asarray(ndtr(np.clip((root - 1) * 3 / skewness, -_LOWEST_Z, _LOWEST_Z)))


@dataclass(frozen=True, eq=False)
class LogMixture:
    """A positive quantity whose logarithm is one of several normals; arrays of shape (m, parts)."""

    weight: FloatArray
    mean: FloatArray
    deviation: FloatArray

    def quantile(self, level: FloatArray) -> FloatArray:
        """Quantiles at levels in (0, 1), shape (m,), by Newton steps that bisection keeps within bounds."""
        low = (self.mean - 6 * self.deviation).min(axis=1)
        high = (self.mean + 6 * self.deviation).max(axis=1)
        # The part that holds the level if parts are taken one after the other, in order of time, is a near start.
        place = np.argmax(np.cumsum(self.weight, axis=1) >= level[:, None], axis=1)[:, None]
        at = np.take_along_axis(self.mean, place, axis=1)[:, 0]
        rows = np.arange(at.size)
        for _ in range(_MOST_STEPS):
            weight, deviation, point = self.weight[rows], self.deviation[rows], at[rows]
            z = (point[:, None] - self.mean[rows]) / deviation
            excess = np.einsum("ij,ij->i", weight, ndtr(z)) - level[rows]
            low[rows] = np.where(excess < 0, point, low[rows])
            high[rows] = np.where(excess < 0, high[rows], point)
            slope = np.einsum("ij,ij->i", weight / deviation, np.exp(-0.5 * z * z)) / _ROOT_OF_TWO_PI
            step = point - np.divide(excess, slope, out=np.full_like(point, np.inf), where=slope > 1e-12)
            inside = (step > low[rows]) & (step < high[rows])
            at[rows] = np.where(inside, step, (low[rows] + high[rows]) / 2)
            rows = rows[np.abs(excess) > _CLOSE_ENOUGH]
            if not rows.size:
                break
        return np.asarray(np.exp(at))

    def probability(self, rows: IntArray, value: FloatArray) -> FloatArray:
        """Probability of at most `value` (positive) for the quantities in `rows`."""
        z = (np.log(value)[:, None] - self.mean[rows]) / self.deviation[rows]
        return np.asarray(np.einsum("ij,ij->i", self.weight[rows], ndtr(z)))


@dataclass(frozen=True, eq=False)
class ValueShape:
    """The distribution of a cell's value, in units of the customer's (gamma + x m).

    Made by `value_shape`.
    """

    p_zero: FloatArray
    positive: LogCumulants
    many: IntArray
    mixture: LogMixture

    def quantile(self, level: float) -> FloatArray:
        """Quantile of each cell at a level in (0, 1), shape (n,); zero up to the probability of no order."""
        within = (level - self.p_zero) / np.maximum(1.0 - self.p_zero, _SURELY_NONE)
        clipped = np.clip(within, 1e-300, 1 - 1e-16)
        found = self.positive.quantile(clipped)
        if self.many.size:
            found[self.many] = self.mixture.quantile(clipped[self.many])
        return np.where(within > 0, found, 0.0)

    def probability(self, rows: IntArray, value: FloatArray) -> FloatArray:
        """Probability of at most `value` for customers of the cells in `rows`; zero below zero."""
        place = np.full(self.p_zero.size, -1)
        place[self.many] = np.arange(self.many.size)
        found = np.zeros(value.shape)
        some = value > 0
        few, many = some & (place[rows] < 0), some & (place[rows] >= 0)
        found[few] = self.positive.probability(rows[few], value[few])
        found[many] = self.mixture.probability(place[rows[many]], value[many])
        none = self.p_zero[rows]
        return np.where(value < 0, 0.0, none + (1.0 - none) * found)


def value_shape(
    orders: OrdersAhead, order_shape: float, spend_shape: FloatArray, spend_log_variance: FloatArray
) -> ValueShape:
    """The distribution of G(p N) / G(p x + q) over the cells.

    Parameters
    ----------
    orders : OrdersAhead
        Numbers of orders ahead.
    order_shape : float
        p: the shape of the gamma distribution of one order of a customer.
    spend_shape : array, shape (n,)
        p x + q: the shape of what is known of the customer's spend.
    spend_log_variance : array, shape (n,)
        Variance of the logarithm of the mean spend that comes from the uncertainty of the spend parameters.
    """
    cumulants = order_sum(orders, order_shape).plus(inverse_gamma(spend_shape))
    positive = LogCumulants(cumulants.mean, cumulants.variance + spend_log_variance, cumulants.third)
    many = orders.many
    weight, counts, spread = by_time_of_leaving(orders)
    of_count = np.log1p(spread / counts**2)
    psi, psi1, _ = polygammas(order_shape * counts)
    psi_spend, psi1_spend, _ = polygammas(spend_shape[many])
    mean = psi - of_count / 2 - psi_spend[:, None]
    variance = psi1 + of_count + (psi1_spend + spend_log_variance[many])[:, None]
    return ValueShape(orders.p_zero, positive, many, LogMixture(weight, mean, np.sqrt(variance)))


def order_sum(orders: OrdersAhead, shape: float) -> LogCumulants:
    """Cumulants of log G(shape * N) given at least one order.

    Cells whose N - 1 has nearly the same mean and dispersion share those of their bin, with the mean put right to first
    order; this moves no quantile by more than a few parts in a thousand.
    """
    first = np.maximum(orders.mean / orders.some, 1.0)
    second = (orders.variance + orders.mean**2) / orders.some
    excess = np.maximum(first - 1.0, 1e-6)
    # N - 1 varies at least as a Poisson number: rates differ, and nobody's is known exactly.
    dispersion = np.maximum((second - first**2) / excess, 1.0)
    by_mean, by_dispersion = np.rint(np.log(excess) / _BINS[0]), np.rint(np.log(dispersion) / _BINS[1])
    _, one, bin_of = np.unique(by_mean * 1e5 + by_dispersion, return_index=True, return_inverse=True)
    mean = np.exp(by_mean[one] * _BINS[0])
    spread = mean * np.exp(by_dispersion[one] * _BINS[1])
    cumulants = _order_sum(shape, mean, spread)[:, bin_of]
    return LogCumulants(cumulants[0] + np.log((1.0 + excess) / (1.0 + mean[bin_of])), cumulants[1], cumulants[2])


def _order_sum(shape: float, mean: FloatArray, spread: FloatArray) -> FloatArray:
    """The same from mean and variance of N - 1, shape (3, n)."""
    size = mean**2 / np.maximum(spread - mean, 1e-6 * mean**2)
    needed = mean + 6 * np.sqrt(spread) + 4
    cumulants = np.empty((3, mean.size))
    bucket = np.searchsorted(_BUCKETS, needed)
    for place, terms in enumerate(_BUCKETS):
        rows = bucket == place
        if rows.any():
            cumulants[:, rows] = _summed(shape, mean[rows], size[rows], terms)
    rows = bucket == len(_BUCKETS)
    if rows.any():
        cumulants[:, rows] = _by_nodes(shape, mean[rows], spread[rows])
    return cumulants


def inverse_gamma(shape: FloatArray) -> LogCumulants:
    """Cumulants of -log G(shape), shape (n,)."""
    shapes = distinct(shape)
    psi, psi1, psi2 = map(shapes.rows, polygammas(shapes.values))
    return LogCumulants(-psi, psi1, -psi2)


def polygammas(z: NDArray[np.floating[Any]]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The digamma function and its first two derivatives of positive numbers, to 1e-9, ten times as fast as scipy's.

    Six steps of the recurrence, then the asymptotic series (Abramowitz and Stegun 1964, 6.3.18, 6.4.12, 6.4.13).
    """
    w = 1.0 / (z + 6.0)
    w2 = w * w
    psi = -np.log(w) - w / 2 - w2 * (1 / 12 - w2 * (1 / 120 - w2 * (1 / 252 - w2 / 240)))
    psi1 = w + w2 / 2 + w2 * w * (1 / 6 - w2 * (1 / 30 - w2 * (1 / 42 - w2 / 30)))
    psi2 = -w2 - w2 * w - w2 * w2 * (1 / 2 - w2 * (1 / 6 - w2 * (1 / 6 - 3 * w2 / 10)))
    for step in range(6):
        v = 1.0 / (z + step)
        psi, psi1, psi2 = psi - v, psi1 + v * v, psi2 - 2 * v * v * v
    return psi, psi1, psi2


def central(level: float) -> tuple[float, float]:
    """The levels of both ends of a central interval.

    >>> central(0.8)
    (0.1, 0.9)
    """
    return round((1 - level) / 2, 12), round((1 + level) / 2, 12)


def _summed(shape: float, mean: FloatArray, size: FloatArray, terms: int) -> FloatArray:
    """Cumulants where N - 1 is negative binomial, its probabilities by recursion."""
    numbers = shape * np.arange(1, terms + 1)
    psi, psi1, psi2 = polygammas(numbers)
    chance = mean / (size + mean)
    weight = np.exp(-size * np.log1p(mean / size))
    sums = np.zeros((4, mean.size))
    for k in range(terms):
        if k:
            weight = weight * (chance * (size + k - 1) / k)
        values = (1.0, psi[k], psi[k] ** 2 + psi1[k], psi[k] ** 3 + 3 * psi[k] * psi1[k] + psi2[k])
        for row, value in enumerate(values):
            sums[row] += weight * value
    return _cumulants(sums[1] / sums[0], sums[2] / sums[0], sums[3] / sums[0])


def _by_nodes(shape: float, mean: FloatArray, spread: FloatArray) -> FloatArray:
    """Cumulants where N - 1 is so large that a gamma distribution stands in for the negative binomial."""
    levels, weights = np.polynomial.legendre.leggauss(_NODES)
    form = mean**2 / spread
    numbers = shape * (1.0 + gammaincinv(form[:, None], (levels + 1) / 2) * (spread / mean)[:, None])
    psi, psi1, psi2 = polygammas(numbers)
    weights = weights / 2
    return _cumulants(psi @ weights, (psi**2 + psi1) @ weights, (psi**3 + 3 * psi * psi1 + psi2) @ weights)


def _cumulants(first: FloatArray, second: FloatArray, third: FloatArray) -> FloatArray:
    """From raw moments of the logarithm."""
    return np.array([first, second - first**2, third - 3 * first * second + 2 * first**3])


def by_time_of_leaving(orders: OrdersAhead) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights, means and variances of N over the time of leaving: in each segment of the horizon, or not at all.

    While a customer stays, orders come at a rate with mean l and squared coefficient of variation c; l follows from
    the mean of N, c from its variance.
    """
    alive, mean = orders.alive, orders.mean[orders.many]
    step = 1.0 / SEGMENTS
    length = np.append(step * (np.arange(SEGMENTS) + 0.5), 1.0)
    weight = np.maximum(np.column_stack([alive[:, :-1] - alive[:, 1:], alive[:, -1]]), 0.0)
    counts = (mean / np.maximum(weight @ length, 1e-300))[:, None] * length
    within = np.where(length < 1.0, (counts / length * step) ** 2 / 12, 0.0)
    second = orders.variance[orders.many] + mean**2
    known = np.sum(weight * (counts**2 + counts + within), axis=1)
    variation = np.maximum(second - known, 0.0) / np.maximum(np.sum(weight * counts**2, axis=1), 1e-300)
    spread = counts + within + variation[:, None] * counts**2
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    return weight / total, np.maximum(counts, 1.0), spread
