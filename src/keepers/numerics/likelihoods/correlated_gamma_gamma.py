"""Gamma-Gamma spend in step with how often customers buy: the scale of a customer's spend is a power of the buying
rate.

With lambda the customer's purchase rate, nu is Gamma(q, gamma (lambda / l)^k), where l is the geometric mean of the
rates and k the elasticity: a customer who buys twice as often spends 2^k times as much an order, on average. Given the
history of purchases lambda is gamma distributed, and the density of the mean m of x orders is that of Gamma-Gamma
averaged over lambda, which is done by Gauss-Hermite nodes in log lambda. Weights are normalised, so that with k = 0 it
is Gamma-Gamma to the last digit. What m says of lambda in turn follows from the same nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import betaln, gammaln, polygamma, psi

from keepers.domain.cells import FloatArray
from keepers.numerics.distinct import distinct
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.family import Theta

PARAMETERS = ("p", "q", "gamma", "kappa")
"""Those of Gamma-Gamma, gamma at the geometric mean rate, and kappa = e^k: spend at an e times as high rate."""

NODES = 24


@dataclass(frozen=True, eq=False)
class RatedSpend:
    """Orders, their mean, and what the purchases say of the rate, one row a distinct combination.

    Parameters
    ----------
    x, mean_spend : arrays, shape (n,)
        Orders that the mean is taken over, and the mean, above zero.
    shape : array, shape (n,)
        Shape of the gamma distribution of the rate given the purchases.
    log_exposure : array, shape (n,)
        Logarithm of its rate parameter times the geometric mean of all rates: log(lambda / l) is log of a standard
        gamma less this.
    weight : array, shape (n,)
        Customers.
    """

    x: FloatArray
    mean_spend: FloatArray
    shape: FloatArray
    log_exposure: FloatArray
    weight: FloatArray

    @property
    def customers(self) -> float:
        """How many customers there are."""
        return float(self.weight.sum())


@dataclass(frozen=True, eq=False)
class RateNodes:
    """Nodes of log(lambda / l) and the logarithms of their weights, shape (n, nodes)."""

    log_rate: FloatArray
    log_weight: FloatArray

    @classmethod
    def of(cls, shape: FloatArray, log_exposure: FloatArray, count: int = NODES) -> Self:
        """Nodes for gamma distributed rates."""
        h, w = np.polynomial.hermite.hermgauss(count)
        shapes = distinct(shape)
        form = shapes.values[:, None]
        # A little wider than the normal that matches, because the lower tail of a small shape is long.
        centre, spread = psi(form), 1.15 * np.sqrt(polygamma(1, form))
        log_y = centre + np.sqrt(2.0) * spread * h
        log_weight = np.log(w) + h**2 + form * log_y - np.exp(log_y) - gammaln(form)
        log_weight -= np.logaddexp.reduce(log_weight, axis=1, keepdims=True)
        return cls(log_y[shapes.index] - log_exposure[:, None], log_weight[shapes.index])


def log_likelihood(theta: Theta, rows: RatedSpend, nodes: RateNodes | None = None) -> FloatArray:
    """Logarithm of the density of the mean spend of each row, shape (n,)."""
    p, q, gamma, kappa = (float(value) for value in theta)
    nodes = nodes or RateNodes.of(rows.shape, rows.log_exposure)
    at_nodes = _log_density(p, q, gamma, np.log(kappa), rows, nodes) + nodes.log_weight
    return np.asarray(np.logaddexp.reduce(at_nodes, axis=1))


def log_likelihood_sum(theta: Theta, rows: RatedSpend, nodes: RateNodes, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in the logarithms of the parameters."""
    p, q, gamma, kappa = (float(value) for value in theta)
    k = float(np.log(kappa))
    at_nodes = _log_density(p, q, gamma, k, rows, nodes) + nodes.log_weight
    each = np.logaddexp.reduce(at_nodes, axis=1)
    value = float(rows.weight @ each)
    if order == 0:
        return Evaluation.of_value(value, 4)
    share_of = np.exp(at_nodes - each[:, None])
    money = (rows.x * rows.mean_spend)[:, None]
    log_scale = np.log(gamma) + k * nodes.log_rate
    rest = 1.0 / (1.0 + money * np.exp(-log_scale))
    share = 1.0 - rest
    x = rows.x
    counts = distinct(x)
    own, joint = p * counts.values, p * counts.values + q
    d_own, d_joint = counts.rows(psi(own)), counts.rows(psi(joint))
    t_own, t_joint = counts.rows(polygamma(1, own)), counts.rows(polygamma(1, joint))
    form = (p * x + q)[:, None]
    log_share = -np.logaddexp(0.0, log_scale - np.log(money))
    log_rest = -np.logaddexp(0.0, np.log(money) - log_scale)
    g_p = p * (x[:, None] * log_share + (x * (d_joint - d_own))[:, None])
    g_q = q * (log_rest + (d_joint - psi(q))[:, None])
    g_scale = q - form * rest
    g = [g_p, g_q, g_scale, g_scale * nodes.log_rate]
    curve = -form * share * rest
    plain = {
        (0, 0): g_p + p * p * (x**2 * (t_joint - t_own))[:, None],
        (0, 1): (p * q * x * t_joint)[:, None],
        (1, 1): g_q + q * q * (t_joint - polygamma(1, q))[:, None],
        (0, 2): -p * x[:, None] * rest,
        (1, 2): q * share,
        (2, 2): curve,
    }
    for i, j in ((0, 2), (1, 2), (2, 2)):
        plain[i, j + 1] = plain[i, j] * nodes.log_rate
    plain[3, 3] = plain[2, 3] * nodes.log_rate
    first = np.array([np.sum(share_of * one, axis=1) for one in g])
    hessian = np.empty((4, 4))
    for (i, j), curvature in plain.items():
        within = np.sum(share_of * (curvature + g[i] * g[j]), axis=1) - first[i] * first[j]
        hessian[i, j] = hessian[j, i] = rows.weight @ within
    return Evaluation(value, first @ rows.weight, hessian)


def expected_spend(
    theta: Theta, x: FloatArray, m: FloatArray, shape: FloatArray, log_exposure: FloatArray, pull: FloatArray
) -> FloatArray:
    """Expected value of an order, each customer being counted by rate^pull: E[rate^pull spend | m] / E[rate^pull].

    With `pull` 0 it is what the next order is expected to bring given the orders so far. With 1, purchases being
    proportional to the rate, it is the factor that turns expected purchases into expected money, and holds two things
    that the product of the means leaves out: who spends much buys more often than the purchases alone say, and what is
    not known of the rate moves purchases and spend together.

    Parameters
    ----------
    theta : (p, q, gamma, kappa)
    x, m : arrays, shape (n,)
        Orders and their mean; x is 0 where none is known.
    shape, log_exposure : arrays, shape (n,)
        Of the rate given the purchases, as in `RatedSpend`.
    pull : array, shape (n,)
        The power of the rate.

    Returns
    -------
    array, shape (n,)
        Infinite where p x + q <= 1.
    """
    p, q, gamma, kappa = (float(value) for value in theta)
    k = float(np.log(kappa))
    known = np.where(x > 0, m, 1.0)
    rows = RatedSpend(np.maximum(x, 0.0), known, shape, log_exposure, np.ones(x.shape))
    some = (x > 0)[:, None]
    # Counting a gamma distributed rate by its power is one of a larger shape.
    nodes, pulled = RateNodes.of(shape, log_exposure), RateNodes.of(shape + pull, log_exposure)
    said = np.where(some, _log_density(p, q, gamma, k, rows, nodes), 0.0) + nodes.log_weight
    given = np.where(some, _log_density(p, q, gamma, k, rows, pulled), 0.0) + pulled.log_weight
    given = given - np.logaddexp.reduce(said, axis=1, keepdims=True)
    scale = gamma * np.exp(k * pulled.log_rate) + (x * np.where(x > 0, m, 0.0))[:, None]
    rest = p * x + q - 1.0
    total = np.sum(np.exp(given) * scale, axis=1)
    return np.where(rest > 0, p * total / np.where(rest > 0, rest, 1.0), np.inf)


def correlation(q: FloatArray | float, kappa: FloatArray | float, r: float) -> FloatArray:
    """Correlation of the logarithms of purchase rate and mean spend over customers, with r the shape of the rates."""
    k, of_rate, own = np.log(kappa), float(polygamma(1, r)), polygamma(1, q)
    return np.asarray(k * np.sqrt(of_rate) / np.sqrt(k**2 * of_rate + own))


def _log_density(p: float, q: float, gamma: float, k: float, rows: RatedSpend, nodes: RateNodes) -> FloatArray:
    """Gamma-Gamma's density of the mean at each node, shape (n, nodes); zero orders have the density one."""
    x = rows.x[:, None]
    log_money = np.log(np.where(rows.x > 0, rows.x * rows.mean_spend, 1.0))[:, None]
    over = np.log(gamma) + k * nodes.log_rate - log_money
    counts = distinct(rows.x)
    some = counts.values > 0
    table = np.zeros(counts.size)
    table[some] = betaln(p * counts.values[some], q)
    constant = (counts.rows(table) + np.log(rows.mean_spend))[:, None]
    found = -p * x * np.logaddexp(0.0, over) - q * np.logaddexp(0.0, -over) - constant
    return np.where(x > 0, found, 0.0)
