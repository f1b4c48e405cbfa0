"""The Pareto/NBD model: purchases at random while alive, leaving at any moment (Schmittlein, Morrison, Colombo 1987).

Rates of buying are Gamma(r, alpha) over customers and rates of leaving Gamma(s, beta), independently. The likelihood of
a history (x, t_x, T) is, with the constant C = Gamma(r + x) / Gamma(r) alpha^r beta^s,

    C ( s F(x, t_x) + H(x, T) ),
    F = integral over v > t_x of (alpha + v)^-(r + x) (beta + v)^-(s + 1),
    H = (r + x) integral over v > T of (alpha + v)^-(r + x + 1) (beta + v)^-s.

After t_x either leaving comes first, whenever (s F), or another purchase does, and then only after T (H). Both are
positive, so no digits are lost, and each depends on two numbers only: a table of distinct pairs serves all customers.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation, in_logarithms
from keepers.numerics.likelihoods import pareto_nbd_future as future
from keepers.numerics.likelihoods import pareto_nbd_lifetime as lifetime
from keepers.numerics.likelihoods.family import FloatArray, Forecast, Theta, columns
from keepers.numerics.likelihoods.nbd import median_pareto
from keepers.numerics.likelihoods.pareto_nbd_integral import integral_moments, log_integral
from keepers.numerics.likelihoods.pareto_nbd_rows import pareto_nbd_rows
from keepers.numerics.likelihoods.pareto_nbd_sums import pareto_nbd_sums
from keepers.numerics.likelihoods.two_terms import TermTable, mixed_gradient, sum_of_two
from keepers.numerics.special import log_rising
from keepers.numerics.sums import dot

PARAMETERS = ("r", "alpha", "s", "beta")
"""Shape and scale of the rates of buying, shape and scale of the rates of leaving."""

TIME_POWERS = MappingProxyType({"r": 0, "alpha": 1, "s": 0, "beta": 1})

log_likelihood_rows = pareto_nbd_rows
"""Log-likelihood of rows with alpha and beta of their own, with derivatives in log parameters."""

log_likelihood_sums = pareto_nbd_sums
"""The weighted sum of the log-likelihood at many parameters together."""


def starts(tables: CellTables) -> list[FloatArray]:
    """Logarithms of points from which a search begins; times are scaled to a mean age of about one."""
    customers = float(tables.weight.sum())
    purchases = max(dot(tables.weight, tables.x), 0.5) / max(customers, 1.0)
    age = max(dot(tables.weight, tables.T) / max(customers, 1.0), 1e-12)
    points = []
    for r, s, beta in ((0.7, 0.6, 0.5), (1.5, 1.5, 4.0), (0.3, 0.3, 0.1)):
        stays = float(lifetime.mean_within(s, np.array([beta * age]), age)[0])
        points.append(np.log([r, r * stays / purchases, s, beta * age]))
    return points


def log_likelihood(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Log-likelihood of each row, equal to equation 10 of Fader and Hardie, "A note on deriving the Pareto/NBD".

    Parameters
    ----------
    theta : sequence of float
        r, alpha, s, beta.
    x, t_x, T : array, shape (n,)
        Repeat purchases, age at the last one and age now, in one unit of time.

    Returns
    -------
    array, shape (n,)
    """
    tables = CellTables.of_rows(*columns(x, t_x, T))
    leaves, buys = _log_terms(theta, tables)
    return _log_constant(theta, tables) + np.logaddexp(leaves, buys)


def log_likelihood_sum(theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in the logarithms of the parameters.

    Parameters
    ----------
    theta : sequence of float
        r, alpha, s, beta.
    cells : Cells or CellTables
        Histories with weights.
    order : int
        0 for the value alone, 1 with gradient, 2 with Hessian.
    """
    r, alpha, s, beta = (float(value) for value in theta)
    tables = CellTables.of(cells)
    if order == 0:
        leaves, buys = _log_terms(theta, tables)
        rows = _log_constant(theta, tables) + np.logaddexp(leaves, buys)
        return Evaluation.of_value(dot(tables.weight, rows), 4)
    bracket = sum_of_two(tables, *_moments(theta, tables, order), order)
    gradient, hessian = bracket.gradient, bracket.hessian
    # What remains depends on x alone, or on nothing.
    rising, by_count = log_rising(r, tables.counts.values), tables.customers_by_count
    customers = float(by_count.sum())
    value = bracket.value + float(by_count @ rising.value)
    value += customers * (r * np.log(alpha) + s * np.log(beta))
    gradient += customers * np.array([np.log(alpha), r / alpha, np.log(beta), s / beta])
    gradient[0] += by_count @ rising.first
    natural = np.array([r, alpha, s, beta])
    if order < 2:
        return Evaluation(value, natural * gradient, np.zeros((4, 4)))
    hessian[0, 0] += by_count @ rising.second
    hessian[1, 1] -= customers * r / alpha**2
    hessian[3, 3] -= customers * s / beta**2
    for i, scale in ((0, alpha), (2, beta)):
        hessian[i, i + 1] += customers / scale
        hessian[i + 1, i] += customers / scale
    return in_logarithms(natural, value, gradient, hessian)


def probability_alive(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0) -> FloatArray:
    """Probability of being alive at T + at, whatever happens between.

    At at = 0 this is equation 11 of Schmittlein, Morrison and Colombo (1987) without its case distinction.
    """
    tables = CellTables.of_rows(*columns(x, t_x, T))
    _, _, s, beta = theta
    ages = tables.ages
    return _alive(theta, tables) * ages.rows(lifetime.survival(s, beta + ages.values, at))


def expected_purchases(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Expected purchases in (T, T + t] (Schmittlein, Morrison and Colombo 1987, equation 22); right at s = 1 too."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _rate_if_alive(theta, tables) * _stay_if_alive(theta, tables, t)


def expected_purchases_gradient(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Derivatives of the expected purchases in the logarithms of the parameters, shape (n, 4)."""
    return _alive_and_expected(theta, CellTables.of_rows(*columns(x, t_x, T)), t)[2]


def purchase_distribution(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """P(X(T, T + t) = k) for k = 0 .. max_purchases, shape (n, max_purchases + 1).

    Exact for each history (Fader and Hardie 2014, "Deriving the conditional PMF of the Pareto/NBD model"); absolute
    error below 1e-11.
    """
    tables = CellTables.of_rows(*columns(x, t_x, T))
    alive = _alive(theta, tables)
    if_alive = future.distribution(*_if_alive(theta, tables), t, max_purchases)
    result = alive[:, None] * if_alive[tables.counts_and_ages.index]
    result[:, 0] += 1.0 - alive
    return result


def purchase_moments(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of none, mean and variance of the purchases in (T, T + t], each of shape (n,)."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _counts(theta, tables, _alive(theta, tables), t)


def discounted_expected_purchases(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
) -> FloatArray:
    """Expected purchases after T, each discounted to T at the continuous rate delta.

    Without end (t = None) this is the discounted expected residual transactions of Fader, Hardie and Lee (2005, "RFM
    and CLV", equation 2); at delta = 0 that is infinite for every customer unless s > 1.
    """
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _rate_if_alive(theta, tables) * _discounted_if_alive(theta, tables, delta, t)


def expected_purchases_new(theta: Theta, t: FloatArray | float) -> FloatArray:
    """Expected repeat purchases of a customer acquired now in (0, t], shape of t."""
    r, alpha, s, beta = theta
    length = np.asarray(t, dtype=np.float64)
    return np.asarray(r / alpha * lifetime.mean_within(s, np.full(length.shape, beta), length))


def purchase_distribution_new(theta: Theta, t: float, max_purchases: int) -> FloatArray:
    """P(X(t) = k) of a customer acquired now, shape (max_purchases + 1,)."""
    r, alpha, s, beta = theta
    one = future.distribution(np.array([r]), np.array([alpha]), s, np.array([beta]), t, max_purchases)
    return np.asarray(one[0])


def discounted_expected_purchases_new(theta: Theta, delta: float, t: float | None = None) -> float:
    """Discounted expected repeat purchases of a customer acquired now; without end where t is None."""
    r, alpha, s, beta = theta
    return float(r / alpha * lifetime.discounted_within(s, np.array([beta]), delta, t)[0])


def expected_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Expected remaining lifetime from T; infinite for every customer where s <= 1, as on the CDNOW data."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    _, _, s, beta = theta
    if s <= 1.0:
        return np.full(tables.x.shape, np.inf)
    return _alive(theta, tables) * (beta + tables.T) / (s - 1.0)


def median_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median remaining lifetime from T; zero where the customer is more likely gone than not."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    _, _, s, beta = theta
    with np.errstate(over="ignore"):
        return (beta + tables.T) * np.expm1(np.log(np.maximum(2.0 * _alive(theta, tables), 1.0)) / s)


def truncated_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
    """Expected part of the remaining lifetime that falls into (T, T + cap]."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _stay_if_alive(theta, tables, cap)


def median_waiting_time(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median time from T to the next purchase of a customer who is alive at T and stays; may be infinite."""
    return _median_wait(theta, CellTables.of_rows(*columns(x, t_x, T)))


def sample_new(theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw (x, t_x) of new customers observed to the ages T."""
    r, alpha, s, beta = theta
    (age,) = columns(T)
    rate = rng.gamma(r, 1.0 / alpha, age.size)
    with np.errstate(over="ignore"):
        stays = np.minimum(beta * np.expm1(rng.standard_exponential(age.size) / s), age)
    x = rng.poisson(rate * stays).astype(np.float64)
    # The last of x moments that are uniform over the stay.
    last = np.exp(-rng.standard_exponential(age.size) / np.maximum(x, 1.0))
    return x, np.where(x > 0, stays * last, 0.0)


def sample_future(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the purchases in (T, T + t] of customers with these histories, shape (n,)."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    r, alpha, s, beta = theta
    alive = rng.random(tables.size) < _alive(theta, tables)
    rate = rng.standard_gamma(r + tables.x) / (alpha + tables.T)
    with np.errstate(over="ignore"):
        stays = np.minimum((beta + tables.T) * np.expm1(rng.standard_exponential(tables.size) / s), t)
    return np.where(alive, rng.poisson(rate * stays), 0).astype(np.float64)


def forecast(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
) -> Forecast:
    """Everything that valuation needs, sharing what the answers have in common."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    _, _, s, beta = theta
    alive, expected, gradient = _alive_and_expected(theta, tables, t)
    p_zero, _, variance = _counts(theta, tables, alive, t)
    rate = alive * _rate_if_alive(theta, tables)
    ages = tables.ages
    return Forecast(
        probability_alive=alive,
        probability_alive_end=alive * ages.rows(lifetime.survival(s, beta + ages.values, t)),
        expected_purchases=expected,
        expected_gradient=gradient,
        p_zero=p_zero,
        variance=variance,
        discounted=rate * _discounted_if_alive(theta, tables, delta, t),
        discounted_lifetime=rate * _discounted_if_alive(theta, tables, delta, cap),
        discounted_infinite=rate * _discounted_if_alive(theta, tables, delta, None),
        next_purchase=_median_wait(theta, tables),
    )


def _log_constant(theta: Theta, tables: CellTables) -> FloatArray:
    r, alpha, s, beta = theta
    counts = tables.counts
    rising = log_rising(float(r), counts.values, 0).value
    return counts.rows(rising + r * np.log(alpha) + s * np.log(beta))


def _log_terms(theta: Theta, tables: CellTables) -> tuple[FloatArray, FloatArray]:
    """log(s F) and log(H) of every row."""
    r, alpha, s, beta = theta
    before, now = tables.counts_and_recencies, tables.counts_and_ages
    leaves = np.log(s) + log_integral(
        r + before.first, np.full(before.size, s + 1.0), alpha + before.second, beta + before.second
    )
    buys = np.log(r + now.first) + log_integral(
        r + now.first + 1.0, np.full(now.size, s), alpha + now.second, beta + now.second
    )
    return before.rows(leaves), now.rows(buys)


def _moments(theta: Theta, tables: CellTables, order: int = 1) -> tuple[TermTable, TermTable]:
    """log(s F) of every pair (x, t_x) and log(H) of every pair (x, T), with derivatives in the parameters."""
    r, alpha, s, beta = (float(value) for value in theta)
    before, now = tables.counts_and_recencies, tables.counts_and_ages
    left = integral_moments(
        r + before.first, np.full(before.size, s + 1.0), alpha + before.second, beta + before.second, order
    )
    left.log_value[:] += np.log(s)
    left.gradient[:, 2] += 1.0 / s
    left.hessian[:, 2, 2] -= 1.0 / s**2
    shape = r + now.first
    later = integral_moments(shape + 1.0, np.full(now.size, s), alpha + now.second, beta + now.second, order)
    later.log_value[:] += np.log(shape)
    later.gradient[:, 0] += 1.0 / shape
    later.hessian[:, 0, 0] -= 1.0 / shape**2
    return left, later


def _log_alive_term(theta: Theta, tables: CellTables) -> FloatArray:
    r, alpha, s, beta = theta
    pairs = tables.counts_and_ages
    return pairs.rows(-(r + pairs.first) * np.log(alpha + pairs.second) - s * np.log(beta + pairs.second))


def _alive(theta: Theta, tables: CellTables) -> FloatArray:
    leaves, buys = _log_terms(theta, tables)
    return np.minimum(np.exp(_log_alive_term(theta, tables) - np.logaddexp(leaves, buys)), 1.0)


def _rate_if_alive(theta: Theta, tables: CellTables) -> FloatArray:
    r, alpha, _, _ = theta
    return (r + tables.x) / (alpha + tables.T)


def _stay_if_alive(theta: Theta, tables: CellTables, t: float) -> FloatArray:
    _, _, s, beta = theta
    return tables.ages.rows(lifetime.mean_within(s, beta + tables.ages.values, t))


def _discounted_if_alive(theta: Theta, tables: CellTables, delta: float, t: float | None) -> FloatArray:
    _, _, s, beta = theta
    return tables.ages.rows(lifetime.discounted_within(s, beta + tables.ages.values, delta, t))


def _if_alive(theta: Theta, tables: CellTables) -> tuple[FloatArray, FloatArray, float, FloatArray]:
    """Parameters of the future of a customer who is alive at T, for every pair (x, T)."""
    r, alpha, s, beta = theta
    pairs = tables.counts_and_ages
    return r + pairs.first, alpha + pairs.second, float(s), beta + pairs.second


def _counts(theta: Theta, tables: CellTables, alive: FloatArray, t: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    pairs, customer = tables.counts_and_ages, _if_alive(theta, tables)
    none = pairs.rows(future.probability_of_none(*customer, t))
    mean = alive * pairs.rows(future.mean(*customer, t))
    second = alive * pairs.rows(future.second_moment(*customer, t))
    return 1.0 - alive * (1.0 - none), mean, second - mean**2


def _alive_and_expected(theta: Theta, tables: CellTables, t: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of being alive, expected purchases, and the gradient of the latter in log parameters."""
    r, alpha, s, beta = (float(value) for value in theta)
    ages = tables.ages
    log_bracket, slopes = mixed_gradient(tables, *_moments(theta, tables))
    alive = np.minimum(np.exp(_log_alive_term(theta, tables) - log_bracket), 1.0)
    rate, B = _rate_if_alive(theta, tables), beta + ages.values
    stay = lifetime.mean_within(s, B, t)
    expected = alive * rate * ages.rows(stay)
    by_s, by_B = lifetime.mean_within_gradient(s, B, t)
    shape, scale = r + tables.x, alpha + tables.T
    own = (
        1.0 / shape - np.log(scale),
        -(shape + 1.0) / scale,
        ages.rows(by_s / stay - np.log(B)),
        ages.rows(by_B / stay - s / B),
    )
    gradient = np.empty((tables.size, 4))
    for i, value in enumerate((r, alpha, s, beta)):
        gradient[:, i] = value * expected * (own[i] - slopes[:, i])
    return alive, expected, gradient


def _median_wait(theta: Theta, tables: CellTables) -> FloatArray:
    r, alpha, _, _ = theta
    return median_pareto(r + tables.x, alpha + tables.T)
