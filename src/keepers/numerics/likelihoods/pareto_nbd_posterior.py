"""The Pareto/NBD under many draws of its parameters at once: every answer is the mean over the draws.

`theta` is one set of parameters (r, alpha, s, beta), for which everything is as in `pareto_nbd`, or draws of them,
shape (m, 4). The mean over draws of a probability or an expectation is that of the posterior predictive; medians are
those of the averaged survival. Given the parameters and a history, a customer's own rates are drawn exactly: the
gamma mixtures leave products of gammas on either side of the moment of leaving (Ma and Liu 2007 sample all of this by
Gibbs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import pareto_nbd as one
from keepers.numerics.likelihoods.family import FloatArray, Forecast, ForecastOverDraws, Theta, columns

PARAMETERS = one.PARAMETERS
TIME_POWERS = one.TIME_POWERS

_CHUNK = 20_000
"""Rows whose medians are sought at a time."""


def starts(tables: CellTables) -> list[FloatArray]:
    """Logarithms of points from which a search begins; times are scaled to a mean age of about one."""
    return one.starts(tables)


def log_likelihood(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Log-likelihood of each row at one set of parameters."""
    return one.log_likelihood(theta, x, t_x, T)


def log_likelihood_sum(theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood at one set of parameters, with exact derivatives."""
    return one.log_likelihood_sum(theta, cells, order)


def log_likelihood_sums(thetas: FloatArray, cells: Cells | CellTables) -> FloatArray:
    """Weighted sums of the log-likelihood at many sets of parameters, shape (m, 4) to (m,)."""
    return one.log_likelihood_sums(thetas, cells)


def probability_alive(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0) -> FloatArray:
    """Probability of being alive at T + at, whatever happens between."""
    return _mean(one.probability_alive, theta, x, t_x, T, at)


def expected_purchases(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Expected purchases in (T, T + t]."""
    return _mean(one.expected_purchases, theta, x, t_x, T, t)


def expected_purchases_gradient(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Derivatives of the expected purchases in the logarithms of the parameters, shape (n, 4)."""
    return _mean(one.expected_purchases_gradient, theta, x, t_x, T, t)


def purchase_distribution(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """P(X(T, T + t) = k) for k = 0 .. max_purchases, shape (n, max_purchases + 1)."""
    return _mean(one.purchase_distribution, theta, x, t_x, T, t, max_purchases)


def purchase_moments(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of none, mean and variance of the purchases in (T, T + t]; the draws' spread is in the variance."""
    found = [one.purchase_moments(theta_of, x, t_x, T, t) for theta_of in _each(theta)]
    none, mean, variance = (np.array([moment[place] for moment in found]) for place in range(3))
    return none.mean(axis=0), mean.mean(axis=0), variance.mean(axis=0) + mean.var(axis=0)


def discounted_expected_purchases(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
) -> FloatArray:
    """Expected purchases after T, each discounted to T; infinite at delta = 0 without end where a draw's s <= 1."""
    return _mean(one.discounted_expected_purchases, theta, x, t_x, T, delta, t)


def expected_purchases_new(theta: Theta, t: FloatArray | float) -> FloatArray:
    """Expected repeat purchases of a customer acquired now in (0, t], shape of t."""
    return _mean(one.expected_purchases_new, theta, t)


def purchase_distribution_new(theta: Theta, t: float, max_purchases: int) -> FloatArray:
    """P(X(t) = k) of a customer acquired now, shape (max_purchases + 1,)."""
    return _mean(one.purchase_distribution_new, theta, t, max_purchases)


def discounted_expected_purchases_new(theta: Theta, delta: float, t: float | None = None) -> float:
    """Discounted expected repeat purchases of a customer acquired now; without end where t is None."""
    return float(_mean(one.discounted_expected_purchases_new, theta, delta, t))


def expected_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Expected remaining lifetime from T; infinite where a draw's s <= 1."""
    return _mean(one.expected_lifetime, theta, x, t_x, T)


def median_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median remaining lifetime from T by the averaged survival; zero where the customer is likelier gone than not."""
    if np.ndim(theta) == 1:
        return one.median_lifetime(theta, x, t_x, T)
    x, t_x, T = columns(x, t_x, T)
    draws = np.atleast_2d(np.asarray(theta, dtype=np.float64))
    result = np.zeros(T.shape)
    for start in range(0, T.size, _CHUNK):
        rows = slice(start, start + _CHUNK)
        alive = np.array([one.probability_alive(draw, x[rows], t_x[rows], T[rows]) for draw in draws]) / len(draws)
        likely = alive.sum(axis=0) > 0.5 * (1 + 1e-12)
        scale = draws[:, 3, None] + T[rows][likely]
        part = result[rows]
        part[likely] = _time_of_half(alive[:, likely], draws[:, 2, None], scale)
    return result


def truncated_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
    """Expected part of the remaining lifetime that falls into (T, T + cap]."""
    return _mean(one.truncated_lifetime, theta, x, t_x, T, cap)


def median_waiting_time(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median time from T to the next purchase of a customer alive at T who stays, draws weighing by being alive."""
    if np.ndim(theta) == 1:
        return one.median_waiting_time(theta, x, t_x, T)
    x, t_x, T = columns(x, t_x, T)
    draws = np.atleast_2d(np.asarray(theta, dtype=np.float64))
    result = np.empty(T.shape)
    for start in range(0, T.size, _CHUNK):
        rows = slice(start, start + _CHUNK)
        alive = np.array([one.probability_alive(draw, x[rows], t_x[rows], T[rows]) for draw in draws])
        total = alive.sum(axis=0)
        share = np.where(total > 0, alive / np.where(total > 0, total, 1.0), 1.0 / len(draws))
        result[rows] = _time_of_half(share, draws[:, 0, None] + x[rows], draws[:, 1, None] + T[rows])
    return result


def sample_new(theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw (x, t_x) of new customers observed to the ages T, each with one of the draws of the parameters."""
    (age,) = columns(T)
    x, t_x = np.empty(age.size), np.empty(age.size)
    for draw, rows in _shared_out(theta, age.size, rng):
        x[rows], t_x[rows] = one.sample_new(draw, age[rows], rng)
    return x, t_x


def sample_future(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the purchases in (T, T + t] of customers with these histories, each with one of the draws, shape (n,)."""
    x, t_x, T = columns(x, t_x, T)
    result = np.empty(x.size)
    for draw, rows in _shared_out(theta, x.size, rng):
        result[rows] = one.sample_future(draw, x[rows], t_x[rows], T[rows], t, rng)
    return result


def sample_customers(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Draw rate of buying, rate of leaving, alive at T (0 or 1) and lifetime of each row at one set of parameters.

    Alive, the rates are Gamma(r + x, alpha + T) and Gamma(s, beta + T) and the remaining lifetime is exponential.
    Otherwise the moment of leaving v has a density proportional to (alpha + v)^-(r + x) (beta + v)^-(s + 1) between
    t_x and T, and given it the rates are Gamma(r + x, alpha + v) and Gamma(s + 1, beta + v).
    """
    r, alpha, s, beta = (float(value) for value in theta)
    x, t_x, T = columns(x, t_x, T)
    alive = rng.random(x.size) < one.probability_alive(theta, x, t_x, T)
    until = T.copy()
    gone = np.flatnonzero(~alive)
    until[gone] = _moment_of_leaving(r + x[gone], alpha, s + 1.0, beta, t_x[gone], T[gone], rng)
    rate = rng.standard_gamma(r + x) / (alpha + until)
    leaving = rng.standard_gamma(s + ~alive) / (beta + until)
    with np.errstate(divide="ignore", over="ignore"):
        further = rng.standard_exponential(x.size) / np.maximum(leaving, np.finfo(float).tiny)
    return rate, leaving, alive.astype(np.float64), np.where(alive, T + further, until)


def forecast(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
) -> Forecast:
    """Everything that valuation needs; how far the draws move the expected purchases is told beside them."""
    if np.ndim(theta) == 1:
        return one.forecast(theta, x, t_x, T, t, delta, cap)
    found = [one.forecast(draw, x, t_x, T, t, delta, cap) for draw in _each(theta)]

    def mean(name: str) -> FloatArray:
        return np.asarray(sum(getattr(each, name) for each in found) / len(found))

    expected = np.array([each.expected_purchases for each in found])
    return ForecastOverDraws(
        probability_alive=mean("probability_alive"),
        probability_alive_end=mean("probability_alive_end"),
        expected_purchases=expected.mean(axis=0),
        expected_gradient=mean("expected_gradient"),
        p_zero=mean("p_zero"),
        variance=mean("variance"),
        discounted=mean("discounted"),
        discounted_lifetime=mean("discounted_lifetime"),
        discounted_infinite=mean("discounted_infinite"),
        next_purchase=median_waiting_time(theta, x, t_x, T),
        parameter_variance=expected.var(axis=0),
    )


def _each(theta: Theta) -> Iterator[FloatArray]:
    yield from np.atleast_2d(np.asarray(theta, dtype=np.float64))


def _mean(answer: Callable[..., Any], theta: Theta, *arguments: Any) -> FloatArray:
    """The mean of an answer over the draws, without holding more than one of them."""
    total: Any = 0.0
    count = 0
    for draw in _each(theta):
        total, count = total + answer(draw, *arguments), count + 1
    return np.asarray(total / count)


def _shared_out(theta: Theta, size: int, rng: np.random.Generator) -> Iterator[tuple[FloatArray, NDArray[np.intp]]]:
    """Draws of the parameters, each with the rows that it falls to."""
    draws = np.atleast_2d(np.asarray(theta, dtype=np.float64))
    falls = rng.integers(len(draws), size=size)
    for place, draw in enumerate(draws):
        rows = np.flatnonzero(falls == place)
        if rows.size:
            yield draw, rows


def _time_of_half(weight: FloatArray, shape: FloatArray, scale: FloatArray) -> FloatArray:
    """The time at which the sum over draws of weight (scale / (scale + t))^shape is one half; may be infinite."""
    low, high = np.full(weight.shape[1], -690.0), np.full(weight.shape[1], 690.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        left = np.sum(weight * np.exp(-shape * np.log1p(np.exp(middle) / scale)), axis=0)
        low, high = np.where(left > 0.5, middle, low), np.where(left > 0.5, high, middle)
    return np.asarray(np.where(low > 689.0, np.inf, np.exp(0.5 * (low + high))))


def _moment_of_leaving(
    p: FloatArray, alpha: float, q: float, beta: float, t_x: FloatArray, T: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Draw v in (t_x, T) with density proportional to (alpha + v)^-p (beta + v)^-q, exactly, by rejection.

    Proposals follow the one of the two powers that falls the more, and are kept by what the other falls.
    """
    first = p * np.log((alpha + T) / (alpha + t_x)) >= q * np.log((beta + T) / (beta + t_x))
    power, near = np.where(first, p, q), np.where(first, alpha, beta)
    other, far = np.where(first, q, p), np.where(first, beta, alpha)
    start = near + t_x
    length = np.log((near + T) / start)
    result = t_x.copy()
    waiting = np.arange(p.size)
    while waiting.size:
        # log((near + v) / start) is an exponential of rate power - 1, of either sign, cut off at `length`.
        rate, end = power[waiting] - 1.0, length[waiting]
        w = _cut_exponential(rate, end, rng)
        v = start[waiting] * np.expm1(w) + t_x[waiting]
        keep = rng.random(waiting.size) < ((far[waiting] + t_x[waiting]) / (far[waiting] + v)) ** other[waiting]
        result[waiting[keep]] = np.minimum(v[keep], T[waiting[keep]])
        waiting = waiting[~keep]
    return result


def _cut_exponential(rate: FloatArray, end: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw from a density proportional to exp(-rate w) on (0, end), for rates of either sign."""
    u = rng.random(rate.size)
    fall = np.abs(rate) * end
    flat = fall < 1e-8
    drawn = -np.log1p(u * np.expm1(-fall)) / np.where(flat, 1.0, np.abs(rate))
    return np.where(flat, u * end, np.where(rate > 0, drawn, end - drawn))
