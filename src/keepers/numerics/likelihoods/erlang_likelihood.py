"""The likelihood of a history with an Erlang-k clock and a chance to leave at each purchase, with exact derivatives.

Every k-th stage of a Poisson process is a purchase (Platzer and Reutterer 2016). With rates Gamma(r, alpha) of stages,
s = r + k x, c chances to leave before the first repeat purchase (0 for BG/CNBD-k, 1 for MBG/CNBD-k) and j stages done
since t_x, which nobody sees, the likelihood of (x, t_x, T) is

    Gamma(s) / Gamma(r) alpha^r C [ B(a, b + x + c) / B(a, b) (alpha + T)^-s  sum over j < k of (s)_j / j! z^j
                                    + B(a + 1, b + x + c - 1) / B(a, b) (alpha + t_x)^-s ],

z = (T - t_x) / (alpha + T): alive in one of k phases, or gone at t_x. It is a density of the purchase times, whose
timing constant C is the product over the gaps d of d^(k - 1) / (k - 1)!. Where the gaps are not known C is averaged
over all ways to divide t_x by x purchases, t_x^((k - 1) x) (x - 1)! / (k x - 1)!, so that the likelihood is that of
(x, t_x, T) alone. Both are 1 for k = 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation, in_logarithms
from keepers.numerics.likelihoods.beta_geometric_likelihood import logistic, softplus
from keepers.numerics.likelihoods.family import FloatArray, Theta
from keepers.numerics.special import log_rising
from keepers.numerics.sums import UNTHREADED

_BLOCK = UNTHREADED
"""Rows worked on at a time: they stay in the processor's cache, and no product of theirs starts threads."""


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """How many stages the living have done since their last purchase; arrays of shape (n, k) and (n,).

    Parameters
    ----------
    chance : array, shape (n, k)
        Probability of j stages given alive.
    log_sum : array, shape (n,)
        log of the sum over j < k of (s)_j / j! z^j.
    slope : array, shape (n, k)
        Derivative of log (s)_j in s: the sum over i < j of 1 / (s + i).
    """

    chance: FloatArray
    log_sum: FloatArray
    slope: FloatArray


def phases(k: int, s: FloatArray, z: FloatArray) -> Phases:
    """The phases of customers with s = r + k x whose z of the module's docstring is given, shape (n,) each."""
    terms, slope = np.ones((s.size, k)), np.zeros((s.size, k))
    for j in range(1, k):
        terms[:, j] = terms[:, j - 1] * (s + (j - 1)) * z / j
        slope[:, j] = slope[:, j - 1] + 1 / (s + (j - 1))
    total = terms.sum(axis=1)
    terms /= total[:, None]
    return Phases(terms, np.log(total), slope)


def idle_log_share(k: int, s: FloatArray, since: FloatArray, scale: FloatArray, t: FloatArray | float) -> FloatArray:
    """log of the probability that the living make no purchase within t, s = r + k x.

    Parameters
    ----------
    s, since, scale : arrays, shape (n,)
        r + k x, time since the last purchase T - t_x, and alpha + T.
    t : float or array, shape (n,)
        A time after T.
    """
    later = phases(k, s, (since + t) / (scale + t)).log_sum
    return np.asarray(later - phases(k, s, since / scale).log_sum - s * np.log1p(t / scale))


def timing_constant(
    k: int, x: FloatArray, t_x: FloatArray, weight: FloatArray, log_gaps: FloatArray | None
) -> FloatArray:
    """log C of the module's docstring times the customers of each row, shape (n,)."""
    if k == 1:
        return np.zeros(x.shape)
    if log_gaps is not None:
        return np.asarray((k - 1) * log_gaps - weight * x * math.lgamma(k))
    # (k x - 1)! / (x - 1)! by running sums of logarithms: two large log-gammas would cancel.
    bought = np.maximum(x, 1.0)
    all_stages = log_rising(1.0, k * bought - 1.0, 0).value - log_rising(1.0, bought - 1.0, 0).value
    each = (k - 1) * x * np.log(np.where(x > 0, t_x, 1.0)) - np.where(x > 0, all_stages, 0.0)
    return np.asarray(weight * each)


def log_odds_gone(chances: int, k: int, theta: Theta, x: FloatArray, gap: FloatArray) -> FloatArray:
    """log of the term of the gone over that of the living without its sum over phases.

    Parameters
    ----------
    x, gap : arrays, shape (n,)
        Repeat purchases and log((alpha + T) / (alpha + t_x)).
    """
    r, _, a, b = (float(value) for value in theta)
    coins = x + chances
    possible = coins > 0
    with np.errstate(divide="ignore"):
        offset = np.where(possible, np.log(a / np.where(possible, b + (coins - 1), 1.0)), -np.inf)
    return np.asarray(offset + (r + k * x) * gap)


def log_likelihood(
    chances: int, k: int, theta: Theta, x: FloatArray, t_x: FloatArray, T: FloatArray, log_gaps: FloatArray | None
) -> FloatArray:
    """Log-likelihood of each row, a customer each."""
    r, alpha, a, b = (float(value) for value in theta)
    s = r + k * x
    alive = phases(k, s, (T - t_x) / (alpha + T)).log_sum
    odds = log_odds_gone(chances, k, theta, x, np.log((alpha + T) / (alpha + t_x)))
    stayed = log_rising(b, x + chances, 0).value - log_rising(a + b, x + chances, 0).value
    stages = log_rising(r, k * x, 0).value - r * np.log1p(T / alpha) - k * x * np.log(alpha + T)
    return stages + stayed + alive + softplus(odds - alive) + timing_constant(k, x, t_x, np.ones(x.shape), log_gaps)


def log_likelihood_sum(chances: int, k: int, theta: Theta, tables: CellTables, order: int = 2) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives in log parameters.

    Parameters
    ----------
    theta : (r, alpha, a, b)
        Positive parameters.
    tables : CellTables
        Histories with weights, and with `log_gaps` where they are known.
    order : int
        0 for the value alone, 1 with gradient, 2 with Hessian.
    """
    r, alpha, a, b = (float(value) for value in theta)
    whole = _stages_and_coins(chances, k, r, alpha, a, b, tables, order)
    value, gradient, hessian = whole.value, whole.gradient.copy(), whole.hessian.copy()
    value += float(timing_constant(k, tables.x, tables.t_x, tables.weight, tables.log_gaps).sum())
    for begin in range(0, tables.size, _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        x, t_x, T, weight = tables.x[rows], tables.t_x[rows], tables.T[rows], tables.weight[rows]
        s, old, young = r + k * x, alpha / (alpha + T), alpha / (alpha + t_x)
        gap = np.log((alpha + T) / (alpha + t_x))
        found = phases(k, s, (T - t_x) / (alpha + T))
        odds = log_odds_gone(chances, k, theta, x, gap) - found.log_sum
        value += float(weight @ (found.log_sum + softplus(odds)))
        if order == 0:
            continue
        gone = logistic(odds)
        lost, kept = weight * gone, weight * (1 - gone)
        j = np.arange(k, dtype=np.float64)
        mean_j, mean_d = found.chance @ j, np.sum(found.chance * found.slope, axis=1)
        # First derivatives of the two terms' logarithms in log r, log alpha, log a, log b, one row each.
        alive_1 = np.zeros((4, x.size))
        alive_1[0], alive_1[1] = r * mean_d, -old * mean_j
        gone_1 = np.zeros((4, x.size))
        bend = old - young
        coins = x + chances
        gone_1[0], gone_1[1] = r * gap, s * bend
        gone_1[2], gone_1[3] = 1.0, np.where(coins > 0, -b / np.where(coins > 0, b + (coins - 1), 1.0), 0.0)
        gradient += alive_1 @ kept + gone_1 @ lost
        if order == 1:
            continue
        apart = gone_1 - alive_1
        hessian += (apart * (lost * (1 - gone))) @ apart.T
        square = np.zeros((x.size, k))
        for i in range(1, k):
            square[:, i] = square[:, i - 1] + 1 / (s + (i - 1)) ** 2
        spread_j = found.chance @ j**2 - mean_j**2
        spread_d = np.sum(found.chance * (found.slope - mean_d[:, None]) ** 2, axis=1)
        both = np.sum(found.chance * (found.slope - mean_d[:, None]) * j, axis=1)
        hessian[0, 0] += kept @ (alive_1[0] + r**2 * (spread_d - np.sum(found.chance * square, axis=1)))
        hessian[1, 1] += kept @ (old**2 * spread_j - mean_j * old * (1 - old))
        cross = kept @ (-r * old * both) + r * float(lost @ bend)
        hessian[0, 1] += cross
        hessian[1, 0] += cross
        hessian[0, 0] += lost @ gone_1[0]
        hessian[1, 1] += lost @ (gone_1[1] * (1 - old - young))
        hessian[3, 3] += lost @ (gone_1[3] * (1 + gone_1[3]))
    return Evaluation(value, gradient, 0.5 * (hessian + hessian.T))


def _stages_and_coins(
    chances: int, k: int, r: float, alpha: float, a: float, b: float, tables: CellTables, order: int
) -> Evaluation:
    """The factors that depend on x alone or on x and T: stages as an NBD of their own, and coins that were survived."""
    counts, ages = tables.counts.values, tables.ages.values
    by_count, by_age = tables.customers_by_count, tables.customers_by_age
    stages_by_age = k * tables.purchases_by_age
    customers = float(by_count.sum())
    rising = log_rising(r, k * counts, order)
    kept, tossed = log_rising(b, counts + chances, order), log_rising(a + b, counts + chances, order)
    survived, scale = -np.log1p(ages / alpha), alpha + ages
    value = float(
        by_count @ (rising.value + kept.value - tossed.value) + r * (by_age @ survived) - stages_by_age @ np.log(scale)
    )
    if order == 0:
        return Evaluation.of_value(value, 4)
    events = r * by_age + stages_by_age
    first = np.array(
        [
            by_count @ rising.first + by_age @ survived,
            customers * r / alpha - events @ (1 / scale),
            -(by_count @ tossed.first),
            by_count @ (kept.first - tossed.first),
        ]
    )
    second = np.zeros((4, 4))
    second[0, 0] = by_count @ rising.second
    second[0, 1] = second[1, 0] = customers / alpha - by_age @ (1 / scale)
    second[1, 1] = -customers * r / alpha**2 + events @ (1 / scale**2)
    second[2:, 2:] = -float(by_count @ tossed.second)
    second[3, 3] += by_count @ kept.second
    return in_logarithms(np.array([r, alpha, a, b]), value, first, second)
