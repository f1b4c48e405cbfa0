"""The Gamma-Gamma model of spend: orders vary around each customer's own mean, and means vary over customers.

An order's value is Gamma(p, nu) with nu ~ Gamma(q, gamma) over customers (Fader, Hardie, Lee 2005, "RFM and CLV"; Fader
and Hardie 2013, "The Gamma-Gamma Model of Monetary Value"). With S = x m the money of x orders of mean m and
w = S / (gamma + S), the density of m given x is

    (1 / m) w^(p x) (1 - w)^q / B(p x, q).

Given the history, nu is Gamma(p x + q, gamma + S): the mean spend p / nu is inverse gamma, and the money of n future
orders is (gamma + S) times a beta prime variable of shapes n p and p x + q. Where a moment does not exist it is `inf`.
Rows without an order (x = 0) are answered for the population; their m is not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from scipy.special import betaincc, betaincinv, betaln, polygamma, psi

from keepers.domain.cells import FloatArray, IntArray, SpendCells
from keepers.numerics.distinct import Distinct, distinct
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.family import Theta, columns
from keepers.numerics.row_derivatives import assembled

PARAMETERS = ("p", "q", "gamma")
"""Shape of a customer's orders, shape of the differences between customers, and their scale in money."""

MONEY_POWERS = MappingProxyType({"p": 0, "q": 0, "gamma": 1})
"""Parameters that change with the unit of money: counting in cents multiplies them by 100 to this power."""


_BLOCK = 200_000
"""Numbers that are made at a time where there are many parameters."""


class SpendPredictive(NamedTuple):
    """What is known of the orders of customers given their histories, each of shape (n,); moments may be infinite.

    The mean spend is inverse gamma with `shape` and `scale`; `order_variance` and `order_second_moment` are those of
    the value of one future order, whose mean is `mean` too.
    """

    shape: FloatArray
    scale: FloatArray
    mean: FloatArray
    variance: FloatArray
    order_variance: FloatArray
    order_second_moment: FloatArray

    def times(self, factor: FloatArray) -> SpendPredictive:
        """The same of customers whose money is so many times as much."""
        square = factor**2
        return SpendPredictive(
            self.shape, self.scale * factor, self.mean * factor, self.variance * square,
            self.order_variance * square, self.order_second_moment * square,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ScaleShift:
    """How covariates move the logarithm of gamma, and with it the money of all orders of a customer.

    Parameters
    ----------
    pattern : array of int, shape (n,)
        Pattern of each row.
    design : array, shape (patterns, k)
        By how much each coefficient moves the logarithm for each pattern.
    offset : array, shape (patterns,)
        By how much it is moved anyway.
    """

    pattern: IntArray
    design: FloatArray
    offset: FloatArray

    def factors(self, coefficients: FloatArray) -> FloatArray:
        """What multiplies gamma in each row, shape (n,)."""
        return np.asarray(np.exp(self.offset + self.design @ coefficients)[self.pattern])

    def by_pattern(self, rows: FloatArray) -> FloatArray:
        """Sums of rows by pattern, shape (patterns,)."""
        return np.bincount(self.pattern, rows, minlength=self.offset.size).astype(np.float64)


def starts() -> list[FloatArray]:
    """Logarithms of points from which a search begins; money is scaled to a mean spend of about one."""
    return [np.log([p, q, (q - 1.0) / p]) for p, q in ((4.0, 3.5), (1.0, 2.0), (20.0, 10.0))]


def log_likelihood(theta: Theta, x: FloatArray, m: FloatArray) -> FloatArray:
    """Logarithm of the density of the mean spend m over x orders, of each row.

    Parameters
    ----------
    theta : (p, q, gamma)
        Positive parameters, gamma in the unit of money.
    x, m : arrays, shape (n,)
        Orders, one or more, and their mean value, above zero.

    Returns
    -------
    array, shape (n,)
    """
    p, q, gamma = (float(value) for value in theta)
    x, m = columns(x, m)
    log_share = np.log(x * m / gamma)
    counts = distinct(x)
    constant = counts.rows(np.asarray(betaln(p * counts.values, q), dtype=np.float64))
    return -np.log(m) - p * x * np.logaddexp(0.0, -log_share) - q * np.logaddexp(0.0, log_share) - constant


@lru_cache(maxsize=2)
def _counts(cells: SpendCells) -> Distinct:
    """The distinct numbers of orders of cells; a search or a posterior asks for the same a thousand times."""
    return distinct(cells.x)


def log_likelihood_sum(theta: Theta, cells: SpendCells, order: int = 2, shift: ScaleShift | None = None) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in the logarithms of the parameters.

    A row that stands for a bin of nearly equal means is taken to the second order of the spread within it: the density
    depends on m by log m, whose mean the row has exactly, and log(gamma + x m), whose curvature in log m is w (1 - w).

    Parameters
    ----------
    theta : (p, q, gamma), followed by coefficients where there is a shift
        Positive parameters; derivatives in coefficients are those in themselves.
    cells : SpendCells
        Orders, mean spend above zero, weights.
    order : int
        0 for the value alone; otherwise gradient and Hessian come with it.
    shift : ScaleShift, optional
        Of the rows' gamma by covariates.
    """
    p, q = float(theta[0]), float(theta[1])
    gamma: float | FloatArray = float(theta[2])
    if shift is not None:
        gamma = gamma * shift.factors(np.asarray(theta[3:], dtype=np.float64))
    x, m, weight = cells.x, cells.mean_spend, cells.weight
    counts = _counts(cells)
    each, customers = counts.values, counts.sums(weight)
    money = x * m
    share = money / (gamma + money)
    rest = gamma / (gamma + money)
    curve = share * rest
    half = 0.0 if cells.spread is None else 0.5 * cells.spread
    bent = weight * half * curve
    log_share, log_rest = -np.log1p(gamma / money), -np.log1p(money / gamma)
    total = p * (weight * x) @ log_share + q * weight @ log_rest - (p * x + q) @ bent - weight @ np.log(m)
    value = float(total - customers @ betaln(p * each, q))
    if order == 0:
        return Evaluation.of_value(value, len(theta))
    # `level` is log(gamma + S) with the bin's correction; its derivatives are taken in log gamma.
    tilt = 1.0 - 2.0 * share
    first_level = rest - half * tilt * curve
    second_level = curve + half * (tilt**2 * curve - 2.0 * curve**2)
    shape = p * each + q
    joint, own, alone = psi(shape), psi(p * each), psi(q)
    by_p = (weight * x) @ log_share - x @ bent + customers @ (each * (joint - own))
    by_q = weight @ log_rest - bent.sum() + customers @ (joint - alone)
    exponent = weight * (p * x + q)
    by_gamma = q * weight.sum() - exponent @ first_level
    joint2, own2, alone2 = polygamma(1, shape), polygamma(1, p * each), polygamma(1, q)
    pp, pq = customers @ (each**2 * (joint2 - own2)), customers @ (each * joint2)
    qq = customers @ (joint2 - alone2)
    p_gamma, q_gamma = -(weight * x) @ first_level, weight.sum() - weight @ first_level
    hessian = np.array(
        [
            [p * p * pp + p * by_p, p * q * pq, p * p_gamma],
            [p * q * pq, q * q * qq + q * by_q, q * q_gamma],
            [p * p_gamma, q * q_gamma, -exponent @ second_level],
        ]
    )
    gradient = np.array([p * by_p, q * by_q, by_gamma])
    if shift is None:
        return Evaluation(value, gradient, hessian)
    # A coefficient moves log gamma by its number: first and second derivatives are those in log gamma, row by row.
    design, twice = shift.design, shift.by_pattern(-exponent * second_level)
    by_row = shift.by_pattern(q * weight - exponent * first_level)
    of_p, of_q = p * shift.by_pattern(-weight * x * first_level), q * shift.by_pattern(weight * (1.0 - first_level))
    crossed = np.vstack([of_p, of_q, twice]) @ design
    return assembled(value, gradient, by_row @ design, hessian, crossed, design.T @ (twice[:, None] * design))


def log_likelihood_sums(thetas: FloatArray, cells: SpendCells) -> FloatArray:
    """The weighted sum of the log-likelihood at many parameters together, without covariates.

    With S = x m, both logarithms of `log_likelihood_sum` are log(1 + S / gamma), one of them less log(S / gamma): one
    logarithm for each row and set of parameters.

    Parameters
    ----------
    thetas : array, shape (k, 3)
        Positive parameters, one set a row.
    cells : SpendCells
        Orders, mean spend above zero, weights.

    Returns
    -------
    array, shape (k,)
    """
    x, weight, counts = cells.x, cells.weight, _counts(cells)
    each, customers, orders = counts.values, counts.sums(weight), weight * x
    money = x * cells.mean_spend
    log_money, log_mean, all_orders = orders @ np.log(money), weight @ np.log(cells.mean_spend), orders.sum()
    result = np.empty(len(thetas))
    together = max(1, _BLOCK // max(1, x.size))
    for begin in range(0, len(thetas), together):
        part = slice(begin, begin + together)
        p, q, gamma = thetas[part].T
        odds = money / gamma[:, None]
        level = np.log1p(odds)
        value = p * (log_money - np.log(gamma) * all_orders) - log_mean - p * (level @ orders) - q * (level @ weight)
        if cells.spread is not None:
            bent = odds / (1.0 + odds) ** 2
            value -= 0.5 * (p * (bent @ (orders * cells.spread)) + q * (bent @ (weight * cells.spread)))
        result[part] = value - betaln(p[:, None] * each, q[:, None]) @ customers
    return result


def spend_predictive(theta: Theta, x: FloatArray, m: FloatArray) -> SpendPredictive:
    """What is known of each customer's mean spend and future orders.

    The mean is p (gamma + x m) / (p x + q - 1), infinite unless p x + q > 1; variances need p x + q > 2.
    """
    p = float(theta[0])
    shape, money = _posterior(theta, x, m)
    scale = p * money
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(shape > 1.0, scale / (shape - 1.0), np.inf)
        variance = np.where(shape > 2.0, mean**2 / (shape - 2.0), np.inf)
        second = np.where(shape > 2.0, mean**2 * (shape - 1.0) / (shape - 2.0) * (1.0 + 1.0 / p), np.inf)
        of_order = np.where(shape > 2.0, mean**2 * (1.0 + (shape - 1.0) / p) / (shape - 2.0), np.inf)
    return SpendPredictive(shape, scale, mean, variance, of_order, second)


def expected_mean_spend(theta: Theta, x: FloatArray, m: FloatArray) -> FloatArray:
    """Expected value of a future order of each customer (Fader, Hardie, Lee 2005, equation 5), shape (n,)."""
    return spend_predictive(theta, x, m).mean


def probability_total_above(
    theta: Theta, x: FloatArray, m: FloatArray, threshold: float | FloatArray, orders: float = 1.0
) -> FloatArray:
    """Probability that so many future orders together bring more than the threshold, shape (n,)."""
    p = float(theta[0])
    shape, money = _posterior(theta, x, m)
    positive = np.maximum(threshold, 0.0)
    return np.asarray(betaincc(orders * p, shape, positive / (money + positive)))


def total_quantile(theta: Theta, x: FloatArray, m: FloatArray, level: float, orders: float = 1.0) -> FloatArray:
    """The amount that so many future orders together stay below with probability `level`, shape (n,)."""
    p = float(theta[0])
    shape, money = _posterior(theta, x, m)
    # With the smaller tail as the argument, so that neither 1 - y nor y loses its digits.
    low = betaincinv(orders * p, shape, level)
    high = betaincinv(shape, orders * p, 1.0 - level)
    with np.errstate(divide="ignore"):
        return np.asarray(money * np.where(low < 0.5, low / (1.0 - low), (1.0 - high) / high))


def sample_new(theta: Theta, x: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw the mean spend of new customers over x orders each; NaN where x is 0."""
    p, q, gamma = (float(value) for value in theta)
    (orders,) = columns(x)
    rate = rng.gamma(q, 1.0 / gamma, orders.size)
    money = rng.standard_gamma(p * np.maximum(orders, 1.0)) / rate
    return np.where(orders > 0, money / np.maximum(orders, 1.0), np.nan)


def sample_future(
    theta: Theta, x: FloatArray, m: FloatArray, orders: FloatArray | float, rng: np.random.Generator
) -> FloatArray:
    """Draw the money of so many future orders of customers with these histories, shape (n,)."""
    p = float(theta[0])
    shape, money = _posterior(theta, x, m)
    number, _ = columns(orders, shape)
    drawn = rng.standard_gamma(p * np.maximum(number, 1e-300)) / rng.standard_gamma(shape) * money
    return np.where(number > 0, drawn, 0.0)


def _posterior(theta: Theta, x: FloatArray, m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shape and scale of the gamma distribution of nu given the history."""
    p, q, gamma = (float(value) for value in theta)
    x, m = columns(x, m)
    return p * x + q, gamma + x * np.where(x > 0, m, 0.0)
