"""What a BG/BB history says of the opportunities ahead.

Whoever stayed to the end of n opportunities with x purchases buys with a chance that is Beta(alpha + x, beta + n - x)
and leaves with one that is Beta(gamma, delta + n); everything ahead is that of a new customer with these parameters,
times the probability of having stayed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.numerics.distinct import distinct, distinct_pairs
from keepers.numerics.gamma_ratios import gauss_fraction, log_survival
from keepers.numerics.likelihoods.bg_bb_terms import evaluate_rows, whole
from keepers.numerics.likelihoods.family import FloatArray, Theta

_BLOCK = 2048
_LARGEST_TABLE = 2_000_000
_NOTHING = 1e-18
_WHOLE = 1e-7


def split(t: float) -> tuple[int, float]:
    """Whole opportunities of a horizon, and the probability that it holds one more."""
    near = round(t)
    if abs(t - near) <= _WHOLE * max(1.0, t) and near > 0:
        return near, 0.0
    return int(np.floor(t)), float(t - np.floor(t))


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Rows after their histories, arrays of shape (k,); those of `left` belong to distinct ages.

    Parameters
    ----------
    alive : array
        Probability of having stayed through the last opportunity seen.
    alpha, beta : arrays
        Of the chance to buy.
    gamma, delta : arrays
        Of the chance to leave.
    """

    alive: FloatArray
    alpha: FloatArray
    beta: FloatArray
    gamma: FloatArray
    delta: FloatArray

    @property
    def buys(self) -> FloatArray:
        """Mean chance to buy at an opportunity."""
        return self.alpha / (self.alpha + self.beta)

    def stays(self, at: float) -> FloatArray:
        """Probability to stay through the opportunity after `at` more, linear between whole ones."""
        ahead, fraction = split(at) if at > 0 else (0, 0.0)
        found = np.exp(log_survival(self.delta, self.gamma, np.full(self.delta.shape, ahead + 1.0)))
        if fraction == 0.0:
            return np.asarray(found)
        after = np.exp(log_survival(self.delta, self.gamma, np.full(self.delta.shape, ahead + 2.0)))
        return np.asarray((1 - fraction) * found + fraction * after)

    def opportunities(self, t: float) -> FloatArray:
        """Expected opportunities among the next t that a customer who stayed so far stays for."""
        return self.discounted(0.0, t)

    def discounted(self, delta: float, t: float | None) -> FloatArray:
        """The same, each discounted from its own time; without end where t is None."""
        ages = distinct(self.delta)
        gamma = float(self.gamma[0]) if self.gamma.size else 1.0
        if t is None:
            return ages.rows(_endless(ages.values, gamma, delta))
        return ages.rows(_weighted(ages.values, gamma, t, delta, moment=0))

    def second(self, t: float) -> FloatArray:
        """Sum over the next t opportunities of those before each, times the chance to stay through it."""
        ages = distinct(self.delta)
        gamma = float(self.gamma[0]) if self.gamma.size else 1.0
        return ages.rows(_weighted(ages.values, gamma, t, 0.0, moment=1))


def posterior(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> Posterior:
    """What histories leave."""
    alpha, beta, gamma, delta = (float(value) for value in theta)
    x, t_x, n = whole(x, t_x, T)
    rows = evaluate_rows(theta, x, t_x, n)
    alive = np.exp(np.minimum(rows.last - rows.value, 0.0))
    return Posterior(alive, alpha + x, beta + n - x, np.full(x.shape, gamma), delta + n)


def _endless(base: FloatArray, gamma: float, delta: float) -> FloatArray:
    """Sum over k from 1 on of z^k times the chance to stay through k more, z = exp(-delta)."""
    if delta == 0.0:
        return base / (gamma - 1) if gamma > 1 else np.full(base.shape, np.inf)
    z = float(np.exp(-delta))
    return np.asarray(z * base / (gamma + base) * gauss_fraction(base + 1, gamma + base + 1, z))


def _weighted(base: FloatArray, gamma: float, t: float, delta: float, moment: int) -> FloatArray:
    """Sum over k up to t of (k - 1)^moment z^k times the chance to stay through k, in blocks of opportunities."""
    ahead, fraction = split(t)
    last = ahead + (fraction > 0)
    total, stays = np.zeros(base.shape), np.ones(base.shape)
    for first in range(0, last, _BLOCK):
        k = np.arange(first, min(first + _BLOCK, last), dtype=float)
        chances = stays[:, None] * np.cumprod((base[:, None] + k) / (gamma + base[:, None] + k), axis=1)
        stays = chances[:, -1]
        weight = np.exp(-delta * (k + 1)) * k**moment
        if first + k.size == last and fraction > 0:
            weight[-1] *= fraction
        total += chances @ weight
        if delta > 0 and weight[-1] < _NOTHING:
            break
    return total


def expected_gradient(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Derivatives of the expected purchases at the next t opportunities in the logarithms of the parameters."""
    parameters = np.asarray(theta, dtype=float)
    x, t_x, n = whole(x, t_x, T)
    rows = evaluate_rows(theta, x, t_x, n, 1)
    alpha, beta, gamma, delta = (float(value) for value in theta)
    alive = np.exp(np.minimum(rows.last - rows.value, 0.0))
    shape, size = alpha + x, alpha + beta + n
    ages = distinct(delta + n)
    stays, by_gamma, by_delta = (ages.rows(table) for table in _opportunity_slopes(ages.values, gamma, t))
    slope = rows.last_gradient - rows.gradient
    slope[:, 0] += 1 / shape - 1 / size
    slope[:, 1] -= 1 / size
    ratio = np.divide(1.0, stays, out=np.zeros(stays.shape), where=stays > 0)
    slope[:, 2] += by_gamma * ratio
    slope[:, 3] += by_delta * ratio
    return np.asarray((alive * shape / size * stays)[:, None] * slope * parameters)


def _opportunity_slopes(base: FloatArray, gamma: float, t: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Expected opportunities that a customer stays for, with derivatives in gamma and delta."""
    ahead, fraction = split(t)
    last = ahead + (fraction > 0)
    total, by_gamma, by_delta = (np.zeros(base.shape) for _ in range(3))
    stays, slope_gamma, slope_delta = np.ones(base.shape), np.zeros(base.shape), np.zeros(base.shape)
    for first in range(0, last, _BLOCK):
        k = np.arange(first, min(first + _BLOCK, last), dtype=float)
        here, there = base[:, None] + k, gamma + base[:, None] + k
        chances = stays[:, None] * np.cumprod(here / there, axis=1)
        down = slope_gamma[:, None] - np.cumsum(1 / there, axis=1)
        up = slope_delta[:, None] + np.cumsum(1 / here - 1 / there, axis=1)
        weight = np.ones(k.size)
        if first + k.size == last and fraction > 0:
            weight[-1] = fraction
        total += chances @ weight
        by_gamma += (chances * down) @ weight
        by_delta += (chances * up) @ weight
        stays, slope_gamma, slope_delta = chances[:, -1], down[:, -1], up[:, -1]
    return total, by_gamma, by_delta


def moments(state: Posterior, t: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of none, mean and variance of the purchases at the next t opportunities."""
    size = state.alpha + state.beta
    mean = state.alive * state.buys * state.opportunities(t)
    square = state.buys * (state.alpha + 1) / (size + 1)
    variance = state.alive * square * 2 * state.second(t) + mean - mean**2
    return distribution(state, t, 0)[:, 0], mean, np.maximum(variance, 0.0)


def distribution(state: Posterior, t: float, max_purchases: int) -> FloatArray:
    """P(k purchases at the next t opportunities), shape (rows, max_purchases + 1)."""
    pairs = distinct_pairs(distinct(state.alpha), distinct(state.delta))
    first = np.zeros(pairs.size, dtype=np.intp)
    first[pairs.index] = np.arange(pairs.index.size)
    table = np.empty((pairs.size, max_purchases + 1))
    for part in np.array_split(np.arange(pairs.size), max(1, pairs.size * (max_purchases + 1) // _LARGEST_TABLE)):
        rows = first[part]
        table[part] = _of_whoever_stayed(
            state.alpha[rows], state.beta[rows], state.gamma[rows], state.delta[rows], t, max_purchases
        )
    found = state.alive[:, None] * table[pairs.index]
    found[:, 0] += 1 - state.alive
    return np.asarray(found)


def _of_whoever_stayed(
    alpha: FloatArray, beta: FloatArray, gamma: FloatArray, delta: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """The distribution for customers who stayed so far: an urn from which the next opportunity's outcome is drawn."""
    ahead, fraction = split(t)
    counts = np.arange(max_purchases + 1, dtype=float)
    urn = np.zeros((alpha.size, max_purchases + 1))
    urn[:, 0] = 1.0
    found, stays = np.zeros(urn.shape), np.ones(alpha.shape)
    for i in range(ahead + (fraction > 0)):
        # With its fraction a last opportunity is there, and without it the horizon is over.
        there = 1.0 if i < ahead else fraction
        found += ((1 - there) * stays + there * stays * gamma / (gamma + delta + i))[:, None] * urn
        stays = there * stays * (delta + i) / (gamma + delta + i)
        size = (alpha + beta + i)[:, None]
        moved = urn * np.maximum(beta[:, None] + i - counts, 0.0) / size
        moved[:, 1:] += urn[:, :-1] * (alpha[:, None] + counts[:-1]) / size
        urn = moved
    return np.asarray(found + stays[:, None] * urn)


def stays_drawn(leaves: FloatArray, opportunities: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw for how many of the opportunities customers stay who leave with such a chance before each."""
    with np.errstate(divide="ignore", over="ignore"):
        stays = np.floor(np.log(rng.random(leaves.shape)) / np.log1p(-leaves))
    return np.minimum(np.where(np.isnan(stays), np.inf, stays), opportunities)
