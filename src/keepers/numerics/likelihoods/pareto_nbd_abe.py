"""The Pareto/NBD with lognormal, correlated rates (Abe 2009): every question from nodes of each history's own rates.

The logarithms of a customer's rates of buying and of leaving are bivariate normal over customers: medians lambda0 and
mu0, standard deviations sigma_lambda and sigma_mu, and a correlation rho, counted as odds = (1 + rho) / (1 - rho). The
likelihood of a history (x, t_x, T) is F(x, t_x) + H(x, T): after t_x leaving comes next, whenever, or another purchase
does, and then only after T. Both are tables over distinct pairs (`lognormal_integral`). Alive at T, a customer's rates
depend on (x, T) alone, and what follows is a mixture of elementary answers over their nodes (`rate_mixture`).
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from keepers.domain.cells import Cells
from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import rate_mixture as one
from keepers.numerics.likelihoods.family import FloatArray, Forecast, Theta, columns
from keepers.numerics.likelihoods.lognormal_integral import Kind, RateIntegral
from keepers.numerics.likelihoods.nbd import last_of
from keepers.numerics.likelihoods.two_terms import mixed_gradient, sum_of_two
from keepers.numerics.lognormal_density import MONOMIALS, NormalRates, derivative_polynomials

PARAMETERS = ("lambda0", "mu0", "sigma_lambda", "sigma_mu", "odds")
"""Median rates of buying and of leaving; standard deviations of their logarithms; (1 + rho) / (1 - rho)."""

TIME_POWERS = MappingProxyType({"lambda0": -1, "mu0": -1, "sigma_lambda": 0, "sigma_mu": 0, "odds": 0})

_ZERO = np.zeros(1)
_TOGETHER = 1 << 12
"""Integrals that are taken at once for many parameters."""


def starts(tables: CellTables) -> list[FloatArray]:
    """Logarithms of points from which a search begins; times are scaled to a mean age of about one."""
    purchases = float(tables.weight @ tables.x) + 0.5
    time = float(tables.weight @ tables.T) + 1e-12 * float(tables.weight.sum())
    age = time / float(tables.weight.sum())
    rate = purchases / time
    points = ((1.0, 0.5, 1.2, 1.5), (0.6, 2.0, 1.5, 2.0))
    return [np.log([rate * share, leaving / age, su, sv, 1.0]) for share, leaving, su, sv in points]


def log_likelihood(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Log-likelihood of each row, relative error of the likelihood below 1e-9.

    Parameters
    ----------
    theta : sequence of float
        lambda0, mu0, sigma_lambda, sigma_mu, odds.
    x, t_x, T : array, shape (n,)
        Repeat purchases, age at the last one and age now, in one unit of time.

    Returns
    -------
    array, shape (n,)
    """
    return _log_total(theta, CellTables.of_rows(*columns(x, t_x, T)))


def log_likelihood_sum(theta: Theta, cells: Cells | CellTables, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood with derivatives in the logarithms of the parameters.

    Parameters
    ----------
    theta : sequence of float
        lambda0, mu0, sigma_lambda, sigma_mu, odds.
    cells : Cells or CellTables
        Histories with weights.
    order : int
        0 for the value alone, 1 with gradient, 2 with Hessian.
    """
    tables = CellTables.of(cells)
    if order == 0:
        return Evaluation.of_value(float(tables.weight @ _log_total(theta, tables)), 5)
    leaves, buys = _terms(theta, tables)
    return sum_of_two(tables, leaves.table(order), buys.table(order), order)


def log_likelihood_sums(thetas: FloatArray, cells: Cells | CellTables) -> FloatArray:
    """Weighted sums at many parameters, shape (m, 5) to (m,), with relative errors of the likelihood of 1e-5."""
    tables = CellTables.of(cells)
    before, now = tables.counts_and_recencies, tables.counts_and_ages
    result = np.empty(len(thetas))
    together = max(1, _TOGETHER // (before.size + now.size))
    for begin in range(0, len(thetas), together):
        part = thetas[begin : begin + together]
        leaves, buys = (term.log_value().reshape(len(part), -1) for term in _terms(part, tables, rough=True))
        value = np.zeros(len(part))
        for first in range(0, tables.size, _TOGETHER):
            rows = slice(first, first + _TOGETHER)
            value += np.logaddexp(leaves[:, before.index[rows]], buys[:, now.index[rows]]) @ tables.weight[rows]
        result[begin : begin + together] = value
    return result


def probability_alive(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, at: float = 0.0) -> FloatArray:
    """Probability of being alive at T + at, whatever happens between."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    alive = _alive(theta, tables)
    return alive if at == 0 else alive * _if_alive(theta, tables, one.survival(at))


def expected_purchases(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Expected purchases in (T, T + t]."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _if_alive(theta, tables, one.purchases(t))


def expected_purchases_gradient(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float) -> FloatArray:
    """Derivatives of the expected purchases in the logarithms of the parameters, shape (n, 5)."""
    return _alive_and_expected(theta, CellTables.of_rows(*columns(x, t_x, T)), t)[2]


def purchase_distribution(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, max_purchases: int
) -> FloatArray:
    """P(X(T, T + t) = k) for k = 0 .. max_purchases, shape (n, max_purchases + 1)."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    alive = _alive(theta, tables)
    result = alive[:, None] * _living(theta, tables).distribution(t, max_purchases)[tables.counts_and_ages.index]
    result[:, 0] += 1.0 - alive
    return result


def purchase_moments(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of none, mean and variance of the purchases in (T, T + t], each of shape (n,)."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    alive = _alive(theta, tables)
    found = _living(theta, tables).means([one.no_purchase(t), one.purchases(t), one.squared_purchases(t)])
    none, mean, second = found[tables.counts_and_ages.index].T
    return 1.0 - alive * (1.0 - none), alive * mean, alive * second - (alive * mean) ** 2


def discounted_expected_purchases(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, delta: float, t: float | None = None
) -> FloatArray:
    """Expected purchases after T, each discounted to T; without end where t is None, finite even at delta = 0."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _if_alive(theta, tables, one.discounted(delta, t))


def expected_purchases_new(theta: Theta, t: FloatArray | float) -> FloatArray:
    """Expected repeat purchases of a customer acquired now in (0, t], shape of t."""
    lengths = np.asarray(t, dtype=np.float64)
    found = _new(theta).means([one.purchases(float(length)) for length in lengths.ravel()])
    return np.asarray(found[0].reshape(lengths.shape))


def purchase_distribution_new(theta: Theta, t: float, max_purchases: int) -> FloatArray:
    """P(X(t) = k) of a customer acquired now, shape (max_purchases + 1,)."""
    return np.asarray(_new(theta).distribution(t, max_purchases)[0])


def discounted_expected_purchases_new(theta: Theta, delta: float, t: float | None = None) -> float:
    """Discounted expected repeat purchases of a customer acquired now; without end where t is None."""
    return float(_new(theta).mean(one.discounted(delta, t))[0])


def expected_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Expected remaining lifetime from T; always finite."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _if_alive(theta, tables, one.lifetime(None))


def median_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median remaining lifetime from T; zero where the customer is more likely gone than not."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    alive = _alive(theta, tables)
    result = np.zeros(tables.size)
    likely = np.flatnonzero(alive > 0.5 * (1 + 1e-12))
    index = tables.counts_and_ages.index[likely]
    result[likely] = _living(theta, tables).time_left(0.5 / alive[likely], index)
    return result


def truncated_lifetime(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, cap: float) -> FloatArray:
    """Expected part of the remaining lifetime that falls into (T, T + cap]."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return _alive(theta, tables) * _if_alive(theta, tables, one.lifetime(cap))


def median_waiting_time(theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Median time from T to the next purchase of a customer alive at T who stays."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    return tables.counts_and_ages.rows(_living(theta, tables).median_wait())


def sample_new(theta: Theta, T: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw (x, t_x) of new customers observed to the ages T."""
    (age,) = columns(T)
    law = NormalRates.of(*map(float, theta))
    a, e = rng.standard_normal((2, age.size))
    rate = np.exp(law.m_u + law.sigma_u * a)
    leaving = np.exp(law.m_v + law.sigma_v * (law.rho * a + law.k * e))
    stays = np.minimum(rng.standard_exponential(age.size) / leaving, age)
    x = rng.poisson(rate * stays).astype(np.float64)
    return x, last_of(x, stays, rng)


def sample_future(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the purchases in (T, T + t] of customers with these histories, shape (n,)."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    rate, leaving, alive, _ = sample_customers(theta, tables.x, tables.t_x, tables.T, rng)
    stays = np.minimum(rng.standard_exponential(tables.size) / leaving, t)
    return np.where(alive, rng.poisson(rate * stays), 0).astype(np.float64)


def sample_customers(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Draw rate of buying, rate of leaving, alive at T (0 or 1) and lifetime from the first purchase of each row."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    leaves, buys = _terms(theta, tables, rough=True)
    before, now = tables.counts_and_recencies, tables.counts_and_ages
    log_left, log_later = before.rows(leaves.log_value()), now.rows(buys.log_value())
    leaving_next = rng.random(tables.size) < np.exp(log_left - np.logaddexp(log_left, log_later))
    rate, leaving = np.empty(tables.size), np.empty(tables.size)
    for term, pairs, chosen in ((leaves, before, leaving_next), (buys, now, ~leaving_next)):
        rows = np.flatnonzero(chosen)
        rate[rows], leaving[rows] = term.draw(pairs.index[rows], rng)
    silence = tables.T - tables.t_x
    # Whoever buys next, and after T, is alive at T; whoever leaves next may have left before T or not.
    left_late = rng.random(tables.size) < np.exp(-(rate + leaving) * silence)
    alive = ~leaving_next | left_late
    lifetime = np.where(
        alive,
        tables.T + rng.standard_exponential(tables.size) / leaving,
        tables.t_x + one.leaving_moment(rate, leaving, silence, rng),
    )
    return rate, leaving, alive.astype(np.float64), lifetime


def forecast(
    theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, t: float, delta: float, cap: float
) -> Forecast:
    """Everything that valuation needs, sharing what the answers have in common."""
    tables = CellTables.of_rows(*columns(x, t_x, T))
    alive, expected, gradient = _alive_and_expected(theta, tables, t)
    living = _living(theta, tables)
    answers = (
        one.survival(t), one.no_purchase(t), one.squared_purchases(t),
        one.discounted(delta, t), one.discounted(delta, cap), one.discounted(delta, None),
    )  # fmt: skip
    pairs = tables.counts_and_ages
    end, none, second, discounted, to_cap, endless = living.means(answers)[pairs.index].T
    return Forecast(
        probability_alive=alive,
        probability_alive_end=alive * end,
        expected_purchases=expected,
        expected_gradient=gradient,
        p_zero=1.0 - alive * (1.0 - none),
        variance=alive * second - expected**2,
        discounted=alive * discounted,
        discounted_lifetime=alive * to_cap,
        discounted_infinite=alive * endless,
        next_purchase=pairs.rows(living.median_wait()),
    )


def _terms(theta: Theta, tables: CellTables, rough: bool = False) -> tuple[RateIntegral, RateIntegral]:
    laws = _laws(theta)
    before, now = tables.counts_and_recencies, tables.counts_and_ages
    return (
        RateIntegral(laws, before.first, before.second, Kind.LEAVES, rough),
        RateIntegral(laws, now.first, now.second, Kind.BUYS, rough),
    )


def _laws(theta: Theta) -> list[NormalRates]:
    """The law of one set of parameters, or of each of several."""
    return [NormalRates.of(*map(float, each)) for each in np.atleast_2d(np.asarray(theta, dtype=np.float64))]


def _if_alive_integral(theta: Theta, tables: CellTables) -> RateIntegral:
    now = tables.counts_and_ages
    return RateIntegral(_laws(theta), now.first, now.second, Kind.ALIVE)


def _log_total(theta: Theta, tables: CellTables) -> FloatArray:
    leaves, buys = _terms(theta, tables)
    return np.logaddexp(
        tables.counts_and_recencies.rows(leaves.log_value()), tables.counts_and_ages.rows(buys.log_value())
    )


def _alive(theta: Theta, tables: CellTables) -> FloatArray:
    alive = tables.counts_and_ages.rows(_if_alive_integral(theta, tables).log_value())
    return np.minimum(np.exp(alive - _log_total(theta, tables)), 1.0)


def _living(theta: Theta, tables: CellTables) -> one.LivingMixture:
    """Whoever is alive, one row for each distinct pair (x, T)."""
    return one.LivingMixture(_if_alive_integral(theta, tables).nodes, tables.counts_and_ages.size)


def _new(theta: Theta) -> one.LivingMixture:
    return one.LivingMixture(RateIntegral(_laws(theta), _ZERO, _ZERO, Kind.ALIVE).nodes, 1)


def _if_alive(theta: Theta, tables: CellTables, answer: one.Answer) -> FloatArray:
    return tables.counts_and_ages.rows(_living(theta, tables).mean(answer))


def _alive_and_expected(theta: Theta, tables: CellTables, t: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability of being alive, expected purchases, and the gradient of the latter in log parameters."""
    now, integral = tables.counts_and_ages, _if_alive_integral(theta, tables)
    leaves, buys = _terms(theta, tables)
    log_total, slopes = mixed_gradient(tables, leaves.table(1), buys.table(1))
    alive = np.minimum(np.exp(now.rows(integral.log_value()) - log_total), 1.0)
    bought = one.purchases(t)
    polynomial = np.empty((now.size, len(MONOMIALS)))
    for nodes, a, e in integral.nodes_with_places():
        weighted = nodes.weight * bought(nodes.rate, nodes.leaving)
        along = np.stack([np.einsum("kae,ke->ka", weighted, e[:, 0] ** j) for j in range(3)], axis=2)
        for place, (i, j) in enumerate(MONOMIALS):
            polynomial[nodes.rows, place] = np.einsum("ka,ka->k", along[:, :, j], a[:, :, 0] ** i)
    expected = alive * now.rows(polynomial[:, 0])
    first, _ = derivative_polynomials(*_laws(theta))
    return alive, expected, alive[:, None] * now.rows(polynomial @ first.T) - expected[:, None] * slopes
