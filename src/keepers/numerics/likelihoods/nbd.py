"""The NBD model: purchases at random, rates that differ, and nobody ever leaves.

A customer buys as a Poisson process; rates are Gamma(r, alpha) over customers (Ehrenberg 1959). The likelihood of x
purchases to age T is, as a density of the purchase times,

    Gamma(r + x) / Gamma(r)  alpha^r / (alpha + T)^(r + x),

and given a history the rate is Gamma(r + x, alpha + T). The recency t_x plays no part.
"""

# ruff: noqa: ARG001 - every family answers the same questions, and this one needs less to do so

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation, in_logarithms
from keepers.numerics.likelihoods.beta_geometric_rows import nbd_rows
from keepers.numerics.likelihoods.family import FloatArray, Forecast, Theta, columns
from keepers.numerics.row_derivatives import RowDerivatives
from keepers.numerics.special import log_rising, log_rising_many
from keepers.numerics.sums import dot

PARAMETERS = ("r", "alpha")
"""Shape and rate of the gamma distribution of purchase rates."""

TIME_POWERS = MappingProxyType({"r": 0, "alpha": 1})

_TOGETHER = 1 << 14
"""Ages that are looked at together for many parameters."""


def starts(tables: CellTables) -> list[FloatArray]:
    """Logarithms of points from which a search begins: the mean rate of the data at several spreads."""
    purchases = dot(tables.weight, tables.x) + 0.5
    rate = purchases / (dot(tables.weight, tables.T) + 0.5)
    return [np.log([r, r / rate]) for r in (0.3, 1.5)]


def log_likelihood(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Log-likelihood of each row.

    Parameters
    ----------
    theta : (r, alpha)
        Positive parameters; alpha in the unit of `T`.
    x, t_x, T : arrays, shape (n,)
        Repeat purchases, age at the last one (not used), age now.

    Returns
    -------
    array, shape (n,)
    """
    r, alpha = (float(value) for value in theta)
    x, _, T = columns(x, t_x, T)
    return log_rising(r, x, 0).value - r * np.log1p(T / alpha) - x * np.log(alpha + T)


def log_likelihood_sums(thetas: FloatArray, cells: Cells | CellTables) -> FloatArray:
    """The weighted sum of the log-likelihood at many parameters together, shape (m, 2) to (m,)."""
    tables = CellTables.of(cells)
    ages, by_age, bought = tables.ages.values, tables.customers_by_age, tables.purchases_by_age
    result = np.empty(len(thetas))
    together = max(1, _TOGETHER // max(1, ages.size))
    for begin in range(0, len(thetas), together):
        part = slice(begin, begin + together)
        r, alpha = (column[:, None] for column in thetas[part].T)
        value = log_rising_many(r, tables.counts.values) @ tables.customers_by_count
        result[part] = value - r[:, 0] * (np.log1p(ages / alpha) @ by_age) - np.log(alpha + ages) @ bought
    return result


def log_likelihood_sum(theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in log parameters.

    Parameters
    ----------
    theta : (r, alpha)
        Positive parameters.
    cells : Cells or CellTables
        Histories with weights.
    order : int
        0 for the value alone, 1 with gradient, 2 with Hessian.
    """
    r, alpha = (float(value) for value in theta)
    tables = CellTables.of(cells)
    by_count, by_age = tables.customers_by_count, tables.customers_by_age
    customers = float(by_count.sum())
    rising = log_rising(r, tables.counts.values, order)
    ages = alpha + tables.ages.values
    events = r * by_age + tables.purchases_by_age
    # log alpha - log(alpha + T) by log1p: large alpha must not cancel.
    survived = -np.log1p(tables.ages.values / alpha)
    value = by_count @ rising.value + r * (by_age @ survived) - tables.purchases_by_age @ np.log(ages)
    if order == 0:
        return Evaluation.of_value(float(value), 2)
    first = np.array([by_count @ rising.first + by_age @ survived, customers * r / alpha - events @ (1 / ages)])
    mixed = customers / alpha - by_age @ (1 / ages)
    second = np.array([[by_count @ rising.second, mixed], [mixed, -customers * r / alpha**2 + events @ (1 / ages**2)]])
    return in_logarithms(np.array([r, alpha]), float(value), first, second)


def log_likelihood_rows(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, order: int = 2) -> RowDerivatives:
    """Log-likelihood of rows with an alpha of their own, with derivatives in log parameters."""
    rows = nbd_rows(theta, x, t_x, T)
    return RowDerivatives(rows.value, rows.first[:, :2], rows.second[:, :2, :2])


log_likelihood_clocked = nbd_rows
"""The same with derivatives in t_x and T too, for customers whose time covariates speed up."""


def probability_alive(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0) -> FloatArray:
    """One for everybody: without dropout a customer stays."""
    x, _, _ = columns(x, t_x, T)
    return np.ones(x.shape)


def expected_purchases(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Expected purchases in (T, T + t]: (r + x) t / (alpha + T)."""
    shape, age, _ = _rate(theta, x, t_x, T)
    return shape * t / age


def expected_purchases_gradient(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Derivatives of the expected purchases in log r and log alpha, shape (n, 2)."""
    r, alpha = (float(value) for value in theta)
    shape, age, _ = _rate(theta, x, t_x, T)
    return np.column_stack([r * t / age, -alpha * shape * t / age**2])


def purchase_distribution(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """P(X(T, T + t) = k), negative binomial, shape (n, max_purchases + 1)."""
    shape, age, _ = _rate(theta, x, t_x, T)
    return negative_binomial(shape, t / (age + t), max_purchases)


def negative_binomial(shape: FloatArray, chance: FloatArray, max_purchases: int) -> FloatArray:
    """Probabilities of 0 .. max_purchases events of a negative binomial, shape (n, max_purchases + 1).

    Parameters
    ----------
    shape : array, shape (n,)
        Shape of the mixing gamma distribution.
    chance : array, shape (n,)
        t / (alpha + t) for a rate alpha of it and a length t.
    """
    log_chance = np.log(np.maximum(chance, np.finfo(float).tiny))
    logs = np.empty((shape.size, max_purchases + 1))
    logs[:, 0] = shape * np.log1p(-chance)
    for k in range(max_purchases):
        logs[:, k + 1] = logs[:, k] + np.log((shape + k) / (k + 1)) + log_chance
    return np.asarray(np.exp(logs))


def purchase_moments(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of none, mean and variance of the purchases in (T, T + t]."""
    shape, age, _ = _rate(theta, x, t_x, T)
    mean = shape * t / age
    return np.exp(-shape * np.log1p(t / age)), mean, mean * (1 + t / age)


def discounted_expected_purchases(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
) -> FloatArray:
    """Discounted expected purchases after T; infinite without end and without discount."""
    shape, age, _ = _rate(theta, x, t_x, T)
    return shape / age * discounted_length(delta, t)


def discounted_length(delta: float, t: float | None) -> float:
    """The integral of exp(-delta u) over u from 0 to t, or without end where t is None."""
    if t is None:
        return 1 / delta if delta > 0 else np.inf
    return float(-np.expm1(-delta * t) / delta) if delta > 0 else t


def expected_purchases_new(theta: Theta, t: FloatArray | float) -> FloatArray:
    """Expected repeat purchases of a new customer in (0, t]: r t / alpha."""
    r, alpha = (float(value) for value in theta)
    return np.asarray(r / alpha * np.asarray(t, dtype=float))


def purchase_distribution_new(theta: Theta, t: float, max_purchases: int) -> FloatArray:
    """P(X(t) = k) of a new customer, shape (max_purchases + 1,)."""
    zero = np.zeros(1)
    return np.asarray(purchase_distribution(theta, zero, zero, zero, t, max_purchases)[0])


def discounted_expected_purchases_new(theta: Theta, delta: float, t: float | None = None) -> float:
    """Discounted expected repeat purchases of a new customer."""
    r, alpha = (float(value) for value in theta)
    return r / alpha * discounted_length(delta, t)


def expected_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Infinite: nobody leaves."""
    return np.full(columns(x, t_x, T)[0].shape, np.inf)


def median_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Infinite: nobody leaves."""
    return np.full(columns(x, t_x, T)[0].shape, np.inf)


def truncated_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
    """The cap: nobody leaves."""
    return np.full(columns(x, t_x, T)[0].shape, float(cap))


def median_waiting_time(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median time from T to the next purchase: (alpha + T) (2^(1 / (r + x)) - 1)."""
    shape, age, _ = _rate(theta, x, t_x, T)
    return median_pareto(shape, age)


def median_pareto(shape: FloatArray, scale: FloatArray) -> FloatArray:
    """Median of a waiting time with survival (scale / (scale + t))^shape; infinite where it is beyond 1e300."""
    exponent = np.log(2.0) / shape
    waiting = scale * np.expm1(np.minimum(exponent, 600.0))
    return np.where(exponent > 600.0, np.inf, waiting)


def sample_new(theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw (x, t_x) of new customers observed to the ages T."""
    r, alpha = (float(value) for value in theta)
    (T,) = columns(T)
    x = rng.poisson(rng.gamma(r, 1 / alpha, T.shape) * T).astype(float)
    return x, last_of(x, T, rng)


def last_of(events: FloatArray, T: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw the time of the last of so many events that fall evenly into (0, T); zero where there is none."""
    latest = T * rng.random(T.shape) ** (1 / np.maximum(events, 1.0))
    # An age of exactly zero would deny the purchase.
    return np.where(events > 0, np.maximum(latest, np.finfo(float).tiny), 0.0)


def sample_future(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the purchases in (T, T + t] of customers with these histories."""
    shape, age, _ = _rate(theta, x, t_x, T)
    return np.asarray(rng.poisson(rng.gamma(shape, 1 / age) * t), dtype=np.float64)


def forecast(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
) -> Forecast:
    """Everything that valuation needs of each row."""
    shape, age, _ = _rate(theta, x, t_x, T)
    p_zero, mean, variance = purchase_moments(theta, x, t_x, T, t)
    alive, rate = np.ones(shape.shape), shape / age
    return Forecast(
        probability_alive=alive,
        probability_alive_end=alive,
        expected_purchases=mean,
        expected_gradient=expected_purchases_gradient(theta, x, t_x, T, t),
        p_zero=p_zero,
        variance=variance,
        discounted=rate * discounted_length(delta, t),
        discounted_lifetime=rate * discounted_length(delta, cap),
        discounted_infinite=rate * discounted_length(delta, None),
        next_purchase=median_pareto(shape, age),
    )


def _rate(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shape and rate of the gamma distribution of a customer's purchase rate, and the count."""
    r, alpha = (float(value) for value in theta)
    x, _, T = columns(x, t_x, T)
    return r + x, alpha + T, x
