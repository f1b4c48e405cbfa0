"""Poisson purchases, gamma rates, and after each repeat purchase one probability p for everybody to leave.

With p = odds / (1 + odds), a history (x, t_x, T) has the likelihood, as a density of the purchase times,

    Gamma(r + x) / Gamma(r)  alpha^r  [ (1 - p)^x / (alpha + T)^(r + x)
                                        + 1{x > 0}  p (1 - p)^(x - 1) / (alpha + t_x)^(r + x) ],

the first term being that of whoever is still a customer. Given that, the rate is Gamma(r + x, alpha + T), and the
chance to stay through t more is the mean of (1 - p)^N over the N purchases that the rate allows.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.family import FloatArray, Forecast, Theta, columns
from keepers.numerics.likelihoods.nbd import last_of, median_pareto, negative_binomial
from keepers.numerics.special import log_rising

PARAMETERS = ("r", "alpha", "odds")
"""Shape and rate of the purchase rates; odds to leave after a repeat purchase."""

TIME_POWERS = MappingProxyType({"r": 0, "alpha": 1, "odds": 0})

_NODES = 160


def starts(tables: CellTables) -> list[FloatArray]:
    """Logarithms of points from which a search begins."""
    rate = (float(tables.weight @ tables.x) + 0.5) / (float(tables.weight @ tables.T) + 0.5)
    return [np.log([r, r / rate, odds]) for r in (0.3, 1.5) for odds in (0.05, 0.5)]


def log_likelihood(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Log-likelihood of each row."""
    return _rows(theta, *columns(x, t_x, T), 0)[0]


def log_likelihood_sum(theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
    """Weighted sum with exact derivatives in log parameters."""
    value, gradient, hessian, _ = _rows(theta, cells.x, cells.t_x, cells.T, order)
    if order == 0:
        return Evaluation.of_value(float(cells.weight @ value), 3)
    return Evaluation(
        float(cells.weight @ value), cells.weight @ gradient, np.einsum("n,nij->ij", cells.weight, hessian)
    )


def _rows(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, order: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log-likelihood of rows, its derivatives in log parameters, and log P(alive)."""
    r, alpha, odds = (float(value) for value in theta)
    p, log_stay = odds / (1 + odds), -np.log1p(odds)
    rising, bought = log_rising(r, x, order), x > 0
    # log alpha - log(alpha + T) by log1p: large alpha must not cancel.
    stayed = x * log_stay - r * np.log1p(T / alpha) - x * np.log(alpha + T)
    left = np.where(
        bought,
        np.log(odds) + x * log_stay - r * np.log1p(t_x / alpha) - x * np.log(alpha + t_x),
        -np.inf,
    )
    both = np.logaddexp(stayed, left)
    gone, alive = np.exp(left - both), np.exp(stayed - both)
    value = rising.value + both
    zeros = np.zeros((x.size, 3)), np.zeros((x.size, 3, 3))
    if order == 0:
        return value, *zeros, stayed - both

    def slope(age: FloatArray, leave: float) -> FloatArray:
        return np.column_stack(
            [-r * np.log1p(age / alpha), r - (r + x) * alpha / (alpha + age), leave - (x + leave) * p + leave * p]
        )

    stay_slope, left_slope = slope(T, 0.0), slope(t_x, 1.0)
    common = np.column_stack([r * rising.first, np.zeros(x.size), np.zeros(x.size)])
    gradient = common + alive[:, None] * stay_slope + gone[:, None] * left_slope
    if order == 1:
        return value, gradient, zeros[1], stayed - both

    def curve(age: FloatArray) -> FloatArray:
        found = np.zeros((x.size, 3, 3))
        found[:, 0, 0] = -r * np.log1p(age / alpha)
        found[:, 0, 1] = found[:, 1, 0] = r - r * alpha / (alpha + age)
        found[:, 1, 1] = -(r + x) * alpha * age / (alpha + age) ** 2
        found[:, 2, 2] = -x * p * (1 - p)
        return found

    apart = stay_slope - left_slope
    hessian = alive[:, None, None] * curve(T) + gone[:, None, None] * curve(t_x)
    hessian += (alive * gone)[:, None, None] * apart[:, :, None] * apart[:, None, :]
    hessian[:, 0, 0] += r * rising.first + r**2 * rising.second
    return value, gradient, hessian, stayed - both


def _state(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """P(alive), shape and rate of a customer's purchase rate, and p."""
    r, alpha, odds = (float(value) for value in theta)
    x, t_x, T = columns(x, t_x, T)
    return np.exp(_rows(theta, x, t_x, T, 0)[3]), r + x, alpha + T, odds / (1 + odds)


def probability_alive(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0) -> FloatArray:
    """Probability of being alive at T + at, whatever happens between."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    return alive * np.exp(-shape * np.log1p(p * at / rate))


def expected_purchases(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Expected purchases in (T, T + t]."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    return -alive * np.expm1(-shape * np.log1p(p * t / rate)) / p


def expected_purchases_gradient(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Derivatives of the expected purchases in the logarithms of the parameters, shape (n, 3)."""
    r, alpha, _ = (float(value) for value in theta)
    x, t_x, T = columns(x, t_x, T)
    alive, shape, rate, p = _state(theta, x, t_x, T)
    _, gradient, _, _ = _rows(theta, x, t_x, T, 1)
    stay_slope = np.column_stack([-r * np.log1p(T / alpha), r - shape * alpha / rate, -x * p])
    stay_slope[:, 0] += r * log_rising(r, x, 1).first
    length = p * t / rate
    none = np.exp(-shape * np.log1p(length))
    whole = -np.expm1(-shape * np.log1p(length)) / p
    by_p = (1 - p) * (none * shape * length / (1 + length) / p - whole)
    inner = np.column_stack(
        [none * np.log1p(length) * r / p, -none * shape * length / (1 + length) * alpha / rate / p, by_p]
    )
    return alive[:, None] * (inner + whole[:, None] * (stay_slope - gradient))


def purchase_distribution(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """P(X = k): k purchases and still there, or the last possible one was the k-th."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    possible = negative_binomial(shape, t / (rate + t), max_purchases)
    at_least = 1 - np.cumsum(possible, axis=1) + possible
    counts = np.arange(max_purchases + 1)
    stay = np.exp(counts * np.log1p(-p))
    found = stay * possible
    found[:, 1:] += p * stay[:-1] * np.maximum(at_least[:, 1:], 0.0)
    found *= alive[:, None]
    found[:, 0] += 1 - alive
    return found


def purchase_moments(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of none, mean and variance of the purchases in (T, T + t]."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    length = p * t / rate
    none = np.exp(-shape * np.log1p(length))
    mean = alive * -np.expm1(-shape * np.log1p(length)) / p
    # E X(X - 1) of the smaller of a Poisson and a geometric count, by its generating function.
    factorial = 2 * (1 - p) / p**2 * (1 - none - shape * length * none / (1 + length))
    zero = 1 - alive + alive * np.exp(-shape * np.log1p(t / rate))
    return zero, mean, np.maximum(alive * factorial + mean - mean**2, 0.0)


def discounted_expected_purchases(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
) -> FloatArray:
    """Expected purchases after T, each discounted to T; without end where t is None."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    if delta == 0.0:
        return alive / p if t is None else expected_purchases(theta, x, t_x, T, t)
    # Over y = log(1 + p u / rate), where purchases come at the rate (shape / p) exp(-shape y).
    s = delta * rate / p
    end = np.minimum(np.log1p(45 / s), 45 / shape)
    if t is not None:
        end = np.minimum(end, np.log1p(p * t / rate))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    y = end[:, None] * (nodes + 1) / 2
    return alive * shape / p * end / 2 * (np.exp(-s[:, None] * np.expm1(y) - shape[:, None] * y) @ weights)


def expected_purchases_new(theta: Theta, t: FloatArray | float) -> FloatArray:
    """Expected repeat purchases of a customer acquired now in (0, t], shape of t."""
    r, alpha, odds = (float(value) for value in theta)
    p = odds / (1 + odds)
    return np.asarray(-np.expm1(-r * np.log1p(p * np.asarray(t, dtype=float) / alpha)) / p)


def purchase_distribution_new(theta: Theta, t: float, max_purchases: int) -> FloatArray:
    """P(X(t) = k) of a customer acquired now, shape (max_purchases + 1,)."""
    zero = np.zeros(1)
    return purchase_distribution(theta, zero, zero, zero, t, max_purchases)[0]


def discounted_expected_purchases_new(theta: Theta, delta: float, t: float | None = None) -> float:
    """Discounted expected repeat purchases of a customer acquired now."""
    zero = np.zeros(1)
    return float(discounted_expected_purchases(theta, zero, zero, zero, delta, t)[0])


def expected_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Expected remaining lifetime; infinite where r + x <= 1."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    return np.where(shape > 1, alive * rate / p / np.where(shape > 1, shape - 1, 1.0), np.inf)


def truncated_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
    """Expected part of the remaining lifetime that falls into (T, T + cap]."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    power, length = 1 - shape, np.log1p(p * cap / rate)
    near = np.abs(power * length) < 1e-9
    grown = np.where(near, length, np.expm1(power * length) / np.where(near, 1.0, power))
    return alive * rate / p * grown


def median_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """When P(alive) falls to one half; zero where it is no higher now."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    return rate / p * np.expm1(np.minimum(np.log(np.maximum(2 * alive, 1.0)) / shape, 600.0))


def median_waiting_time(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median time from T to the next purchase of a customer alive at T."""
    _, shape, rate, _ = _state(theta, x, t_x, T)
    return median_pareto(shape, rate)


def sample_new(theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw (x, t_x) of new customers observed to the ages T."""
    r, alpha, odds = (float(value) for value in theta)
    (T,) = columns(T)
    possible = rng.poisson(rng.gamma(r, 1 / alpha, T.shape) * T).astype(float)
    last = rng.geometric(odds / (1 + odds), T.shape).astype(float)
    x = np.minimum(possible, last)
    # The k-th of n moments that fall evenly into (0, T) is a beta variable; whoever left did so at such a moment.
    early = T * rng.beta(np.maximum(x, 1.0), np.maximum(possible - x + 1, 1.0))
    return x, np.where(x < possible, early, last_of(x, T, rng))


def sample_future(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the purchases in (T, T + t] of customers with these histories."""
    alive, shape, rate, p = _state(theta, x, t_x, T)
    possible = rng.poisson(rng.gamma(shape, 1 / rate) * t).astype(float)
    return np.where(rng.random(alive.shape) < alive, np.minimum(possible, rng.geometric(p, alive.shape)), 0.0)


def forecast(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
) -> Forecast:
    """Everything that valuation needs of each row."""
    p_zero, mean, variance = purchase_moments(theta, x, t_x, T, t)
    return Forecast(
        probability_alive=probability_alive(theta, x, t_x, T),
        probability_alive_end=probability_alive(theta, x, t_x, T, t),
        expected_purchases=mean,
        expected_gradient=expected_purchases_gradient(theta, x, t_x, T, t),
        p_zero=p_zero,
        variance=variance,
        discounted=discounted_expected_purchases(theta, x, t_x, T, delta, t),
        discounted_lifetime=discounted_expected_purchases(theta, x, t_x, T, delta, cap),
        discounted_infinite=discounted_expected_purchases(theta, x, t_x, T, delta),
        next_purchase=median_waiting_time(theta, x, t_x, T),
    )
