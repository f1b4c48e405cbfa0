"""The GGompertz/NBD model: purchases at random while alive, and a risk of leaving that grows (Bemmaor, Glady 2012).

Rates of buying are Gamma(r, alpha) over customers and lifetimes gamma-Gompertz (b, s, beta), independently. With f and
S the density and the survival of the lifetime the likelihood of a history (x, t_x, T) is

    Gamma(r + x) / Gamma(r) alpha^r ( F(x, t_x) + H(x, T) ),
    F = integral over v > t_x of f(v) (alpha + v)^-(r + x),
    H = (r + x) integral over v > T of S(v) (alpha + v)^-(r + x + 1),

which equals equation 9 of the paper: after t_x either leaving comes first, whenever (F), or another purchase does, and
then only after T (H). As b and beta go to zero with beta / b fixed it becomes the Pareto/NBD.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import gamma_gompertz as lifetime
from keepers.numerics.likelihoods import ggompertz_nbd_future as future
from keepers.numerics.likelihoods.family import FloatArray, Forecast, Theta, columns
from keepers.numerics.likelihoods.ggompertz_nbd_integral import Integral
from keepers.numerics.likelihoods.nbd import last_of, median_pareto
from keepers.numerics.likelihoods.two_terms import TermTable, mixed_gradient, sum_of_two
from keepers.numerics.special import log_rising
from keepers.numerics.sums import dot

PARAMETERS = ("r", "alpha", "b", "s", "beta")
"""Shape and scale of the rates of buying; growth of the risk of leaving; shape and scale of its level."""

TIME_POWERS = MappingProxyType({"r": 0, "alpha": 1, "b": -1, "s": 0, "beta": 0})

_Five = tuple[float, float, float, float, float]


def starts(tables: CellTables) -> list[FloatArray]:
    """Logarithms of points from which a search begins; times are scaled to a mean age of about one."""
    customers = float(tables.weight.sum())
    purchases = max(dot(tables.weight, tables.x), 0.5) / max(customers, 1.0)
    age = max(dot(tables.weight, tables.T) / max(customers, 1.0), 1e-12)
    points = []
    for r, b, s, beta in ((0.7, 0.3, 0.6, 0.2), (1.0, 4.0, 0.5, 10.0)):
        stays = float(lifetime.mean_within(b / age, s, np.array([beta]), age)[0])
        points.append(np.log([r, r * stays / purchases, b / age, s, beta]))
    return points


def log_likelihood(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Log-likelihood of each row, equal to equation 9 of Bemmaor and Glady (2012).

    Parameters
    ----------
    theta : sequence of float
        r, alpha, b, s, beta.
    x, t_x, T : array, shape (n,)
        Repeat purchases, age at the last one and age now, in one unit of time.

    Returns
    -------
    array, shape (n,)
    """
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _log_constant(theta, tables) + _log_bracket(theta, tables)


def log_likelihood_sum(theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in the logarithms of the parameters.

    Parameters
    ----------
    theta : sequence of float
        r, alpha, b, s, beta.
    cells : Cells or CellTables
        Histories with weights.
    order : int
        0 for the value alone, 1 with gradient, 2 with Hessian.
    """
    tables = CellTables.of(cells)
    if order == 0:
        rows = _log_constant(theta, tables) + _log_bracket(theta, tables)
        return Evaluation.of_value(dot(tables.weight, rows), 5)
    r, alpha = float(theta[0]), float(theta[1])
    rising, by_count = log_rising(r, tables.counts.values), tables.customers_by_count
    customers = float(by_count.sum())
    gradient, hessian = np.zeros(5), np.zeros((5, 5))
    gradient[0] = r * (by_count @ rising.first + customers * np.log(alpha))
    gradient[1] = customers * r
    if order > 1:
        hessian[0, 0] = gradient[0] + r**2 * (by_count @ rising.second)
        hessian[0, 1] = hessian[1, 0] = customers * r
    own = Evaluation(float(by_count @ rising.value) + customers * r * float(np.log(alpha)), gradient, hessian)
    return own + sum_of_two(tables, *_tables_of_terms(theta, tables, order), order)


def probability_alive(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0) -> FloatArray:
    """Probability of being alive at T + at, whatever happens between (Bemmaor and Glady 2012, appendix)."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _at_ages(theta, tables, lambda b, s, beta: lifetime.survival(b, s, beta, at))


def expected_purchases(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Expected purchases in (T, T + t]."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    stays = _at_ages(theta, tables, lambda b, s, beta: lifetime.mean_within(b, s, beta, t))
    return _alive(theta, tables) * _rate_if_alive(theta, tables) * stays


def expected_purchases_gradient(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Derivatives of the expected purchases in the logarithms of the parameters, shape (n, 5)."""
    return _alive_and_expected(theta, CellTables.of_rows(*columns(x, t_x, T)), t)[2]


def purchase_distribution(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """P(X(T, T + t) = k) for k = 0 .. max_purchases, shape (n, max_purchases + 1); absolute error below 1e-11."""
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
    alive = _alive(theta, tables)
    return _counts(theta, tables, alive, alive * _expected_if_alive(theta, tables, t), t)


def discounted_expected_purchases(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
) -> FloatArray:
    """Expected purchases after T, each discounted to T; always finite, as every lifetime has a finite mean."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _rate_if_alive(theta, tables) * _discounted_if_alive(theta, tables, delta, t)


def expected_purchases_new(theta: Theta, t: FloatArray | float) -> FloatArray:
    """Expected repeat purchases of a customer acquired now in (0, t], shape of t."""
    r, alpha, b, s, beta = (float(value) for value in theta)
    lengths = np.asarray(t, dtype=np.float64)
    scale = np.array([beta])
    stays = [lifetime.mean_within(b, s, scale, float(length))[0] if length > 0 else 0.0 for length in lengths.ravel()]
    return np.asarray(r / alpha * np.array(stays).reshape(lengths.shape))


def purchase_distribution_new(theta: Theta, t: float, max_purchases: int) -> FloatArray:
    """P(X(t) = k) of a customer acquired now, shape (max_purchases + 1,)."""
    r, alpha, b, s, beta = (float(value) for value in theta)
    one = future.distribution(b, s, np.array([r]), np.array([alpha]), np.array([beta]), t, max_purchases)
    return np.asarray(one[0])


def discounted_expected_purchases_new(theta: Theta, delta: float, t: float | None = None) -> float:
    """Discounted expected repeat purchases of a customer acquired now; without end where t is None."""
    r, alpha, b, s, beta = (float(value) for value in theta)
    return r / alpha * float(lifetime.discounted_within(b, s, np.array([beta]), delta, t)[0])


def expected_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Expected remaining lifetime from T; always finite."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _at_ages(theta, tables, lambda b, s, beta: lifetime.mean_within(b, s, beta, None))


def median_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median remaining lifetime from T; zero where the customer is more likely gone than not."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    _, _, b, s, beta = (float(value) for value in theta)
    exposed = np.log(np.maximum(2.0 * _alive(theta, tables), 1.0)) / s
    return lifetime.quantile(b, lifetime.remaining(b, beta, tables.T), exposed)


def truncated_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
    """Expected part of the remaining lifetime that falls into (T, T + cap]."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _at_ages(theta, tables, lambda b, s, beta: lifetime.mean_within(b, s, beta, cap))


def median_waiting_time(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median time from T to the next purchase of a customer alive at T who stays; may be infinite."""
    x, _, T = columns(x, t_x, T)
    return median_pareto(float(theta[0]) + x, float(theta[1]) + T)


def sample_new(theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw (x, t_x) of new customers observed to the ages T."""
    r, alpha, b, s, beta = (float(value) for value in theta)
    (age,) = columns(T)
    rate = rng.gamma(r, 1.0 / alpha, age.size)
    stays = np.minimum(lifetime.quantile(b, beta, rng.standard_exponential(age.size) / s), age)
    x = rng.poisson(rate * stays).astype(np.float64)
    return x, last_of(x, stays, rng)


def sample_future(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the purchases in (T, T + t] of customers with these histories, shape (n,)."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    r, alpha, b, s, beta = (float(value) for value in theta)
    alive = rng.random(tables.size) < _alive(theta, tables)
    rate = rng.standard_gamma(r + tables.x) / (alpha + tables.T)
    exposed = rng.standard_exponential(tables.size) / s
    stays = np.minimum(lifetime.quantile(b, lifetime.remaining(b, beta, tables.T), exposed), t)
    return np.where(alive, rng.poisson(rate * stays), 0).astype(np.float64)


def forecast(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
) -> Forecast:
    """Everything that valuation needs, sharing what the answers have in common."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    alive, expected, gradient = _alive_and_expected(theta, tables, t)
    p_zero, _, variance = _counts(theta, tables, alive, expected, t)
    rate = alive * _rate_if_alive(theta, tables)
    return Forecast(
        probability_alive=alive,
        probability_alive_end=alive * _at_ages(theta, tables, lambda b, s, beta: lifetime.survival(b, s, beta, t)),
        expected_purchases=expected,
        expected_gradient=gradient,
        p_zero=p_zero,
        variance=variance,
        discounted=rate * _discounted_if_alive(theta, tables, delta, t),
        discounted_lifetime=rate * _discounted_if_alive(theta, tables, delta, cap),
        discounted_infinite=rate * _discounted_if_alive(theta, tables, delta, None),
        next_purchase=median_waiting_time(theta, tables.x, tables.t_x, tables.T),
    )


def _five(theta: Theta) -> _Five:
    r, alpha, b, s, beta = (float(value) for value in theta)
    return r, alpha, b, s, beta


def _log_constant(theta: Theta, tables: CellTables) -> FloatArray:
    r, alpha = float(theta[0]), float(theta[1])
    return tables.counts.rows(log_rising(r, tables.counts.values, 0).value + r * np.log(alpha))


def _terms(theta: Theta, tables: CellTables) -> tuple[Integral, Integral]:
    before, now, five = tables.counts_and_recencies, tables.counts_and_ages, _five(theta)
    return Integral(five, before.first, before.second, True), Integral(five, now.first, now.second, False)


def _tables_of_terms(theta: Theta, tables: CellTables, order: int = 1) -> tuple[TermTable, TermTable]:
    leaves, buys = _terms(theta, tables)
    return leaves.table(order), buys.table(order)


def _log_bracket(theta: Theta, tables: CellTables) -> FloatArray:
    leaves, buys = _terms(theta, tables)
    return np.logaddexp(
        tables.counts_and_recencies.rows(leaves.log_value()), tables.counts_and_ages.rows(buys.log_value())
    )


def _log_alive_term(theta: Theta, tables: CellTables) -> FloatArray:
    r, alpha, b, s, beta = _five(theta)
    pairs = tables.counts_and_ages
    stayed = -s * lifetime.exposure(b, beta, pairs.second)
    return pairs.rows(stayed - (r + pairs.first) * np.log(alpha + pairs.second))


def _alive(theta: Theta, tables: CellTables) -> FloatArray:
    return np.minimum(np.exp(_log_alive_term(theta, tables) - _log_bracket(theta, tables)), 1.0)


def _rate_if_alive(theta: Theta, tables: CellTables) -> FloatArray:
    return (float(theta[0]) + tables.x) / (float(theta[1]) + tables.T)


def _at_ages(theta: Theta, tables: CellTables, answer: Callable[[float, float, FloatArray], FloatArray]) -> FloatArray:
    """What is true of the remaining lifetime at each row's age, computed once for each distinct age."""
    _, _, b, s, beta = _five(theta)
    return tables.ages.rows(answer(b, s, lifetime.remaining(b, beta, tables.ages.values)))


def _expected_if_alive(theta: Theta, tables: CellTables, t: float) -> FloatArray:
    stays = _at_ages(theta, tables, lambda b, s, beta: lifetime.mean_within(b, s, beta, t))
    return _rate_if_alive(theta, tables) * stays


def _discounted_if_alive(theta: Theta, tables: CellTables, delta: float, t: float | None) -> FloatArray:
    return _at_ages(theta, tables, lambda b, s, beta: lifetime.discounted_within(b, s, beta, delta, t))


def _if_alive(theta: Theta, tables: CellTables) -> tuple[float, float, FloatArray, FloatArray, FloatArray]:
    """Parameters of the future of a customer who is alive at T, for every pair (x, T)."""
    r, alpha, b, s, beta = _five(theta)
    pairs = tables.counts_and_ages
    return b, s, r + pairs.first, alpha + pairs.second, lifetime.remaining(b, beta, pairs.second)


def _counts(
    theta: Theta, tables: CellTables, alive: FloatArray, mean: FloatArray, t: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    none = tables.counts_and_ages.rows(future.probability_of_none(*_if_alive(theta, tables), t))
    shape, age = float(theta[0]) + tables.x, float(theta[1]) + tables.T
    squares = _at_ages(theta, tables, lambda b, s, beta: lifetime.second_moment_within(b, s, beta, t))
    second = mean + alive * shape * (shape + 1.0) / age**2 * squares
    return 1.0 - alive * (1.0 - none), mean, second - mean**2


def _alive_and_expected(theta: Theta, tables: CellTables, t: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of being alive, expected purchases, and the gradient of the latter in log parameters."""
    r, alpha, b, s, beta = _five(theta)
    log_bracket, slopes = mixed_gradient(tables, *_tables_of_terms(theta, tables))
    alive = np.minimum(np.exp(_log_alive_term(theta, tables) - log_bracket), 1.0)
    ages = tables.ages
    age = ages.values
    later = lifetime.remaining(b, beta, age)
    stays, by = lifetime.mean_within_gradient(b, s, later, t)
    expected = alive * _rate_if_alive(theta, tables) * ages.rows(stays)
    # The remaining lifetime's beta moves with b and beta.
    faded = np.exp(-b * age) / later
    by_later = by[:, 2] / stays
    exposed, exposed_by_b, exposed_by_beta = lifetime.exposure_slopes(b, beta, age)
    own = np.column_stack(
        [
            -s * exposed_by_b + by[:, 0] / stays - by_later * b * age * (beta - 1.0) * faded,
            -s * exposed + by[:, 1] / stays,
            -s * exposed_by_beta + by_later * beta * faded,
        ]
    )
    shape, scale = r + tables.x, alpha + tables.T
    gradient = np.empty((tables.size, 5))
    gradient[:, 0] = r / shape - r * np.log(scale)
    gradient[:, 1] = -(shape + 1.0) * alpha / scale
    gradient[:, 2:] = ages.rows(own)
    return alive, expected, expected[:, None] * (gradient - slopes)
