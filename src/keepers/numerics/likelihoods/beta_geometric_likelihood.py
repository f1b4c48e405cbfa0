"""The likelihood of a history where customers may leave at each purchase, with exact derivatives.

With c chances to leave before the first repeat purchase (0 for BG/NBD, 1 for MBG/NBD) the likelihood of (x, t_x, T) is

    Gamma(r + x) / Gamma(r) alpha^r [ B(a, b + x + c) / B(a, b) (alpha + T)^-(r + x)
                                      + B(a + 1, b + x + c - 1) / B(a, b) (alpha + t_x)^-(r + x) ],

the second term (having left at t_x) being absent where x + c = 0. Its share of the whole is 1 / (1 + exp(-k)) with

    k = log a - log(b + x + c - 1) + (r + x) (log(alpha + T) - log(alpha + t_x)).
"""

from __future__ import annotations

import numpy as np

from keepers.numerics.distinct import CellTables, Distinct, distinct
from keepers.numerics.evaluation import Evaluation, in_logarithms
from keepers.numerics.likelihoods import nbd
from keepers.numerics.likelihoods.family import FloatArray, Theta
from keepers.numerics.special import log_rising, log_rising_many
from keepers.numerics.sums import UNTHREADED

_BLOCK = UNTHREADED
"""Rows worked on at a time: they stay in the processor's cache, and no product of theirs starts threads."""


def log_likelihood(chances: int, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Log-likelihood of each row, as a density of the purchase times.

    Parameters
    ----------
    theta : (r, alpha, a, b)
        Positive parameters; alpha in the unit of the times.
    x, t_x, T : arrays, shape (n,)
        Repeat purchases, age at the last one, age now.
    """
    r, alpha, a, b = (float(value) for value in theta)
    stayed = log_rising(b, x + chances, 0).value - log_rising(a + b, x + chances, 0).value
    odds = log_odds_gone(chances, theta, distinct(x), log_ratio(alpha, t_x, T))
    return nbd.log_likelihood((r, alpha), x, t_x, T) + stayed + softplus(odds)


def log_likelihood_sum(chances: int, theta: Theta, tables: CellTables, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in log parameters.

    Parameters
    ----------
    theta : (r, alpha, a, b)
        Positive parameters.
    tables : CellTables
        Histories with weights.
    order : int
        0 for the value alone, 1 with gradient, 2 with Hessian.
    """
    r, alpha, a, b = (float(value) for value in theta)
    value, gradient, hessian = _gone_sum(chances, theta, tables, order)
    buying = nbd.log_likelihood_sum((r, alpha), tables, order)
    coins = tables.counts.values + chances
    by_count = tables.customers_by_count
    kept, tossed = log_rising(b, coins, order), log_rising(a + b, coins, order)
    value += buying.value + float(by_count @ (kept.value - tossed.value))
    if order == 0:
        return Evaluation.of_value(value, 4)
    gradient[:2] += buying.gradient
    hessian[:2, :2] += buying.hessian
    first = np.array([-(by_count @ tossed.first), by_count @ (kept.first - tossed.first)])
    both = -float(by_count @ tossed.second)
    second = np.array([[both, both], [both, both + float(by_count @ kept.second)]])
    leaving = in_logarithms(np.array([a, b]), 0.0, first, second)
    gradient[2:] += leaving.gradient
    hessian[2:, 2:] += leaving.hessian
    return Evaluation(value, gradient, hessian)


def log_likelihood_sums(chances: int, thetas: FloatArray, tables: CellTables) -> FloatArray:
    """The weighted sum of the log-likelihood at many parameters together, which shares what each call costs anyway.

    Parameters
    ----------
    thetas : array, shape (m, 4)
        Positive parameters, one set a row.
    tables : CellTables
        Histories with weights.

    Returns
    -------
    array, shape (m,)
    """
    counts, ages, recencies = tables.counts, tables.ages, tables.recencies
    coins = counts.values + chances
    can_leave = np.flatnonzero(tables.x + chances > 0)
    x, weight = tables.x[can_leave], tables.weight[can_leave]
    count, age, recency = counts.index[can_leave], ages.index[can_leave], recencies.index[can_leave]
    largest = int(coins.max(initial=0))
    result = np.empty(len(thetas))
    together = max(1, _BLOCK // max(1, min(_BLOCK, can_leave.size + largest)))
    for begin in range(0, len(thetas), together):
        r, alpha, a, b = (column[:, None] for column in thetas[begin : begin + together].T)
        log_age, log_recency = np.log1p(ages.values / alpha), np.log1p(recencies.values / alpha)
        bought = log_rising_many(r, counts.values) + log_rising_many(b, coins) - log_rising_many(a + b, coins)
        value = bought @ tables.customers_by_count - r[:, 0] * (log_age @ tables.customers_by_age)
        value -= (log_age + np.log(alpha)) @ tables.purchases_by_age
        offset = np.log(a / np.where(coins > 0, b + (coins - 1), 1.0))
        for first in range(0, can_leave.size, _BLOCK):
            rows = slice(first, first + _BLOCK)
            gap = log_age[:, age[rows]] - log_recency[:, recency[rows]]
            odds = offset[:, count[rows]] + (r + x[rows]) * gap
            value += softplus(odds) @ weight[rows]
        result[begin : begin + together] = value
    return result


def _gone_sum(chances: int, theta: Theta, tables: CellTables, order: int) -> tuple[float, FloatArray, FloatArray]:
    """Weighted sum of log(1 + exp(k)) over the rows that can have left, with derivatives in log parameters."""
    r, alpha, a, b = (float(value) for value in theta)
    counts, ages, recencies = tables.counts, tables.ages, tables.recencies
    coins = counts.values + chances
    possible = coins > 0
    survived = np.where(possible, b + (coins - 1), 1.0)
    offset = np.where(possible, np.log(a / survived), -np.inf)
    share = np.where(possible, b / survived, 0.0)
    log_age, log_recency = np.log1p(ages.values / alpha), np.log1p(recencies.values / alpha)
    inverse_age, inverse_recency = alpha / (alpha + ages.values), alpha / (alpha + recencies.values)
    value, gradient, hessian = 0.0, np.zeros(4), np.zeros((4, 4))
    for begin in range(0, tables.size, _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        count, age, recency = counts.index[rows], ages.index[rows], recencies.index[rows]
        weight, shape = tables.weight[rows], tables.x[rows] + r
        gap = log_age[age] - log_recency[recency]
        # The bound keeps exp(-odds) finite. There is no choice of formula by row: one would cost more than the rest.
        odds = np.maximum(offset[count] + shape * gap, -700.0)
        against = np.exp(-odds)
        with np.errstate(divide="ignore", over="ignore"):
            value += float(weight @ (np.maximum(odds, 0.0) + np.log1p(np.minimum(against, 1.0 / against))))
        if order == 0:
            continue
        total = 1.0 + against
        # First derivatives of k in log parameters, one row each.
        slopes = np.empty((4, gap.size))
        young, old = inverse_recency[recency], inverse_age[age]
        bend = old - young
        np.multiply(r, gap, out=slopes[0])
        np.multiply(shape, bend, out=slopes[1])
        slopes[2] = 1.0
        np.negative(share[count], out=slopes[3])
        pull = weight / total
        gradient += slopes @ pull
        if order == 1:
            continue
        hessian += (slopes * (pull * (against / total))) @ slopes.T
        # And its second derivatives that are not zero.
        hessian[0, 0] += pull @ slopes[0]
        hessian[0, 1] += r * (pull @ bend)
        hessian[1, 1] += pull @ (slopes[1] * (1.0 - old - young))
        hessian[3, 3] += pull @ (slopes[3] * (1.0 + slopes[3]))
    hessian[1, 0] = hessian[0, 1]
    return value, gradient, 0.5 * (hessian + hessian.T)


def log_ratio(alpha: float, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """log((alpha + T) / (alpha + t_x)) of each row."""
    return np.asarray(np.log((alpha + T) / (alpha + t_x)))


def log_odds_gone(chances: int, theta: Theta, counts: Distinct, gap: FloatArray) -> FloatArray:
    """The k of the module's docstring, given log((alpha + T) / (alpha + t_x)): log odds of having left."""
    r, _, a, b = (float(value) for value in theta)
    coins = counts.values + chances
    possible = coins > 0
    offset = np.where(possible, np.log(a / np.where(possible, b + (coins - 1), 1.0)), -np.inf)
    return counts.rows(offset) + counts.rows(r + counts.values) * gap


def softplus(value: FloatArray) -> FloatArray:
    """log(1 + exp(value)) without overflow."""
    return np.asarray(np.maximum(value, 0.0) + np.log1p(np.exp(-np.abs(value))))


def logistic(value: FloatArray) -> FloatArray:
    """1 / (1 + exp(-value)), with full relative precision on both sides."""
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-value)))
