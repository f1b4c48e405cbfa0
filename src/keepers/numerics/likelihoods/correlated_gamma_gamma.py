"""Gamma-Gamma spend in step with how often customers buy and how soon they leave: the scale of a customer's spend is a
power of both.

With lambda the customer's purchase rate and mu the risk (or chance) to leave, nu is Gamma(q, gamma (lambda / l)^k
(mu / d)^h), where l and d are the geometric means over customers and k and h the elasticities: a customer who buys
twice as often spends 2^k times as much an order, on average. Given the history of purchases the traits are known up to
a mixture (`correlated_traits`), and the density of the mean m of x orders is that of Gamma-Gamma averaged over them.
Weights are normalised, so that with k = h = 0 it is Gamma-Gamma to the last digit. What m says of the traits in turn
follows from the same nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, polygamma, psi

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.distinct import distinct
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.correlated_traits import GammaTrait, TraitNodes
from keepers.numerics.likelihoods.family import Theta
from keepers.numerics.likelihoods.gamma_gamma import ScaleShift
from keepers.numerics.row_derivatives import assembled

PARAMETERS = ("p", "q", "gamma", "kappa", "eta")
"""Those of Gamma-Gamma, gamma at the geometric means; kappa = e^k and eta = e^h: by what spend rises with an e times as
high rate, and with an e times as high risk to leave."""

_AT_A_TIME = 20_000
"""Nodes that are worked on together, so that they stay near the processor."""


@dataclass(frozen=True, eq=False)
class RatedSpend:
    """Orders, their mean, and what the purchases say of the rate, one row a distinct combination.

    Parameters
    ----------
    x, mean_spend : arrays, shape (n,)
        Orders that the mean is taken over, and the mean, above zero.
    weight : array, shape (n,)
        Customers.
    """

    x: FloatArray
    mean_spend: FloatArray
    weight: FloatArray

    @property
    def customers(self) -> float:
        """How many customers there are."""
        return float(self.weight.sum())


def log_likelihood(theta: Theta, rows: RatedSpend, nodes: TraitNodes) -> FloatArray:
    """Logarithm of the density of the mean spend of each row, shape (n,)."""
    return _log_sum(_log_density(theta, rows.x, rows.mean_spend, nodes) + nodes.log_weight)[0]


def log_likelihood_sum(
    theta: Theta, rows: RatedSpend, nodes: TraitNodes, order: int = 2, shift: ScaleShift | None = None
) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in the logarithms of the parameters.

    Parameters
    ----------
    theta : (p, q, gamma, kappa, eta), followed by coefficients where there is a shift
        Positive parameters; derivatives in coefficients are those in themselves. Without nodes of leaving eta does
        nothing.
    rows : RatedSpend
        Orders and their mean.
    nodes : TraitNodes
        Of the same rows.
    order : int
        0 for the value alone; otherwise gradient and Hessian come with it.
    shift : ScaleShift, optional
        Of the rows' gamma by covariates.
    """
    factor = np.ones(rows.x.size) if shift is None else shift.factors(np.asarray(theta[5:], dtype=np.float64))
    step = max(_AT_A_TIME // nodes.log_weight.shape[1], 1)
    parts = [slice(start, start + step) for start in range(0, rows.x.size, step)]
    # Counting money in the customer's own factor divides the density by it.
    at = rows.mean_spend / factor
    jacobian = float(rows.weight @ np.log(factor))
    if order == 0:
        each = [
            log_likelihood(theta, RatedSpend(rows.x[one], at[one], rows.weight[one]), nodes.take(one)) for one in parts
        ]
        return Evaluation.of_value(float(rows.weight @ np.concatenate(each)) - jacobian, len(theta))
    found = [_row_derivatives(theta, rows.x[one], at[one], nodes.take(one)) for one in parts]
    value, first, second = (np.concatenate(column) for column in zip(*found, strict=True))
    whole, gradient = float(rows.weight @ value) - jacobian, rows.weight @ first
    hessian = np.einsum("n,nij->ij", rows.weight, second)
    if shift is None:
        return Evaluation(whole, gradient, hessian)
    # A coefficient moves log gamma by its number: first and second derivatives are those in log gamma, row by row.
    along = np.array([shift.by_pattern(rows.weight * second[:, 2, place]) for place in range(5)])
    by_row, design = shift.by_pattern(rows.weight * first[:, 2]), shift.design
    return assembled(whole, gradient, by_row @ design, hessian, along @ design, design.T @ (along[2][:, None] * design))


def _row_derivatives(
    theta: Theta, x: FloatArray, m: FloatArray, nodes: TraitNodes
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log-likelihood of each row with derivatives in the five log parameters, shapes (n,), (n, 5), (n, 5, 5)."""
    p, q = float(theta[0]), float(theta[1])
    level = _log_scale(theta, nodes) - np.log(x * m)[:, None]
    # One exponential gives both shares and their logarithms without cancellation.
    small = np.exp(-np.abs(level))
    log_share = -(np.maximum(level, 0.0) + np.log1p(small))
    log_rest = level + log_share
    rest = np.where(level > 0, 1.0, small) / (1.0 + small)
    counts = distinct(x)
    own, whole = p * counts.values, p * counts.values + q
    constant = counts.rows(np.asarray(betaln(own, q), dtype=np.float64)) + np.log(m)
    each, share_of = _log_sum(p * x[:, None] * log_share + q * log_rest + nodes.log_weight)
    d_own, d_joint = counts.rows(psi(own)), counts.rows(psi(whole))
    t_own, t_joint = counts.rows(polygamma(1, own)), counts.rows(polygamma(1, whole))
    form = (p * x + q)[:, None]
    g_p = p * x[:, None] * (log_share + (d_joint - d_own)[:, None])
    g_q = q * (log_rest + (d_joint - psi(q))[:, None])
    g_scale = q - form * rest
    by_p, by_q, by_scale = share_of * g_p, share_of * g_q, share_of * g_scale
    with_p = by_p * g_scale - share_of * (p * x[:, None] * rest)
    with_q = by_q * g_scale + share_of * (q * (1.0 - rest))
    twice = by_scale * g_scale - share_of * (form * (1.0 - rest) * rest)
    first, second = np.zeros((x.size, 5)), np.zeros((x.size, 5, 5))
    first[:, 0], first[:, 1] = by_p.sum(axis=1), by_q.sum(axis=1)
    second[:, 0, 0] = _dot(by_p, g_p) + first[:, 0] + p * p * x**2 * (t_joint - t_own)
    second[:, 0, 1] = _dot(by_p, g_q) + p * q * x * t_joint
    second[:, 1, 1] = _dot(by_q, g_q) + first[:, 1] + q * q * (t_joint - polygamma(1, q))
    # Log gamma, k and h move the logarithm of the scale by 1 and by the logarithms of the traits.
    traits = {3: nodes.log_rate} | ({} if nodes.log_leaving is None else {4: nodes.log_leaving})
    first[:, 2] = by_scale.sum(axis=1)
    for place, column in enumerate((with_p, with_q, twice)):
        second[:, place, 2] = column.sum(axis=1)
    for i, trait in traits.items():
        first[:, i] = _dot(by_scale, trait)
        for place, column in enumerate((with_p, with_q, twice)):
            second[:, place, i] = _dot(column, trait)
        along = twice * trait
        for j in range(i, 3 + len(traits)):
            second[:, i, j] = _dot(along, traits[j])
    for i in range(5):
        for j in range(i):
            second[:, i, j] = second[:, j, i]
    second -= first[:, :, None] * first[:, None, :]
    return each - constant, first, second


def _log_sum(logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the sum of the exponentials of each row, and each one's share of it; writes over its argument."""
    top = logs.max(axis=1, keepdims=True)
    logs -= top
    np.exp(logs, out=logs)
    total = logs.sum(axis=1, keepdims=True)
    logs /= total
    return (top + np.log(total))[:, 0], logs


def _dot(one: FloatArray, other: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("nj,nj->n", one, other))


def expected_spend(
    theta: Theta, x: FloatArray, m: FloatArray, shape: FloatArray, log_exposure: FloatArray, pull: FloatArray
) -> FloatArray:
    """Expected value of an order, each customer being counted by rate^pull: E[rate^pull spend | m] / E[rate^pull].

    With `pull` 0 it is what the next order is expected to bring given the orders so far. With 1, purchases being
    proportional to the rate, it is the factor that turns expected purchases into expected money, and holds two things
    that the product of the means leaves out: who spends much buys more often than the purchases alone say, and what is
    not known of the rate moves purchases and spend together. Leaving is left out, see `expected_money`.

    Parameters
    ----------
    theta : (p, q, gamma, kappa, ...)
    x, m : arrays, shape (n,)
        Orders and their mean; x is 0 where none is known.
    shape, log_exposure : arrays, shape (n,)
        Of the rate given the purchases, as in `GammaTrait`.
    pull : array, shape (n,)
        The power of the rate.

    Returns
    -------
    array, shape (n,)
        Infinite where p x + q <= 1.
    """
    # Counting a gamma distributed rate by its power is one of a larger shape.
    nodes = TraitNodes.of_rate(GammaTrait(shape, log_exposure))
    pulled = TraitNodes.of_rate(GammaTrait(shape + pull, log_exposure))
    said = _log_density(theta, x, m, nodes) + nodes.log_weight
    given = _log_density(theta, x, m, pulled) + pulled.log_weight
    given = given - _log_sum(said)[0][:, None]
    return _mean_of_orders(theta, x, m, np.exp(given), pulled)


def expected_money(theta: Theta, x: FloatArray, m: FloatArray, nodes: TraitNodes, ahead: FloatArray) -> FloatArray:
    """Expected money by expected purchases where spend goes with leaving too: E[N spend | m] / E[N], shape (n,).

    Who spends much is then sooner or later gone than the purchases alone say.

    Parameters
    ----------
    theta : (p, q, gamma, kappa, eta)
    x, m : arrays, shape (n,)
        Orders and their mean; x is 0 where none is known.
    nodes : TraitNodes
        Given the purchases, of who is still there and of who is not.
    ahead : array, shape (n, nodes)
        N: expected purchases at each node; zero of those who have left.
    """
    given = _log_sum(_log_density(theta, x, m, nodes) + nodes.log_weight)[1]
    number = np.sum(np.exp(nodes.log_weight) * ahead, axis=1)
    return _mean_of_orders(theta, x, m, given * (ahead / np.maximum(number, 1e-300)[:, None]), nodes)


def expected_by_row(theta: Theta, x: FloatArray, m: FloatArray, nodes: TraitNodes, place: IntArray) -> FloatArray:
    """Expected value of the next order of customers whose traits are known as those of the row `place` of nodes."""
    step = max(_AT_A_TIME // nodes.log_weight.shape[1], 1)
    found = []
    for start in range(0, x.size, step):
        one = slice(start, start + step)
        some = nodes.take(place[one])
        found.append(expected_money(theta, x[one], m[one], some, np.ones(some.log_weight.shape)))
    return np.concatenate(found) if found else np.empty(0)


def correlation(
    q: FloatArray | float, own: FloatArray | float, of_trait: float, other: FloatArray | float, of_other: float
) -> FloatArray:
    """Correlation of the logarithms of a trait and of mean spend over customers.

    Parameters
    ----------
    q : float or array
        Of Gamma-Gamma.
    own, of_trait : float or array, float
        The elasticity of spend in the trait, and the variance of the trait's logarithm.
    other, of_other : float or array, float
        The same of the other trait, which is independent of it.
    """
    return np.asarray(own * np.sqrt(of_trait) / np.sqrt(own**2 * of_trait + other**2 * of_other + polygamma(1, q)))


def _mean_of_orders(theta: Theta, x: FloatArray, m: FloatArray, weight: FloatArray, nodes: TraitNodes) -> FloatArray:
    """Sum over nodes of weight times the expected value of an order there; infinite where p x + q <= 1."""
    p, q = float(theta[0]), float(theta[1])
    scale = np.exp(_log_scale(theta, nodes)) + (x * np.where(x > 0, m, 0.0))[:, None]
    rest = p * x + q - 1.0
    total = np.sum(weight * scale, axis=1)
    return np.where(rest > 0, p * total / np.where(rest > 0, rest, 1.0), np.inf)


def _log_scale(theta: Theta, nodes: TraitNodes) -> FloatArray:
    gamma, kappa, eta = (float(value) for value in theta[2:5])
    found = np.log(gamma) + np.log(kappa) * nodes.log_rate
    return np.asarray(found if nodes.log_leaving is None else found + np.log(eta) * nodes.log_leaving)


def _log_density(theta: Theta, x: FloatArray, m: FloatArray, nodes: TraitNodes) -> FloatArray:
    """Gamma-Gamma's density of the mean at each node, shape (n, nodes); zero orders have the density one."""
    p, q = float(theta[0]), float(theta[1])
    some = x > 0
    if not some.any():
        return np.zeros(nodes.log_weight.shape)
    known = np.where(some, m, 1.0)
    over = _log_scale(theta, nodes) - np.log(np.where(some, x * known, 1.0))[:, None]
    counts = distinct(x)
    table = np.zeros(counts.size)
    bought = counts.values > 0
    table[bought] = betaln(p * counts.values[bought], q)
    constant = (counts.rows(table) + np.log(known))[:, None]
    # log(1 + exp(v)) and log(1 + exp(-v)) differ by v.
    beyond = np.maximum(over, 0.0) + np.log1p(np.exp(-np.abs(over)))
    found = q * over - (p * x + q)[:, None] * beyond - constant
    return np.where(some[:, None], found, 0.0)
