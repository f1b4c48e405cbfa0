"""Gamma-Gamma spend whose orders are dearer in some weeks than in others, from single orders.

An order of a week with covariates z is worth exp(delta' z) times what it would be worth otherwise. Divided by that, a
customer's orders are Gamma-Gamma: with S(delta) the sum of the divided orders, their mean S / x has the density of
Gamma-Gamma, and their shares of S are Dirichlet. With A the amounts of a customer by week,

    S = sum A exp(-delta' z),    -d log S / d delta = zbar,    d^2 log S / d delta^2 = Cov(z),

mean and covariance over the customer's weeks with weights A exp(-delta' z) / S. Together with x, the sum L of the
logarithms of the orders and the sum Z of z over them, which do not depend on delta, this is all that is needed. The
log-likelihood of a customer is that of the mean, by Gamma-Gamma, plus

    log Gamma(w x) - x log Gamma(w) + (w - 1) L - w delta' Z - (w x - 1) log S

of the shares. How much a customer's orders scatter among themselves, w, is estimated apart from p, which says the same
of means: orders that are no gammas then leave p, q and gamma as they are without covariates, and where z does not vary
within customers the shares say nothing of delta, so that it is Gamma-Gamma with a column of customers, exactly. w is
maximised over for each delta, and derivatives are those of the profile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import betaln, gammaln, polygamma, psi

from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.distinct import distinct
from keepers.numerics.evaluation import Evaluation

_STEEPEST = np.log(1e4)
"""Of log w: orders of a customer that are all alike have no other end."""

_STEPS = 60


@dataclass(frozen=True, eq=False)
class TimedOrders:
    """Orders of customers by week.

    Parameters
    ----------
    amount : array, shape (r,)
        Sum of the orders of a customer in a week, above zero; customers one after the other.
    z : array, shape (r, k)
        Covariates of the week.
    starts : array of int, shape (n,)
        Where each customer's weeks begin.
    x, logs, seen : arrays, shape (n,), (n,), (n, k)
        Orders, sum of their logarithms, sum of their covariates.
    weight : array, shape (n,)
        Customers that each stands for.
    """

    amount: FloatArray
    z: FloatArray
    starts: IntArray
    x: FloatArray
    logs: FloatArray
    seen: FloatArray
    weight: FloatArray

    @cached_property
    def customer(self) -> IntArray:
        """The customer of each week."""
        return np.repeat(np.arange(self.starts.size), np.diff(np.append(self.starts, self.amount.size)))

    @cached_property
    def of_shares_without_effects(self) -> float:
        """The log-likelihood of the shares where nothing varies in time."""
        nothing = np.zeros(self.z.shape[1])
        plain = np.log(self.sums(nothing)[1])
        return _of_shares(self, nothing, plain, _within(self, nothing, plain))

    def in_money(self, unit: float) -> TimedOrders:
        """The same with money counted in a unit of so much."""
        return replace(self, amount=self.amount / unit, logs=self.logs - self.x * np.log(unit))

    def weighed(self, weight: FloatArray) -> TimedOrders:
        """The same customers with other weights."""
        return replace(self, weight=weight)

    def sums(self, delta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What each week's orders come to without the effects, shape (r,), and their sum S by customer, (n,)."""
        divided = self.amount * np.exp(-self.z @ delta)
        return divided, np.add.reduceat(divided, self.starts)


def log_likelihood_sum(
    theta: FloatArray,
    orders: TimedOrders,
    design: FloatArray,
    offset: FloatArray,
    order: int = 2,
) -> Evaluation:
    """Weighted sum of the log-likelihood with exact derivatives, less that of the shares without effects.

    Parameters
    ----------
    theta : (p, q, gamma), followed by coefficients of customers and of time
        Derivatives are those in the logarithms of the first three, and in coefficients themselves.
    orders : TimedOrders
    design, offset : arrays, shape (n, c), (n,)
        How coefficients of customers move log gamma, and by how much it is moved anyway.
    order : int
        0 for the value alone; otherwise gradient and Hessian come with it.
    """
    p, q, gamma = (float(value) for value in theta[:3])
    of_columns = design.shape[1]
    delta = np.asarray(theta[3 + of_columns :], dtype=np.float64)
    x, weight = orders.x, orders.weight
    divided, total = orders.sums(delta)
    level = np.log(gamma) + offset + design @ theta[3 : 3 + of_columns] - np.log(total)
    log_share, log_rest = -np.logaddexp(0.0, level), -np.logaddexp(0.0, -level)
    counts = distinct(x)
    own, whole = p * counts.values, p * counts.values + q
    constant = counts.rows(np.asarray(betaln(own, q), dtype=np.float64))
    of_mean = p * x * log_share + q * log_rest - constant - np.log(total / x)
    within = _within(orders, delta, np.log(total))
    value = float(weight @ of_mean) + _of_shares(orders, delta, np.log(total), within)
    value -= orders.of_shares_without_effects
    if order == 0:
        return Evaluation.of_value(value, theta.size)
    rest = np.exp(log_rest)
    bend = -(p * x + q) * rest * (1.0 - rest)
    d_own, d_whole = counts.rows(psi(own)), counts.rows(psi(whole))
    by_p = p * x * (log_share + d_whole - d_own)
    by_q = q * (log_rest + d_whole - psi(q))
    by_level = q - (p * x + q) * rest
    share = divided / total[orders.customer]
    middle = np.add.reduceat(share[:, None] * orders.z, orders.starts, axis=0)
    # The level of a customer moves by one with log gamma, by the design, and by zbar with delta.
    moved = np.hstack([np.ones((x.size, 1)), design, middle])
    own_weight, of_time = weight[:, None], slice(3 + of_columns, None)
    gradient = np.concatenate([[weight @ by_p, weight @ by_q], (weight * by_level) @ moved])
    # What is left of the shares: w (x zbar - Z).
    apart = (own_weight * (x[:, None] * middle - orders.seen)).sum(axis=0)
    gradient[of_time] += within * apart
    t_own, t_whole, t_q = counts.rows(polygamma(1, own)), counts.rows(polygamma(1, whole)), float(polygamma(1, q))
    hessian = np.zeros((theta.size, theta.size))
    hessian[0, 0] = weight @ (by_p + p * p * x**2 * (t_whole - t_own))
    hessian[0, 1] = weight @ (p * q * x * t_whole)
    hessian[1, 1] = weight @ (by_q + q * q * (t_whole - t_q))
    hessian[0, 2:] = (weight * (-p * x * rest)) @ moved
    hessian[1, 2:] = (weight * (q * (1.0 - rest))) @ moved
    hessian[2:, 2:] = (moved * (weight * bend)[:, None]).T @ moved
    # zbar falls by Cov(z) as delta rises.
    falls = weight * (by_level + within * x)
    spread = (orders.z * (falls[orders.customer] * share)[:, None]).T @ orders.z
    spread -= (middle * falls[:, None]).T @ middle
    hessian[of_time, of_time] -= spread
    curve = _scatter(orders, within)
    if curve < 0:
        hessian[of_time, of_time] -= np.outer(apart, apart) / curve
    hessian = np.triu(hessian) + np.triu(hessian, 1).T
    return Evaluation(value, gradient, hessian)


def scatter_within(orders: TimedOrders, delta: FloatArray) -> float:
    """w: the shape of a customer's orders among themselves, given the effects of time."""
    return _within(orders, delta, np.log(orders.sums(delta)[1]))


def _within(orders: TimedOrders, delta: FloatArray, log_total: FloatArray) -> float:
    """The maximum over w, by Newton steps in its logarithm that are kept within bounds."""
    several = orders.x > 1
    if not several.any():
        return 1.0
    x, weight = orders.x[several], orders.weight[several]
    of_shares = float(weight @ (orders.logs - orders.seen @ delta - orders.x * log_total)[several])
    counts = distinct(x)
    customers = counts.sums(weight)
    low, high, at = -_STEEPEST, _STEEPEST, np.log(4.0)
    for _ in range(_STEPS):
        w = float(np.exp(at))
        slope = float(customers @ (counts.values * (psi(w * counts.values) - psi(w)))) + of_shares
        curve = float(
            customers @ (counts.values**2 * polygamma(1, w * counts.values) - counts.values * polygamma(1, w))
        )
        low, high = (at, high) if slope > 0 else (low, at)
        bent = w * slope + w * w * curve
        step = at - w * slope / bent if bent < 0 else 0.5 * (low + high)
        step = step if low < step < high else 0.5 * (low + high)
        if abs(step - at) < 1e-13:
            break
        at = step
    return float(np.exp(at))


def _of_shares(orders: TimedOrders, delta: FloatArray, log_total: FloatArray, w: float) -> float:
    x = orders.x
    rows = gammaln(w * x) - x * gammaln(w) + (w - 1.0) * orders.logs - w * (orders.seen @ delta)
    return float(orders.weight @ (rows - (w * x - 1.0) * log_total))


def _scatter(orders: TimedOrders, w: float) -> float:
    """Second derivative of the shares in w."""
    x = orders.x
    return float(orders.weight @ (x**2 * polygamma(1, w * x) - x * polygamma(1, w)))
